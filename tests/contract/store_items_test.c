/* What one caller at a time sees: items, refusals, ranges, expiry, limits. */
#include "tests/contract/stores.h"

#include <stdio.h>

/* --- atomicity -------------------------------------------------------------------------------- */

struct two_puts {
    enum cc_code verdict;
    int runs;
};

static enum cc_code put_two(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item a = stores_item("P", "A", "1"), b = stores_item("P", "B", "2");
    struct two_puts *two = arg;
    enum cc_code rc = cc_txn_put(txn, &a, err);

    two->runs++;
    if (rc == CC_OK)
        rc = cc_txn_put(txn, &b, err);
    if (rc == CC_OK && two->verdict != CC_OK)
        rc = cc_fail(err, two->verdict, "No.", "refused");
    return rc;
}

START_TEST(what_a_function_wrote_is_there_when_run_returns)
{
    struct stores s;
    struct two_puts two = { CC_OK, 0 };

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, put_two, &two, &s.err), CC_OK);
    cc_check_str(stores_get(&s, "P", "A"), CC_STR("1"));
    cc_check_str(stores_get(&s, "P", "B"), CC_STR("2"));
    stores_close(&s);
}
END_TEST

START_TEST(a_refusal_undoes_everything_and_is_passed_on)
{
    struct stores s;
    struct two_puts two = { CC_CONFLICT, 0 };

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, put_two, &two, &s.err), CC_CONFLICT);
    ck_assert_str_eq(s.err.detail, "No.");
    ck_assert_str_eq(s.err.cause, "refused");
    ck_assert_ptr_null(stores_get(&s, "P", "A").at);
    ck_assert_ptr_null(stores_get(&s, "P", "B").at);
    stores_close(&s);
}
END_TEST

static enum cc_code refuse_without_a_word(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_item item;

    (void)arg;
    return cc_txn_get(txn, stores_key("P", "NOBODY"), &item, err);
}

START_TEST(a_refusal_without_a_word_still_has_an_err)
{
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, refuse_without_a_word, NULL, &s.err),
                     CC_NOT_FOUND);
    ck_assert_int_eq(s.err.code, CC_NOT_FOUND);
    cc_err_clear(&s.err);
    ck_assert_int_eq(cc_store_view(s.store, s.arena, refuse_without_a_word, NULL, &s.err),
                     CC_NOT_FOUND);
    ck_assert_int_eq(s.err.code, CC_NOT_FOUND);
    stores_close(&s);
}
END_TEST

/* A wrong code uses up a try: the function writes, returns CC_OK and puts its verdict into arg. */
static enum cc_code use_up_a_try(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct stores_counter tries = { .key = stores_key("P", "TRIES") };
    enum cc_code rc = stores_count_up(txn, &tries, err);

    *(enum cc_code *)arg = CC_WRONG_CODE;
    return rc;
}

START_TEST(a_refusal_can_leave_a_trace)
{
    struct stores s;
    enum cc_code verdict = CC_OK;

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, use_up_a_try, &verdict, &s.err), CC_OK);
    ck_assert_int_eq(verdict, CC_WRONG_CODE);
    cc_check_str(stores_get(&s, "P", "TRIES"), CC_STR("1"));
    stores_close(&s);
}
END_TEST

START_TEST(what_was_written_is_there_after_opening_again)
{
    struct stores s;

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "A", "kept"));
    cc_store_close(s.store);
    ck_assert_int_eq(stores_open_again(&s, _i, &s.store, &s.err), CC_OK);
    cc_check_str(stores_get(&s, "P", "A"), CC_STR("kept"));
    stores_close(&s);
}
END_TEST

START_TEST(the_epoch_stays_the_same_and_differs_between_stores)
{
    struct stores s, other;
    struct cc_str first;

    stores_open(&s, _i);
    stores_open(&other, _i);
    first = cc_str_copy(s.arena, cc_store_epoch(s.store));
    ck_assert_uint_ge(first.len, 8);
    ck_assert(!cc_str_eq(first, cc_store_epoch(other.store)));
    cc_store_close(s.store);
    ck_assert_int_eq(stores_open_again(&s, _i, &s.store, &s.err), CC_OK);
    cc_check_str(cc_store_epoch(s.store), first);
    stores_close(&other);
    stores_close(&s);
}
END_TEST

