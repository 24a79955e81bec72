/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the api asks of network and main. Everything here is called by the
 * threads of workers.
 */
#include "server/internal.h"

#include "server/numbers.h"

static bool
put_reload(void *context, struct admin_reload *reload)
{
    return inbox_put(&((struct server *)context)->inbox, reload);
}

struct net *
server_net(struct server *s)
{
    /* Its first request may come before net_start has returned to main. */
    return __atomic_load_n(&s->net, __ATOMIC_ACQUIRE);
}

static void
visit(void *context, const struct net_guest *guest)
{
    struct admin_guest seen = numbers_guest(guest);

    admin_survey_add(context, &seen);
}

static void
survey_done(void *context, size_t found)
{
    struct admin_survey *survey = context;

    survey->found = found;
    survey->done(survey);
}

static enum err
survey(void *context, struct admin_survey *what)
{
    struct net *net = server_net(context);

    return net == NULL ? ERR_BUSY : net_survey(net, visit, survey_done, what);
}

static enum err
send_away(void *context, uint64_t id, struct admin_survey *what)
{
    struct net *net = server_net(context);

    return net == NULL ? ERR_BUSY : net_send_away(net, id, survey_done, what);
}

static struct net_counts
counts_of(void *context)
{
    struct net *net = server_net(context);

    return net == NULL ? (struct net_counts){.accepted = 0} : net_counts(net);
}

static void
write_status(void *context, struct reply *j)
{
    struct net_counts net = counts_of(context);
    struct trust_facts trust =
        trustee_facts(&((struct server *)context)->trustee);

    numbers_status(&net, &trust, j);
}

static void
write_metrics(void *context, struct buf *out)
{
    struct clock_port clock = clock_system();
    struct net_counts net = counts_of(context);
    struct trust_facts trust =
        trustee_facts(&((struct server *)context)->trustee);

    numbers_metrics(&net, &trust, clock.now(clock.context), out);
}

struct admin_port
server_admin_port(struct server *s)
{
    return (struct admin_port){.context = s,
                               .reload = put_reload,
                               .survey = survey,
                               .send_away = send_away,
                               .write_status = write_status,
                               .write_metrics = write_metrics};
}
