/* Documents of keys, with what is wrong with them. */
#include "jwk.h"

#include "identity/jwks.h"
#include "identity/published_keys.h"

struct reading {
    struct cc_arena *arena;
    struct cc_jwks_rules rules;
    struct cc_jwk_set set;
    struct cc_err err;
};

static enum cc_code read_set(struct reading *r, struct cc_str text)
{
    cc_err_clear(&r->err);
    return cc_jwks_read(r->arena, cc_check_guarded(text), &r->rules, &r->set, &r->err);
}

static struct reading begin(void)
{
    return (struct reading){ .arena = cc_arena_new(CC_ARENA_CEILING_BYTES) };
}

/* Beside a good key the other one is ignored; alone it makes no set. */
static void check_ignored(struct reading *r, const char *what, struct cc_str jwk)
{
    struct cc_str good = jwk_of(r->arena, "good", jwk_n(r->arena));

    ck_assert_msg(read_set(r, jwk_set_of(r->arena, jwk)) == CC_INVALID, "alone: %s", what);
    ck_assert_int_eq(r->err.code, CC_INVALID);
    ck_assert_int_eq(read_set(r, jwk_set_of(r->arena, CC_JOIN(r->arena, jwk, CC_STR(","), good))),
                     CC_OK);
    ck_assert_msg(r->set.count == 1, "counted: %s", what);
    cc_check_str(r->set.at[0].kid, CC_STR("good"));
}

START_TEST(a_document_like_cognitos_gives_its_keys)
{
    struct reading r = begin();
    struct cc_str n = jwk_n(r.arena), bytes = cc_base64url_decode(r.arena, n);

    ck_assert_int_eq(
        read_set(&r,
                 jwk_set_of(r.arena, CC_JOIN(r.arena, jwk_of(r.arena, "AbC+/1==", n), CC_STR(","),
                                             jwk_of(r.arena, "two", jwk_other_n(r.arena))))),
        CC_OK);
    ck_assert_uint_eq(r.set.count, 2);
    cc_check_str(r.set.at[0].kid, CC_STR("AbC+/1=="));
    cc_check_str(r.set.at[0].n, bytes);
    cc_check_str(r.set.at[0].e, CC_STR("\1\0\1"));
    ck_assert_int_eq(EVP_PKEY_get_bits(r.set.at[0].key), 2048);
    ck_assert(cc_str_starts(r.set.at[0].pem, CC_STR("-----BEGIN PUBLIC KEY-----\n")));
    cc_check_str(jwk_number(r.arena, r.set.at[0].key, OSSL_PKEY_PARAM_RSA_N), n);
    cc_arena_free(r.arena);
}
END_TEST

START_TEST(what_a_key_need_not_say_may_be_missing)
{
    static const char *const rests[] = {
        "",
        ",\"use\":\"sig\"",
        ",\"alg\":\"RS256\"",
        ",\"key_ops\":[\"verify\"]",
        ",\"key_ops\":[\"sign\",\"verify\"]",
        ",\"x5t\":\"x\",\"x5c\":[\"MII\"],\"issuer\":\"https://x\"",
    };
    struct reading r = begin();
    struct cc_str n = jwk_n(r.arena);

    for (size_t i = 0; i < CC_COUNT(rests); i++)
        ck_assert_msg(
            read_set(&r, cc_str_format(r.arena,
                                       "{\"more\":1,\"keys\":[{\"kty\":\"RSA\",\"kid\":\"k\","
                                       "\"e\":\"AQAB\",\"n\":\"%.*s\"%s}]}",
                                       CC_STR_ARG(n), rests[i])) == CC_OK,
            "%s", rests[i]);
    cc_arena_free(r.arena);
}
END_TEST

struct form {
    const char *what, *text; /* N stands for a good modulus */
};

