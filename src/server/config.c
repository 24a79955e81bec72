/* SPDX-License-Identifier: Apache-2.0 */
#include "server/config.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTING_BYTES_MAX = 4096 };

/* What libconfuse says of the first error, with file and line. */
static char first_error[512];

__attribute__((format(printf, 2, 0))) static void
keep_error(cfg_t *cfg, const char *format, va_list arguments)
{
    char text[400];

    if (first_error[0] != '\0')
        return;
    vsnprintf(text, sizeof(text), format, arguments);
    snprintf(first_error, sizeof(first_error), "%s:%d: %s",
             cfg != NULL && cfg->filename != NULL ? cfg->filename : "settings",
             cfg != NULL ? cfg->line : 0, text);
}

/* --------------------------------------------------------------- the schema */

static cfg_opt_t tls_options[] = {
    CFG_STR("cert", NULL, CFGF_NONE),
    CFG_STR("key", NULL, CFGF_NONE),
    CFG_STR("client_ca", NULL, CFGF_NONE),
    CFG_STR("crl", NULL, CFGF_NONE),
    CFG_BOOL("crl_required", cfg_false, CFGF_NONE),
    CFG_STR("groups", NULL, CFGF_NONE),
    CFG_INT("depth", 0, CFGF_NONE),
    CFG_STR("alpn", "optional", CFGF_NONE),
    CFG_INT("cert_list", 32768, CFGF_NONE),
    CFG_END()};

static cfg_opt_t audit_options[] = {
    CFG_STR("cert", NULL, CFGF_NONE), CFG_STR("key", NULL, CFGF_NONE),
    CFG_STR("prev", NULL, CFGF_NONE),
    CFG_STR_LIST("witnesses", "{}", CFGF_NONE), CFG_END()};

/* The defaults stand in docs/security.md; net_limits_default agrees. */
static cfg_opt_t limits_options[] = {
    CFG_INT("connections", 20000, CFGF_NONE),
    CFG_INT("per_address", 1000, CFGF_NONE),
    CFG_INT("per_account", 16, CFGF_NONE),
    CFG_INT("handshakes", 1024, CFGF_NONE),
    CFG_INT("handshakes_per_address", 64, CFGF_NONE),
    CFG_INT("handshakes_per_second", 50, CFGF_NONE),
    CFG_INT("handshake_burst", 200, CFGF_NONE),
    CFG_INT("handshake", 5, CFGF_NONE),
    CFG_INT("first_request", 10, CFGF_NONE),
    CFG_INT("request", 10, CFGF_NONE),
    CFG_INT("idle", 300, CFGF_NONE),
    CFG_INT("write", 10, CFGF_NONE),
    CFG_INT("unread", 262144, CFGF_NONE),
    CFG_INT("body", 65536, CFGF_NONE),
    CFG_INT("requests_per_second", 200, CFGF_NONE),
    CFG_INT("burst", 400, CFGF_NONE),
    CFG_INT("drain", 10, CFGF_NONE),
    CFG_END()};

/** How a number of the file stands in struct config. */
enum number_kind { NUMBER_SIZE, NUMBER_UNSIGNED, NUMBER_SECONDS };
static const struct number {
    const char *name;
    long min, max;
    enum number_kind kind;
    size_t offset;
} limit_numbers[] = {
#define LIMIT(name, min, max, kind, field)                                     \
    {                                                                          \
        name, min, max, NUMBER_##kind, offsetof(struct config, field)          \
    }
    LIMIT("connections", 1, 1000000, SIZE, limits.connections),
    LIMIT("per_address", 1, 1000000, SIZE, limits.connections_per_address),
    LIMIT("per_account", 1, 1000000, SIZE, limits.connections_per_name),
    LIMIT("handshakes", 1, 100000, SIZE, limits.handshakes),
    LIMIT("handshakes_per_address", 1, 100000, SIZE,
          limits.handshakes_per_address),
    LIMIT("handshakes_per_second", 1, 1000000, UNSIGNED,
          limits.handshakes_per_second),
    LIMIT("handshake_burst", 1, 1000000, UNSIGNED, limits.handshake_burst),
    LIMIT("handshake", 1, 60, SECONDS, limits.handshake_ms),
    LIMIT("first_request", 1, 3600, SECONDS, limits.first_request_ms),
    LIMIT("request", 1, 3600, SECONDS, limits.request_ms),
    LIMIT("idle", 1, 86400, SECONDS, limits.idle_ms),
    LIMIT("write", 1, 3600, SECONDS, limits.write_ms),
    LIMIT("unread", 4096, 4194304, SIZE, limits.unread_bytes),
    LIMIT("body", 1024, 65536, SIZE, limits.body_bytes),
    LIMIT("requests_per_second", 1, 1000000, UNSIGNED, requests_per_second),
    LIMIT("burst", 1, 1000000, UNSIGNED, burst),
    LIMIT("drain", 0, 600, SECONDS, drain_ms),
#undef LIMIT
};
enum { LIMIT_NUMBERS = sizeof(limit_numbers) / sizeof(limit_numbers[0]) };

