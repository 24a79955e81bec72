/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

char *
amount_text(char text[48], int64_t minor, const char *currency)
{
    int decimals = currency == NULL ? -1 : money_decimals(currency);
    char number[MONEY_TEXT_BYTES];

    money_format(number, money_of(minor), decimals < 0 ? 0 : decimals);
    snprintf(text, 48, "%s %s", number,
             decimals < 0 ? "minor units" : currency);
    return text;
}

int
usage_error(const char *format, ...)
{
    va_list arguments;

    fputs("auction: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return AUCTION_USAGE;
}

int
show_error(struct cli *cli, const char *what,
           const struct auction_result *result, const char *currency)
{
    char amount[48];

    if (cli->wants_json && result->body != NULL && result->body[0] == '{')
        fputs(result->body, stdout);
    if (result->minimum_bid > 0 && currency != NULL)
        fprintf(stderr, "auction: %s refused: below the minimum of %s (%s)\n",
                what, amount_text(amount, result->minimum_bid, currency),
                result->code);
    else if (result->code[0] != '\0')
        fprintf(stderr, "auction: %s refused: %s (%s)\n", what,
                plain(result->message), result->code);
    else
        fprintf(stderr, "auction: %s: %s\n", what, plain(result->message));
    if (result->outcome == AUCTION_UNKNOWN && result->key[0] != '\0')
        fprintf(stderr,
                "auction: whether it was done is unknown; repeat with "
                "--request %s\n",
                result->key);
    return (int)result->outcome;
}

/* A ring of buffers, so that several may stand in one printf. */
const char *
plain(const char *text)
{
    static char buffers[8][2048];
    static unsigned next;
    char *out = buffers[next++ % 8];
    size_t used = 0;

    for (; *text != '\0' && used < sizeof(buffers[0]) - 5; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == 0x7f)
            used += (size_t)snprintf(out + used, 5, "\\x%02x", c);
        else
            out[used++] = *text;
    }
    out[used] = '\0';
    return out;
}

const char *
text_of(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

json_t *
get_json(struct cli *cli, struct auction_client *client, const char *path,
         struct auction_result *result, int *code)
{
    json_t *object;

    if (auction_call(client, "GET", path, NULL, NULL, result) !=
        AUCTION_ACCEPTED) {
        *code = show_error(cli, path, result, NULL);
        return NULL;
    }
    *code = 0;
    object = json_loadb(result->body, result->body_size, 0, NULL);
    if (object == NULL) {
        fprintf(stderr, "auction: %s: the reply is not JSON\n", path);
        *code = AUCTION_LOCAL_FAILURE;
    }
    return object;
}
