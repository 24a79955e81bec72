/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust generations: what is taken, what is refused and why, and who still
 * stands when the next one comes.
 */
#include "tap.h"

#include "authority.h"
#include "identity/pemfile.h"
#include "identity/trust.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const names[] = {"localhost", NULL};
static struct authority ca, other;
static struct leaf server, ann;
static struct folder folder;
static char ca_path[FILE_PATH_BYTES], cert_path[FILE_PATH_BYTES],
    key_path[FILE_PATH_BYTES], crl_path[FILE_PATH_BYTES],
    marks_path[FILE_PATH_BYTES];
static struct trust_config config;

static struct leaf
issue_server(struct authority *by, long begins_s, long ends_s)
{
    return authority_issue(by, &(struct leaf_recipe){.cn = "localhost",
                                                     .san = "DNS:localhost",
                                                     .purpose = "serverAuth",
                                                     .begins_s = begins_s,
                                                     .ends_s = ends_s});
}

static void
write_list(X509_CRL *list)
{
    folder_write_crl(&folder, crl_path, "crl.pem", list);
    X509_CRL_free(list);
}

/** A list of number and age by the CA, with at most one entry. */
static void
give_list(long number, long begins_s, long ends_s, const X509 *revoked)
{
    write_list(authority_crl_numbered(&ca, revoked, begins_s, ends_s, number));
}

/** Everything as it should be. */
static void
restore(void)
{
    folder_write_cert(&folder, ca_path, "ca.pem", ca.self.cert);
    folder_write_cert(&folder, cert_path, "server.pem", server.cert);
    folder_write_key(&folder, key_path, "server.key", server.key);
    give_list(5, -60, 3600, NULL);
    snprintf(marks_path, sizeof(marks_path), "%s/crls", folder.path);
    remove(marks_path);
    config = (struct trust_config){.cert = cert_path,
                                   .key = key_path,
                                   .client_ca = ca_path,
                                   .crl = crl_path,
                                   .marks = marks_path,
                                   .names = names,
                                   .generation = 1};
}

static int
setup(void)
{
    folder_create(&folder);
    authority_create(&ca, "Lab CA");
    authority_create(&other, "Other CA");
    server = issue_server(&ca, 0, 0);
    ann = authority_issue(
        &ca, &(struct leaf_recipe){.cn = "ann",
                                   .san = "URI:auction://lab.example/bidder/"
                                          "ann"});
    return 0;
}

static int
teardown(void)
{
    leaf_release(&server);
    leaf_release(&ann);
    authority_destroy(&ca);
    authority_destroy(&other);
    folder_destroy(&folder);
    return 0;
}

/** "" when a generation can be made, else the sentence. */
static const char *
flaw(void)
{
    struct trust *trust = NULL;
    enum err err = trust_create(&trust, &config);

    trust_unref(&trust);
    return err == ERR_OK ? "" : err_detail();
}

#define REFUSED(words)                                                         \
    do {                                                                       \
        const char *said = flaw();                                             \
        if (strstr(said, words) == NULL)                                       \
            printf("# said: '%s'\n", said);                                    \
        CU_ASSERT(strstr(said, words) != NULL);                                \
        restore();                                                             \
    } while (0)

/** Make one that must be good. */
static struct trust *
make(void)
{
    struct trust *trust = NULL;
    enum err err = trust_create(&trust, &config);

    if (err != ERR_OK)
        printf("# %s\n", err_detail());
    CU_ASSERT_EQUAL_FATAL(err, ERR_OK);
    return trust;
}

/** The present lists are taken, and that is written down. */
static void
take(void)
{
    struct trust *trust = make();

    CU_ASSERT_EQUAL(trust_keep_marks(trust, marks_path), ERR_OK);
    trust_unref(&trust);
}

static void
good_files_make_a_generation(void)
{
    struct trust_facts facts;
    struct trust *trust;

    restore();
    trust = make();
    facts = trust_facts(trust);
    CU_ASSERT_EQUAL(facts.generation, 1);
    CU_ASSERT_EQUAL(facts.cas, 1);
    CU_ASSERT_STRING_EQUAL(facts.crl_number, "5");
    CU_ASSERT_EQUAL(facts.revoked, 0);
    CU_ASSERT(facts.crl_ends.ms > facts.crl_begins.ms);
    trust_unref(&trust);
}

