/* SPDX-License-Identifier: Apache-2.0 */
#include "api/prometheus.h"

void
prometheus_head(struct buf *out, const char *name, const char *type,
                const char *help)
{
    buf_add_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
add_name(struct buf *out, const char *name, const char *labels)
{
    buf_add_text(out, name);
    if (labels != NULL)
        buf_add_format(out, "{%s}", labels);
    buf_add_char(out, ' ');
}

void
prometheus_count(struct buf *out, const char *name, const char *labels,
                 uint64_t value)
{
    add_name(out, name, labels);
    buf_add_u64(out, value);
    buf_add_char(out, '\n');
}

void
prometheus_seconds(struct buf *out, const char *name, const char *labels,
                   double seconds)
{
    add_name(out, name, labels);
    buf_add_format(out, "%.6f\n", seconds);
}