START_TEST(a_new_store_can_take_reads_and_writes)
{
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_check(s.store, s.arena, &s.err), CC_OK);
    stores_close(&s);
}
END_TEST

static enum cc_code run_inside(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct stores *s = arg;
    struct two_puts two = { CC_OK, 0 };

    return cc_store_run(s->store, cc_txn_arena(txn), put_two, &two, err);
}

START_TEST(a_run_inside_a_run_is_refused)
{
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, run_inside, &s, &s.err), CC_INTERNAL);
    ck_assert_ptr_null(stores_get(&s, "P", "A").at);
    stores_close(&s);
}
END_TEST

/* --- single items ----------------------------------------------------------------------------- */

static enum cc_code insert_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_txn_insert(txn, arg, err);
}

START_TEST(inserting_what_is_there_is_refused_and_changes_nothing)
{
    struct stores s;
    struct cc_item item = stores_item("P", "A", "second");

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "A", "first"));
    ck_assert_int_eq(cc_store_run(s.store, s.arena, insert_one, &item, &s.err), CC_EXISTS);
    cc_check_str(stores_get(&s, "P", "A"), CC_STR("first"));
    stores_close(&s);
}
END_TEST

static enum cc_code insert_or_go_on(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item taken = stores_item("P", "A", "second");
    const struct cc_item other = stores_item("P", "B", "other");

    (void)arg;
    if (cc_txn_insert(txn, &taken, err) != CC_EXISTS)
        return cc_fail(err, CC_INTERNAL, NULL, "it was not there");
    return cc_txn_put(txn, &other, err);
}

START_TEST(a_function_may_go_on_after_exists)
{
    struct stores s;

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "A", "first"));
    ck_assert_int_eq(cc_store_run(s.store, s.arena, insert_or_go_on, NULL, &s.err), CC_OK);
    cc_check_str(stores_get(&s, "P", "A"), CC_STR("first"));
    cc_check_str(stores_get(&s, "P", "B"), CC_STR("other"));
    stores_close(&s);
}
END_TEST

static enum cc_code delete_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_txn_delete(txn, *(struct cc_key *)arg, err);
}

START_TEST(what_was_deleted_is_gone_and_deleting_it_again_is_no_error)
{
    struct stores s;
    struct cc_key key = stores_key("P", "A");
    struct cc_item item = stores_item("P", "A", "again");

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "A", "first"));
    ck_assert_int_eq(cc_store_run(s.store, s.arena, delete_one, &key, &s.err), CC_OK);
    ck_assert_ptr_null(stores_get(&s, "P", "A").at);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, delete_one, &key, &s.err), CC_OK);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, insert_one, &item, &s.err), CC_OK);
    stores_close(&s);
}
END_TEST

static enum cc_code see_own_writes(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item a = stores_item("P", "K#1", "1"), b = stores_item("P", "K#2", "2");
    struct cc_item guard, got;
    const struct cc_range range = { .pk = CC_STR("P"),
                                    .from = CC_STR("K#"),
                                    .to = CC_STR("K#~"),
                                    .limit = 9,
                                    .guard = stores_key("P", "G") };
    struct cc_items *items = arg;

    if (cc_txn_get(txn, range.guard, &guard, err) != CC_NOT_FOUND ||
        cc_txn_put(txn, &a, err) != CC_OK || cc_txn_insert(txn, &b, err) != CC_OK ||
        cc_txn_get(txn, a.key, &got, err) != CC_OK || !cc_str_eq(got.body, a.body) ||
        cc_txn_insert(txn, &a, err) != CC_EXISTS || cc_txn_delete(txn, a.key, err) != CC_OK ||
        cc_txn_get(txn, a.key, &got, err) != CC_NOT_FOUND)
        return cc_fail(err, CC_INTERNAL, NULL, "did not see what it wrote");
    return cc_txn_query(txn, &range, items, err);
}

START_TEST(a_function_sees_what_it_wrote_itself)
{
    struct stores s;
    struct cc_items items;

    stores_open(&s, _i);
    ck_assert_msg(cc_store_run(s.store, s.arena, see_own_writes, &items, &s.err) == CC_OK, "%s",
                  s.err.cause);
    ck_assert_uint_eq(items.count, 1);
    cc_check_str(items.at[0].key.sk, CC_STR("K#2"));
    stores_close(&s);
}
END_TEST

struct many {
    struct cc_key keys[3];
    struct cc_item items[3];
};