static cfg_opt_t storage_options[] = {CFG_INT("cache_mb", 256, CFGF_NONE),
                                      CFG_END()};

static cfg_opt_t log_options[] = {CFG_STR("level", "info", CFGF_NONE),
                                  CFG_END()};

static cfg_opt_t options[] = {
    CFG_STR_LIST("listen", "{127.0.0.1:8443}", CFGF_NONE),
    CFG_STR_LIST("names", "{}", CFGF_NONE),
    CFG_STR("data", "/var/lib/auctiond", CFGF_NONE),
    CFG_STR("realm", NULL, CFGF_NONE),
    CFG_INT("threads", 0, CFGF_NONE),
    CFG_STR("signatures", "optional", CFGF_NONE),
    CFG_SEC("tls", tls_options, CFGF_NONE),
    CFG_SEC("audit", audit_options, CFGF_NONE),
    CFG_SEC("limits", limits_options, CFGF_NONE),
    CFG_SEC("storage", storage_options, CFGF_NONE),
    CFG_SEC("log", log_options, CFGF_NONE),
    CFG_END()};

/* ---------------------------------------------------------------- overrides */

/** "tls.cert=X" as the text that would stand in a file. */
static enum err
as_file_text(const struct config_override *override,
             char out[SETTING_BYTES_MAX])
{
    const char *equals = strchr(override->setting, '=');
    const char *dot;
    char section[64] = "";
    char name[64];
    const char *value, *rest;
    int size;

    if (equals == NULL || equals == override->setting)
        return err_set(ERR_CONFIG, "%s '%s': write KEY=VALUE", override->origin,
                       override->setting);
    dot = memchr(override->setting, '.', (size_t)(equals - override->setting));
    rest = dot == NULL ? override->setting : dot + 1;
    value = equals + 1;
    if (dot != NULL)
        snprintf(section, sizeof(section), "%.*s",
                 (int)(dot - override->setting), override->setting);
    snprintf(name, sizeof(name), "%.*s", (int)(equals - rest), rest);
    if (strpbrk(value, "\"\\\n") != NULL)
        return err_set(ERR_CONFIG, "%s '%s': quotes are not allowed",
                       override->origin, override->setting);
    bool is_list = strcmp(name, "listen") == 0 || strcmp(name, "names") == 0 ||
                   strcmp(name, "witnesses") == 0;
    size = snprintf(out, SETTING_BYTES_MAX, "%s%s%s = %s\"%s\"%s%s\n", section,
                    dot == NULL ? "" : " { ", name, is_list ? "{" : "", value,
                    is_list ? "}" : "", dot == NULL ? "" : " }");
    return size < SETTING_BYTES_MAX
               ? ERR_OK
               : err_set(ERR_CONFIG, "%s: too long", override->origin);
}

static enum err
apply_override(cfg_t *cfg, const struct config_override *override)
{
    char text[SETTING_BYTES_MAX];
    enum err err = as_file_text(override, text);

    if (err != ERR_OK)
        return err;
    first_error[0] = '\0';
    if (cfg_parse_buf(cfg, text) == CFG_SUCCESS)
        return ERR_OK;
    return err_set(ERR_CONFIG, "%s '%s': %s", override->origin,
                   override->setting, first_error);
}

/* ------------------------------------------------------------------- values */

static bool
copy_text(char **out, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return true;
    *out = strdup(text);
    return *out != NULL;
}

