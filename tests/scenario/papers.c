/* SPDX-License-Identifier: Apache-2.0 */
#include "papers.h"

#include "../unit/authority.h"

#include <stdio.h>
#include <string.h>

enum { PEOPLE_MAX = 64 };

static struct identity *people[PEOPLE_MAX];
static size_t people_count;

static struct identity *
issue(const char *who, enum role role)
{
    static struct authority authority;
    struct identity *identity;
    struct leaf_recipe recipe = {.cn = who};
    struct leaf leaf;
    const char *rule;
    char san[160];

    if (authority.self.cert == NULL)
        authority_create(&authority, "scenario");
    snprintf(san, sizeof(san), "URI:auction://scenario.example/%s/%s",
             role_name(role), who);
    recipe.san = san;
    leaf = authority_issue(&authority, &recipe);
    CHECK(identity_from_cert(&identity, leaf.cert, authority.self.cert,
                             "scenario.example", &rule) == ERR_OK);
    leaf_release(&leaf);
    return identity;
}

struct identity *
papers_of(const char *who, enum role role)
{
    for (size_t i = 0; i < people_count; i++)
        if (strcmp(people[i]->name, who) == 0 && people[i]->role == role)
            return identity_ref(people[i]);
    CHECK(people_count < PEOPLE_MAX);
    people[people_count] = issue(who, role);
    return identity_ref(people[people_count++]);
}
