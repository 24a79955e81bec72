/* SPDX-License-Identifier: Apache-2.0 */
/**
 * numbers: what network and trust have to say to an operator, in the three
 * forms in which it is asked for: JSON, Prometheus text, lines.
 *
 * Thread  any.
 */
#ifndef SERVER_NUMBERS_H
#define SERVER_NUMBERS_H

#include "api/admin.h"
#include "identity/trust.h"
#include "net/net.h"

/** Members `trust` and `net` of the status. */
void numbers_status(const struct net_counts *net,
                    const struct trust_facts *trust, struct reply *j);

/** Samples of the metrics. `now`: for what is left of a certificate's life. */
void
numbers_metrics(const struct net_counts *net, const struct trust_facts *trust,
                struct instant now, struct buf *out);

/** Lines "net ...", "trust ...". */
void numbers_lines(const struct net_counts *net,
                   const struct trust_facts *trust, struct buf *out);

/** A connection as the api knows it. */
struct admin_guest numbers_guest(const struct net_guest *guest);

#endif
