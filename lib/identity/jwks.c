#include "jwks.h"

#include "published_keys.h"

#include "../base/digest.h"
#include "../base/encode.h"
#include "../base/json.h"
#include "../base/jsonw.h"

#include <json-c/json.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#define WRITTEN_BYTES_MAX ((size_t)256 * 1024)
#define TAG_BYTES 12
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define LOOKED_AT_MAX (3 * CC_JWKS_KEYS_MAX)
#define EXPONENT_BITS_MAX 256 /* FIPS 186-5, A.1.1: odd, above 2^16 and below 2^256 */

/* --- one key as it stands there --------------------------------------------------------------- */

/* A member that must be a string where it is present. */
static bool take_text(struct json_object *jwk, const char *name, struct cc_str *out)
{
    struct json_object *value;

    *out = CC_STR_ABSENT;
    if (!json_object_object_get_ex(jwk, name, &value))
        return true;
    if (!json_object_is_type(value, json_type_string))
        return false;
    *out =
        (struct cc_str){ json_object_get_string(value), (size_t)json_object_get_string_len(value) };
    return true;
}

/* Absent, or this. */
static bool may_be(struct json_object *jwk, const char *name, struct cc_str allowed)
{
    struct cc_str text;

    return take_text(jwk, name, &text) && (!text.at || cc_str_eq(text, allowed));
}

/* RFC 7517 4.3: for what the key is meant, as a list. */
static bool may_verify(struct json_object *jwk)
{
    struct json_object *operations, *each;

    if (!json_object_object_get_ex(jwk, "key_ops", &operations))
        return true;
    if (!json_object_is_type(operations, json_type_array))
        return false;
    for (size_t i = 0; i < json_object_array_length(operations); i++) {
        each = json_object_array_get_idx(operations, i);
        if (json_object_is_type(each, json_type_string) &&
            cc_str_eq(cc_str_from(json_object_get_string(each)), CC_STR("verify")))
            return true;
    }
    return false;
}

/* With one of these published, everybody can sign: RFC 7518 6.3.2 and 6.4.1. */
static bool tells_its_secret(struct json_object *jwk)
{
    static const char *const secrets[] = { "d", "p", "q", "dp", "dq", "qi", "oth", "k" };

    for (size_t i = 0; i < CC_COUNT(secrets); i++) {
        if (json_object_object_get_ex(jwk, secrets[i], NULL))
            return true;
    }
    return false;
}

/* RFC 7518 2, Base64urlUInt. Some writers put a zero before a number whose first bit is set. */
static struct cc_str take_number(struct cc_arena *arena, struct json_object *jwk, const char *name)
{
    struct cc_str text, bytes;

    if (!take_text(jwk, name, &text))
        return CC_STR_ABSENT;
    bytes = cc_base64url_decode(arena, text);
    while (bytes.len > 0 && bytes.at[0] == '\0')
        bytes = cc_str_skip(bytes, 1);
    return bytes;
}

static int bits_of(struct cc_str number)
{
    int bits = (int)number.len * 8;

    for (unsigned first = number.len ? (unsigned char)number.at[0] : 0x80; first < 0x80;
         first <<= 1)
        bits--;
    return bits;
}

static bool is_odd(struct cc_str number)
{
    return number.len > 0 && (number.at[number.len - 1] & 1);
}

/* --- the same for OpenSSL --------------------------------------------------------------------- */

static BIGNUM *bignum(struct cc_str number)
{
    return BN_bin2bn((const unsigned char *)number.at, (int)number.len, NULL);
}

static OSSL_PARAM *params_of(const BIGNUM *n, const BIGNUM *e)
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;

    if (n && e && builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1)
        params = OSSL_PARAM_BLD_to_param(builder);
    OSSL_PARAM_BLD_free(builder);
    return params;
}

