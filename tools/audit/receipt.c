/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check-receipt: one receipt, offline, against the CA alone.
 */
#include "inspect.h"

#include "audit/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct checking {
    struct log_verifier log;
    struct checkpoint head;
    struct receipt receipt;
    struct receipt_text storage;
    struct record record;
    struct record_text text;
};

static void
print_receipt(const struct checking *c)
{
    char t[INSTANT_TEXT_BYTES], amount[48];
    const struct record *r = &c->record;

    printf("RECORDED  %s", record_type_text(r->type));
    if (RECORD_HAS(r, max))
        printf(" of %s", inspect_amount(amount, r->max, NULL));
    if (RECORD_HAS(r, auction))
        printf(" in auction %lld", (long long)r->auction);
    if (RECORD_HAS(r, reason))
        printf(", refused: %.*s", (int)r->reason.size, r->reason.bytes);
    printf(", at seq %lld on %s\n", (long long)r->seq,
           instant_format(t, instant_of(r->t)));
    printf("          proof of %zu hashes, checkpoint %llu of %s, its key "
           "certified by the CA%s\n",
           c->receipt.proof.count, (unsigned long long)c->head.size,
           c->head.origin, RECORD_HAS(r, sig) ? "; the command is signed" : "");
}

/** The certificate from an option, or from beside the receipt. */
static enum err
load_log_key(struct checking *c, const struct inspect_options *o)
{
    char *ca = NULL, *cert = NULL;
    size_t ca_size = 0, cert_size = 0;
    enum err err = inspect_read(&ca, &ca_size, o->ca);

    if (err == ERR_OK)
        err = inspect_read(&cert, &cert_size,
                           o->log_cert == NULL ? "log-cert.pem" : o->log_cert);
    if (err == ERR_OK)
        err = logkey_from_cert(&c->log, (struct pem){cert, cert_size},
                               (struct pem){ca, ca_size}, NULL,
                               instant_of((int64_t)time(NULL) * 1000));
    free(ca);
    free(cert);
    return err;
}

static int
check(struct checking *c, const struct inspect_options *o)
{
    char *text = NULL;
    size_t size;
    enum err err = load_log_key(c, o);

    if (err != ERR_OK)
        return inspect_failed(err) == INSPECT_UNREADABLE ? INSPECT_UNREADABLE
                                                         : INSPECT_UNTRUSTED;
    err = inspect_read(&text, &size, o->words[0]);
    if (err != ERR_OK)
        return inspect_failed(err);
    err = receipt_parse(&c->receipt, &c->storage, text, size);
    if (err == ERR_OK)
        err = receipt_verify(&c->receipt, &c->log, &c->head, &c->record,
                             &c->text);
    if (err == ERR_OK)
        print_receipt(c);
    else
        printf("NOT RECORDED: %s\n", err_detail());
    free(text);
    return err == ERR_OK ? INSPECT_TRUE : INSPECT_FALSE;
}

int
inspect_check_receipt(const struct inspect_options *options)
{
    struct checking *c;
    int code;

    if (options->ca == NULL || options->word_count != 1) {
        fprintf(stderr,
                "auction-audit: check-receipt needs --ca FILE and one receipt; "
                "the log's certificate is --log-cert or ./log-cert.pem\n");
        return INSPECT_USAGE;
    }
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return INSPECT_UNREADABLE;
    code = check(c, options);
    log_verifier_release(&c->log);
    free(c);
    return code;
}
