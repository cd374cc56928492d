/* A corpus of tokens that must not pass, each with what it tries. */
#include "house.h"

#include "base/digest.h"
#include "base/encode.h"
#include "identity/access_token.h"

#include <json-c/json.h>
#include <openssl/hmac.h>

#define KID "1790000000000-first"
#define NOW_S (HOUSE_START_MS / 1000)

struct forge {
    struct house house;
    struct cc_keys_folder folder;
    struct cc_keyring *ring;
    struct cc_access_token_rules rules;
    EVP_PKEY *key;
};

static EVP_PKEY *house_key(void)
{
    BIO *bio = BIO_new_mem_buf(house_pem, (int)house_pem_len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return key;
}

static void forge_open(struct forge *f)
{
    struct house *h = &f->house;

    house_open(h);
    f->folder = (struct cc_keys_folder){ h->config.keys, 900, &h->clock.base, &cc_system_random };
    ck_assert_int_eq(cc_keyring_open(&f->folder, &h->log, &f->ring, anew(h)), CC_OK);
    f->rules = (struct cc_access_token_rules){ h->config.issuer, h->config.client_id, NOW_S };
    f->key = house_key();
}

static void forge_close(struct forge *f)
{
    EVP_PKEY_free(f->key);
    cc_keyring_close(f->ring);
    house_close(&f->house);
}

static struct cc_str b64(struct forge *f, const char *text)
{
    return cc_base64url_encode(f->house.arena, cc_str_from(text));
}

static struct cc_str sign_with(struct forge *f, EVP_PKEY *key, const EVP_MD *md,
                               struct cc_str input)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char signature[512];
    size_t len = sizeof(signature);

    ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, md, NULL, key), 1);
    ck_assert_int_eq(
        EVP_DigestSign(ctx, signature, &len, (const unsigned char *)input.at, input.len), 1);
    EVP_MD_CTX_free(ctx);
    return cc_base64url_encode(f->house.arena, (struct cc_str){ (char *)signature, len });
}

static struct cc_str glue(struct forge *f, struct cc_str a, struct cc_str b)
{
    return cc_str_format(f->house.arena, "%.*s.%.*s", CC_STR_ARG(a), CC_STR_ARG(b));
}

/* Signed with our key, whatever it says. */
static struct cc_str token_of(struct forge *f, const char *header, const char *payload)
{
    struct cc_str input = glue(f, b64(f, header), b64(f, payload));

    return glue(f, input, sign_with(f, f->key, EVP_sha256(), input));
}

static struct cc_str hmac_token(struct forge *f, const char *header, const char *payload,
                                struct cc_str secret)
{
    struct cc_str input = glue(f, b64(f, header), b64(f, payload));
    unsigned char mac[64];
    unsigned len = 0;

    HMAC(EVP_sha256(), secret.at, (int)secret.len, (const unsigned char *)input.at, input.len, mac,
         &len);
    return glue(f, input, cc_base64url_encode(f->house.arena, (struct cc_str){ (char *)mac, len }));
}

#define HEADER "{\"alg\":\"RS256\",\"kid\":\"" KID "\"}"
#define CLAIM_NAMES                                                                                \
    "\"sub\":\"ada\",\"username\":\"ada\",\"origin_jti\":\"session\",\"jti\":\"token\","           \
    "\"event_id\":\"event\",\"auth_time\":1795000000,\"scope\":\"s\""
#define CLAIM_OURS                                                                                 \
    "\"iss\":\"https://chat.example.org\",\"client_id\":\"cloud-chat\",\"token_use\":\"access\""
#define CLAIM_TIMES "\"iat\":1795000000,\"exp\":1795000900"
#define PAYLOAD "{" CLAIM_NAMES "," CLAIM_OURS "," CLAIM_TIMES "}"

static enum cc_code verify(struct forge *f, struct cc_str token)
{
    struct cc_claims claims;

    return cc_access_token_verify(f->house.arena, cc_keyring_public(f->ring), &f->rules,
                                  token.at ? cc_check_guarded(token) : token, &claims,
                                  anew(&f->house));
}

