/* Access tokens. The first byte says what the rest is: a token as it came; a header and a payload,
 * in two lines, signed with our key, with another, or with our public key as if it were a secret;
 * or changes to a good token. Only what our key signed is accepted, and then only if it says in
 * every claim what it must. */
#define _GNU_SOURCE /* mkdtemp */

#include "fuzz.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/id.h"
#include "identity/access_token.h"

#include <json-c/json.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOW_S 1795000000LL
#define SKEW_S 60
#define KID "1790000000000-first"
#define ISSUER "https://chat.example.org"
#define CLIENT "cloud-chat"
#define NAME_LENGTH_MAX 64

static int64_t now_ms(const struct cc_clock *clock)
{
    (void)clock;
    return NOW_S * 1000;
}

struct house {
    struct cc_arena *arena;
    struct cc_clock clock;
    struct cc_log log;
    struct cc_keys_folder folder;
    struct cc_keyring *ring;
    EVP_PKEY *ours, *foreign;
    struct cc_str public_pem;
    struct cc_str good; /* a token */
};

static struct cc_str pem_of(struct cc_arena *arena, EVP_PKEY *key, bool is_private)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    struct cc_str pem;

    if (is_private)
        fuzz_require(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
    else
        fuzz_require(PEM_write_bio_PUBKEY(bio, key) == 1);
    pem.len = (size_t)BIO_get_mem_data(bio, &data);
    pem = cc_str_copy(arena, (struct cc_str){ data, pem.len });
    BIO_free(bio);
    return pem;
}

/* The folder goes as soon as its key was read: the clock stands still, so nobody looks again. */
static void open_ring(struct house *h)
{
    char path[] = "/tmp/cc-fuzz-XXXXXX";
    struct cc_err err = { 0 };
    const char *key;

    fuzz_require(mkdtemp(path));
    key = cc_str_format(h->arena, "%s/%s.pem", path, KID).at;
    fuzz_require(cc_file_write(key, pem_of(h->arena, h->ours, true), 0600, &err) == CC_OK);
    h->folder = (struct cc_keys_folder){ cc_str_copy(h->arena, cc_str_from(path)), 900, &h->clock,
                                         &cc_system_random };
    fuzz_require(cc_keyring_open(&h->folder, &h->log, &h->ring, &err) == CC_OK);
    fuzz_require(unlink(key) == 0 && rmdir(path) == 0);
}

static const struct cc_access_token_rules rules = { { ISSUER, sizeof(ISSUER) - 1 },
                                                    { CLIENT, sizeof(CLIENT) - 1 },
                                                    NOW_S };

static struct house *house(void)
{
    static struct house h;
    const struct cc_claims claims = { CC_STR("ada"),   CC_STR("session"), CC_STR("token"),
                                      CC_STR("event"), NOW_S - 5,         NOW_S,
                                      NOW_S + 900 };
    struct cc_err err = { 0 };

    if (h.ring)
        return &h;
    h.arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    h.clock = (struct cc_clock){ now_ms, now_ms };
    h.log = (struct cc_log){
        .fd = STDERR_FILENO, .program = "fuzz", .level = CC_LOG_ERROR, .clock = &h.clock
    };
    h.ours = EVP_RSA_gen(2048);
    h.foreign = EVP_RSA_gen(2048);
    h.public_pem = pem_of(h.arena, h.ours, false);
    open_ring(&h);
    fuzz_require(cc_access_token_sign(h.arena, h.ring, &rules, &claims, &h.good, &err) == CC_OK);
    return &h;
}

/* --- forging ---------------------------------------------------------------------------------- */

static struct cc_str sign(struct cc_arena *arena, EVP_PKEY *key, struct cc_str input)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char signature[512];
    size_t len = sizeof(signature);

    fuzz_require(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1);
    fuzz_require(EVP_DigestSign(ctx, signature, &len, (const unsigned char *)input.at, input.len) ==
                 1);
    EVP_MD_CTX_free(ctx);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)signature, len });
}

static struct cc_str mac(struct cc_arena *arena, struct cc_str secret, struct cc_str input)
{
    unsigned char out[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    HMAC(EVP_sha256(), secret.at, (int)secret.len, (const unsigned char *)input.at, input.len, out,
         &len);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)out, len });
}

static struct cc_str dotted(struct cc_arena *arena, struct cc_str a, struct cc_str b)
{
    const struct cc_str parts[] = { a, CC_STR("."), b };

    return cc_str_join(arena, parts, CC_COUNT(parts));
}

static struct cc_str bend(struct cc_arena *arena, struct cc_str token, struct cc_str changes)
{
    struct cc_str bent = fuzz_copy(arena, token);

    while (changes.len >= 3) {
        size_t at = fuzz_byte(&changes) << 8;

        at |= fuzz_byte(&changes);
        *(char *)(uintptr_t)(bent.at + at % bent.len) = (char)fuzz_byte(&changes);
    }
    return bent;
}

