/* SPDX-License-Identifier: Apache-2.0 */
#include "audit/policy.h"

#include "audit/cosignature.h"
#include "audit/lines.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { ITEMS_MAX = POLICY_NAMES_MAX + 3 };

/** One line, taken apart. */
struct items {
    struct item_text {
        const char *text;
        size_t size;
    } list[ITEMS_MAX];
    size_t count;
};

void
policy_init(struct policy *policy)
{
    memset(policy, 0, sizeof(*policy));
}

void
policy_release(struct policy *p)
{
    for (size_t i = 0; i < p->log_count; i++)
        log_verifier_release(&p->logs[i]);
    for (size_t i = 0; i < p->name_count; i++)
        log_verifier_release(&p->names[i].witness);
    free(p->text);
    policy_init(p);
}

/* ------------------------------------------------------------------- parsing
 */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/** False when there are more items than any line can have. */
static bool
split(struct items *out, const char *line, size_t size)
{
    size_t at = 0;

    out->count = 0;
    for (;;) {
        size_t start;
        while (at < size && is_blank(line[at]))
            at++;
        if (at == size)
            return true;
        if (out->count == ITEMS_MAX)
            return false;
        for (start = at; at < size && !is_blank(line[at]); at++)
            continue;
        out->list[out->count++] = (struct item_text){line + start, at - start};
    }
}

static bool
is_word(const struct item_text *item, const char *word)
{
    return item->size == strlen(word) &&
           memcmp(item->text, word, item->size) == 0;
}

static size_t
find_name(const struct policy *p, const struct item_text *item)
{
    size_t i = 0;

    while (i < p->name_count &&
           (p->names[i].size != item->size ||
            memcmp(p->names[i].text, item->text, item->size) != 0))
        i++;
    return i;
}

/** A new name; NULL when it is taken, or there are too many. */
static struct policy_name *
add_name(struct policy *p, const struct item_text *item)
{
    struct policy_name *name = &p->names[p->name_count];

    if (p->name_count == POLICY_NAMES_MAX || is_word(item, "none") ||
        find_name(p, item) < p->name_count)
        return NULL;
    *name = (struct policy_name){
        .text = item->text, .size = item->size, .group = p->name_count};
    p->name_count++;
    return name;
}

static bool
is_same_key(const struct log_verifier *a, const struct log_verifier *b)
{
    return memcmp(a->public_key, b->public_key, sizeof(a->public_key)) == 0;
}

static const char *
parse_log(struct policy *p, const struct items *items)
{
    struct log_verifier *log = &p->logs[p->log_count];

    if (items->count < 2 || items->count > 3)
        return "log <vkey> [<url>]";
    if (p->log_count == POLICY_LOGS_MAX)
        return "too many logs";
    if (vkey_parse(log, items->list[1].text, items->list[1].size) != ERR_OK)
        return "not a log's verifier key";
    for (size_t i = 0; i < p->log_count; i++)
        if (is_same_key(&p->logs[i], log)) {
            log_verifier_release(log);
            return "a log's key twice";
        }
    p->log_count++;
    return NULL;
}

static const char *
parse_witness(struct policy *p, const struct items *items)
{
    struct log_verifier key;
    struct policy_name *name;

    if (items->count < 3 || items->count > 4)
        return "witness <name> <vkey> [<url>]";
    if (witness_parse(&key, items->list[2].text, items->list[2].size) != ERR_OK)
        return "not a witness' verifier key";
    for (size_t i = 0; i < p->name_count; i++)
        if (p->names[i].is_witness && is_same_key(&p->names[i].witness, &key)) {
            log_verifier_release(&key);
            return "a witness' key twice";
        }
    name = add_name(p, &items->list[1]);
    if (name == NULL) {
        log_verifier_release(&key);
        return "a name that is taken, or one too many";
    }
    name->is_witness = true;
    name->witness = key;
    p->witness_count++;
    return NULL;
}

static bool
parse_threshold(const struct item_text *item, size_t members, size_t *out)
{
    uint64_t number;

    if (is_word(item, "all"))
        *out = members;
    else if (is_word(item, "any"))
        *out = 1;
    else if (text_u64(&number, item->text, item->size) && number >= 1 &&
             number <= members)
        *out = (size_t)number;
    else
        return false;
    return true;
}

