/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One command: who signed it, with which certificate, having seen what.
 */
#include "verify.h"

#include "audit/command.h"
#include "audit/signature.h"

#include <string.h>

/** The key that must have signed it goes with the record to the sign step. */
static void
find_key(struct verifying *v, struct item *item)
{
    const struct record *r = &item->record;
    const char *flaw;

    item->key = r->actor.has_fp ? certs_key(v->certs, &r->actor.fp) : NULL;
    if (item->key == NULL && v->withheld > 0) {
        v->unknown_count++; /* its certificate may be what is withheld */
        return;
    }
    v->signed_count++;
    v->admin_count += r->actor.kind == RECORD_ACTOR_ADMIN;
    if (item->key == NULL) {
        findings_add(&v->findings, CHECK_SIGNATURES, v->count,
                     "it is signed by a certificate that the log has not "
                     "seen");
        return;
    }
    flaw = certs_flaw(v->certs, &r->actor.fp, instant_of(r->t));
    if (flaw != NULL)
        findings_add(&v->findings, CHECK_CERTS, v->count, "%s", flaw);
}

/** Whether it is a refusal of the signature, for this cause. */
static bool
is_refused_for(const struct record *r, const char *cause)
{
    return RECORD_HAS(r, reason) && RECORD_HAS(r, cause) &&
           r->reason.size == 13 &&
           memcmp(r->reason.bytes, "ERR_SIGNATURE", 13) == 0 &&
           r->cause.size == strlen(cause) &&
           memcmp(r->cause.bytes, cause, r->cause.size) == 0;
}

/** The head that its signer had seen is of this log, unless it says not. */
static void
check_seen(struct verifying *v, const struct record *r)
{
    const struct record_seen *seen = &r->sig.seen;
    bool is_ours = false;

    v->heads++;
    /* The tree holds this record already: its signer cannot have seen it. */
    if (seen->size <= v->count)
        verify_fail(
            v, history_has_head(v->history, seen->size, &seen->root, &is_ours));
    if (is_ours == is_refused_for(r, "head"))
        findings_add(&v->findings, CHECK_HEADS, v->count,
                     is_ours
                         ? "it was refused for a head that is ours: size %llu"
                         : "its signer has seen another history: size %llu",
                     (unsigned long long)seen->size);
}

void
verify_command(struct verifying *v, struct item *item)
{
    const struct record *r = &item->record;

    verify_fail(v, requests_add(v->requests, r));
    if (RECORD_HAS(r, sig)) {
        find_key(v, item);
        check_seen(v, r);
    } else if (r->type != RECORD_PUBLISH_ACCEPTED ||
               memcmp(&r->request, &v->created, sizeof(v->created)) != 0) {
        v->unsigned_count++;
    }
    if (r->type == RECORD_CREATE_ACCEPTED)
        v->created = r->request;
}

void
verify_signature(struct verifying *v, struct item *item)
{
    const struct record *r = &item->record;
    struct signed_command command;
    struct buf bytes;
    enum err err;

    buf_init(&bytes, COMMAND_BYTES_MAX);
    err = command_from_record(&command, r, v->trust.log.name);
    command.signer = r->actor.fp;
    if (err == ERR_OK)
        err = command_encode(&command, &bytes);
    if (err == ERR_OK)
        err = command_verify(item->key, bytes.bytes, bytes.size, &r->sig);
    if (err != ERR_OK)
        findings_add(&v->findings, CHECK_SIGNATURES, item->line.seq,
                     "its signature is not by the key of its actor's "
                     "certificate");
    buf_release(&bytes);
}
