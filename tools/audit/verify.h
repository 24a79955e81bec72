/* SPDX-License-Identifier: Apache-2.0 */
/**
 * verify: what the checks share.
 *
 *     verify.c         the order of the checks, and the pipeline's steps
 *     verify_record.c  one record in its place: order, blobs, certificates
 *     verify_command.c one command: signature, the head its signer had seen
 *     verify_tiles.c   the tiles that came with an export
 *     verify_older.c   receipts and checkpoints kept from before
 *     verify_state.c   the live tables against the replay
 *     verify_report.c  how the result is told
 *
 * Thread  as pipeline.h says: what a step uses is named beside it.
 */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include "certs.h"
#include "counters.h"
#include "findings.h"
#include "history.h"
#include "inspect.h"
#include "pipeline.h"
#include "policy_file.h"
#include "requests.h"
#include "trust.h"

#include "engine/replay.h"

enum { BLOB_BYTES_MAX = 1 << 20 };

struct verifying {
    const struct inspect_options *options;
    struct source *source;
    struct trust trust;
    struct policy policy;
    struct policy_result quorum;
    struct findings findings; /* any thread */
    double start;             /* seconds */

    /* the check step's */
    struct history *history;
    struct certs *certs;
    struct counters counters;
    struct requests *requests;
    struct hash *tile; /* leaves of the export's tile in hand */
    uint64_t tile_index;
    unsigned tile_width;
    struct bytes16 created; /* request of the last creation: a publication
                             * of the same request is signed with it */
    struct hash cert_hash;  /* of the log's certificate as given */
    bool has_cert, is_cert_of_log;
    uint64_t count, withheld;
    uint64_t signed_count, unsigned_count, unknown_count, admin_count;
    uint64_t heads, receipts, commitments, state_rows;
    int64_t first_t, last_t, last_tx;
    enum err failed; /* out of memory or of disk: nothing can be decided */

    /* the replay step's */
    struct replay *replay;
    bool is_replay_over; /* a record was withheld, or it has failed */
};

/** Remember a failure of our own machine; the first one counts. */
void verify_fail(struct verifying *verifying, enum err err);

/** The check step for one line, in order. */
void verify_record(struct verifying *verifying, struct item *item);
/** For verify_record: a command, whose key goes into item->key. */
void verify_command(struct verifying *verifying, struct item *item);
/** The sign step for one line with a key; any thread. */
void verify_signature(struct verifying *verifying, struct item *item);

/** After the last record. */
void verify_tiles(struct verifying *verifying);
void verify_receipts(struct verifying *verifying);
void verify_since(struct verifying *verifying);
void verify_state(struct verifying *verifying);

/** Print a line a check and the conclusion; the exit code. */
int verify_conclude(struct verifying *verifying);

double verify_seconds(void);

#endif
