/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of the server's: a page, or one after the other.
 */
#include "cli.h"

#include <string.h>

enum { PATH_BYTES = 512, CURSOR_BYTES = 128 };

/** A cursor is of the server's making; it goes into a path only if plain. */
static bool
is_plain_word(const char *word)
{
    return word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-")] ==
           '\0';
}

/** One page; the next cursor, or "", goes to `cursor`. */
static int
take_page(struct cli *cli, struct auction_client *client, const char *path,
          const struct paging *paging, struct sheet *sheet,
          char cursor[CURSOR_BYTES])
{
    struct auction_result result;
    json_t *page, *item;
    size_t i;
    int code = 0;

    page = get_json(cli, client, path, &result, &code);
    cursor[0] = '\0';
    if (page != NULL && sheet != NULL && cli_form(cli) == FORM_JSON)
        fputs(result.body, stdout);
    json_array_foreach(json_object_get(page, "items"), i, item)
    {
        if (code == 0 && !paging->add(sheet, item, paging->context))
            code = AUCTION_LOCAL_FAILURE;
    }
    if (page != NULL)
        snprintf(cursor, CURSOR_BYTES, "%s", text_of(page, "next_cursor"));
    json_decref(page);
    auction_result_release(&result);
    return code;
}

static int
take_pages(struct cli *cli, struct auction_client *client,
           const struct paging *paging, struct sheet *sheet)
{
    char path[PATH_BYTES], cursor[CURSOR_BYTES] = "";
    int code;

    do {
        snprintf(path, sizeof(path), "%s%s%s", paging->base,
                 cursor[0] == '\0' ? "" : "&cursor=", cursor);
        code = take_page(cli, client, path, paging, sheet, cursor);
    } while (code == 0 && paging->is_all && cursor[0] != '\0' &&
             is_plain_word(cursor));
    if (code == 0 && cursor[0] != '\0' && !cli->is_quiet && sheet != NULL)
        fprintf(stderr, "auction: there are more: see --all and --limit\n");
    return code;
}

int
pages_print(struct cli *cli, struct auction_client *client,
            const struct paging *paging)
{
    struct sheet *sheet = sheet_create(cli, paging->columns);
    int code = AUCTION_LOCAL_FAILURE;

    if (sheet != NULL)
        code = take_pages(cli, client, paging, sheet);
    sheet_finish(&sheet);
    return code;
}

int
pages_visit(struct cli *cli, struct auction_client *client,
            const struct paging *paging)
{
    return take_pages(cli, client, paging, NULL);
}
