#include "digest.h"
#include "die.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

void cc_sha256(struct cc_str data, unsigned char out[CC_SHA256_SIZE])
{
    if (EVP_Digest(data.at ? data.at : "", data.len, out, NULL, EVP_sha256(), NULL) != 1)
        cc_die("SHA-256 failed");
}

static bool hmac_part(EVP_MAC_CTX *ctx, struct cc_str part)
{
    unsigned char size[8];

    for (int i = 0; i < 8; i++)
        size[i] = (unsigned char)((uint64_t)part.len >> (56 - 8 * i));
    return EVP_MAC_update(ctx, size, sizeof(size)) == 1 &&
           (part.len == 0 || EVP_MAC_update(ctx, (const unsigned char *)part.at, part.len) == 1);
}

void cc_hmac_sha256(struct cc_str key, const struct cc_str *parts, size_t count,
                    unsigned char out[CC_SHA256_SIZE])
{
    char name[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;
    const char *key_at = key.at ? key.at : "";
    size_t size;
    bool ok = ctx && EVP_MAC_init(ctx, (const unsigned char *)key_at, key.len, params) == 1;

    for (size_t i = 0; ok && i < count; i++)
        ok = hmac_part(ctx, parts[i]);
    ok = ok && EVP_MAC_final(ctx, out, &size, CC_SHA256_SIZE) == 1;
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
    if (!ok)
        cc_die("HMAC failed");
}
