#include "access_token.h"

#include "secret.h"

#include "../base/digest.h"
#include "../base/encode.h"
#include "../base/field.h"
#include "../base/id.h"

#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_SKEW_S 60 /* how far the clocks of several hosts may differ */

/* Cognito's word for "acts as the user himself". */
#define SCOPE "aws.cognito.signin.user.admin"

/* --- signing ---------------------------------------------------------------------------------- */

struct grant {
    const char *name;
    struct cc_str value;
};

struct grant_time {
    const char *name;
    long value;
};

static bool add_grants(jwt_t *jwt, struct cc_arena *arena,
                       const struct cc_access_token_rules *rules, const struct cc_claims *claims)
{
    const struct grant texts[] = {
        { "sub", claims->user },           { "username", claims->user },
        { "iss", rules->issuer },          { "client_id", rules->client_id },
        { "token_use", CC_STR("access") }, { "scope", CC_STR(SCOPE) },
        { "origin_jti", claims->session }, { "event_id", claims->event },
        { "jti", claims->token },
    };
    const struct grant_time times[] = {
        { "auth_time", claims->signed_in_s },
        { "iat", claims->issued_s },
        { "exp", claims->expires_s },
    };

    for (size_t i = 0; i < CC_COUNT(texts); i++)
        if (jwt_add_grant(jwt, texts[i].name, cc_str_z(arena, texts[i].value)) != 0)
            return false;
    for (size_t i = 0; i < CC_COUNT(times); i++)
        if (jwt_add_grant_int(jwt, times[i].name, times[i].value) != 0)
            return false;
    return true;
}

static char *encode(struct cc_arena *arena, const struct cc_token_key *key,
                    const struct cc_access_token_rules *rules, const struct cc_claims *claims)
{
    char *text = NULL;
    jwt_t *jwt = NULL;

    if (jwt_new(&jwt) != 0)
        return NULL;
    if (jwt_set_alg(jwt, JWT_ALG_RS256, (const unsigned char *)key->pem.at, (int)key->pem.len) ==
            0 &&
        jwt_add_header(jwt, "kid", key->kid.at) == 0 && add_grants(jwt, arena, rules, claims))
        text = jwt_encode_str(jwt);
    jwt_free(jwt);
    return text;
}

/* --- verifying -------------------------------------------------------------------------------- */

static enum cc_code refuse(struct cc_err *err, const char *why)
{
    return cc_fail(err, CC_UNAUTHORIZED, NULL, "access token: %s", why);
}

struct parts {
    struct cc_str input;                      /* what is signed: up to the last dot */
    struct cc_str header, payload, signature; /* decoded */
};

/* RFC 7515 3.1: exactly three parts. Strictly decoded, so that one token has one spelling: else one
 * who signed out could be remembered under another. */
static enum cc_code split(struct cc_arena *arena, struct cc_str token, struct parts *out,
                          struct cc_err *err)
{
    struct cc_str rest = token;
    struct cc_str header = cc_str_cut(&rest, '.');
    struct cc_str payload = cc_str_cut(&rest, '.');

    if (token.len > CC_ACCESS_TOKEN_BYTES_MAX)
        return refuse(err, "too long");
    if (!rest.at || header.len == 0 || payload.len == 0 || rest.len == 0)
        return refuse(err, "not three parts");
    out->header = cc_base64url_decode(arena, header);
    out->payload = cc_base64url_decode(arena, payload);
    out->signature = cc_base64url_decode(arena, rest);
    out->input = cc_str_take(token, token.len - rest.len - 1);
    if (!out->header.at || !out->payload.at || !out->signature.at)
        return refuse(err, "not base64url");
    return CC_OK;
}

struct header {
    struct cc_str alg, kid, typ;
};

/* Nothing but these three: no crit that we would ignore (RFC 7515 4.1.11), no jwk, jku or x5u that
 * names a key of the sender's. */
