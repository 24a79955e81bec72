/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <stdio.h>
#include <string.h>

#include "audit/canon.h"
#include "audit/canon_read.h"
#include "audit/record.h"
#include "audit/record_rows.h"

static struct record_text text, text_again;

static const struct record_award two_awards[] = {{700, 5, 2}, {850, 3, 9}};

static void
fill_sig(struct record_sig *sig)
{
    *sig = (struct record_sig){.alg = SIG_ALG_P256,
                               .seen = {3, hash_of("seen", 4)},
                               .has_terms = true,
                               .terms = hash_of("terms", 5),
                               .until = 1792000060000,
                               .value_size = 70};
    memset(sig->value, 0x5a, sig->value_size);
}

/* Give one member a value of its kind. */
static void
fill_member(struct record *r, enum record_member member)
{
    void *field = record_field_out(r, member);

    record_mark(r, member);
    switch (record_rows[member].kind) {
    case KIND_INT:
        *(int64_t *)field = member == MEMBER_v ? 1 : 1000 + (int64_t)member;
        break;
    case KIND_FLAG:
        *(bool *)field = true;
        break;
    case KIND_TEXT:
        *(struct text_ref *)field = text_ref_of("Zo\xc3\xab \"Z\"\n\x01\\");
        break;
    case KIND_HASH:
        *(struct hash *)field = hash_of(&member, sizeof(member));
        break;
    case KIND_BYTES16:
        memset(field, 0xa5, 16);
        break;
    case KIND_TYPE:
        break;
    case KIND_VIS:
        r->vis = RECORD_VIS_CLOSE;
        break;
    case KIND_ACTOR:
        r->actor = (struct record_actor){true, hash_of("fp", 2),
                                         RECORD_ACTOR_USER, true, 7};
        break;
    case KIND_SIG:
        fill_sig(&r->sig);
        break;
    case KIND_PREV:
        r->prev = (struct record_prev){text_ref_of("a.example/log/1"),
                                       hash_of("root", 4), 1000};
        break;
    case KIND_AWARDS:
        r->awards = (struct record_awards){two_awards, 2};
        break;
    }
}

/* Every member that the type requires, and also the optional ones if asked. */
static void
fill_record(struct record *r, enum record_type type, bool also_optional)
{
    struct record_flaw flaw;

    record_init(r, type);
    while ((flaw = record_find_flaw(r)).text != NULL) {
        CU_ASSERT_FATAL(strcmp(flaw.text, "missing") == 0);
        fill_member(r, flaw.member);
    }
    for (size_t m = 0; also_optional && m < RECORD_MEMBER_COUNT; m++) {
        struct record more = *r;

        fill_member(&more, (enum record_member)m);
        if (record_find_flaw(&more).text == NULL)
            *r = more;
    }
}

static enum err
decode(const char *line)
{
    struct record r;

    return record_decode(line, strlen(line), &r, &text);
}

/* Encode, decode and encode again. */
static void
round_trip(const struct record *r)
{
    struct record again;
    struct buf first, second;

    buf_init(&first, RECORD_BYTES_MAX);
    buf_init(&second, RECORD_BYTES_MAX);
    CU_ASSERT(record_encode(r, &first) == ERR_OK);
    CU_ASSERT(canon_check(first.bytes, first.size) == ERR_OK);
    CU_ASSERT(record_decode(first.bytes, first.size, &again, &text) == ERR_OK);
    CU_ASSERT(memcmp(again.present, r->present, sizeof(r->present)) == 0);
    CU_ASSERT(record_encode(&again, &second) == ERR_OK);
    CU_ASSERT(first.size == second.size);
    CU_ASSERT(memcmp(first.bytes, second.bytes, first.size) == 0);
    buf_release(&first);
    buf_release(&second);
}

static void
members_stand_in_byte_order(void)
{
    for (size_t m = 1; m < RECORD_MEMBER_COUNT; m++)
        CU_ASSERT(strcmp(record_rows[m - 1].name, record_rows[m].name) < 0);
}

static void
every_type_survives_encoding_and_decoding(void)
{
    struct record r;

    for (size_t t = 0; t < RECORD_TYPE_COUNT; t++) {
        fill_record(&r, (enum record_type)t, false);
        round_trip(&r);
        fill_record(&r, (enum record_type)t, true);
        round_trip(&r);
    }
}

