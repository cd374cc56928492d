/* tests/fake_http.h - a server of HTTP whose answers a test writes byte by byte, with whatever
 * faults it likes. A thread accepts, each connection has one of its own. */
#ifndef CC_TESTS_FAKE_HTTP_H
#define CC_TESTS_FAKE_HTTP_H

#include "base/str.h"

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/ssl.h>

#define FAKE_HTTP_CONNECTIONS_MAX 64
#define FAKE_HTTP_REQUEST_BYTES_MAX 65536

struct fake_peer {
    int fd;
    SSL *tls; /* NULL: in the clear */
};

struct fake_request {
    unsigned number;     /* over the whole server, from 0 */
    unsigned connection; /* the same */
    struct cc_str head;  /* the request line and the headers, with their line ends */
    struct cc_str body;
};

struct fake_http;

/* Writes an answer, or part of one. false: the connection is closed. */
typedef bool fake_answer_fn(struct fake_http *server, struct fake_peer *peer,
                            const struct fake_request *request);

struct fake_http {
    fake_answer_fn *answer;
    void *arg;
    SSL_CTX *tls;
    unsigned port;
    char url[64]; /* "http://127.0.0.1:4711" */
    atomic_uint requests, connections;
    int fd;
    pthread_mutex_t mutex; /* the descriptors of connections */
    pthread_t thread;
    struct fake_connection {
        struct fake_http *server;
        unsigned number;
        int fd;
        pthread_t thread;
    } at[FAKE_HTTP_CONNECTIONS_MAX];
};

/* On a free port of 127.0.0.1. The members before `port` are the caller's. */
void fake_http_start(struct fake_http *server);
/* Closes all connections and waits for their threads. */
void fake_http_stop(struct fake_http *server);

/* Whether this side of a connection, counted from 0, is closed. */
bool fake_is_closed(struct fake_http *server, unsigned connection);

bool fake_write(struct fake_peer *peer, struct cc_str bytes); /* false: the peer has gone */
/* Ends the connection with a reset (RST) instead of in order. */
void fake_reset(struct fake_peer *peer);
/* An answer as it should be: "200 OK", further headers with their line ends or "". */
bool fake_reply(struct fake_peer *peer, const char *status, const char *headers,
                struct cc_str body);
/* The value of the header of that name in a request; absent without one. */
struct cc_str fake_header(const struct fake_request *request, const char *name);

/* A certificate that nobody else has signed, for an IP address or a name ("IP:127.0.0.1",
 * "DNS:example.org"), and a server with it. Its PEM is written to `path`. */
SSL_CTX *fake_tls(const char *alternative_name, const char *path);

#endif