static enum cc_code get_three(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct many *many = arg;

    return cc_txn_get_many(txn, many->keys, 3, many->items, err);
}

START_TEST(many_items_come_in_the_order_asked)
{
    struct stores s;
    struct many many = { .keys = { stores_key("P", "B"), stores_key("P", "NOBODY"),
                                   stores_key("P", "A") } };

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "A", "a"));
    stores_put(&s, stores_item("P", "B", "b"));
    ck_assert_int_eq(cc_store_view(s.store, s.arena, get_three, &many, &s.err), CC_OK);
    cc_check_str(many.items[0].body, CC_STR("b"));
    ck_assert_ptr_null(many.items[1].body.at);
    cc_check_str(many.items[2].body, CC_STR("a"));
    cc_check_str(many.items[2].key.sk, CC_STR("A"));
    stores_close(&s);
}
END_TEST

static enum cc_code get_into(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_item *item = arg;

    return cc_txn_get(txn, item->key, item, err);
}

#define HEAP 250

struct heap {
    struct cc_key keys[HEAP];
    struct cc_item items[HEAP];
};

static enum cc_code get_heap(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct heap *heap = arg;

    return cc_txn_get_many(txn, heap->keys, HEAP, heap->items, err);
}

/* More than a backend asks for at once; every third one is not there. */
START_TEST(hundreds_of_items_come_in_the_order_asked)
{
    struct stores s;
    struct heap heap;

    stores_open(&s, _i);
    for (int i = 0; i < HEAP; i++) {
        heap.keys[i] = stores_key("P", cc_str_format(s.arena, "N#%d", (i * 7) % HEAP).at);
        if (i % 3)
            stores_put(&s, stores_item("P", heap.keys[i].sk.at, heap.keys[i].sk.at));
    }
    ck_assert_int_eq(cc_store_view(s.store, s.arena, get_heap, &heap, &s.err), CC_OK);
    for (int i = 0; i < HEAP; i++) {
        cc_check_str(heap.items[i].key.sk, heap.keys[i].sk);
        cc_check_str(heap.items[i].body, i % 3 ? heap.keys[i].sk : CC_STR_ABSENT);
    }
    stores_close(&s);
}
END_TEST

START_TEST(an_item_comes_back_whole)
{
    struct stores s;
    struct cc_item in =
        stores_item("P\xc3\xa4", "A#\xe4\xb8\x8a", "{\"t\":\"\\u0000 \xf0\x9f\x98\x80\"}");
    struct cc_item out = { .key = in.key };

    stores_open(&s, _i);
    in.mrev = 7;
    in.expires_ms = INT64_C(1) << 52;
    stores_put(&s, in);
    ck_assert_int_eq(cc_store_view(s.store, s.arena, get_into, &out, &s.err), CC_OK);
    cc_check_str(out.key.pk, in.key.pk);
    cc_check_str(out.key.sk, in.key.sk);
    cc_check_str(out.body, in.body);
    ck_assert_int_eq(out.mrev, 7);
    ck_assert_int_eq(out.expires_ms, in.expires_ms);
    stores_close(&s);
}
END_TEST

/* --- views ------------------------------------------------------------------------------------ */

static enum cc_code write_and_say_nothing(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item item = stores_item("P", "A", "1");
    struct cc_err ignored = { 0 };

    (void)arg;
    (void)err;
    (void)!cc_txn_put(txn, &item, &ignored);
    return CC_OK;
}

START_TEST(a_write_inside_a_view_is_refused_even_if_the_function_overlooks_it)
{
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_view(s.store, s.arena, write_and_say_nothing, NULL, &s.err),
                     CC_INTERNAL);
    ck_assert_ptr_null(stores_get(&s, "P", "A").at);
    stores_close(&s);
}
END_TEST

/* --- ranges ----------------------------------------------------------------------------------- */

struct asked {
    struct cc_range range;
    struct cc_items items;
};

static enum cc_code query_into(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct asked *asked = arg;

    return cc_txn_query(txn, &asked->range, &asked->items, err);
}

/* The sort keys found, one after another, then '+' if there is more. */
static struct cc_str ask(struct stores *s, struct cc_range range)
{
    struct asked asked = { .range = range };
    struct cc_str parts[64];
    size_t count = 0;
    enum cc_code rc = cc_store_view(s->store, s->arena, query_into, &asked, &s->err);

