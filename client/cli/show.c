/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <stdarg.h>
#include <string.h>

/* ------------------------------------------------------------------ amounts */

char *
amount_bare(char text[CLI_AMOUNT_BYTES], int64_t minor, const char *currency)
{
    int decimals = currency == NULL ? -1 : money_decimals(currency);
    char number[MONEY_TEXT_BYTES];

    money_format(number, money_of(minor), decimals < 0 ? 0 : decimals);
    snprintf(text, CLI_AMOUNT_BYTES, "%s", number);
    return text;
}

char *
amount_text(char text[CLI_AMOUNT_BYTES], int64_t minor, const char *currency)
{
    bool is_known = currency != NULL && money_decimals(currency) >= 0;
    char number[CLI_AMOUNT_BYTES];

    amount_bare(number, minor, currency);
    snprintf(text, CLI_AMOUNT_BYTES, "%.31s %.12s", number,
             is_known ? currency : "minor units");
    return text;
}

bool
amount_parse(int64_t *minor_out, const char *text, const char *currency)
{
    int decimals = money_decimals(currency);
    struct money m;

    if (decimals < 0) {
        usage_error("'%s' is not a currency that is known: write an ISO 4217 "
                    "code such as EUR",
                    plain(currency));
        return false;
    }
    if (money_parse(&m, text, strlen(text), decimals) != ERR_OK) {
        usage_error("'%s' is not an amount in %s: write digits, %s, no sign "
                    "and no separators",
                    plain(text), currency,
                    decimals == 0   ? "no decimals"
                    : decimals == 2 ? "at most 2 decimals after a point"
                                    : "at most 3 decimals after a point");
        return false;
    }
    *minor_out = m.minor;
    return true;
}

char *
number_text(char text[24], int64_t number)
{
    snprintf(text, 24, "%lld", (long long)number);
    return text;
}

char *
duration_text(char text[64], int64_t seconds)
{
    static const struct {
        int64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        int64_t count = seconds / units[i].seconds;

        seconds %= units[i].seconds;
        if (count > 0)
            used += (size_t)snprintf(text + used, 64 - used, "%s%lld %s",
                                     used > 0 ? " " : "", (long long)count,
                                     units[i].name);
    }
    if (used == 0)
        snprintf(text, 64, "0 s");
    return text;
}

/* ------------------------------------------------------------------- errors */

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

/** Why, in words; for a low bid with the amount that would do. */
static void
print_reason(const struct auction_result *result, const char *currency)
{
    char amount[CLI_AMOUNT_BYTES];

    if (result->minimum_bid > 0 && currency != NULL)
        fprintf(stderr, "below the minimum of %s",
                amount_text(amount, result->minimum_bid, currency));
    else
        fputs(plain(result->message), stderr);
}

int
show_error(struct cli *cli, const char *what,
           const struct auction_result *result, const char *currency)
{
    if ((cli_form(cli) == FORM_JSON || cli_form(cli) == FORM_JSONL) &&
        result->body != NULL && result->body[0] == '{')
        fputs(result->body, stdout);
    fprintf(stderr, "auction: %s%s: ", what,
            result->code[0] == '\0' || result->outcome == AUCTION_UNKNOWN
                ? ""
                : " refused");
    print_reason(result, currency);
    if (result->code[0] != '\0')
        fprintf(stderr, " (%s%s%s)", plain(result->code),
                result->request_id[0] == '\0' ? "" : ", request ",
                plain(result->request_id));
    fputc('\n', stderr);
    if (result->outcome == AUCTION_UNKNOWN && result->key[0] != '\0')
        fprintf(stderr,
                "auction: whether it was done is unknown: repeat with "
                "--request %s\n",
                result->key);
    return (int)result->outcome;
}

/* ----------------------------------------------------------- untrusted text */

/**
 * Length of the UTF-8 sequence at `c` if it could steer a terminal: controls,
 * C1 controls, and what turns the direction of writing; else 0.
 */
static size_t
dangerous_bytes(const unsigned char *c)
{
    if (c[0] < 0x20 || c[0] == 0x7f)
        return 1;
    if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f)
        return 2;
    if (c[0] == 0xd8 && c[1] == 0x9c) /* U+061C */
        return 2;
    if (c[0] == 0xe2 && c[1] == 0x80 &&
        (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xa8 && c[2] <= 0xae)))
        return 3;
    if (c[0] == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9)
        return 3;
    return 0;
}

/* A ring of buffers, so that several may stand in one printf. */
const char *
plain(const char *text)
{
    enum { BUFFERS = 8, BUFFER_BYTES = 4096, LONGEST = 3 * 4 };
    static char buffers[BUFFERS][BUFFER_BYTES];
    static unsigned next;
    char *out = buffers[next++ % BUFFERS];
    size_t used = 0;

    while (*text != '\0' && used < BUFFER_BYTES - LONGEST - 1) {
        size_t count = dangerous_bytes((const unsigned char *)text);

        if (count == 0)
            out[used++] = *text++;
        for (; count > 0; count--)
            used += (size_t)snprintf(out + used, 5, "\\x%02x",
                                     (unsigned char)*text++);
    }
    out[used] = '\0';
    return out;
}

void
put_plain(FILE *out, const char *text)
{
    while (*text != '\0') {
        size_t count = dangerous_bytes((const unsigned char *)text);

        if (count == 0)
            fputc(*text++, out);
        for (; count > 0; count--)
            fprintf(out, "\\x%02x", (unsigned char)*text++);
    }
}

/* --------------------------------------------------------------------- JSON */

const char *
text_of(json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL ? "" : text;
}

int64_t
int_of(json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

json_t *
get_json(struct cli *cli, struct auction_client *client, const char *path,
         struct auction_result *result, int *code)
{
    json_t *object;

    if (auction_call(client, "GET", path, NULL, NULL, result) !=
        AUCTION_ACCEPTED) {
        *code = show_error(cli, "request", result, NULL);
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
