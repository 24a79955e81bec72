/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay.h"

#include "engine/replay_parties.h"
#include "engine/replay_past.h"
#include "engine/replay_read.h"
#include "engine/world_internal.h"

#include <stdlib.h>
#include <string.h>

enum { GROUP_RECORDS_MAX = 4096, GROUP_BYTES_MAX = 64 << 20 };

struct replay {
    struct world *world;
    replay_blob *blob;
    void *blob_context;
    struct replay_past past;
    struct replay_parties parties;
    bool leaves_requests; /* request ids are checked by the caller */

    /* the transaction being collected */
    struct buf bytes;
    size_t offsets[GROUP_RECORDS_MAX + 1];
    size_t count;
    size_t decoded; /* `record` is number decoded - 1 of it; 0: none */
    int64_t tx, t;
    uint64_t first_seq;        /* of its first record */
    size_t compared;           /* records of it that the world has written */
    struct instant last_alive; /* time of the record before it */
    struct instant outage_from, outage_end; /* of the newest start */
    bool outage_is_open;                    /* more has to be extended */
    bool head_is_foreign; /* the command was refused for its head */
    uint64_t failed_at;

    struct record record;
    struct record_text text;
    struct buf encoded;
};

/** The failure of a comparison, at one record. */
static enum err
differs(struct replay *r, uint64_t seq, const char *what)
{
    r->failed_at = seq;
    return err_set(ERR_DAMAGED, "record %llu: %s", (unsigned long long)seq,
                   what);
}

static enum err
decode(struct replay *r, size_t i)
{
    enum err err;

    CHECK(i < r->count);
    if (r->decoded == i + 1)
        return ERR_OK;
    r->decoded = 0;
    err =
        record_decode(r->bytes.bytes + r->offsets[i],
                      r->offsets[i + 1] - r->offsets[i], &r->record, &r->text);
    if (err == ERR_OK)
        r->decoded = i + 1;
    return err;
}

/* ------------------------------------------------------------- world's ports
 */

/** What the world writes must be the next record of the transaction. */
static enum err
port_record(void *context, struct record *record, uint64_t *seq_out)
{
    struct replay *r = context;
    size_t i = r->compared;
    enum err err;

    if (i == r->count)
        return differs(r, (uint64_t)r->record.seq,
                       "the rules demand a further record behind it");
    if ((err = decode(r, i)) != ERR_OK)
        return err;
    RECORD_SET(record, seq, r->record.seq);
    RECORD_SET(record, t, r->record.t);
    RECORD_SET(record, tx, r->record.tx);
    RECORD_SET(record, salt, r->record.salt);
    buf_clear(&r->encoded);
    if ((err = record_encode(record, &r->encoded)) != ERR_OK)
        return err;
    if (r->encoded.size != r->offsets[i + 1] - r->offsets[i] ||
        memcmp(r->encoded.bytes, r->bytes.bytes + r->offsets[i],
               r->encoded.size) != 0)
        return differs(r, (uint64_t)r->record.seq,
                       "it does not follow from the rules");
    *seq_out = (uint64_t)r->record.seq;
    r->compared++;
    return ERR_OK;
}

static uint64_t
port_next_seq(void *context)
{
    struct replay *r = context;

    /* Those of a transaction follow each other; see replay_feed. */
    return r->first_seq + r->compared;
}

static enum err
port_blob(void *context, const struct hash *hash, const void *bytes,
          size_t size)
{
    (void)context, (void)hash, (void)bytes, (void)size;
    return ERR_OK;
}

static enum err
port_find_request(void *context, uint64_t uid, const struct bytes16 *request,
                  struct store_request *out)
{
    (void)context, (void)uid, (void)request, (void)out;
    return ERR_NOT_FOUND; /* a repeat writes no record */
}

static enum err
port_check_head(void *context, const struct record_seen *seen,
                bool *is_ours_out)
{
    (void)seen;
    /* Heads are checked by whoever has the tree; here the log is believed. */
    *is_ours_out = !((struct replay *)context)->head_is_foreign;
    return ERR_OK;
}

