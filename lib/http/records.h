/* http/records.h - FastCGI 1.0 on one connection: the parameters and the body of a request come in,
 * its answer goes out. One request at a time.
 *
 * We read the records ourselves: libfcgi believes the lengths that it is told (one near INT_MAX
 * ends the process), keeps whatever comes before anybody can ask how much it is, and hands over C
 * strings, so that a NUL ends a value. Here nothing is kept beyond its limit, and who breaks the
 * protocol is not answered: what he meant is not known. */
#ifndef CC_HTTP_RECORDS_H
#define CC_HTTP_RECORDS_H

#include "http.h"

#define CC_FCGI_BUFFER_BYTES 8192

/* Why there is nothing more to read. */
enum cc_fcgi_failure { CC_FCGI_BROKEN = -1, CC_FCGI_STALLED = -2 };

struct cc_fcgi {
    int fd;           /* -1: no connection */
    bool keep;        /* the web server wants to use it again */
    bool body_ended;  /* the empty record behind the body has come */
    unsigned id;      /* of the request in hand; 0: none */
    int64_t until_ms; /* monotonic: by then what is under way is over, */
    int64_t pause_ms; /* and nothing in it waits longer than this */
    /* While nothing comes: whether somebody else is to be served instead. May be NULL. */
    bool (*gives_way)(void *arg);
    void *arg;            /* for it */
    size_t left, padding; /* of the present record, still to come */
    size_t at, end;       /* in the buffer: what was received and not taken */
    unsigned char buffer[CC_FCGI_BUFFER_BYTES];
};

/* Starts on a connection, which it does not own. Keeps gives_way and arg. */
void cc_fcgi_open(struct cc_fcgi *fcgi, int fd);

/* The parameters of the next request, borrowed from the arena, at most `max` of them; one that has
 * more than may be kept has `max`. False: the connection is of no use any more. */
bool cc_fcgi_read_head(struct cc_fcgi *fcgi, struct cc_arena *arena, int64_t timeout_ms,
                       struct cc_pair *vars, size_t max, size_t *count) CC_NODISCARD;

/* Up to `size` bytes of the body, 0 at its end, or a failure. timeout_ms: for the next bytes. */
long cc_fcgi_read_body(struct cc_fcgi *fcgi, int64_t timeout_ms, char *out,
                       size_t size) CC_NODISCARD;

/* Sends the answer and ends the request. True if the connection can carry the next one. */
bool cc_fcgi_answer(struct cc_fcgi *fcgi, int64_t timeout_ms, struct cc_str answer) CC_NODISCARD;

#endif
