/* SPDX-License-Identifier: Apache-2.0 */
/**
 * record_table: every member and every type a record may have, once.
 *
 * The lists below are the only place where names, kinds and the members of a
 * type are written; the struct, the enums, the encoder, the decoder and the
 * command texts are made from them. To add a type: add its line; to add a
 * member: add its line in byte order (a unit test checks the order).
 *
 * Source: docs/audit.md "records".
 */
#ifndef AUDIT_RECORD_TABLE_H
#define AUDIT_RECORD_TABLE_H

/*
 * X(name, kind). Kinds and their C types:
 *   INT      int64_t, absolute value at most 2^53 - 1
 *   FLAG     bool, written 0 or 1
 *   TEXT     struct text_ref, UTF-8
 *   HASH     struct hash, 64 hex digits
 *   BYTES16  struct bytes16, 32 hex digits
 *   TYPE     enum record_type
 *   VIS      enum record_vis
 *   ACTOR, SIG, PREV, AWARDS  the nested structs of record.h
 *
 * In records `reason` is an error code (ERR_TOO_LOW); the reason a person
 * gives for a retraction, cancellation or voiding is `why`. `version` is the
 * program's, `revision` counts the changes of an auction.
 */
#define MEMBER_LIST(X)                                                         \
    X(actor, ACTOR)                                                            \
    X(addr, TEXT)                                                              \
    X(all_or_none, FLAG)                                                       \
    X(amount, INT)                                                             \
    X(aseq, INT)                                                               \
    X(auction, INT)                                                            \
    X(awards, AWARDS)                                                          \
    X(bid, INT)                                                                \
    X(bid_count, INT)                                                          \
    X(boot, TEXT)                                                              \
    X(build, TEXT)                                                             \
    X(by, TEXT)                                                                \
    X(c, HASH)                                                                 \
    X(ca_blob, HASH)                                                           \
    X(cap, INT)                                                                \
    X(cause, TEXT)                                                             \
    X(cert_blob, HASH)                                                         \
    X(cipher, TEXT)                                                            \
    X(close, INT)                                                              \
    X(cmd, TEXT)                                                               \
    X(config_blob, HASH)                                                       \
    X(conn, INT)                                                               \
    X(corrects, INT)                                                           \
    X(count, INT)                                                              \
    X(crl_blob, HASH)                                                          \
    X(delta, INT)                                                              \
    X(draft_blob, HASH)                                                        \
    X(due, INT)                                                                \
    X(entries, INT)                                                            \
    X(filled, INT)                                                             \
    X(filter, TEXT)                                                            \
    X(first, INT)                                                              \
    X(fp, HASH)                                                                \
    X(from, INT)                                                               \
    X(goods, INT)                                                              \
    X(key, TEXT)                                                               \
    X(key_alg, TEXT)                                                           \
    X(last, INT)                                                               \
    X(leader, INT)                                                             \
    X(leaf, HASH)                                                              \
    X(limit, INT)                                                              \
    X(max, INT)                                                                \
    X(min_next, INT)                                                           \
    X(name, TEXT)                                                              \
    X(new, INT)                                                                \
    X(new_text, TEXT)                                                          \
    X(next, TEXT)                                                              \
    X(next_update, INT)                                                        \
    X(nonce, HASH)                                                             \
    X(not_after, INT)                                                          \
    X(number, INT)                                                             \
    X(old, INT)                                                                \
    X(old_text, TEXT)                                                          \
    X(origin, TEXT)                                                            \
    X(outcome, TEXT)                                                           \
    X(peer, TEXT)                                                              \
    X(premium, INT)                                                            \
    X(prev, PREV)                                                              \
    X(price, INT)                                                              \
    X(publish, FLAG)                                                           \
    X(quantity, INT)                                                           \
    X(reason, TEXT)                                                            \
    X(recovered, FLAG)                                                         \
    X(request, BYTES16)                                                        \
    X(requests, INT)                                                           \
    X(reserve, INT)                                                            \
    X(reserve_met, FLAG)                                                       \
    X(reserve_nonce, HASH)                                                     \
    X(revision, INT)                                                           \
    X(role, TEXT)                                                              \
    X(roles, TEXT)                                                             \
    X(root, HASH)                                                              \
    X(rules, TEXT)                                                             \
    X(rules_blob, HASH)                                                        \
    X(salt, BYTES16)                                                           \
    X(seq, INT)                                                                \
    X(serial, TEXT)                                                            \
    X(sha256, HASH)                                                            \
    X(sig, SIG)                                                                \
    X(size, INT)                                                               \
    X(state, TEXT)                                                             \
    X(stock, INT)                                                              \
    X(subject, TEXT)                                                           \
    X(t, INT)                                                                  \
    X(target, INT)                                                             \
    X(tax, INT)                                                                \
    X(term, INT)                                                               \
    X(this_update, INT)                                                        \
    X(tls, TEXT)                                                               \
    X(to, INT)                                                                 \
    X(total, INT)                                                              \
    X(tx, INT)                                                                 \
    X(type, TYPE)                                                              \
    X(uid, INT)                                                                \
    X(useq, INT)                                                               \
    X(v, INT)                                                                  \
    X(version, TEXT)                                                           \
    X(vis, VIS)                                                                \
    X(vkey, TEXT)                                                              \
    X(what, TEXT)                                                              \
    X(why, TEXT)

