/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* -------------------------------------------------------------- connecting */

void
guest_dial(struct guest *guest, const struct lab *lab,
           const struct guest_recipe *recipe)
{
    struct timeval patience = {.tv_sec = LAB_WAIT_MS / 1000};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)lab->port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    const char *address =
        recipe->address == NULL ? "127.0.0.1" : recipe->address;
    int size = recipe->receive_bytes;

    *guest = (struct guest){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    CHECK(guest->fd >= 0);
    CHECK(inet_pton(AF_INET, "127.0.0.1", &to.sin_addr) == 1);
    CHECK(inet_pton(AF_INET, address, &from.sin_addr) == 1);
    CHECK(bind(guest->fd, (struct sockaddr *)&from, sizeof(from)) == 0);
    CHECK(setsockopt(guest->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
                     sizeof(patience)) == 0);
    if (size > 0)
        CHECK(setsockopt(guest->fd, SOL_SOCKET, SO_RCVBUF, &size,
                         sizeof(size)) == 0);
    CHECK(connect(guest->fd, (struct sockaddr *)&to, sizeof(to)) == 0);
}

static void
set_alpn(SSL *ssl, const char *protocol)
{
    unsigned char wire[64];
    size_t size = strlen(protocol);

    CHECK(size < sizeof(wire));
    wire[0] = (unsigned char)size;
    memcpy(wire + 1, protocol, size);
    CHECK(SSL_set_alpn_protos(ssl, wire, (unsigned)size + 1) == 0);
}

/** The alert that OpenSSL has kept as an error of this thread. */
static int
last_alert(void)
{
    int reason = ERR_GET_REASON(ERR_peek_last_error());

    return reason > SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET
                                         : ALERT_NONE;
}

bool
guest_connect(struct guest *guest, const struct lab *lab,
              const struct guest_recipe *recipe)
{
    guest_dial(guest, lab, recipe);
    return guest_shake(guest, lab, recipe);
}

bool
guest_shake(struct guest *guest, const struct lab *lab,
            const struct guest_recipe *recipe)
{
    const struct leaf *leaf = recipe->leaf == NULL ? &lab->ann : recipe->leaf;

    guest->context = SSL_CTX_new(TLS_client_method());
    CHECK(guest->context != NULL);
    CHECK(X509_STORE_add_cert(SSL_CTX_get_cert_store(guest->context),
                              lab->ca.self.cert) == 1);
    SSL_CTX_set_verify(guest->context, SSL_VERIFY_PEER, NULL);
    if (recipe->version != 0)
        CHECK(SSL_CTX_set_max_proto_version(guest->context, recipe->version) ==
              1);
    guest->ssl = SSL_new(guest->context);
    CHECK(guest->ssl != NULL && SSL_set_fd(guest->ssl, guest->fd) == 1);
    if (!recipe->has_no_leaf)
        CHECK(SSL_use_certificate(guest->ssl, leaf->cert) == 1 &&
              SSL_use_PrivateKey(guest->ssl, leaf->key) == 1);
    if (recipe->sni != NULL)
        CHECK(SSL_set_tlsext_host_name(guest->ssl, recipe->sni) == 1);
    if (recipe->alpn != NULL)
        set_alpn(guest->ssl, recipe->alpn);
    if (recipe->groups != NULL)
        CHECK(SSL_set1_groups_list(guest->ssl, recipe->groups) == 1);
    if (recipe->between != NULL)
        CHECK(SSL_add1_chain_cert(guest->ssl, recipe->between) == 1);
    ERR_clear_error();
    if (SSL_connect(guest->ssl) == 1)
        return true;
    guest->alert = last_alert();
    return false;
}

void
guest_enter(struct guest *guest, const struct lab *lab)
{
    CHECK(guest_connect(guest, lab, &(struct guest_recipe){.leaf = NULL}));
}

void
guest_leave(struct guest *guest)
{
    SSL_free(guest->ssl);
    SSL_CTX_free(guest->context);
    if (guest->fd >= 0)
        close(guest->fd);
    ERR_clear_error();
    guest->ssl = NULL;
    guest->context = NULL;
    guest->fd = -1;
}

/* ----------------------------------------------------------------- speaking */

void
guest_send(struct guest *guest, const char *text)
{
    ERR_clear_error();
    CHECK(SSL_write(guest->ssl, text, (int)strlen(text)) == (int)strlen(text));
}

/** More bytes into `in`; false at the end. */
static bool
read_more(struct guest *guest)
{
    int size;

    CHECK(guest->size < GUEST_BYTES - 1);
    ERR_clear_error();
    size = SSL_read(guest->ssl, guest->in + guest->size,
                    (int)(GUEST_BYTES - 1 - guest->size));
    if (size <= 0)
        return false;
    guest->size += (size_t)size;
    guest->in[guest->size] = '\0';
    return true;
}

static void
drop(struct guest *guest, size_t size)
{
    CHECK(size <= guest->size);
    guest->size -= size;
    memmove(guest->in, guest->in + size, guest->size + 1);
}

int
guest_alert(struct guest *guest)
{
    int size;
    char scrap[256];

    do {
        ERR_clear_error();
        size = SSL_read(guest->ssl, scrap, sizeof(scrap));
    } while (size > 0);
    if (SSL_get_error(guest->ssl, size) == SSL_ERROR_ZERO_RETURN)
        return ALERT_CLOSE_NOTIFY;
    return last_alert();
}

bool
guest_read_to(struct guest *guest, const char *text)
{
    const char *found;

    guest->in[guest->size] = '\0';
    while ((found = strstr(guest->in, text)) == NULL)
        if (!read_more(guest))
            return false;
    drop(guest, (size_t)(found - guest->in) + strlen(text));
    return true;
}

bool
guest_is_closed(struct guest *guest)
{
    return guest->size == 0 && !read_more(guest);
}

/** The head of one reply, dropped; its status and length of the body. */
static int
take_head(struct guest *guest, size_t *length_out)
{
    const char *end, *length;
    int status;

    guest->in[guest->size] = '\0';
    while ((end = strstr(guest->in, "\r\n\r\n")) == NULL)
        if (!read_more(guest))
            return 0;
    CHECK(sscanf(guest->in, "HTTP/1.1 %d", &status) == 1);
    length = strstr(guest->in, "Content-Length: ");
    CHECK(length != NULL && length < end);
    *length_out = strtoul(length + strlen("Content-Length: "), NULL, 10);
    drop(guest, (size_t)(end - guest->in) + 4);
    return status;
}

int
guest_reply_body(struct guest *guest, char *body, size_t max)
{
    size_t length, kept = 0;
    int status = take_head(guest, &length);

    if (status == 0)
        return 0;
    while (length > 0) {
        size_t part;
        if (guest->size == 0 && !read_more(guest))
            return 0;
        part = guest->size < length ? guest->size : length;
        if (body != NULL) {
            CHECK(kept + part < max);
            memcpy(body + kept, guest->in, part);
            kept += part;
        }
        drop(guest, part);
        length -= part;
    }
    if (body != NULL)
        body[kept] = '\0';
    return status;
}

int
guest_reply(struct guest *guest)
{
    return guest_reply_body(guest, NULL, 0);
}
