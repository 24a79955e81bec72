/* SPDX-License-Identifier: Apache-2.0 */
#include "server/trusted.h"

#include "base/log.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum {
    LISTS_MAX = CRL_CAS_MAX,
    LIST_BYTES_MAX = 8 << 20,
    SETTINGS_BYTES_MAX = 65536,
    LINE_BYTES = 1024,
};

struct lists {
    X509_CRL *items[LISTS_MAX];
    size_t count;
};

static void
free_lists(struct lists *lists)
{
    for (size_t i = 0; i < lists->count; i++)
        X509_CRL_free(lists->items[i]);
    lists->count = 0;
}

/** All lists of a generation; what cannot be read is not recorded. */
static void
read_lists(struct lists *out, const struct trust *trust)
{
    struct buf text;
    BIO *bio;

    out->count = 0;
    buf_init(&text, LIST_BYTES_MAX);
    if (trust == NULL || trust_lists(trust, &text) != ERR_OK ||
        text.size == 0 ||
        (bio = BIO_new_mem_buf(text.bytes, (int)text.size)) == NULL) {
        buf_release(&text);
        return;
    }
    while (out->count < LISTS_MAX) {
        X509_CRL *list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
        if (list == NULL)
            break;
        out->items[out->count++] = list;
    }
    BIO_free(bio);
    buf_release(&text);
}

/* ------------------------------------------------------------------- a list */

static bool
ms_of(const ASN1_TIME *time, int64_t *out)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days, seconds;
    bool is_good = time != NULL && epoch != NULL &&
                   ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;

    ASN1_TIME_free(epoch);
    if (is_good)
        *out = ((int64_t)days * 86400 + seconds) * 1000;
    return is_good;
}

static void
record_list(struct engine *engine, X509_CRL *list)
{
    ASN1_INTEGER *number =
        X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL);
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);
    unsigned char *der = NULL;
    int size = i2d_X509_CRL(list, &der);
    struct record record;
    int64_t value;

    record_init(&record, RECORD_CRL_LOADED);
    if (number != NULL && ASN1_INTEGER_get_int64(&value, number) == 1 &&
        value >= 0 && value <= RECORD_INT_MAX)
        RECORD_SET(&record, number, value);
    if (ms_of(X509_CRL_get0_lastUpdate(list), &value))
        RECORD_SET(&record, this_update, value);
    if (ms_of(X509_CRL_get0_nextUpdate(list), &value))
        RECORD_SET(&record, next_update, value);
    RECORD_SET(&record, entries,
               entries == NULL ? 0 : sk_X509_REVOKED_num(entries));
    if (size > 0) {
        RECORD_SET(&record, crl_blob, hash_of(der, (size_t)size));
        if (!engine_record(engine, &record, der, (size_t)size))
            log_error("a revocation list was not recorded");
    }
    OPENSSL_free(der);
    ASN1_INTEGER_free(number);
}

/* ------------------------------------------------------------------ serials */

static const char *
reason_of(const X509_REVOKED *entry)
{
    static const char *const words[] = {
        "unspecified",     "keyCompromise",
        "cACompromise",    "affiliationChanged",
        "superseded",      "cessationOfOperation",
        "certificateHold", "",
        "removeFromCRL",   "privilegeWithdrawn",
        "aACompromise"};
    ASN1_ENUMERATED *code =
        X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);
    long value = code == NULL ? 0 : ASN1_ENUMERATED_get(code);

    ASN1_ENUMERATED_free(code);
    return value >= 0 && value < (long)(sizeof(words) / sizeof(words[0]))
               ? words[value]
               : "";
}

static bool
is_listed(const struct lists *lists, const X509_CRL *like,
          const ASN1_INTEGER *serial)
{
    X509_REVOKED *entry;

    for (size_t i = 0; i < lists->count; i++)
        if (X509_NAME_cmp(X509_CRL_get_issuer(lists->items[i]),
                          X509_CRL_get_issuer(like)) == 0 &&
            X509_CRL_get0_by_serial(lists->items[i], &entry,
                                    (ASN1_INTEGER *)(uintptr_t)serial) == 1)
            return true;
    return false;
}

static void
record_serial(struct engine *engine, const X509_REVOKED *entry)
{
    BIGNUM *number =
        ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(entry), NULL);
    char *hex = number == NULL ? NULL : BN_bn2hex(number);
    const char *reason = reason_of(entry);
    struct record record;

    for (char *p = hex; p != NULL && *p != '\0'; p++)
        if (*p >= 'A' && *p <= 'F')
            *p = (char)(*p - 'A' + 'a');
    record_init(&record, RECORD_CERT_REVOKED);
    if (hex != NULL) {
        RECORD_SET_TEXT(&record, serial, hex);
        if (reason[0] != '\0')
            RECORD_SET_TEXT(&record, reason, reason);
        (void)engine_record(engine, &record, NULL, 0);
    }
    OPENSSL_free(hex);
    BN_free(number);
}