static EVP_PKEY *key_of(OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;

    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static void free_key(void *key)
{
    EVP_PKEY_free(key);
}

static bool build(struct cc_arena *arena, struct cc_jwk *jwk)
{
    BIGNUM *n = bignum(jwk->n), *e = bignum(jwk->e);
    OSSL_PARAM *params = params_of(n, e);

    jwk->key = key_of(params);
    cc_arena_defer(arena, free_key, jwk->key);
    OSSL_PARAM_free(params);
    BN_free(n);
    BN_free(e);
    if (jwk->key)
        jwk->pem = cc_token_key_pem(arena, jwk->key);
    return jwk->pem.at != NULL;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* What it is for. NULL, or why it is ignored. */
static const char *judge_purpose(struct json_object *jwk)
{
    struct cc_str kty;

    if (!json_object_is_type(jwk, json_type_object))
        return "not an object";
    if (tells_its_secret(jwk))
        return "its secret half stands there";
    if (!take_text(jwk, "kty", &kty) || !cc_str_eq(kty, CC_STR("RSA")))
        return "kty is not RSA";
    if (!may_be(jwk, "use", CC_STR("sig")) || !may_verify(jwk))
        return "not for signatures";
    return may_be(jwk, "alg", CC_STR("RS256")) ? NULL : "alg is not RS256";
}

static const char *judge_numbers(const struct cc_jwk *jwk, const struct cc_jwks_rules *rules)
{
    const int n = bits_of(jwk->n), e = bits_of(jwk->e);

    if (n < RSA_BITS_MIN || n > RSA_BITS_MAX || !is_odd(jwk->n))
        return "its modulus is none of 2,048 to 8,192 bits";
    if (e < 17 || e > EXPONENT_BITS_MAX || !is_odd(jwk->e))
        return "its exponent is not allowed";
    return rules->published_keys ? NULL : cc_published_key(jwk->n);
}

/* NULL, or why it is ignored. */
static const char *read_key(struct cc_arena *arena, struct json_object *jwk,
                            const struct cc_jwks_rules *rules, struct cc_jwk *out)
{
    const char *why = judge_purpose(jwk);

    *out = (struct cc_jwk){ .kid = CC_STR_ABSENT };
    if (why)
        return why;
    if (!take_text(jwk, "kid", &out->kid) || !cc_token_kid_is_wellformed(out->kid)) {
        out->kid = CC_STR_ABSENT;
        return "kid is missing, or not the name of a key";
    }
    out->n = take_number(arena, jwk, "n");
    out->e = take_number(arena, jwk, "e");
    why = judge_numbers(out, rules);
    if (!why && !build(arena, out))
        why = "OpenSSL does not take it";
    return why;
}

static void ignore(const struct cc_jwks_rules *rules, struct cc_str kid, const char *why)
{
    if (rules->log)
        cc_log_warn(rules->log, "a key of the user pool is ignored",
                    CC_LOG_STR("kid", kid.at ? kid : CC_STR("")), CC_LOG_Z("why", why));
}

static bool is_same(const struct cc_jwk *a, const struct cc_jwk *b)
{
    return cc_str_eq(a->n, b->n) && cc_str_eq(a->e, b->e);
}

/* RFC 7517 4.5: keys of one set have names of their own. Where two have not, none of both is meant:
 * the first or the last would be a choice that whoever adds one can make. The same key twice is
 * one. */
static bool shares_its_name(const struct cc_jwk_set *set, size_t index)
{
    for (size_t i = 0; i < set->count; i++) {
        if (i != index && cc_str_eq(set->at[i].kid, set->at[index].kid) &&
            (i < index || !is_same(&set->at[i], &set->at[index])))
            return true;
    }
    return false;
}

static void drop_doubles(struct cc_arena *arena, const struct cc_jwks_rules *rules,
                         struct cc_jwk_set *set)
{
    struct cc_jwk *kept = CC_NEW_ARRAY(arena, struct cc_jwk, set->count);
    size_t count = 0;

    for (size_t i = 0; i < set->count; i++) {
        if (shares_its_name(set, i))
            ignore(rules, set->at[i].kid, "another key has the same name");
        else
            kept[count++] = set->at[i];
    }
    *set = (struct cc_jwk_set){ kept, count };
}

static void collect(struct cc_arena *arena, struct json_object *keys,
                    const struct cc_jwks_rules *rules, struct cc_jwk_set *set)
{
    const size_t count = json_object_array_length(keys);
    const char *why;

    for (size_t i = 0; i < count; i++) {
        if (i == LOOKED_AT_MAX || set->count == CC_JWKS_KEYS_MAX) {
            ignore(rules, CC_STR_ABSENT, "there are too many: this one and those behind it");
            return;
        }
        why = read_key(arena, json_object_array_get_idx(keys, i), rules, &set->at[set->count]);
        if (why)
            ignore(rules, set->at[set->count].kid, why);
        else
            set->count++;
    }
}

/* NULL: it is no such document. */
static struct json_object *keys_of(struct cc_arena *arena, struct cc_str text)
{
    struct json_object *document = NULL, *keys;
    struct cc_err ignored = { 0 };

    if (text.len > CC_JWKS_BYTES_MAX ||
        cc_json_parse(arena, text, &cc_json_default_limits, &document, &ignored) != CC_OK ||
        !json_object_is_type(document, json_type_object) ||
        !json_object_object_get_ex(document, "keys", &keys) ||
        !json_object_is_type(keys, json_type_array))
        return NULL;
    return keys;
}

enum cc_code cc_jwks_read(struct cc_arena *arena, struct cc_str text,
                          const struct cc_jwks_rules *rules, struct cc_jwk_set *out,
                          struct cc_err *err)
{
    struct cc_jwk_set set = { CC_NEW_ARRAY(arena, struct cc_jwk, CC_JWKS_KEYS_MAX), 0 };
    struct json_object *keys = keys_of(arena, text);

    if (!keys)
        return cc_fail(err, CC_INVALID, NULL, "keys of the user pool: not a set of keys");
    collect(arena, keys, rules, &set);
    drop_doubles(arena, rules, &set);
    if (set.count == 0)
        return cc_fail(err, CC_INVALID, NULL, "keys of the user pool: none can be used");
    *out = set;
    return CC_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_key(struct cc_arena *arena, struct cc_jw *w, const struct cc_jwk *key)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "kty", CC_STR("RSA"));
    cc_jw_put_str(w, "use", CC_STR("sig"));
    cc_jw_put_str(w, "alg", CC_STR("RS256"));
    cc_jw_put_str(w, "kid", key->kid);
    cc_jw_put_str(w, "n", cc_base64url_encode(arena, key->n));
    cc_jw_put_str(w, "e", cc_base64url_encode(arena, key->e));
    cc_jw_object_end(w);
}

void cc_jwks_write(struct cc_arena *arena, const struct cc_jwk *keys, size_t count,
                   struct cc_jwks *out)
{
    unsigned char digest[CC_SHA256_SIZE];
    struct cc_buf buf;
    struct cc_jw w;

    cc_buf_init(&buf, arena, WRITTEN_BYTES_MAX);
    cc_jw_init(&w, &buf);
    cc_jw_object(&w);
    cc_jw_key(&w, "keys");
    cc_jw_array(&w);
    for (size_t i = 0; i < count; i++)
        write_key(arena, &w, &keys[i]);
    cc_jw_array_end(&w);
    cc_jw_object_end(&w);
    out->json = cc_buf_str(&buf);
    cc_sha256(out->json, digest);
    out->tag = cc_base64url_encode(arena, (struct cc_str){ (const char *)digest, TAG_BYTES });
}