    ck_assert_msg(rc == CC_OK, "%s", s->err.cause);
    for (size_t i = 0; i < asked.items.count; i++) {
        cc_check_str(asked.items.at[i].key.pk, range.pk);
        parts[count++] = cc_str_format(s->arena, "%.*s ", CC_STR_ARG(asked.items.at[i].key.sk));
    }
    if (asked.items.more)
        parts[count++] = CC_STR("+");
    return cc_str_join(s->arena, parts, count);
}

static void fill_partitions(struct stores *s)
{
    static const char *const sks[] = { "HEAD", "MSG#1", "MSG#2", "MSG#3", "MSG#4", "MSH#1" };

    for (size_t i = 0; i < CC_COUNT(sks); i++)
        stores_put(s, stores_item("P", sks[i], sks[i]));
    stores_put(s, stores_item("O", "MSG#9", "of another partition"));
    stores_put(s, stores_item("P#", "MSG#9", "of another partition"));
}

START_TEST(a_range_holds_both_its_ends_and_nothing_else)
{
    struct stores s;
    struct cc_range range = { .pk = CC_STR("P"), .limit = 50 };

    stores_open(&s, _i);
    fill_partitions(&s);
    range.from = CC_STR("MSG#2");
    range.to = CC_STR("MSG#3");
    cc_check_str(ask(&s, range), CC_STR("MSG#2 MSG#3 "));
    range.from = CC_STR("MSG#");
    range.to = CC_STR("MSG#~");
    cc_check_str(ask(&s, range), CC_STR("MSG#1 MSG#2 MSG#3 MSG#4 "));
    range.from = CC_STR("MSG#5");
    cc_check_str(ask(&s, range), CC_STR(""));
    range.pk = CC_STR("NOBODY");
    cc_check_str(ask(&s, range), CC_STR(""));
    stores_close(&s);
}
END_TEST

START_TEST(an_open_end_reaches_to_the_end_of_the_partition)
{
    struct stores s;
    struct cc_range range = { .pk = CC_STR("P"), .limit = 50 };

    stores_open(&s, _i);
    fill_partitions(&s);
    cc_check_str(ask(&s, range), CC_STR("HEAD MSG#1 MSG#2 MSG#3 MSG#4 MSH#1 "));
    range.from = CC_STR("MSG#4");
    cc_check_str(ask(&s, range), CC_STR("MSG#4 MSH#1 "));
    range.from = CC_STR_ABSENT;
    range.to = CC_STR("MSG#1");
    cc_check_str(ask(&s, range), CC_STR("HEAD MSG#1 "));
    stores_close(&s);
}
END_TEST

START_TEST(the_newest_come_first_when_asked_so)
{
    struct stores s;
    struct cc_range range = { .pk = CC_STR("P"),
                              .from = CC_STR("MSG#1"),
                              .to = CC_STR("MSG#4"),
                              .newest_first = true,
                              .limit = 2 };

    stores_open(&s, _i);
    fill_partitions(&s);
    cc_check_str(ask(&s, range), CC_STR("MSG#4 MSG#3 +"));
    range.to = CC_STR("MSG#2");
    cc_check_str(ask(&s, range), CC_STR("MSG#2 MSG#1 "));
    stores_close(&s);
}
END_TEST

START_TEST(more_is_said_only_when_there_is_more)
{
    struct stores s;
    struct cc_range range = { .pk = CC_STR("P"), .from = CC_STR("MSG#1"), .to = CC_STR("MSG#4") };

    stores_open(&s, _i);
    fill_partitions(&s);
    range.limit = 3;
    cc_check_str(ask(&s, range), CC_STR("MSG#1 MSG#2 MSG#3 +"));
    range.limit = 4;
    cc_check_str(ask(&s, range), CC_STR("MSG#1 MSG#2 MSG#3 MSG#4 "));
    range.limit = 5;
    cc_check_str(ask(&s, range), CC_STR("MSG#1 MSG#2 MSG#3 MSG#4 "));
    stores_close(&s);
}
END_TEST

