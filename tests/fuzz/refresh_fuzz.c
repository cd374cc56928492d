/* Refresh tokens: the store is asked about a token only if its mac is right, and a right token has
 * one spelling. The secret is fixed, so that the corpus can hold tokens that are good. */
#include "fuzz.h"

#include "base/encode.h"
#include "base/id.h"
#include "identity/local.h"

#define SECRET CC_STR("0123456789abcdef0123456789abcdef")

struct store {
    struct cc_store base;
    unsigned asked;
};

static enum cc_code run(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                        struct cc_err *err)
{
    (void)arena, (void)fn, (void)arg;
    ((struct store *)store)->asked++;
    return cc_fail(err, CC_UNAVAILABLE, NULL, "asked");
}

static const struct cc_store_ops ops = { .run = run };

/* user.session.n.mac */
static struct cc_str write_token(struct cc_arena *arena, struct cc_str user, struct cc_str session,
                                 struct cc_str n)
{
    const struct cc_str parts[] = { CC_STR("refresh token"), user, session, n };
    unsigned char mac[CC_SHA256_SIZE];
    struct cc_str text;

    cc_hmac_sha256(SECRET, parts, CC_COUNT(parts), mac);
    text = cc_base64url_encode(arena, (struct cc_str){ (const char *)mac, sizeof(mac) });
    return cc_str_format(arena, "%.*s.%.*s.%.*s.%.*s", CC_STR_ARG(user), CC_STR_ARG(session),
                         CC_STR_ARG(n), CC_STR_ARG(text));
}

static bool is_asked_about(struct cc_arena *arena, struct cc_str token)
{
    struct store store = { .base = { &ops } };
    struct cc_local local = { .people = { .secret = SECRET, .store = &store.base } };
    struct cc_err err = { 0 };
    struct cc_tokens tokens;
    enum cc_code rc = cc_local_refresh(&local.people.base, arena, token, &tokens, &err);

    fuzz_require_error(&err, rc);
    fuzz_require(rc == (store.asked ? CC_UNAVAILABLE : CC_UNAUTHORIZED));
    return store.asked > 0;
}

static void require_one_spelling(struct cc_arena *arena, struct cc_str token)
{
    struct cc_str rest = token;
    struct cc_str user = cc_str_cut(&rest, '.');
    struct cc_str session = cc_str_cut(&rest, '.');
    struct cc_str n = cc_str_cut(&rest, '.');

    fuzz_require(cc_str_eq(write_token(arena, user, session, n), token));
}

/* The same with a mac that is right: then its other parts must be as we write them. */
static void check_sealed(struct cc_arena *arena, struct cc_str text)
{
    struct cc_str rest = text;
    struct cc_str user = cc_str_cut(&rest, '.');
    struct cc_str session = cc_str_cut(&rest, '.');
    struct cc_str token = write_token(arena, user, session, rest);
    int64_t n;

    if (memchr(text.at, '\0', text.len))
        return; /* not what printf writes */
    fuzz_require(is_asked_about(arena, token) ==
                 (token.len <= 256 && cc_id_is_wellformed(user) && cc_id_is_wellformed(session) &&
                  cc_str_to_i64(rest, 1, INT64_MAX - 1, &n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str token = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();

    if (is_asked_about(arena, token))
        require_one_spelling(arena, token);
    check_sealed(arena, token);
    return 0;
}
