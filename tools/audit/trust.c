/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

#include "audit/record.h"
#include "file.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
trust_init(struct trust *trust)
{
    *trust = (struct trust){.ca = NULL};
}

void
trust_release(struct trust *trust)
{
    log_verifier_release(&trust->log);
    free(trust->ca);
    trust_init(trust);
}

enum err
trust_load_ca(struct trust *trust, const char *path)
{
    return file_read(&trust->ca, &trust->ca_size, path);
}

/* ---------------------------------------------------------------------- time
 */

static bool
take_time(void *context, const struct source_line *line)
{
    struct record_text *text = malloc(sizeof(*text));
    struct record *record = malloc(sizeof(*record));

    if (text != NULL && record != NULL && line->bytes != NULL &&
        record_decode(line->bytes, line->size, record, text) == ERR_OK)
        *(struct instant *)context = instant_of(record->t);
    free(text);
    free(record);
    return false;
}

static struct instant
time_of_log(struct source *source)
{
    struct instant at = instant_of(0);

    if (source != NULL && source_each(source, 0, take_time, &at) != ERR_OK)
        at = instant_of(0);
    return at.ms > 0 ? at : instant_of((int64_t)time(NULL) * 1000);
}

/* --------------------------------------------------------------- description
 */

static struct instant
instant_of_asn1(const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;

    if (epoch == NULL || ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
        days = seconds = 0;
    ASN1_TIME_free(epoch);
    return instant_of(((int64_t)days * 86400 + seconds) * 1000);
}

/** One line of a name as RFC 2253 writes it, cut to fit. */
static void
name_text(char *out, size_t size, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int got = 0;

    if (bio != NULL &&
        X509_NAME_print_ex(bio, name, 0,
                           XN_FLAG_RFC2253 | ASN1_STRFLGS_ESC_CTRL) >= 0)
        got = BIO_read(bio, out, (int)size - 1);
    out[got < 0 ? 0 : got] = '\0';
    BIO_free(bio);
}

static void
describe(struct trust *t, const struct buf *pem)
{
    BIO *bio = BIO_new_mem_buf(pem->bytes, (int)pem->size);
    X509 *cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    char subject[100], issuer[100], from[INSTANT_TEXT_BYTES],
        to[INSTANT_TEXT_BYTES];

    BIO_free(bio);
    if (cert == NULL)
        return; /* it was read a moment ago */
    t->not_before = instant_of_asn1(X509_get0_notBefore(cert));
    t->not_after = instant_of_asn1(X509_get0_notAfter(cert));
    name_text(subject, sizeof(subject), X509_get_subject_name(cert));
    name_text(issuer, sizeof(issuer), X509_get_issuer_name(cert));
    snprintf(t->text, sizeof(t->text), "%s, signed by %s, valid %.10s..%.10s",
             subject, issuer, instant_format(from, t->not_before),
             instant_format(to, t->not_after));
    X509_free(cert);
}

enum err
trust_load_key(struct trust *t, const char *file, struct source *source,
               struct instant at)
{
    struct pem ca = {t->ca, t->ca_size};
    struct buf cert;
    enum err err;

    buf_init(&cert, PEM_BYTES_MAX);
    err = file != NULL ? file_read_into(file, &cert)
                       : source_log_cert(source, &cert);
    if (err == ERR_OK && cert.size == 0)
        err = err_set(ERR_SYNTAX, "the log's certificate is empty");
    if (err == ERR_OK)
        err = logkey_from_cert(&t->log, (struct pem){cert.bytes, cert.size}, ca,
                               NULL, at.ms > 0 ? at : time_of_log(source));
    if (err == ERR_OK)
        describe(t, &cert);
    buf_release(&cert);
    return err;
}

enum err
trust_load_head(struct trust *t, struct source *source)
{
    if (source->note.size == 0)
        return err_set(ERR_NOT_FOUND, "there is no checkpoint");
    return checkpoint_verify(&t->head, source->note.bytes, source->note.size,
                             &t->log);
}

enum err
trust_load(struct trust *t, const char *ca, const char *file,
           struct source *source)
{
    enum err err = trust_load_ca(t, ca);

    if (err == ERR_OK)
        err = trust_load_key(t, file, source, instant_of(0));
    return err == ERR_OK ? trust_load_head(t, source) : err;
}