START_TEST(a_whole_range_can_be_paged_through_both_ways)
{
    struct stores s;
    char seen[8], sk[16];

    stores_open(&s, _i);
    for (int i = 0; i < 7; i++) {
        snprintf(sk, sizeof(sk), "N#%d", i);
        stores_put(&s, stores_item("P", sk, "x"));
    }
    for (int back = 0; back < 2; back++) {
        struct asked asked = { .range = { .pk = CC_STR("P"),
                                          .from = CC_STR("N#"),
                                          .to = CC_STR("N#~"),
                                          .newest_first = back,
                                          .limit = 3 } };
        size_t count = 0;

        do {
            ck_assert_int_eq(cc_store_view(s.store, s.arena, query_into, &asked, &s.err), CC_OK);
            for (size_t i = 0; i < asked.items.count; i++)
                seen[count++] = asked.items.at[i].key.sk.at[2];
            if (back)
                asked.range.to = cc_str_format(s.arena, "N#%c", seen[count - 1] - 1);
            else
                asked.range.from = cc_str_format(s.arena, "N#%c", seen[count - 1] + 1);
        } while (asked.items.more);
        seen[count] = '\0';
        ck_assert_str_eq(seen, back ? "6543210" : "0123456");
    }
    stores_close(&s);
}
END_TEST

START_TEST(a_range_over_several_kinds_is_refused)
{
    static const char *const ends[][2] = { { "MSG#1", "MSH#1" },
                                           { "HEAD", "MSG#1" },
                                           { "A#", "B#" } };
    struct stores s;

    stores_open(&s, _i);
    for (size_t i = 0; i < CC_COUNT(ends); i++) {
        struct asked asked = { .range = { .pk = CC_STR("P"),
                                          .from = cc_str_from(ends[i][0]),
                                          .to = cc_str_from(ends[i][1]),
                                          .limit = 5 } };

        cc_err_clear(&s.err);
        ck_assert_int_eq(cc_store_view(s.store, s.arena, query_into, &asked, &s.err), CC_INTERNAL);
    }
    stores_close(&s);
}
END_TEST

START_TEST(a_limit_outside_1_to_1000_is_refused)
{
    const size_t limits[] = { 0, CC_QUERY_ITEMS_MAX + 1 };
    struct stores s;

    stores_open(&s, _i);
    for (size_t i = 0; i < CC_COUNT(limits); i++) {
        struct asked asked = { .range = { .pk = CC_STR("P"), .limit = limits[i] } };

        cc_err_clear(&s.err);
        ck_assert_int_eq(cc_store_view(s.store, s.arena, query_into, &asked, &s.err), CC_INTERNAL);
    }
    stores_close(&s);
}
END_TEST

/* --- the sparse index ------------------------------------------------------------------------- */

struct asked_changed {
    struct cc_changed changed;
    struct cc_items items;
};

static enum cc_code changed_into(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct asked_changed *asked = arg;

    return cc_txn_changed(txn, &asked->changed, &asked->items, err);
}

static struct cc_str ask_changed(struct stores *s, int64_t after, int64_t up_to, size_t limit)
{
    struct asked_changed asked = {
        .changed = { .pk = CC_STR("P"), .after = after, .up_to = up_to, .limit = limit }
    };
    struct cc_str parts[16];
    size_t count = 0;
    enum cc_code rc = cc_store_view(s->store, s->arena, changed_into, &asked, &s->err);

    ck_assert_msg(rc == CC_OK, "%s", s->err.cause);
    for (size_t i = 0; i < asked.items.count; i++)
        parts[count++] = cc_str_format(s->arena, "%.*s@%lld ", CC_STR_ARG(asked.items.at[i].key.sk),
                                       (long long)asked.items.at[i].mrev);
    if (asked.items.more)
        parts[count++] = CC_STR("+");
    return cc_str_join(s->arena, parts, count);
}

static void put_changed(struct stores *s, const char *pk, const char *sk, int64_t mrev)
{
    struct cc_item item = stores_item(pk, sk, "x");

    item.mrev = mrev;
    stores_put(s, item);
}

START_TEST(what_changed_comes_in_the_order_of_its_revision)
{
    struct stores s;

    stores_open(&s, _i);
    put_changed(&s, "P", "MSG#1", 9);
    put_changed(&s, "P", "MSG#2", 5);
    put_changed(&s, "P", "MSG#3", 0);
    put_changed(&s, "P", "MEMBER#a", 7);
    put_changed(&s, "O", "MSG#1", 6);
    cc_check_str(ask_changed(&s, 0, 100, 10), CC_STR("MSG#2@5 MEMBER#a@7 MSG#1@9 "));
    cc_check_str(ask_changed(&s, 5, 8, 10), CC_STR("MEMBER#a@7 "));
    cc_check_str(ask_changed(&s, 4, 9, 2), CC_STR("MSG#2@5 MEMBER#a@7 +"));
    cc_check_str(ask_changed(&s, 9, 100, 10), CC_STR(""));
    stores_close(&s);
}
END_TEST