static void refuse(struct forge *f, const char *what, struct cc_str token)
{
    ck_assert_msg(verify(f, token) == CC_UNAUTHORIZED, "passed: %s", what);
    ck_assert_msg(f->house.err.code == CC_UNAUTHORIZED, "says nothing: %s", what);
}

START_TEST(what_we_sign_passes_and_looks_like_cognitos)
{
    static const char *const names[] = { "sub",      "iss",      "client_id", "origin_jti",
                                         "event_id", "username", "scope",     "auth_time",
                                         "exp",      "iat",      "jti",       "token_use" };
    struct forge f;
    struct cc_claims claims = { CC_STR("ada"),   CC_STR("session"), CC_STR("token"),
                                CC_STR("event"), NOW_S - 5,         NOW_S,
                                NOW_S + 900 };
    struct cc_claims read;
    struct cc_str token, payload;
    struct json_object *object, *ignored;

    forge_open(&f);
    ck_assert_int_eq(
        cc_access_token_sign(f.house.arena, f.ring, &f.rules, &claims, &token, anew(&f.house)),
        CC_OK);
    ck_assert_int_eq(cc_access_token_verify(f.house.arena, cc_keyring_public(f.ring), &f.rules,
                                            token, &read, anew(&f.house)),
                     CC_OK);
    cc_check_str(read.user, claims.user);
    cc_check_str(read.session, claims.session);
    cc_check_str(read.token, claims.token);
    ck_assert_int_eq(read.expires_s, NOW_S + 900);
    ck_assert_int_eq(read.signed_in_s, NOW_S - 5);
    (void)cc_str_cut(&token, '.');
    payload = cc_base64url_decode(f.house.arena, cc_str_cut(&token, '.'));
    object = json_tokener_parse(payload.at);
    for (size_t i = 0; i < CC_COUNT(names); i++)
        ck_assert_msg(json_object_object_get_ex(object, names[i], &ignored), "no %s", names[i]);
    ck_assert_int_eq(json_object_object_length(object), CC_COUNT(names));
    json_object_put(object);
    forge_close(&f);
}
END_TEST

/* The forge itself is right: what it changes is what is refused below. */
START_TEST(a_token_made_by_hand_passes)
{
    struct forge f;

    forge_open(&f);
    ck_assert_msg(verify(&f, token_of(&f, HEADER, PAYLOAD)) == CC_OK, "%s", f.house.err.cause);
    ck_assert_int_eq(
        verify(&f,
               token_of(&f, "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"" KID "\"}", PAYLOAD)),
        CC_OK);
    ck_assert_int_eq(verify(&f, token_of(&f, HEADER,
                                         "{\"cognito:groups\":[\"a\"],\"version\":2," CLAIM_NAMES
                                         "," CLAIM_OURS "," CLAIM_TIMES ",\"nbf\":1795000000}")),
                     CC_OK);
    forge_close(&f);
}
END_TEST

struct form {
    const char *what;
    const char *text;
};

