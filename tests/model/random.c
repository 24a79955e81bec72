/* SPDX-License-Identifier: Apache-2.0 */
/* Random steps: when, who, what, how much. */
#include "random.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>

uint64_t
random_below(struct random_world *w, uint64_t bound)
{
    return tap_random(&w->state) % bound;
}

static bool
percent(struct random_world *w, unsigned share)
{
    return random_below(w, 100) < share;
}

/* ----------------------------------------------------------------- when */

/** Moments at which something changes, not before now. */
struct moments {
    int64_t at[1024];
    size_t count;
    int64_t now;
};

static void
add_moment(struct moments *m, int64_t at)
{
    if (at >= m->now && m->count < sizeof(m->at) / sizeof(m->at[0]))
        m->at[m->count++] = at;
}

static void
add_moments(struct moments *m, const struct naive_auction *a)
{
    const struct naive_terms *r = &a->terms;

    add_moment(m, r->open);
    add_moment(m, a->close);
    add_moment(m, a->close - r->window);
    if (a->hard_end > 0)
        add_moment(m, a->hard_end);
    if (naive_is_sealed(r))
        add_moment(m, a->reveal_end);
    if (r->withdraw_until > 0)
        add_moment(m, r->withdraw_until);
    if (a->ended > 0 && r->pay_within > 0)
        add_moment(m, a->ended + r->pay_within);
    if (r->retraction)
        add_moment(m, a->close - 12 * 3600000);
    for (size_t i = 0; r->retraction && i < a->bid_count; i++)
        add_moment(m, a->bids[i].t + 3600000);
    if (r->format == NAIVE_DUTCH && m->now >= r->open)
        add_moment(m, r->open +
                          ((m->now - r->open) / r->interval + 1) * r->interval);
}

static int64_t
near_a_moment(struct random_world *w)
{
    static struct naive_auction a;
    static struct moments m;
    int64_t chosen;

    m.count = 0;
    m.now = w->clock;
    for (uint64_t id = 1; naive_look(w->twin.naive, id, &a); id++)
        if (!naive_is_final(&a))
            add_moments(&m, &a);
    if (m.count == 0)
        return w->clock;
    chosen = m.at[random_below(w, m.count)];
    for (size_t i = 0; i < m.count; i++) /* mostly the nearest */
        if (m.at[i] < chosen && percent(w, 90))
            chosen = m.at[i];
    chosen += (int64_t)random_below(w, 5) / 2 - 1; /* -1 -1 0 0 1 */
    return chosen < w->clock ? w->clock : chosen;
}

static void
move_clock(struct random_world *w)
{
    uint64_t dice = random_below(w, 100);

    if (dice < 50)
        return;
    if (dice < 70)
        w->clock += (int64_t)random_below(w, 3000);
    else if (dice < 90)
        w->clock = near_a_moment(w);
    else if (dice < 95)
        w->clock += (int64_t)random_below(w, 600000);
}

/* ------------------------------------------------------------------ who */

static enum naive_role
role_of(uint64_t user)
{
    if (user <= TWIN_BIDDERS)
        return NAIVE_BIDDER;
    if (user == TWIN_TRADER)
        return NAIVE_TRADER;
    return user == TWIN_ADMIN ? NAIVE_ADMIN : NAIVE_SELLER;
}

static uint64_t
a_bidder(struct random_world *w)
{
    return 1 + random_below(w, TWIN_BIDDERS + 1);
}

static uint64_t
a_seller(struct random_world *w)
{
    return TWIN_TRADER + random_below(w, 3);
}

/* ------------------------------------------------------------- how much */

/** An amount around those that decide an English auction. */
static uint64_t
english_amount(struct random_world *w, const struct naive_auction *a)
{
    uint64_t next = naive_min_next(a);

    switch (random_below(w, 12)) {
    case 0:
        return next - 1;
    case 1:
    case 2:
        return next;
    case 3:
        return next + random_below(w, 20);
    case 4:
        return a->maximum;
    case 5:
        return a->maximum + 1;
    case 6:
        return a->maximum + naive_increment(&a->terms, a->maximum);
    case 7:
        return a->terms.reserve + random_below(w, 3) - 1;
    case 8:
        return a->terms.buy_now + random_below(w, 2);
    case 9:
        return a->terms.start;
    default:
        return next + random_below(w, 1500);
    }
}

