/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at all connections, and sending one away: a round of all workers.
 */
#include "net/internal.h"

#include <stdlib.h>
#include <string.h>

/** What is asked of every worker; freed after `done`. */
struct survey {
    net_visit *visit; /* or NULL: send `id` away */
    net_survey_done *done;
    void *context;
    uint64_t id;
    atomic_size_t found;
};

static struct net_guest
describe(const struct conn *conn)
{
    const struct identity *identity = conn->identity;

    return (struct net_guest){
        .id = conn->id,
        .since = instant_of(conn->since),
        .peer = conn->peer,
        .identity = identity,
        .requests = conn->requests,
        .in_flight = conn->in_flight,
        .is_streaming = conn->stream != NULL,
        .is_shaking = conn->state == CONN_HANDSHAKE,
    };
}

static void
survey_step(struct worker *worker, void *context)
{
    struct survey *survey = context;

    for (struct conn *c = worker->conns, *next; c != NULL; c = next) {
        next = c->next;
        if (c->is_doomed)
            continue;
        if (survey->visit != NULL) {
            struct net_guest guest = describe(c);
            survey->visit(survey->context, &guest);
        } else if (c->id == survey->id) {
            survey->found++;
            if (c->identity != NULL && c->state == CONN_OPEN)
                conn_end(c, NET_END_ADMIN);
            else
                conn_doom(c);
        }
    }
}

static void
survey_done(void *context)
{
    struct survey *survey = context;

    survey->done(survey->context, survey->found);
    free(survey);
}

static enum err
start(struct net *net, const struct survey *what)
{
    struct survey *survey = malloc(sizeof(*survey));
    enum err err;

    if (survey == NULL)
        return err_set(ERR_NOMEM, "no memory to look at the connections");
    survey->visit = what->visit;
    survey->done = what->done;
    survey->context = what->context;
    survey->id = what->id;
    survey->found = 0;
    err = round_start(net, survey_step, survey_done, survey);
    if (err != ERR_OK)
        free(survey);
    return err;
}

enum err
net_survey(struct net *net, net_visit *visit, net_survey_done *done,
           void *context)
{
    return start(net, &(struct survey){
                          .visit = visit, .done = done, .context = context});
}

enum err
net_send_away(struct net *net, uint64_t id, net_survey_done *done,
              void *context)
{
    return start(net,
                 &(struct survey){.id = id, .done = done, .context = context});
}
