/* SPDX-License-Identifier: Apache-2.0 */
/**
 * credential: certificates as no profile makes them, each from a recipe whose
 * zero values are the good ones.
 *
 * What fails here is the test's own mistake: CHECK.
 */
#ifndef TESTS_CREDENTIAL_H
#define TESTS_CREDENTIAL_H

#include "authority.h"

#include <stdbool.h>
#include <stddef.h>

enum key_kind {
    KEY_P256,
    KEY_P384,
    KEY_P521,
    KEY_P224,
    KEY_BRAINPOOL,
    KEY_ED25519,
    KEY_ED448,
    KEY_RSA2048,
    KEY_RSA1024,
    KEY_P256_EXPLICIT, /* the curve written out instead of named */
    KEY_COUNT
};

enum signer {
    SIGNER_OURS,
    SIGNER_OTHER,    /* a CA of another name */
    SIGNER_NAMESAKE, /* another CA of our CA's name */
    SIGNER_BELOW,    /* a CA that ours has signed; sent along */
    SIGNER_SELF,     /* nobody but itself */
    SIGNER_TAMPERED, /* ours, and a bit of the signature flipped */
    SIGNER_COUNT
};

enum { CREDENTIAL_NAMES_MAX = 3 };

/** One name of a subjectAltName. `type` 0: a URI. */
struct alt_name {
    const char *text;
    size_t size; /* 0: up to its NUL */
    int type;    /* GEN_URI, GEN_DNS, GEN_EMAIL, GEN_IPADD, GEN_DIRNAME */
};

struct recipe {
    enum key_kind key;
    enum signer signer;
    const char *digest; /* "SHA256" */
    long version;       /* 3 */
    const char *serial; /* hex, may be negative; "1234" */
    long begins_s, ends_s;
    const char *cn;                              /* "eve"; "": none */
    int cn_type;                                 /* V_ASN1_UTF8STRING */
    const char *cn_more;                         /* a second one */
    const char *o;                               /* beside it */
    struct alt_name names[CREDENTIAL_NAMES_MAX]; /* the URI of bidder/eve */
    const char *san_der; /* hex of the extension's whole value instead */
    bool has_no_san, has_two_sans;
    const char *constraints; /* "critical,CA:FALSE"; "": none */
    const char *usage;       /* "critical,digitalSignature"; "": none */
    const char *purpose;     /* "clientAuth"; "": none */
    const char *twice;       /* "usage", "purpose": that extension again */
    bool has_unknown_critical;
};

/** The authorities, made once. */
struct authorities {
    struct authority ours; /* trusted; without constraints on names */
    struct authority other, namesake, below;
    EVP_PKEY *keys[KEY_COUNT]; /* made when first needed */
};

void authorities_create(struct authorities *all);
void authorities_release(struct authorities *all);

/** Certificate and key; what stands between it and our CA, or NULL. */
struct leaf credential_make(struct authorities *all,
                            const struct recipe *recipe, X509 **between_out);

#endif