static enum err
port_history(void *context, uint64_t auction, struct past_bid **bids_out,
             size_t *count_out)
{
    struct replay *r = context;
    const struct tally *tally = past_tally(&r->past, auction);
    size_t count = tally == NULL ? 0 : tally->bid_count;

    *count_out = count;
    *bids_out = malloc((count + 1) * sizeof(**bids_out));
    if (*bids_out == NULL)
        return err_set(ERR_NOMEM, "no memory for an auction's bids");
    if (count > 0)
        memcpy(*bids_out, tally->bids, count * sizeof(**bids_out));
    return ERR_OK;
}

/* ---------------------------------------------------------------- enrolment */

/** Party and facts of the certificate with a fingerprint. */
static enum err
read_cert(struct replay *r, const struct hash *fp, struct buf *der,
          struct party *party)
{
    const unsigned char *at;
    X509 *cert;
    bool is_good;
    enum err err = r->blob(r->blob_context, fp, der);

    if (err != ERR_OK)
        return differs(r, (uint64_t)r->record.seq,
                       "the certificate of its actor is missing");
    at = (const unsigned char *)der->bytes;
    cert = d2i_X509(NULL, &at, (long)der->size);
    is_good = cert != NULL && replay_party_of_cert(cert, party);
    X509_free(cert);
    party->fp = *fp;
    return is_good ? ERR_OK
                   : differs(r, (uint64_t)r->record.seq,
                             "the certificate of its actor names nobody");
}

/** Enrol as the log says that it was done, from its cert.seen record. */
static enum err
enroll(struct replay *r, const struct party *party, const struct buf *der)
{
    char serial[64] = "";
    struct cert_facts facts = {
        .der = der->bytes, .der_size = der->size, .serial = serial};
    enum err err;

    for (size_t i = 0; i < r->count; i++) {
        if ((err = decode(r, i)) != ERR_OK)
            return err;
        if (r->record.type != RECORD_CERT_SEEN)
            continue;
        if (RECORD_HAS(&r->record, serial))
            snprintf(serial, sizeof(serial), "%.*s", (int)r->record.serial.size,
                     r->record.serial.bytes);
        facts.not_after = instant_of(r->record.not_after);
        break;
    }
    return world_enroll(r->world, party, &facts);
}

/* ----------------------------------------------------------------- commands */

static void
copy_text(char *out, size_t capacity, const struct text_ref *text)
{
    size_t size = text->size < capacity ? text->size : capacity - 1;

    memcpy(out, text->bytes, size);
    out[size] = '\0';
}

static enum err
read_draft(struct replay *r, struct submission *s)
{
    struct buf text;
    enum err err;

    if (!RECORD_HAS(&r->record, draft_blob))
        return ERR_OK;
    buf_init(&text, DRAFT_TEXT_BYTES_MAX);
    err = r->blob(r->blob_context, &r->record.draft_blob, &text);
    if (err == ERR_OK)
        err = draft_from_text(&s->draft, text.bytes, text.size,
                              money_of(r->record.reserve));
    if (err == ERR_OK)
        s->draft->publish = r->record.publish;
    buf_release(&text);
    return err == ERR_OK ? ERR_OK
                         : differs(r, (uint64_t)r->record.seq,
                                   "its draft is missing or cannot be read");
}

