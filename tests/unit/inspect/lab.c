/* SPDX-License-Identifier: Apache-2.0 */
#include "lab.h"

#include "lab_certs.h"
#include "tap.h"

#include "../../../tools/audit/inspect.h"
#include "audit/signature.h"
#include "base/text.h"
#include "engine/engine.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 4, CACHE_BYTES = 4 << 20 };

/** What is needed only while the log is made. */
struct making {
    struct lab *lab;
    struct issued ca, other_ca, log_cert, clients[CLIENTS];
    char *ca_pem, *log_pem;
    struct store *store;
    struct engine *engine;
    struct instant now;
    unsigned long long random;
    struct task task;
    bool is_answered;
    struct hash terms; /* of the newest auction */
};

static struct lab the_lab;
static struct making m;

static const struct client {
    const char *name;
    const char *key_type;
    const char *uri;
    enum role role;
} clients[CLIENTS] = {
    {"sam", "EC", "URI:auction://lab/seller/sam", ROLE_SELLER},
    {"ann", "ED25519", "URI:auction://lab/bidder/ann", ROLE_BIDDER},
    {"bob", "EC", "URI:auction://lab/bidder/bob", ROLE_BIDDER},
    {"adm", "EC", "URI:auction://lab/admin/adm", ROLE_ADMIN},
};
enum { SAM, ANN, BOB, ADM };

/* ----------------------------------------------------------------- folders */

char *
lab_path(char out[LAB_PATH_BYTES], const char *name)
{
    CHECK(snprintf(out, LAB_PATH_BYTES, "%s/%s", the_lab.folder, name) <
          LAB_PATH_BYTES);
    return out;
}

void
lab_remove(const char *path)
{
    char command[LAB_PATH_BYTES + 16];

    CHECK(strncmp(path, the_lab.folder, strlen(the_lab.folder)) == 0);
    snprintf(command, sizeof(command), "rm -rf '%s'", path);
    CHECK(system(command) == 0);
}

static void
remove_all(void)
{
    logkey_release(&the_lab.logkey);
    lab_remove(the_lab.folder);
}

int
lab_run(int (*command)(const struct inspect_options *options),
        const struct inspect_options *options, char *text, size_t size)
{
    FILE *file = tmpfile();
    int saved, code;
    size_t got;

    CHECK(file != NULL && size > 0);
    fflush(stdout);
    CHECK((saved = dup(STDOUT_FILENO)) >= 0);
    CHECK(dup2(fileno(file), STDOUT_FILENO) >= 0);
    code = command(options);
    fflush(stdout);
    CHECK(dup2(saved, STDOUT_FILENO) >= 0);
    close(saved);
    rewind(file);
    got = fread(text, 1, size - 1, file);
    text[got] = '\0';
    fclose(file);
    return code;
}

/* ------------------------------------------------------------ certificates */

static void
make_certs(void)
{
    static const struct issue_request ca = {"Lab CA", "EC", NULL,
                                            NULL,     true, 50};
    static const struct issue_request other = {"Other CA", "EC", NULL,
                                               NULL,       true, 50};
    static const struct issue_request log = {
        "lab log 1", "ED25519", "1.3.6.1.5.5.7.3.36", "URI:https://" LAB_ORIGIN,
        false,       50};
    char path[LAB_PATH_BYTES];

    issue(&m.ca, NULL, &ca);
    issue(&m.other_ca, NULL, &other);
    issue(&m.log_cert, &m.ca, &log);
    for (int i = 0; i < CLIENTS; i++) {
        struct issue_request r = {.name = clients[i].name,
                                  .key_type = clients[i].key_type,
                                  .usage = "clientAuth",
                                  .names = clients[i].uri,
                                  .days = 50};
        issue(&m.clients[i], &m.ca, &r);
    }
    issued_write(&m.ca, lab_path(path, "ca.pem"));
    issued_write(&m.other_ca, lab_path(path, "other-ca.pem"));
    m.ca_pem = issued_pem(&m.ca);
    m.log_pem = issued_pem(&m.log_cert);
}

