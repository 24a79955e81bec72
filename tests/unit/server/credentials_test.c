/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A matrix of good and bad credentials over real handshakes against the real
 * server. Each bad one breaks one rule, in a way that a CA could sign. None is
 * let in, each is logged with the rule, and the next good client is served at
 * once. Rules: docs/security.md "Whose connection is it"; RFC 5280.
 */
#include "tap.h"

#include "credential.h"
#include "door.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REALM "auction://lab.example"
#define EVE   REALM "/bidder/eve"
#define NAME(uri)                                                              \
    {                                                                          \
        {                                                                      \
            .text = uri                                                        \
        }                                                                      \
    }
#define LETTERS_63                                                             \
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define URI_SHAPE  "the URI is not auction://realm/role/name"
#define NAME_SHAPE "the name is malformed"
#define NOT_DER    "subjectAltName is not in DER"
#define UNREADABLE "an extension cannot be parsed or stands twice"
#define ONE_URI    "subjectAltName is not exactly one URI"

static struct door door;
static struct authorities all;

static int
setup(void)
{
    static const char *const settings[] = {
        "limits.handshakes_per_second=100000", "limits.handshake_burst=100000",
        NULL};

    authorities_create(&all);
    door_open(&door, &all.ours, settings);
    return 0;
}

static int
teardown(void)
{
    authorities_release(&all);
    return door_close(&door) ? 0 : 1;
}

/* ---------------------------------------------------------------- good ones */

struct good {
    const char *what;
    const char *account;
    struct recipe recipe;
};

static const struct good goods[] = {
    {"P-256", "eve", {.key = KEY_P256}},
    {"P-384", "eve", {.key = KEY_P384}},
    {"Ed25519", "eve", {.key = KEY_ED25519}},
    {"RSA 2048", "eve", {.key = KEY_RSA2048}},
    {"signed with SHA-384", "eve", {.digest = "SHA384"}},
    {"an empty subject with a critical name", "eve", {.cn = ""}},
    {"an organisation beside the name", "eve", {.o = "Fair"}},
    {"a subject without a common name", "eve", {.cn = "", .o = "Fair"}},
    {"a common name as PrintableString",
     "eve",
     {.cn_type = V_ASN1_PRINTABLESTRING}},
    {"the longest name",
     LETTERS_63,
     {.names = NAME(REALM "/bidder/" LETTERS_63), .cn = LETTERS_63}},
    {"every kind of character",
     "0a.b_c-9",
     {.names = NAME(REALM "/trader/0a.b_c-9"), .cn = "0a.b_c-9"}},
    {"a serial of 20 octets",
     "eve",
     {.serial = "7f2233445566778899aabbccddeeff0011223344"}},
    {"purposes of a server too", "eve", {.purpose = "clientAuth,serverAuth"}},
};

static void
good_credentials_are_served(void)
{
    char words[128];

    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        X509 *between;
        struct leaf leaf = credential_make(&all, &goods[i].recipe, &between);
        struct knock knock = door_knock(&door, &leaf, between, "/v1/me");

        snprintf(words, sizeof(words), "\"account\":\"%s\"", goods[i].account);
        if (knock.status != 200 || strstr(knock.body, words) == NULL)
            printf("# %s: status %d\n", goods[i].what, knock.status);
        CU_ASSERT_EQUAL(knock.status, 200);
        CU_ASSERT(strstr(knock.body, words) != NULL);
        leaf_release(&leaf);
    }
}

/* ----------------------------------------------------------------- bad ones */

struct bad {
    const char *what;
    const char *rule; /* that the log names */
    struct recipe recipe;
};

/* Whole values of subjectAltName, DER in hex: [6] is a URI, [2] a DNS name. */
#define EVE_HEX                                                                \
    "61756374696f6e3a2f2f6c61622e6578616d706c652f6269646465722f657665"
#define DER_UTF8_URI  "30220c20" EVE_HEX        /* a UTF8String, untagged */
#define DER_NO_NAMES  "3000"                    /* an empty sequence */
#define DER_CUT       "3023862161756374696f"    /* shorter than it says */
#define DER_BEHIND    "30228620" EVE_HEX "0500" /* bytes behind the end */
#define DER_BUILT_URI "3024a6221620" EVE_HEX    /* constructed */
#define DER_LONG_FORM "3023868120" EVE_HEX /* length not in its short form */