/** The own fields of a bidder's command. */
static void
read_order(const struct record *record, enum command_kind cmd,
           struct submission *s)
{
    if (RECORD_HAS(record, max))
        s->amount = money_of(record->max);
    if ((cmd == COMMAND_BUY || cmd == COMMAND_BID) &&
        RECORD_HAS(record, price) && !RECORD_HAS(record, max))
        s->amount = money_of(record->price);
    if (RECORD_HAS(record, limit))
        s->amount = money_of(record->limit);
    if (RECORD_HAS(record, cap))
        s->amount = money_of(record->cap);
    if (RECORD_HAS(record, amount))
        s->amount = money_of(record->amount);
    if (RECORD_HAS(record, quantity))
        s->quantity = (uint64_t)record->quantity;
    if (RECORD_HAS(record, bid))
        s->bid = (uint64_t)record->bid;
    if (RECORD_HAS(record, all_or_none))
        s->all_or_none = record->all_or_none;
    s->has_c = RECORD_HAS(record, c);
    if (s->has_c)
        s->c = record->c;
    s->has_opening = cmd == COMMAND_REVEAL && RECORD_HAS(record, nonce);
    if (s->has_opening)
        s->opening = record->nonce;
    if (RECORD_HAS(record, number))
        s->invoice = (uint64_t)record->number;
}

/** The submission that a command's record answers. */
static enum err
rebuild(struct replay *r, enum command_kind cmd, const struct party *party,
        struct submission *s)
{
    const struct record *record = &r->record;

    *s = (struct submission){
        .cmd = cmd,
        .who = *party,
        .auction = RECORD_HAS(record, auction) && submission_is_on_auction(cmd)
                       ? (uint64_t)record->auction
                       : 0,
        .request = record->request,
        .is_signed = RECORD_HAS(record, sig),
        .uid = RECORD_HAS(record, uid) ? (uint64_t)record->uid : 0,
    };
    if (s->is_signed)
        s->sig = record->sig;
    read_order(record, cmd, s);
    if (RECORD_HAS(record, why))
        copy_text(s->why, sizeof(s->why), &record->why);
    if (RECORD_HAS(record, reserve_nonce))
        s->nonce = record->reserve_nonce;
    return cmd == COMMAND_CREATE ? read_draft(r, s) : ERR_OK;
}

/** Write the record itself again: only the counters move. */
static enum err
restate(struct replay *r, const struct party *party)
{
    struct record copy = r->record;
    struct auction *auction =
        RECORD_HAS(&copy, auction)
            ? world_auction(r->world, (uint64_t)copy.auction)
            : NULL;
    struct actor actor = {.account = world_account_named(r->world, party->name),
                          .role = party->role,
                          .fp = party->fp};

    if (RECORD_HAS(&copy, aseq) && auction == NULL)
        return differs(r, (uint64_t)copy.seq, "there is no such auction");
    return effect_record(r->world, &copy, auction, &actor, NULL);
}

/** Enrol the actor of the command record as the live server did. */
static enum err
know_actor(struct replay *r, struct party *party)
{
    const struct party *known = parties_find(&r->parties, &r->record.actor.fp);
    struct buf der;
    enum err err;

    if (known != NULL) {
        *party = *known;
        return ERR_OK; /* enrolled when it was first met */
    }
    buf_init(&der, 1 << 20);
    err = read_cert(r, &r->record.actor.fp, &der, party);
    if (err == ERR_OK)
        err = enroll(r, party, &der);
    if (err == ERR_OK)
        err = parties_add(&r->parties, party);
    buf_release(&der);
    return err;
}

/** Decide the command of the decoded record, and compare. */
static enum err
judge_again(struct replay *r, enum command_kind cmd, const struct party *party,
            struct ruling *ruling)
{
    struct instant t = instant_of(r->record.t);
    struct submission s = {.draft = NULL};
    enum err err = rebuild(r, cmd, party, &s);
    const char *flaw = err == ERR_OK ? replay_find_malformed(&s) : NULL;

    r->head_is_foreign = replay_has_reason(&r->record, VERDICT_SIGNATURE) &&
                         RECORD_HAS(&r->record, cause) &&
                         r->record.cause.size == 4 &&
                         memcmp(r->record.cause.bytes, "head", 4) == 0;
    if (flaw != NULL)
        err = differs(r, (uint64_t)r->record.seq, flaw);
    if (err == ERR_OK)
        err = world_judge(r->world, &s, t, ruling);
    submission_release(&s);
    return err;
}

