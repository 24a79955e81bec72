/* SPDX-License-Identifier: Apache-2.0 */
/**
 * policy: which witnesses must have cosigned a checkpoint.
 *
 *     log <vkey> [<url>]
 *     witness <name> <vkey> [<url>]
 *     group <name> all|any|<k> <name>...
 *     quorum <name>|none
 *
 * Lines end with LF; items are parted by spaces and tabs; empty lines and
 * those that begin with # say nothing. Names are used only after the line that
 * defines them, a name is a member of at most one group, and there is exactly
 * one quorum.
 *
 * Owner   the caller; release it.
 * Thread  one at a time.
 * Source  C2SP tlog-policy; docs/audit.md "Witnesses".
 */
#ifndef AUDIT_POLICY_H
#define AUDIT_POLICY_H

#include "audit/checkpoint.h"

enum { POLICY_NAMES_MAX = 128, POLICY_LOGS_MAX = 32, POLICY_BYTES_MAX = 65536 };

struct policy_name {
    const char *text; /* points into the policy's text */
    size_t size;
    bool is_witness;
    struct log_verifier witness;
    size_t threshold; /* of a group */
    size_t group;     /* it is a member of; its own number: of none */
};

struct policy {
    char *text; /* owned */
    struct log_verifier logs[POLICY_LOGS_MAX];
    size_t log_count;
    struct policy_name names[POLICY_NAMES_MAX];
    size_t name_count, witness_count;
    bool has_quorum, is_quorum_none;
    size_t quorum; /* number of its name */
};

/** How far a checkpoint meets a policy. */
struct policy_result {
    size_t cosigned;  /* witnesses with a good line */
    size_t witnesses; /* of the policy */
    bool has_false;   /* a known witness' line is not by its key */
    bool is_met;
    bool is_log_known; /* one of its logs, or it names none */
};

/** An empty policy, which asks for nothing. */
void policy_init(struct policy *policy);
void policy_release(struct policy *policy);

/** Read a policy. ERR_OK; ERR_SYNTAX with the line; ERR_NOMEM. */
MUST_CHECK enum err
policy_parse(struct policy *policy, const char *text, size_t size);

/** Judge a note whose own signature was verified with `log`. */
struct policy_result policy_judge(const struct policy *policy, const char *note,
                                  size_t size, const struct log_verifier *log);

#endif