static void
make_logkey(void)
{
    uint8_t key[32];
    size_t size = sizeof(key);

    the_lab.logkey = (struct logkey){.key = m.log_cert.key};
    CHECK(EVP_PKEY_up_ref(m.log_cert.key) == 1);
    CHECK(EVP_PKEY_get_raw_public_key(m.log_cert.key, key, &size) == 1);
    CHECK(log_verifier_init(&the_lab.logkey.verifier, LAB_ORIGIN, key) ==
          ERR_OK);
}

/* ------------------------------------------------------------------ engine */

static struct instant
scripted_now(void *context)
{
    (void)context;
    return m.now;
}

static bool
scripted_random(void *context, void *bytes, size_t size)
{
    (void)context;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)tap_random(&m.random);
    return true;
}

static void
start_engine(void)
{
    struct engine_options options = {
        .clock = {NULL, scripted_now},
        .random = {NULL, scripted_random},
        .logkey = &the_lab.logkey,
        .log_cert = {m.log_pem, strlen(m.log_pem)},
        .ca = {m.ca_pem, strlen(m.ca_pem)},
        .config_text = "lab",
        .build = "test",
    };

    CHECK(store_open(&m.store, the_lab.data, CACHE_BYTES) == ERR_OK);
    options.store = store_port_of(m.store);
    CHECK(engine_create(&m.engine, &options) == ERR_OK);
}

static void
forget_answer(void)
{
    task_release(&m.task);
    m.task = (struct task){0};
}

static void
stop_engine(bool is_clean)
{
    forget_answer();
    if (is_clean)
        engine_stop(m.engine, "test");
    engine_destroy(&m.engine);
    store_close(&m.store);
}

static void
done(struct task *task)
{
    CHECK(task == &m.task);
    m.is_answered = true;
}

static struct identity *
make_identity(int who)
{
    struct identity *identity = calloc(1, sizeof(*identity));
    X509 *cert = m.clients[who].cert;
    struct tm end;
    int size;

    CHECK(identity != NULL);
    atomic_init(&identity->references, 1);
    snprintf(identity->name, sizeof(identity->name), "%s", clients[who].name);
    identity->role = clients[who].role;
    CHECK((size = i2d_X509(cert, &identity->der)) > 0);
    identity->der_size = (size_t)size;
    identity->fp = hash_of(identity->der, identity->der_size);
    text_hex(identity->serial_hex,
             ASN1_STRING_get0_data(X509_get0_serialNumber(cert)),
             (size_t)ASN1_STRING_length(X509_get0_serialNumber(cert)));
    CHECK(ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) == 1);
    identity->not_after = instant_of((int64_t)timegm(&end) * 1000);
    return identity;
}

/** The newest head, as a client that has verified it. */
static struct record_seen
newest_head(void)
{
    struct shared *note = engine_checkpoint(m.engine);
    struct checkpoint head;

    CHECK(checkpoint_parse(&head, note->bytes, note->size) == ERR_OK);
    shared_unref(&note);
    return (struct record_seen){head.size, head.root};
}

/** Sign the task's submission; `until` may have been set before. */
static void
sign(int who)
{
    struct submission *s = &m.task.submission;
    struct buf bytes;

    s->is_signed = true;
    if (s->sig.until == 0)
        s->sig.until = m.now.ms + 60000;
    if (s->sig.seen.size == 0)
        s->sig.seen = newest_head();
    s->sig.has_terms = s->auction != 0;
    s->sig.terms = m.terms;
    buf_init(&bytes, COMMAND_BYTES_MAX);
    CHECK(submission_signed_bytes(s, LAB_ORIGIN, &bytes) == ERR_OK);
    CHECK(command_sign(m.clients[who].key, bytes.bytes, bytes.size, &s->sig) ==
          ERR_OK);
    buf_release(&bytes);
}

