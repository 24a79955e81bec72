/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resources of the administrator: who is connected, and sending one away.
 */
#include "api/internal.h"

#include "base/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUESTS_FIRST = 256 };

/** A survey that comes home as a letter. */
struct survey_letter {
    struct letter letter;
    struct admin_survey survey;
    struct call call;
    struct worker *worker;
    size_t limit;
};

/* ------------------------------------------------------------------ looking */

static bool
has_room(struct admin_survey *s)
{
    size_t capacity = s->capacity == 0 ? GUESTS_FIRST : s->capacity * 2;
    struct admin_guest *items;

    if (s->count < s->capacity)
        return true;
    items = realloc(s->items, capacity * sizeof(*items));
    if (items == NULL)
        return false;
    s->items = items;
    s->capacity = capacity;
    return true;
}

void
admin_survey_add(struct admin_survey *s, const struct admin_guest *guest)
{
    if (guest->id <= s->after ||
        (s->account[0] != '\0' &&
         (!guest->is_known || strcmp(s->account, guest->account) != 0)))
        return;
    CHECK(pthread_mutex_lock(&s->lock) == 0);
    if (has_room(s))
        s->items[s->count++] = *guest;
    else
        s->has_failed = true;
    CHECK(pthread_mutex_unlock(&s->lock) == 0);
}

static int
by_id(const void *a, const void *b)
{
    const struct admin_guest *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

/* ----------------------------------------------------------------- answering
 */

static void
free_letter(struct survey_letter *l)
{
    pthread_mutex_destroy(&l->survey.lock);
    free(l->survey.items);
    free(l);
}

static void
write_guest(struct reply *j, const struct admin_guest *g)
{
    reply_open(j, NULL);
    reply_id(j, "id", g->id);
    reply_instant(j, "since", g->since);
    reply_text(j, "peer", g->peer);
    if (g->is_known) {
        reply_text(j, "account", g->account);
        reply_text(j, "role", role_name(g->role));
        reply_text(j, "serial", g->serial);
        reply_instant(j, "not_after", g->not_after);
    }
    reply_int(j, "requests", (int64_t)g->requests);
    reply_int(j, "in_flight", g->in_flight);
    reply_text(j, "state",
               g->is_shaking     ? "handshake"
               : g->is_streaming ? "stream"
                                 : "open");
    reply_close(j);
}

static void
deliver_list(struct letter *letter)
{
    struct survey_letter *l = (struct survey_letter *)letter;
    struct admin_survey *s = &l->survey;
    size_t count = s->count < l->limit ? s->count : l->limit;
    struct buf body;
    struct reply j;

    if (s->has_failed) {
        call_no_memory(&l->call);
        free_letter(l);
        return;
    }
    if (s->count > 0)
        qsort(s->items, s->count, sizeof(s->items[0]), by_id);
    buf_init(&body, REPLY_BYTES_MAX);
    reply_begin(&j, &body);
    reply_open_array(&j, "items");
    for (size_t i = 0; i < count; i++)
        write_guest(&j, &s->items[i]);
    reply_close_array(&j);
    if (count < s->count)
        reply_id(&j, "next_after", s->items[count - 1].id);
    else
        reply_null(&j, "next_after");
    reply_end(&j);
    call_reply(&l->call, 200, "application/json", &body, NULL);
    buf_release(&body);
    free_letter(l);
}

static void
deliver_end(struct letter *letter)
{
    struct survey_letter *l = (struct survey_letter *)letter;

    if (l->survey.found > 0)
        call_reply(&l->call, 204, NULL, NULL, NULL);
    else
        call_problem(&l->call, 404, "not-found",
                     "There is no connection of that number",
                     "See GET /v1/admin/connections.", NULL);
    free_letter(l);
}

static void
survey_done(struct admin_survey *survey)
{
    struct survey_letter *l =
        CONTAINER_OF(survey, struct survey_letter, survey);

    worker_post(l->worker, &l->letter.mail);
}

static struct survey_letter *
make_letter(struct call *call, void (*deliver)(struct letter *letter))
{
    struct survey_letter *l = calloc(1, sizeof(*l));

    if (l == NULL) {
        call_no_memory(call);
        return NULL;
    }
    CHECK(pthread_mutex_init(&l->survey.lock, NULL) == 0);
    l->letter.deliver = deliver;
    l->survey.done = survey_done;
    l->call = *call;
    l->call.request = NULL;
    l->worker = exchange_worker(call->exchange);
    return l;
}

void
handle_connections(struct call *call)
{
    const struct admin_port *admin = &call->api->options.admin;
    const char *account = http_request_parameter(call->request, "account");
    uint64_t limit, after;
    struct survey_letter *l;

    if (!call_is_admin(call) ||
        !call_number(call, "limit", LIST_LIMIT_MAX, LIST_LIMIT_MAX, &limit) ||
        !call_number(call, "after", 0, UINT64_MAX, &after) ||
        (l = make_letter(call, deliver_list)) == NULL)
        return;
    l->limit = (size_t)limit;
    l->survey.after = after;
    if (account != NULL)
        snprintf(l->survey.account, sizeof(l->survey.account), "%s", account);
    if (admin->survey(admin->context, &l->survey) != ERR_OK) {
        call_no_memory(call);
        free_letter(l);
    }
}

void
handle_connection_end(struct call *call)
{
    const struct admin_port *admin = &call->api->options.admin;
    struct survey_letter *l;

    if (!call_is_admin(call) || (l = make_letter(call, deliver_end)) == NULL)
        return;
    if (admin->send_away(admin->context, call->id, &l->survey) != ERR_OK) {
        call_no_memory(call);
        free_letter(l);
    }
}
