/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/crl.h"

#include "base/buf.h"
#include "base/text.h"
#include "identity/identity.h"
#include "identity/pemfile.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char marks_head[] = "auctiond-crls 1";
enum { MARKS_BYTES_MAX = 16384, NUMBER_OCTETS_MAX = 20 };

/* ------------------------------------------------------------------ marks */

const struct crl_mark *
crl_marks_find(const struct crl_marks *marks, const struct hash *ca)
{
    for (size_t i = 0; i < marks->count; i++)
        if (hash_equal(&marks->items[i].ca, ca))
            return &marks->items[i];
    return NULL;
}

/** One line: CA, number, thisUpdate in ms, hash of the list. */
static bool
parse_mark(struct crl_mark *out, const char *line)
{
    char ca[65], number[CRL_NUMBER_BYTES], update[24], list[65], rest;
    uint64_t ms;

    if (sscanf(line, "%64s %40s %20s %64s %c", ca, number, update, list,
               &rest) != 4)
        return false;
    memcpy(out->number, number, sizeof(number));
    if (!hash_from_hex(&out->ca, ca, strlen(ca)) ||
        !hash_from_hex(&out->list, list, strlen(list)) ||
        !text_u64(&ms, update, strlen(update)) || ms > INSTANT_MS_MAX)
        return false;
    out->this_update = instant_of((int64_t)ms);
    return true;
}

static bool
parse_marks(struct crl_marks *out, char *text)
{
    char *rest = text, *line = strsep(&rest, "\n");

    if (line == NULL || strcmp(line, marks_head) != 0)
        return false;
    while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0')
        if (out->count == CRL_MARKS_MAX ||
            !parse_mark(&out->items[out->count++], line))
            return false;
    return rest == NULL || *rest == '\0';
}

enum err
crl_marks_read(struct crl_marks *out, const char *path)
{
    char *text;
    size_t size;
    enum err err = pemfile_read(&text, &size, path);
    bool is_read;

    *out = (struct crl_marks){.count = 0};
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    is_read = parse_marks(out, text);
    free(text);
    return is_read ? ERR_OK
                   : err_set(ERR_DAMAGED,
                             "'%s' cannot be read: it holds the numbers of the "
                             "newest revocation lists; restore it, or remove "
                             "it when you know that '%s' was not touched",
                             path, path);
}

enum err
crl_marks_write(const struct crl_marks *marks, const char *path)
{
    char ca[HASH_HEX_BYTES], list[HASH_HEX_BYTES];
    struct buf text;
    enum err err;

    buf_init(&text, MARKS_BYTES_MAX);
    buf_add_format(&text, "%s\n", marks_head);
    for (size_t i = 0; i < marks->count; i++) {
        const struct crl_mark *m = &marks->items[i];
        buf_add_format(&text, "%s %s %lld %s\n", hash_hex(ca, &m->ca),
                       m->number, (long long)m->this_update.ms,
                       hash_hex(list, &m->list));
    }
    err = buf_is_ok(&text) ? pemfile_replace(path, text.bytes, text.size, 0600)
                           : err_set(ERR_NOMEM, "no memory for '%s'", path);
    buf_release(&text);
    return err;
}

/* ---------------------------------------------------------------- the set */

bool
crl_set_add_ca(struct crl_set *set, X509 *ca)
{
    struct crl_entry *entry;

    if (set->count == CRL_CAS_MAX || X509_up_ref(ca) != 1)
        return false;
    entry = &set->items[set->count++];
    *entry = (struct crl_entry){.ca = ca, .id = identity_ca_id(ca)};
    return true;
}

void
crl_set_release(struct crl_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        X509_free(set->items[i].ca);
        X509_CRL_free(set->items[i].list);
    }
    set->count = 0;
}

/** The CA of the set that issued the list and signed it. */
static struct crl_entry *
signer_of(struct crl_set *set, X509_CRL *list)
{
    for (size_t i = 0; i < set->count; i++) {
        X509 *ca = set->items[i].ca;
        if (X509_NAME_cmp(X509_get_subject_name(ca),
                          X509_CRL_get_issuer(list)) == 0 &&
            X509_CRL_verify(list, X509_get0_pubkey(ca)) == 1)
            return &set->items[i];
    }
    return NULL;
}

