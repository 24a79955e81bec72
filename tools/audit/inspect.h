/* SPDX-License-Identifier: Apache-2.0 */
/**
 * inspect: the commands of auction-audit, and what they share.
 *
 * Each command is one function from the options to an exit code. README.md
 * lists the files.
 */
#ifndef TOOLS_INSPECT_H
#define TOOLS_INSPECT_H

#include "source.h"

/** Exit codes; docs/man/auction-audit.1. */
enum inspect_exit {
    INSPECT_TRUE = 0,  /* everything checked is true */
    INSPECT_FALSE = 1, /* a check is false */
    INSPECT_USAGE = 2,
    INSPECT_NOTHING = 3,    /* nothing matched */
    INSPECT_UNREADABLE = 4, /* cannot decide */
    INSPECT_UNTRUSTED = 5,  /* consistent, but not trusted or withheld */
};

enum { INSPECT_RECEIPTS_MAX = 4096 };

struct filter;

enum inspect_form {
    INSPECT_TEXT, /* for people; control characters escaped */
    INSPECT_JSON, /* one object a line */
    INSPECT_CSV,  /* RFC 4180 */
    INSPECT_RAW,  /* the exact bytes */
};

struct inspect_options {
    struct source_options source;
    const char *ca;
    const char *log_cert;
    const char *policy;
    const char *since_checkpoint;
    const char *cursor; /* where the last run ended, a checkpoint */
    const char *out;    /* export: folder to write */
    const char *file;   /* prove, cosign: file to write */
    const char *newer, *proof, *signer;              /* check-receipt */
    const char *witness, *witness_key, *witness_dir; /* cosign */
    const char *svg;
    bool is_auditor, wants_state, wants_bundles, is_reverse;
    enum inspect_form form;
    const struct filter *filter; /* NULL: everything matches */
    uint64_t limit;              /* 0: none */
    unsigned workers;            /* 0: one a processor */
    const char *receipts[INSPECT_RECEIPTS_MAX];
    size_t receipt_count;
    char *const *words; /* what stands behind the command */
    size_t word_count;
};

int inspect_verify(const struct inspect_options *options);
int inspect_follow(const struct inspect_options *options);
int inspect_stats(const struct inspect_options *options);
int inspect_report(const struct inspect_options *options);
int inspect_prove(const struct inspect_options *options);
int inspect_checkpoint(const struct inspect_options *options);
int inspect_consistency(const struct inspect_options *options);
int inspect_cosign(const struct inspect_options *options);
int inspect_policy(const struct inspect_options *options);
int inspect_replay(const struct inspect_options *options);
int inspect_show(const struct inspect_options *options);
int inspect_export(const struct inspect_options *options);
int inspect_check_receipt(const struct inspect_options *options);

/** Print "auction-audit: <detail>" and give the exit code. */
int inspect_failed(enum err err);
/** "auction-audit: ..." on standard error; the code for usage. */
int
inspect_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
