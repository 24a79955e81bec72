/* SPDX-License-Identifier: Apache-2.0 */
/** verify: what the checks have found so far, and how it is told. */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include "inspect.h"

#include "audit/proof.h"
#include "engine/replay.h"

/* In the order in which they are reported. */
enum check {
    CHECK_LOG_KEY,
    CHECK_CHECKPOINT,
    CHECK_TREE,
    CHECK_RECORDS,
    CHECK_CERTS,
    CHECK_SIGNATURES,
    CHECK_HEADS,
    CHECK_REPLAY,
    CHECK_COUNT
};

enum { BLOB_BYTES_MAX = 1 << 20 };

/** First failure of one check. */
struct finding {
    bool is_false;
    bool is_missing; /* not proved false: what it needs is not there */
    bool has_seq;
    uint64_t seq;
    char what[400];
};

struct verifying {
    const struct inspect_options *options;
    struct source *source;
    struct log_verifier log;
    struct checkpoint head;
    struct certs *certs;
    struct replay *replay;
    struct tree_hasher hasher;
    struct finding findings[CHECK_COUNT];

    struct bytes16 created; /* request of the last creation: a publication
                             * of the same request is signed with it */
    struct hash *roots;     /* by size, for `seen` */
    size_t root_capacity;
    uint64_t count, withheld, signed_count, unsigned_count, unknown_count,
        heads;
    int64_t last_t, last_tx;
    struct record record;
    struct record_text text;
    bool is_out_of_memory;
    bool has_replayed;
    char log_key_text[200];
};

/** Print a line a check and the conclusion; the exit code. */
int verify_conclude(const struct verifying *verifying, double seconds);

#endif