START_TEST(ten_changes_of_one_item_are_one_row)
{
    struct stores s;

    stores_open(&s, _i);
    for (int64_t rev = 1; rev <= 10; rev++)
        put_changed(&s, "P", "MSG#1", rev);
    cc_check_str(ask_changed(&s, 0, 100, 10), CC_STR("MSG#1@10 "));
    put_changed(&s, "P", "MSG#1", 0);
    cc_check_str(ask_changed(&s, 0, 100, 10), CC_STR(""));
    stores_close(&s);
}
END_TEST

/* --- expiry ----------------------------------------------------------------------------------- */

static void put_expiring(struct stores *s, const char *sk, int64_t in_ms)
{
    struct cc_item item = stores_item("P", sk, "x");

    item.mrev = 1;
    item.expires_ms = s->clock.now_ms + in_ms;
    stores_put(s, item);
}

START_TEST(what_has_expired_does_not_exist)
{
    const struct cc_range range = { .pk = CC_STR("P"), .limit = 10 };
    struct stores s;

    stores_open(&s, _i);
    put_expiring(&s, "A#1", 1000);
    put_expiring(&s, "A#2", 5000);
    cc_check_str(ask(&s, range), CC_STR("A#1 A#2 "));
    s.clock.now_ms += 999;
    ck_assert_ptr_nonnull(stores_get(&s, "P", "A#1").at);
    s.clock.now_ms += 1;
    ck_assert_ptr_null(stores_get(&s, "P", "A#1").at);
    cc_check_str(ask(&s, range), CC_STR("A#2 "));
    cc_check_str(ask_changed(&s, 0, 9, 10), CC_STR("A#2@1 "));
    stores_close(&s);
}
END_TEST

START_TEST(an_insert_over_what_has_expired_succeeds)
{
    struct stores s;
    struct cc_item item = stores_item("P", "A", "new");

    stores_open(&s, _i);
    put_expiring(&s, "A", 1000);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, insert_one, &item, &s.err), CC_EXISTS);
    s.clock.now_ms += 1000;
    ck_assert_int_eq(cc_store_run(s.store, s.arena, insert_one, &item, &s.err), CC_OK);
    s.clock.now_ms += 100000000;
    cc_check_str(stores_get(&s, "P", "A"), CC_STR("new"));
    stores_close(&s);
}
END_TEST

START_TEST(a_sweep_takes_what_has_expired_and_nothing_else)
{
    struct stores s;
    size_t swept = 99;

    stores_open(&s, _i);
    put_expiring(&s, "A#1", 1000);
    put_expiring(&s, "A#2", 1000);
    put_expiring(&s, "A#3", 1000);
    put_expiring(&s, "A#4", 5000);
    stores_put(&s, stores_item("P", "A#5", "for ever"));
    ck_assert_int_eq(cc_store_sweep(s.store, 10, &swept, &s.err), CC_OK);
    ck_assert_uint_eq(swept, 0);
    s.clock.now_ms += 1000;
    ck_assert_int_eq(cc_store_sweep(s.store, 2, &swept, &s.err), CC_OK);
    ck_assert_uint_eq(swept, 2);
    ck_assert_int_eq(cc_store_sweep(s.store, 10, &swept, &s.err), CC_OK);
    ck_assert_uint_eq(swept, 1);
    cc_check_str(ask(&s, (struct cc_range){ .pk = CC_STR("P"), .limit = 9 }), CC_STR("A#4 A#5 "));
    stores_close(&s);
}
END_TEST

/* --- guards ----------------------------------------------------------------------------------- */

struct guarded {
    bool read_guard;
    bool peek;
    struct cc_range range;
};

static enum cc_code read_guarded(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct guarded *guarded = arg;
    struct cc_items items;
    struct cc_item item;
    enum cc_code rc = CC_OK;

    if (guarded->read_guard)
        rc = cc_txn_get(txn, guarded->range.guard, &item, err);
    if (rc == CC_OK && guarded->peek)
        rc = cc_txn_peek(txn, stores_key("P", "A#1"), guarded->range.guard, &item, err);
    else if (rc == CC_OK)
        rc = cc_txn_query(txn, &guarded->range, &items, err);
    return rc;
}

