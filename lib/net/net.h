/* net/net.h - sends one HTTP request and brings the whole answer back, or says why not. libcurl is
 * the transport and nothing else: redirects are answers like any other, and neither proxies nor
 * .netrc, cookies, HSTS or the environment (HTTP_PROXY, ALL_PROXY, NO_PROXY, NETRC, SSL_CERT_FILE,
 * SSL_CERT_DIR, CURL_CA_BUNDLE) are heeded. It repeats nothing: libcurl's own second try on a
 * connection that had gone is stopped, because the first may have been carried out.
 *
 * A connection belongs to a thread and is used again by that thread's next request: 16 threads that
 * share libcurl's cache lose every one of them. */
#ifndef CC_NET_NET_H
#define CC_NET_NET_H

#include "../base/str.h"

struct cc_net;

struct cc_net_config {
    const char *ca_file; /* PEM; trusted instead of the system's authorities. NULL: the system's */
    int64_t connect_ms_max; /* name, TCP and TLS; 0: 2,000 */
    int64_t idle_s_max;     /* a connection unused for longer is not used again; 0: 55 */
};

/* Opened after the last fork. Copies what `config` points at. A process that has one ignores
 * SIGPIPE. CC_INVALID: the file of authorities cannot be read. */
enum cc_code cc_net_open(const struct cc_net_config *config, struct cc_net **out,
                         struct cc_err *err) CC_NODISCARD;

/* Ends every request in flight at once, and every later one before it begins; so does each pause.
 * From any thread, any number of times; not from a signal handler. */
void cc_net_stop(struct cc_net *net);
bool cc_net_is_stopped(const struct cc_net *net);

/* When no thread is inside it any more. Closes the connections of all threads. NULL is allowed. */
void cc_net_close(struct cc_net *net);

struct cc_net_header {
    struct cc_str name, value;
};

struct cc_net_headers {
    const struct cc_net_header *at;
    size_t count;
};

/* In the caller's arena. */
struct cc_net_answer {
    int status; /* 200 to 599 */
    struct cc_net_headers headers;
    struct cc_str body; /* never absent */
};

struct cc_net_request {
    struct cc_str method; /* a token of RFC 9110, upper case: sent as it is */
    struct cc_str url;    /* http or https, with neither user nor fragment; sent as it is */
    struct cc_net_headers headers; /* Content-Length comes by itself, and Host unless given */
    struct cc_str body;            /* absent: none, which POST and PUT send as an empty one */
    int64_t timeout_ms;            /* for all of it, connecting included; positive */
    size_t answer_bytes_max;       /* of the body; more is a failure. 0: none is expected */
    /* Asked whether a whole answer can be the one to this request. If not, that is a failure, and
     * the connection, on which more may come that nobody asked for, is closed. NULL: any can. */
    bool (*is_fitting)(void *arg, const struct cc_net_answer *answer);
    void *is_fitting_arg;
};

/* CC_OK: the answer is here, whole, whatever its status.
 * CC_UNAVAILABLE: nothing was sent (no connection, no trust, stopped, out of time before that).
 * CC_OUTCOME_UNKNOWN: it was sent, or begun, and there is no whole answer: reset, cut off, too
 *   large, out of time, of ambiguous length (RFC 9112 6.3), not fitting, or no HTTP.
 * CC_INTERNAL: the request itself is wrong (a line break in a header, another scheme). */
enum cc_code cc_net_send(struct cc_net *net, struct cc_arena *arena,
                         const struct cc_net_request *request, struct cc_net_answer *out,
                         struct cc_err *err) CC_NODISCARD;

/* Where a request ended that brought no answer. */
enum cc_net_stage {
    CC_NET_NAME,       /* the name of the host has no address */
    CC_NET_CONNECTION, /* nobody answers there, or not in time */
    CC_NET_TRUST,      /* TLS: who answers cannot show that he is the one, or speaks none */
    CC_NET_ANSWER,     /* connected, and there is no whole answer */
};

/* The same for who looks for what is wrong: if it fails, `stage` says where. */
enum cc_code cc_net_probe(struct cc_net *net, struct cc_arena *arena,
                          const struct cc_net_request *request, struct cc_net_answer *out,
                          enum cc_net_stage *stage, struct cc_err *err) CC_NODISCARD;

/* The first header of that name, in any case; absent without one. */
struct cc_str cc_net_header_find(const struct cc_net_headers *headers, struct cc_str name);

/* Sleeps so long, at most. false: stopped, so do not go on. */
bool cc_net_pause(struct cc_net *net, int64_t pause_ms) CC_NODISCARD;

#endif