static bool
read_time(struct instant *out, const ASN1_TIME *time)
{
    struct tm broken_down;

    if (time == NULL || ASN1_TIME_to_tm(time, &broken_down) != 1)
        return false;
    *out = instant_of((int64_t)timegm(&broken_down) * 1000);
    return true;
}

/** The CRL number as hex without leading zeros; RFC 5280 section 5.2.3. */
static bool
read_number(char out[CRL_NUMBER_BYTES], X509_CRL *list)
{
    ASN1_INTEGER *number =
        X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL);
    const unsigned char *octets;
    size_t size;
    bool is_good;

    if (number == NULL)
        return false;
    octets = ASN1_STRING_get0_data(number);
    size = (size_t)ASN1_STRING_length(number);
    is_good =
        ASN1_STRING_type(number) == V_ASN1_INTEGER && size <= NUMBER_OCTETS_MAX;
    while (is_good && size > 0 && octets[0] == 0) {
        octets++;
        size--;
    }
    if (is_good && size == 0)
        strcpy(out, "0");
    else if (is_good)
        text_hex(out, octets, size);
    if (is_good && out[0] == '0' && out[1] != '\0')
        memmove(out, out + 1, strlen(out));
    ASN1_INTEGER_free(number);
    return is_good;
}

static bool
hash_list(struct hash *out, X509_CRL *list)
{
    unsigned char *der = NULL;
    int size = i2d_X509_CRL(list, &der);

    if (size <= 0)
        return false;
    *out = hash_of(der, (size_t)size);
    OPENSSL_free(der);
    return true;
}

/**
 * Put one list to its CA. Only a whole list of the CA's own certificates
 * counts: a delta, or one restricted to some, would leave others out.
 */
static enum err
take_list(struct crl_set *set, X509_CRL *list, bool taken[CRL_CAS_MAX],
          const char *name)
{
    struct crl_entry *entry = signer_of(set, list);
    struct crl_mark mark = {.number = ""};
    struct instant next;

    if (entry == NULL)
        return err_set(ERR_UNTRUSTED,
                       "CRL '%s' is not signed by a CA of tls.client_ca", name);
    if (taken[entry - set->items])
        return err_set(ERR_UNTRUSTED,
                       "CRL '%s' holds two lists of one CA: leave the newer",
                       name);
    if (!read_time(&mark.this_update, X509_CRL_get0_lastUpdate(list)) ||
        !read_time(&next, X509_CRL_get0_nextUpdate(list)))
        return err_set(ERR_UNTRUSTED, "CRL '%s' has no nextUpdate", name);
    if (!read_number(mark.number, list))
        return err_set(ERR_UNTRUSTED,
                       "CRL '%s' has no CRL number: make it with auction-ca "
                       "crl",
                       name);
    if (X509_CRL_get_ext_by_NID(list, NID_issuing_distribution_point, -1) >=
            0 ||
        X509_CRL_get_ext_by_critical(list, 1, -1) >= 0) /* as a delta's is */
        return err_set(ERR_UNTRUSTED, "CRL '%s' is not a whole list", name);
    if (!hash_list(&mark.list, list) || X509_CRL_up_ref(list) != 1)
        return err_set(ERR_CRYPTO, "CRL '%s' cannot be read", name);
    mark.ca = entry->id;
    X509_CRL_free(entry->list);
    entry->list = list;
    entry->mark = mark;
    entry->next_update = next;
    taken[entry - set->items] = true;
    return ERR_OK;
}

