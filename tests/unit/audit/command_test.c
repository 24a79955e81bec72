/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <string.h>

#include "audit/command.h"
#include "audit/signature.h"
#include "base/text.h"

/* A published vector: these bytes, signed with the key of this seed. */
static const char vector[] =
    "auction-command/v1\n"
    "log auction.example.com/log/1\n"
    "cmd bid\n"
    "auction 2041\n"
    "terms 1f6d0c4b2a59788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f001\n"
    "signer 9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab\n"
    "request 00112233445566778899aabbccddeeff\n"
    "max 12500\n"
    "until 1792000060000\n"
    "seen 3 THY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw=\n";
static const char vector_seed[] =
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
static const char vector_signature[] =
    "qZ2dsk8VdT9YvGlhDTkO13gTHowgr47IklL3UnsZmioTVUzDH+UD/0T30WL1/aUa6nGnX5Ge"
    "lGRR/x0W4FKdAg==";

static struct signed_command
vector_command(void)
{
    struct signed_command c = {.cmd = COMMAND_BID,
                               .log = "auction.example.com/log/1",
                               .auction = 2041,
                               .has_terms = true,
                               .until = 1792000060000,
                               .max = 12500};

    CU_ASSERT(hash_from_hex(&c.terms,
                            "1f6d0c4b2a59788796a5b4c3d2e1f00f"
                            "1e2d3c4b5a69788796a5b4c3d2e1f001",
                            64));
    CU_ASSERT(hash_from_hex(&c.signer,
                            "9c56cc51b374c3ba189210d5b6d4bf57"
                            "790d351c96c47c02190ecf1e430635ab",
                            64));
    CU_ASSERT(text_unhex(c.request.bytes, 16,
                         "00112233445566778899aabbccddeeff", 32));
    CU_ASSERT(record_seen_parse(
        &c.seen, "3 THY5uQFUnMo4DIFmAG2JbmdpJb0ym3RLXjT8QDkhNnw=", 46));
    return c;
}

/* The text of a command, in `out`, which is cleared before. */
static const char *
text_of(const struct signed_command *command, struct buf *out)
{
    buf_clear(out);
    CU_ASSERT_FATAL(command_encode(command, out) == ERR_OK);
    return out->bytes;
}

static void
the_vector_is_encoded_to_the_byte(void)
{
    struct signed_command command = vector_command();
    char hex[HASH_HEX_BYTES];
    struct hash hash;
    struct buf out;

    buf_init(&out, COMMAND_BYTES_MAX);
    CU_ASSERT(strcmp(text_of(&command, &out), vector) == 0);
    CU_ASSERT(out.size == 336);
    hash = hash_of(out.bytes, out.size);
    hash_hex(hex, &hash);
    CU_ASSERT(strncmp(hex, "a7a0dd91", 8) == 0);
    CU_ASSERT(strcmp(hex + 54, "48e7ef0770") == 0);
    buf_release(&out);
}

static void
the_vector_is_signed_to_the_byte(void)
{
    struct record_sig sig;
    uint8_t seed[32];
    char base64[TEXT_BASE64_BYTES(64)];
    EVP_PKEY *key;

    CU_ASSERT(text_unhex(seed, 32, vector_seed, 64));
    key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    CU_ASSERT(command_sign(key, vector, strlen(vector), &sig) == ERR_OK);
    CU_ASSERT(sig.alg == SIG_ALG_ED25519 && sig.value_size == 64);
    text_base64(base64, sig.value, sig.value_size);
    CU_ASSERT(strcmp(base64, vector_signature) == 0);
    CU_ASSERT(command_verify(key, vector, strlen(vector), &sig) == ERR_OK);
    EVP_PKEY_free(key);
}

