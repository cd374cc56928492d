/* A pool's key for the tests: one of our own, and its numbers as a JWK has them. */
#ifndef CC_TESTS_JWK_H
#define CC_TESTS_JWK_H

#include "house.h"

#include "base/encode.h"

#include <openssl/core_names.h>

static inline struct cc_str jwk_number(struct cc_arena *arena, const EVP_PKEY *key,
                                       const char *name)
{
    unsigned char bytes[1024];
    BIGNUM *value = NULL;
    size_t len;

    ck_assert_int_eq(EVP_PKEY_get_bn_param(key, name, &value), 1);
    len = (size_t)BN_bn2bin(value, bytes);
    BN_free(value);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)bytes, len });
}

static inline struct cc_str jwk_n(struct cc_arena *arena)
{
    BIO *bio = BIO_new_mem_buf(house_pem, (int)house_pem_len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    struct cc_str n = jwk_number(arena, key, OSSL_PKEY_PARAM_RSA_N);

    BIO_free(bio);
    EVP_PKEY_free(key);
    return n;
}

/* A modulus that nobody has the key of, which does not matter to who only reads it. */
static inline struct cc_str jwk_other_n(struct cc_arena *arena)
{
    struct cc_str n = cc_str_copy(arena, jwk_n(arena));

    *(char *)(uintptr_t)(n.at + 100) = n.at[100] == 'A' ? 'B' : 'A';
    return n;
}

/* The modulus of RFC 7515, A.2.1: everybody has its private half. */
#define JWK_PUBLISHED_N                                                                            \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"   \
    "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5" \
    "rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhy" \
    "xXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"

/* A key as Cognito publishes it. */
static inline struct cc_str jwk_of(struct cc_arena *arena, const char *kid, struct cc_str n)
{
    return cc_str_format(arena,
                         "{\"alg\":\"RS256\",\"e\":\"AQAB\",\"kid\":\"%s\",\"kty\":\"RSA\","
                         "\"n\":\"%.*s\",\"use\":\"sig\"}",
                         kid, CC_STR_ARG(n));
}

static inline struct cc_str jwk_set_of(struct cc_arena *arena, struct cc_str keys)
{
    return cc_str_format(arena, "{\"keys\":[%.*s]}", CC_STR_ARG(keys));
}

#endif
