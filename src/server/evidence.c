/* SPDX-License-Identifier: Apache-2.0 */
#include "server/evidence.h"

#include "audit/cosignature.h"
#include "identity/pemfile.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

static enum err
read_pem(struct pem *out, const char *path)
{
    char *text;
    size_t size;
    enum err err = pemfile_read(&text, &size, path);

    if (err == ERR_OK)
        *out = (struct pem){text, size};
    return err;
}

enum err
evidence_load_key(struct evidence *evidence, const struct config *config,
                  struct instant now)
{
    char *key = NULL;
    size_t size = 0;
    enum err err;

    if ((err = read_pem(&evidence->cert, config->audit_cert)) != ERR_OK ||
        (err = read_pem(&evidence->ca, config->tls_client_ca)) != ERR_OK ||
        (err = pemfile_read_secret(&key, &size, config->audit_key)) != ERR_OK)
        return err;
    err = logkey_load(&evidence->logkey, (struct pem){key, size},
                      evidence->cert, evidence->ca, now);
    OPENSSL_cleanse(key, size);
    free(key);
    if (err != ERR_OK)
        return err_set(err, "log key '%s' with certificate '%s': %s",
                       config->audit_key, config->audit_cert, err_detail());
    return ERR_OK;
}

enum err
evidence_load_prev(struct evidence *evidence, const struct config *config)
{
    struct pem note;
    enum err err;

    if (config->audit_prev == NULL)
        return ERR_OK;
    if ((err = read_pem(&note, config->audit_prev)) != ERR_OK)
        return err_set(ERR_CONFIG, "audit.prev: %s", err_detail());
    err = checkpoint_parse(&evidence->prev, note.text, note.size);
    free((char *)(uintptr_t)note.text);
    if (err != ERR_OK || evidence->prev.size == 0)
        return err_set(ERR_CONFIG, "audit.prev: '%s' is no signed head",
                       config->audit_prev);
    if (strcmp(evidence->prev.origin, evidence->logkey.verifier.name) == 0)
        return err_set(ERR_CONFIG,
                       "audit.prev: a log cannot continue itself: give the "
                       "log certificate a new origin");
    return ERR_OK;
}

enum err
evidence_load_witnesses(struct evidence *evidence, const struct config *config)
{
    char *const *keys = config->witnesses;

    for (size_t i = 0; keys[i] != NULL; i++) {
        enum err err =
            witness_parse(&evidence->witnesses[i], keys[i], strlen(keys[i]));
        if (err != ERR_OK)
            return err_set(ERR_CONFIG,
                           "audit.witnesses: '%s' is no verifier key of a "
                           "witness: %s",
                           keys[i], err_detail());
        evidence->witness_count++;
    }
    return ERR_OK;
}

void
evidence_release(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->witness_count; i++)
        log_verifier_release(&evidence->witnesses[i]);
    logkey_release(&evidence->logkey);
    free((char *)(uintptr_t)evidence->cert.text);
    free((char *)(uintptr_t)evidence->ca.text);
    *evidence = (struct evidence){.witness_count = 0};
}
