/* SPDX-License-Identifier: Apache-2.0 */
/**
 * invoice: what a buyer owes, by integer rule.
 *
 *     premium = (goods * premium_bp + 5000) div 10000
 *     tax     = ((goods + premium) * tax_bp + 5000) div 10000
 *
 * Source  docs/rules.md "Invoice". bp: hundredths of a percent.
 */
#ifndef AUCTION_INVOICE_H
#define AUCTION_INVOICE_H

#include "base/money.h"

struct invoice {
    struct money goods;
    struct money premium;
    struct money tax;
    struct money total;
};

/** False when a sum would not fit; goods is at least 0, rates <= 10000. */
MUST_CHECK bool invoice_compute(struct invoice *out, struct money goods,
                                uint32_t premium_bp, uint32_t tax_bp);

#endif
