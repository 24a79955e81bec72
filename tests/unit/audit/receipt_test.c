/* SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <string.h>

#include "audit/receipt.h"
#include "audit/tree.h"

enum { RECORDS = 37, INDEX = 17 };

static const char origin[] = "auction.example.com/log/1";
static EVP_PKEY *key;
static struct log_verifier verifier;
static struct buf records[RECORDS];
static struct buf note, text_form;
static struct receipt made;
static struct receipt_text storage;
static struct record_text text;

static int
make_record(struct buf *out, int64_t seq)
{
    struct record r;

    record_init(&r, RECORD_CLOCK_STEP);
    RECORD_SET(&r, seq, seq);
    RECORD_SET(&r, t, 1792000000000 + seq);
    RECORD_SET(&r, tx, seq);
    RECORD_SET(&r, delta, -7);
    record_mark(&r, MEMBER_salt);
    memset(r.salt.bytes, (int)seq, sizeof(r.salt.bytes));
    buf_init(out, RECORD_BYTES_MAX);
    return record_encode(&r, out) != ERR_OK;
}

/* A log of RECORDS records with its head; the receipt of number INDEX. */
static int
make_receipt(void)
{
    struct checkpoint head = {.size = RECORDS};
    struct tree *tree;
    int failed = tree_create(&tree, NULL) != ERR_OK;

    memcpy(head.origin, origin, sizeof(origin));
    for (int64_t i = 0; i < RECORDS && !failed; i++) {
        struct hash leaf;

        failed = make_record(&records[i], i);
        leaf = leaf_hash(records[i].bytes, records[i].size);
        tree_append(tree, &leaf);
    }
    head.root = tree_root(tree);
    failed |= checkpoint_sign(&head, key, &verifier, &note) != ERR_OK;
    failed |= tree_prove_inclusion(tree, INDEX, RECORDS, &made.proof) != ERR_OK;
    tree_destroy(&tree);
    made.index = INDEX;
    made.record = records[INDEX].bytes;
    made.record_size = records[INDEX].size;
    made.checkpoint = note.bytes;
    made.checkpoint_size = note.size;
    receipt_encode(&made, &text_form);
    return failed || !buf_is_ok(&text_form);
}

static int
setup(void)
{
    uint8_t public_key[LOG_PUBLIC_KEY_BYTES];
    size_t size = sizeof(public_key);

    buf_init(&note, CHECKPOINT_BYTES_MAX);
    buf_init(&text_form, RECEIPT_BYTES_MAX);
    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (key == NULL ||
        EVP_PKEY_get_raw_public_key(key, public_key, &size) != 1 ||
        log_verifier_init(&verifier, origin, public_key) != ERR_OK)
        return 1;
    return make_receipt();
}

static int
teardown(void)
{
    for (size_t i = 0; i < RECORDS; i++)
        buf_release(&records[i]);
    buf_release(&note);
    buf_release(&text_form);
    log_verifier_release(&verifier);
    EVP_PKEY_free(key);
    return 0;
}

static enum err
verify(const char *bytes, size_t size)
{
    struct receipt receipt;
    struct checkpoint head;
    struct record record;
    enum err err = receipt_parse(&receipt, &storage, bytes, size);

    if (err != ERR_OK)
        return err;
    return receipt_verify(&receipt, &verifier, &head, &record, &text);
}

static void
a_receipt_proves_its_record(void)
{
    struct receipt receipt;
    struct checkpoint head;
    struct record record;

    CU_ASSERT(receipt_parse(&receipt, &storage, text_form.bytes,
                            text_form.size) == ERR_OK);
    CU_ASSERT(receipt.index == INDEX);
    CU_ASSERT(receipt_verify(&receipt, &verifier, &head, &record, &text) ==
              ERR_OK);
    CU_ASSERT(head.size == RECORDS);
    CU_ASSERT(record.seq == INDEX && record.delta == -7);
}

static void
every_flipped_bit_of_a_receipt_is_refused(void)
{
    static char bad[RECEIPT_BYTES_MAX];

    for (size_t bit = 0; bit < 8 * text_form.size; bit++) {
        memcpy(bad, text_form.bytes, text_form.size);
        bad[bit / 8] = (char)(bad[bit / 8] ^ (1 << bit % 8));
        CU_ASSERT(verify(bad, text_form.size) != ERR_OK);
    }
}

static void
every_cut_of_a_receipt_is_refused(void)
{
    for (size_t size = 0; size < text_form.size; size++)
        CU_ASSERT(verify(text_form.bytes, size) != ERR_OK);
}

