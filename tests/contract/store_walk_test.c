/* Going through all items of some partitions. */
#include "tests/contract/stores.h"

#define MANY 2500
#define LARGE 230 /* of 150 KB: together more than an arena holds */

/* What was met: partitions in any order, so that each is noted by itself. */
struct walk {
    struct cc_arena *arena;
    struct cc_str last; /* partition */
    struct cc_str met;  /* "U#1:A,B,C " of each */
    size_t count, partitions;
    size_t limit; /* 0: none */
};

static enum cc_code note(const struct cc_item *item, void *arg, struct cc_err *err)
{
    struct walk *walk = arg;

    if (walk->limit > 0 && walk->count == walk->limit)
        return cc_fail(err, CC_CONFLICT, "Enough.", "so many are enough");
    if (!cc_str_eq(walk->last, item->key.pk)) {
        walk->last = cc_str_copy(walk->arena, item->key.pk);
        walk->partitions++;
    }
    walk->count++;
    if (walk->count <= 20)
        walk->met = CC_JOIN(walk->arena, walk->met.at ? walk->met : CC_STR(""), item->key.pk,
                            CC_STR("/"), item->key.sk, CC_STR("="), item->body, CC_STR(" "));
    return CC_OK;
}

static struct walk walk_all(struct stores *s, const char *prefix)
{
    struct walk walk = { .arena = s->arena };
    enum cc_code rc = cc_store_walk(s->store, cc_str_from(prefix), note, &walk, &s->err);

    ck_assert_msg(rc == CC_OK, "%s", s->err.cause);
    return walk;
}

static bool has(struct cc_str text, const char *part)
{
    return strstr(text.at, part) != NULL;
}

START_TEST(all_of_the_prefix_and_nothing_else_is_met_each_partition_in_order)
{
    struct stores s;
    struct walk walk;

    stores_open(&s, _i);
    stores_put(&s, stores_item("U#1", "PROFILE", "2"));
    stores_put(&s, stores_item("U#2", "PROFILE", "4"));
    stores_put(&s, stores_item("U#1", "SESSION#x", "3"));
    stores_put(&s, stores_item("U#1", "HEAD", "1"));
    stores_put(&s, stores_item("R#1", "HEAD", "no"));
    stores_put(&s, stores_item("V#1", "HEAD", "no"));
    stores_put(&s, stores_item("U", "HEAD", "no"));
    walk = walk_all(&s, "U#");
    ck_assert_uint_eq(walk.count, 4);
    ck_assert_uint_eq(walk.partitions, 2);
    ck_assert(has(walk.met, "U#1/HEAD=1 U#1/PROFILE=2 U#1/SESSION#x=3 "));
    ck_assert(has(walk.met, "U#2/PROFILE=4 "));
    stores_close(&s);
}
END_TEST

START_TEST(where_nothing_begins_so_nothing_is_met)
{
    struct stores s;

    stores_open(&s, _i);
    stores_put(&s, stores_item("R#1", "HEAD", "1"));
    ck_assert_uint_eq(walk_all(&s, "U#").count, 0);
    stores_close(&s);
}
END_TEST

START_TEST(what_has_expired_is_not_met)
{
    struct cc_item item = stores_item("U#1", "SESSION#old", "1");
    struct stores s;

    stores_open(&s, _i);
    item.expires_ms = s.clock.now_ms + 1000;
    stores_put(&s, item);
    stores_put(&s, stores_item("U#1", "PROFILE", "2"));
    ck_assert_uint_eq(walk_all(&s, "U#").count, 2);
    s.clock.now_ms += 1000;
    cc_check_str(walk_all(&s, "U#").met, CC_STR("U#1/PROFILE=2 "));
    stores_close(&s);
}
END_TEST

START_TEST(a_refusal_ends_it_and_is_passed_on)
{
    struct stores s;
    struct walk walk = { .limit = 1 };

    stores_open(&s, _i);
    walk.arena = s.arena;
    stores_put(&s, stores_item("U#1", "HEAD", "1"));
    stores_put(&s, stores_item("U#1", "PROFILE", "2"));
    ck_assert_int_eq(cc_store_walk(s.store, CC_STR("U#"), note, &walk, &s.err), CC_CONFLICT);
    ck_assert_str_eq(s.err.detail, "Enough.");
    ck_assert_uint_eq(walk.count, 1);
    stores_close(&s);
}
END_TEST