static bool
copy_list(char *out[CONFIG_LIST_MAX + 1], cfg_t *cfg, const char *name)
{
    unsigned count = cfg_size(cfg, name);

    for (unsigned i = 0; i < count && i < CONFIG_LIST_MAX; i++)
        if (!copy_text(&out[i], cfg_getnstr(cfg, name, i)))
            return false;
    return true;
}

static bool
copy_texts(struct config *c, cfg_t *cfg)
{
    cfg_t *tls = cfg_getsec(cfg, "tls");
    cfg_t *audit = cfg_getsec(cfg, "audit");

    return copy_list(c->listen, cfg, "listen") &&
           copy_list(c->names, cfg, "names") &&
           copy_list(c->witnesses, audit, "witnesses") &&
           copy_text(&c->data, cfg_getstr(cfg, "data")) &&
           copy_text(&c->realm, cfg_getstr(cfg, "realm")) &&
           copy_text(&c->tls_cert, cfg_getstr(tls, "cert")) &&
           copy_text(&c->tls_key, cfg_getstr(tls, "key")) &&
           copy_text(&c->tls_client_ca, cfg_getstr(tls, "client_ca")) &&
           copy_text(&c->tls_crl, cfg_getstr(tls, "crl")) &&
           copy_text(&c->tls_groups, cfg_getstr(tls, "groups")) &&
           copy_text(&c->audit_cert, cfg_getstr(audit, "cert")) &&
           copy_text(&c->audit_key, cfg_getstr(audit, "key")) &&
           copy_text(&c->audit_prev, cfg_getstr(audit, "prev"));
}

static enum err
get_number(cfg_t *cfg, const char *name, long min, long max, long *out)
{
    *out = cfg_getint(cfg, name);
    if (*out >= min && *out <= max)
        return ERR_OK;
    return err_set(ERR_CONFIG, "%s = %ld: must be %ld to %ld", name, *out, min,
                   max);
}

static void
set_number(struct config *c, const struct number *number, long value)
{
    char *at = (char *)c + number->offset;
    int64_t ms = (int64_t)value * 1000;
    size_t size = (size_t)value;
    unsigned small = (unsigned)value;

    switch (number->kind) {
    case NUMBER_SIZE:
        memcpy(at, &size, sizeof(size));
        return;
    case NUMBER_UNSIGNED:
        memcpy(at, &small, sizeof(small));
        return;
    case NUMBER_SECONDS:
        memcpy(at, &ms, sizeof(ms));
        return;
    }
}

static long
number_of(const struct config *c, const struct number *number)
{
    const char *at = (const char *)c + number->offset;
    int64_t ms;
    size_t size;
    unsigned small;

    switch (number->kind) {
    case NUMBER_SIZE:
        memcpy(&size, at, sizeof(size));
        return (long)size;
    case NUMBER_UNSIGNED:
        memcpy(&small, at, sizeof(small));
        return (long)small;
    case NUMBER_SECONDS:
        memcpy(&ms, at, sizeof(ms));
        return (long)(ms / 1000);
    }
    return 0;
}

static enum err
copy_limits(struct config *c, cfg_t *cfg)
{
    cfg_t *limits = cfg_getsec(cfg, "limits");

    c->limits = net_limits_default();
    for (size_t i = 0; i < LIMIT_NUMBERS; i++) {
        const struct number *number = &limit_numbers[i];
        long value;
        enum err err =
            get_number(limits, number->name, number->min, number->max, &value);
        if (err != ERR_OK)
            return err;
        set_number(c, number, value);
    }
    return ERR_OK;
}

static enum err
copy_tls(struct config *c, cfg_t *cfg)
{
    cfg_t *tls = cfg_getsec(cfg, "tls");
    const char *alpn = cfg_getstr(tls, "alpn");
    long depth, list;
    enum err err;

    if ((err = get_number(tls, "depth", 0, 1, &depth)) != ERR_OK ||
        (err = get_number(tls, "cert_list", 4096, 102400, &list)) != ERR_OK)
        return err;
    c->tls_crl_required = cfg_getbool(tls, "crl_required");
    c->tls.depth = (unsigned)depth;
    c->tls.cert_list_bytes = (size_t)list;
    c->tls.alpn_required = strcmp(alpn, "required") == 0;
    if (!c->tls.alpn_required && strcmp(alpn, "optional") != 0)
        return err_set(ERR_CONFIG,
                       "tls.alpn = \"%s\": write optional or required", alpn);
    return ERR_OK;
}