static void
a_receipt_for_another_number_is_refused(void)
{
    struct receipt bad = made;
    struct checkpoint head;
    struct record record;

    CU_ASSERT(receipt_verify(&bad, &verifier, &head, &record, &text) == ERR_OK);
    bad.index++;
    CU_ASSERT(receipt_verify(&bad, &verifier, &head, &record, &text) ==
              ERR_UNTRUSTED);
    bad.index--;
    bad.record = records[INDEX + 1].bytes;
    bad.record_size = records[INDEX + 1].size;
    CU_ASSERT(receipt_verify(&bad, &verifier, &head, &record, &text) ==
              ERR_UNTRUSTED);
}

static void
the_text_form_is_as_documented(void)
{
    CU_ASSERT(strncmp(text_form.bytes, "c2sp.org/tlog-proof@v1\nextra ", 29) ==
              0);
    CU_ASSERT(strstr(text_form.bytes, "\nindex 17\n") != NULL);
    CU_ASSERT(strstr(text_form.bytes, "\n\nauction.example.com/log/1\n37\n") !=
              NULL);
}

/* The value of a string member of the JSON form, up to its closing quote. */
static size_t
json_part(const char *json, const char *before, const char **part_out)
{
    const char *at = strstr(json, before);

    CU_ASSERT_FATAL(at != NULL);
    *part_out = at + strlen(before);
    return (size_t)(strchr(*part_out, '"') - *part_out);
}

static void
the_json_form_holds_the_same_parts(void)
{
    struct receipt again = {
        .index = INDEX, .checkpoint = note.bytes, .checkpoint_size = note.size};
    struct checkpoint head;
    struct record record;
    struct buf json;
    const char *part;
    size_t size;

    buf_init(&json, RECEIPT_BYTES_MAX);
    receipt_encode_json(&made, &json);
    CU_ASSERT_FATAL(buf_is_ok(&json));
    CU_ASSERT(strncmp(json.bytes, "{\"index\":17,\"record\":\"", 22) == 0);
    size = json_part(json.bytes, "\"record\":\"", &part);
    CU_ASSERT(receipt_set_record(&again, &storage, part, size) == ERR_OK);
    part = strstr(json.bytes, "\"proof\":[\"") + 10;
    while (part[0] != ':' && again.proof.count < made.proof.count) {
        CU_ASSERT(receipt_add_hash(&again, part, 44) == ERR_OK);
        part += 47;
    }
    CU_ASSERT(strncmp(part - 2,
                      "],\"checkpoint\":\"auction.example.com/log/1"
                      "\\n37\\n",
                      strlen("],\"checkpoint\":\"auction.example.com/log/1"
                             "\\n37\\n")) == 0);
    CU_ASSERT(json.bytes[json.size - 2] == '"');
    CU_ASSERT(receipt_verify(&again, &verifier, &head, &record, &text) ==
              ERR_OK);
    CU_ASSERT(receipt_add_hash(&again, "AAAA", 4) == ERR_SYNTAX);
    CU_ASSERT(receipt_set_record(&again, &storage, "A", 1) == ERR_SYNTAX);
    buf_release(&json);
}

static void
a_consistency_proof_is_read_back(void)
{
    struct proof read;
    struct buf out;
    const char *checkpoint;
    size_t checkpoint_size;
    uint64_t old_size;

    buf_init(&out, RECEIPT_BYTES_MAX);
    consistency_encode(20, &made.proof, note.bytes, note.size, &out);
    CU_ASSERT(strncmp(out.bytes, "old 20\n", 7) == 0);
    CU_ASSERT(consistency_parse(&old_size, &read, &checkpoint, &checkpoint_size,
                                out.bytes, out.size) == ERR_OK);
    CU_ASSERT(old_size == 20 && read.count == made.proof.count);
    CU_ASSERT(checkpoint_size == note.size);
    CU_ASSERT(memcmp(checkpoint, note.bytes, note.size) == 0);
    CU_ASSERT(consistency_parse(&old_size, &read, &checkpoint, &checkpoint_size,
                                "old 020\n\n", 9) == ERR_SYNTAX);
    CU_ASSERT(consistency_parse(&old_size, &read, &checkpoint, &checkpoint_size,
                                "old 20\nAAAA\n\n", 14) == ERR_SYNTAX);
    buf_release(&out);
}

SUITE("receipt", setup, teardown, TEST(a_receipt_proves_its_record),
      TEST(every_flipped_bit_of_a_receipt_is_refused),
      TEST(every_cut_of_a_receipt_is_refused),
      TEST(a_receipt_for_another_number_is_refused),
      TEST(the_text_form_is_as_documented),
      TEST(the_json_form_holds_the_same_parts),
      TEST(a_consistency_proof_is_read_back))
