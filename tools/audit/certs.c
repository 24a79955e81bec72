/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect.h"

#include "base/text.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024, SERIAL_BYTES_MAX = 64 };

struct cert {
    struct hash fp;
    EVP_PKEY *key;
    struct instant not_before, not_after;
    struct cert *next;
};

struct certs {
    X509_STORE *store;
    struct cert *buckets[BUCKETS];
    size_t count;
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

/** What its record says of a certificate, where it says it. */
static bool
is_as_recorded(const struct cert *entry, X509 *cert, const struct record *seen)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    char hex[2 * SERIAL_BYTES_MAX + 1];
    int size = ASN1_STRING_length(serial);

    if (RECORD_HAS(seen, not_after) && seen->not_after != entry->not_after.ms)
        return false;
    if (!RECORD_HAS(seen, serial))
        return true;
    if (size < 0 || size > SERIAL_BYTES_MAX)
        return false;
    text_hex(hex, ASN1_STRING_get0_data(serial), (size_t)size);
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
    if (err == ERR_OK && !is_as_recorded(entry, cert, seen))
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

bool
certs_in_force(struct certs *c, const struct hash *fp, struct instant at)
{
    const struct cert *cert = find_cert(c, fp);

    return cert != NULL && cert->not_before.ms <= at.ms &&
           at.ms < cert->not_after.ms + 1000;
}

size_t
certs_count(const struct certs *c)
{
    return c->count;
}