static const struct form hostile_headers[] = {
    { "alg none", "{\"alg\":\"none\",\"kid\":\"" KID "\"}" },
    { "alg None", "{\"alg\":\"None\",\"kid\":\"" KID "\"}" },
    { "alg empty", "{\"alg\":\"\",\"kid\":\"" KID "\"}" },
    { "alg rs256", "{\"alg\":\"rs256\",\"kid\":\"" KID "\"}" },
    { "alg RS512", "{\"alg\":\"RS512\",\"kid\":\"" KID "\"}" },
    { "alg PS256", "{\"alg\":\"PS256\",\"kid\":\"" KID "\"}" },
    { "alg ES256", "{\"alg\":\"ES256\",\"kid\":\"" KID "\"}" },
    { "alg HS256", "{\"alg\":\"HS256\",\"kid\":\"" KID "\"}" },
    { "alg with a blank", "{\"alg\":\"RS256 \",\"kid\":\"" KID "\"}" },
    { "alg of a wrong type", "{\"alg\":256,\"kid\":\"" KID "\"}" },
    { "alg in a list", "{\"alg\":[\"RS256\"],\"kid\":\"" KID "\"}" },
    { "alg null", "{\"alg\":null,\"kid\":\"" KID "\"}" },
    { "no alg", "{\"kid\":\"" KID "\"}" },
    { "two algs, the first right", "{\"alg\":\"RS256\",\"alg\":\"none\",\"kid\":\"" KID "\"}" },
    { "two algs, the last right", "{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"" KID "\"}" },
    { "two algs, one escaped", "{\"alg\":\"RS256\",\"\\u0061lg\":\"none\",\"kid\":\"" KID "\"}" },
    { "no kid", "{\"alg\":\"RS256\"}" },
    { "kid empty", "{\"alg\":\"RS256\",\"kid\":\"\"}" },
    { "kid unknown", "{\"alg\":\"RS256\",\"kid\":\"1790000000000-other\"}" },
    { "kid a path", "{\"alg\":\"RS256\",\"kid\":\"../../../../dev/null\"}" },
    { "kid a path to our key", "{\"alg\":\"RS256\",\"kid\":\"./" KID "\"}" },
    { "kid with SQL", "{\"alg\":\"RS256\",\"kid\":\"x' UNION SELECT 'k\"}" },
    { "kid with NUL", "{\"alg\":\"RS256\",\"kid\":\"" KID "\\u0000\"}" },
    { "kid a number", "{\"alg\":\"RS256\",\"kid\":1790000000000}" },
    { "two kids", "{\"alg\":\"RS256\",\"kid\":\"x\",\"kid\":\"" KID "\"}" },
    { "crit", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"crit\":[\"exp\"]}" },
    { "crit empty", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"crit\":[]}" },
    { "b64", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"b64\":false}" },
    { "jwk", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"jwk\":{\"kty\":\"RSA\"}}" },
    { "jku", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"jku\":\"https://evil.example/k\"}" },
    { "x5u", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"x5u\":\"https://evil.example/c\"}" },
    { "x5c", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"x5c\":[\"MII\"]}" },
    { "zip", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"zip\":\"DEF\"}" },
    { "enc", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"enc\":\"A128GCM\"}" },
    { "typ of another kind", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"typ\":\"dpop+jwt\"}" },
    { "typ a number", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"typ\":1}" },
    { "a list", "[\"RS256\"]" },
    { "a string", "\"RS256\"" },
    { "null", "null" },
    { "no JSON", "alg=RS256" },
    { "cut off", "{\"alg\":\"RS256\",\"kid\":\"" KID "\"" },
    { "something behind it", "{\"alg\":\"RS256\",\"kid\":\"" KID "\"}{}" },
    { "a comment", "{\"alg\":\"RS256\"/**/,\"kid\":\"" KID "\"}" },
    { "a byte order mark", "\xef\xbb\xbf{\"alg\":\"RS256\",\"kid\":\"" KID "\"}" },
    { "not UTF-8", "{\"alg\":\"RS256\",\"kid\":\"" KID "\",\"typ\":\"\xff\"}" },
};

START_TEST(hostile_headers_are_refused_although_the_signature_is_ours)
{
    struct forge f;

    forge_open(&f);
    for (size_t i = 0; i < CC_COUNT(hostile_headers); i++)
        refuse(&f, hostile_headers[i].what, token_of(&f, hostile_headers[i].text, PAYLOAD));
    forge_close(&f);
}
END_TEST

#define REST_OF_OURS "\"client_id\":\"cloud-chat\",\"token_use\":\"access\""
#define TIMES_AND_NAMES "," CLAIM_NAMES "," CLAIM_TIMES

