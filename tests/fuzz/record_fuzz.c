/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of any bytes: what is accepted is written again byte for byte, and
 * is canonical JSON by the general checker too.
 */
#include "audit/canon_read.h"
#include "audit/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record_text text;
    struct record record;
    struct buf out;

    if (record_decode(data, size, &record, &text) != ERR_OK)
        return 0;
    CHECK(canon_check(data, size) == ERR_OK);
    buf_init(&out, RECORD_BYTES_MAX);
    CHECK(record_encode(&record, &out) == ERR_OK);
    CHECK(out.size == size);
    CHECK(memcmp(out.bytes, data, size) == 0);
    buf_release(&out);
    return 0;
}