/* --- more than a page ------------------------------------------------------------------------- */

struct filling {
    struct cc_arena *arena;
    int from;
};

/* 90 at once, over partitions of 30. */
static enum cc_code fill_some(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct filling *filling = arg;
    enum cc_code rc = CC_OK;

    for (int i = filling->from; i < filling->from + 90 && i < MANY && rc == CC_OK; i++) {
        const char *pk = cc_str_format(cc_txn_arena(txn), "U#%04d", i / 30).at;
        const char *sk = cc_str_format(cc_txn_arena(txn), "ROOM#%02d", i % 30).at;
        struct cc_item item = stores_item(pk, sk, "{}");

        rc = cc_txn_put(txn, &item, err);
    }
    return rc;
}

/* Also of what lies before and behind the page's end: more than a page of things to pass over. */
START_TEST(thousands_are_met_once_each_page_by_page)
{
    struct stores s;
    struct walk walk;

    stores_open(&s, _i);
    for (int from = 0; from < MANY; from += 90) {
        struct filling filling = { s.arena, from };

        ck_assert_int_eq(cc_store_run(s.store, s.arena, fill_some, &filling, &s.err), CC_OK);
    }
    stores_put(&s, stores_item("T#1", "HEAD", "no"));
    stores_put(&s, stores_item("V#1", "HEAD", "no"));
    walk = walk_all(&s, "U#");
    ck_assert_uint_eq(walk.count, MANY);
    ck_assert_uint_eq(walk.partitions, (MANY + 29) / 30);
    stores_close(&s);
}
END_TEST

/* In an arena of its own: together they are more than one holds. */
static void put_large(struct stores *s, int number, const char *body)
{
    struct cc_arena *arena = s->arena;

    s->arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    stores_put(s, stores_item("U#1", cc_str_format(s->arena, "A#%03d", number).at, body));
    cc_arena_free(s->arena);
    s->arena = arena;
}

START_TEST(large_items_come_in_small_pages)
{
    char *body = malloc(150 * 1024 + 1);
    struct stores s;
    struct walk walk = { 0 };

    memset(body, '7', 150 * 1024);
    body[150 * 1024] = '\0';
    stores_open(&s, _i);
    for (int i = 0; i < LARGE; i++)
        put_large(&s, i, body);
    walk.arena = cc_arena_new((size_t)64 * 1024 * 1024);
    ck_assert_int_eq(cc_store_walk(s.store, CC_STR("U#"), note, &walk, &s.err), CC_OK);
    ck_assert_uint_eq(walk.count, LARGE);
    cc_arena_free(walk.arena);
    stores_close(&s);
    free(body);
}
END_TEST

/* --- while it goes on ------------------------------------------------------------------------- */

/* Whoever is met is removed: as one does who cleans up. */
static enum cc_code delete_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_txn_delete(txn, *(struct cc_key *)arg, err);
}

static enum cc_code remove_met(const struct cc_item *item, void *arg, struct cc_err *err)
{
    struct stores *s = arg;
    struct cc_key key = item->key;

    return cc_store_run(s->store, s->arena, delete_one, &key, err);
}

START_TEST(who_is_given_an_item_may_use_the_store)
{
    struct stores s;

    stores_open(&s, _i);
    stores_put(&s, stores_item("U#1", "HEAD", "1"));
    stores_put(&s, stores_item("U#2", "HEAD", "2"));
    ck_assert_int_eq(cc_store_walk(s.store, CC_STR("U#"), remove_met, &s, &s.err), CC_OK);
    ck_assert_uint_eq(walk_all(&s, "U#").count, 0);
    stores_close(&s);
}
END_TEST

STORES_MAIN("contract/store_walk",
            all_of_the_prefix_and_nothing_else_is_met_each_partition_in_order,
            where_nothing_begins_so_nothing_is_met, what_has_expired_is_not_met,
            a_refusal_ends_it_and_is_passed_on, thousands_are_met_once_each_page_by_page,
            large_items_come_in_small_pages, who_is_given_an_item_may_use_the_store)
