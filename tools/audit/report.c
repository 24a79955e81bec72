/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect.h"
int
inspect_report(const struct inspect_options *options)
{
    (void)options;
    return inspect_usage("not built yet");
}
