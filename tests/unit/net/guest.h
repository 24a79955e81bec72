/* SPDX-License-Identifier: Apache-2.0 */
/**
 * guest: a client of the lab that does what the test says, right or wrong.
 *
 * Blocking; a read that takes longer than LAB_WAIT_MS has failed.
 */
#ifndef TESTS_NET_GUEST_H
#define TESTS_NET_GUEST_H

#include "lab.h"

#include <openssl/ssl.h>

enum {
    GUEST_BYTES = 1 << 17,
    ALERT_NONE = -1, /* the connection ended without a word */
    ALERT_CLOSE_NOTIFY = 0,
};

/** How to connect; zero values are the usual ones. */
struct guest_recipe {
    const struct leaf *leaf; /* NULL: ann */
    bool has_no_leaf;
    int version;         /* the highest; 0: TLS 1.3 */
    const char *sni;     /* NULL: none */
    const char *alpn;    /* one protocol; NULL: none */
    const char *groups;  /* NULL: the library's */
    X509 *between;       /* sent beside the leaf */
    const char *address; /* to come from; NULL: 127.0.0.1 */
    int receive_bytes;   /* of the socket; 0: the system's */
};

struct guest {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
    char in[GUEST_BYTES]; /* read but not taken */
    size_t size;
    int alert; /* that ended the handshake, when it failed */
};

/** TCP only. */
void guest_dial(struct guest *guest, const struct lab *lab,
                const struct guest_recipe *recipe);

/**
 * TCP and the handshake; whether the client side of it has ended well. With
 * TLS 1.3 the server's opinion of the client comes later: guest_alert.
 */
bool guest_connect(struct guest *guest, const struct lab *lab,
                   const struct guest_recipe *recipe);
/** The handshake alone, after guest_dial. */
bool guest_shake(struct guest *guest, const struct lab *lab,
                 const struct guest_recipe *recipe);
/** The same as ann, with success expected. */
void guest_enter(struct guest *guest, const struct lab *lab);
void guest_leave(struct guest *guest);

void guest_send(struct guest *guest, const char *text);

/** Read to the end: the alert it ended with, or one of ALERT_. */
int guest_alert(struct guest *guest);

/** One reply, read to its end: its status, 0 when the connection ended. */
int guest_reply(struct guest *guest);
/** The same, and the body of at most `max` bytes, terminated. */
int guest_reply_body(struct guest *guest, char *body, size_t max);

/** Read up to the first occurrence of `text`; false when it never comes. */
bool guest_read_to(struct guest *guest, const char *text);

/** Nothing more comes but the end. */
bool guest_is_closed(struct guest *guest);

#endif
