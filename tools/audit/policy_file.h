/* SPDX-License-Identifier: Apache-2.0 */
/** policy_file: a policy (audit/policy.h) read from a file. */
#ifndef TOOLS_POLICY_FILE_H
#define TOOLS_POLICY_FILE_H

#include "audit/policy.h"

/** As file_read and policy_parse; release it with policy_release. */
MUST_CHECK enum err policy_load(struct policy *policy, const char *path);

#endif
