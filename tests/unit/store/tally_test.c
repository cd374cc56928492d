#include "store/tally.h"

#include "base/arena.h"
#include "base/limits.h"
#include "tests/check.h"

static struct cc_arena *arena;

static struct cc_item item(const char *sk, const char *body, int64_t mrev, int64_t expires_ms)
{
    return (struct cc_item){ .key = { CC_STR("R#r"), cc_str_from(sk) },
                             .body = cc_str_from(body),
                             .mrev = mrev,
                             .expires_ms = expires_ms };
}

static bool same(struct cc_item a, struct cc_item b)
{
    unsigned char x[CC_SHA256_SIZE], y[CC_SHA256_SIZE];

    cc_item_digest(arena, &a, x);
    cc_item_digest(arena, &b, y);
    return memcmp(x, y, sizeof(x)) == 0;
}

START_TEST(each_part_of_an_item_is_in_its_digest)
{
    const struct cc_item one = item("MSG#1", "{\"a\":1,\"b\":2}", 3, 4);
    struct cc_item other = one;

    ck_assert(same(one, item("MSG#1", "{\"b\": 2, \"a\": 1}", 3, 4)));
    ck_assert(!same(one, item("MSG#2", "{\"a\":1,\"b\":2}", 3, 4)));
    ck_assert(!same(one, item("MSG#1", "{\"a\":1,\"b\":3}", 3, 4)));
    ck_assert(!same(one, item("MSG#1", "{\"a\":1,\"b\":2}", 4, 4)));
    ck_assert(!same(one, item("MSG#1", "{\"a\":1,\"b\":2}", 3, 5)));
    other.key.pk = CC_STR("R#q");
    ck_assert(!same(one, other));
}
END_TEST

START_TEST(what_is_no_json_is_not_taken_for_what_is)
{
    ck_assert(!same(item("X", "{}", 0, 0), item("X", "{ }x", 0, 0)));
    ck_assert(same(item("X", "no", 0, 0), item("X", "no", 0, 0)));
    ck_assert(!same(item("X", "no", 0, 0), item("X", "no ", 0, 0)));
}
END_TEST

static void add(struct cc_tally *tally, const struct cc_item *one)
{
    unsigned char digest[CC_SHA256_SIZE];

    cc_item_digest(arena, one, digest);
    cc_tally_add(tally, one, digest);
}

START_TEST(the_order_does_not_count_but_how_often_does)
{
    const struct cc_item a = item("MSG#1", "{}", 0, 0), b = item("HEAD", "{}", 0, 0);
    struct cc_tally ab = { 0 }, ba = { 0 }, aa = { 0 }, none = { 0 };

    add(&ab, &a);
    add(&ab, &b);
    add(&ba, &b);
    add(&ba, &a);
    add(&aa, &a);
    add(&aa, &a);
    ck_assert(cc_tally_eq(&ab, &ba));
    ck_assert(!cc_tally_eq(&ab, &aa));
    aa.items = 0;
    ck_assert(!cc_tally_eq(&aa, &none));
    ck_assert_uint_eq(cc_tally_text(arena, &ab).len, 64);
    ck_assert_int_eq(ab.rooms, 1);
    ck_assert_int_eq(ab.messages, 1);
    ck_assert_int_eq(ab.people, 0);
}
END_TEST

START_TEST(write_units_are_kilobytes_and_twice_that_in_the_index)
{
    char body[3000];
    struct cc_tally small = { 0 }, large = { 0 };
    struct cc_item one = item("MSG#1", "{}", 0, 0);

    memset(body, ' ', sizeof(body));
    body[sizeof(body) - 1] = '\0';
    add(&small, &one);
    ck_assert_int_eq(small.write_units, 1);
    one = item("MSG#1", body, 5, 0);
    add(&large, &one);
    ck_assert_int_eq(large.write_units, 2 * 3);
}
END_TEST

static void setup(void)
{
    arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
}

int main(void)
{
    const TTest *const tests[] = { each_part_of_an_item_is_in_its_digest,
                                   what_is_no_json_is_not_taken_for_what_is,
                                   the_order_does_not_count_but_how_often_does,
                                   write_units_are_kilobytes_and_twice_that_in_the_index };

    setup();
    return cc_check_run("store/tally", tests, CC_COUNT(tests));
}