/** Serials that are on a list now and were on none of its CA before. */
static void
record_fresh(struct engine *engine, X509_CRL *list, const struct lists *before)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(list);

    for (int i = 0; i < sk_X509_REVOKED_num(entries); i++) {
        const X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);
        if (!is_listed(before, list, X509_REVOKED_get0_serialNumber(entry)))
            record_serial(engine, entry);
    }
}

void
trusted_record(struct engine *engine, const struct trust *now,
               const struct trust *before)
{
    struct lists lists, old;

    read_lists(&lists, now);
    read_lists(&old, before);
    for (size_t i = 0; i < lists.count; i++) {
        record_list(engine, lists.items[i]);
        if (before != NULL)
            record_fresh(engine, lists.items[i], &old);
    }
    free_lists(&lists);
    free_lists(&old);
}

void
trusted_record_refusal(struct engine *engine, const char *cause)
{
    struct record record;

    record_init(&record, RECORD_CRL_FAILED);
    RECORD_SET_TEXT(&record, cause, cause);
    (void)engine_record(engine, &record, NULL, 0);
}

/* ----------------------------------------------------------------- settings */

/** The line of a setting in the same section of another text; "" for none. */
static void
find_line(const char *text, const char *section, const char *name,
          size_t name_size, char out[LINE_BYTES])
{
    char present[64] = "";

    out[0] = '\0';
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        if (size > 2 && text[size - 1] == '{' && text[0] != ' ' &&
            memchr(text, '=', size) == NULL)
            snprintf(present, sizeof(present), "%.*s", (int)(size - 2), text);
        else if (size == 1 && text[0] == '}')
            present[0] = '\0';
        else if (size > name_size && strcmp(present, section) == 0 &&
                 strncmp(text, name, name_size) == 0 && text[name_size] == ' ')
            snprintf(out, LINE_BYTES, "%.*s", (int)(size - name_size - 3),
                     text + name_size + 3);
        text += size + (text[size] == '\n');
    }
}

static void
record_setting(struct engine *engine, const char *section, const char *name,
               const char *before, const char *now)
{
    struct record record;
    char key[128];

    while (*name == ' ')
        name++;
    snprintf(key, sizeof(key), "%s%s%.*s", section,
             section[0] == '\0' ? "" : ".", (int)strcspn(name, " "), name);
    record_init(&record, RECORD_CONFIG_CHANGED);
    RECORD_SET_TEXT(&record, key, key);
    RECORD_SET_TEXT(&record, old_text, before);
    RECORD_SET_TEXT(&record, new_text, now);
    (void)engine_record(engine, &record, NULL, 0);
}

/** Each "name = value" of the printed settings against the other text. */
static void
compare_lines(struct engine *engine, const char *before, const char *now)
{
    char section[64] = "", old[LINE_BYTES], fresh[LINE_BYTES];

    for (const char *p = now; *p != '\0';) {
        size_t size = strcspn(p, "\n");
        size_t indent = strspn(p, " ");
        size_t name = indent + strcspn(p + indent, " \n");
        if (size > 2 && p[size - 1] == '{' && memchr(p, '=', size) == NULL)
            snprintf(section, sizeof(section), "%.*s", (int)(size - 2), p);
        else if (size == 1 && p[0] == '}')
            section[0] = '\0';
        else if (size > name + 3) {
            snprintf(fresh, sizeof(fresh), "%.*s", (int)(size - name - 3),
                     p + name + 3);
            find_line(before, section, p, name, old);
            if (strcmp(old, fresh) != 0)
                record_setting(engine, section, p, old, fresh);
        }
        p += size + (p[size] == '\n');
    }
}

void
settings_record(struct engine *engine, const struct config *before,
                const struct config *now)
{
    struct buf old, fresh;

    buf_init(&old, SETTINGS_BYTES_MAX);
    buf_init(&fresh, SETTINGS_BYTES_MAX);
    config_print(before, &old);
    config_print(now, &fresh);
    if (buf_is_ok(&old) && buf_is_ok(&fresh))
        compare_lines(engine, old.bytes, fresh.bytes);
    buf_release(&old);
    buf_release(&fresh);
}