static void
every_type_has_its_name(void)
{
    enum record_type found;

    for (size_t t = 0; t < RECORD_TYPE_COUNT; t++) {
        const char *name = record_type_text((enum record_type)t);

        CU_ASSERT(record_type_parse(&found, name, strlen(name)));
        CU_ASSERT(found == (enum record_type)t);
    }
    CU_ASSERT(!record_type_parse(&found, "bid.accepte", 11));
    CU_ASSERT(!record_type_parse(&found, "", 0));
}

/* Written by hand from the members a bid must have. */
#define BID                                                                    \
    "{\"actor\":{\"fp\":\"00000000000000000000000000000000000000000000000000"  \
    "00000000000000\",\"kind\":\"user\",\"uid\":7},\"aseq\":4,\"auction\":"    \
    "2041,\"close\":1792000060000,\"leader\":7,\"max\":12500,\"min_next\":"    \
    "11250,\"price\":11000,\"request\":\"00112233445566778899aabbccddeeff\","  \
    "\"salt\":\"ffeeddccbbaa99887766554433221100\",\"seq\":20711,\"t\":"       \
    "1792000000000,\"tx\":15002,\"type\":\"bid.accepted\",\"v\":1,\"vis\":"    \
    "\"close\"}"

static void
fill_bid(struct record *r)
{
    static const uint8_t request[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
                                        0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
                                        0xcc, 0xdd, 0xee, 0xff};

    record_init(r, RECORD_BID_ACCEPTED);
    record_mark(r, MEMBER_actor);
    r->actor = (struct record_actor){
        .has_fp = true, .kind = RECORD_ACTOR_USER, .has_uid = true, .uid = 7};
    RECORD_SET(r, aseq, 4);
    RECORD_SET(r, auction, 2041);
    RECORD_SET(r, close, 1792000060000);
    RECORD_SET(r, leader, 7);
    RECORD_SET(r, max, 12500);
    RECORD_SET(r, min_next, 11250);
    RECORD_SET(r, price, 11000);
    RECORD_SET(r, seq, 20711);
    RECORD_SET(r, t, 1792000000000);
    RECORD_SET(r, tx, 15002);
    RECORD_SET(r, vis, RECORD_VIS_CLOSE);
    record_mark(r, MEMBER_request);
    record_mark(r, MEMBER_salt);
    memcpy(r->request.bytes, request, 16);
    for (size_t i = 0; i < 16; i++)
        r->salt.bytes[i] = request[15 - i];
}

static void
a_bid_is_written_to_the_byte(void)
{
    struct record r;
    struct buf out;

    fill_bid(&r);
    buf_init(&out, RECORD_BYTES_MAX);
    CU_ASSERT(record_encode(&r, &out) == ERR_OK);
    CU_ASSERT(out.size == strlen(BID));
    CU_ASSERT(memcmp(out.bytes, BID, out.size) == 0);
    buf_release(&out);
}

static void
a_bid_is_read_back(void)
{
    struct record r;

    CU_ASSERT_FATAL(record_decode(BID, strlen(BID), &r, &text) == ERR_OK);
    CU_ASSERT(r.type == RECORD_BID_ACCEPTED);
    CU_ASSERT(RECORD_HAS(&r, max) && r.max == 12500);
    CU_ASSERT(!RECORD_HAS(&r, sig) && !RECORD_HAS(&r, due));
    CU_ASSERT(r.actor.has_fp && r.actor.uid == 7);
    CU_ASSERT(r.request.bytes[1] == 0x11 && r.salt.bytes[15] == 0);
    CU_ASSERT(r.vis == RECORD_VIS_CLOSE);
}

#define HEARTBEAT(members)                                                     \
    "{\"salt\":\"ffeeddccbbaa99887766554433221100\"," members "}"
#define TAIL "\"t\":9,\"tx\":1,\"type\":\"log.heartbeat\",\"v\":1"
#define STOP(cause)                                                            \
    "{\"cause\":" cause ",\"salt\":\"ffeeddccbbaa99887766554433221100\","      \
    "\"seq\":5,\"t\":9,\"tx\":1,\"type\":\"server.stop\",\"v\":1}"
#define OPENED(recovered)                                                      \
    "{\"boot\":\"b\",\"build\":\"x\",\"config_blob\":"                         \
    "\"0000000000000000000000000000000000000000000000000000000000000000\","    \
    "\"recovered\":" recovered ",\"salt\":"                                    \
    "\"ffeeddccbbaa99887766554433221100\",\"seq\":5,\"t\":9,\"tx\":1,"         \
    "\"type\":\"server.start\",\"v\":1,\"version\":\"1\"}"

