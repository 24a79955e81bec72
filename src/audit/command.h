/* SPDX-License-Identifier: Apache-2.0 */
/**
 * command: the bytes a bidder signs.
 *
 * A command is signed as lines `key SP value LF`, always in this order: the
 * head "auction-command/v1", log, cmd, auction, terms, signer, request, the
 * command's own fields, until, seen. The lines are never stored: they are made
 * again from a record's members, whose names are the keys.
 *
 * Owner   the caller; texts are borrowed.
 * Thread  any, on distinct objects.
 * Source  docs/audit.md "signed commands".
 */
#ifndef AUDIT_COMMAND_H
#define AUDIT_COMMAND_H

#include "audit/record.h"
#include "base/buf.h"
#include "base/err.h"

/*
 * X(CMD, "cmd", own fields in their order): F(member) is always there,
 * O(member) is left out when it is empty (0, no text). An own field is the
 * record member of that name; numbers are decimal, hashes hex. Texts are
 * written with every byte outside 0x20..0x7e, and the percent sign, as %XX in
 * upper case.
 */
#define COMMAND_LIST(X, F, O)                                                  \
    X(CREATE, "create", F(draft_blob) F(reserve) F(publish))                   \
    X(EDIT, "edit", F(draft_blob) F(reserve))                                  \
    X(PUBLISH, "publish", )                                                    \
    X(BID, "bid", O(max) O(quantity) O(price) O(bid))                          \
    X(BUY, "buy", F(price))                                                    \
    X(TAKE, "take", F(quantity) F(limit) F(all_or_none))                       \
    X(COMMIT, "commit", F(c) F(cap) O(bid))                                    \
    X(REVEAL, "reveal", O(bid) O(quantity) F(amount) F(nonce))                 \
    X(WITHDRAW, "withdraw", O(bid))                                            \
    X(RETRACT, "retract", F(why))                                              \
    X(CANCEL, "cancel", O(why))                                                \
    X(VOID, "void", F(uid) F(why))                                             \
    X(PAY, "pay", F(uid) O(number))                                            \
    X(CORRECT, "correct", F(number) F(why))                                    \
    X(CREDIT, "credit", F(uid) O(limit))                                       \
    X(SUSPEND, "suspend", F(uid) F(why))                                       \
    X(RESTORE, "restore", F(uid))

#define COMMAND_NO_FIELD(member)
#define COMMAND_ENUM(cmd, text, fields) COMMAND_##cmd,
enum command_kind {
    COMMAND_LIST(COMMAND_ENUM, COMMAND_NO_FIELD, COMMAND_NO_FIELD) COMMAND_COUNT
};
#undef COMMAND_ENUM
#undef COMMAND_NO_FIELD

/** Largest text to be signed. */
enum { COMMAND_BYTES_MAX = 8192, COMMAND_WHY_BYTES_MAX = 1000 };

/** Everything that is signed. The own fields of other commands are ignored. */
struct signed_command {
    enum command_kind cmd;
    const char *log;    /* the log's origin, terminated */
    int64_t auction;    /* 0: a command outside an auction */
    bool has_terms;     /* not before the auction is published */
    struct hash terms;  /* SHA-256 of the published rule text */
    struct hash signer; /* SHA-256 of the certificate's DER */
    struct bytes16 request;
    int64_t until; /* ms */
    struct record_seen seen;

    /* own fields, by the names of the members */
    struct hash draft_blob;
    int64_t reserve;
    bool publish;
    int64_t max;
    int64_t quantity;
    int64_t price;
    int64_t bid; /* the live bid that this one is about */
    int64_t limit;
    bool all_or_none;
    struct hash c;
    int64_t cap;
    int64_t amount;
    struct hash nonce;
    int64_t number; /* of an invoice */
    int64_t uid;
    struct text_ref why;
};

/** "bid"; the route, the verb and the record types have the same name. */
const char *command_text(enum command_kind cmd);

MUST_CHECK bool
command_parse(enum command_kind *out, const char *text, size_t length);

/** How an own field is held. */
enum command_field_kind {
    COMMAND_FIELD_INT,  /* int64_t */
    COMMAND_FIELD_FLAG, /* bool */
    COMMAND_FIELD_TEXT, /* struct text_ref */
    COMMAND_FIELD_HASH, /* struct hash */
};

/** One own field of a command, for programs that fill in any command. */
struct command_own {
    const char *name; /* of the member: "max" */
    enum command_field_kind kind;
    void *value; /* inside the command */
};

/** Own field number `index`, from 0, in signed order; false: no more. */
MUST_CHECK bool command_own_field(struct command_own *out,
                                  struct signed_command *command, size_t index);

/**
 * Whether a record's own fields are the command's. A field that may be left
 * out agrees when it is empty here and missing there; a refusal may lack
 * what could not be read; `uid` 0 is not known and agrees with any.
 */
bool command_agrees(const struct signed_command *command,
                    const struct record *record);

/** Record type of a command's answer. */
enum record_type command_accepted_type(enum command_kind cmd);
enum record_type command_refused_type(enum command_kind cmd);

/** The command a record type answers; false for other types. */
MUST_CHECK bool command_of_type(enum record_type type,
                                enum command_kind *cmd_out, bool *accepted_out);

/**
 * Append the bytes to be signed.
 *
 * Returns  ERR_OK; ERR_SYNTAX for a field no signed command can have (number
 *          out of range, a reason missing, too long or not UTF-8, an origin
 *          that is none); ERR_NOMEM
 */
MUST_CHECK enum err
command_encode(const struct signed_command *command, struct buf *out);

/**
 * Make the signed command of a record again.
 *
 * record  a decoded <cmd>.accepted or .refused with `sig`
 * log     origin of the log it is in, borrowed
 *
 * Returns  ERR_OK; ERR_SYNTAX when the record is not a signed command or one
 *          of the command's own fields is missing
 */
MUST_CHECK enum err
command_from_record(struct signed_command *command_out,
                    const struct record *record, const char *log);

#endif
