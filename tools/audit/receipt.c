/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check-receipt: one receipt, offline, against the CA alone; with a newer
 * checkpoint and the proof from one to the other, against that one too.
 */
#include "amount.h"
#include "file.h"
#include "inspect.h"
#include "policy_file.h"
#include "trust.h"

#include "audit/command.h"
#include "audit/receipt.h"
#include "audit/signature.h"
#include "engine/replay_read.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct checking {
    const struct inspect_options *options;
    struct trust trust;
    struct policy policy;
    struct policy_result quorum;
    struct checkpoint head, newer;
    struct receipt receipt;
    struct receipt_text storage;
    struct record record;
    struct record_text text;
    bool has_newer, is_own;
    struct party signer; /* whom the given certificate names */
};

/* --------------------------------------------------------------- what it says
 */

/** "bid of 120.00 by #3 in auction 2041, accepted" */
static void
print_what(const struct checking *c)
{
    const struct record *r = &c->record;
    char amount[AMOUNT_TEXT_BYTES];
    const char *type = record_type_text(r->type), *dot = strchr(type, '.');
    enum command_kind cmd;
    bool is_accepted = false;
    bool is_command = command_of_type(r->type, &cmd, &is_accepted);
    int64_t minor;

    if (is_command)
        printf("RECORDED  %.*s", (int)(dot - type), type);
    else
        printf("RECORDED  %s", type);
    if (amount_of_record(r, &minor))
        printf(" of %s", amount_text(amount, minor, NULL));
    if (c->signer.name[0] != '\0')
        printf(" by %s", c->signer.name);
    else if (RECORD_HAS(r, actor) && r->actor.has_uid)
        printf(" by #%lld", (long long)r->actor.uid);
    if (RECORD_HAS(r, auction))
        printf(" in auction %lld", (long long)r->auction);
    if (is_command && is_accepted)
        printf(", accepted");
    if (RECORD_HAS(r, reason))
        printf(", refused: %.*s", (int)r->reason.size, r->reason.bytes);
}

static void
print_receipt(const struct checking *c)
{
    char t[INSTANT_TEXT_BYTES];
    const struct record *r = &c->record;
    const char *issuer = strstr(c->trust.text, ", signed by ");
    const char *end = issuer == NULL ? NULL : strstr(issuer, ", valid ");

    instant_format(t, instant_of(r->t));
    print_what(c);
    printf(" at seq %lld on %.10s %.12s UTC\n", (long long)r->seq, t, t + 11);
    printf("          proof %zu hashes, checkpoint %llu, log key certified by "
           "%.*s",
           c->receipt.proof.count, (unsigned long long)c->head.size,
           end == NULL ? 6 : (int)(end - issuer - 12),
           end == NULL ? "the CA" : issuer + 12);
    if (c->is_own)
        printf("; your own signature on the %.*s is valid",
               (int)strcspn(record_type_text(r->type), "."),
               record_type_text(r->type));
    else if (RECORD_HAS(r, sig))
        printf("; it is signed, give the signer's certificate with --signer "
               "to check");
    else if (RECORD_HAS(r, request))
        printf("; UNSIGNED");
    putchar('\n');
    if (c->has_newer)
        printf("          still there under checkpoint %llu\n",
               (unsigned long long)c->newer.size);
    if (c->policy.has_quorum)
        printf("          %zu of %zu witnesses%s\n", c->quorum.cosigned,
               c->quorum.witnesses,
               c->quorum.is_met ? "" : ": the quorum is NOT met");
}

/* ------------------------------------------------------------------- checks
 */

/** The signature of the command, by the certificate that is given. */
static enum err
check_signer(struct checking *c)
{
    struct signed_command command;
    struct buf bytes;
    struct hash fp;
    char *pem = NULL;
    size_t size;
    X509 *cert = NULL;
    BIO *bio;
    enum err err;

    if (c->options->signer == NULL)
        return ERR_OK;
    if (!RECORD_HAS(&c->record, sig))
        return err_set(ERR_UNTRUSTED, "the command is not signed");
    if ((err = file_read(&pem, &size, c->options->signer)) != ERR_OK)
        return err;
    bio = BIO_new_mem_buf(pem, (int)size);
    cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    free(pem);
    if (cert == NULL)
        return err_set(ERR_SYNTAX, "'%s' holds no certificate",
                       c->options->signer);
    buf_init(&bytes, COMMAND_BYTES_MAX);
    err = command_from_record(&command, &c->record, c->trust.log.name);
    command.signer = c->record.actor.fp;
    if (err == ERR_OK)
        err = cert_fingerprint(&fp, cert);
    if (err == ERR_OK && !hash_equal(&fp, &command.signer))
        err = err_set(ERR_UNTRUSTED, "it was signed with another certificate");
    if (err == ERR_OK)
        err = command_encode(&command, &bytes);
    if (err == ERR_OK)
        err =
            command_verify_cert(cert, bytes.bytes, bytes.size, &c->record.sig);
    c->is_own = err == ERR_OK;
    if (!c->is_own || !replay_party_of_cert(cert, &c->signer))
        c->signer.name[0] = '\0';
    buf_release(&bytes);
    X509_free(cert);
    return err;
}

