/* SPDX-License-Identifier: Apache-2.0 */
#include "door.h"

#include "server/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 6000, PATIENCE_S = 10 };

/* ------------------------------------------------------------------- server */

static void
make_lab(struct door *door)
{
    char command[3 * FILE_PATH_BYTES];

    folder_create(&door->folder);
    snprintf(door->lab, sizeof(door->lab), "%s/lab", door->folder.path);
    snprintf(door->log, sizeof(door->log), "%s/log", door->folder.path);
    snprintf(command, sizeof(command),
             "tools/auction-ca --dir %s lab --client bidder/ann "
             "--client bidder/bob --client monitor/mon >/dev/null",
             door->lab);
    CHECK(system(command) == 0);
}

/** In the child: serve until it is told to stop. */
static void
serve(const struct door *door, const char *const *settings)
{
    char cas[2 * FILE_PATH_BYTES], lists[2 * FILE_PATH_BYTES];
    struct config_override overrides[DOOR_OVERRIDES_MAX] = {
        {"listen=127.0.0.1:0", "test"}, {cas, "test"}, {lists, "test"}};
    struct config_source source;
    struct config config;
    char path[2 * FILE_PATH_BYTES];
    size_t count = 3;
    int log = open(door->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    snprintf(cas, sizeof(cas), "tls.client_ca=%s/cas.pem", door->folder.path);
    snprintf(lists, sizeof(lists), "tls.crl=%s/lists.pem", door->folder.path);
    CHECK(log >= 0 && dup2(log, STDERR_FILENO) >= 0);
    for (; *settings != NULL; settings++)
        overrides[count++] = (struct config_override){*settings, "test"};
    snprintf(path, sizeof(path), "%s/server/auctiond.conf", door->lab);
    source = (struct config_source){path, overrides, count};
    CHECK(config_load(&config, path, overrides, count) == ERR_OK);
    int code = server_run(&config, &source);
    config_release(&config);
    _exit(code);
}

/** Both CAs and both lists in one file each, as in a change of the CA. */
static void
trust_second(const struct door *door, const struct authority *second)
{
    X509_CRL *list = authority_crl(second, NULL, -60, 3600);
    char path[FILE_PATH_BYTES], command[6 * FILE_PATH_BYTES];

    folder_write_cert(&door->folder, path, "second.pem", second->self.cert);
    folder_write_crl(&door->folder, path, "second.crl", list);
    snprintf(command, sizeof(command),
             "cd %s && cat lab/ca/ca.pem second.pem >cas.pem && "
             "cat lab/ca/crl.pem second.crl >lists.pem",
             door->folder.path);
    CHECK(system(command) == 0);
    X509_CRL_free(list);
}

/** All of the log. */
static char *
read_log(const struct door *door)
{
    FILE *file = fopen(door->log, "r");
    char *text = NULL;
    size_t size = 0;

    if (file == NULL)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static bool
read_port(struct door *door)
{
    char *log = read_log(door);
    const char *at = log == NULL ? NULL : strstr(log, "listening address=");
    bool is_there = at != NULL && sscanf(at, "listening address=127.0.0.1:%u ",
                                         &door->port) == 1;

    free(log);
    return is_there;
}

struct leaf
door_leaf(const struct door *door, const char *name)
{
    char path[2 * FILE_PATH_BYTES];
    struct leaf leaf;
    FILE *file;

    snprintf(path, sizeof(path), "%s/clients/%s/%s.pem", door->lab, name, name);
    CHECK((file = fopen(path, "r")) != NULL);
    leaf.cert = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    snprintf(path, sizeof(path), "%s/clients/%s/%s.key", door->lab, name, name);
    CHECK((file = fopen(path, "r")) != NULL);
    leaf.key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    CHECK(leaf.cert != NULL && leaf.key != NULL);
    return leaf;
}

static void
read_ca(struct door *door)
{
    char path[2 * FILE_PATH_BYTES];
    FILE *file;

    snprintf(path, sizeof(path), "%s/ca/ca.pem", door->lab);
    CHECK((file = fopen(path, "r")) != NULL);
    door->ca = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    CHECK(door->ca != NULL);
}

void
door_open(struct door *door, const struct authority *second,
          const char *const *settings)
{
    int tries = 0;

    *door = (struct door){.port = 0};
    signal(SIGPIPE, SIG_IGN);
    make_lab(door);
    trust_second(door, second);
    door->ann = door_leaf(door, "ann");
    read_ca(door);
    door->server = fork();
    CHECK(door->server >= 0);
    if (door->server == 0)
        serve(door, settings);
    while (!read_port(door)) {
        CHECK(waitpid(door->server, NULL, WNOHANG) == 0 && tries++ < TRIES);
        poll(NULL, 0, 5);
    }
}

bool
door_close(struct door *door)
{
    int status = 0;

    CHECK(kill(door->server, SIGTERM) == 0);
    CHECK(waitpid(door->server, &status, 0) == door->server);
    leaf_release(&door->ann);
    X509_free(door->ca);
    folder_destroy(&door->folder);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ------------------------------------------------------------------ knocking
 */

static int
dial(const struct door *door, unsigned *port_out)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)door->port)};
    socklen_t size = sizeof(to);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int one = 1;

    CHECK(fd >= 0 && inet_pton(AF_INET, "127.0.0.1", &to.sin_addr) == 1);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                     sizeof(patience)) == 0);
    CHECK(connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0);
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&to, &size) == 0);
    *port_out = ntohs(to.sin_port);
    return fd;
}