static void
own_price(struct random_world *w, struct naive_command *c,
          const struct naive_auction *a)
{
    c->quantity = percent(w, 10) ? a->terms.quantity + random_below(w, 2)
                                 : 1 + random_below(w, a->terms.quantity);
    c->amount = a->terms.floor + random_below(w, 6) * 25;
    if (percent(w, 4))
        c->amount = a->terms.floor - 1;
}

/** The id of one of the user's bids, or of another's, or of none. */
static uint64_t
a_bid(struct random_world *w, const struct naive_auction *a, uint64_t user)
{
    uint64_t found = 0;

    for (size_t i = 0; i < a->bid_count; i++)
        if (a->bids[i].user == user && (found == 0 || percent(w, 40)))
            found = a->bids[i].seq;
    if (percent(w, 4) && a->bid_count > 0)
        found = a->bids[random_below(w, a->bid_count)].seq;
    return found;
}

/** Nonces are a function of the amount, so that openings can be made. */
static void
make_nonce(uint8_t nonce[32], uint64_t user, uint64_t amount, uint64_t quantity)
{
    memset(nonce, 0, 32);
    memcpy(nonce, &user, sizeof(user));
    memcpy(nonce + 8, &amount, sizeof(amount));
    memcpy(nonce + 16, &quantity, sizeof(quantity));
}

/* The secret amount is hidden in the cap's last digits by the generator: an
 * opening can then be found again from the commitment alone. */
enum { SECRETS = 64 };

static void
secret(const struct naive_auction *a, uint64_t user, unsigned which,
       uint64_t *amount, uint64_t *quantity)
{
    bool is_uniform = a->terms.format == NAIVE_UNIFORM;
    uint64_t base = is_uniform ? a->terms.floor : a->terms.start;

    *amount = base + (which % 16) * 25;
    if (which % 16 == 15)
        *amount = base > 1 ? base - 1 : base;
    *quantity =
        is_uniform ? 1 + (which / 16 * 7 + user) % a->terms.quantity : 1;
}

static void
make_commit(struct random_world *w, struct naive_command *c,
            const struct naive_auction *a)
{
    unsigned which = (unsigned)random_below(w, SECRETS);
    uint64_t amount, quantity, whose = c->user;

    secret(a, c->user, which, &amount, &quantity);
    make_nonce(c->nonce, c->user, amount, quantity);
    if (percent(w, 3))
        whose = a_bidder(w);
    naive_commitment(c->c, a->id, whose, (uint32_t)quantity, amount, c->nonce);
    memset(c->nonce, 0, sizeof(c->nonce)); /* it stays at home */
    c->cap = amount * quantity + random_below(w, 3) * 100;
    if (percent(w, 4) && c->cap > 1)
        c->cap--;
    if (a->terms.format == NAIVE_UNIFORM && percent(w, 35))
        c->bid = a_bid(w, a, c->user);
}

static void
make_reveal(struct random_world *w, struct naive_command *c,
            const struct naive_auction *a)
{
    const struct naive_bid *live = NULL;

    for (size_t i = 0; i < a->bid_count; i++)
        if (a->bids[i].user == c->user && !a->bids[i].is_gone &&
            (live == NULL || percent(w, 50)))
            live = &a->bids[i];
    c->amount = a->terms.start + 25;
    c->quantity = 1;
    if (a->terms.format == NAIVE_UNIFORM)
        c->bid = live == NULL ? a_bid(w, a, c->user) : live->seq;
    for (unsigned which = 0; live != NULL && which < SECRETS; which++) {
        uint64_t amount, quantity;
        uint8_t hash[32];

        secret(a, c->user, which, &amount, &quantity);
        make_nonce(c->nonce, c->user, amount, quantity);
        naive_commitment(hash, a->id, c->user, (uint32_t)quantity, amount,
                         c->nonce);
        c->amount = amount;
        c->quantity = quantity;
        if (memcmp(hash, live->c, sizeof(hash)) == 0)
            break;
    }
    if (percent(w, 5))
        c->amount++;
    if (a->terms.format != NAIVE_UNIFORM)
        c->quantity = 0; /* not sent */
}