/** One signed command at `seconds` later; its reason, or "". */
static const char *
act(int who, int64_t seconds, const struct submission *fields)
{
    static const struct bytes16 none;
    static struct record_text text;
    static struct record record;
    static char reason[64];
    struct submission *s = &m.task.submission;

    forget_answer();
    m.now.ms += seconds * 1000;
    *s = *fields;
    m.task.identity = make_identity(who);
    snprintf(s->who.name, sizeof(s->who.name), "%s", clients[who].name);
    s->who.role = clients[who].role;
    s->who.fp = m.task.identity->fp;
    if (memcmp(&s->request, &none, sizeof(none)) == 0)
        scripted_random(NULL, &s->request, sizeof(none));
    scripted_random(NULL, &s->nonce, sizeof(s->nonce));
    sign(who);
    m.task.done = done;
    m.is_answered = false;
    CHECK(engine_submit(m.engine, &m.task));
    engine_step(m.engine);
    CHECK(m.is_answered && m.task.answer.kind == ANSWER_RULED);
    CHECK(record_decode(m.task.answer.record.bytes, m.task.answer.record.size,
                        &record, &text) == ERR_OK);
    snprintf(reason, sizeof(reason), "%.*s",
             RECORD_HAS(&record, reason) ? (int)record.reason.size : 0,
             record.reason.bytes);
    return reason;
}

#define EXPECT(reason, ...) CHECK(strcmp((reason), __VA_ARGS__) == 0)

static void
create(const char *members, int64_t seconds)
{
    struct submission fields = {.cmd = COMMAND_CREATE};
    char text[1024], ends[INSTANT_TEXT_BYTES];
    struct draft_problem problem;
    struct auction_view *view;
    json_t *json;

    instant_format(ends, instant_of(m.now.ms + seconds * 1000));
    snprintf(text, sizeof(text), "{%s,\"ends_at\":\"%s\"}", members, ends);
    CHECK((json = json_loads(text, 0, NULL)) != NULL);
    CHECK(draft_from_json(&fields.draft, json, &problem) == ERR_OK);
    json_decref(json);
    fields.draft->publish = true;
    EXPECT("", act(SAM, 1, &fields));
    engine_step(m.engine);
    view =
        views_get(engine_views(m.engine), views_last(engine_views(m.engine)));
    m.terms = view->terms;
    view_unref(&view);
}

static const char *
bid(int who, uint64_t auction, int64_t max)
{
    struct submission fields = {
        .cmd = COMMAND_BID, .auction = auction, .amount = money_of(max)};

    return act(who, 1, &fields);
}

static void
wait_for(int64_t seconds)
{
    m.now.ms += seconds * 1000;
    engine_step(m.engine);
    engine_step(m.engine);
}

static void
write_text(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "we");

    CHECK(file != NULL);
    CHECK(fwrite(bytes, 1, size, file) == size);
    CHECK(fclose(file) == 0);
}

static void
keep_receipt(void)
{
    struct receipt receipt = answer_receipt(&m.task.answer);
    struct buf text;

    buf_init(&text, RECEIPT_BYTES_MAX);
    receipt_encode(&receipt, &text);
    CHECK(buf_is_ok(&text));
    write_text(the_lab.receipt, text.bytes, text.size);
    buf_release(&text);
}

/* ------------------------------------------------------------------ the log */

/** An auction with refusals of every kind, sold at last. */
static void
first_auction(void)
{
    struct submission again = {
        .cmd = COMMAND_BID, .auction = 1, .amount = money_of(30000)};
    struct submission late = again;
    struct submission fork = again;

    create("\"title\":\"Camera\",\"currency\":\"EUR\",\"start_price\":10000,"
           "\"reserve_price\":12000,\"premium_bp\":1000,\"tax_bp\":2000,"
           "\"extend_window\":60,\"extend_by\":60",
           3600);
    memset(&again.request, 7, sizeof(again.request));
    EXPECT("", bid(ANN, 1, 15000));
    keep_receipt();
    EXPECT("", bid(BOB, 1, 12500));
    EXPECT("ERR_TOO_LOW", bid(BOB, 1, 12600));
    EXPECT("", act(ANN, 1, &again));
    again.amount = money_of(31000);
    EXPECT("ERR_REUSED_ID", act(ANN, 1, &again));
    late.sig.until = m.now.ms - 5000;
    EXPECT("ERR_SIGNATURE", act(BOB, 1, &late));
    fork.sig.seen = newest_head();
    fork.sig.seen.root.bytes[0] ^= 1;
    EXPECT("ERR_SIGNATURE", act(BOB, 1, &fork));
    EXPECT("ERR_NO_AUCTION", bid(BOB, INT64_C(9007199254740991), 20000));
    EXPECT("ERR_FORBIDDEN", bid(SAM, 1, 20000));
    wait_for(3560 - 12);
    EXPECT("", bid(BOB, 1, 40000)); /* extends */
    wait_for(120);
    EXPECT("ERR_CLOSED", bid(ANN, 1, 90000));
}