/* Required in every record: v seq t tx type salt. */
#define RECORD_REQUIRED(M) M(v) M(seq) M(t) M(tx) M(type) M(salt)

/* Allowed in every record, when they apply. */
#define RECORD_COMMON(M)                                                       \
    M(actor) M(conn) M(auction) M(aseq) M(useq) M(due) M(vis)

/* A command, accepted or refused; unsigned ones have no sig. */
#define RECORD_COMMAND(M) M(actor) M(request)

/* An accepted command of an auction. */
#define RECORD_LOT(M) M(actor) M(request) M(auction) M(aseq)

/* What an accepted command may leave behind: the standing after it. */
#define RECORD_STANDING(M)                                                     \
    M(leader)                                                                  \
    M(price) M(min_next) M(close) M(revision) M(bid_count) M(reserve_met)

/* A refusal: `reason` is required, these may explain it. */
#define RECORD_REFUSAL(M) M(sig) M(cause) M(min_next)

/*
 * X(TYPE, "type", required members, optional members), beyond the common
 * ones; M names one. A refused command keeps of its own fields what could be
 * read, so they are optional there.
 */
#define TYPE_LIST(X, M)                                                        \
    X(LOG_INIT, "log.init",                                                    \
      M(origin) M(vkey) M(cert_blob) M(ca_blob) M(rules), M(prev))             \
    X(LOG_KEY, "log.key", M(vkey) M(cert_blob), )                              \
    X(LOG_HEARTBEAT, "log.heartbeat", , )                                      \
    X(LOG_ARCHIVED, "log.archived", M(from) M(to) M(sha256), )                 \
    X(LOG_ERASED, "log.erased", M(target) M(leaf) M(reason), )                 \
    X(LOG_LOST, "log.lost", M(what) M(count), )                                \
    X(LOG_READ, "log.read", M(by) M(filter) M(count), )                        \
    X(LOG_SEALED, "log.sealed", M(next), )                                     \
    X(SERVER_START, "server.start",                                            \
      M(version) M(build) M(config_blob) M(boot) M(recovered), )               \
    X(SERVER_STOP, "server.stop", M(cause), )                                  \
    X(SERVER_READONLY, "server.readonly", M(cause), )                          \
    X(SERVER_WRITABLE, "server.writable", , M(cause))                          \
    X(CLOCK_STEP, "clock.step", M(delta), )                                    \
    X(CONFIG_CHANGED, "config.changed", M(key), M(old_text) M(new_text))       \
    X(CERT_SEEN, "cert.seen", M(fp) M(cert_blob),                              \
      M(subject) M(serial) M(key_alg) M(not_after) M(uid))                     \
    X(CERT_REVOKED, "cert.revoked", M(serial), M(reason))                      \
    X(CRL_LOADED, "crl.loaded", M(crl_blob),                                   \
      M(number) M(this_update) M(next_update) M(entries))                      \
    X(CRL_FAILED, "crl.failed", M(cause), )                                    \
    X(CONN_OPEN, "conn.open", M(conn) M(addr), M(tls) M(cipher) M(fp))         \
    X(CONN_CLOSE, "conn.close", M(conn) M(cause), M(requests))                 \
    X(CONN_REFUSED, "conn.refused", M(addr) M(cause) M(count),                 \
      M(fp) M(first) M(last))                                                  \
    X(USER_ENROLLED, "user.enrolled", M(uid) M(name) M(roles), )               \
    X(USER_CERT, "user.cert", M(uid) M(fp), )                                  \
    X(USER_CHANGED, "user.changed", M(uid), M(name) M(roles) M(cause))         \
    X(USER_SUSPENDED, "user.suspended", M(uid), M(cause))                      \
    X(USER_REMOVED, "user.removed", M(uid), M(cause))                          \
    X(CREDIT_CHANGED, "credit.changed", M(uid), M(old) M(new) M(cause))        \
    X(CREDIT_ACCEPTED, "credit.accepted", RECORD_COMMAND(M) M(uid),            \
      M(sig) M(limit))                                                         \
    X(CREDIT_REFUSED, "credit.refused", RECORD_COMMAND(M) M(reason),           \
      RECORD_REFUSAL(M) M(uid) M(limit))                                       \
    X(SUSPEND_ACCEPTED, "suspend.accepted", RECORD_COMMAND(M) M(uid) M(why),   \
      M(sig))                                                                  \
    X(SUSPEND_REFUSED, "suspend.refused", RECORD_COMMAND(M) M(reason),         \
      RECORD_REFUSAL(M) M(uid) M(why))                                         \
    X(RESTORE_ACCEPTED, "restore.accepted", RECORD_COMMAND(M) M(uid), M(sig))  \
    X(RESTORE_REFUSED, "restore.refused", RECORD_COMMAND(M) M(reason),         \
      RECORD_REFUSAL(M) M(uid))                                                \
    X(ACCESS_DENIED, "access.denied", M(cmd) M(cause), )                       \
    X(CREATE_ACCEPTED, "create.accepted",                                      \
      RECORD_LOT(M) M(draft_blob) M(reserve) M(publish),                       \
      M(sig) M(reserve_nonce) M(rules_blob) M(revision))                       \
    X(CREATE_REFUSED, "create.refused", RECORD_COMMAND(M) M(reason),           \
      RECORD_REFUSAL(M) M(draft_blob) M(reserve) M(publish))                   \
    X(EDIT_ACCEPTED, "edit.accepted", RECORD_LOT(M) M(draft_blob) M(reserve),  \
      M(sig) M(reserve_nonce) M(revision))                                     \
    X(EDIT_REFUSED, "edit.refused", RECORD_COMMAND(M) M(reason),               \
      RECORD_REFUSAL(M) M(draft_blob) M(reserve))                              \
    X(PUBLISH_ACCEPTED, "publish.accepted", RECORD_LOT(M) M(rules_blob),       \
      M(sig) M(close) M(revision))                                             \
    X(PUBLISH_REFUSED, "publish.refused", RECORD_COMMAND(M) M(reason),         \
      RECORD_REFUSAL(M))                                                       \
    X(BID_ACCEPTED, "bid.accepted", RECORD_LOT(M) M(close),                    \
      M(sig) M(max) M(quantity) M(bid) RECORD_STANDING(M))                     \
    X(BID_REFUSED, "bid.refused", RECORD_COMMAND(M) M(reason),                 \
      RECORD_REFUSAL(M) M(max) M(quantity) M(price) M(bid) M(stock))           \
    X(BUY_ACCEPTED, "buy.accepted", RECORD_LOT(M) M(price),                    \
      M(sig) RECORD_STANDING(M))                                               \
    X(BUY_REFUSED, "buy.refused", RECORD_COMMAND(M) M(reason),                 \
      RECORD_REFUSAL(M) M(price))                                              \
    X(TAKE_ACCEPTED, "take.accepted",                                          \
      RECORD_LOT(M) M(quantity) M(limit) M(all_or_none) M(price) M(filled)     \
          M(stock),                                                            \
      M(sig) RECORD_STANDING(M))                                               \
    X(TAKE_REFUSED, "take.refused", RECORD_COMMAND(M) M(reason),               \
      RECORD_REFUSAL(M) M(quantity) M(limit) M(all_or_none) M(price) M(stock)) \
    X(COMMIT_ACCEPTED, "commit.accepted", RECORD_LOT(M) M(c) M(cap),           \
      M(sig) M(bid) RECORD_STANDING(M))                                        \
    X(COMMIT_REFUSED, "commit.refused", RECORD_COMMAND(M) M(reason),           \
      RECORD_REFUSAL(M) M(c) M(cap) M(bid))                                    \
    X(REVEAL_ACCEPTED, "reveal.accepted", RECORD_LOT(M) M(amount) M(nonce),    \
      M(sig) M(bid) M(quantity) RECORD_STANDING(M))                            \
    X(REVEAL_REFUSED, "reveal.refused", RECORD_COMMAND(M) M(reason),           \
      RECORD_REFUSAL(M) M(bid) M(quantity) M(amount) M(nonce))                 \
    X(WITHDRAW_ACCEPTED, "withdraw.accepted", RECORD_LOT(M),                   \
      M(sig) M(bid) RECORD_STANDING(M))                                        \
    X(WITHDRAW_REFUSED, "withdraw.refused", RECORD_COMMAND(M) M(reason),       \
      RECORD_REFUSAL(M) M(bid))                                                \
    X(RETRACT_ACCEPTED, "retract.accepted", RECORD_LOT(M) M(why),              \
      M(sig) RECORD_STANDING(M))                                               \
    X(RETRACT_REFUSED, "retract.refused", RECORD_COMMAND(M) M(reason),         \
      RECORD_REFUSAL(M) M(why))                                                \
    X(CANCEL_ACCEPTED, "cancel.accepted", RECORD_LOT(M),                       \
      M(sig) M(why) RECORD_STANDING(M))                                        \
    X(CANCEL_REFUSED, "cancel.refused", RECORD_COMMAND(M) M(reason),           \
      RECORD_REFUSAL(M) M(why))                                                \
    X(VOID_ACCEPTED, "void.accepted", RECORD_LOT(M) M(uid) M(why),             \
      M(sig) RECORD_STANDING(M))                                               \
    X(VOID_REFUSED, "void.refused", RECORD_COMMAND(M) M(reason),               \
      RECORD_REFUSAL(M) M(uid) M(why))                                         \
    X(PAY_ACCEPTED, "pay.accepted", RECORD_LOT(M) M(uid),                      \
      M(sig) M(number) M(revision))                                            \
    X(PAY_REFUSED, "pay.refused", RECORD_COMMAND(M) M(reason),                 \
      RECORD_REFUSAL(M) M(uid) M(number))                                      \
    X(CORRECT_ACCEPTED, "correct.accepted", RECORD_LOT(M) M(number) M(why),    \
      M(sig) M(revision))                                                      \
    X(CORRECT_REFUSED, "correct.refused", RECORD_COMMAND(M) M(reason),         \
      RECORD_REFUSAL(M) M(number) M(why))                                      \
    X(AUCTION_OPENED, "auction.opened", M(auction) M(aseq),                    \
      M(close) M(revision))                                                    \
    X(AUCTION_EXTENDED, "auction.extended",                                    \
      M(auction) M(aseq) M(old) M(new) M(cause), M(what) M(revision))          \
    X(AUCTION_REVEAL, "auction.reveal", M(auction) M(aseq),                    \
      M(close) M(revision))                                                    \
    X(AUCTION_CLOSED, "auction.closed", M(auction) M(aseq) M(outcome),         \
      M(awards) M(cause) M(reserve) M(nonce) M(leader) M(price) M(revision)    \
          M(count) M(quantity))                                                \
    X(AUCTION_SETTLED, "auction.settled", M(auction) M(aseq),                  \
      M(outcome) M(revision))                                                  \
    X(AUCTION_CANCELLED, "auction.cancelled", M(auction) M(aseq),              \
      M(cause) M(revision))                                                    \
    X(AUCTION_PAUSED, "auction.paused", M(auction) M(aseq),                    \
      M(cause) M(revision))                                                    \
    X(AUCTION_RESUMED, "auction.resumed", M(auction) M(aseq),                  \
      M(cause) M(revision))                                                    \
    X(REPL_ROLE, "repl.role", M(role) M(term), M(peer) M(size) M(root))        \
    X(REPL_PEER, "repl.peer", M(peer) M(state), )                              \
    X(AWARD_MADE, "award.made",                                                \
      M(auction) M(aseq) M(uid) M(price) M(quantity), M(bid) M(revision))      \
    X(AWARD_PAID, "award.paid", M(auction) M(aseq) M(uid),                     \
      M(price) M(quantity) M(number) M(cause) M(revision))                     \
    X(AWARD_DEFAULTED, "award.defaulted", M(auction) M(aseq) M(uid),           \
      M(price) M(quantity) M(number) M(cause) M(revision))                     \
    X(INVOICE_ISSUED, "invoice.issued",                                        \
      M(auction) M(aseq) M(number) M(uid) M(goods) M(premium) M(tax) M(total), \
      M(cause) M(corrects))

#endif