static void
each_command_has_its_own_fields(void)
{
    static const struct {
        enum command_kind cmd;
        const char *lines;
    } expected[] = {
        {COMMAND_CREATE,
         "draft_blob 9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e"
         "430635ab\nreserve 30000\npublish 1\n"},
        {COMMAND_EDIT,
         "draft_blob 9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e"
         "430635ab\nreserve 30000\n"},
        {COMMAND_PUBLISH, ""},
        {COMMAND_BID, "max 12500\nquantity 9\nprice 20000\nbid 3\n"},
        {COMMAND_BUY, "price 20000\n"},
        {COMMAND_TAKE, "quantity 9\nlimit 40\nall_or_none 0\n"},
        {COMMAND_COMMIT,
         "c 9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab\n"
         "cap 50\nbid 3\n"},
        {COMMAND_REVEAL,
         "bid 3\nquantity 9\namount 45\n"
         "nonce 9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e"
         "430635ab\n"},
        {COMMAND_WITHDRAW, "bid 3\n"},
        {COMMAND_RETRACT, "why typo\n"},
        {COMMAND_CANCEL, "why typo\n"},
        {COMMAND_VOID, "uid 7\nwhy typo\n"},
        {COMMAND_PAY, "uid 7\nnumber 12\n"},
        {COMMAND_CORRECT, "number 12\nwhy typo\n"},
        {COMMAND_CREDIT, "uid 7\nlimit 40\n"},
        {COMMAND_SUSPEND, "uid 7\nwhy typo\n"},
        {COMMAND_RESTORE, "uid 7\n"},
    };
    struct signed_command c = vector_command();
    struct buf out;

    buf_init(&out, COMMAND_BYTES_MAX);
    c.draft_blob = c.c = c.nonce = c.signer;
    c.reserve = 30000;
    c.publish = true;
    c.price = 20000;
    c.uid = 7;
    c.quantity = 9;
    c.bid = 3;
    c.limit = 40;
    c.cap = 50;
    c.amount = 45;
    c.number = 12;
    c.why = text_ref_of("typo");
    CU_ASSERT(sizeof(expected) / sizeof(expected[0]) == COMMAND_COUNT);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const char *start, *end;

        c.cmd = expected[i].cmd;
        start = strstr(text_of(&c, &out), "\nrequest ") + 42;
        end = strstr(out.bytes, "until ");
        CU_ASSERT((size_t)(end - start) == strlen(expected[i].lines));
        CU_ASSERT(strncmp(start, expected[i].lines, (size_t)(end - start)) ==
                  0);
    }
    buf_release(&out);
}

static void
outside_an_auction_its_lines_are_left_out(void)
{
    struct signed_command c = vector_command();
    struct buf out;

    buf_init(&out, COMMAND_BYTES_MAX);
    c.cmd = COMMAND_CREATE;
    c.auction = 0;
    c.has_terms = false;
    text_of(&c, &out);
    CU_ASSERT(strstr(out.bytes, "\nauction ") == NULL);
    CU_ASSERT(strstr(out.bytes, "\nterms ") == NULL);
    CU_ASSERT(strstr(out.bytes, "cmd create\nsigner ") != NULL);
    buf_release(&out);
}

static void
a_reason_cannot_add_a_line(void)
{
    struct signed_command c = vector_command();
    struct buf out;

    buf_init(&out, COMMAND_BYTES_MAX);
    c.cmd = COMMAND_RETRACT;
    c.why = text_ref_of("50% Verk\xc3\xa4ufer\nuntil 9");
    text_of(&c, &out);
    CU_ASSERT(
        strstr(out.bytes, "\nwhy 50%25 Verk%C3%A4ufer%0Auntil 9\nuntil 1792") !=
        NULL);
    c.why = text_ref_of("");
    CU_ASSERT(command_encode(&c, &out) == ERR_SYNTAX);
    c.why = text_ref_of("\xff");
    CU_ASSERT(command_encode(&c, &out) == ERR_SYNTAX);
    c.cmd = COMMAND_CANCEL;
    c.why = text_ref_of("");
    text_of(&c, &out);
    CU_ASSERT(strstr(out.bytes, "\nwhy") == NULL);
    buf_release(&out);
}

