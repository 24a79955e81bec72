/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: what a policy file asks for; with a checkpoint, whether that is met.
 */
#include "file.h"
#include "inspect.h"
#include "policy_file.h"
#include "trust.h"

#include <stdio.h>
#include <stdlib.h>

static void
print_policy(const struct policy *p)
{
    char vkey[VKEY_BYTES];

    for (size_t i = 0; i < p->log_count; i++)
        printf("log      %s\n", vkey_format(vkey, &p->logs[i]));
    for (size_t i = 0; i < p->name_count; i++) {
        const struct policy_name *name = &p->names[i];
        if (name->is_witness)
            printf("witness  %.*s  %s\n", (int)name->size, name->text,
                   vkey_format(vkey, &name->witness));
        else
            printf("group    %.*s  %zu of its members\n", (int)name->size,
                   name->text, name->threshold);
    }
    if (p->is_quorum_none)
        printf("quorum   none: no witness is asked for\n");
    else
        printf("quorum   %.*s\n", (int)p->names[p->quorum].size,
               p->names[p->quorum].text);
}

/** The checkpoint's own signature comes first: by --log-cert, or the policy. */
static enum err
verify_note(const struct inspect_options *o, const struct policy *p,
            const char *text, size_t size, struct checkpoint *head,
            const struct log_verifier **log_out, struct trust *trust)
{
    enum err err;

    if (o->ca != NULL && o->log_cert != NULL) {
        err = trust_load_ca(trust, o->ca);
        if (err == ERR_OK)
            err = trust_load_key(trust, o->log_cert, NULL, instant_of(0));
        *log_out = &trust->log;
        return err == ERR_OK ? checkpoint_verify(head, text, size, *log_out)
                             : err;
    }
    err = err_set(ERR_UNTRUSTED, "no key to trust: the policy names no log, "
                                 "and --ca with --log-cert is not given");
    for (size_t i = 0; i < p->log_count; i++) {
        *log_out = &p->logs[i];
        err = checkpoint_verify(head, text, size, *log_out);
        if (err == ERR_OK)
            return ERR_OK;
    }
    return err;
}

static int
judge(const struct inspect_options *o, const struct policy *p, const char *path)
{
    const struct log_verifier *log = NULL;
    struct policy_result result;
    struct checkpoint head;
    struct trust trust;
    char *text;
    size_t size;
    int code = INSPECT_TRUE;
    enum err err = file_read(&text, &size, path);

    if (err != ERR_OK)
        return inspect_failed(err);
    trust_init(&trust);
    err = verify_note(o, p, text, size, &head, &log, &trust);
    if (err != ERR_OK) {
        code = inspect_failed(err);
        if (err != ERR_NOT_FOUND && err != ERR_SYSTEM)
            code = p->log_count == 0 && o->ca == NULL ? INSPECT_UNTRUSTED
                                                      : INSPECT_FALSE;
    } else {
        result = policy_judge(p, text, size, log);
        printf("%llu records of %s: %zu of %zu witnesses, the quorum is %s\n",
               (unsigned long long)head.size, head.origin, result.cosigned,
               result.witnesses, result.is_met ? "met" : "NOT met");
        if (result.has_false)
            code = INSPECT_FALSE;
        else if (!result.is_met || !result.is_log_known)
            code = INSPECT_UNTRUSTED;
    }
    trust_release(&trust);
    free(text);
    return code;
}

int
inspect_policy(const struct inspect_options *options)
{
    struct policy *policy;
    int code;
    enum err err;

    if (options->word_count < 1 || options->word_count > 2)
        return inspect_usage("policy needs a policy file, and perhaps a "
                             "checkpoint");
    policy = calloc(1, sizeof(*policy));
    if (policy == NULL)
        return INSPECT_UNREADABLE;
    err = policy_load(policy, options->words[0]);
    if (err != ERR_OK)
        code = inspect_failed(err);
    else if (options->word_count == 2)
        code = judge(options, policy, options->words[1]);
    else {
        print_policy(policy);
        code = INSPECT_TRUE;
    }
    policy_release(policy);
    free(policy);
    return code;
}