static enum cc_code try_guarded(struct stores *s, bool read_guard, bool peek)
{
    struct guarded guarded = { read_guard,
                               peek,
                               { .pk = CC_STR("P"),
                                 .from = CC_STR("A#"),
                                 .to = CC_STR("A#~"),
                                 .limit = 5,
                                 .guard = stores_key("P", "HEAD") } };

    cc_err_clear(&s->err);
    return cc_store_run(s->store, s->arena, read_guarded, &guarded, &s->err);
}

START_TEST(a_range_or_a_peek_needs_a_guard_that_was_read)
{
    struct stores s;

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "HEAD", "h"));
    stores_put(&s, stores_item("P", "A#1", "a"));
    ck_assert_int_eq(try_guarded(&s, true, false), CC_OK);
    ck_assert_int_eq(try_guarded(&s, true, true), CC_OK);
    ck_assert_int_eq(try_guarded(&s, false, false), CC_INTERNAL);
    ck_assert_int_eq(try_guarded(&s, false, true), CC_INTERNAL);
    stores_close(&s);
}
END_TEST

static enum cc_code guard_only_written(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item head = stores_item("P", "HEAD", "h");
    struct cc_item item;

    (void)arg;
    if (cc_txn_put(txn, &head, err) != CC_OK)
        return err->code;
    return cc_txn_peek(txn, stores_key("P", "A#1"), head.key, &item, err);
}

START_TEST(a_guard_that_was_only_written_is_none)
{
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, guard_only_written, NULL, &s.err), CC_INTERNAL);
    ck_assert_ptr_null(stores_get(&s, "P", "HEAD").at);
    stores_close(&s);
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

struct bulk {
    int items;
    size_t body_bytes;
    bool read;
};

static enum cc_code touch_many(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct bulk *bulk = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    char *body = cc_arena_alloc(arena, bulk->body_bytes + 1);
    enum cc_code rc = CC_OK;

    memset(body, 'x', bulk->body_bytes);
    for (int i = 0; i < bulk->items && rc == CC_OK; i++) {
        struct cc_item item = { .key = { CC_STR("P"), cc_str_format(arena, "A#%03d", i) },
                                .body = { body, bulk->body_bytes } };

        rc = bulk->read ? cc_txn_get(txn, item.key, &item, err) : cc_txn_put(txn, &item, err);
        if (rc == CC_NOT_FOUND)
            rc = CC_OK;
        if (rc == CC_OK && !bulk->read) /* the same item once more costs nothing more */
            rc = cc_txn_put(txn, &item, err);
    }
    return rc;
}

static enum cc_code try_bulk(struct stores *s, int items, size_t body_bytes, bool read)
{
    struct bulk bulk = { items, body_bytes, read };
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc;

    cc_err_clear(&s->err);
    rc = cc_store_run(s->store, arena, touch_many, &bulk, &s->err);
    cc_arena_free(arena);
    return rc;
}

START_TEST(a_transaction_touches_at_most_100_items)
{
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(try_bulk(&s, 101, 1, false), CC_INTERNAL);
    ck_assert_ptr_null(stores_get(&s, "P", "A#000").at);
    ck_assert_int_eq(try_bulk(&s, 100, 1, false), CC_OK);
    ck_assert_int_eq(try_bulk(&s, 100, 1, true), CC_OK);
    ck_assert_int_eq(try_bulk(&s, 101, 1, true), CC_INTERNAL);
    stores_close(&s);
}
END_TEST

START_TEST(a_transaction_writes_at_most_4_MB)
{
    const size_t body = 170 * 1024;
    const int fit = (int)(CC_TXN_BYTES_MAX / (body + 6));
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(try_bulk(&s, fit + 1, body, false), CC_INTERNAL);
    ck_assert_int_eq(try_bulk(&s, fit, body, false), CC_OK);
    stores_close(&s);
}
END_TEST

START_TEST(an_item_holds_at_most_180_KB)
{
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(try_bulk(&s, 1, CC_ITEM_BYTES_MAX - 6, false), CC_OK);
    ck_assert_int_eq(try_bulk(&s, 1, CC_ITEM_BYTES_MAX - 5, false), CC_INTERNAL);
    stores_close(&s);
}
END_TEST