static const struct cc_field header_fields[] = {
    { .name = "alg",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct header, alg) },
    { .name = "kid",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct header, kid) },
    { .name = "typ", .type = CC_FIELD_STR, .offset = offsetof(struct header, typ) },
    { .name = NULL },
};

static enum cc_code check_header(struct cc_arena *arena, struct cc_str text, struct header *out,
                                 struct cc_err *err)
{
    struct cc_err fault = { 0 };

    enum cc_code rc = cc_fields_decode(arena, header_fields, text, out, &fault);

    if (rc == CC_UNAVAILABLE)
        return cc_fail(err, rc, NULL, "access token: %s", fault.cause);
    if (rc != CC_OK)
        return refuse(err, "header is not as it should be");
    /* RFC 8725 3.1: our configuration decides the algorithm. Trusting the header would let a
     * caller pick HMAC and sign with our public key. */
    if (!cc_str_eq(out->alg, CC_STR("RS256")))
        return refuse(err, "alg is not RS256");
    if (out->typ.at && !cc_str_eq(out->typ, CC_STR("JWT")))
        return refuse(err, "typ is not JWT");
    if (!cc_token_kid_is_wellformed(out->kid))
        return refuse(err, "kid is not the name of a key");
    return CC_OK;
}

static unsigned char *bytes_of(struct cc_str s)
{
    return (unsigned char *)(uintptr_t)s.at;
}

/* For one RS256 signature (RFC 7518 3.3); NULL without memory. */
static EVP_PKEY_CTX *verifier(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);

    if (ctx && EVP_PKEY_verify_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1)
        return ctx;
    EVP_PKEY_CTX_free(ctx);
    return NULL;
}

/* Of what OpenSSL has noted since its notes were cleared. */
static bool ran_out_of_memory(void)
{
    unsigned long code;
    bool found = false;

    while ((code = ERR_get_error()) != 0)
        found = found || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    return found;
}

/* OpenSSL's own word on a signature. Not by EVP_DigestVerify, which has places where it does not
 * note that it had no memory (3.0, tried). */
static enum cc_code check_by_openssl(const struct cc_token_key *key, const struct parts *parts,
                                     struct cc_err *err)
{
    EVP_PKEY_CTX *ctx = verifier(key->key);
    unsigned char digest[CC_SHA256_SIZE];
    bool fits;

    cc_sha256(parts->input, digest);
    ERR_clear_error();
    fits = ctx && EVP_PKEY_verify(ctx, bytes_of(parts->signature), parts->signature.len, digest,
                                  sizeof(digest)) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (fits)
        return CC_OK;
    if (!ctx || ran_out_of_memory())
        return cc_fail(err, CC_UNAVAILABLE, NULL, "access token: OpenSSL could not verify");
    return refuse(err, "signature does not fit");
}

struct payload {
    struct cc_str sub, username, iss, client_id, token_use, scope, origin_jti, jti, event_id;
    int64_t auth_time, iat, nbf, exp;
};

#define TEXT(member)                                                                               \
    {                                                                                              \
        .name = #member, .type = CC_FIELD_STR, .offset = offsetof(struct payload, member)          \
    }
#define TIME(member)                                                                               \
    {                                                                                              \
        .name = #member, .type = CC_FIELD_I64, .offset = offsetof(struct payload, member)          \
    }

static const struct cc_field payload_fields[] = {
    TEXT(sub),   TEXT(username),   TEXT(iss), TEXT(client_id),  TEXT(token_use),
    TEXT(scope), TEXT(origin_jti), TEXT(jti), TEXT(event_id),   TIME(auth_time),
    TIME(iat),   TIME(nbf),        TIME(exp), { .name = NULL },
};

/* A pool has a name of its own for each user (sub) beside the one that it was given (username). We
 * give it our user id. Who was there before us has his phone number for a username, which can stand
 * in no key of the store and may change hands: his id is the pool's, which never does. */
