/* SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
example_begin(struct example *x)
{
    memset(x, 0, sizeof(*x));
    x->naive = naive_create();
}

void
example_end(struct example *x)
{
    naive_destroy(x->naive);
}

uint64_t
cents(const char *text)
{
    char *rest;
    uint64_t amount = strtoull(text, &rest, 10) * 100;

    if (*rest != '.')
        return amount;
    assert(rest[1] != '\0' && rest[2] != '\0');
    return amount + (uint64_t)(rest[1] - '0') * 10 + (uint64_t)(rest[2] - '0');
}

uint64_t
user(char letter)
{
    assert(letter >= 'A' && letter <= 'Z');
    return (uint64_t)(letter - 'A' + 1);
}

struct naive_terms
example_terms(enum naive_format format, const char *start, int64_t close)
{
    struct naive_terms terms;

    memset(&terms, 0, sizeof(terms));
    terms.format = format;
    terms.start = cents(start);
    terms.close = close * 1000;
    terms.reveal_end = (close + 1000) * 1000;
    terms.quantity = 1;
    return terms;
}

enum naive_verdict
example_do(struct example *x, struct naive_command command)
{
    static const uint8_t none[16];

    if (memcmp(command.request, none, sizeof(none)) == 0) {
        x->request++;
        memcpy(command.request, &x->request, sizeof(x->request));
    }
    x->line = naive_apply(x->naive, &command, x->now, 0);
    return x->line->verdict;
}

uint64_t
example_publish(struct example *x, const struct naive_terms *terms)
{
    struct naive_command create = {.kind = NAIVE_CREATE,
                                   .user = EXAMPLE_SELLER,
                                   .role = NAIVE_SELLER,
                                   .terms = terms,
                                   .publish = true};

    EXPECT(ACCEPTED, example_do(x, create));
    return naive_auction_count(x->naive);
}

const struct naive_auction *
example_at(struct example *x, uint64_t id, int64_t seconds)
{
    x->now = seconds * 1000;
    naive_tick(x->naive, x->now);
    CU_ASSERT_TRUE_FATAL(naive_look(x->naive, id, &x->auction));
    return &x->auction;
}

/* ---------------------------------------------------------------- lines */

/** The words of one line, one after another. */
struct words {
    char text[200];
    char *rest;
};

static const char *
next_word(struct words *words)
{
    return strtok_r(NULL, " :;", &words->rest);
}

static const char *
first_word(struct words *words, const char *line, size_t length)
{
    assert(length < sizeof(words->text));
    memcpy(words->text, line, length);
    words->text[length] = '\0';
    return strtok_r(words->text, " :;", &words->rest);
}

static void
check_amount(const char *what, const char *wanted, uint64_t got)
{
    if (cents(wanted) != got)
        fprintf(stderr, "# %s: wanted %s, got %llu\n", what, wanted,
                (unsigned long long)got);
    CU_ASSERT_EQUAL(got, cents(wanted));
}

/** "TOO_LOW" for ERR_TOO_LOW; whether the next word is an amount. */
static bool
check_verdict(const struct example *x, const char *word)
{
    const char *name = naive_verdict_name(x->line->verdict);

    CU_ASSERT_STRING_EQUAL(name + 4, word);
    return strcmp(word, "TOO_LOW") == 0;
}

static void
check_rest(struct example *x, struct words *words)
{
    const struct naive_auction *a = &x->auction;
    const char *word;
    bool is_refused = false;

    while ((word = next_word(words)) != NULL) {
        if (strcmp(word, "=>") == 0) {
            CU_ASSERT_EQUAL(a->leader, user(next_word(words)[0]));
        } else if (strcmp(word, "next") == 0) {
            check_amount("next", next_word(words), naive_min_next(a));
        } else if (strcmp(word, "close") == 0) {
            CU_ASSERT_EQUAL(a->close, atoll(next_word(words)) * 1000);
        } else if (word[0] >= '0' && word[0] <= '9') {
            check_amount("price", word, a->price);
        } else {
            is_refused = true;
            if (check_verdict(x, word))
                check_amount("minimum", next_word(words), x->line->detail);
        }
    }
    if (!is_refused)
        EXPECT(ACCEPTED, x->line->verdict);
}

static void
play_line(struct example *x, uint64_t id, const char *line, size_t length)
{
    struct words words;
    const char *word = first_word(&words, line, length);
    struct naive_command c = {
        .kind = NAIVE_BID, .auction = id, .role = NAIVE_BIDDER};

    if (word[0] == '@') {
        x->now = atoll(word + 1) * 1000;
        word = next_word(&words);
    }
    c.user = user(word[0]);
    word = next_word(&words);
    if (strcmp(word, "buy") == 0) {
        naive_look(x->naive, id, &x->auction);
        c.kind = NAIVE_BUY;
        c.amount = x->auction.terms.buy_now;
    } else if (strcmp(word, "retract") == 0) {
        c.kind = NAIVE_RETRACT;
        c.why = 1;
    } else {
        c.amount = cents(word);
    }
    example_do(x, c);
    CU_ASSERT_TRUE_FATAL(naive_look(x->naive, id, &x->auction));
    check_rest(x, &words);
}

void
example_play(struct example *x, uint64_t id, const char *lines)
{
    while (*lines != '\0') {
        const char *end = strchr(lines, '\n');

        assert(end != NULL);
        play_line(x, id, lines, (size_t)(end - lines));
        lines = end + 1;
    }
}

void
example_sold(struct example *x, uint64_t id, char winner, const char *price)
{
    CU_ASSERT_TRUE_FATAL(naive_look(x->naive, id, &x->auction));
    CU_ASSERT_EQUAL(x->auction.state, NAIVE_CLOSED);
    CU_ASSERT_EQUAL(x->auction.outcome, NAIVE_SOLD);
    CU_ASSERT_TRUE_FATAL(x->auction.award_count >= 1);
    CU_ASSERT_EQUAL(x->auction.awards[0].user, user(winner));
    check_amount("sold", price, x->auction.awards[0].price);
}