/* --- judging, by another reader ------------------------------------------------------------------
 */

static struct cc_str text_of(struct json_object *object, const char *name)
{
    struct json_object *value;

    if (!json_object_object_get_ex(object, name, &value) ||
        !json_object_is_type(value, json_type_string))
        return CC_STR_ABSENT;
    return (struct cc_str){ json_object_get_string(value),
                            (size_t)json_object_get_string_len(value) };
}

static int64_t number_of(struct json_object *object, const char *name)
{
    struct json_object *value;

    if (!json_object_object_get_ex(object, name, &value) || !value)
        return 0;
    fuzz_require(json_object_is_type(value, json_type_int));
    return json_object_get_int64(value);
}

static void require_header(struct json_object *header)
{
    struct cc_str typ = text_of(header, "typ");

    fuzz_require(cc_str_eq(text_of(header, "alg"), CC_STR("RS256")));
    fuzz_require(cc_str_eq(text_of(header, "kid"), CC_STR(KID)));
    fuzz_require(!typ.at || cc_str_eq(typ, CC_STR("JWT")));
    fuzz_require(json_object_object_length(header) == (typ.at ? 3 : 2));
}

static void require_claims(struct json_object *payload, const struct cc_claims *claims)
{
    fuzz_require(cc_str_eq(text_of(payload, "iss"), CC_STR(ISSUER)));
    fuzz_require(cc_str_eq(text_of(payload, "client_id"), CC_STR(CLIENT)));
    fuzz_require(cc_str_eq(text_of(payload, "token_use"), CC_STR("access")));
    fuzz_require(cc_str_eq(text_of(payload, "sub"), claims->user));
    fuzz_require(cc_str_eq(text_of(payload, "username"), claims->user));
    fuzz_require(cc_str_eq(text_of(payload, "origin_jti"), claims->session));
    fuzz_require(claims->user.len <= NAME_LENGTH_MAX && cc_id_is_wellformed(claims->user));
    fuzz_require(cc_id_is_wellformed(claims->session) && cc_id_is_wellformed(claims->token));
    fuzz_require(number_of(payload, "exp") > NOW_S);
    fuzz_require(number_of(payload, "exp") == claims->expires_s);
    fuzz_require(number_of(payload, "iat") > 0 && number_of(payload, "iat") <= NOW_S + SKEW_S);
    fuzz_require(number_of(payload, "auth_time") <= NOW_S + SKEW_S);
    fuzz_require(number_of(payload, "nbf") <= NOW_S + SKEW_S);
}

static bool verify(struct house *h, struct cc_arena *arena, struct cc_str token,
                   struct cc_claims *claims)
{
    struct cc_err err = { 0 };
    enum cc_code rc =
        cc_access_token_verify(arena, cc_keyring_public(h->ring), &rules, token, claims, &err);

    fuzz_require(rc == CC_OK || rc == CC_UNAUTHORIZED);
    if (rc != CC_OK)
        fuzz_require_error(&err, rc);
    return rc == CC_OK;
}

static void check_signed_by_us(struct house *h, struct cc_arena *arena, struct cc_str header,
                               struct cc_str payload)
{
    struct cc_str input =
        dotted(arena, cc_base64url_encode(arena, header), cc_base64url_encode(arena, payload));
    struct json_object *said;
    struct cc_claims claims;

    if (!verify(h, arena, dotted(arena, input, sign(arena, h->ours, input)), &claims))
        return;
    said = json_tokener_parse(cc_str_z(arena, header));
    require_header(said);
    json_object_put(said);
    said = json_tokener_parse(cc_str_z(arena, payload));
    require_claims(said, &claims);
    json_object_put(said);
}

static void check_forged(struct house *h, struct cc_arena *arena, struct cc_str parts,
                         bool as_secret)
{
    struct cc_str header = cc_base64url_encode(arena, cc_str_cut(&parts, '\n'));
    struct cc_str input =
        dotted(arena, header, cc_base64url_encode(arena, parts.at ? parts : CC_STR("")));
    struct cc_str signature =
        as_secret ? mac(arena, h->public_pem, input) : sign(arena, h->foreign, input);
    struct cc_claims claims;

    fuzz_require(!verify(h, arena, dotted(arena, input, signature), &claims));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str in = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    struct house *h = house();
    unsigned what = fuzz_byte(&in) % 5;
    struct cc_claims claims;
    struct cc_str token, header;

    switch (what) {
    case 0:
        fuzz_require(!verify(h, arena, in, &claims));
        break;
    case 1:
        header = cc_str_cut(&in, '\n');
        check_signed_by_us(h, arena, header, in.at ? in : CC_STR(""));
        break;
    case 2:
    case 3:
        check_forged(h, arena, in, what == 3);
        break;
    default:
        token = bend(arena, h->good, in);
        fuzz_require(verify(h, arena, token, &claims) == cc_str_eq(token, h->good));
    }
    return 0;
}