static enum err
copy_rest(struct config *c, cfg_t *cfg)
{
    const char *signatures = cfg_getstr(cfg, "signatures");
    const char *level = cfg_getstr(cfg_getsec(cfg, "log"), "level");
    long threads, cache;
    enum err err;

    if ((err = get_number(cfg, "threads", 0, 256, &threads)) != ERR_OK ||
        (err = get_number(cfg_getsec(cfg, "storage"), "cache_mb", 8, 1048576,
                          &cache)) != ERR_OK)
        return err;
    c->threads = (unsigned)threads;
    c->cache_bytes = (size_t)cache << 20;
    c->signatures_required = strcmp(signatures, "required") == 0;
    if (!c->signatures_required && strcmp(signatures, "optional") != 0)
        return err_set(ERR_CONFIG,
                       "signatures = \"%s\": write optional or "
                       "required",
                       signatures);
    if (!log_level_parse(&c->log_level, level))
        return err_set(ERR_CONFIG,
                       "log.level = \"%s\": write error, warn, "
                       "info or debug",
                       level);
    err = copy_tls(c, cfg);
    return err == ERR_OK ? copy_limits(c, cfg) : err;
}

/* ------------------------------------------------------------------ loading */

static enum err
parse_file(cfg_t *cfg, const char *path)
{
    int outcome;

    first_error[0] = '\0';
    if (path == NULL)
        return ERR_OK;
    if (access(path, R_OK) != 0)
        return err_set(ERR_CONFIG, "cannot read '%s': %s", path,
                       strerror(errno));
    outcome = cfg_parse(cfg, path);
    if (outcome == CFG_SUCCESS)
        return ERR_OK;
    return err_set(ERR_CONFIG, "%s",
                   first_error[0] != '\0' ? first_error : path);
}

static enum err
read_all(struct config *out, cfg_t *cfg, const char *path,
         const struct config_override *overrides, size_t count)
{
    enum err err = parse_file(cfg, path);

    for (size_t i = 0; err == ERR_OK && i < count; i++)
        err = apply_override(cfg, &overrides[i]);
    if (err == ERR_OK &&
        (cfg_size(cfg, "listen") > CONFIG_LIST_MAX ||
         cfg_size(cfg, "names") > CONFIG_LIST_MAX ||
         cfg_size(cfg_getsec(cfg, "audit"), "witnesses") > CONFIG_LIST_MAX))
        err = err_set(ERR_CONFIG,
                      "listen, names and witnesses hold at most %d entries",
                      CONFIG_LIST_MAX);
    if (err == ERR_OK)
        err = copy_rest(out, cfg);
    if (err == ERR_OK && !copy_texts(out, cfg))
        err = err_set(ERR_NOMEM, "no memory for the settings");
    out->tls.groups = out->tls_groups;
    return err;
}

enum err
config_load(struct config *out, const char *path,
            const struct config_override *overrides, size_t count)
{
    cfg_t *cfg = cfg_init(options, CFGF_NONE);
    enum err err;

    *out = (struct config){.threads = 0};
    if (cfg == NULL)
        return err_set(ERR_NOMEM, "no memory for the settings");
    cfg_set_error_function(cfg, keep_error);
    err = read_all(out, cfg, path, overrides, count);
    cfg_free(cfg);
    if (err != ERR_OK)
        config_release(out);
    return err;
}

enum err
config_check(const struct config *c)
{
    const struct {
        const void *value;
        const char *name;
        const char *mend;
    } needed[] = {
        {c->listen[0], "listen", "an address such as 0.0.0.0:8443"},
        {c->names[0], "names", "the names in the server certificate"},
        {c->data, "data", "a directory"},
        {c->realm, "realm", "the realm of the certificates"},
        {c->tls_cert, "tls.cert", "the server certificate"},
        {c->tls_key, "tls.key", "its key"},
        {c->tls_client_ca, "tls.client_ca", "the CA of the clients"},
        {c->audit_cert, "audit.cert", "the certificate of the log's key"},
        {c->audit_key, "audit.key", "the log's key"},
    };

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (needed[i].value == NULL)
            return err_set(ERR_CONFIG, "setting '%s' is missing: give %s",
                           needed[i].name, needed[i].mend);
    if (strlen(c->realm) >= IDENTITY_REALM_BYTES)
        return err_set(ERR_CONFIG, "setting 'realm' is too long");
    return ERR_OK;
}