static void
broken_certificates_are_named(void)
{
    struct leaf late = issue_server(&ca, -7200, -3600);
    struct leaf early = issue_server(&ca, 3600, 7200);
    struct leaf foreign = issue_server(&other, 0, 0);

    restore();
    folder_write_cert(&folder, cert_path, "server.pem", late.cert);
    folder_write_key(&folder, key_path, "server.key", late.key);
    REFUSED("has expired: renew it");
    folder_write_cert(&folder, cert_path, "server.pem", early.cert);
    folder_write_key(&folder, key_path, "server.key", early.key);
    REFUSED("not valid yet: check the clock");
    folder_write_cert(&folder, cert_path, "server.pem", foreign.cert);
    folder_write_key(&folder, key_path, "server.key", foreign.key);
    REFUSED("does not verify under");
    folder_write_key(&folder, key_path, "server.key", late.key);
    REFUSED("server.key' cannot be used");
    CU_ASSERT_EQUAL(chmod(key_path, 0644), 0);
    REFUSED("chmod 600");
    folder_write(&folder, cert_path, "server.pem", "nothing", 0644);
    REFUSED("server.pem' cannot be used");
    config.names = (const char *const[]){"elsewhere.example", NULL};
    REFUSED("does not name 'elsewhere.example'");
    leaf_release(&late);
    leaf_release(&early);
    leaf_release(&foreign);
}

static void
broken_ca_files_are_named(void)
{
    struct authority old;

    restore();
    folder_write(&folder, ca_path, "ca.pem", "", 0644);
    REFUSED("holds no certificate in PEM");
    folder_write(&folder, ca_path, "ca.pem",
                 "-----BEGIN CERTIFICATE-----\n????\n"
                 "-----END CERTIFICATE-----\n",
                 0644);
    REFUSED("is broken: copy it again");
    folder_write_cert(&folder, ca_path, "ca.pem", ann.cert);
    REFUSED("is no CA");
    authority_create_dated(&old, "Lab CA", -7200, -3600);
    folder_write_cert(&folder, ca_path, "ca.pem", old.self.cert);
    REFUSED("has expired");
    config.client_ca = "/nonexistent";
    REFUSED("cannot open CA file");
    authority_destroy(&old);
}

static void
lists_that_nobody_should_believe_are_refused(void)
{
    restore();
    write_list(authority_crl(&other, NULL, -60, 3600));
    REFUSED("not signed by a CA of tls.client_ca");
    give_list(6, 3600, 7200, NULL);
    REFUSED("is of the future");
    give_list(6, -7200, -3600, NULL);
    REFUSED("has run out");
    give_list(0, -60, 3600, NULL);
    REFUSED("has no CRL number");
    folder_write(&folder, crl_path, "crl.pem", "nothing", 0644);
    REFUSED("holds no CRL in PEM");
    folder_write(&folder, crl_path, "crl.pem",
                 "-----BEGIN X509 CRL-----\n????\n-----END X509 CRL-----\n",
                 0644);
    REFUSED("is broken: copy it again");
    config.crl = "/nonexistent";
    REFUSED("make one with auction-ca crl");
}

static void
a_list_that_has_run_out_is_taken_at_a_start_only(void)
{
    struct trust *trust;

    restore();
    give_list(6, -7200, -3600, NULL);
    config.is_start = true;
    trust = make();
    trust_unref(&trust);
    config.is_start = false;
    REFUSED("has run out");
}

static void
an_older_list_is_refused_for_ever(void)
{
    restore();
    give_list(9, -60, 3600, NULL);
    take();
    take(); /* the same one again is no other one */
    give_list(8, -30, 3600, NULL);
    CU_ASSERT(strstr(flaw(), "older than number 9") != NULL);
    config.is_start = true; /* a start does not forget */
    CU_ASSERT(strstr(flaw(), "older than number 9") != NULL);
    give_list(9, -60, 7200, NULL); /* another one of the same second */
    CU_ASSERT(strstr(flaw(), "not of a later second") != NULL);
    give_list(10, -120, 7200, NULL); /* a higher number, made earlier */
    CU_ASSERT(strstr(flaw(), "not of a later second") != NULL);
    give_list(16, -30, 7200, NULL); /* 0x10 is longer than 0x9 */
    CU_ASSERT_STRING_EQUAL(flaw(), "");
    config.crl = NULL;
    REFUSED("a revocation list was taken before");
    config.crl = NULL;
    config.crl_required = true;
    REFUSED("tls.crl_required is set");
    folder_write(&folder, marks_path, "crls", "junk\n", 0600);
    REFUSED("restore it, or remove");
}

/** PEM of a list; freed by the caller. */
static char *
pem_of(X509_CRL *list)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text, *copy;
    long size;

    CHECK(bio != NULL && PEM_write_bio_X509_CRL(bio, list) == 1);
    size = BIO_get_mem_data(bio, &text);
    copy = strndup(text, (size_t)size);
    CHECK(copy != NULL);
    BIO_free(bio);
    X509_CRL_free(list);
    return copy;
}