/** An opening that came too early: its answer is kept all the same. */
static enum err
restate_forgotten(struct replay *r, const struct party *party, uint64_t uid,
                  const struct bytes16 *request)
{
    bool is_kept = !replay_has_reason(&r->record, VERDICT_NO_AUCTION);
    enum err err = restate(r, party);

    return err == ERR_OK && is_kept ? past_add_request(&r->past, uid, request)
                                    : err;
}

static enum err
run_command(struct replay *r, size_t at, enum command_kind cmd)
{
    struct ruling ruling = {.keeps_answer = false};
    struct bytes16 request;
    struct party party;
    uint64_t uid;
    bool is_known, is_reuse;
    enum err err;

    if ((err = decode(r, at)) != ERR_OK || (err = know_actor(r, &party)) ||
        (err = decode(r, at)) != ERR_OK)
        return err;
    request = r->record.request;
    uid = world_account_named(r->world, party.name)->row.uid;
    is_reuse = replay_has_reason(&r->record, VERDICT_REUSED_ID);
    is_known = r->leaves_requests ? is_reuse
                                  : past_has_request(&r->past, uid, &request);
    if (is_reuse && !is_known)
        return differs(r, (uint64_t)r->record.seq,
                       "its request id was not used before");
    if (replay_is_forgotten(&r->record) && !is_known)
        return restate_forgotten(r, &party, uid, &request);
    if (replay_is_given(&r->record))
        return restate(r, &party);
    if (is_known)
        return differs(r, (uint64_t)r->record.seq,
                       "its request id was answered before");
    if ((err = judge_again(r, cmd, &party, &ruling)) != ERR_OK)
        return err;
    return ruling.keeps_answer && !r->leaves_requests
               ? past_add_request(&r->past, uid, &request)
               : ERR_OK;
}

/* -------------------------------------------------------------- transactions
 */

/** Index of the command in the transaction; false when it has none. */
static enum err
find_command(struct replay *r, size_t *at_out, enum command_kind *cmd_out,
             bool *found_out)
{
    bool is_accepted;

    *found_out = false;
    for (size_t i = 0; i < r->count && !*found_out; i++) {
        enum err err = decode(r, i);
        if (err != ERR_OK)
            return err;
        *found_out = command_of_type(r->record.type, cmd_out, &is_accepted);
        *at_out = i;
    }
    return ERR_OK;
}

/**
 * As many extensions as the transaction still holds. The live server writes
 * them in several transactions, so what is left over may follow.
 */
static enum err
run_outage(struct replay *r)
{
    return world_outage(r->world, r->outage_from, r->outage_end,
                        r->count - r->compared, &r->outage_is_open);
}

static enum err
start_outage(struct replay *r)
{
    r->outage_from = r->last_alive;
    r->outage_end = instant_of(r->record.t);
    return run_outage(r);
}

/** After a start nothing happens before all that is due is extended. */
static enum err
check_outage(struct replay *r)
{
    enum err err = decode(r, 0);

    if (err != ERR_OK || r->record.type == RECORD_SERVER_START)
        return err; /* it may have crashed again in the middle */
    if (r->outage_is_open != (r->record.type == RECORD_AUCTION_EXTENDED))
        return differs(r, (uint64_t)r->record.seq,
                       r->outage_is_open
                           ? "an auction was not extended after the outage"
                           : "there was no outage before it");
    return ERR_OK;
}

static enum err
run_timer(struct replay *r)
{
    struct instant due;

    if (!RECORD_HAS(&r->record, due) || !world_next_due(r->world, &due) ||
        due.ms != r->record.due)
        return differs(r, (uint64_t)r->record.seq,
                       "no timer was due at that time");
    if (r->record.t < r->record.due)
        return differs(r, (uint64_t)r->record.seq,
                       "its timer fired before it was due");
    return world_fire(r->world);
}

/**
 * A certificate that nobody has seen, with a request that was answered before
 * under an older one: it is enrolled, and no command is written.
 */