void
config_release(struct config *c)
{
    for (int i = 0; i < CONFIG_LIST_MAX; i++) {
        free(c->listen[i]);
        free(c->names[i]);
        free(c->witnesses[i]);
    }
    free(c->data);
    free(c->realm);
    free(c->tls_cert);
    free(c->tls_key);
    free(c->tls_client_ca);
    free(c->tls_crl);
    free(c->tls_groups);
    free(c->audit_cert);
    free(c->audit_key);
    free(c->audit_prev);
    *c = (struct config){.threads = 0};
}

/* ----------------------------------------------------------------- printing */

static void
print_text(struct buf *out, const char *name, const char *value)
{
    if (value != NULL)
        buf_add_format(out, "%s = \"%s\"\n", name, value);
}

static void
print_list(struct buf *out, const char *name, char *const *values)
{
    buf_add_format(out, "%s = {", name);
    for (size_t i = 0; values[i] != NULL; i++)
        buf_add_format(out, "%s\"%s\"", i == 0 ? "" : ", ", values[i]);
    buf_add_text(out, "}\n");
}

void
config_print(const struct config *c, struct buf *out)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};

    print_list(out, "listen", c->listen);
    print_list(out, "names", c->names);
    print_text(out, "data", c->data);
    print_text(out, "realm", c->realm);
    buf_add_format(out, "threads = %u\n", c->threads);
    print_text(out, "signatures",
               c->signatures_required ? "required" : "optional");
    buf_add_text(out, "tls {\n");
    print_text(out, "  cert", c->tls_cert);
    print_text(out, "  key", c->tls_key);
    print_text(out, "  client_ca", c->tls_client_ca);
    print_text(out, "  crl", c->tls_crl);
    print_text(out, "  groups", c->tls_groups);
    buf_add_format(out,
                   "  crl_required = %s\n  depth = %u\n  alpn = \"%s\"\n"
                   "  cert_list = %zu\n",
                   c->tls_crl_required ? "true" : "false", c->tls.depth,
                   c->tls.alpn_required ? "required" : "optional",
                   c->tls.cert_list_bytes);
    buf_add_text(out, "}\naudit {\n");
    print_text(out, "  cert", c->audit_cert);
    print_text(out, "  key", c->audit_key);
    print_text(out, "  prev", c->audit_prev);
    print_list(out, "  witnesses", c->witnesses);
    buf_add_text(out, "}\nlimits {\n");
    for (size_t i = 0; i < LIMIT_NUMBERS; i++)
        buf_add_format(out, "  %s = %ld\n", limit_numbers[i].name,
                       number_of(c, &limit_numbers[i]));
    buf_add_text(out, "}\n");
    buf_add_format(out, "storage {\n  cache_mb = %zu\n}\n",
                   c->cache_bytes >> 20);
    buf_add_format(out, "log {\n  level = \"%s\"\n}\n", levels[c->log_level]);
}

/* ---------------------------------------------------------------- comparing */

static bool
text_differs(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static bool
list_differs(char *const *a, char *const *b)
{
    while (*a != NULL && *b != NULL && strcmp(*a, *b) == 0) {
        a++;
        b++;
    }
    return *a != NULL || *b != NULL;
}

void
config_name_fixed(const struct config *now, const struct config *next,
                  struct buf *out)
{
    const struct {
        bool differs;
        const char *name;
    } fixed[] = {
        {list_differs(now->listen, next->listen), "listen"},
        {list_differs(now->names, next->names), "names"},
        {text_differs(now->data, next->data), "data"},
        {text_differs(now->realm, next->realm), "realm"},
        {now->threads != next->threads, "threads"},
        {now->signatures_required != next->signatures_required, "signatures"},
        {text_differs(now->audit_cert, next->audit_cert), "audit.cert"},
        {text_differs(now->audit_key, next->audit_key), "audit.key"},
        {text_differs(now->audit_prev, next->audit_prev), "audit.prev"},
        {list_differs(now->witnesses, next->witnesses), "audit.witnesses"},
        {now->cache_bytes != next->cache_bytes, "storage.cache_mb"},
    };

    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (fixed[i].differs)
            buf_add_format(out, "%s ", fixed[i].name);
}
