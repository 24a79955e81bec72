/* SPDX-License-Identifier: Apache-2.0 */
#include "verify.h"

#include <stdio.h>

static const char *const check_names[] = {"log key", "checkpoint", "tree",
                                          "records", "certs",      "signatures",
                                          "heads",   "replay"};

static void
describe(const struct verifying *v, enum check check, char out[256])
{
    char root[HASH_BASE64_BYTES];

    switch (check) {
    case CHECK_LOG_KEY:
        snprintf(out, 256, "%s", v->log_key_text);
        return;
    case CHECK_CHECKPOINT:
        snprintf(out, 256, "size %llu, signed by the log's key",
                 (unsigned long long)v->head.size);
        return;
    case CHECK_TREE:
        snprintf(out, 256, "%llu records, root %s as signed",
                 (unsigned long long)v->count,
                 hash_base64(root, &v->head.root));
        return;
    case CHECK_RECORDS:
        snprintf(out, 256, "canonical, ordered, no gap; %llu withheld",
                 (unsigned long long)v->withheld);
        return;
    case CHECK_CERTS:
        snprintf(out, 256, "%zu certificates, each under the CA when used",
                 certs_count(v->certs));
        return;
    case CHECK_SIGNATURES:
        snprintf(out, 256, "%llu commands signed, %llu unsigned%s",
                 (unsigned long long)v->signed_count,
                 (unsigned long long)v->unsigned_count,
                 v->unknown_count > 0 ? "; some certificates are withheld"
                                      : "");
        return;
    case CHECK_HEADS:
        snprintf(out, 256, "%llu seen heads and receipts agree",
                 (unsigned long long)v->heads);
        return;
    case CHECK_REPLAY:
        if (v->withheld > 0)
            snprintf(out, 256, "not possible: records are withheld");
        else
            snprintf(out, 256, "%llu auctions recomputed, 0 differences",
                     (unsigned long long)replay_auctions(v->replay));
        return;
    case CHECK_COUNT:
        break;
    }
    out[0] = '\0';
}

/** One line a check up to the first that is false. */
static const struct finding *
print_findings(const struct verifying *v)
{
    char text[256];

    for (int c = 0; c < CHECK_COUNT; c++) {
        const struct finding *f = &v->findings[c];
        const char *word = f->is_missing ? "MISSING" : "FALSE";
        if (f->is_false) {
            if (f->has_seq)
                printf("%-13s %s at seq %llu: %s\n", check_names[c], word,
                       (unsigned long long)f->seq, f->what);
            else
                printf("%-13s %s: %s\n", check_names[c], word, f->what);
            return f;
        }
        describe(v, (enum check)c, text);
        printf("%-13s %s  %s\n", check_names[c],
               c == CHECK_REPLAY && v->withheld > 0 ? "--" : "ok", text);
    }
    return NULL;
}

int
verify_conclude(const struct verifying *v, double seconds)
{
    const struct finding *f = print_findings(v);

    if (v->is_out_of_memory) {
        printf("NOT VERIFIED: out of memory\n");
        return INSPECT_UNREADABLE;
    }
    if (f != NULL) {
        if (f->has_seq)
            printf("NOT VERIFIED: first false check: %s, seq %llu\n",
                   check_names[f - v->findings], (unsigned long long)f->seq);
        else
            printf("NOT VERIFIED: first false check: %s\n",
                   check_names[f - v->findings]);
        return f->is_missing ? INSPECT_UNREADABLE : INSPECT_FALSE;
    }
    if (v->count == 0) {
        printf("NOT VERIFIED: no records\n");
        return INSPECT_UNREADABLE;
    }
    if (v->withheld > 0) {
        printf("CONSISTENT %llu records in %.1f s; the withheld ones cannot "
               "be replayed\n",
               (unsigned long long)v->count, seconds);
        return INSPECT_UNTRUSTED;
    }
    printf("VERIFIED %llu records in %.1f s\n", (unsigned long long)v->count,
           seconds);
    return INSPECT_TRUE;
}