/** Weak keys and digests too: it is the server that has to refuse them. */
static SSL *
make_client(SSL_CTX *context, const struct door *door, const struct leaf *leaf,
            X509 *between, int fd)
{
    SSL *ssl;

    SSL_CTX_set_security_level(context, 0);
    CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), door->ca) == 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    ssl = SSL_new(context);
    CHECK(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
    CHECK(SSL_set_tlsext_host_name(ssl, "localhost") == 1);
    if (leaf != NULL)
        CHECK(SSL_use_certificate(ssl, leaf->cert) == 1 &&
              SSL_use_PrivateKey(ssl, leaf->key) == 1);
    if (between != NULL)
        CHECK(SSL_add1_chain_cert(ssl, between) == 1);
    return ssl;
}

static void
converse(SSL *ssl, const char *path, struct knock *knock)
{
    char request[256];
    size_t size = 0;
    int part;

    snprintf(request, sizeof(request),
             "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
             path);
    ERR_clear_error();
    if (SSL_connect(ssl) != 1)
        return;
    ERR_clear_error();
    (void)!SSL_write(ssl, request, (int)strlen(request));
    do {
        ERR_clear_error();
        part = SSL_read(ssl, knock->body + size,
                        (int)(sizeof(knock->body) - 1 - size));
        size += part > 0 ? (size_t)part : 0;
    } while (part > 0 && size < sizeof(knock->body) - 1);
    knock->body[size] = '\0';
    if (sscanf(knock->body, "HTTP/1.1 %d", &knock->status) != 1)
        knock->status = 0;
}

struct knock
door_knock(const struct door *door, const struct leaf *leaf, X509 *between,
           const char *path)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct knock knock = {.status = 0};
    int fd = dial(door, &knock.port);
    SSL *ssl;

    CHECK(context != NULL);
    ssl = make_client(context, door, leaf, between, fd);
    converse(ssl, path, &knock);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    ERR_clear_error();
    return knock;
}

static bool
find_line(const char *log, unsigned client_port, char line[DOOR_TEXT_BYTES])
{
    char words[64];
    const char *at;

    snprintf(words, sizeof(words), " info refused peer=127.0.0.1:%u ",
             client_port);
    at = strstr(log, words);
    if (at == NULL || strchr(at, '\n') == NULL)
        return false;
    snprintf(line, DOOR_TEXT_BYTES, "%.*s", (int)strcspn(at, "\n"), at);
    return true;
}

bool
door_refusal(const struct door *door, unsigned client_port,
             char line[DOOR_TEXT_BYTES])
{
    bool is_found = false;

    /* The line may be written a moment after the client has been told. */
    for (int i = 0; i < TRIES / 10 && !is_found; i++) {
        char *log = read_log(door);
        is_found = log != NULL && find_line(log, client_port, line);
        free(log);
        if (!is_found)
            poll(NULL, 0, 5);
    }
    return is_found;
}