static const char *const malformed[] = {
    "",
    "{",
    "{}",
    "[]",
    "0",
    "\"\"",
    HEARTBEAT("\"seq\":5," TAIL) "\n",
    HEARTBEAT("\"seq\":5," TAIL) " ",
    " " HEARTBEAT("\"seq\":5," TAIL),
    HEARTBEAT("\"seq\": 5," TAIL),
    HEARTBEAT("\"seq\":05," TAIL),
    HEARTBEAT("\"seq\":+5," TAIL),
    HEARTBEAT("\"seq\":-0," TAIL),
    HEARTBEAT("\"seq\":-," TAIL),
    HEARTBEAT("\"seq\":5.0," TAIL),
    HEARTBEAT("\"seq\":5e0," TAIL),
    HEARTBEAT("\"seq\":null," TAIL),
    HEARTBEAT("\"seq\":true," TAIL),
    HEARTBEAT("\"seq\":\"5\"," TAIL),
    HEARTBEAT("\"seq\":[5]," TAIL),
    HEARTBEAT("\"seq\":9007199254740992," TAIL),
    HEARTBEAT("\"seq\":99999999999999999999999," TAIL),
    HEARTBEAT("\"seq\":5,\"seq\":5," TAIL),
    HEARTBEAT("\"seq\":5,,\"t\":9,\"tx\":1,"
              "\"type\":\"log.heartbeat\",\"v\":1"),
    HEARTBEAT("\"seq\":5," TAIL ","),
    HEARTBEAT("\"seq\":5," TAIL ",\"zzz\":1"),
    HEARTBEAT("\"seq\":5," TAIL ",\"max\":1"),
    HEARTBEAT("\"s\\u0065q\":5," TAIL),
    HEARTBEAT("\"Seq\":5," TAIL),
    HEARTBEAT("\"max\":1,\"seq\":5," TAIL),
    HEARTBEAT(TAIL),
    HEARTBEAT("\"seq\":5,\"t\":9,\"tx\":1,"
              "\"type\":\"log.heartbea\",\"v\":1"),
    HEARTBEAT("\"seq\":5,\"t\":9,\"tx\":1,\"v\":1"),
    HEARTBEAT("\"seq\":5,\"t\":9,\"tx\":1,"
              "\"type\":\"log.heartbeat\",\"v\":2"),
    HEARTBEAT("\"seq\":5," TAIL ",\"vis\":\"all\""),
    HEARTBEAT("\"seq\":5," TAIL "}"),
    STOP("\"a\\/b\""),
    STOP("\"a\\u0041\""),
    STOP("\"a\\u000a\""),
    STOP("\"a\\u001F\""),
    STOP("\"a\\u007f\""),
    STOP("\"a\\x\""),
    STOP("\"a\\"),
    STOP("\"a\n\""),
    STOP("\"\xc0\x80\""),
    STOP("\"\xed\xa0\x80\""),
    STOP("\"\xff\""),
    STOP("\"a"),
    STOP("5"),
    STOP("{}"),
    OPENED("2"),
    OPENED("true"),
    OPENED("\"1\""),
};

static void
each_malformed_shape_is_refused(void)
{
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        CU_ASSERT(decode(malformed[i]) == ERR_SYNTAX);
        CU_ASSERT(err_detail()[0] != '\0');
    }
    CU_ASSERT(decode(HEARTBEAT("\"seq\":5," TAIL)) == ERR_OK);
    CU_ASSERT(decode(STOP("\"a\\u001f\\n\\\\\\\"/\x7f\"")) == ERR_OK);
    CU_ASSERT(decode(OPENED("1")) == ERR_OK);
}

