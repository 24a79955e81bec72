/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/ports.h"

#include "engine/logline.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

static int64_t
milliseconds(clockid_t id)
{
    struct timespec now;

    CHECK(clock_gettime(id, &now) == 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * The monotonic clock counts; the wall clock only anchors it. A difference
 * of up to DRIFT_MS_MAX is taken for the kernel slewing and followed at 5 %
 * of the time that passes; a larger one is a jump and is not followed, so
 * that setting the wall clock moves no closing time. One anchor a process:
 * all threads must agree on the time.
 *
 * A jump is followed as well, but at 1/2000 of the time that passes, so that a
 * server which began with a wrong clock comes right by itself.
 */
struct anchor {
    pthread_mutex_t lock; /* guards the two times; no lock is taken inside */
    int64_t monotonic;
    int64_t utc;
};

static struct anchor anchor = {.lock = PTHREAD_MUTEX_INITIALIZER};

enum { DRIFT_MS_MAX = 500, SLEW_DIVISOR = 20, JUMP_DIVISOR = 2000 };

static int64_t
anchor_advance(struct anchor *a, int64_t monotonic, int64_t wall)
{
    int64_t passed = monotonic - a->monotonic;
    int64_t utc = a->utc + passed;
    int64_t gap = wall - utc;
    bool is_jump = gap < -DRIFT_MS_MAX || gap > DRIFT_MS_MAX;
    int64_t step = passed / (is_jump ? JUMP_DIVISOR : SLEW_DIVISOR);

    if (a->utc == 0) {
        a->monotonic = monotonic;
        return a->utc = wall;
    }
    if (step == 0)
        return utc;
    a->monotonic = monotonic;
    return a->utc = utc + (gap > step ? step : gap < -step ? -step : gap);
}

static struct instant
system_now(void *context)
{
    struct anchor *a = context;
    int64_t monotonic = milliseconds(CLOCK_MONOTONIC);
    int64_t wall = milliseconds(CLOCK_REALTIME);
    int64_t utc;

    CHECK(pthread_mutex_lock(&a->lock) == 0);
    utc = anchor_advance(a, monotonic, wall);
    CHECK(pthread_mutex_unlock(&a->lock) == 0);
    return instant_of(utc);
}

static int64_t
system_gap(void *context)
{
    return milliseconds(CLOCK_REALTIME) - system_now(context).ms;
}

struct clock_port
clock_system(void)
{
    return (struct clock_port){&anchor, system_now, system_gap};
}

/*
 * A command asks a few times for a few bytes, and each call of OpenSSL's
 * generator takes a lock, asks the kernel for the process id and runs a whole
 * round of the cipher. So each thread draws a block and hands it out; what was
 * given is wiped from it.
 */
enum { POOL_BYTES = 1024, POOL_PIECE_MAX = 64 };

static _Thread_local struct {
    uint8_t bytes[POOL_BYTES];
    size_t left;
} pool;

static bool
system_fill(void *context, void *bytes, size_t size)
{
    (void)context;
    if (size > POOL_PIECE_MAX)
        return RAND_bytes(bytes, (int)size) == 1;
    if (pool.left < size) {
        pool.left = 0;
        if (RAND_bytes(pool.bytes, POOL_BYTES) != 1)
            return false;
        pool.left = POOL_BYTES;
    }
    pool.left -= size;
    memcpy(bytes, pool.bytes + pool.left, size);
    OPENSSL_cleanse(pool.bytes + pool.left, size);
    return true;
}

struct random_port
random_system(void)
{
    return (struct random_port){NULL, system_fill};
}

static enum err
port_commit(void *context, const struct store_batch *batch)
{
    return store_commit(context, batch);
}

static enum err
port_read_head(void *context, struct store_head *out)
{
    return store_read_head(context, out);
}

static enum err
port_read_record(void *context, uint64_t seq, struct buf *out)
{
    return store_read_record(context, seq, out);
}

static enum err
port_each_record(void *context, uint64_t from, uint64_t end,
                 store_record_visit *visit, void *visitor)
{
    return store_each_record(context, from, end, visit, visitor);
}

static enum err
port_each_of_auction(void *context, uint64_t auction, uint64_t from,
                     uint64_t end, bool reverse, store_record_visit *visit,
                     void *visitor)
{
    return store_each_of_auction(context, auction, from, end, reverse,
                                 logline_auction, visit, visitor);
}

static enum err
port_read_tile(void *context, unsigned level, uint64_t index,
               uint8_t hashes_out[STORE_TILE_BYTES])
{
    return store_read_tile(context, level, index, hashes_out);
}

static enum err
port_read_checkpoint(void *context, uint64_t size, struct buf *out)
{
    return store_read_checkpoint(context, size, out);
}

static enum err
port_each_checkpoint(void *context, uint64_t from, store_record_visit *visit,
                     void *visitor)
{
    return store_each_checkpoint(context, from, visit, visitor);
}

static enum err
port_read_blob(void *context, const uint8_t hash[STORE_HASH_BYTES],
               struct buf *out)
{
    return store_read_blob(context, hash, out);
}

static enum err
port_read_request(void *context, uint64_t uid,
                  const uint8_t request[STORE_REQUEST_BYTES],
                  struct store_request *out)
{
    return store_read_request(context, uid, request, out);
}

static enum err
port_each_lot(void *context, store_lot_visit *visit, void *visitor)
{
    return store_each_lot(context, visit, visitor);
}

static enum err
port_each_entry(void *context, store_entry_visit *visit, void *visitor)
{
    return store_each_entry(context, visit, visitor);
}

static enum err
port_each_text(void *context, store_record_visit *visit, void *visitor)
{
    return store_each_text(context, visit, visitor);
}

static enum err
port_each_account(void *context, store_account_visit *visit, void *visitor)
{
    return store_each_account(context, visit, visitor);
}

static enum err
port_each_cert(void *context, store_cert_visit *visit, void *visitor)
{
    return store_each_cert(context, visit, visitor);
}

static enum err
port_index_advance(void *context, uint64_t size, size_t count,
                   uint64_t *watermark_out)
{
    return store_index_advance(context, size, count, logline_auction,
                               watermark_out);
}

static enum err
port_checkpoint(void *context)
{
    return store_checkpoint(context);
}

static enum err
port_write_head_file(void *context, const char *checkpoint)
{
    return store_write_head_file(context, checkpoint);
}

static enum err
port_read_head_file(void *context, struct buf *out)
{
    return store_read_head_file(context, out);
}

struct store_port
store_port_of(struct store *store)
{
    return (struct store_port){
        .context = store,
        .commit = port_commit,
        .read_head = port_read_head,
        .read_record = port_read_record,
        .each_record = port_each_record,
        .each_of_auction = port_each_of_auction,
        .read_tile = port_read_tile,
        .read_checkpoint = port_read_checkpoint,
        .each_checkpoint = port_each_checkpoint,
        .read_blob = port_read_blob,
        .read_request = port_read_request,
        .each_lot = port_each_lot,
        .each_entry = port_each_entry,
        .each_text = port_each_text,
        .each_account = port_each_account,
        .each_cert = port_each_cert,
        .index_advance = port_index_advance,
        .checkpoint = port_checkpoint,
        .write_head_file = port_write_head_file,
        .read_head_file = port_read_head_file,
    };
}