static const struct form hostile_payloads[] = {
    { "iss of another", "{\"iss\":\"https://evil.example\"," REST_OF_OURS TIMES_AND_NAMES "}" },
    { "iss with a slash behind",
      "{\"iss\":\"https://chat.example.org/\"," REST_OF_OURS TIMES_AND_NAMES "}" },
    { "iss in a list",
      "{\"iss\":[\"https://chat.example.org\"]," REST_OF_OURS TIMES_AND_NAMES "}" },
    { "no iss", "{" REST_OF_OURS TIMES_AND_NAMES "}" },
    { "two iss, the last right",
      "{\"iss\":\"https://evil.example\"," CLAIM_OURS TIMES_AND_NAMES "}" },
    { "client_id of another", "{\"iss\":\"https://chat.example.org\",\"client_id\":\"other\","
                              "\"token_use\":\"access\"" TIMES_AND_NAMES "}" },
    { "no client_id",
      "{\"iss\":\"https://chat.example.org\",\"token_use\":\"access\"" TIMES_AND_NAMES "}" },
    { "an id token", "{\"iss\":\"https://chat.example.org\",\"client_id\":\"cloud-chat\","
                     "\"token_use\":\"id\"" TIMES_AND_NAMES "}" },
    { "no token_use",
      "{\"iss\":\"https://chat.example.org\",\"client_id\":\"cloud-chat\"" TIMES_AND_NAMES "}" },
    { "expired now", "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1794999000,\"exp\":1795000000}" },
    { "expired long ago", "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1,\"exp\":2}" },
    { "exp zero", "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000000,\"exp\":0}" },
    { "exp negative", "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000000,\"exp\":-1}" },
    { "exp a string",
      "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000000,\"exp\":\"1795000900\"}" },
    { "exp a fraction",
      "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000000,\"exp\":1795000900.5}" },
    { "exp true", "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000000,\"exp\":true}" },
    { "exp null", "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000000,\"exp\":null}" },
    { "no exp", "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000000}" },
    { "two exp", "{" CLAIM_OURS "," CLAIM_NAMES "," CLAIM_TIMES ",\"exp\":1795009999}" },
    { "two exp, one escaped",
      "{" CLAIM_OURS "," CLAIM_NAMES "," CLAIM_TIMES ",\"\\u0065xp\":1795009999}" },
    { "iat in the future",
      "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000061,\"exp\":1795000900}" },
    { "iat behind exp", "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000030,\"exp\":1795000020}" },
    { "no iat", "{" CLAIM_OURS "," CLAIM_NAMES ",\"exp\":1795000900}" },
    { "nbf in the future", "{" CLAIM_OURS "," CLAIM_NAMES "," CLAIM_TIMES ",\"nbf\":1795000061}" },
    { "nbf a string", "{" CLAIM_OURS "," CLAIM_NAMES "," CLAIM_TIMES ",\"nbf\":\"0\"}" },
    { "no sub", "{" CLAIM_OURS "," CLAIM_TIMES ",\"username\":\"ada\",\"origin_jti\":\"session\","
                "\"jti\":\"token\",\"auth_time\":1795000000}" },
    { "sub and username differ",
      "{" CLAIM_OURS "," CLAIM_TIMES ",\"sub\":\"ada\",\"username\":\"bob\","
      "\"origin_jti\":\"session\",\"jti\":\"token\",\"auth_time\":1795000000}" },
    { "sub that is a key of the store",
      "{" CLAIM_OURS "," CLAIM_TIMES ",\"sub\":\"a#b\",\"username\":\"a#b\","
      "\"origin_jti\":\"session\",\"jti\":\"token\",\"auth_time\":1795000000}" },
    { "sub a number", "{" CLAIM_OURS "," CLAIM_TIMES ",\"sub\":1,\"username\":1,"
                      "\"origin_jti\":\"session\",\"jti\":\"token\",\"auth_time\":1795000000}" },
    { "no session", "{" CLAIM_OURS "," CLAIM_TIMES ",\"sub\":\"ada\",\"username\":\"ada\","
                    "\"jti\":\"token\",\"auth_time\":1795000000}" },
    { "session empty", "{" CLAIM_OURS "," CLAIM_TIMES ",\"sub\":\"ada\",\"username\":\"ada\","
                       "\"origin_jti\":\"\",\"jti\":\"token\",\"auth_time\":1795000000}" },
    { "no jti", "{" CLAIM_OURS "," CLAIM_TIMES ",\"sub\":\"ada\",\"username\":\"ada\","
                "\"origin_jti\":\"session\",\"auth_time\":1795000000}" },
    { "no auth_time", "{" CLAIM_OURS "," CLAIM_TIMES ",\"sub\":\"ada\",\"username\":\"ada\","
                      "\"origin_jti\":\"session\",\"jti\":\"token\"}" },
};