START_TEST(a_range_gives_at_most_1_MB_and_says_that_there_is_more)
{
    struct stores s;
    struct asked asked = {
        .range = { .pk = CC_STR("P"), .from = CC_STR("A#"), .to = CC_STR("A#~"), .limit = 100 }
    };

    stores_open(&s, _i);
    ck_assert_int_eq(try_bulk(&s, 12, 170 * 1024, false), CC_OK);
    ck_assert_int_eq(cc_store_view(s.store, s.arena, query_into, &asked, &s.err), CC_OK);
    ck_assert(asked.items.more);
    ck_assert_uint_ge(asked.items.count, 6);
    ck_assert_uint_le(asked.items.count, 7);
    stores_close(&s);
}
END_TEST

START_TEST(keys_that_no_backend_could_hold_are_refused)
{
    static char long_key[CC_KEY_BYTES_MAX + 2];
    struct stores s;
    struct cc_item items[] = {
        stores_item("", "A", "x"),
        stores_item("P", "", "x"),
        stores_item(NULL, "A", "x"),
        stores_item("P", "A", NULL),
        { .key = { CC_STR("P"), CC_STR("A\0B") }, .body = CC_STR("x") },
        stores_item("P", long_key, "x"),
    };

    memset(long_key, 'k', CC_KEY_BYTES_MAX + 1);
    items[5] = stores_item("P", long_key, "x");
    stores_open(&s, _i);
    for (size_t i = 0; i < CC_COUNT(items); i++) {
        cc_err_clear(&s.err);
        ck_assert_int_eq(cc_store_run(s.store, s.arena, insert_one, &items[i], &s.err),
                         CC_INTERNAL);
    }
    long_key[CC_KEY_BYTES_MAX] = '\0';
    items[5] = stores_item("P", long_key, "x");
    cc_err_clear(&s.err);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, insert_one, &items[5], &s.err), CC_OK);
    stores_close(&s);
}
END_TEST

static enum cc_code overlook_a_limit(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_err ignored = { 0 };

    (void)!touch_many(txn, arg, &ignored);
    (void)err;
    return CC_OK;
}

START_TEST(a_function_that_overlooks_a_limit_commits_nothing)
{
    struct stores s;
    struct bulk bulk = { 101, 1, false };

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, overlook_a_limit, &bulk, &s.err), CC_INTERNAL);
    ck_assert_ptr_null(stores_get(&s, "P", "A#000").at);
    stores_close(&s);
}
END_TEST

STORES_MAIN(
    "contract/store_items", what_a_function_wrote_is_there_when_run_returns,
    a_refusal_undoes_everything_and_is_passed_on, a_refusal_without_a_word_still_has_an_err,
    a_refusal_can_leave_a_trace, what_was_written_is_there_after_opening_again,
    the_epoch_stays_the_same_and_differs_between_stores, a_new_store_can_take_reads_and_writes,
    a_run_inside_a_run_is_refused, inserting_what_is_there_is_refused_and_changes_nothing,
    a_function_may_go_on_after_exists, what_was_deleted_is_gone_and_deleting_it_again_is_no_error,
    a_function_sees_what_it_wrote_itself, many_items_come_in_the_order_asked,
    hundreds_of_items_come_in_the_order_asked, an_item_comes_back_whole,
    a_write_inside_a_view_is_refused_even_if_the_function_overlooks_it,
    a_range_holds_both_its_ends_and_nothing_else, an_open_end_reaches_to_the_end_of_the_partition,
    the_newest_come_first_when_asked_so, more_is_said_only_when_there_is_more,
    a_whole_range_can_be_paged_through_both_ways, a_range_over_several_kinds_is_refused,
    a_limit_outside_1_to_1000_is_refused, what_changed_comes_in_the_order_of_its_revision,
    ten_changes_of_one_item_are_one_row, what_has_expired_does_not_exist,
    an_insert_over_what_has_expired_succeeds, a_sweep_takes_what_has_expired_and_nothing_else,
    a_range_or_a_peek_needs_a_guard_that_was_read, a_guard_that_was_only_written_is_none,
    a_transaction_touches_at_most_100_items, a_transaction_writes_at_most_4_MB,
    an_item_holds_at_most_180_KB, a_range_gives_at_most_1_MB_and_says_that_there_is_more,
    keys_that_no_backend_could_hold_are_refused, a_function_that_overlooks_a_limit_commits_nothing)
