/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 16384, WIRE_BYTES_MAX = 1 << 24 };

SSL_CTX *
wire_context(const char *lab, const char *name)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    char cert[4096], key[4096], ca[4096];

    snprintf(cert, sizeof(cert), "%s/clients/%s/%s.pem", lab, name, name);
    snprintf(key, sizeof(key), "%s/clients/%s/%s.key", lab, name, name);
    snprintf(ca, sizeof(ca), "%s/ca/ca.pem", lab);
    if (context == NULL ||
        SSL_CTX_use_certificate_file(context, cert, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_locations(context, ca, NULL) != 1) {
        fprintf(stderr, "auction-bench: no client '%s' in '%s'\n", name, lab);
        SSL_CTX_free(context);
        return NULL;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set1_groups_list(context, "X25519:P-256");
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    return context;
}

/** Ask in the clear whether TLS is spoken; 'S' is yes. */
static bool
ask(int fd, const char *preamble, size_t size)
{
    char answer;

    return send(fd, preamble, size, 0) == (ssize_t)size &&
           recv(fd, &answer, 1, MSG_WAITALL) == 1 && answer == 'S';
}

bool
wire_open(struct wire *wire, SSL_CTX *context, int port, const char *preamble,
          size_t preamble_size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;

    *wire = (struct wire){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    buf_init(&wire->in, WIRE_BYTES_MAX);
    buf_init(&wire->out, WIRE_BYTES_MAX);
    wire->ssl = SSL_new(context);
    if (wire->fd < 0 || wire->ssl == NULL ||
        connect(wire->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        (preamble != NULL && !ask(wire->fd, preamble, preamble_size)) ||
        fcntl(wire->fd, F_SETFL, O_NONBLOCK) != 0 ||
        SSL_set_fd(wire->ssl, wire->fd) != 1) {
        wire_close(wire);
        return false;
    }
    setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    SSL_set_tlsext_host_name(wire->ssl, "localhost");
    SSL_set1_host(wire->ssl, "localhost");
    SSL_set_connect_state(wire->ssl);
    return true;
}

/** Whether a call only has to be made again later. */
static bool
is_waiting(struct wire *wire, int outcome)
{
    int error = SSL_get_error(wire->ssl, outcome);

    wire->wants_write = error == SSL_ERROR_WANT_WRITE;
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

bool
wire_flush(struct wire *wire)
{
    while (wire->is_open && wire->written < wire->out.size) {
        int size = SSL_write(wire->ssl, wire->out.bytes + wire->written,
                             (int)(wire->out.size - wire->written));
        if (size <= 0)
            return is_waiting(wire, size);
        wire->written += (size_t)size;
    }
    wire->wants_write = false;
    if (wire->written == wire->out.size) {
        wire->written = 0;
        buf_clear(&wire->out);
    }
    return true;
}

bool
wire_advance(struct wire *wire)
{
    int size;

    ERR_clear_error();
    if (!wire->is_open) {
        int outcome = SSL_do_handshake(wire->ssl);
        if (outcome != 1)
            return is_waiting(wire, outcome);
        wire->is_open = true;
        wire->wants_write = false;
    }
    do {
        char *room = buf_reserve(&wire->in, READ_BYTES);
        if (room == NULL)
            return false;
        size = SSL_read(wire->ssl, room, READ_BYTES);
        if (size > 0)
            buf_grow(&wire->in, (size_t)size);
    } while (size > 0 && SSL_has_pending(wire->ssl));
    if (size <= 0 && !is_waiting(wire, size))
        return false;
    return wire_flush(wire);
}

void
wire_close(struct wire *wire)
{
    if (wire->ssl != NULL && wire->is_open)
        SSL_shutdown(wire->ssl);
    SSL_free(wire->ssl);
    ERR_clear_error();
    if (wire->fd >= 0)
        close(wire->fd);
    buf_release(&wire->in);
    buf_release(&wire->out);
    *wire = (struct wire){.fd = -1};
}
