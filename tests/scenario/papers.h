/* SPDX-License-Identifier: Apache-2.0 */
/**
 * papers: real certificates for the people of scenarios.
 *
 * A replay reads from the log who somebody is, so the bytes must be those of
 * a certificate. Each is made once a program.
 */
#ifndef TESTS_PAPERS_H
#define TESTS_PAPERS_H

#include "identity/identity.h"

/** The identity of auction://scenario.example/ROLE/WHO; a new reference. */
struct identity *papers_of(const char *who, enum role role);

#endif
