/* SPDX-License-Identifier: Apache-2.0 */
#include "certs.h"

#include "base/text.h"

#include <openssl/pem.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 1024,
    SERIAL_BYTES_MAX = 64,
    REVOKED_MAX = 1 << 20,
    REVOCATION_GRACE_MS = 1000,
};

struct serial {
    uint8_t size;
    uint8_t bytes[SERIAL_BYTES_MAX];
};

struct cert {
    struct hash fp;
    EVP_PKEY *key;
    struct instant not_before, not_after;
    struct serial serial;
    struct cert *next;
};

struct revoked {
    struct serial serial;
    struct instant since; /* when a list with it was first loaded */
};

struct certs {
    X509_STORE *store;
    struct cert *buckets[BUCKETS];
    size_t count;
    struct revoked *revoked; /* sorted by serial */
    size_t revoked_count;
    size_t crl_count;
};

enum err
certs_create(struct certs **out, struct pem ca)
{
    struct certs *c = calloc(1, sizeof(*c));
    BIO *bio = BIO_new_mem_buf(ca.text, (int)ca.size);
    X509 *cert;
    int count = 0;

    if (c == NULL || bio == NULL || (c->store = X509_STORE_new()) == NULL) {
        BIO_free(bio);
        free(c);
        return err_set(ERR_NOMEM, "out of memory");
    }
    while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(c->store, cert);
        X509_free(cert);
    }
    BIO_free(bio);
    if (count == 0) {
        certs_destroy(&c);
        return err_set(ERR_SYNTAX, "the CA file holds no certificate");
    }
    X509_STORE_set_flags(c->store, X509_V_FLAG_X509_STRICT);
    *out = c;
    return ERR_OK;
}

void
certs_destroy(struct certs **certs)
{
    if (*certs == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        while ((*certs)->buckets[i] != NULL) {
            struct cert *cert = (*certs)->buckets[i];
            (*certs)->buckets[i] = cert->next;
            EVP_PKEY_free(cert->key);
            free(cert);
        }
    X509_STORE_free((*certs)->store);
    free((*certs)->revoked);
    free(*certs);
    *certs = NULL;
}

static struct cert **
bucket(struct certs *c, const struct hash *fp)
{
    return &c->buckets[(fp->bytes[0] | fp->bytes[1] << 8) % BUCKETS];
}

/** Under the CA, as a client, at the time it was used. */
static bool
is_trusted(const struct certs *c, X509 *cert, struct instant at)
{
    X509_STORE_CTX *v = X509_STORE_CTX_new();
    bool is_good = false;

    if (v != NULL && X509_STORE_CTX_init(v, c->store, cert, NULL) == 1 &&
        X509_STORE_CTX_set_default(v, "ssl_client") == 1) {
        X509_STORE_CTX_set_time(v, 0, at.ms / 1000);
        is_good = X509_verify_cert(v) == 1;
    }
    X509_STORE_CTX_free(v);
    return is_good;
}

static bool
instant_of_asn1(struct instant *out, const ASN1_TIME *time)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    bool is_good =
        epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;

    ASN1_TIME_free(epoch);
    *out = instant_of(((int64_t)days * 86400 + seconds) * 1000);
    return is_good;
}

static bool
take_serial(struct serial *out, const ASN1_INTEGER *number)
{
    int size = ASN1_STRING_length(number);

    if (size < 0 || size > SERIAL_BYTES_MAX)
        return false;
    *out = (struct serial){.size = (uint8_t)size};
    memcpy(out->bytes, ASN1_STRING_get0_data(number), (size_t)size);
    return true;
}

/** What its record says of a certificate, where it says it. */
static bool
is_as_recorded(const struct cert *entry, const struct record *seen)
{
    char hex[2 * SERIAL_BYTES_MAX + 1];

    if (RECORD_HAS(seen, not_after) && seen->not_after != entry->not_after.ms)
        return false;
    if (!RECORD_HAS(seen, serial))
        return true;
    text_hex(hex, entry->serial.bytes, entry->serial.size);
    return seen->serial.size == strlen(hex) &&
           memcmp(seen->serial.bytes, hex, seen->serial.size) == 0;
}

enum err
certs_add(struct certs *c, const struct record *seen, const struct buf *der)
{
    const struct hash *fp = &seen->fp;
    struct instant at = instant_of(seen->t);
    const unsigned char *p = (const unsigned char *)der->bytes;
    struct hash found = hash_of(der->bytes, der->size);
    X509 *cert = d2i_X509(NULL, &p, (long)der->size);
    struct cert *entry = calloc(1, sizeof(*entry));
    enum err err = ERR_OK;

    if (entry == NULL)
        err = err_set(ERR_NOMEM, "out of memory");
    else if (cert == NULL || !hash_equal(&found, fp))
        err = err_set(ERR_DAMAGED, "a certificate does not have its "
                                   "fingerprint");
    else if (!is_trusted(c, cert, at))
        err = err_set(ERR_UNTRUSTED,
                      "a certificate is not signed by the CA, or was not "
                      "in force");
    else if ((entry->key = X509_get_pubkey(cert)) == NULL)
        err = err_set(ERR_CRYPTO, "a certificate's key cannot be read");
    if (err == ERR_OK &&
        (!instant_of_asn1(&entry->not_before, X509_get0_notBefore(cert)) ||
         !instant_of_asn1(&entry->not_after, X509_get0_notAfter(cert))))
        err = err_set(ERR_SYNTAX, "a certificate's dates cannot be read");
    if (err == ERR_OK &&
        !take_serial(&entry->serial, X509_get0_serialNumber(cert)))
        err = err_set(ERR_SYNTAX, "a certificate's serial is too long");
    if (err == ERR_OK && !is_as_recorded(entry, seen))
        err = err_set(ERR_DAMAGED, "a certificate is not as it is recorded");
    X509_free(cert);
    if (err != ERR_OK) {
        if (entry != NULL)
            EVP_PKEY_free(entry->key);
        free(entry);
        return err;
    }
    entry->fp = *fp;
    entry->next = *bucket(c, fp);
    *bucket(c, fp) = entry;
    c->count++;
    return ERR_OK;
}

