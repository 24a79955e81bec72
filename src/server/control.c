/* SPDX-License-Identifier: Apache-2.0 */
#include "server/control.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 5000, ANSWER_BYTES_MAX = 65536, ASK_SECONDS = 30 };

static const char socket_name[] = "control";

struct client {
    int fd; /* -1: free */
    int64_t gone_at_ms;
    struct buf in;
};

struct control {
    int directory; /* open, so that the path has no bound of a socket's */
    int listener;
    control_answer *answer;
    void *context;
    struct client clients[CONTROL_CLIENTS_MAX];
};

/** "/proc/self/fd/N/control": fits into an address whatever the folder is. */
static struct sockaddr_un
address_in(int directory)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s",
             directory, socket_name);
    return address;
}

/* ----------------------------------------------------------- opening, closing
 */

static bool
listen_there(struct control *c)
{
    struct sockaddr_un address = address_in(c->directory);
    mode_t mask;
    bool is_bound;

    /* What is there is of a server that has ended: the directory is ours. */
    if (unlinkat(c->directory, socket_name, 0) != 0 && errno != ENOENT)
        return false;
    c->listener =
        socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->listener < 0)
        return false;
    mask = umask(0177);
    is_bound =
        bind(c->listener, (struct sockaddr *)&address, sizeof(address)) == 0;
    umask(mask);
    return is_bound && listen(c->listener, CONTROL_CLIENTS_MAX) == 0;
}

enum err
control_open(struct control **out, const char *directory,
             control_answer *answer, void *context)
{
    struct control *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return err_set(ERR_NOMEM, "no memory for the control socket");
    c->answer = answer;
    c->context = context;
    c->listener = -1;
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
        c->clients[i].fd = -1;
    c->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (c->directory < 0 || !listen_there(c)) {
        enum err err = err_set(ERR_SYSTEM, "cannot make the socket '%s/%s': %s",
                               directory, socket_name, strerror(errno));
        control_close(&c);
        return err;
    }
    *out = c;
    return ERR_OK;
}

static void
let_go(struct client *client)
{
    close(client->fd);
    client->fd = -1;
    buf_release(&client->in);
}

void
control_close(struct control **out)
{
    struct control *c = *out;

    if (c == NULL)
        return;
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd >= 0)
            let_go(&c->clients[i]);
    if (c->listener >= 0) {
        close(c->listener);
        if (unlinkat(c->directory, socket_name, 0) != 0)
            log_warn("cannot remove the control socket: %s", strerror(errno));
    }
    if (c->directory >= 0)
        close(c->directory);
    free(c);
    *out = NULL;
}

/* -------------------------------------------------------------------- serving
 */

size_t
control_watch(struct control *c, struct pollfd *out)
{
    size_t count = 0;

    if (c == NULL)
        return 0;
    out[count++] = (struct pollfd){c->listener, POLLIN, 0};
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd >= 0)
            out[count++] = (struct pollfd){c->clients[i].fd, POLLIN, 0};
    return count;
}

static void
take_clients(struct control *c, int64_t now_ms)
{
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &c->clients[i];
        if (client->fd >= 0)
            continue;
        client->fd =
            accept4(c->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client->fd < 0)
            return;
        client->gone_at_ms = now_ms + PATIENCE_MS;
        buf_init(&client->in, CONTROL_BYTES_MAX);
    }
}

/** The request is whole: answer it, in the socket's buffer, and let go. */
static void
answer(struct control *c, struct client *client)
{
    struct buf out;
    char *line = client->in.bytes == NULL ? (char *)"" : client->in.bytes;
    char *end = strchr(line, '\n');
    const char *rest = "";

    if (end != NULL) {
        *end = '\0';
        rest = end + 1;
    }
    buf_init(&out, ANSWER_BYTES_MAX);
    c->answer(c->context, line, rest, &out);
    /* Small, and to ourselves: what does not fit is not waited for. */
    if (!buf_is_ok(&out) || send(client->fd, out.bytes, out.size,
                                 MSG_NOSIGNAL) != (ssize_t)out.size)
        log_warn("an answer of the control socket was not taken");
    buf_release(&out);
    let_go(client);
}

static void
read_client(struct control *c, struct client *client, int64_t now_ms)
{
    char bytes[8192];
    ssize_t size;

    while ((size = recv(client->fd, bytes, sizeof(bytes), 0)) > 0)
        buf_add(&client->in, bytes, (size_t)size);
    if (!buf_is_ok(&client->in) ||
        (size < 0 && errno != EAGAIN && errno != EINTR))
        let_go(client);
    else if (size == 0)
        answer(c, client);
    else if (now_ms >= client->gone_at_ms)
        let_go(client);
}

void
control_serve(struct control *c, int64_t now_ms)
{
    if (c == NULL)
        return;
    for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->clients[i].fd >= 0)
            read_client(c, &c->clients[i], now_ms);
    take_clients(c, now_ms);
}

/* --------------------------------------------------------------------- asking
 */

static bool
send_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t part = send(fd, text, size, MSG_NOSIGNAL);
        if (part < 0 && errno != EINTR)
            return false;
        if (part > 0) {
            text += part;
            size -= (size_t)part;
        }
    }
    return true;
}

static enum err
talk(int fd, const char *line, const char *rest, struct buf *answer_out)
{
    struct timeval patience = {.tv_sec = ASK_SECONDS};
    char bytes[4096];
    ssize_t size;

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) !=
            0 ||
        !send_all(fd, line, strlen(line)) || !send_all(fd, "\n", 1) ||
        !send_all(fd, rest, strlen(rest)) || shutdown(fd, SHUT_WR) != 0)
        return err_set(ERR_UNREACHABLE, "the server does not listen: %s",
                       strerror(errno));
    while ((size = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        buf_add(answer_out, bytes, (size_t)size);
    if (size < 0 || answer_out->size == 0)
        return err_set(ERR_TIMEOUT, "the server gave no answer");
    return buf_is_ok(answer_out)
               ? ERR_OK
               : err_set(ERR_NOMEM, "no memory for the answer");
}

enum err
control_ask(const char *directory, const char *line, const char *rest,
            struct buf *answer_out)
{
    int folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct sockaddr_un address = address_in(folder);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    enum err err;

    if (folder < 0 || fd < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        err = err_set(ERR_UNREACHABLE,
                      "no auctiond answers in '%s': %s; start it, or give "
                      "its data directory with --data",
                      directory, strerror(errno));
    else
        err = talk(fd, line, rest, answer_out);
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return err;
}
