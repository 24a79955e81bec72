/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay_read.h"

#include "identity/identity.h"

#include <openssl/x509v3.h>
#include <string.h>

bool
replay_party_of_cert(X509 *cert, struct party *out)
{
    GENERAL_NAMES *names =
        X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    const GENERAL_NAME *name =
        names == NULL ? NULL : sk_GENERAL_NAME_value(names, 0);
    char realm[IDENTITY_REALM_BYTES];
    const char *rule;
    bool is_good = false;

    if (name != NULL && name->type == GEN_URI) {
        const unsigned char *uri =
            ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
        size_t size =
            (size_t)ASN1_STRING_length(name->d.uniformResourceIdentifier);
        const unsigned char *slash =
            size > 10 ? memchr(uri + 10, '/', size - 10) : NULL;
        size_t realm_size = slash == NULL ? 0 : (size_t)(slash - uri - 10);
        if (realm_size > 0 && realm_size < sizeof(realm)) {
            memcpy(realm, uri + 10, realm_size);
            realm[realm_size] = '\0';
            is_good = identity_parse_uri(uri, size, realm, &out->role,
                                         out->name, &rule);
        }
    }
    GENERAL_NAMES_free(names);
    return is_good;
}

bool
replay_has_reason(const struct record *record, enum verdict verdict)
{
    enum verdict found;

    return RECORD_HAS(record, reason) &&
           verdict_parse(&found, record->reason.bytes, record->reason.size) &&
           found == verdict;
}

bool
replay_is_given(const struct record *record)
{
    return replay_has_reason(record, VERDICT_FORMAT) ||
           (replay_has_reason(record, VERDICT_SIGNATURE) &&
            !RECORD_HAS(record, sig)) ||
           replay_has_reason(record, VERDICT_REUSED_ID);
}

bool
replay_is_forgotten(const struct record *record)
{
    return record->type == RECORD_REVEAL_REFUSED &&
           !RECORD_HAS(record, amount) && !replay_is_given(record);
}

bool
replay_is_of_the_server(enum record_type type)
{
    switch ((int)type) {
    case RECORD_LOG_INIT:
    case RECORD_LOG_KEY:
    case RECORD_LOG_HEARTBEAT:
    case RECORD_LOG_ARCHIVED:
    case RECORD_LOG_ERASED:
    case RECORD_LOG_LOST:
    case RECORD_LOG_READ:
    case RECORD_LOG_SEALED:
    case RECORD_SERVER_START:
    case RECORD_SERVER_STOP:
    case RECORD_SERVER_READONLY:
    case RECORD_SERVER_WRITABLE:
    case RECORD_CLOCK_STEP:
    case RECORD_CONFIG_CHANGED:
    case RECORD_CERT_REVOKED:
    case RECORD_CRL_LOADED:
    case RECORD_CRL_FAILED:
    case RECORD_CONN_OPEN:
    case RECORD_CONN_CLOSE:
    case RECORD_CONN_REFUSED:
    case RECORD_ACCESS_DENIED:
    case RECORD_REPL_ROLE:
    case RECORD_REPL_PEER:
        return true;
    default:
        return false;
    }
}

const char *
replay_find_malformed(const struct submission *s)
{
    bool has_amount = submission_is_order(s->cmd) &&
                      s->cmd != COMMAND_WITHDRAW && s->cmd != COMMAND_RETRACT;

    if (s->cmd == COMMAND_CREATE && s->draft == NULL)
        return "a draft is missing";
    if (has_amount && !money_is_valid(s->amount))
        return "an amount that nobody can offer";
    if (s->cmd == COMMAND_CREDIT && s->amount.minor != 0 &&
        !money_is_valid(s->amount))
        return "a limit that nobody can have";
    if (s->quantity > RULES_QUANTITY_MAX ||
        (s->cmd == COMMAND_TAKE && s->quantity == 0))
        return "a quantity that nobody can ask for";
    if ((s->cmd == COMMAND_COMMIT && !s->has_c) ||
        (s->cmd == COMMAND_REVEAL && !s->has_opening))
        return "a commitment or its nonce is missing";
    if (s->cmd == COMMAND_CORRECT && s->invoice == 0)
        return "the number of an invoice is missing";
    return NULL;
}
