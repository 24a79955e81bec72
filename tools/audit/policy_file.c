/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_file.h"

#include "file.h"

#include <stdlib.h>

enum err
policy_load(struct policy *p, const char *path)
{
    char *text;
    size_t size;
    enum err err = file_read(&text, &size, path);

    if (err != ERR_OK)
        return err;
    err = policy_parse(p, text, size);
    free(text);
    return err;
}
