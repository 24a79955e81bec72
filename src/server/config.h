/* SPDX-License-Identifier: Apache-2.0 */
/**
 * config: the settings of auctiond, from file, environment and options.
 *
 * Order: option, environment, file, default. Unknown settings, wrong types
 * and values out of range are errors that name file and line.
 *
 * Thread  main, before the others start.
 * Source  docs/operations.md "Configuration".
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "net/net.h"

enum { CONFIG_LIST_MAX = 8 };

struct config {
    char *listen[CONFIG_LIST_MAX + 1]; /* ended by NULL; owned */
    char *names[CONFIG_LIST_MAX + 1];
    char *data;
    char *realm;
    unsigned threads; /* 0: one for each CPU */
    char *tls_cert;
    char *tls_key;
    char *tls_client_ca;
    char *tls_crl; /* NULL: none */
    bool tls_crl_required;
    char *tls_groups;
    struct tls_options tls; /* its groups are tls_groups */
    char *audit_cert;
    char *audit_key;
    char *audit_prev; /* file: last head of the log that a new one continues */
    char *witnesses[CONFIG_LIST_MAX + 1]; /* verifier keys */
    bool signatures_required;
    size_t cache_bytes;
    int64_t drain_ms;
    enum log_level log_level;
    struct net_limits limits;
    unsigned requests_per_second; /* commands of one account */
    unsigned burst;
};

/** One setting given apart from the file: "tls.cert=/path". */
struct config_override {
    const char *setting;
    const char *origin; /* "--set", "AUCTIOND_DATA" */
};

/**
 * Read a file and apply overrides, later ones winning.
 *
 * path  NULL: no file
 * Returns  ERR_OK; ERR_CONFIG with file, line and mend; ERR_NOMEM
 */
MUST_CHECK enum err
config_load(struct config *out, const char *path,
            const struct config_override *overrides, size_t count);

/** Where settings come from, to read them again; borrowed. */
struct config_source {
    const char *path; /* NULL: no file */
    const struct config_override *overrides;
    size_t count;
};

/**
 * Name the settings that differ and count only from the next start on, in
 * `out`, separated by blanks; nothing is added when there are none.
 */
void config_name_fixed(const struct config *now, const struct config *next,
                       struct buf *out);

/** Everything that a server needs is there; ERR_CONFIG names what is not. */
MUST_CHECK enum err config_check(const struct config *config);

void config_release(struct config *config);

/** The effective settings as a file of the same form. No secrets in it. */
void config_print(const struct config *config, struct buf *out);

#endif
