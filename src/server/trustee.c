/* SPDX-License-Identifier: Apache-2.0 */
#include "server/trustee.h"

#include "base/buf.h"
#include "base/log.h"
#include "engine/ports.h"
#include "identity/pemfile.h"

#include <stdio.h>
#include <string.h>

enum {
    LISTS_BYTES_MAX = 1 << 20,
    WATCH_EACH_MS = 60000,
    DAY_MS = 86400000,
    LIFE_OF_A_CERTIFICATE_DAYS = 365,
};

static void
marks_path(char path[TRUSTEE_PATH_BYTES], const struct trustee *trustee)
{
    snprintf(path, TRUSTEE_PATH_BYTES, "%s/crls", trustee->data);
}

static enum err
load(struct trust **out, const struct trustee *trustee, const struct config *c,
     const char *crl_text, bool is_start)
{
    char marks[TRUSTEE_PATH_BYTES];

    marks_path(marks, trustee);
    return trust_create(out, &(struct trust_config){
                                 .cert = c->tls_cert,
                                 .key = c->tls_key,
                                 .client_ca = c->tls_client_ca,
                                 .crl = c->tls_crl,
                                 .crl_text = crl_text,
                                 .marks = marks,
                                 .names = (const char *const *)c->names,
                                 .tls = c->tls,
                                 .crl_required = c->tls_crl_required,
                                 .is_start = is_start,
                                 .generation = trustee->generation + 1,
                             });
}

static void
publish_facts(struct trustee *trustee)
{
    CHECK(pthread_mutex_lock(&trustee->lock) == 0);
    trustee->facts = trust_facts(trustee->trust);
    CHECK(pthread_mutex_unlock(&trustee->lock) == 0);
}

struct trust_facts
trustee_facts(struct trustee *trustee)
{
    struct trust_facts facts;

    CHECK(pthread_mutex_lock(&trustee->lock) == 0);
    facts = trustee->facts;
    CHECK(pthread_mutex_unlock(&trustee->lock) == 0);
    return facts;
}

enum err
trustee_init(struct trustee *trustee, const struct config *config)
{
    enum err err;

    *trustee = (struct trustee){.data = config->data};
    CHECK(pthread_mutex_init(&trustee->lock, NULL) == 0);
    err = load(&trustee->trust, trustee, config, NULL, true);
    if (err != ERR_OK)
        return err;
    trustee->generation++;
    publish_facts(trustee);
    return ERR_OK;
}

void
trustee_release(struct trustee *trustee)
{
    trust_unref(&trustee->trust);
}

enum err
trustee_keep(const struct trustee *trustee)
{
    char marks[TRUSTEE_PATH_BYTES];

    marks_path(marks, trustee);
    return trust_keep_marks(trustee->trust, marks);
}

/** The file first: a mark without its list would refuse the next start. */
static enum err
replace_lists(const struct trust *next, const struct config *config)
{
    struct buf text;
    enum err err;

    buf_init(&text, LISTS_BYTES_MAX);
    if ((err = trust_lists(next, &text)) == ERR_OK)
        err = pemfile_replace(config->tls_crl, text.bytes, text.size, 0644);
    buf_release(&text);
    return err;
}

enum err
trustee_next(struct trustee *trustee, const struct config *config,
             const char *crl_text, struct trust **next_out)
{
    char marks[TRUSTEE_PATH_BYTES];
    struct trust *next;
    enum err err = load(&next, trustee, config, crl_text, false);

    if (err != ERR_OK)
        return err;
    marks_path(marks, trustee);
    if (crl_text != NULL && (err = replace_lists(next, config)) != ERR_OK) {
        trust_unref(&next);
        return err;
    }
    /* A full disk must not keep a revoked one in: it counts from now on. */
    if (trust_keep_marks(next, marks) != ERR_OK)
        log_error("which revocation lists were taken is not written down: %s",
                  err_detail());
    *next_out = next;
    return ERR_OK;
}

void
trustee_swap(struct trustee *trustee, struct trust *next)
{
    trust_unref(&trustee->trust);
    trustee->trust = next;
    trustee->generation++;
    publish_facts(trustee);
    trustee->next_warn_ms = 0;
}

/* ---------------------------------------------------------------- watching */

/** One kind of thing that runs out; at most one line a day. */
static void
warn(struct trustee *trustee, size_t kind, const char *what,
     struct instant begins, struct instant ends)
{
    struct clock_port port = clock_system();
    struct instant now = port.now(port.context);
    int64_t life = ends.ms - begins.ms, left = ends.ms - now.ms;
    int64_t day = now.ms / DAY_MS;

    if (ends.ms == 0 || left > life / 5 || trustee->warned_day[kind] == day)
        return;
    trustee->warned_day[kind] = day;
    if (left <= 0)
        log_error("%s has run out: nobody is let in until a fresh one is "
                  "loaded",
                  what);
    else
        log_warn("%s runs out in %lld hours", what,
                 (long long)(left / 3600000));
}

void
trustee_watch(struct trustee *trustee, int64_t now_ms)
{
    struct trust_facts facts;
    struct instant year;

    if (now_ms < trustee->next_warn_ms)
        return;
    trustee->next_warn_ms = now_ms + WATCH_EACH_MS;
    facts = trustee_facts(trustee);
    warn(trustee, 0, "the revocation list", facts.crl_begins, facts.crl_ends);
    year = instant_of(facts.server_ends.ms -
                      (int64_t)LIFE_OF_A_CERTIFICATE_DAYS * DAY_MS);
    warn(trustee, 1, "the server's certificate", year, facts.server_ends);
    year = instant_of(facts.ca_ends.ms -
                      (int64_t)LIFE_OF_A_CERTIFICATE_DAYS * DAY_MS);
    warn(trustee, 2, "a CA", year, facts.ca_ends);
}