static const struct cert *
find_cert(struct certs *c, const struct hash *fp)
{
    const struct cert *cert = *bucket(c, fp);

    while (cert != NULL && !hash_equal(&cert->fp, fp))
        cert = cert->next;
    return cert;
}

EVP_PKEY *
certs_key(struct certs *c, const struct hash *fp)
{
    const struct cert *cert = find_cert(c, fp);

    return cert == NULL ? NULL : cert->key;
}

/* ------------------------------------------------------------------- CRLs */

static int
compare_serials(const void *a, const void *b)
{
    const struct serial *x = a, *y = b;

    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return memcmp(x->bytes, y->bytes, x->size);
}

_Static_assert(offsetof(struct revoked, serial) == 0, "sorted by its serial");

static const struct revoked *
find_revoked(const struct certs *c, const struct serial *serial)
{
    return c->revoked_count == 0
               ? NULL
               : bsearch(serial, c->revoked, c->revoked_count,
                         sizeof(*c->revoked), compare_serials);
}

static X509_CRL *
parse_crl(const struct buf *bytes)
{
    const unsigned char *at = (const unsigned char *)bytes->bytes;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)bytes->size);
    BIO *bio;

    if (crl != NULL)
        return crl;
    bio = BIO_new_mem_buf(bytes->bytes, (int)bytes->size);
    if (bio != NULL)
        crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return crl;
}

static bool
is_by_ca(const struct certs *c, X509_CRL *crl)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(c->store);

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
        X509 *ca = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));
        if (ca != NULL &&
            X509_NAME_cmp(X509_CRL_get_issuer(crl),
                          X509_get_subject_name(ca)) == 0 &&
            X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1)
            return true;
    }
    return false;
}

/** Its entries, each with the time since when it is known. */
static enum err
take_entries(struct certs *c, X509_CRL *crl, struct instant at)
{
    STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(crl);
    int count = list == NULL ? 0 : sk_X509_REVOKED_num(list);
    struct revoked *revoked = calloc((size_t)count + 1, sizeof(*revoked));

    if (revoked == NULL || count > REVOKED_MAX) {
        free(revoked);
        return err_set(ERR_NOMEM, "no memory for a list of revoked ones");
    }
    for (int i = 0; i < count; i++) {
        const struct revoked *known;
        if (!take_serial(&revoked[i].serial,
                         X509_REVOKED_get0_serialNumber(
                             sk_X509_REVOKED_value(list, i)))) {
            free(revoked);
            return err_set(ERR_SYNTAX, "a revoked serial is too long");
        }
        known = find_revoked(c, &revoked[i].serial);
        revoked[i].since = known == NULL ? at : known->since;
    }
    qsort(revoked, (size_t)count, sizeof(*revoked), compare_serials);
    free(c->revoked);
    c->revoked = revoked;
    c->revoked_count = (size_t)count;
    c->crl_count++;
    return ERR_OK;
}

enum err
certs_add_crl(struct certs *c, const struct record *loaded,
              const struct buf *bytes)
{
    X509_CRL *crl = parse_crl(bytes);
    enum err err;

    if (crl == NULL)
        return err_set(ERR_SYNTAX, "a list of revoked ones cannot be read");
    err = is_by_ca(c, crl)
              ? take_entries(c, crl, instant_of(loaded->t))
              : err_set(ERR_UNTRUSTED,
                        "a list of revoked ones is not signed by the CA");
    X509_CRL_free(crl);
    if (err == ERR_OK && RECORD_HAS(loaded, entries) &&
        loaded->entries != (int64_t)c->revoked_count)
        err = err_set(ERR_DAMAGED, "a list of revoked ones is not as long as "
                                   "it is recorded");
    return err;
}

const char *
certs_flaw(struct certs *c, const struct hash *fp, struct instant at)
{
    const struct cert *cert = find_cert(c, fp);
    const struct revoked *revoked;

    if (cert == NULL)
        return "its actor's certificate was never seen";
    if (at.ms < cert->not_before.ms || at.ms >= cert->not_after.ms + 1000)
        return "its actor's certificate was not in force";
    revoked = find_revoked(c, &cert->serial);
    return revoked != NULL && at.ms > revoked->since.ms + REVOCATION_GRACE_MS
               ? "its actor's certificate was revoked"
               : NULL;
}

size_t
certs_count(const struct certs *c)
{
    return c->count;
}

size_t
certs_crl_count(const struct certs *c)
{
    return c->crl_count;
}
