/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A forgotten reveal loses a bid, and may cost a bond: so it is said again
 * whenever half of the time that was left has passed.
 */
#include "cli.h"
#include "opening.h"

#include <string.h>

enum { REMIND_MS_MIN = 5000, REMIND_MS_MAX = 3600000 };

/** One auction's: the openings in it that wait, up to the next auction. */
struct waiting {
    uint64_t auction;
    size_t count;
    int64_t ends_ms;
    const char *title;
};

/** Whose openings are meant: others may share the folder. */
struct own {
    char log[AUCTION_LOG_NAME_BYTES];
    uint64_t uid;
};

static bool
waits(const struct auction_opening *o, const struct own *own, int64_t now)
{
    return (o->state == AUCTION_OPENING_LIVE ||
            o->state == AUCTION_OPENING_PREPARED) &&
           strcmp(o->log, own->log) == 0 && o->uid == own->uid &&
           o->closes_ms <= now;
}

/** Until when the auction is being revealed, by the server; 0: it is not. */
static int64_t
ask_end(struct cli *cli, struct auction_client *asking, uint64_t auction)
{
    struct auction_result result;
    struct instant end = {0};
    char path[64];
    json_t *a;
    int code;

    snprintf(path, sizeof(path), "/v1/auctions/%llu",
             (unsigned long long)auction);
    a = get_json(cli, asking, path, &result, &code);
    if (strcmp(text_of(a, "status"), "reveal") == 0 &&
        instant_parse(&end, text_of(a, "reveal_ends_at"),
                      strlen(text_of(a, "reveal_ends_at"))) != ERR_OK)
        end.ms = 0;
    json_decref(a);
    auction_result_release(&result);
    return end.ms;
}

static int64_t
say(struct cli *cli, struct auction_client *asking, const struct waiting *w,
    int64_t now)
{
    int64_t end = ask_end(cli, asking, w->auction), left = end - now;
    char when[INSTANT_TEXT_BYTES], rest[64];

    if (left < REMIND_MS_MIN) /* it is over, or as good as */
        return REMIND_MS_MAX;
    fprintf(stderr,
            "auction: REVEAL NOW: auction %llu \"%s\" waits for %zu of your "
            "bids until %s (%s left): auction reveal %llu\n",
            (unsigned long long)w->auction, plain(w->title), w->count,
            instant_format(when, instant_of(end)),
            duration_text(rest, left / 1000), (unsigned long long)w->auction);
    return left / 2;
}

/** When the next one of those that do not wait yet will. */
static int64_t
next_close(const struct auction_openings *all, const struct own *own,
           int64_t now)
{
    int64_t next = now + REMIND_MS_MAX;

    for (size_t i = 0; i < all->count; i++) {
        const struct auction_opening *o = &all->items[i];

        if (waits(o, own, INT64_MAX) && o->closes_ms > now &&
            o->closes_ms < next)
            next = o->closes_ms;
    }
    return next;
}

static int64_t
remind_all(struct cli *cli, struct auction_client *asking,
           const struct auction_openings *all, const struct own *own,
           int64_t now)
{
    int64_t pause = next_close(all, own, now) - now;

    for (size_t i = 0; i < all->count;) {
        struct waiting w = {.auction = all->items[i].auction,
                            .title = all->items[i].title};
        int64_t wanted;

        for (; i < all->count && all->items[i].auction == w.auction; i++)
            w.count += waits(&all->items[i], own, now);
        if (w.count == 0)
            continue;
        wanted = say(cli, asking, &w, now);
        if (wanted < pause)
            pause = wanted;
    }
    return pause < REMIND_MS_MIN ? REMIND_MS_MIN : pause;
}

/** The log and our number in it; false when the server does not tell them. */
static bool
find_own(struct cli *cli, struct auction_client *asking, struct own *own)
{
    struct auction_result result;
    json_t *me;
    int code = 0;
    bool has_log = auction_check_log(asking, &result) == AUCTION_ACCEPTED;

    auction_result_release(&result);
    if (!has_log)
        return false;
    auction_log_name(asking, own->log);
    me = get_json(cli, asking, "/v1/me", &result, &code);
    if (!id_parse(&own->uid, text_of(me, "uid")))
        own->uid = 0;
    json_decref(me);
    auction_result_release(&result);
    return own->uid != 0;
}

void
remind(struct cli *cli, struct auction_client *asking,
       struct reminder *reminder)
{
    struct auction_openings all;
    struct auction_result result;
    char state[CLI_TEXT_BYTES];
    struct own own;
    int64_t now = when_now().ms;

    if (now < reminder->next_ms)
        return;
    reminder->next_ms = now + REMIND_MS_MIN;
    if (!cli_state_dir(state) ||
        auction_openings_load(state, &all, &result) != AUCTION_ACCEPTED)
        return;
    if (all.count > 0 && find_own(cli, asking, &own))
        reminder->next_ms = now + remind_all(cli, asking, &all, &own, now);
    auction_openings_release(&all);
}