static void
fields_out_of_range_are_not_signed(void)
{
    struct signed_command c = vector_command();
    struct buf out;

    buf_init(&out, COMMAND_BYTES_MAX);
    c.max = -1;
    CU_ASSERT(command_encode(&c, &out) == ERR_SYNTAX);
    c.max = RECORD_INT_MAX + 1;
    CU_ASSERT(command_encode(&c, &out) == ERR_SYNTAX);
    c = vector_command();
    c.log = "two words";
    CU_ASSERT(command_encode(&c, &out) == ERR_SYNTAX);
    c = vector_command();
    c.seen.size = UINT64_MAX;
    CU_ASSERT(command_encode(&c, &out) == ERR_SYNTAX);
    buf_release(&out);
}

static void
a_record_gives_the_signed_bytes_back(void)
{
    struct signed_command c = vector_command(), again;
    struct record r;
    struct buf out;

    record_init(&r, RECORD_BID_REFUSED);
    record_mark(&r, MEMBER_sig);
    record_mark(&r, MEMBER_actor);
    r.sig = (struct record_sig){
        .seen = c.seen, .has_terms = true, .terms = c.terms, .until = c.until};
    r.actor = (struct record_actor){.has_fp = true, .fp = c.signer};
    RECORD_SET(&r, request, c.request);
    RECORD_SET(&r, auction, 2041);
    CU_ASSERT(command_from_record(&again, &r, c.log) == ERR_SYNTAX);
    RECORD_SET(&r, max, 12500);
    CU_ASSERT(command_from_record(&again, &r, c.log) == ERR_OK);
    buf_init(&out, COMMAND_BYTES_MAX);
    CU_ASSERT(strcmp(text_of(&again, &out), vector) == 0);
    r.type = RECORD_AUCTION_OPENED;
    CU_ASSERT(command_from_record(&again, &r, c.log) == ERR_SYNTAX);
    buf_release(&out);
}

static void
a_new_auction_is_signed_without_its_number(void)
{
    struct signed_command again;
    struct record r;

    record_init(&r, RECORD_CREATE_ACCEPTED);
    record_mark(&r, MEMBER_sig);
    record_mark(&r, MEMBER_actor);
    record_mark(&r, MEMBER_request);
    r.actor.has_fp = true;
    RECORD_SET(&r, auction, 2041);
    RECORD_SET(&r, draft_blob, hash_of("draft", 5));
    RECORD_SET(&r, reserve, 0);
    RECORD_SET(&r, publish, true);
    CU_ASSERT(command_from_record(&again, &r, "a/log/1") == ERR_OK);
    CU_ASSERT(again.auction == 0 && !again.has_terms && again.publish);
}

static void
commands_and_record_types_have_the_same_names(void)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        enum command_kind cmd = (enum command_kind)i, found;
        const char *name = command_text(cmd);
        const char *type = record_type_text(command_accepted_type(cmd));
        bool accepted;

        CU_ASSERT(command_parse(&found, name, strlen(name)) && found == cmd);
        CU_ASSERT(strncmp(type, name, strlen(name)) == 0);
        CU_ASSERT(strcmp(type + strlen(name), ".accepted") == 0);
        type = record_type_text(command_refused_type(cmd));
        CU_ASSERT(strcmp(type + strlen(name), ".refused") == 0);
        CU_ASSERT(
            command_of_type(command_refused_type(cmd), &found, &accepted));
        CU_ASSERT(found == cmd && !accepted);
    }
}

/* ------------------------------------------------------------ signatures */

static EVP_PKEY *
make_key(enum sig_alg alg)
{
    switch (alg) {
    case SIG_ALG_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case SIG_ALG_P256:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    case SIG_ALG_P384:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    case SIG_ALG_RSA_PSS:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    case SIG_ALG_COUNT:
        break;
    }
    return NULL;
}