/* libjwt's own parser does not read these; ours must not either. */
static const struct form no_claims[] = {
    { "exp beyond 64 bits",
      "{" CLAIM_OURS "," CLAIM_NAMES ",\"iat\":1795000000,\"exp\":99999999999999999999}" },
    { "a list of claims", "[" PAYLOAD "]" },
    { "null", "null" },
    { "nothing", "{}" },
    { "no JSON", "sub=ada" },
    { "something behind it", PAYLOAD "{}" },
    { "too deep",
      "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
      "]]]]]]]," CLAIM_OURS TIMES_AND_NAMES "}" },
};

START_TEST(hostile_claims_are_refused_although_the_signature_is_ours)
{
    struct forge f;

    forge_open(&f);
    for (size_t i = 0; i < CC_COUNT(hostile_payloads); i++) {
        refuse(&f, hostile_payloads[i].what, token_of(&f, HEADER, hostile_payloads[i].text));
        ck_assert_msg(!strstr(f.house.err.cause, "signature"), "%s: %s", hostile_payloads[i].what,
                      f.house.err.cause);
    }
    for (size_t i = 0; i < CC_COUNT(no_claims); i++)
        refuse(&f, no_claims[i].what, token_of(&f, HEADER, no_claims[i].text));
    forge_close(&f);
}
END_TEST

static struct cc_str public_pem(struct forge *f)
{
    struct cc_token_key key;

    ck_assert_int_eq(cc_token_keys_find(cc_keyring_public(f->ring), f->house.arena, CC_STR(KID),
                                        &key, anew(&f->house)),
                     CC_OK);
    return key.pem;
}

/* RFC 8725 2.1: the public key as the secret of an HMAC. libjwt 1.10 by itself accepts it. */
START_TEST(an_hmac_keyed_with_our_public_key_is_refused)
{
    struct forge f;
    struct cc_str pem;

    forge_open(&f);
    pem = public_pem(&f);
    refuse(&f, "HS256", hmac_token(&f, "{\"alg\":\"HS256\",\"kid\":\"" KID "\"}", PAYLOAD, pem));
    refuse(&f, "RS256 in name", hmac_token(&f, HEADER, PAYLOAD, pem));
    pem.len--;
    refuse(&f, "HS256 without the last line feed",
           hmac_token(&f, "{\"alg\":\"HS256\",\"kid\":\"" KID "\"}", PAYLOAD, pem));
    forge_close(&f);
}
END_TEST

START_TEST(a_signature_by_another_key_or_digest_is_refused)
{
    struct forge f;
    EVP_PKEY *other = EVP_RSA_gen(2048), *curve = EVP_EC_gen("P-256");
    struct cc_str input;

    forge_open(&f);
    input = glue(&f, b64(&f, HEADER), b64(&f, PAYLOAD));
    refuse(&f, "another key", glue(&f, input, sign_with(&f, other, EVP_sha256(), input)));
    refuse(&f, "a curve", glue(&f, input, sign_with(&f, curve, EVP_sha256(), input)));
    refuse(&f, "SHA-512", glue(&f, input, sign_with(&f, f.key, EVP_sha512(), input)));
    refuse(&f, "SHA-1", glue(&f, input, sign_with(&f, f.key, EVP_sha1(), input)));
    EVP_PKEY_free(other);
    EVP_PKEY_free(curve);
    forge_close(&f);
}
END_TEST

