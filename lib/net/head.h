/* net/head.h - the head of an answer, line by line, and how long its body is. What two readers
 * could understand in two ways is refused. Pure. */
#ifndef CC_NET_HEAD_H
#define CC_NET_HEAD_H

#include "net.h"

#define NET_HEAD_BYTES_MAX ((size_t)64 * 1024)
#define NET_HEADERS_MAX 128

struct net_head {
    struct cc_arena *arena;
    struct cc_net_header *headers; /* NET_HEADERS_MAX of them */
    size_t count, bytes;
    int status;    /* of the last status line */
    bool ended;    /* of the final head: what follows are trailers, which nobody asked for */
    bool bodiless; /* the request was a HEAD */
    bool chunked;
    int64_t length; /* what Content-Length says; -1: nothing */
};

void net_head_init(struct net_head *head, struct cc_arena *arena, bool bodiless);

/* Takes one line with its end, the empty one that ends a head among them. NULL, or in words why the
 * answer is refused. */
const char *net_head_line(struct net_head *head, struct cc_str line) CC_NODISCARD;

/* Whether this answer has a body at all (RFC 9112 6.3). */
bool net_head_has_body(const struct net_head *head);

#endif