/** A consistency proof from the receipt's head to a newer one. */
static enum err
check_newer(struct checking *c)
{
    const struct inspect_options *o = c->options;
    char *note = NULL, *text = NULL;
    size_t note_size, size, inner_size;
    struct checkpoint inner;
    struct proof proof;
    const char *checkpoint;
    uint64_t old;
    enum err err;

    if (o->newer == NULL)
        return ERR_OK;
    if ((err = file_read(&note, &note_size, o->newer)) == ERR_OK)
        err = checkpoint_verify(&c->newer, note, note_size, &c->trust.log);
    if (err == ERR_OK && o->proof != NULL &&
        (err = file_read(&text, &size, o->proof)) == ERR_OK &&
        (err = consistency_parse(&old, &proof, &checkpoint, &inner_size, text,
                                 size)) == ERR_OK)
        err = checkpoint_parse(&inner, checkpoint, inner_size);
    if (err == ERR_OK && o->proof == NULL)
        proof.count = 0; /* enough when both are the same */
    if (err == ERR_OK && o->proof != NULL &&
        (old != c->head.size || inner.size != c->newer.size))
        err = err_set(ERR_UNTRUSTED, "the proof is between other checkpoints");
    if (err == ERR_OK &&
        !consistency_verify(c->head.size, &c->head.root, c->newer.size,
                            &c->newer.root, &proof))
        err = err_set(ERR_UNTRUSTED, "the newer checkpoint does not continue "
                                     "the receipt's: the past was rewritten, "
                                     "or it needs --proof FILE");
    c->has_newer = err == ERR_OK;
    free(note);
    free(text);
    return err;
}

/** Its own time, not yet proved, to judge the log's certificate at. */
static struct instant
time_of(struct checking *c)
{
    return record_decode(c->receipt.record, c->receipt.record_size, &c->record,
                         &c->text) == ERR_OK
               ? instant_of(c->record.t)
               : instant_of(0);
}

static enum err
check_all(struct checking *c)
{
    enum err err;

    err = receipt_verify(&c->receipt, &c->trust.log, &c->head, &c->record,
                         &c->text);
    if (err == ERR_OK)
        err = check_signer(c);
    if (err == ERR_OK)
        err = check_newer(c);
    if (err == ERR_OK)
        c->quorum = policy_judge(&c->policy, c->receipt.checkpoint,
                                 c->receipt.checkpoint_size, &c->trust.log);
    return err;
}

static int
conclude(const struct checking *c, enum err err)
{
    if (err == ERR_NOT_FOUND || err == ERR_SYSTEM || err == ERR_NOMEM)
        return inspect_failed(err);
    if (err != ERR_OK) {
        printf("NOT RECORDED: %s\n", err_detail());
        return INSPECT_FALSE;
    }
    print_receipt(c);
    return c->quorum.is_met && c->quorum.is_log_known ? INSPECT_TRUE
                                                      : INSPECT_UNTRUSTED;
}

static int
check(struct checking *c)
{
    const struct inspect_options *o = c->options;
    char *text = NULL;
    size_t size;
    int code;
    enum err err = file_read(&text, &size, o->words[0]);

    if (err == ERR_OK && o->policy != NULL)
        err = policy_load(&c->policy, o->policy);
    if (err == ERR_OK)
        err = trust_load_ca(&c->trust, o->ca);
    if (err != ERR_OK) {
        free(text);
        return inspect_failed(err);
    }
    err = receipt_parse(&c->receipt, &c->storage, text, size);
    if (err == ERR_OK) {
        err = trust_load_key(&c->trust,
                             o->log_cert == NULL ? "log-cert.pem" : o->log_cert,
                             NULL, time_of(c));
        if (err != ERR_OK) {
            free(text);
            code = inspect_failed(err);
            return err == ERR_NOT_FOUND || err == ERR_SYSTEM
                       ? code
                       : INSPECT_UNTRUSTED;
        }
        err = check_all(c);
    }
    code = conclude(c, err);
    free(text);
    return code;
}

int
inspect_check_receipt(const struct inspect_options *options)
{
    struct checking *c;
    int code;

    if (options->ca == NULL || options->word_count != 1)
        return inspect_usage(
            "check-receipt needs --ca FILE and one receipt; the log's "
            "certificate is --log-cert or ./log-cert.pem");
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return INSPECT_UNREADABLE;
    c->options = options;
    trust_init(&c->trust);
    policy_init(&c->policy);
    code = check(c);
    trust_release(&c->trust);
    policy_release(&c->policy);
    free(c);
    return code;
}