START_TEST(a_token_that_is_not_three_strict_parts_is_refused)
{
    struct forge f;
    struct cc_str good, input, signature, rest, header, payload;
    struct cc_arena *a;

    forge_open(&f);
    a = f.house.arena;
    good = rest = token_of(&f, HEADER, PAYLOAD);
    header = cc_str_cut(&rest, '.');
    payload = cc_str_cut(&rest, '.');
    signature = rest;
    input = glue(&f, header, payload);
    ck_assert_int_eq(verify(&f, good), CC_OK);
    refuse(&f, "absent", CC_STR_ABSENT);
    refuse(&f, "empty", CC_STR(""));
    refuse(&f, "one dot", CC_STR("."));
    refuse(&f, "two dots", CC_STR(".."));
    refuse(&f, "no signature", input);
    refuse(&f, "an empty signature", glue(&f, input, CC_STR("")));
    refuse(&f, "no header", glue(&f, CC_STR(""), glue(&f, payload, signature)));
    refuse(&f, "no payload", glue(&f, header, glue(&f, CC_STR(""), signature)));
    refuse(&f, "four parts", glue(&f, good, CC_STR("x")));
    refuse(&f, "a dot behind", glue(&f, good, CC_STR("")));
    refuse(&f, "five parts", glue(&f, good, CC_STR("x.y")));
    refuse(&f, "padding", cc_str_format(a, "%.*s==", CC_STR_ARG(good)));
    refuse(&f, "a blank behind", cc_str_format(a, "%.*s ", CC_STR_ARG(good)));
    refuse(&f, "a blank before", cc_str_format(a, " %.*s", CC_STR_ARG(good)));
    refuse(&f, "a line feed behind", cc_str_format(a, "%.*s\n", CC_STR_ARG(good)));
    refuse(&f, "one letter less", cc_str_take(good, good.len - 1));
    refuse(&f, "a NUL behind", (struct cc_str){ cc_str_copy(a, good).at, good.len + 1 });
    refuse(&f, "too long",
           cc_str_format(a, "%05000d.%.*s.%.*s", 0, CC_STR_ARG(payload), CC_STR_ARG(signature)));
    forge_close(&f);
}
END_TEST

static struct cc_str with_byte(struct forge *f, struct cc_str token, size_t at, char byte)
{
    struct cc_str copy = cc_str_copy(f->house.arena, token);

    ((char *)(uintptr_t)copy.at)[at] = byte;
    return copy;
}

/* The last letter of a part carries bits that mean nothing: a lenient decoder takes several
 * spellings of one token. */
START_TEST(no_single_letter_can_be_changed)
{
    struct forge f;
    struct cc_str good;

    forge_open(&f);
    good = token_of(&f, HEADER, PAYLOAD);
    for (size_t i = 0; i < good.len; i++)
        refuse(&f, "one letter changed", with_byte(&f, good, i, good.at[i] == 'A' ? 'B' : 'A'));
    for (int c = '!'; c < 0x7f; c++)
        if (c != good.at[good.len - 1])
            refuse(&f, "another last letter", with_byte(&f, good, good.len - 1, (char)c));
    forge_close(&f);
}
END_TEST

START_TEST(the_signature_of_one_token_does_not_serve_another)
{
    struct forge f;
    struct cc_str one, two, rest, signature;

    forge_open(&f);
    one = rest = token_of(&f, HEADER, PAYLOAD);
    (void)cc_str_cut(&rest, '.');
    (void)cc_str_cut(&rest, '.');
    signature = rest;
    two = glue(&f, b64(&f, HEADER),
               b64(&f, "{" CLAIM_NAMES "," CLAIM_OURS ",\"iat\":1795000000,\"exp\":1795999999}"));
    refuse(&f, "a longer life", glue(&f, two, signature));
    ck_assert_int_eq(verify(&f, one), CC_OK);
    forge_close(&f);
}
END_TEST

START_TEST(a_key_that_is_not_valid_any_more_verifies_nothing)
{
    struct forge f;
    struct cc_str token, kid;

    forge_open(&f);
    token = token_of(&f, HEADER,
                     "{" CLAIM_NAMES "," CLAIM_OURS ",\"iat\":1795000000,\"exp\":1795999999}");
    ck_assert_int_eq(verify(&f, token), CC_OK);
    ck_assert_int_eq(cc_keys_rotate(&f.folder, f.house.arena, &kid, anew(&f.house)), CC_OK);
    turn(&f.house, 900 + CC_KEYS_NOTICE_S - 1);
    f.rules.now_s += 900;
    ck_assert_int_eq(verify(&f, token), CC_OK);
    turn(&f.house, 1);
    refuse(&f, "a key of the past", token);
    forge_close(&f);
}
END_TEST

/* --- of a pool -------------------------------------------------------------------------------- */

#define POOL_SUB "5b1c8a0e-90c1-70f3-8d5e-0c1f2a3b4c5d"
#define POOL_PAYLOAD(sub, username)                                                                \
    "{\"sub\":" sub ",\"username\":" username ",\"origin_jti\":\"session\",\"jti\":\"token\","     \
    "\"event_id\":\"event\",\"auth_time\":1795000000,\"version\":2," CLAIM_OURS "," CLAIM_TIMES    \
    "}"