enum err
crl_set_take(struct crl_set *set, const char *text, size_t size,
             const char *name)
{
    BIO *bio = BIO_new_mem_buf(text, (int)size);
    bool taken[CRL_CAS_MAX] = {false};
    enum err err = ERR_OK;
    size_t count = 0;
    X509_CRL *list;

    if (bio == NULL)
        return err_set(ERR_NOMEM, "no memory for CRL '%s'", name);
    ERR_clear_error();
    while (err == ERR_OK &&
           (list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
        count++;
        err = take_list(set, list, taken, name);
        X509_CRL_free(list);
    }
    /* Anything but the end of the text is a list that cannot be read. */
    if (err == ERR_OK &&
        ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        err = err_set(ERR_SYNTAX, "CRL '%s' is broken: copy it again", name);
    BIO_free(bio);
    ERR_clear_error();
    if (err == ERR_OK && count == 0)
        err = err_set(ERR_SYNTAX, "'%s' holds no CRL in PEM", name);
    return err;
}

/* ----------------------------------------------------------------- checks */

/** Numbers in hex without leading zeros: the longer one is the larger. */
static int
compare_numbers(const char *a, const char *b)
{
    size_t size_a = strlen(a), size_b = strlen(b);

    if (size_a != size_b)
        return size_a < size_b ? -1 : 1;
    return strcmp(a, b);
}

static enum err
check_age(const struct crl_mark *list, const struct crl_mark *newest)
{
    if (hash_equal(&list->list, &newest->list))
        return ERR_OK; /* the one that was taken before */
    if (compare_numbers(list->number, newest->number) < 0)
        return err_set(ERR_UNTRUSTED,
                       "CRL number %s is older than number %s, which was "
                       "taken before: copy the newest list",
                       list->number, newest->number);
    if (!instant_before(newest->this_update, list->this_update))
        return err_set(ERR_UNTRUSTED,
                       "CRL number %s is not of a later second than the one "
                       "taken before: make a fresh one with auction-ca crl",
                       list->number);
    return ERR_OK;
}

static enum err
check_entry(const struct crl_entry *entry, const struct crl_marks *marks,
            bool expired_is_ok, bool *is_expired_out)
{
    const struct crl_mark *newest = crl_marks_find(marks, &entry->id);
    char subject[128];
    enum err err;

    X509_NAME_oneline(X509_get_subject_name(entry->ca), subject,
                      sizeof(subject));
    if (entry->list == NULL)
        return err_set(ERR_UNTRUSTED,
                       "there is no CRL of CA '%s': put the lists of all CAs "
                       "of tls.client_ca into tls.crl, one after another",
                       subject);
    if (X509_cmp_current_time(X509_CRL_get0_lastUpdate(entry->list)) > 0)
        return err_set(ERR_UNTRUSTED,
                       "CRL number %s of '%s' is of the future: check the "
                       "clock",
                       entry->mark.number, subject);
    if (newest != NULL && (err = check_age(&entry->mark, newest)) != ERR_OK)
        return err;
    if (X509_cmp_current_time(X509_CRL_get0_nextUpdate(entry->list)) > 0)
        return ERR_OK;
    *is_expired_out = true;
    return expired_is_ok
               ? ERR_OK
               : err_set(ERR_UNTRUSTED,
                         "CRL number %s of '%s' has run out: make a fresh one "
                         "with auction-ca crl",
                         entry->mark.number, subject);
}

enum err
crl_set_check(const struct crl_set *set, const struct crl_marks *marks,
              bool expired_is_ok, bool *is_expired_out)
{
    *is_expired_out = false;
    for (size_t i = 0; i < set->count; i++) {
        enum err err =
            check_entry(&set->items[i], marks, expired_is_ok, is_expired_out);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

enum err
crl_set_mark(const struct crl_set *set, struct crl_marks *marks)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct crl_entry *entry = &set->items[i];
        size_t at = 0;

        if (entry->list == NULL)
            continue;
        while (at < marks->count &&
               !hash_equal(&marks->items[at].ca, &entry->id))
            at++;
        if (at == CRL_MARKS_MAX)
            return err_set(ERR_TOO_LARGE, "lists of more than %d CAs",
                           CRL_MARKS_MAX);
        if (at == marks->count)
            marks->count++;
        marks->items[at] = entry->mark;
    }
    return ERR_OK;
}