static void
nested_members_are_as_strict(void)
{
#define ACTOR(value)                                                           \
    "{\"actor\":" value ",\"salt\":\"ffeeddccbbaa99887766554433221100\","      \
    "\"seq\":5," TAIL "}"
    static const char *const lines[] = {
        ACTOR("{}"),
        ACTOR("{\"kind\":\"robot\"}"),
        ACTOR("{\"kind\":\"user\",\"kind\":\"user\"}"),
        ACTOR("{\"uid\":1,\"kind\":\"user\"}"),
        ACTOR("{\"kind\":\"user\",\"uid\":1,\"x\":1}"),
        ACTOR("{\"fp\":\"00\",\"kind\":\"user\"}"),
        ACTOR("{\"kind\":\"user\",\"uid\":\"1\"}"),
        ACTOR("{\"kind\":\"user\",\"vid\":1}"),
        ACTOR("\"user\""),
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        CU_ASSERT(decode(lines[i]) == ERR_SYNTAX);
    CU_ASSERT(decode(ACTOR("{\"kind\":\"system\"}")) == ERR_OK);
    CU_ASSERT(decode(ACTOR("{\"kind\":\"peer\",\"uid\":-1}")) == ERR_OK);
}

static void
texts_keep_their_bytes(void)
{
    static const char all[] = "\x01\x1f \"\\/\b\t\n\f\r\x7f Zo\xc3\xab \xf0\x9f"
                              "\x94\xa8";
    struct record r, again;
    struct buf out;

    fill_record(&r, RECORD_SERVER_STOP, false);
    r.cause = text_ref_of(all);
    buf_init(&out, RECORD_BYTES_MAX);
    CU_ASSERT(record_encode(&r, &out) == ERR_OK);
    CU_ASSERT(record_decode(out.bytes, out.size, &again, &text) == ERR_OK);
    CU_ASSERT(again.cause.size == strlen(all));
    CU_ASSERT(memcmp(again.cause.bytes, all, strlen(all)) == 0);
    CU_ASSERT(strstr(out.bytes, "\"\\u0001\\u001f \\\"\\\\/\\b\\t\\n\\f\\r\x7f"
                                " Zo\xc3\xab \xf0\x9f\x94\xa8\"") != NULL);
    buf_release(&out);
}

static void
a_record_over_its_bound_is_not_written(void)
{
    static char big[RECORD_BYTES_MAX];
    struct record r;
    struct buf out;

    memset(big, 'x', sizeof(big));
    fill_record(&r, RECORD_SERVER_STOP, false);
    buf_init(&out, 4 * RECORD_BYTES_MAX);
    buf_add_text(&out, "before");
    r.cause = (struct text_ref){big, sizeof(big)};
    CU_ASSERT(record_encode(&r, &out) == ERR_TOO_LARGE);
    CU_ASSERT(out.size == 6 && strcmp(out.bytes, "before") == 0);
    r.cause = (struct text_ref){"\xff", 1};
    CU_ASSERT(record_encode(&r, &out) == ERR_SYNTAX);
    CU_ASSERT(out.size == 6 && strcmp(out.bytes, "before") == 0);
    r.cause = text_ref_of("x");
    r.seq = RECORD_INT_MAX + 1;
    CU_ASSERT(record_encode(&r, &out) == ERR_SYNTAX);
    r.seq = RECORD_INT_MAX;
    CU_ASSERT(record_encode(&r, &out) == ERR_OK);
    CU_ASSERT(record_decode(big, sizeof(big) + 1, &r, &text) == ERR_TOO_LARGE);
    buf_release(&out);
}

static void
the_largest_record_is_exactly_the_bound(void)
{
    static char big[RECORD_BYTES_MAX];
    struct record r, again;
    struct buf out;
    size_t room;

    memset(big, 'x', sizeof(big));
    fill_record(&r, RECORD_SERVER_STOP, false);
    buf_init(&out, RECORD_BYTES_MAX);
    r.cause = (struct text_ref){big, 0};
    CU_ASSERT(record_encode(&r, &out) == ERR_OK);
    room = RECORD_BYTES_MAX - out.size;
    buf_clear(&out);
    r.cause.size = room;
    CU_ASSERT(record_encode(&r, &out) == ERR_OK);
    CU_ASSERT(out.size == RECORD_BYTES_MAX);
    CU_ASSERT(record_decode(out.bytes, out.size, &again, &text) == ERR_OK);
    CU_ASSERT(again.cause.size == room);
    buf_clear(&out);
    r.cause.size = room + 1;
    CU_ASSERT(record_encode(&r, &out) == ERR_TOO_LARGE);
    buf_release(&out);
}

/* Change, drop, double or swap a few bytes. */
static size_t
mutate(char *line, size_t size, unsigned long long *random)
{
    size_t at = tap_random(random) % size;

    switch (tap_random(random) % 4) {
    case 0:
        line[at] = (char)(line[at] ^ (1 << tap_random(random) % 8));
        return size;
    case 1:
        memmove(line + at, line + at + 1, size - at - 1);
        return size - 1;
    case 2:
        memmove(line + at + 1, line + at, size - at);
        return size + 1;
    default:
        line[at] = "{}[],:\"\\-0159az"[tap_random(random) % 15];
        return size;
    }
}

static void
a_mutated_record_is_refused_or_means_what_it_says(void)
{
    unsigned long long random = tap_seed();
    struct record r, again;
    struct buf out, second;
    char line[RECORD_BYTES_MAX + 16];

    buf_init(&out, RECORD_BYTES_MAX);
    buf_init(&second, RECORD_BYTES_MAX);
    for (int round = 0; round < 30000; round++) {
        size_t size;

        buf_clear(&out);
        buf_clear(&second);
        fill_record(&r,
                    (enum record_type)(tap_random(&random) % RECORD_TYPE_COUNT),
                    false);
        CU_ASSERT_FATAL(record_encode(&r, &out) == ERR_OK);
        memcpy(line, out.bytes, out.size);
        size = mutate(line, out.size, &random);
        if (round % 2 == 0)
            size = mutate(line, size, &random);
        if (record_decode(line, size, &again, &text_again) != ERR_OK)
            continue;
        CU_ASSERT(record_encode(&again, &second) == ERR_OK);
        CU_ASSERT(second.size == size);
        CU_ASSERT(memcmp(second.bytes, line, size) == 0);
    }
    buf_release(&out);
    buf_release(&second);
}

static void
every_cut_of_a_record_is_refused(void)
{
    struct record r;
    struct buf out;

    buf_init(&out, RECORD_BYTES_MAX);
    for (size_t t = 0; t < RECORD_TYPE_COUNT; t++) {
        buf_clear(&out);
        fill_record(&r, (enum record_type)t, true);
        CU_ASSERT(record_encode(&r, &out) == ERR_OK);
        for (size_t cut = 0; cut < out.size; cut++)
            CU_ASSERT(record_decode(out.bytes, cut, &r, &text) == ERR_SYNTAX);
    }
    buf_release(&out);
}

static void
a_refusal_names_the_position(void)
{
    CU_ASSERT(decode("{\"salt\":7}") == ERR_SYNTAX);
    CU_ASSERT(strncmp(err_detail(), "byte 8:", 7) == 0);
}

static void
seen_heads_have_one_spelling(void)
{
    static const char good[] = "3 THY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw=";
    struct record_seen seen;
    char out[RECORD_SEEN_BYTES];

    CU_ASSERT(record_seen_parse(&seen, good, strlen(good)));
    CU_ASSERT(seen.size == 3);
    CU_ASSERT(strcmp(record_seen_text(out, &seen), good) == 0);
    CU_ASSERT(!record_seen_parse(&seen, good, strlen(good) - 1));
    CU_ASSERT(!record_seen_parse(&seen, good + 1, strlen(good) - 1));
    CU_ASSERT(!record_seen_parse(&seen, good + 2, strlen(good) - 2));
    CU_ASSERT(!record_seen_parse(
        &seen, "03 THY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw=", 47));
}

static void
canonical_texts_are_recognised(void)
{
    static const char *const good[] = {
        "0",
        "-1",
        "\"\"",
        "[]",
        "{}",
        "[1,\"a\",[],{}]",
        "{\"a\":{\"b\":[1,2]},\"a_1\":0,\"b\":\"\"}",
    };
    static const char *const bad[] = {
        "",
        "null",
        "true",
        "1 ",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{\"b\":1,\"a\":1}",
        "{\"a\":1,\"a\":2}",
        "{\"1\":1}",
        "{\"\":1}",
        "[[[[[[[[[]]]]]]]]]",
        "[1",
        "{\"a\":1",
        "\"",
        "1,2",
        "]",
        "[}",
        "{\"a123456789012345678901234567890123\":1}",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CU_ASSERT(canon_check(good[i], strlen(good[i])) == ERR_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT(canon_check(bad[i], strlen(bad[i])) == ERR_SYNTAX);
}

SUITE("record", NULL, NULL, TEST(members_stand_in_byte_order),
      TEST(every_type_survives_encoding_and_decoding),
      TEST(every_type_has_its_name), TEST(a_bid_is_written_to_the_byte),
      TEST(a_bid_is_read_back), TEST(each_malformed_shape_is_refused),
      TEST(nested_members_are_as_strict), TEST(texts_keep_their_bytes),
      TEST(a_record_over_its_bound_is_not_written),
      TEST(the_largest_record_is_exactly_the_bound),
      TEST(a_mutated_record_is_refused_or_means_what_it_says),
      TEST(every_cut_of_a_record_is_refused),
      TEST(a_refusal_names_the_position), TEST(seen_heads_have_one_spelling),
      TEST(canonical_texts_are_recognised))
