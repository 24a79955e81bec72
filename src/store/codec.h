/* SPDX-License-Identifier: Apache-2.0 */
/**
 * codec: rows as bytes, field by field, never by copying a struct.
 *
 * Numbers are big-endian, so that keys sort as numbers do. Each row begins
 * with its version; lengths are checked when read and a row must be used up
 * to its last byte.
 *
 * Thread  any; pure.
 */
#ifndef STORE_CODEC_H
#define STORE_CODEC_H

#include "store/store.h"

enum {
    CODEC_LOT_BYTES_MAX = 2048,
    CODEC_ACCOUNT_BYTES_MAX = 256,
    CODEC_HEAD_BYTES_MAX = STORE_CHECKPOINT_BYTES_MAX + 128,
    CODEC_CERT_BYTES = 1 + 8,
    CODEC_REQUEST_KEY_BYTES = 8 + STORE_REQUEST_BYTES,
    CODEC_REQUEST_BYTES = 1 + STORE_HASH_BYTES + 8 + 8,
    CODEC_TILE_KEY_BYTES = 1 + 8,
    CODEC_ENTRY_KEY_BYTES = 8 + 4,
    CODEC_ENTRY_BYTES = 1 + 2 + 7 * 8 + BOOK_C_BYTES,
};

void codec_put_u64(uint8_t out[8], uint64_t value);
uint64_t codec_get_u64(const uint8_t in[8]);

/** Each returns the bytes written; `out` holds the bound above. */
size_t codec_lot(uint8_t *out, const struct store_lot *row);
size_t codec_entry(uint8_t *out, const struct entry *entry);
void codec_entry_key(uint8_t *out, uint64_t auction, uint32_t place);
size_t codec_account(uint8_t *out, const struct store_account *row);
size_t codec_head(uint8_t *out, const struct store_head *head);
size_t codec_cert(uint8_t *out, const struct store_cert *row);
size_t codec_request(uint8_t *out, const struct store_request *row);
void codec_request_key(uint8_t *out, uint64_t uid,
                       const uint8_t request[STORE_REQUEST_BYTES]);
void codec_tile_key(uint8_t *out, unsigned level, uint64_t index);

/** False when the bytes are not such a row of a known version. */
MUST_CHECK bool
codec_read_lot(struct store_lot *out, const uint8_t *bytes, size_t size);
MUST_CHECK bool
codec_read_entry(struct entry *out, const uint8_t *bytes, size_t size);
MUST_CHECK bool
codec_read_entry_key(const uint8_t *bytes, size_t size, uint64_t *auction_out,
                     uint32_t *place_out);
MUST_CHECK bool codec_read_account(struct store_account *out,
                                   const uint8_t *bytes, size_t size);
MUST_CHECK bool
codec_read_head(struct store_head *out, const uint8_t *bytes, size_t size);
MUST_CHECK bool
codec_read_cert(struct store_cert *out, const uint8_t *bytes, size_t size);
MUST_CHECK bool codec_read_request(struct store_request *out,
                                   const uint8_t *bytes, size_t size);

#endif