/** A retraction, a void, a crash with grace; it stays open. */
static void
second_auction(void)
{
    struct submission retract = {
        .cmd = COMMAND_RETRACT, .auction = 2, .why = "typed 120, not 12"};
    struct submission strike = {
        .cmd = COMMAND_VOID, .auction = 2, .why = "a shill"};

    create("\"title\":\"Lens\",\"currency\":\"EUR\",\"start_price\":1000,"
           "\"retraction\":true,\"outage_grace\":600",
           20000);
    EXPECT("", bid(ANN, 2, 5000));
    EXPECT("", bid(BOB, 2, 12000));
    EXPECT("", act(BOB, 1, &retract));
    snprintf(strike.account, sizeof(strike.account), "ann");
    strike.uid = 2; /* sam is the first account */
    EXPECT("", act(ADM, 1, &strike));
    EXPECT("", bid(BOB, 2, 7700));
}

/** Closes while the server is down, so that it is extended; and payment. */
static void
after_a_crash(void)
{
    struct submission pay = {.cmd = COMMAND_PAY, .auction = 1, .uid = 3};

    create("\"title\":\"Tripod\",\"currency\":\"EUR\",\"start_price\":500,"
           "\"outage_grace\":600",
           100);
    EXPECT("", bid(BOB, 3, 600));
    stop_engine(false);
    m.now.ms += 300 * 1000;
    start_engine();
    EXPECT("", bid(BOB, 3, 800));
    snprintf(pay.account, sizeof(pay.account), "bob");
    {
        struct auction_view *view = views_get(engine_views(m.engine), 1);
        m.terms = view->terms;
        view_unref(&view);
    }
    EXPECT("", act(SAM, 1, &pay));
    wait_for(700);
}

static void export(const char *to, bool is_auditor)
{
    struct inspect_options options = {
        .source.data_dir = the_lab.data, .out = to, .is_auditor = is_auditor};
    char text[1024];

    CHECK(lab_run(inspect_export, &options, text, sizeof(text)) ==
          INSPECT_TRUE);
}

static void
release_making(void)
{
    issued_release(&m.ca);
    issued_release(&m.other_ca);
    issued_release(&m.log_cert);
    for (int i = 0; i < CLIENTS; i++)
        issued_release(&m.clients[i]);
    free(m.ca_pem);
    free(m.log_pem);
}

const struct lab *
lab_get(void)
{
    struct lab *lab = &the_lab;

    if (lab->folder[0] != '\0')
        return lab;
    snprintf(lab->folder, sizeof(lab->folder), "/tmp/unit-inspect.XXXXXX");
    CHECK(mkdtemp(lab->folder) != NULL);
    lab_path(lab->data, "data");
    lab_path(lab->all, "all");
    lab_path(lab->open, "open");
    lab_path(lab->ca, "ca.pem");
    lab_path(lab->other_ca, "other-ca.pem");
    lab_path(lab->receipt, "ann.receipt");
    m.random = 1;
    m.now = instant_of(((int64_t)time(NULL) - 4 * 3600) * 1000);
    make_certs();
    make_logkey();
    start_engine();
    first_auction();
    second_auction();
    after_a_crash();
    stop_engine(true);
    export(lab->all, true);
    export(lab->open, false);
    release_making();
    CHECK(atexit(remove_all) == 0);
    return lab;
}
