#include "tests/check.h"

#include "view/page_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct bench {
    struct cc_arena *arena;
    struct cc_page_cache *cache;
};

static struct bench open_bench(int64_t bytes_max)
{
    return (struct bench){ cc_arena_new(1 << 20), cc_page_cache_open(bytes_max) };
}

static void close_bench(struct bench *b)
{
    cc_page_cache_close(b->cache);
    cc_arena_free(b->arena);
}

static void add(const struct bench *b, struct cc_str room, int64_t rev, struct cc_str json)
{
    cc_page_cache_add(b->cache, &(struct cc_ready_page){ room, 50, rev, json });
}

/* What it has for the room; absent: nothing. */
static struct cc_str look(const struct bench *b, struct cc_str room, int64_t limit, int64_t *rev)
{
    struct cc_ready_page page = { .room = room, .limit = limit };

    if (!cc_page_cache_find(b->cache, b->arena, &page))
        return CC_STR_ABSENT;
    *rev = page.rev;
    return page.json;
}

START_TEST(a_page_is_known_by_its_room_and_limit_and_says_its_rev)
{
    struct bench b = open_bench(1 << 20);
    int64_t rev = 0;

    add(&b, CC_STR("room"), 7, CC_STR("{}"));
    cc_check_str(look(&b, CC_STR("room"), 50, &rev), CC_STR("{}"));
    ck_assert_int_eq(rev, 7);
    cc_check_str(look(&b, CC_STR("room"), 51, &rev), CC_STR_ABSENT);
    cc_check_str(look(&b, CC_STR("roo"), 50, &rev), CC_STR_ABSENT);
    cc_check_str(look(&b, CC_STR("room2"), 50, &rev), CC_STR_ABSENT);
    close_bench(&b);
}
END_TEST

START_TEST(a_newer_page_takes_the_place_of_an_older_one_and_never_the_other_way_round)
{
    struct bench b = open_bench(1 << 20);
    int64_t rev = 0, before;

    add(&b, CC_STR("room"), 8, CC_STR("eight"));
    before = cc_page_cache_bytes(b.cache);
    add(&b, CC_STR("room"), 7, CC_STR("seven"));
    cc_check_str(look(&b, CC_STR("room"), 50, &rev), CC_STR("eight"));
    add(&b, CC_STR("room"), 9, CC_STR("niner"));
    cc_check_str(look(&b, CC_STR("room"), 50, &rev), CC_STR("niner"));
    ck_assert_int_eq(rev, 9);
    ck_assert_int_eq(cc_page_cache_bytes(b.cache), before);
    close_bench(&b);
}
END_TEST

static struct cc_str room_name(const struct bench *b, int i)
{
    return cc_str_format(b->arena, "room-%d", i);
}

/* A thousand rooms through a place for some ten: what was asked for last is there. */
START_TEST(the_ceiling_is_kept_and_what_was_not_asked_for_the_longest_goes)
{
    struct bench b = open_bench(10000);
    char json[800];
    int64_t rev = 0;

    memset(json, 'j', sizeof(json));
    for (int i = 0; i < 1000; i++) {
        add(&b, room_name(&b, i), 1, (struct cc_str){ json, sizeof(json) });
        ck_assert_int_le(cc_page_cache_bytes(b.cache), 10000);
        ck_assert_ptr_nonnull(look(&b, room_name(&b, 0), 50, &rev).at);
    }
    ck_assert_ptr_nonnull(look(&b, room_name(&b, 999), 50, &rev).at);
    ck_assert_ptr_nonnull(look(&b, room_name(&b, 995), 50, &rev).at);
    ck_assert_ptr_null(look(&b, room_name(&b, 1), 50, &rev).at);
    ck_assert_ptr_null(look(&b, room_name(&b, 900), 50, &rev).at);
    close_bench(&b);
}
END_TEST

START_TEST(what_is_larger_than_all_of_it_is_not_kept_and_drives_nothing_out)
{
    struct bench b = open_bench(1000);
    struct bench off = open_bench(0);
    char json[2000] = { 0 };
    int64_t rev = 0;

    add(&b, CC_STR("small"), 1, CC_STR("{}"));
    add(&b, CC_STR("large"), 1, (struct cc_str){ json, sizeof(json) });
    ck_assert_ptr_nonnull(look(&b, CC_STR("small"), 50, &rev).at);
    ck_assert_ptr_null(look(&b, CC_STR("large"), 50, &rev).at);
    add(&off, CC_STR("small"), 1, CC_STR("{}"));
    ck_assert_ptr_null(look(&off, CC_STR("small"), 50, &rev).at);
    ck_assert_int_eq(cc_page_cache_bytes(off.cache), 0);
    close_bench(&off);
    close_bench(&b);
}
END_TEST

/* A reply may still be on its way when its page is replaced, or the cache closed. */
START_TEST(bytes_that_were_given_stay_as_long_as_the_arena)
{
    struct bench b = open_bench(1000);
    struct cc_str json;
    int64_t rev = 0;

    add(&b, CC_STR("room"), 1, CC_STR("one"));
    json = look(&b, CC_STR("room"), 50, &rev);
    add(&b, CC_STR("room"), 2, CC_STR("two"));
    cc_check_str(json, CC_STR("one"));
    cc_page_cache_close(b.cache);
    cc_check_str(json, CC_STR("one"));
    cc_arena_free(b.arena);
}
END_TEST

static void *use(void *arg)
{
    struct bench b = { cc_arena_new(1 << 20), arg };
    char text[32];

    for (int64_t i = 1; i <= 3000; i++) {
        int64_t rev = 0;
        struct cc_str json;

        snprintf(text, sizeof(text), "%lld", (long long)i);
        add(&b, room_name(&b, (int)i % 7), i, cc_str_from(text));
        json = look(&b, room_name(&b, (int)i % 5), 50, &rev);
        if (json.at)
            cc_check_str(json, cc_str_from_i64(b.arena, rev));
        cc_arena_reset(b.arena);
    }
    cc_arena_free(b.arena);
    return NULL;
}

START_TEST(threads_use_it_at_the_same_time)
{
    struct bench b = open_bench(800);
    pthread_t threads[4];

    for (size_t i = 0; i < CC_COUNT(threads); i++)
        pthread_create(&threads[i], NULL, use, b.cache);
    for (size_t i = 0; i < CC_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_le(cc_page_cache_bytes(b.cache), 800);
    close_bench(&b);
}
END_TEST

CC_CHECK_MAIN("view/page_cache", a_page_is_known_by_its_room_and_limit_and_says_its_rev,
              a_newer_page_takes_the_place_of_an_older_one_and_never_the_other_way_round,
              the_ceiling_is_kept_and_what_was_not_asked_for_the_longest_goes,
              what_is_larger_than_all_of_it_is_not_kept_and_drives_nothing_out,
              bytes_that_were_given_stay_as_long_as_the_arena, threads_use_it_at_the_same_time)
