/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates, lists, limits and log level are read again while the server
 * runs. Everything is loaded and checked before anything is changed.
 */
#include "server/internal.h"
#include "server/trusted.h"

#include "base/log.h"
#include "server/numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------- reload */

const struct config *
server_present(const struct server *s)
{
    return s->newest == NULL ? s->config : s->newest;
}

/** The settings as they stand in file, environment and options now. */
static enum err
read_settings(const struct server *s, struct config **out)
{
    struct config *next = calloc(1, sizeof(*next));
    enum err err;

    if (next == NULL)
        return err_set(ERR_NOMEM, "no memory for the settings");
    err = config_load(next, s->source->path, s->source->overrides,
                      s->source->count);
    if (err == ERR_OK && (err = config_check(next)) != ERR_OK)
        config_release(next);
    if (err != ERR_OK) {
        free(next);
        return err;
    }
    *out = next;
    return ERR_OK;
}

static void
say_fixed(const struct server *s, const struct config *next)
{
    struct buf names;

    buf_init(&names, 1024);
    config_name_fixed(s->config, next, &names);
    if (names.size > 0)
        log_warn("changed settings that count from the next start on: %s",
                 names.bytes);
    buf_release(&names);
}

/** Everything is there: from here on nothing fails but for want of memory. */
static enum err
take_over(struct server *s, struct config *next, struct trust *trust,
          size_t *closed_out)
{
    enum err err;

    if ((err = net_retrust(s->net, trust, closed_out)) != ERR_OK)
        return err;
    trusted_record(s->engine, trust, s->trustee.trust);
    settings_record(s->engine, s->newest != NULL ? s->newest : s->config, next);
    trustee_swap(&s->trustee, trust_ref(trust));
    if ((err = net_set_limits(s->net, &next->limits)) != ERR_OK)
        return err;
    api_set_rate(s->api, next->requests_per_second, next->burst);
    log_set_level(next->log_level);
    say_fixed(s, next);
    if (s->newest != NULL)
        config_release(s->newest);
    free(s->newest);
    s->newest = next;
    return ERR_OK;
}

enum err
server_reload(struct server *s, const char *crl, const char *by,
              size_t *closed_out)
{
    struct config *next = NULL;
    struct trust *trust = NULL;
    enum err err = read_settings(s, &next);

    *closed_out = 0;
    if (err == ERR_OK)
        err = trustee_next(&s->trustee, next, crl, &trust);
    if (err == ERR_OK)
        err = take_over(s, next, trust, closed_out);
    trust_unref(&trust);
    if (err == ERR_OK) {
        log_info("reloaded generation=%llu closed=%zu by=%s",
                 (unsigned long long)s->trustee.generation, *closed_out, by);
        return ERR_OK;
    }
    trusted_record_refusal(s->engine, err_detail());
    log_error("reload refused by=%s, generation %llu stays: %s", by,
              (unsigned long long)s->trustee.generation, err_detail());
    if (next != NULL && next != s->newest) {
        config_release(next);
        free(next);
    }
    return err;
}

void
server_answer_inbox(struct server *s)
{
    struct admin_reload *r;

    while ((r = inbox_take(&s->inbox)) != NULL) {
        r->err = server_reload(s, r->crl, r->by, &r->closed);
        r->generation = s->trustee.generation;
        if (r->err != ERR_OK)
            snprintf(r->detail, sizeof(r->detail), "%s", err_detail());
        r->done(r);
    }
}

/* -------------------------------------------------------------------- state */

/** The state in one line a topic, for the log and the operator. */
static void
write_state(const struct server *s, struct buf *out)
{
    struct engine_counts e = engine_counts(s->engine);
    struct net_counts net = net_counts(s->net);
    struct trust_facts trust = trust_facts(s->trustee.trust);

    buf_add_format(
        out,
        "engine records=%llu accepted=%llu refused=%llu replayed=%llu "
        "batches=%llu flush_us=%lld queued=%zu\n",
        (unsigned long long)e.log_size, (unsigned long long)e.accepted,
        (unsigned long long)e.refused, (unsigned long long)e.replayed,
        (unsigned long long)e.batches, (long long)e.last_flush_us, e.queued);
    numbers_lines(&net, &trust, out);
}

void
server_log_state(const struct server *s)
{
    struct buf state;
    char *rest, *line;

    buf_init(&state, ANSWER_BYTES_MAX);
    write_state(s, &state);
    rest = state.bytes;
    while (rest != NULL && (line = strsep(&rest, "\n"))[0] != '\0')
        log_info("state %s", line);
    buf_release(&state);
}

void
server_answer_control(void *context, const char *line, const char *rest,
                      struct buf *out)
{
    struct server *s = context;
    size_t closed;

    if (strcmp(line, "status") == 0) {
        buf_add_text(out, "ok\n");
        write_state(s, out);
    } else if (strcmp(line, "reload") != 0) {
        buf_add_text(out, "error unknown request\n");
    } else if (server_reload(s, rest[0] == '\0' ? NULL : rest, "control",
                             &closed) == ERR_OK) {
        buf_add_format(out, "ok generation=%llu closed=%zu\n",
                       (unsigned long long)s->trustee.generation, closed);
    } else {
        buf_add_format(out, "error %s\n", err_detail());
    }
}