static enum err
run_enrolment(struct replay *r)
{
    struct party party;
    struct hash fp;
    struct buf der;
    size_t i = 0;
    enum err err = decode(r, 0);

    while (err == ERR_OK && r->record.type != RECORD_CERT_SEEN &&
           ++i < r->count)
        err = decode(r, i);
    if (err != ERR_OK)
        return err;
    if (r->record.type != RECORD_CERT_SEEN)
        return differs(r, (uint64_t)r->record.seq,
                       "an account is enrolled without a certificate");
    fp = r->record.fp;
    buf_init(&der, 1 << 20);
    err = read_cert(r, &fp, &der, &party);
    if (err == ERR_OK)
        err = enroll(r, &party, &der);
    buf_release(&der);
    return err;
}

static enum err
run_input(struct replay *r)
{
    enum command_kind cmd;
    bool has_command;
    size_t at;
    enum err err = find_command(r, &at, &cmd, &has_command);

    if (err != ERR_OK)
        return err;
    if (has_command)
        return run_command(r, at, cmd);
    if ((err = decode(r, 0)) != ERR_OK)
        return err;
    if (replay_is_of_the_server(r->record.type)) {
        r->compared = 1;
        return r->record.type == RECORD_SERVER_START ? start_outage(r) : ERR_OK;
    }
    if (r->record.type == RECORD_AUCTION_EXTENDED)
        return run_outage(r);
    if (r->record.type == RECORD_USER_ENROLLED ||
        r->record.type == RECORD_CERT_SEEN)
        return run_enrolment(r);
    return run_timer(r);
}

/** Everything due before a command must have fired before it. */
static enum err
check_timers(struct replay *r)
{
    struct instant due;
    enum err err = decode(r, 0);

    if (err != ERR_OK)
        return err;
    if (r->record.type == RECORD_SERVER_START ||
        r->record.type == RECORD_AUCTION_EXTENDED ||
        RECORD_HAS(&r->record, due))
        return ERR_OK;
    if (world_next_due(r->world, &due) && due.ms <= r->record.t &&
        !replay_is_of_the_server(r->record.type))
        return differs(r, (uint64_t)r->record.seq,
                       "a timer that was due before it has not fired");
    return ERR_OK;
}

static enum err
run_group(struct replay *r)
{
    enum err err = ERR_OK;

    if (r->count == 0)
        return ERR_OK;
    r->compared = 0;
    if ((err = check_outage(r)) != ERR_OK ||
        (err = check_timers(r)) != ERR_OK || (err = run_input(r)) != ERR_OK)
        return err;
    if (r->compared != r->count) {
        if ((err = decode(r, r->compared)) != ERR_OK)
            return err;
        return differs(r, (uint64_t)r->record.seq,
                       "the rules know nothing of it");
    }
    for (size_t i = 0; i < r->count && err == ERR_OK; i++)
        if ((err = decode(r, i)) == ERR_OK)
            err = past_note(&r->past, &r->record);
    r->last_alive = instant_of(r->record.t);
    world_commit(r->world);
    r->count = 0;
    r->decoded = 0;
    buf_clear(&r->bytes);
    return err;
}

/* ---------------------------------------------------------------- life cycle
 */

enum err
replay_create(struct replay **out, replay_blob *blob, void *context)
{
    struct replay *r = calloc(1, sizeof(*r));
    struct world_ports ports = {.context = r,
                                .record = port_record,
                                .next_seq = port_next_seq,
                                .blob = port_blob,
                                .find_request = port_find_request,
                                .check_head = port_check_head,
                                .history = port_history};
    struct world_options options = {.signatures_required = false};
    enum err err;

    if (r == NULL)
        return err_set(ERR_NOMEM, "no memory for the replay");
    r->blob = blob;
    r->blob_context = context;
    buf_init(&r->bytes, GROUP_BYTES_MAX);
    buf_init(&r->encoded, RECORD_BYTES_MAX);
    if ((err = world_create(&r->world, &ports, &options)) != ERR_OK) {
        replay_destroy(&r);
        return err;
    }
    *out = r;
    return ERR_OK;
}

