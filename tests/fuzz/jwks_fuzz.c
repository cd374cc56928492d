/* The document of keys that a user pool publishes. In the input '$' stands for a modulus of 2,048
 * bits, '&' for another, '%' for one of which everybody has the private half: nobody finds those by
 * trying. Whatever is taken for a key is judged again by another reader. */
#include "fuzz.h"

#include "base/encode.h"
#include "identity/jwks.h"
#include "identity/published_keys.h"

#include <json-c/json.h>
#include <openssl/evp.h>

/* RFC 7515 A.2.1 */
#define PUBLISHED                                                                                  \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B"   \
    "m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5" \
    "rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhy" \
    "xXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"

static struct cc_str number_of(struct cc_arena *arena, char first)
{
    char *at = cc_arena_alloc(arena, 256);

    memset(at, first, 256);
    at[255] |= 1;
    return cc_base64url_encode(arena, (struct cc_str){ at, 256 });
}

static struct cc_str expand(struct cc_arena *arena, struct cc_str in)
{
    static const char marks[] = "$&%";
    const struct cc_str numbers[] = { number_of(arena, '\xc1'), number_of(arena, '\xd3'),
                                      CC_STR(PUBLISHED) };
    struct cc_buf buf;

    cc_buf_init(&buf, arena, CC_JWKS_BYTES_MAX);
    for (size_t i = 0; i < in.len; i++) {
        const char *which = in.at[i] ? strchr(marks, in.at[i]) : NULL;

        cc_buf_add(&buf, which ? numbers[which - marks] : (struct cc_str){ in.at + i, 1 });
    }
    return cc_buf_str(&buf);
}

/* --- judging, by another reader --------------------------------------------------------------- */

static bool says(struct json_object *jwk, const char *name, struct cc_str text)
{
    struct json_object *value;

    return json_object_object_get_ex(jwk, name, &value) &&
           json_object_is_type(value, json_type_string) &&
           cc_str_eq((struct cc_str){ json_object_get_string(value),
                                      (size_t)json_object_get_string_len(value) },
                     text);
}

static bool is_silent(struct json_object *jwk, const char *name)
{
    return !json_object_object_get_ex(jwk, name, NULL);
}

static bool is_written_so(struct json_object *jwk, const struct cc_jwk *key)
{
    return json_object_is_type(jwk, json_type_object) && says(jwk, "kid", key->kid) &&
           says(jwk, "kty", CC_STR("RSA")) &&
           (is_silent(jwk, "alg") || says(jwk, "alg", CC_STR("RS256"))) &&
           (is_silent(jwk, "use") || says(jwk, "use", CC_STR("sig"))) && is_silent(jwk, "d") &&
           is_silent(jwk, "p") && is_silent(jwk, "k");
}

static void require_key(struct json_object *keys, const struct cc_jwk *key)
{
    size_t i = 0;

    while (i < json_object_array_length(keys) &&
           !is_written_so(json_object_array_get_idx(keys, i), key))
        i++;
    fuzz_require(i < json_object_array_length(keys));
    fuzz_require(cc_token_kid_is_wellformed(key->kid));
    fuzz_require(EVP_PKEY_is_a(key->key, "RSA"));
    fuzz_require(EVP_PKEY_get_bits(key->key) >= 2048 && EVP_PKEY_get_bits(key->key) <= 8192);
    fuzz_require(cc_str_starts(key->pem, CC_STR("-----BEGIN PUBLIC KEY-----\n")));
}

static void require_set(struct cc_str text, const struct cc_jwk_set *set, bool published)
{
    struct json_tokener *reader = json_tokener_new();
    struct json_object *document = json_tokener_parse_ex(reader, text.at, (int)text.len), *keys;

    fuzz_require(set->count >= 1 && set->count <= CC_JWKS_KEYS_MAX);
    fuzz_require(json_object_object_get_ex(document, "keys", &keys));
    for (size_t i = 0; i < set->count; i++) {
        require_key(keys, &set->at[i]);
        fuzz_require(published || !cc_published_key(set->at[i].n));
        for (size_t j = 0; j < i; j++)
            fuzz_require(!cc_str_eq(set->at[i].kid, set->at[j].kid));
    }
    json_object_put(document);
    json_tokener_free(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str in = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    const struct cc_jwks_rules rules = { .published_keys = fuzz_byte(&in) & 1 };
    struct cc_str text = expand(arena, in);
    struct cc_err err = { 0 };
    struct cc_jwk_set set;
    enum cc_code rc;

    if (!text.at)
        return 0;
    rc = cc_jwks_read(arena, fuzz_copy(arena, text), &rules, &set, &err);
    fuzz_require(rc == CC_OK || rc == CC_INVALID);
    if (rc == CC_OK)
        require_set(text, &set, rules.published_keys);
    else
        fuzz_require_error(&err, rc);
    return 0;
}
