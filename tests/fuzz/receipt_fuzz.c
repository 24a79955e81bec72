/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts, consistency proofs, checkpoints and verifier keys of any bytes: a
 * receipt that is accepted has only one spelling.
 */
#include "audit/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_receipt(const char *text, size_t size)
{
    static struct receipt_text storage;
    struct receipt receipt;
    struct buf out;

    if (receipt_parse(&receipt, &storage, text, size) != ERR_OK)
        return;
    buf_init(&out, RECEIPT_BYTES_MAX);
    receipt_encode(&receipt, &out);
    CHECK(buf_is_ok(&out));
    CHECK(out.size == size);
    CHECK(memcmp(out.bytes, text, size) == 0);
    buf_release(&out);
}

static void
try_consistency(const char *text, size_t size)
{
    struct proof proof;
    const char *checkpoint;
    size_t checkpoint_size;
    uint64_t old_size;

    if (consistency_parse(&old_size, &proof, &checkpoint, &checkpoint_size,
                          text, size) == ERR_OK)
        CHECK(checkpoint + checkpoint_size == text + size);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct log_verifier verifier;
    struct checkpoint checkpoint;

    if (size == 0)
        return 0;
    try_receipt(text, size);
    try_consistency(text, size);
    if (checkpoint_parse(&checkpoint, text, size) == ERR_OK)
        CHECK(checkpoint.size <= CHECKPOINT_SIZE_MAX);
    if (vkey_parse(&verifier, text, size) == ERR_OK)
        log_verifier_release(&verifier);
    return 0;
}