static const char *
parse_group(struct policy *p, const struct items *items)
{
    size_t threshold, number = p->name_count;
    struct policy_name *name;

    if (items->count < 4 ||
        !parse_threshold(&items->list[2], items->count - 3, &threshold))
        return "group <name> all|any|<k> <name>...";
    for (size_t i = 3; i < items->count; i++) {
        size_t member = find_name(p, &items->list[i]);
        if (member == p->name_count)
            return "a member that is not defined before";
        if (p->names[member].group != member)
            return "a member that is already in a group";
        p->names[member].group = number;
    }
    name = add_name(p, &items->list[1]);
    if (name == NULL)
        return "a name that is taken, or one too many";
    name->threshold = threshold;
    return NULL;
}

static const char *
parse_quorum(struct policy *p, const struct items *items)
{
    if (items->count != 2)
        return "quorum <name>|none";
    if (p->has_quorum)
        return "a second quorum";
    p->has_quorum = true;
    p->is_quorum_none = is_word(&items->list[1], "none");
    p->quorum = find_name(p, &items->list[1]);
    return p->is_quorum_none || p->quorum < p->name_count
               ? NULL
               : "a quorum that is not defined before";
}

static const char *
parse_line(struct policy *p, const char *line, size_t size)
{
    struct items items;

    for (size_t i = 0; i < size; i++)
        if (((unsigned char)line[i] < 0x20 && line[i] != '\t') ||
            line[i] == 0x7f)
            return "a control character";
    if (!split(&items, line, size))
        return "too many names";
    if (items.count == 0 || items.list[0].text[0] == '#')
        return NULL;
    if (is_word(&items.list[0], "log"))
        return parse_log(p, &items);
    if (is_word(&items.list[0], "witness"))
        return parse_witness(p, &items);
    if (is_word(&items.list[0], "group"))
        return parse_group(p, &items);
    if (is_word(&items.list[0], "quorum"))
        return parse_quorum(p, &items);
    return "log, witness, group or quorum is expected";
}

enum err
policy_parse(struct policy *p, const char *text, size_t size)
{
    struct lines in;
    const char *problem = NULL;
    size_t number = 0;

    policy_init(p);
    if (size > POLICY_BYTES_MAX)
        return err_set(ERR_TOO_LARGE, "a policy is too large");
    p->text = malloc(size + 1);
    if (p->text == NULL)
        return err_set(ERR_NOMEM, "out of memory");
    memcpy(p->text, text, size);
    in = lines_of(p->text, size);
    while (problem == NULL && lines_next(&in)) {
        number++;
        problem = parse_line(p, in.line, in.size);
    }
    if (problem == NULL && lines_left(&in) > 0)
        problem = "the last line does not end";
    if (problem == NULL && !p->has_quorum)
        problem = "there is no quorum";
    if (problem == NULL)
        return ERR_OK;
    policy_release(p);
    return err_set(ERR_SYNTAX, "policy, line %zu: %s", number, problem);
}

/* ------------------------------------------------------------------- judging
 */

struct policy_result
policy_judge(const struct policy *p, const char *note, size_t size,
             const struct log_verifier *log)
{
    struct policy_result result = {.witnesses = p->witness_count,
                                   .is_log_known = p->log_count == 0};
    size_t votes[POLICY_NAMES_MAX] = {0};

    for (size_t i = 0; i < p->log_count; i++)
        if (strcmp(p->logs[i].name, log->name) == 0 &&
            is_same_key(&p->logs[i], log))
            result.is_log_known = true;
    /* Members come before their groups, so one pass counts all votes. */
    for (size_t i = 0; i < p->name_count; i++) {
        const struct policy_name *name = &p->names[i];
        struct cosignature found;
        enum err err = ERR_OK;
        if (name->is_witness)
            err = cosignature_find(&found, note, size, &name->witness);
        else if (votes[i] < name->threshold)
            err = ERR_NOT_FOUND;
        result.has_false =
            result.has_false || (err != ERR_OK && err != ERR_NOT_FOUND);
        result.cosigned += name->is_witness && err == ERR_OK;
        votes[i] = err == ERR_OK; /* from now on: whether it has witnessed */
        if (err == ERR_OK && name->group != i)
            votes[name->group]++;
    }
    result.is_met = p->is_quorum_none || !p->has_quorum || votes[p->quorum] > 0;
    return result;
}