static struct cc_str user_of(const struct cc_access_token_rules *rules, const struct payload *p)
{
    return rules->of_pool && !cc_str_starts(p->username, CC_STR("+")) ? p->username : p->sub;
}

static enum cc_code check_purpose(const struct cc_access_token_rules *rules,
                                  const struct payload *p, struct cc_err *err)
{
    if (!cc_str_eq(p->iss, rules->issuer))
        return refuse(err, "iss is another");
    if (!cc_str_eq(p->client_id, rules->client_id))
        return refuse(err, "client_id is another");
    if (!cc_str_eq(p->token_use, CC_STR("access")))
        return refuse(err, "token_use is not access");
    if (!cc_id_is_wellformed(p->sub) || (!rules->of_pool && !cc_str_eq(p->username, p->sub)))
        return refuse(err, "sub or username is not a name of ours");
    if (!cc_id_is_wellformed(user_of(rules, p)))
        return refuse(err, "username is not a name of ours");
    if (!cc_id_is_wellformed(p->origin_jti) || !cc_id_is_wellformed(p->jti))
        return refuse(err, "origin_jti or jti is not a name of ours");
    return CC_OK;
}

static enum cc_code check_times(const struct cc_access_token_rules *rules, const struct payload *p,
                                struct cc_err *err)
{
    int64_t latest_s = rules->now_s + CLOCK_SKEW_S;

    if (p->exp <= rules->now_s)
        return refuse(err, "expired");
    if (p->iat <= 0 || p->iat > latest_s || p->iat >= p->exp)
        return refuse(err, "iat is not possible");
    if (p->auth_time <= 0 || p->auth_time > latest_s)
        return refuse(err, "auth_time is not possible");
    if (p->nbf > latest_s)
        return refuse(err, "not valid yet");
    return CC_OK;
}

/* Unlike the header it may say more than we read: Cognito adds claims as it likes. */
static enum cc_code check_payload(struct cc_arena *arena, const struct cc_access_token_rules *rules,
                                  struct cc_str text, struct payload *out, struct cc_err *err)
{
    struct cc_err fault = { 0 };
    enum cc_code rc;

    if (cc_json_check(arena, text, &cc_json_default_limits, &fault) != CC_OK ||
        cc_fields_load(arena, payload_fields, text, out, &fault) != CC_OK)
        return refuse(err, "claims are not as they should be");
    rc = check_purpose(rules, out, err);
    return rc == CC_OK ? check_times(rules, out, err) : rc;
}

static bool is_signed_to_libjwt(struct cc_arena *arena, const struct cc_token_key *key,
                                struct cc_str token)
{
    const char *text = cc_str_z(arena, token);
    jwt_t *jwt = NULL;
    bool is_signed;

    if (!text || key->pem.len == 0) /* without a key libjwt accepts everything */
        return false;
    is_signed =
        jwt_decode(&jwt, text, (const unsigned char *)key->pem.at, (int)key->pem.len) == 0 && jwt &&
        jwt_get_alg(jwt) == JWT_ALG_RS256;
    jwt_free(jwt);
    return is_signed;
}

/* libjwt says "not valid" of a token that it had no memory to look at, and whoever is told 401
 * throws his session away: so its no is confirmed. That accepts nothing: a token in which nobody
 * else finds a fault is one for which there was no memory. */
static enum cc_code confirm_refusal(struct cc_arena *arena, const struct cc_token_key *key,
                                    const struct cc_access_token_rules *rules,
                                    const struct parts *parts, struct cc_err *err)
{
    struct payload ignored;
    enum cc_code rc = check_by_openssl(key, parts, err);

    if (rc == CC_OK)
        rc = check_payload(arena, rules, parts->payload, &ignored, err);
    return rc != CC_OK ? rc : cc_fail(err, CC_UNAVAILABLE, NULL, "access token: libjwt gave up");
}