static void
a_list_handed_in_takes_the_place_of_the_old_one(void)
{
    char *newer = pem_of(authority_crl_numbered(&ca, ann.cert, -30, 3600, 6));
    char *forged = pem_of(authority_crl(&other, NULL, -30, 3600));
    struct trust *trust;
    struct buf lists;

    restore();
    take();
    config.crl_text = newer;
    trust = make();
    CU_ASSERT_STRING_EQUAL(trust_facts(trust).crl_number, "6");
    CU_ASSERT_EQUAL(trust_facts(trust).revoked, 1);
    buf_init(&lists, 1 << 16);
    CU_ASSERT_EQUAL(trust_lists(trust, &lists), ERR_OK);
    CU_ASSERT_STRING_EQUAL(lists.bytes, newer);
    buf_release(&lists);
    trust_unref(&trust);
    config.crl_text = forged;
    REFUSED("'(handed in)' is not signed");
    config.crl = NULL;
    config.crl_text = newer;
    config.marks = NULL;
    REFUSED("set tls.crl");
    free(newer);
    free(forged);
}

/* ------------------------------------------------------------ who stands */

static struct identity *
identity_of(const struct leaf *leaf, struct authority *by)
{
    struct identity *identity;
    const char *rule;

    CHECK(identity_from_cert(&identity, leaf->cert, by->self.cert,
                             "lab.example", &rule) == ERR_OK);
    return identity;
}

/** Both CAs, and a list of each, in one file each. */
static void
trust_both(struct authority *second)
{
    char *first = pem_of(authority_crl_numbered(&ca, NULL, -60, 3600, 5));
    char *more = pem_of(authority_crl(second, NULL, -60, 3600));
    char both[16384];
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;
    long size;

    CHECK(bio != NULL && PEM_write_bio_X509(bio, ca.self.cert) == 1 &&
          PEM_write_bio_X509(bio, second->self.cert) == 1);
    size = BIO_get_mem_data(bio, &text);
    snprintf(both, sizeof(both), "%.*s", (int)size, text);
    BIO_free(bio);
    folder_write(&folder, ca_path, "ca.pem", both, 0644);
    snprintf(both, sizeof(both), "%s%s", first, more);
    folder_write(&folder, crl_path, "crl.pem", both, 0644);
    free(first);
    free(more);
}

static void
the_revoked_and_those_of_a_lost_ca_stand_no_more(void)
{
    struct identity *identity = identity_of(&ann, &ca);
    struct trust *trust;

    restore();
    trust = make();
    CU_ASSERT_EQUAL(trust_judge(trust, identity), TRUST_STANDS);
    trust_unref(&trust);
    give_list(6, -30, 3600, ann.cert);
    trust = make();
    CU_ASSERT_EQUAL(trust_judge(trust, identity), TRUST_REVOKED);
    trust_unref(&trust);
    identity_unref(&identity);
    identity = identity_of(&ann, &other);
    trust = make();
    CU_ASSERT_EQUAL(trust_judge(trust, identity), TRUST_CA_GONE);
    trust_unref(&trust);
    identity_unref(&identity);
}

static void
two_cas_of_one_name_are_told_apart_by_key(void)
{
    struct authority second;
    struct leaf bob;
    struct identity *old, *new;
    struct trust *trust;

    authority_create(&second, "Lab CA"); /* the same subject, a new key */
    bob = authority_issue(
        &second, &(struct leaf_recipe){.cn = "bob",
                                       .san = "URI:auction://lab.example/"
                                              "bidder/bob"});
    old = identity_of(&ann, &ca);
    new = identity_of(&bob, &second);
    restore();
    trust_both(&second);
    trust = make();
    CU_ASSERT_EQUAL(trust_facts(trust).cas, 2);
    CU_ASSERT_EQUAL(trust_judge(trust, old), TRUST_STANDS);
    CU_ASSERT_EQUAL(trust_judge(trust, new), TRUST_STANDS);
    trust_unref(&trust);
    restore();
    trust = make();
    CU_ASSERT_EQUAL(trust_judge(trust, new), TRUST_CA_GONE);
    trust_unref(&trust);
    trust_both(&second);
    write_list(authority_crl_numbered(&ca, NULL, -60, 3600, 5));
    REFUSED("there is no CRL of CA");
    identity_unref(&old);
    identity_unref(&new);
    leaf_release(&bob);
    authority_destroy(&second);
}

static void
two_lists_of_one_ca_are_refused(void)
{
    restore();
    trust_both(&ca);
    REFUSED("two lists of one CA");
}

SUITE("trust", setup, teardown, TEST(good_files_make_a_generation),
      TEST(broken_certificates_are_named), TEST(broken_ca_files_are_named),
      TEST(lists_that_nobody_should_believe_are_refused),
      TEST(a_list_that_has_run_out_is_taken_at_a_start_only),
      TEST(an_older_list_is_refused_for_ever),
      TEST(a_list_handed_in_takes_the_place_of_the_old_one),
      TEST(the_revoked_and_those_of_a_lost_ca_stand_no_more),
      TEST(two_cas_of_one_name_are_told_apart_by_key),
      TEST(two_lists_of_one_ca_are_refused))
