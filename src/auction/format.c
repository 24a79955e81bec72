/* SPDX-License-Identifier: Apache-2.0 */
#include "auction/format.h"

static const struct format *const formats[FORMAT_COUNT] = {
    [FORMAT_ENGLISH] = &format_english,
};

const struct format *
format_of(enum format_id format)
{
    CHECK(format < FORMAT_COUNT && formats[format] != NULL);
    return formats[format];
}

bool
format_has_credit(const struct lot *lot, const struct bidder *bidder,
                  struct money amount)
{
    struct money exposure;
    struct hold hold;

    lot_hold(lot, &hold);
    exposure = bidder->held;
    if (hold.user == bidder->uid)
        exposure.minor -= hold.amount.minor;
    CHECK(exposure.minor >= 0);
    if (!money_add(&exposure, exposure, amount))
        return false;
    return exposure.minor <= bidder->limit.minor;
}