static enum cc_code verify_of_pool(struct forge *f, const char *payload, struct cc_claims *claims)
{
    struct cc_access_token_rules rules = f->rules;

    rules.of_pool = true;
    return cc_access_token_verify(f->house.arena, cc_keyring_public(f->ring), &rules,
                                  token_of(f, HEADER, payload), claims, anew(&f->house));
}

START_TEST(the_user_of_a_pools_token_is_who_we_named_there)
{
    struct cc_claims claims;
    struct forge f;

    forge_open(&f);
    ck_assert_int_eq(verify_of_pool(&f, POOL_PAYLOAD("\"" POOL_SUB "\"", "\"ada\""), &claims),
                     CC_OK);
    cc_check_str(claims.user, CC_STR("ada"));
    cc_check_str(claims.username, CC_STR("ada"));
    refuse(&f, "a pool's token where ours are asked for",
           token_of(&f, HEADER, POOL_PAYLOAD("\"" POOL_SUB "\"", "\"ada\"")));
    forge_close(&f);
}
END_TEST

START_TEST(who_has_his_number_for_a_username_is_known_by_the_pools_own_name)
{
    struct cc_claims claims;
    struct forge f;

    forge_open(&f);
    ck_assert_int_eq(
        verify_of_pool(&f, POOL_PAYLOAD("\"" POOL_SUB "\"", "\"+4915112345678\""), &claims), CC_OK);
    cc_check_str(claims.user, CC_STR(POOL_SUB));
    cc_check_str(claims.username, CC_STR("+4915112345678"));
    forge_close(&f);
}
END_TEST

START_TEST(a_pools_token_without_a_name_that_could_be_ours_is_refused)
{
    static const char *const payloads[] = {
        POOL_PAYLOAD("\"" POOL_SUB "\"", "\"\""),
        POOL_PAYLOAD("\"" POOL_SUB "\"", "\"ada#SESSION\""),
        POOL_PAYLOAD("\"" POOL_SUB "\"", "\"ada@example.org\""),
        POOL_PAYLOAD("\"" POOL_SUB "\"", "1"),
        POOL_PAYLOAD("\"a#b\"", "\"ada\""),
        POOL_PAYLOAD("\"a#b\"", "\"+4915112345678\""),
        POOL_PAYLOAD("\"\"", "\"+4915112345678\""),
        "{\"username\":\"ada\",\"origin_jti\":\"session\",\"jti\":\"token\","
        "\"auth_time\":1795000000," CLAIM_OURS "," CLAIM_TIMES "}",
        "{\"sub\":\"" POOL_SUB "\",\"origin_jti\":\"session\",\"jti\":\"token\","
        "\"auth_time\":1795000000," CLAIM_OURS "," CLAIM_TIMES "}",
    };
    struct cc_claims claims;
    struct forge f;

    forge_open(&f);
    for (size_t i = 0; i < CC_COUNT(payloads); i++)
        ck_assert_msg(verify_of_pool(&f, payloads[i], &claims) == CC_UNAUTHORIZED, "%s",
                      payloads[i]);
    forge_close(&f);
}
END_TEST

CC_CHECK_MAIN("identity/access_token", what_we_sign_passes_and_looks_like_cognitos,
              a_token_made_by_hand_passes,
              hostile_headers_are_refused_although_the_signature_is_ours,
              hostile_claims_are_refused_although_the_signature_is_ours,
              an_hmac_keyed_with_our_public_key_is_refused,
              a_signature_by_another_key_or_digest_is_refused,
              a_token_that_is_not_three_strict_parts_is_refused, no_single_letter_can_be_changed,
              the_signature_of_one_token_does_not_serve_another,
              a_key_that_is_not_valid_any_more_verifies_nothing,
              the_user_of_a_pools_token_is_who_we_named_there,
              who_has_his_number_for_a_username_is_known_by_the_pools_own_name,
              a_pools_token_without_a_name_that_could_be_ours_is_refused)