void
replay_destroy(struct replay **out)
{
    struct replay *r = *out;

    if (r == NULL)
        return;
    world_destroy(&r->world);
    past_release(&r->past);
    parties_release(&r->parties);
    buf_release(&r->bytes);
    buf_release(&r->encoded);
    free(r);
    *out = NULL;
}

/** Time never runs back, and a transaction has one time: the rules rely on it.
 */
static enum err
check_time(struct replay *r, bool is_same_tx)
{
    if (is_same_tx ? r->record.t != r->t : r->record.t < r->t)
        return differs(r, (uint64_t)r->record.seq,
                       is_same_tx ? "its transaction has another time"
                                  : "its time is earlier than the one before");
    return ERR_OK;
}

enum err
replay_feed(struct replay *r, const void *bytes, size_t size)
{
    enum err err;
    int64_t tx, t, seq;

    r->decoded = 0;
    err = record_decode(bytes, size, &r->record, &r->text);
    if (err != ERR_OK)
        return err;
    if ((err = check_time(r, r->count > 0 && r->record.tx == r->tx)) != ERR_OK)
        return err;
    tx = r->record.tx;
    t = r->record.t;
    seq = r->record.seq;
    if (r->count > 0 && tx != r->tx && (err = run_group(r)) != ERR_OK)
        return err;
    r->tx = tx;
    r->t = t;
    if (r->count == GROUP_RECORDS_MAX)
        return differs(r, (uint64_t)r->record.seq,
                       "its transaction is larger than any");
    if (r->count == 0) {
        r->offsets[0] = 0;
        r->first_seq = (uint64_t)seq;
    }
    /* A bid's id is the number of its record. */
    if ((uint64_t)seq != r->first_seq + r->count)
        return differs(r, (uint64_t)seq,
                       "it does not follow the record before it");
    buf_add(&r->bytes, bytes, size);
    r->offsets[++r->count] = r->bytes.size;
    return buf_is_ok(&r->bytes) ? ERR_OK
                                : err_set(ERR_NOMEM, "no memory to replay");
}

enum err
replay_finish(struct replay *r)
{
    return run_group(r);
}

uint64_t
replay_failed_at(const struct replay *r)
{
    return r->failed_at;
}

uint64_t
replay_auctions(const struct replay *r)
{
    return world_auction_last(r->world);
}

uint64_t
replay_results(const struct replay *r)
{
    uint64_t results = 0;

    for (uint64_t id = 1; id <= world_auction_last(r->world); id++) {
        const struct auction *auction = world_auction(r->world, id);
        results += auction != NULL && auction->row.lot.ended.ms > 0;
    }
    return results;
}

void
replay_leave_requests(struct replay *r)
{
    r->leaves_requests = true;
}

struct world *
replay_world(struct replay *r)
{
    return r->world;
}

bool
replay_summary(struct replay *r, uint64_t id, struct replay_summary *out)
{
    struct auction *auction = world_auction(r->world, id);
    const struct tally *tally = past_tally(&r->past, id);
    const struct account *winner = NULL;

    if (auction == NULL || tally == NULL)
        return false;
    *out = (struct replay_summary){.auction = id,
                                   .accepted = tally->accepted,
                                   .refused = tally->refused,
                                   .extensions = tally->extensions,
                                   .lot = auction->row.lot};
    memcpy(out->currency, auction->row.lot.rules.currency,
           sizeof(out->currency));
    if (auction->row.lot.due_count > 0) {
        const struct entry *award =
            &auction->book->entries[auction->row.lot.due_first];
        winner = award->kind == ENTRY_AWARD
                     ? world_account(r->world, award->user)
                     : NULL;
        out->price = award->kind == ENTRY_AWARD ? award->amount : money_of(0);
    }
    if (winner != NULL)
        memcpy(out->winner, winner->row.name, sizeof(out->winner));
    return true;
}