static const struct bad bads[] = {
    /* 1: version and serial */
    {"version 1", "version is not 3", {.version = 1}},
    {"version 2 with extensions",
     "Using cert extension requires at least X509v3",
     {.version = 2}},
    {"version 4", "version is not 3", {.version = 4}},
    {"serial zero", "serial is zero", {.serial = "0"}},
    {"a negative serial", "serial is negative", {.serial = "-5"}},
    {"a serial of 21 octets",
     "serial is too long",
     {.serial = "7f2233445566778899aabbccddeeff001122334455"}},
    /* 2: extensions */
    {"keyUsage twice", UNREADABLE, {.twice = "usage"}},
    {"extendedKeyUsage twice", UNREADABLE, {.twice = "purpose"}},
    {"subjectAltName twice", UNREADABLE, {.has_two_sans = true}},
    {"an unknown critical extension",
     "unhandled critical extension",
     {.has_unknown_critical = true}},
    {"a cut subjectAltName", UNREADABLE, {.san_der = DER_CUT}},
    {"bytes behind the subjectAltName", NOT_DER, {.san_der = DER_BEHIND}},
    /* 3: use and key */
    {"a CA", "is a CA", {.constraints = "critical,CA:TRUE"}},
    {"a CA that may sign",
     "is a CA",
     {.constraints = "critical,CA:TRUE",
      .usage = "critical,digitalSignature,keyCertSign"}},
    {"no keyUsage", "keyUsage is missing", {.usage = ""}},
    {"keyUsage without digitalSignature",
     "unsuitable certificate purpose",
     {.usage = "critical,keyEncipherment"}},
    {"keyUsage with keyCertSign",
     "Key usage keyCertSign invalid for non-CA cert",
     {.usage = "critical,digitalSignature,keyCertSign"}},
    {"keyUsage with cRLSign",
     "keyUsage has keyCertSign or cRLSign",
     {.usage = "critical,digitalSignature,cRLSign"}},
    {"no extendedKeyUsage", "extendedKeyUsage is missing", {.purpose = ""}},
    {"a server's purpose",
     "unsuitable certificate purpose",
     {.purpose = "serverAuth"}},
    {"any purpose",
     "unsuitable certificate purpose",
     {.purpose = "anyExtendedKeyUsage"}},
    {"code signing",
     "unsuitable certificate purpose",
     {.purpose = "codeSigning"}},
    {"mail", "unsuitable certificate purpose", {.purpose = "emailProtection"}},
    {"P-521", "the curve is not allowed", {.key = KEY_P521}},
    {"P-224", "peer did not return a certificate", {.key = KEY_P224}},
    {"brainpoolP256r1",
     "peer did not return a certificate",
     {.key = KEY_BRAINPOOL}},
    {"Ed448", "the kind of key is not allowed", {.key = KEY_ED448}},
    {"RSA 1024", "EE certificate key too weak", {.key = KEY_RSA1024}},
    {"a curve written out",
     "Certificate public key has explicit ECC parameters",
     {.key = KEY_P256_EXPLICIT}},
    {"signed with SHA-1",
     "CA signature digest algorithm too weak",
     {.digest = "SHA1"}},
    /* 4: one name */
    {"no subjectAltName", "subjectAltName is missing", {.has_no_san = true}},
    {"no names in it",
     "Empty Subject Alternative Name extension",
     {.san_der = DER_NO_NAMES}},
    {"two URIs", ONE_URI, {.names = {{.text = EVE}, {.text = EVE}}}},
    {"two identities",
     ONE_URI,
     {.names = {{.text = EVE}, {.text = REALM "/admin/eve"}}}},
    {"a DNS name beside the URI",
     ONE_URI,
     {.names = {{.text = EVE}, {.text = "localhost", .type = GEN_DNS}}}},
    {"an address beside the URI",
     ONE_URI,
     {.names = {{.text = EVE},
                {.text = "\x7f\0\0\1", .size = 4, .type = GEN_IPADD}}}},
    {"the URI as a DNS name",
     ONE_URI,
     {.names = {{.text = EVE, .type = GEN_DNS}}}},
    {"the URI as a mail address",
     ONE_URI,
     {.names = {{.text = EVE, .type = GEN_EMAIL}}}},
    {"the name as UTF8String",
     "an extension cannot be parsed or stands twice",
     {.san_der = DER_UTF8_URI}},
    {"a length in its long form", NOT_DER, {.san_der = DER_LONG_FORM}},
    {"a constructed name", NOT_DER, {.san_der = DER_BUILT_URI}},
    /* 5: the URI */
    {"a NUL behind the name",
     NAME_SHAPE,
     {.names = {{.text = EVE "\0x", .size = sizeof(EVE) + 1}}}},
    {"a NUL in front of the realm's end",
     "the realm is another",
     {.names = {{.text = "auction://lab.ex\0mple/bidder/eve",
                 .size = sizeof(EVE) - 1}}}},
    {"an upper-case scheme",
     URI_SHAPE,
     {.names = NAME("AUCTION://lab.example/bidder/eve")}},
    {"another scheme",
     URI_SHAPE,
     {.names = NAME("https://lab.example/bidder/eve")}},
    {"an upper-case realm",
     "the realm is another",
     {.names = NAME("auction://LAB.example/bidder/eve")}},
    {"an upper-case role",
     "the role is unknown",
     {.names = NAME(REALM "/Bidder/eve")}},
    {"an upper-case name", NAME_SHAPE, {.names = NAME(REALM "/bidder/Eve")}},
    {"percent-encoding", NAME_SHAPE, {.names = NAME(REALM "/bidder/%65ve")}},
    {"a final slash", NAME_SHAPE, {.names = NAME(EVE "/")}},
    {"a port",
     "the realm is another",
     {.names = NAME("auction://lab.example:1/bidder/eve")}},
    {"a user part",
     "the realm is another",
     {.names = NAME("auction://x@lab.example/bidder/eve")}},
    {"a query", NAME_SHAPE, {.names = NAME(EVE "?x")}},
    {"a fragment", NAME_SHAPE, {.names = NAME(EVE "#x")}},
    {"an empty role", "the role is unknown", {.names = NAME(REALM "//eve")}},
    {"an empty name", NAME_SHAPE, {.names = NAME(REALM "/bidder/")}},
    {"a dot segment",
     NAME_SHAPE,
     {.names = NAME(REALM "/bidder/../admin/eve")}},
    {"a name of one dot", NAME_SHAPE, {.names = NAME(REALM "/bidder/.")}},
    {"a name that begins with a dash",
     NAME_SHAPE,
     {.names = NAME(REALM "/bidder/-eve")}},
    {"a name of 64",
     NAME_SHAPE,
     {.names = NAME(REALM "/bidder/a" LETTERS_63), .cn = ""}},
    {"a name with a blank", NAME_SHAPE, {.names = NAME(EVE " ")}},
    {"a line break in the name",
     NAME_SHAPE,
     {.names = NAME(EVE "\n2026-01-01T00:00:00.000Z info listening")}},
    {"a look-alike in UTF-8",
     NAME_SHAPE,
     {.names = NAME(REALM "/bidder/\xd0\xb5ve")}},
    {"a URI of 256 bytes",
     URI_SHAPE,
     {.names = NAME(REALM "/bidder/" LETTERS_63 LETTERS_63 LETTERS_63
                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
      .cn = ""}},
    /* 6: realm and role */
    {"another realm",
     "the realm is another",
     {.names = NAME("auction://other.example/bidder/eve")}},
    {"a realm that ours begins",
     "the realm is another",
     {.names = NAME("auction://lab.example.evil/bidder/eve")}},
    {"an unknown role",
     "the role is unknown",
     {.names = NAME(REALM "/emperor/eve")}},
    {"a node", "a node is no client", {.names = NAME(REALM "/node/eve")}},
    /* 7: the common name */
    {"a common name of another",
     "the common name is not the name",
     {.cn = "ann"}},
    {"a common name in other case",
     "the common name is not the name",
     {.cn = "Eve"}},
    {"a common name with a blank",
     "the common name is not the name",
     {.cn = "eve "}},
    {"two common names", "two common names", {.cn_more = "eve"}},
    {"a common name as T61String",
     "the common name is not the name",
     {.cn_type = V_ASN1_T61STRING}},
    {"a common name as IA5String",
     "the common name is not the name",
     {.cn_type = V_ASN1_IA5STRING}},
    /* who signed it, and when */
    {"expired", "certificate has expired", {.begins_s = -7200, .ends_s = -60}},
    {"not valid yet",
     "certificate is not yet valid",
     {.begins_s = 3600, .ends_s = 7200}},
    {"signed by another CA",
     "unable to get local issuer certificate",
     {.signer = SIGNER_OTHER}},
    {"signed by another CA of our CA's name",
     "unable to get local issuer certificate",
     {.signer = SIGNER_NAMESAKE}},
    {"signed by a CA below ours",
     "certificate chain too long",
     {.signer = SIGNER_BELOW}},
    {"signed by itself", "self-signed certificate", {.signer = SIGNER_SELF}},
    {"a flipped bit in the signature",
     "certificate signature failure",
     {.signer = SIGNER_TAMPERED}},
};

enum { BADS = sizeof(bads) / sizeof(bads[0]) };

/** Whether the log has a line of that refusal that names the rule. */
static bool
is_logged(const struct bad *bad, unsigned client_port)
{
    char line[DOOR_TEXT_BYTES] = "";
    const char *rule;

    if (!door_refusal(&door, client_port, line))
        return false;
    if (getenv("SHOW_RULES") != NULL)
        printf("# %s: %s\n", bad->what, strstr(line, "serial="));
    rule = strstr(line, "rule=\"");
    return rule != NULL && rule[6] != '"' && strstr(rule, bad->rule) != NULL &&
           strstr(line, " serial=") != NULL && strstr(line, " key=") != NULL;
}

static void
no_bad_credential_is_let_in(void)
{
    CU_ASSERT(BADS >= 80);
    for (size_t i = 0; i < BADS; i++) {
        X509 *between;
        struct leaf leaf = credential_make(&all, &bads[i].recipe, &between);
        struct knock knock = door_knock(&door, &leaf, between, "/v1/me");
        bool is_refused =
            knock.status == 0 ||
            (knock.status == 403 &&
             strstr(knock.body, "\"code\":\"identity-refused\"") != NULL);
        bool is_named = is_logged(&bads[i], knock.port);

        if (!is_refused || !is_named)
            printf("# %s: status %d, %s\n", bads[i].what, knock.status,
                   is_named ? "logged" : "not logged with its rule");
        CU_ASSERT(is_refused);
        CU_ASSERT(is_named);
        leaf_release(&leaf);
        CU_ASSERT_EQUAL(door_knock(&door, &door.ann, NULL, "/v1/me").status,
                        200);
    }
}

static void
no_certificate_is_not_let_in(void)
{
    struct knock knock = door_knock(&door, NULL, NULL, "/v1/me");
    char line[DOOR_TEXT_BYTES];

    CU_ASSERT_EQUAL(knock.status, 0);
    CU_ASSERT(door_refusal(&door, knock.port, line));
    CU_ASSERT(strstr(line, "serial=- key=-") != NULL);
    CU_ASSERT(strstr(line, "peer did not return a certificate") != NULL);
}

/** What a certificate says cannot forge a line of the log. */
static void
text_of_a_certificate_is_escaped_in_the_log(void)
{
    struct recipe recipe = {.names = NAME(EVE "\n\x1b[31mforged")};
    char line[DOOR_TEXT_BYTES] = "";
    X509 *between;
    struct leaf leaf = credential_make(&all, &recipe, &between);
    struct knock knock = door_knock(&door, &leaf, between, "/v1/me");

    CU_ASSERT(door_refusal(&door, knock.port, line));
    CU_ASSERT(strstr(line, "eve\\x0a\\x1b[31mforged rule=") != NULL);
    leaf_release(&leaf);
}

SUITE("credentials", setup, teardown, TEST(good_credentials_are_served),
      TEST(no_bad_credential_is_let_in), TEST(no_certificate_is_not_let_in),
      TEST(text_of_a_certificate_is_escaped_in_the_log))