static void
make_take(struct random_world *w, struct naive_command *c,
          const struct naive_auction *a)
{
    int64_t t = w->clock < a->terms.open ? a->terms.open : w->clock;
    uint64_t price =
        a->terms.format == NAIVE_DUTCH ? naive_dutch_price(&a->terms, t) : 1000;

    c->quantity = 1 + random_below(w, a->terms.quantity + 1);
    c->all_or_none = percent(w, 40);
    c->limit = price + random_below(w, 3) * 100;
    if (percent(w, 25) && price > 1)
        c->limit = price - 1;
}

/* ----------------------------------------------------------------- what */

static enum naive_kind
kind_for(struct random_world *w, const struct naive_auction *a)
{
    static const enum naive_kind any[] = {
        NAIVE_BID,    NAIVE_BUY,      NAIVE_TAKE,    NAIVE_COMMIT,
        NAIVE_REVEAL, NAIVE_WITHDRAW, NAIVE_RETRACT, NAIVE_CANCEL,
        NAIVE_VOID,   NAIVE_PAY,      NAIVE_PUBLISH, NAIVE_CORRECT};
    uint64_t dice = random_below(w, 100);

    if (dice < 5)
        return any[random_below(w, sizeof(any) / sizeof(any[0]))];
    if (a->state == NAIVE_DRAFT && dice < 60)
        return NAIVE_PUBLISH;
    if (a->state == NAIVE_CLOSED && dice < 60)
        return NAIVE_PAY;
    if (dice < 7)
        return NAIVE_CANCEL;
    if (dice < 9)
        return NAIVE_VOID;
    if (dice < 10 && a->award_count > 0)
        return NAIVE_CORRECT;
    switch (a->terms.format) {
    case NAIVE_ENGLISH:
        return dice < 18 ? NAIVE_BUY : dice < 26 ? NAIVE_RETRACT : NAIVE_BID;
    case NAIVE_SEALED:
    case NAIVE_VICKREY:
        break;
    case NAIVE_DUTCH:
        return NAIVE_TAKE;
    case NAIVE_UNIFORM:
        if (!a->terms.sealed)
            return dice < 20 ? NAIVE_WITHDRAW : NAIVE_BID;
        break;
    case NAIVE_FORMATS:
        CHECK(false);
    }
    if (a->state == NAIVE_IN_REVEAL)
        return NAIVE_REVEAL;
    return dice < 20 ? NAIVE_WITHDRAW : dice < 24 ? NAIVE_REVEAL : NAIVE_COMMIT;
}

static void
fill_in(struct random_world *w, struct naive_command *c,
        const struct naive_auction *a)
{
    bool is_uniform = a->terms.format == NAIVE_UNIFORM;

    if (c->kind == NAIVE_BID && !is_uniform)
        c->amount = english_amount(w, a);
    if (c->kind == NAIVE_BID && is_uniform) {
        own_price(w, c, a);
        if (percent(w, 30))
            c->bid = a_bid(w, a, c->user);
    }
    if (c->kind == NAIVE_BUY)
        c->amount = a->terms.buy_now == 0 ? 100 : a->terms.buy_now;
    if (c->kind == NAIVE_TAKE)
        make_take(w, c, a);
    if (c->kind == NAIVE_COMMIT)
        make_commit(w, c, a);
    if (c->kind == NAIVE_REVEAL)
        make_reveal(w, c, a);
    if (c->kind == NAIVE_WITHDRAW && is_uniform)
        c->bid = a_bid(w, a, c->user);
    if (c->kind == NAIVE_RETRACT)
        c->why = 1 + (unsigned)random_below(w, 3);
    if (c->kind == NAIVE_VOID || c->kind == NAIVE_PAY)
        c->whom = a_bidder(w);
    if (c->kind == NAIVE_PAY && a->award_count > 0 && percent(w, 80))
        c->whom = a->awards[random_below(w, a->award_count)].user;
    if (c->kind == NAIVE_CORRECT)
        c->invoice = 1 + random_below(w, 8);
    if (c->kind == NAIVE_CORRECT || c->kind == NAIVE_VOID ||
        (c->kind == NAIVE_CANCEL && percent(w, 80)))
        c->why = 1;
}

