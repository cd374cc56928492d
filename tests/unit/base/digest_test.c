#include "tests/check.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/encode.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static struct cc_str hex(struct cc_arena *arena, const unsigned char *digest)
{
    return cc_hex_encode(arena, (struct cc_str){ (const char *)digest, CC_SHA256_SIZE });
}

/* FIPS 180-4, examples of NIST. */
START_TEST(sha256_known_answers)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);
    unsigned char digest[CC_SHA256_SIZE];

    cc_sha256(CC_STR("abc"), digest);
    cc_check_str(hex(arena, digest),
                 CC_STR("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    cc_sha256(CC_STR_ABSENT, digest);
    cc_check_str(hex(arena, digest),
                 CC_STR("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    cc_arena_free(arena);
}
END_TEST

START_TEST(hmac_is_that_of_the_length_prefixed_parts)
{
    static const char message[] = "\0\0\0\0\0\0\0\2Hi\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3abc";
    const struct cc_str parts[] = { CC_STR("Hi"), CC_STR_ABSENT, CC_STR("abc") };
    struct cc_arena *arena = cc_arena_new(1 << 16);
    unsigned char expected[CC_SHA256_SIZE], digest[CC_SHA256_SIZE];

    ck_assert_ptr_nonnull(HMAC(EVP_sha256(), "key", 3, (const unsigned char *)message,
                               sizeof(message) - 1, expected, NULL));
    cc_hmac_sha256(CC_STR("key"), parts, CC_COUNT(parts), digest);
    cc_check_str(hex(arena, digest), hex(arena, expected));
    cc_arena_free(arena);
}
END_TEST

/* The block of SHA-256 is 64 bytes: a longer key is hashed first. */
START_TEST(keys_of_every_length_are_those_of_hmac)
{
    static const char message[] = "\0\0\0\0\0\0\0\3abc";
    const struct cc_str part = CC_STR("abc");
    unsigned char expected[CC_SHA256_SIZE], digest[CC_SHA256_SIZE];
    char key[200];

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (char)(i * 7);
    for (size_t len = 0; len <= sizeof(key); len++) {
        ck_assert_ptr_nonnull(HMAC(EVP_sha256(), key, (int)len, (const unsigned char *)message,
                                   sizeof(message) - 1, expected, NULL));
        cc_hmac_sha256((struct cc_str){ key, len }, &part, 1, digest);
        ck_assert_mem_eq(digest, expected, sizeof(digest));
        cc_hmac_sha256_bytes((struct cc_str){ key, len },
                             (struct cc_str){ message, sizeof(message) - 1 }, digest);
        ck_assert_mem_eq(digest, expected, sizeof(digest));
    }
}
END_TEST

/* Without lengths, user "ab" with session "c" would have the token of user "a", session "bc". */
START_TEST(moving_a_border_changes_the_hmac)
{
    const struct cc_str one[] = { CC_STR("ab"), CC_STR("c") };
    const struct cc_str other[] = { CC_STR("a"), CC_STR("bc") };
    unsigned char a[CC_SHA256_SIZE], b[CC_SHA256_SIZE];

    cc_hmac_sha256(CC_STR("key"), one, 2, a);
    cc_hmac_sha256(CC_STR("key"), other, 2, b);
    ck_assert_mem_ne(a, b, sizeof(a));
    cc_hmac_sha256(CC_STR_ABSENT, one, 2, b);
    ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

START_TEST(a_part_is_preceded_by_its_length)
{
    unsigned char digest[CC_SHA256_SIZE], expected[CC_SHA256_SIZE];
    struct cc_arena *arena = cc_arena_new(4096);
    struct cc_sha256 *run = cc_sha256_begin(arena);

    cc_sha256_add_number(run, -2);
    cc_sha256_add_part(run, CC_STR("abc"));
    cc_sha256_end(run, digest);
    cc_sha256(CC_STR("\xff\xff\xff\xff\xff\xff\xff\xfe\0\0\0\0\0\0\0\3"
                     "abc"),
              expected);
    ck_assert_mem_eq(digest, expected, CC_SHA256_SIZE);
    cc_arena_free(arena);
}
END_TEST

START_TEST(piece_by_piece_is_the_same_as_at_once)
{
    struct cc_arena *arena = cc_arena_new(4096);
    struct cc_sha256 *run = cc_sha256_begin(arena);
    unsigned char at_once[CC_SHA256_SIZE], in_pieces[CC_SHA256_SIZE];

    cc_sha256_add(run, CC_STR("one, "));
    cc_sha256_add(run, CC_STR_ABSENT);
    cc_sha256_add(run, CC_STR("two"));
    cc_sha256_end(run, in_pieces);
    cc_sha256(CC_STR("one, two"), at_once);
    ck_assert_mem_eq(in_pieces, at_once, sizeof(at_once));
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("base/digest", sha256_known_answers, a_part_is_preceded_by_its_length,
              piece_by_piece_is_the_same_as_at_once, hmac_is_that_of_the_length_prefixed_parts,
              keys_of_every_length_are_those_of_hmac, moving_a_border_changes_the_hmac)