static const struct form odd_keys[] = {
    { "alg HS256", "{\"kty\":\"RSA\",\"alg\":\"HS256\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "alg none", "{\"kty\":\"RSA\",\"alg\":\"none\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "alg RS512", "{\"kty\":\"RSA\",\"alg\":\"RS512\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "alg PS256", "{\"kty\":\"RSA\",\"alg\":\"PS256\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "alg rs256", "{\"kty\":\"RSA\",\"alg\":\"rs256\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "alg a list",
      "{\"kty\":\"RSA\",\"alg\":[\"RS256\"],\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "alg null", "{\"kty\":\"RSA\",\"alg\":null,\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "kty oct", "{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"c2VjcmV0\"}" },
    { "kty oct with numbers", "{\"kty\":\"oct\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "kty EC", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"k\",\"x\":\"AA\",\"y\":\"AA\"}" },
    { "kty rsa", "{\"kty\":\"rsa\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "no kty", "{\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "use enc", "{\"kty\":\"RSA\",\"use\":\"enc\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "use a number", "{\"kty\":\"RSA\",\"use\":1,\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "key_ops without verify",
      "{\"kty\":\"RSA\",\"key_ops\":[\"sign\"],\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "key_ops empty",
      "{\"kty\":\"RSA\",\"key_ops\":[],\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "key_ops no list",
      "{\"kty\":\"RSA\",\"key_ops\":\"verify\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "its secret half",
      "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\",\"d\":\"AA\"}" },
    { "one of its primes",
      "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\",\"p\":\"AA\"}" },
    { "a k", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N\",\"k\":\"AA\"}" },
    { "no kid", "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "kid empty", "{\"kty\":\"RSA\",\"kid\":\"\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "kid with a space", "{\"kty\":\"RSA\",\"kid\":\"a b\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "kid with a line feed", "{\"kty\":\"RSA\",\"kid\":\"a\\nb\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "kid beyond ASCII", "{\"kty\":\"RSA\",\"kid\":\"\xc3\xa9\",\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "kid a number", "{\"kty\":\"RSA\",\"kid\":1,\"e\":\"AQAB\",\"n\":\"N\"}" },
    { "no n", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\"}" },
    { "n empty", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"\"}" },
    { "n zero", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"AAAA\"}" },
    { "n small", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"_____w\"}" },
    { "n padded", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N==\"}" },
    { "n with something behind it", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":\"N.\"}" },
    { "n a number", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAB\",\"n\":7}" },
    { "no e", "{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"N\"}" },
    { "e one", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQ\",\"n\":\"N\"}" },
    { "e three", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"Aw\",\"n\":\"N\"}" },
    { "e even", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"AQAC\",\"n\":\"N\"}" },
    { "e as long as n", "{\"kty\":\"RSA\",\"kid\":\"k\",\"e\":\"N\",\"n\":\"N\"}" },
    { "no object", "\"k\"" },
    { "null", "null" },
    { "a list", "[]" },
    { "empty", "{}" },
};

static struct cc_str with_n(struct cc_arena *arena, const char *text, struct cc_str n)
{
    struct cc_str all = cc_str_from(text), out = CC_STR("");

    for (size_t quote; all.len > 0; all = cc_str_skip(all, quote + 2)) {
        quote = cc_str_find(all, '"');
        if (quote + 1 < all.len && all.at[quote + 1] == 'N') {
            out = CC_JOIN(arena, out, cc_str_take(all, quote + 1), n);
        } else {
            out = CC_JOIN(arena, out, cc_str_take(all, quote + 2));
        }
    }
    return out;
}

START_TEST(a_key_that_is_not_plainly_one_for_rs256_is_ignored)
{
    struct reading r = begin();
    struct cc_str n = jwk_n(r.arena);

    for (size_t i = 0; i < CC_COUNT(odd_keys); i++)
        check_ignored(&r, odd_keys[i].what, with_n(r.arena, odd_keys[i].text, n));
    check_ignored(&r, "a long kid", jwk_of(r.arena, cc_str_format(r.arena, "%0129d", 1).at, n));
    cc_arena_free(r.arena);
}
END_TEST

START_TEST(a_modulus_too_large_too_small_or_even_is_ignored)
{
    struct reading r = begin();
    struct cc_str n = cc_base64url_decode(r.arena, jwk_n(r.arena));
    struct cc_str zeroes = { cc_arena_alloc(r.arena, 1024), 1024 }, four = CC_STR(""), even;

    check_ignored(&r, "2,040 bits",
                  jwk_of(r.arena, "k", cc_base64url_encode(r.arena, cc_str_skip(n, 1))));
    for (int i = 0; i < 4; i++)
        four = CC_JOIN(r.arena, four, n);
    ck_assert_int_eq(
        read_set(&r, jwk_set_of(r.arena, jwk_of(r.arena, "k", cc_base64url_encode(r.arena, four)))),
        CC_OK);
    check_ignored(
        &r, "8,200 bits",
        jwk_of(r.arena, "k", cc_base64url_encode(r.arena, CC_JOIN(r.arena, CC_STR("\1"), four))));
    even = cc_str_copy(r.arena, n);
    *(char *)(uintptr_t)(even.at + even.len - 1) &= ~1;
    check_ignored(&r, "even", jwk_of(r.arena, "k", cc_base64url_encode(r.arena, even)));
    check_ignored(&r, "nothing but zeroes",
                  jwk_of(r.arena, "k", cc_base64url_encode(r.arena, zeroes)));
    cc_arena_free(r.arena);
}
END_TEST

START_TEST(zeroes_before_a_modulus_change_nothing)
{
    struct reading r = begin();
    struct cc_str n = cc_base64url_decode(r.arena, jwk_n(r.arena));
    struct cc_str longer = { cc_arena_alloc(r.arena, 1 + n.len), 1 + n.len };

    memcpy((char *)(uintptr_t)longer.at + 1, n.at, n.len);
    ck_assert_int_eq(
        read_set(&r,
                 jwk_set_of(r.arena, jwk_of(r.arena, "k", cc_base64url_encode(r.arena, longer)))),
        CC_OK);
    cc_check_str(r.set.at[0].n, n);
    cc_arena_free(r.arena);
}
END_TEST

START_TEST(of_two_keys_of_one_name_none_is_taken)
{
    struct reading r = begin();
    struct cc_str mine = jwk_of(r.arena, "k", jwk_n(r.arena));
    struct cc_str other = jwk_of(r.arena, "k", jwk_other_n(r.arena));

    check_ignored(&r, "two", CC_JOIN(r.arena, mine, CC_STR(","), other));
    check_ignored(&r, "three, the last again the first",
                  CC_JOIN(r.arena, mine, CC_STR(","), other, CC_STR(","), mine));
    cc_arena_free(r.arena);
}
END_TEST

START_TEST(the_same_key_twice_is_one)
{
    struct reading r = begin();
    struct cc_str mine = jwk_of(r.arena, "k", jwk_n(r.arena));

    ck_assert_int_eq(read_set(&r, jwk_set_of(r.arena, CC_JOIN(r.arena, mine, CC_STR(","), mine))),
                     CC_OK);
    ck_assert_uint_eq(r.set.count, 1);
    cc_arena_free(r.arena);
}
END_TEST

START_TEST(a_key_of_another_kind_does_not_take_the_name_of_a_good_one)
{
    struct reading r = begin();
    struct cc_str oct = CC_STR("{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"c2VjcmV0\"}");
    struct cc_str mine = jwk_of(r.arena, "k", jwk_n(r.arena));

    ck_assert_int_eq(read_set(&r, jwk_set_of(r.arena, CC_JOIN(r.arena, oct, CC_STR(","), mine))),
                     CC_OK);
    ck_assert_uint_eq(r.set.count, 1);
    cc_arena_free(r.arena);
}
END_TEST

START_TEST(of_many_keys_the_first_ones_count)
{
    struct reading r = begin();
    struct cc_str n = jwk_n(r.arena), keys = jwk_of(r.arena, "0", n);

    for (int i = 1; i < 100; i++)
        keys = CC_JOIN(r.arena, keys, CC_STR(","),
                       jwk_of(r.arena, cc_str_format(r.arena, "%d", i).at, n));
    ck_assert_int_eq(read_set(&r, jwk_set_of(r.arena, keys)), CC_OK);
    ck_assert_uint_eq(r.set.count, CC_JWKS_KEYS_MAX);
    cc_check_str(r.set.at[CC_JWKS_KEYS_MAX - 1].kid, CC_STR("19"));
    cc_arena_free(r.arena);
}
END_TEST

static const struct form no_sets[] = {
    { "nothing", "" },
    { "no JSON", "<html>503</html>" },
    { "null", "null" },
    { "a list", "[]" },
    { "no keys", "{}" },
    { "keys no list", "{\"keys\":{}}" },
    { "keys null", "{\"keys\":null}" },
    { "no key", "{\"keys\":[]}" },
    { "cut off", "{\"keys\":[" },
    { "something behind it", "{\"keys\":[]}{}" },
    { "keys twice", "{\"keys\":[],\"keys\":[]}" },
    { "a byte order mark", "\xef\xbb\xbf{\"keys\":[]}" },
    { "deep", "{\"keys\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
              "]]]]]]" },
};

START_TEST(what_is_no_set_of_keys_is_refused)
{
    struct reading r = begin();
    struct cc_str large = { cc_arena_alloc(r.arena, CC_JWKS_BYTES_MAX + 1), CC_JWKS_BYTES_MAX + 1 };
    struct cc_str good = jwk_set_of(r.arena, jwk_of(r.arena, "k", jwk_n(r.arena)));

    for (size_t i = 0; i < CC_COUNT(no_sets); i++)
        ck_assert_msg(read_set(&r, cc_str_from(no_sets[i].text)) == CC_INVALID, "%s",
                      no_sets[i].what);
    memset((char *)(uintptr_t)large.at, ' ', large.len);
    memcpy((char *)(uintptr_t)large.at, good.at, good.len);
    ck_assert_int_eq(read_set(&r, large), CC_INVALID);
    ck_assert_int_eq(read_set(&r, cc_str_take(large, CC_JWKS_BYTES_MAX)), CC_OK);
    cc_arena_free(r.arena);
}
END_TEST

START_TEST(a_key_of_which_everybody_has_the_secret_is_ignored_unless_it_is_asked_for)
{
    struct reading r = begin();
    struct cc_str jwk = jwk_of(r.arena, "k", CC_STR(JWK_PUBLISHED_N));

    ck_assert_str_eq(cc_published_key(cc_base64url_decode(r.arena, CC_STR(JWK_PUBLISHED_N))),
                     "published in RFC 7515, A.2");
    check_ignored(&r, "published", jwk);
    check_ignored(
        &r, "published, with a zero before it",
        jwk_of(r.arena, "k",
               cc_base64url_encode(
                   r.arena, CC_JOIN(r.arena, ((struct cc_str){ "", 1 }),
                                    cc_base64url_decode(r.arena, CC_STR(JWK_PUBLISHED_N))))));
    r.rules.published_keys = true;
    ck_assert_int_eq(read_set(&r, jwk_set_of(r.arena, jwk)), CC_OK);
    ck_assert_ptr_null(cc_published_key(cc_base64url_decode(r.arena, jwk_n(r.arena))));
    cc_arena_free(r.arena);
}
END_TEST

CC_CHECK_MAIN("identity/jwks", a_document_like_cognitos_gives_its_keys,
              what_a_key_need_not_say_may_be_missing,
              a_key_that_is_not_plainly_one_for_rs256_is_ignored,
              a_modulus_too_large_too_small_or_even_is_ignored,
              zeroes_before_a_modulus_change_nothing, of_two_keys_of_one_name_none_is_taken,
              the_same_key_twice_is_one, a_key_of_another_kind_does_not_take_the_name_of_a_good_one,
              of_many_keys_the_first_ones_count, what_is_no_set_of_keys_is_refused,
              a_key_of_which_everybody_has_the_secret_is_ignored_unless_it_is_asked_for)