static uint64_t
who_for(struct random_world *w, enum naive_kind kind,
        const struct naive_auction *a)
{
    if (percent(w, 4))
        return 1 + random_below(w, TWIN_USERS);
    if (kind == NAIVE_VOID)
        return TWIN_ADMIN;
    if (kind == NAIVE_CANCEL || kind == NAIVE_PAY || kind == NAIVE_CORRECT)
        return percent(w, 30) ? TWIN_ADMIN : a->seller;
    if (kind == NAIVE_PUBLISH)
        return a->seller;
    return a_bidder(w);
}

static bool
is_amount(uint64_t amount)
{
    return amount >= 1 && amount <= NAIVE_AMOUNT_MAX;
}

/** Commands whose form the API would refuse come marked as such. */
static bool
is_formless(const struct naive_command *c)
{
    if (c->kind == NAIVE_BID || c->kind == NAIVE_BUY)
        return !is_amount(c->amount);
    if (c->kind == NAIVE_TAKE)
        return c->quantity < 1 || !is_amount(c->limit);
    if (c->kind == NAIVE_COMMIT)
        return !is_amount(c->cap);
    if (c->kind == NAIVE_REVEAL)
        return !is_amount(c->amount);
    return c->kind == NAIVE_CANCEL && c->role == NAIVE_ADMIN && c->why == 0;
}

static void
an_auctions_command(struct random_world *w, struct naive_command *c)
{
    static struct naive_auction a;
    uint64_t count = naive_auction_count(w->twin.naive);

    /* Mostly the newest ones: the older have ended. */
    c->auction =
        count - random_below(w, count < 3 || percent(w, 30) ? count : 3);
    naive_look(w->twin.naive, c->auction, &a);
    do
        c->kind = kind_for(w, &a);
    while (!twin_has_kind(c->kind));
    c->user = who_for(w, c->kind, &a);
    fill_in(w, c, &a);
    if (percent(w, 1))
        c->auction = count + 1;
}

static void
an_administrators_command(struct random_world *w, struct naive_command *c)
{
    static const enum naive_kind kinds[] = {NAIVE_SUSPEND, NAIVE_RESTORE,
                                            NAIVE_RESTORE, NAIVE_CREDIT,
                                            NAIVE_CREDIT};

    do
        c->kind = kinds[random_below(w, sizeof(kinds) / sizeof(kinds[0]))];
    while (!twin_has_kind(c->kind));
    c->user = percent(w, 5) ? a_bidder(w) : TWIN_ADMIN;
    c->whom = a_bidder(w);
    c->why = c->kind == NAIVE_SUSPEND;
    if (c->kind == NAIVE_CREDIT)
        c->limit = percent(w, 30) ? NAIVE_NO_LIMIT : 1 + random_below(w, 8000);
}

static void
a_new_auction(struct random_world *w, struct twin_step *step)
{
    step->command.kind = NAIVE_CREATE;
    step->command.user =
        percent(w, 4) ? 1 + random_below(w, TWIN_USERS) : a_seller(w);
    step->command.publish = !percent(w, 15);
    random_terms(w, &step->terms);
}

/** An earlier command again, perhaps with a field changed. */
static bool
a_repetition(struct random_world *w, struct twin_step *step)
{
    const struct twin_step *old = &w->steps[random_below(w, w->step_count)];

    if (old->what != TWIN_COMMAND)
        return false;
    *step = *old;
    step->at = w->clock;
    if (percent(w, 30) && step->command.kind == NAIVE_BID)
        step->command.amount++;
    return true;
}

