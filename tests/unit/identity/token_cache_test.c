#include "identity/token_cache.h"

#include "base/arena.h"
#include "tests/check.h"

#include <string.h>

#define NOW_S 1000

static const struct cc_principal anna = { { "anna", 4 }, { "phone", 5 } };

/* A digest that belongs to the set of that number. */
static struct cc_token_cache_key key_in(unsigned set, unsigned number)
{
    struct cc_token_cache_key key = { .generation = 1 };

    key.digest[0] = (unsigned char)(set >> 8);
    key.digest[1] = (unsigned char)set;
    memcpy(key.digest + 2, &number, sizeof number);
    return key;
}

static bool knows(struct cc_token_cache *cache, const struct cc_token_cache_key *key)
{
    struct cc_arena *arena = cc_arena_new((size_t)4 * 1024);
    struct cc_principal who;
    bool found = cc_token_cache_find(cache, arena, key, NOW_S, &who);

    if (found) {
        cc_check_str(who.user, anna.user);
        cc_check_str(who.session, anna.session);
    }
    cc_arena_free(arena);
    return found;
}

START_TEST(a_token_is_known_until_it_expires)
{
    struct cc_token_cache *cache = cc_token_cache_open();
    struct cc_token_cache_key good = key_in(3, 1), over = key_in(3, 2), other = good;

    ck_assert(!knows(cache, &good));
    cc_token_cache_add(cache, &good, &anna, NOW_S + 1);
    cc_token_cache_add(cache, &over, &anna, NOW_S);
    other.generation++;
    ck_assert(knows(cache, &good));
    ck_assert(!knows(cache, &over));
    ck_assert(!knows(cache, &other));
    cc_token_cache_close(cache);
}
END_TEST

START_TEST(what_ends_soonest_gives_way)
{
    struct cc_token_cache *cache = cc_token_cache_open();
    struct cc_token_cache_key keys[17];

    for (unsigned i = 0; i < CC_COUNT(keys); i++) {
        keys[i] = key_in(7, i);
        cc_token_cache_add(cache, &keys[i], &anna, i == 2 ? NOW_S + 1 : NOW_S + 10);
    }
    for (unsigned i = 0; i < CC_COUNT(keys); i++)
        ck_assert_int_eq(knows(cache, &keys[i]), i != 2);
    cc_token_cache_close(cache);
}
END_TEST

START_TEST(every_set_has_room)
{
    struct cc_token_cache *cache = cc_token_cache_open();

    for (unsigned set = 0; set < 0x10000; set++) {
        const struct cc_token_cache_key key = key_in(set, set);

        cc_token_cache_add(cache, &key, &anna, NOW_S + set + 1);
        ck_assert(knows(cache, &key));
    }
    cc_token_cache_close(cache);
}
END_TEST

/* As many people use a small host at the same time. */
START_TEST(tokens_that_are_used_in_turn_are_all_remembered)
{
    struct cc_token_cache *cache = cc_token_cache_open();
    struct cc_token_cache_key keys[1500] = { 0 };

    for (unsigned i = 0; i < CC_COUNT(keys); i++) {
        cc_sha256((struct cc_str){ (const char *)&i, sizeof i }, keys[i].digest);
        cc_token_cache_add(cache, &keys[i], &anna, NOW_S + 1 + i);
    }
    for (unsigned i = 0; i < CC_COUNT(keys); i++)
        ck_assert(knows(cache, &keys[i]));
    cc_token_cache_close(cache);
}
END_TEST

START_TEST(when_a_session_was_there_is_noted_beside_its_token)
{
    struct cc_token_cache *cache = cc_token_cache_open();
    const struct cc_token_cache_key key = key_in(9, 1), unknown = key_in(9, 2);

    cc_token_cache_note_session(cache, &unknown, 5000);
    cc_token_cache_add(cache, &key, &anna, NOW_S + 1);
    ck_assert(!cc_token_cache_had_session(cache, &key, 5001, 100));
    cc_token_cache_note_session(cache, &key, 5000);
    ck_assert(cc_token_cache_had_session(cache, &key, 5099, 100));
    ck_assert(!cc_token_cache_had_session(cache, &key, 5100, 100));
    ck_assert(!cc_token_cache_had_session(cache, &unknown, 5001, 100));
    cc_token_cache_close(cache);
}
END_TEST

CC_CHECK_MAIN("identity/token_cache", a_token_is_known_until_it_expires,
              what_ends_soonest_gives_way, every_set_has_room,
              tokens_that_are_used_in_turn_are_all_remembered,
              when_a_session_was_there_is_noted_beside_its_token)