static void
check_alg(enum sig_alg alg)
{
    EVP_PKEY *key = make_key(alg), *other = make_key(alg);
    size_t size = strlen(vector);
    struct record_sig sig, bad;
    char text[sizeof(vector)];

    CU_ASSERT_FATAL(key != NULL && other != NULL);
    CU_ASSERT(command_sign(key, vector, size, &sig) == ERR_OK);
    CU_ASSERT(sig.alg == alg);
    CU_ASSERT(command_verify(key, vector, size, &sig) == ERR_OK);
    CU_ASSERT(command_verify(other, vector, size, &sig) == ERR_UNTRUSTED);
    CU_ASSERT(command_verify(key, vector, size - 1, &sig) == ERR_UNTRUSTED);
    for (size_t i = 0; i < size; i++) {
        memcpy(text, vector, sizeof(text));
        text[i] ^= 1;
        CU_ASSERT(command_verify(key, text, size, &sig) == ERR_UNTRUSTED);
    }
    for (size_t i = 0; i < sig.value_size; i++) {
        bad = sig;
        bad.value[i] ^= 1;
        CU_ASSERT(command_verify(key, vector, size, &bad) == ERR_UNTRUSTED);
    }
    for (size_t i = 0; i < SIG_ALG_COUNT; i++) {
        bad = sig;
        bad.alg = (enum sig_alg)i;
        CU_ASSERT(command_verify(key, vector, size, &bad) ==
                  (bad.alg == alg ? ERR_OK : ERR_UNTRUSTED));
    }
    bad = sig;
    bad.value_size = 0;
    CU_ASSERT(command_verify(key, vector, size, &bad) == ERR_UNTRUSTED);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static void
ed25519_signs_and_refuses(void)
{
    check_alg(SIG_ALG_ED25519);
}

static void
p256_signs_and_refuses(void)
{
    check_alg(SIG_ALG_P256);
}

static void
p384_signs_and_refuses(void)
{
    check_alg(SIG_ALG_P384);
}

static void
rsa_pss_signs_and_refuses(void)
{
    check_alg(SIG_ALG_RSA_PSS);
}

/* The same RSA key with the older padding. */
static void
rsa_with_pkcs1_padding_is_refused(void)
{
    EVP_PKEY *key = make_key(SIG_ALG_RSA_PSS);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    struct record_sig sig = {.alg = SIG_ALG_RSA_PSS};

    sig.value_size = sizeof(sig.value);
    CU_ASSERT(EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, key,
                                    NULL) == 1);
    CU_ASSERT(EVP_DigestSign(context, sig.value, &sig.value_size,
                             (const unsigned char *)vector,
                             strlen(vector)) == 1);
    CU_ASSERT(command_verify(key, vector, strlen(vector), &sig) ==
              ERR_UNTRUSTED);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

static void
other_keys_cannot_sign(void)
{
    EVP_PKEY *keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED448")};
    struct record_sig sig;

    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT(command_sign(keys[i], "x", 1, &sig) == ERR_UNTRUSTED);
        EVP_PKEY_free(keys[i]);
    }
}

SUITE("command", NULL, NULL, TEST(the_vector_is_encoded_to_the_byte),
      TEST(the_vector_is_signed_to_the_byte),
      TEST(each_command_has_its_own_fields),
      TEST(outside_an_auction_its_lines_are_left_out),
      TEST(a_reason_cannot_add_a_line),
      TEST(fields_out_of_range_are_not_signed),
      TEST(a_record_gives_the_signed_bytes_back),
      TEST(a_new_auction_is_signed_without_its_number),
      TEST(commands_and_record_types_have_the_same_names),
      TEST(ed25519_signs_and_refuses), TEST(p256_signs_and_refuses),
      TEST(p384_signs_and_refuses), TEST(rsa_pss_signs_and_refuses),
      TEST(rsa_with_pkcs1_padding_is_refused), TEST(other_keys_cannot_sign))
