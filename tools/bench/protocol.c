/* SPDX-License-Identifier: Apache-2.0 */
#include "protocol.h"

#include "base/check.h"

#include <stdio.h>
#include <string.h>

const struct protocol *
protocol_named(const char *name)
{
    static const struct protocol *const all[] = {
        &protocol_http, &protocol_redis, &protocol_postgres};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    return NULL;
}

void
protocol_fixed(struct buf *out)
{
    static const char head[] =
        "GET /fixed HTTP/1.1\r\nHost: localhost\r\nX-P: ";
    char filler[FIXED_BYTES];
    size_t size = FIXED_BYTES - (sizeof(head) - 1) - 4;

    memset(filler, 'x', sizeof(filler));
    buf_add(out, head, sizeof(head) - 1);
    buf_add(out, filler, size);
    buf_add_text(out, "\r\n\r\n");
}
