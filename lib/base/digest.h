/* base/digest.h - SHA-256 and HMAC-SHA-256, by OpenSSL. */
#ifndef CC_BASE_DIGEST_H
#define CC_BASE_DIGEST_H

#include "str.h"

#define CC_SHA256_SIZE 32

void cc_sha256(struct cc_str data, unsigned char out[CC_SHA256_SIZE]);

/* The same of what comes piece by piece. It lives in the arena; cc_sha256_end ends it. */
struct cc_sha256;
struct cc_sha256 *cc_sha256_begin(struct cc_arena *arena);
void cc_sha256_add(struct cc_sha256 *run, struct cc_str data);
/* 8 bytes, big-endian. */
void cc_sha256_add_number(struct cc_sha256 *run, int64_t value);
/* Preceded by its length as such a number, so that two parts cannot be taken for one. */
void cc_sha256_add_part(struct cc_sha256 *run, struct cc_str part);
void cc_sha256_end(struct cc_sha256 *run, unsigned char out[CC_SHA256_SIZE]);

/* FIPS 198-1, over the parts one after another, each preceded by its length as 8 bytes
 * big-endian, so that ("ab","c") and ("a","bc") differ. */
void cc_hmac_sha256(struct cc_str key, const struct cc_str *parts, size_t count,
                    unsigned char out[CC_SHA256_SIZE]);

/* FIPS 198-1 over the bytes as they are: for protocols that others have written. */
void cc_hmac_sha256_bytes(struct cc_str key, struct cc_str bytes,
                          unsigned char out[CC_SHA256_SIZE]);

#endif
