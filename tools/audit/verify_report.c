/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the result is told: a line for each group of checks up to the first
 * that is false, and the conclusion.
 */
#include "verify.h"

#include "names.h"

#include <stdio.h>
#include <stdlib.h>

typedef unsigned long long ull;

/** "8f3kQ2pL...1sA=" */
static void
short_root(char out[24], const struct hash *root)
{
    char text[HASH_BASE64_BYTES];

    hash_base64(text, root);
    snprintf(out, 24, "%.8s...%s", text, text + 40);
}

static void
describe_heads(const struct verifying *v, char out[256])
{
    int used = snprintf(out, 256, "%llu seen heads", (ull)v->heads);

    if (v->policy.has_quorum)
        used +=
            snprintf(out + used, 256 - (size_t)used, ", %zu of %zu witnesses",
                     v->quorum.cosigned, v->quorum.witnesses);
    snprintf(out + used, 256 - (size_t)used, ", %llu receipts agree%s",
             (ull)v->receipts,
             v->options->since_checkpoint == NULL
                 ? ""
                 : "; the older checkpoint too");
}

/** The words of an "ok" line; an empty one is not printed. */
static void
describe(const struct verifying *v, enum check check, char out[256])
{
    char root[24];

    out[0] = '\0';
    switch ((int)check) {
    case CHECK_LOG_KEY:
        snprintf(out, 256, "%s", v->trust.text);
        return;
    case CHECK_TREE:
        short_root(root, &v->trust.head.root);
        snprintf(out, 256, "%llu records, root %s as signed", (ull)v->count,
                 root);
        return;
    case CHECK_RECORDS:
        snprintf(out, 256, "canonical, ordered, no gap; %llu withheld",
                 (ull)v->withheld);
        return;
    case CHECK_SIGNATURES:
        snprintf(
            out, 256,
            "%llu commands signed (%llu unsigned, allowed), %llu by "
            "administrators; %zu certificates, %zu CRLs%s",
            (ull)v->signed_count, (ull)v->unsigned_count, (ull)v->admin_count,
            certs_count(v->certs), certs_crl_count(v->certs),
            v->unknown_count > 0 ? "; some certificates are withheld" : "");
        return;
    case CHECK_HEADS:
        describe_heads(v, out);
        return;
    case CHECK_REPLAY:
        if (v->withheld > 0)
            snprintf(out, 256, "not possible: records are withheld");
        else
            snprintf(out, 256,
                     "%llu auctions: %llu results recomputed, 0 "
                     "differences",
                     (ull)replay_auctions(v->replay),
                     (ull)replay_results(v->replay));
        return;
    case CHECK_STATE:
        if (v->options->wants_state)
            snprintf(out, 256, "%llu rows of the tables as replayed",
                     (ull)v->state_rows);
        return;
    default:
        return;
    }
}

/** One line a check up to the one that is false. */
static const struct finding *
print_findings(const struct verifying *v, enum check *check_out)
{
    const struct finding *f = findings_first(&v->findings, check_out);
    char text[256];

    for (int c = 0; c < (f == NULL ? CHECK_COUNT : (int)*check_out); c++) {
        describe(v, (enum check)c, text);
        if (text[0] != '\0')
            printf("%-13s %s  %s\n", check_name((enum check)c),
                   c == CHECK_REPLAY && v->withheld > 0 ? "--" : "ok", text);
    }
    if (f == NULL)
        return NULL;
    printf("%-13s %s", check_name(*check_out),
           f->is_missing ? "MISSING" : "FALSE");
    if (f->seq != FINDING_NO_SEQ)
        printf(" at seq %llu", (ull)f->seq);
    printf(": %s\n", f->what);
    return f;
}

/* ------------------------------------------------- where the first false is
 */

struct locating {
    uint64_t seq;
    struct names names;
    struct record record;
    struct record_text text;
    bool is_found;
};

static bool
locate(void *context, const struct source_line *line)
{
    struct locating *l = context;

    if (line->bytes == NULL ||
        record_decode(line->bytes, line->size, &l->record, &l->text) != ERR_OK)
        return line->seq < l->seq;
    l->is_found = line->seq == l->seq;
    return names_learn(&l->names, &l->record) == ERR_OK && line->seq < l->seq;
}

/** " (tx 15002, auction 2041, user bob)", as far as its bytes say so. */
static void
print_place(const struct verifying *v, uint64_t seq)
{
    struct locating *l = calloc(1, sizeof(*l));
    char name[NAME_BYTES];

    if (l == NULL)
        return;
    l->seq = seq;
    if (source_each(v->source, 0, locate, l) == ERR_OK && l->is_found) {
        printf(" (tx %lld", (long long)l->record.tx);
        if (RECORD_HAS(&l->record, auction))
            printf(", auction %lld", (long long)l->record.auction);
        if (RECORD_HAS(&l->record, actor) && l->record.actor.has_uid)
            printf(", user %s", names_actor(&l->names, &l->record, name));
        putchar(')');
    }
    names_release(&l->names);
    free(l);
}

static int
conclude_false(const struct verifying *v, const struct finding *f,
               enum check check)
{
    printf("NOT VERIFIED: first false check: %s", check_name(check));
    if (f->seq != FINDING_NO_SEQ) {
        printf(", seq %llu", (ull)f->seq);
        print_place(v, f->seq);
    }
    putchar('\n');
    return f->is_missing ? INSPECT_UNREADABLE : INSPECT_FALSE;
}

int
verify_conclude(struct verifying *v)
{
    enum check check;
    const struct finding *f = print_findings(v, &check);
    double seconds = verify_seconds() - v->start;

    if (f != NULL)
        return conclude_false(v, f, check);
    if (v->count == 0) {
        printf("NOT VERIFIED: no records\n");
        return INSPECT_UNREADABLE;
    }
    if (!v->quorum.is_log_known) {
        printf("NOT TRUSTED: the policy does not name this log\n");
        return INSPECT_UNTRUSTED;
    }
    if (!v->quorum.is_met) {
        printf("NOT TRUSTED: the policy's quorum is not met: %zu of %zu "
               "witnesses have cosigned\n",
               v->quorum.cosigned, v->quorum.witnesses);
        return INSPECT_UNTRUSTED;
    }
    if (v->withheld > 0) {
        printf("CONSISTENT %llu records in %.1f s; the withheld ones cannot "
               "be replayed\n",
               (ull)v->count, seconds);
        return INSPECT_UNTRUSTED;
    }
    printf("VERIFIED %llu records in %.1f s\n", (ull)v->count, seconds);
    return INSPECT_TRUE;
}