static void
a_command(struct random_world *w, struct twin_step *step)
{
    struct naive_command *c = &step->command;
    uint64_t count = naive_auction_count(w->twin.naive);

    if (w->step_count > 0 && percent(w, 5) && a_repetition(w, step))
        return;
    if (count == 0 || (count < TWIN_AUCTIONS_MAX && percent(w, 6)))
        a_new_auction(w, step);
    else if (percent(w, 4) && twin_has_kind(NAIVE_CREDIT))
        an_administrators_command(w, c);
    else
        an_auctions_command(w, c);
    c->role = role_of(c->user);
    c->is_malformed = percent(w, 1) || is_formless(c);
    c->is_ill_signed = percent(w, 1);
    w->request++;
    memcpy(c->request, &w->request, sizeof(w->request));
    c->request[15] = 0xff;
}

const struct twin_step *
random_step(struct random_world *w)
{
    static const int64_t away[] = {0, 1, 3000, 30000, 400000, 7200000};
    struct twin_step *step = &w->steps[w->step_count];
    uint64_t dice = random_below(w, 1000);

    CHECK(w->step_count < RANDOM_STEPS_MAX);
    move_clock(w);
    memset(step, 0, sizeof(*step));
    step->at = w->clock;
    if (percent(w, 3)) /* the clock steps back for a moment */
        step->at -= (int64_t)random_below(w, 10000);
    if (dice < 12) {
        step->what = dice < 6 ? TWIN_STOP : TWIN_CRASH;
        step->away = away[random_below(w, sizeof(away) / sizeof(away[0]))];
        if (step->at + step->away > w->clock)
            w->clock = step->at + step->away;
    } else if (dice < 60) {
        step->what = TWIN_TICK;
    } else {
        a_command(w, step);
    }
    w->step_count++;
    return step;
}

/* ------------------------------------------------------------- in words */

static void
print_terms(const struct naive_terms *r)
{
    printf(" %s S=%llu R=%llu B=%llu F=%llu open=%lld close=%lld hard=%lld "
           "w=%lld e=%lld reveal_end=%lld Q=%llu drop=%llu i=%lld steps=%zu "
           "pay=%lld grace=%lld bond=%llu until=%lld%s%s%s%s%s",
           twin_format_name(r->format), (unsigned long long)r->start,
           (unsigned long long)r->reserve, (unsigned long long)r->buy_now,
           (unsigned long long)r->floor, (long long)r->open,
           (long long)r->close, (long long)r->hard_end, (long long)r->window,
           (long long)r->extension, (long long)r->reveal_end,
           (unsigned long long)r->quantity, (unsigned long long)r->drop,
           (long long)r->interval, r->steps, (long long)r->pay_within,
           (long long)r->grace, (unsigned long long)r->bond,
           (long long)r->withdraw_until, r->no_proxy ? " no-proxy" : "",
           r->retraction ? " retraction" : "", r->sealed ? " sealed" : "",
           r->prorata ? " prorata" : "", r->hrb ? " hrb" : "");
}

void
random_print(const struct twin_step *step)
{
    static const char *const whats[] = {"", "tick", "stop", "crash"};
    const struct naive_command *c = &step->command;

    printf("# t=%lld ", (long long)step->at);
    if (step->what != TWIN_COMMAND) {
        printf("%s, away %lld\n", whats[step->what], (long long)step->away);
        return;
    }
    printf("%s %s auction=%llu amount=%llu", twin_user_name(c->user),
           twin_kind_name(c->kind), (unsigned long long)c->auction,
           (unsigned long long)c->amount);
    if (c->quantity != 0)
        printf(" quantity=%llu", (unsigned long long)c->quantity);
    if (c->limit != 0)
        printf(" limit=%llu%s", (unsigned long long)c->limit,
               c->all_or_none ? " all-or-none" : "");
    if (c->cap != 0)
        printf(" cap=%llu", (unsigned long long)c->cap);
    if (c->bid != 0)
        printf(" bid=%llu", (unsigned long long)c->bid);
    if (c->whom != 0)
        printf(" whom=%s", twin_user_name(c->whom));
    if (c->invoice != 0)
        printf(" invoice=%llu", (unsigned long long)c->invoice);
    if (c->kind == NAIVE_CREATE)
        print_terms(&step->terms);
    printf("%s%s%s request=%02x%02x\n", c->publish ? " publish" : "",
           c->is_malformed ? " MALFORMED" : "",
           c->is_ill_signed ? " ILL-SIGNED" : "", c->request[1], c->request[0]);
}
