/* aws/sigv4.h - AWS Signature Version 4 ("AWS4-HMAC-SHA256"), for headers and for presigned URLs.
 * Pure: no I/O, no clock, no state. What is signed is what the caller sends: names and values come
 * unencoded, and the path and query to be sent are given back. */
#ifndef CC_AWS_SIGV4_H
#define CC_AWS_SIGV4_H

#include "../net/net.h"

#include "../base/digest.h"

/* What signs. `token` is absent for keys that last. */
struct cc_aws_keys {
    struct cc_str id, secret, token;
};

/* A key derived from a secret for one day, region and service: four HMACs that are the same for
 * every request of that day. A secret like what it was made from. */
struct cc_sigv4_key {
    char day[8]; /* "20150830" */
    unsigned char key[CC_SHA256_SIZE];
};

enum cc_sigv4_flag {
    /* S3 signs the path as it is sent: neither made straight nor encoded a second time. */
    CC_SIGV4_PATH_AS_SENT = 1,
    /* "x-amz-content-sha256" is sent and signed, as S3 wants it. */
    CC_SIGV4_BODY_HEADER = 2,
    /* The body is vouched for by TLS alone ("UNSIGNED-PAYLOAD"): presigned URLs of S3. */
    CC_SIGV4_BODY_UNSIGNED = 4,
};

struct cc_sigv4_request {
    struct cc_str method;
    struct cc_str path;            /* as it is sent: percent-encoded, begins with '/' */
    struct cc_str query;           /* as it is sent: percent-encoded, without '?'; absent: none */
    struct cc_net_headers headers; /* all of them are signed; "host" must be among them */
    struct cc_str body;
    struct cc_str region, service;
    int64_t wall_ms;
    unsigned flags;
};

/* The stages of a signature, in the arena; `canonical` and `to_sign` are for tests and logs. */
struct cc_sigv4 {
    struct cc_str canonical, to_sign, signature;
    struct cc_net_header added[4]; /* headers to send besides those of the request */
    size_t added_count;
    struct cc_str query; /* presigned: the whole query to be sent */
};

/* A path as it is to be sent: its segments percent-encoded, the slashes between them kept. */
struct cc_str cc_sigv4_path(struct cc_arena *arena, struct cc_str path);
/* The same for the pairs of a query; absent if there are none. */
struct cc_str cc_sigv4_query(struct cc_arena *arena, const struct cc_net_headers *pairs);

/* Derives the key of the day that wall_ms falls on. */
void cc_sigv4_derive(struct cc_arena *arena, struct cc_str secret, struct cc_str region,
                     struct cc_str service, int64_t wall_ms, struct cc_sigv4_key *out);
bool cc_sigv4_key_fits(const struct cc_sigv4_key *key, int64_t wall_ms);

/* `key` must be derived for the request's day, region and service. */
void cc_sigv4_sign(struct cc_arena *arena, const struct cc_sigv4_request *request,
                   const struct cc_aws_keys *keys, const struct cc_sigv4_key *key,
                   struct cc_sigv4 *out);

/* The same for a URL that is good for so many seconds (1 to 604,800). Whoever uses it sends the
 * request's headers with it, and nothing else is asked of him. */
void cc_sigv4_presign(struct cc_arena *arena, const struct cc_sigv4_request *request,
                      int64_t expires_s, const struct cc_aws_keys *keys,
                      const struct cc_sigv4_key *key, struct cc_sigv4 *out);

#endif