enum cc_code cc_access_token_verify(struct cc_arena *arena, struct cc_token_keys *keys,
                                    const struct cc_access_token_rules *rules, struct cc_str token,
                                    struct cc_claims *claims, struct cc_err *err)
{
    struct cc_token_key key;
    struct payload p;
    struct header header;
    struct parts parts = { .header = CC_STR_ABSENT };
    enum cc_code rc = split(arena, token, &parts, err);

    if (rc == CC_OK)
        rc = check_header(arena, parts.header, &header, err);
    if (rc == CC_OK)
        rc = cc_token_keys_find(keys, arena, header.kid, &key, err);
    if (rc == CC_OK && !is_signed_to_libjwt(arena, &key, token))
        rc = confirm_refusal(arena, &key, rules, &parts, err);
    if (rc == CC_OK)
        rc = check_payload(arena, rules, parts.payload, &p, err);
    if (rc != CC_OK)
        return rc;
    *claims = (struct cc_claims){ .user = user_of(rules, &p),
                                  .username = p.username,
                                  .sub = p.sub,
                                  .session = p.origin_jti,
                                  .token = p.jti,
                                  .event = p.event_id,
                                  .signed_in_s = p.auth_time,
                                  .issued_s = p.iat,
                                  .expires_s = p.exp };
    return CC_OK;
}

/* --- signing, and looking at it --------------------------------------------------------------- */

static bool says(const struct payload *p, const struct cc_access_token_rules *rules,
                 const struct cc_claims *claims)
{
    return cc_str_eq(p->sub, claims->user) && cc_str_eq(p->username, claims->user) &&
           cc_str_eq(p->iss, rules->issuer) && cc_str_eq(p->client_id, rules->client_id) &&
           cc_str_eq(p->token_use, CC_STR("access")) && cc_str_eq(p->scope, CC_STR(SCOPE)) &&
           cc_str_eq(p->origin_jti, claims->session) && cc_str_eq(p->event_id, claims->event) &&
           cc_str_eq(p->jti, claims->token) && p->auth_time == claims->signed_in_s &&
           p->iat == claims->issued_s && p->exp == claims->expires_s;
}

/* Whether the token is what was asked for: neither libjwt nor the JSON library below it says
 * reliably when it had no memory for a part. */
static bool is_whole(struct cc_arena *arena, const struct cc_token_key *key,
                     const struct cc_access_token_rules *rules, const struct cc_claims *claims,
                     struct cc_str token)
{
    struct cc_err ignored = { 0 };
    struct header header;
    struct parts parts;
    struct payload p;

    return split(arena, token, &parts, &ignored) == CC_OK &&
           check_header(arena, parts.header, &header, &ignored) == CC_OK &&
           cc_str_eq(header.kid, key->kid) &&
           cc_fields_load(arena, payload_fields, parts.payload, &p, &ignored) == CC_OK &&
           says(&p, rules, claims) && check_by_openssl(key, &parts, &ignored) == CC_OK;
}

enum cc_code cc_access_token_sign(struct cc_arena *arena, struct cc_keyring *ring,
                                  const struct cc_access_token_rules *rules,
                                  const struct cc_claims *claims, struct cc_str *token,
                                  struct cc_err *err)
{
    struct cc_token_key key;
    struct cc_str made;
    char *text;

    cc_keyring_current(ring, arena, &key);
    text = encode(arena, &key, rules, claims);
    if (!text)
        return cc_fail(err, CC_UNAVAILABLE, NULL, "access token: libjwt could not sign");
    made = cc_str_copy(arena, cc_str_from(text));
    cc_secret_wipe_later(arena, made);
    OPENSSL_cleanse(text, made.len);
    free(text); /* as jwt_encode_str says */
    if (!is_whole(arena, &key, rules, claims, made))
        return cc_fail(err, CC_UNAVAILABLE, NULL,
                       "access token: libjwt made another than asked for");
    *token = made;
    return CC_OK;
}
