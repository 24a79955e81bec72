/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine allows, measured in the same run: echoes over a mutual
 * TLS connection between two threads, and syncs of 4 KiB to the disk.
 */
#include "bench.h"

#include "base/check.h"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 200, BLOCK_BYTES = 4096, PATH_BYTES = 4096 };

static void *
echo(void *argument)
{
    SSL *ssl = argument;
    char bytes[MESSAGE_BYTES];
    int size;

    if (SSL_accept(ssl) == 1)
        while ((size = SSL_read(ssl, bytes, sizeof(bytes))) > 0 &&
               SSL_write(ssl, bytes, size) == size)
            continue;
    return NULL;
}

static SSL *
make_side(const struct bench_options *o, const char *name, bool is_server,
          int fd)
{
    SSL_CTX *context =
        SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
    char cert[PATH_BYTES], key[PATH_BYTES];
    SSL *ssl = NULL;

    snprintf(cert, sizeof(cert), "%s/%s.pem", o->lab, name);
    snprintf(key, sizeof(key), "%s/%s.key", o->lab, name);
    if (context != NULL &&
        SSL_CTX_use_certificate_file(context, cert, SSL_FILETYPE_PEM) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 &&
        (ssl = SSL_new(context)) != NULL)
        SSL_set_fd(ssl, fd);
    SSL_CTX_free(context); /* the SSL keeps it */
    return ssl;
}

static double
measure_echo(SSL *client, double seconds)
{
    char bytes[MESSAGE_BYTES] = "echo";
    long count = 0;
    double start;

    if (SSL_connect(client) != 1)
        return 0;
    start = bench_now();
    while (bench_now() < start + seconds) {
        int got = 0, size = 0;
        if (SSL_write(client, bytes, sizeof(bytes)) != sizeof(bytes))
            return 0;
        while (got < MESSAGE_BYTES &&
               (size = SSL_read(client, bytes, sizeof(bytes))) > 0)
            got += size;
        count++;
    }
    return (double)count / (bench_now() - start);
}

static double
tls_echo(const struct bench_options *o)
{
    pthread_t thread;
    double rate = 0;
    SSL *server, *client;
    int pair[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    server = make_side(o, "server/server", true, pair[0]);
    client = make_side(o, "clients/b01/b01", false, pair[1]);
    if (server != NULL && client != NULL) {
        CHECK(pthread_create(&thread, NULL, echo, server) == 0);
        rate = measure_echo(client, o->seconds);
        SSL_shutdown(client);
        shutdown(pair[1], SHUT_RDWR);
        pthread_join(thread, NULL);
    }
    SSL_free(server);
    SSL_free(client);
    close(pair[0]);
    close(pair[1]);
    return rate;
}

static double
disk_sync(const struct bench_options *o)
{
    char path[PATH_BYTES], block[BLOCK_BYTES] = {1};
    double start;
    long count = 0;
    int fd;

    snprintf(path, sizeof(path), "%s/sync.tmp", o->lab);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return 0;
    start = bench_now();
    while (bench_now() < start + o->seconds) {
        if (write(fd, block, sizeof(block)) != sizeof(block) ||
            fdatasync(fd) != 0)
            break;
        count++;
    }
    double rate = (double)count / (bench_now() - start);
    close(fd);
    unlink(path);
    return rate;
}

int
limits(const struct bench_options *options)
{
    double echoes = tls_echo(options);
    double syncs = disk_sync(options);

    printf("{\"limit\":\"TLS echoes of 200 bytes, one connection\","
           "\"per_second\":%.0f}\n",
           echoes);
    printf("{\"limit\":\"fdatasync of 4 KiB\",\"per_second\":%.0f}\n", syncs);
    return echoes > 0 && syncs > 0 ? 0 : 1;
}
