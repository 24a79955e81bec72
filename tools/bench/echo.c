/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a server of mutual TLS can do: no parsing, no store. Two
 * threads answer every 200 bytes with 200 bytes that look like HTTP, and what
 * came together leaves together. The settings of TLS are those of auctiond.
 */
#include "bench.h"
#include "protocol.h"

#include "base/check.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWERS_MAX = 64, ECHO_EVENTS = 256, ECHO_READ_BYTES = 16384 };

struct guest {
    int fd;
    SSL *ssl;
    bool is_open;
    uint32_t events;
    size_t got, owed;
};

struct server {
    SSL_CTX *context;
    int listener;
    int epoll;
    char answers[ANSWERS_MAX * FIXED_BYTES];
};

static SSL_CTX *
make_context(const char *lab)
{
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    char cert[4096], key[4096], ca[4096];

    snprintf(cert, sizeof(cert), "%s/server/server.pem", lab);
    snprintf(key, sizeof(key), "%s/server/server.key", lab);
    snprintf(ca, sizeof(ca), "%s/ca/ca.pem", lab);
    if (c == NULL || SSL_CTX_use_certificate_chain_file(c, cert) != 1 ||
        SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_locations(c, ca, NULL) != 1) {
        fprintf(stderr, "auction-bench: no server certificate in '%s'\n", lab);
        SSL_CTX_free(c);
        return NULL;
    }
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
    SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
    SSL_CTX_set1_groups_list(c, "X25519:P-256");
    SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(c, 1);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS |
                            SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return c;
}

static void
make_answers(struct server *s)
{
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 120\r\nX-P: ";
    char one[FIXED_BYTES];

    memset(one, 'x', sizeof(one));
    memcpy(one, head, sizeof(head) - 1);
    memcpy(one + FIXED_BYTES - 124, "\r\n\r\n", 4);
    for (int i = 0; i < ANSWERS_MAX; i++)
        memcpy(s->answers + i * FIXED_BYTES, one, FIXED_BYTES);
}

static void
drop(struct guest *g)
{
    SSL_shutdown(g->ssl);
    SSL_free(g->ssl);
    ERR_clear_error();
    close(g->fd);
    free(g);
}

static bool
is_waiting(const struct guest *g, int outcome)
{
    int error = SSL_get_error(g->ssl, outcome);

    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

static void
set_events(struct server *s, struct guest *g, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = g};

    if (g->events != events)
        CHECK(epoll_ctl(s->epoll, EPOLL_CTL_MOD, g->fd, &event) == 0);
    g->events = events;
}

static bool
read_requests(struct guest *g)
{
    char bytes[ECHO_READ_BYTES];
    int size;

    do {
        size = SSL_read(g->ssl, bytes, sizeof(bytes));
        if (size <= 0)
            return is_waiting(g, size);
        g->got += (size_t)size;
        g->owed += g->got / FIXED_BYTES * FIXED_BYTES;
        g->got %= FIXED_BYTES;
    } while (SSL_has_pending(g->ssl));
    return true;
}

static bool
write_answers(struct server *s, struct guest *g)
{
    while (g->owed > 0) {
        size_t size =
            g->owed < sizeof(s->answers) ? g->owed : sizeof(s->answers);
        int written = SSL_write(
            g->ssl, s->answers + (sizeof(s->answers) - size) % FIXED_BYTES,
            (int)size);
        if (written <= 0) {
            set_events(s, g, EPOLLIN | EPOLLOUT);
            return is_waiting(g, written);
        }
        g->owed -= (size_t)written;
    }
    set_events(s, g, EPOLLIN);
    return true;
}

static void
serve(struct server *s, struct guest *g)
{
    if (!g->is_open) {
        int outcome = SSL_accept(g->ssl);
        if (outcome != 1) {
            if (!is_waiting(g, outcome))
                drop(g);
            return;
        }
        g->is_open = true;
    }
    if (!read_requests(g) || !write_answers(s, g))
        drop(g);
}

static void
accept_some(struct server *s)
{
    int fd, one = 1;

    while ((fd = accept4(s->listener, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct guest *g = calloc(1, sizeof(*g));
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = g};
        CHECK(g != NULL);
        *g = (struct guest){
            .fd = fd, .ssl = SSL_new(s->context), .events = EPOLLIN};
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        CHECK(g->ssl != NULL && SSL_set_fd(g->ssl, fd) == 1 &&
              epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) == 0);
    }
}

static void *
echo_main(void *argument)
{
    struct server *s = argument;
    struct epoll_event events[ECHO_EVENTS];

    for (;;) {
        int ready = epoll_wait(s->epoll, events, ECHO_EVENTS, -1);
        for (int i = 0; i < ready; i++)
            if (events[i].data.ptr == NULL)
                accept_some(s);
            else
                serve(s, events[i].data.ptr);
    }
    return NULL;
}

/** Both threads wait on one listener; a guest stays where it was accepted. */
static bool
start_thread(struct server *s, pthread_t *thread)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE,
                                .data.ptr = NULL};

    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    return s->epoll >= 0 &&
           epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &event) == 0 &&
           pthread_create(thread, NULL, echo_main, s) == 0;
}

int
echo(const struct bench_options *options)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)options->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    static struct server servers[2];
    SSL_CTX *context = make_context(options->lab);
    int listener =
        socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    struct rlimit limit;
    pthread_t threads[2];

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (context == NULL ||
        bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, 4096) != 0) {
        fprintf(stderr, "auction-bench: cannot listen on %d\n", options->port);
        return 1;
    }
    for (int i = 0; i < 2; i++) {
        servers[i] = (struct server){.context = context, .listener = listener};
        make_answers(&servers[i]);
        CHECK(start_thread(&servers[i], &threads[i]));
    }
    pthread_join(threads[0], NULL);
    return 0;
}
