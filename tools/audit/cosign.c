/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cosign: be a witness. The head is signed only when it continues the one
 * that was signed before. Whole checkpoints are kept, not only hashes: two
 * that disagree are the evidence.
 */
#include "evidence.h"
#include "file.h"
#include "session.h"
#include "source_post.h"

#include "audit/cosignature.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct cosigning {
    struct session session;
    EVP_PKEY *key;
    struct log_verifier witness;
    char folder[FILE_PATH_BYTES]; /* of this log */
    struct buf note;              /* with our line */
};

/* ------------------------------------------------------------------- the key
 */

/** A key that others may read signs for everybody. */
static enum err
check_mode(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0)
        return err_set(ERR_NOT_FOUND, "cannot read '%s'", path);
    return (info.st_mode & (S_IRWXG | S_IRWXO)) == 0
               ? ERR_OK
               : err_set(ERR_CONFIG, "'%s' can be read by others: chmod 600",
                         path);
}

static enum err
load_key(struct cosigning *c, const struct inspect_options *o)
{
    uint8_t public_key[LOG_PUBLIC_KEY_BYTES];
    size_t size = sizeof(public_key);
    enum err err = check_mode(o->witness_key);
    FILE *file;

    if (err != ERR_OK)
        return err;
    file = fopen(o->witness_key, "re");
    if (file == NULL)
        return err_set(ERR_NOT_FOUND, "cannot read '%s'", o->witness_key);
    c->key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    if (c->key == NULL || EVP_PKEY_get_base_id(c->key) != EVP_PKEY_ED25519 ||
        EVP_PKEY_get_raw_public_key(c->key, public_key, &size) != 1)
        return err_set(ERR_CONFIG, "'%s' is not an Ed25519 key",
                       o->witness_key);
    return witness_init(&c->witness, o->witness, public_key);
}

/* ---------------------------------------------------------------- what we saw
 */

/** "WITNESS-DIR/auction.example.com_log_1" */
static void
set_folder(struct cosigning *c)
{
    const struct inspect_options *o = c->session.options;
    char name[ORIGIN_BYTES_MAX + 1];

    snprintf(name, sizeof(name), "%s", c->session.trust.log.name);
    for (char *p = name; *p != '\0'; p++)
        if (*p == '/')
            *p = '_';
    snprintf(c->folder, sizeof(c->folder), "%.2000s/%s", o->witness_dir, name);
}

/** The checkpoint signed last must be the beginning of the new one. */
static enum err
check_before(struct cosigning *c)
{
    char path[FILE_PATH_BYTES + 32];
    struct checkpoint old;
    struct proof proof;
    char *text;
    size_t size;
    enum err err;

    snprintf(path, sizeof(path), "%s/latest", c->folder);
    err = file_read(&text, &size, path);
    if (err == ERR_NOT_FOUND)
        return ERR_OK; /* the first time */
    if (err != ERR_OK)
        return err;
    err = checkpoint_verify(&old, text, size, &c->session.trust.log);
    if (err == ERR_OK) {
        err = proven_consistency(c->session.proven, &old, &proof);
        if (err == ERR_DAMAGED)
            evidence_print(text, size, &c->session.source->note);
    }
    free(text);
    return err;
}

/** Kept on the disk before it is given to anybody. */
static enum err
keep(struct cosigning *c)
{
    char path[FILE_PATH_BYTES + 32];
    enum err err;

    snprintf(path, sizeof(path), "%s/%llu", c->folder,
             (unsigned long long)c->session.trust.head.size);
    if ((err = file_make_folders(path)) != ERR_OK ||
        (err = file_replace(path, c->note.bytes, c->note.size)) != ERR_OK)
        return err;
    snprintf(path, sizeof(path), "%s/latest", c->folder);
    return file_replace(path, c->note.bytes, c->note.size);
}

/* ------------------------------------------------------------------- signing
 */

static enum err
hand_out(struct cosigning *c)
{
    const struct inspect_options *o = c->session.options;
    struct cosignature ours;
    enum err err;

    if (o->file != NULL)
        err = file_replace(o->file, c->note.bytes, c->note.size);
    else {
        fwrite(c->note.bytes, 1, c->note.size, stdout);
        err = ERR_OK;
    }
    if (err != ERR_OK || o->source.server == NULL)
        return err;
    err = cosignature_find(&ours, c->note.bytes, c->note.size, &c->witness);
    return err == ERR_OK ? source_post_cosignature(c->session.source, &c->note)
                         : err;
}

static enum err
run(struct cosigning *c)
{
    const struct buf *note = &c->session.source->note;
    struct cosignature ours;
    char vkey[VKEY_BYTES];
    enum err err;

    set_folder(c);
    if ((err = check_before(c)) != ERR_OK)
        return err;
    buf_add(&c->note, note->bytes, note->size);
    /* A checkpoint that has our line already gets no second one. */
    err = cosignature_find(&ours, note->bytes, note->size, &c->witness);
    if (err == ERR_NOT_FOUND)
        err = cosignature_sign(&c->note, c->key, &c->witness,
                               (int64_t)time(NULL));
    if (err == ERR_OK)
        err = keep(c);
    if (err == ERR_OK)
        err = hand_out(c);
    if (err == ERR_OK)
        fprintf(stderr, "cosigned %llu records as %s\n",
                (unsigned long long)c->session.trust.head.size,
                vkey_format(vkey, &c->witness));
    return err;
}

int
inspect_cosign(const struct inspect_options *options)
{
    struct cosigning c = {.key = NULL};
    int code;
    enum err err;

    if (options->ca == NULL || options->witness_key == NULL ||
        options->witness == NULL || options->witness_dir == NULL)
        return inspect_usage("cosign needs --ca FILE, --witness-key FILE, "
                             "--name NAME and --witness-dir DIR");
    if (!origin_is_valid(options->witness, strlen(options->witness)))
        return inspect_usage("'%s' cannot be a witness' name",
                             options->witness);
    buf_init(&c.note, CHECKPOINT_BYTES_MAX);
    err = session_open(&c.session, options);
    if (err == ERR_OK)
        err = load_key(&c, options);
    if (err == ERR_OK)
        err = run(&c);
    code = err == ERR_OK ? session_code(&c.session, c.session.trust.head.size)
                         : session_failed(&c.session, err);
    EVP_PKEY_free(c.key);
    log_verifier_release(&c.witness);
    buf_release(&c.note);
    session_close(&c.session);
    return code;
}
