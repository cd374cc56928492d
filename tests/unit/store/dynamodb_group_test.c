/* Functions that touch the same item and share a commit, on the mock: what each of them is told,
 * and what DynamoDB is asked for. */
#include "tests/unit/store/mock_store.h"

#include <stdio.h>

#define OTHERS 5

struct other {
    struct fixture *f;
    struct job job;
    char sk[8];
    enum cc_code rc;
    pthread_t thread;
};

static void *run_other(void *arg)
{
    struct other *other = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_err err = { 0 };

    other->rc = cc_store_run(other->f->store, arena, do_job, &other->job, &err);
    cc_arena_free(arena);
    return NULL;
}

static void start_other(struct fixture *f, struct other *other, int number, enum cc_code verdict)
{
    *other = (struct other){ .f = f, .job = change("HEAD") };
    snprintf(other->sk, sizeof(other->sk), "MSG#%d", number);
    other->job.insert = stores_key("P", other->sk);
    other->job.verdict = verdict;
    other->job.refuses_from = 2; /* alone it would not even wait */
    pthread_create(&other->thread, NULL, run_other, other);
}

static void wait_for_requests(struct fixture *f, size_t count)
{
    const int64_t deadline_ms = stores_now_ms() + 20000;

    while (mock_count(&f->mock) < count)
        stores_pause(deadline_ms);
}

/* The first one's commit is on its way, and the others have read the item that it changes. */
static void start_all(struct fixture *f, struct other *others, int refused)
{
    const size_t opened = mock_count(&f->mock);
    const int64_t deadline_ms = stores_now_ms() + 20000;

    MOCK_EXPECT(&f->mock, { "GetItem", 200, GOT("HEAD", "v1", NUMBER(1)) },
                { "TransactWriteItems", -1, "{}" });
    start_other(f, &others[0], 0, CC_OK);
    wait_for_requests(f, opened + 2);
    for (int i = 1; i < OTHERS; i++)
        MOCK_EXPECT(&f->mock, { "GetItem", 200, GOT("HEAD", "v1", NUMBER(1)) });
    for (int i = 1; i < OTHERS; i++)
        start_other(f, &others[i], i, i == refused ? CC_CONFLICT : CC_OK);
    wait_for_requests(f, opened + 2 + (OTHERS - 1));
    while (!stores_others_sleep(OTHERS))
        stores_pause(deadline_ms);
}

static void finish_all(struct fixture *f, struct other *others)
{
    atomic_store(&f->mock.let_go, true);
    for (int i = 0; i < OTHERS; i++)
        pthread_join(others[i].thread, NULL);
}

START_TEST(functions_that_wait_for_the_same_item_share_a_commit_and_ask_for_nothing)
{
    struct other others[OTHERS];
    struct fixture f;
    const char *second;

    open_store(&f);
    start_all(&f, others, -1);
    MOCK_EXPECT(&f.mock, { "TransactWriteItems", 200, "{}" });
    finish_all(&f, others);
    for (int i = 0; i < OTHERS; i++)
        ck_assert_int_eq(others[i].rc, CC_OK);
    second = mock_body(&f.mock, -1);
    for (int i = 1; i < OTHERS; i++)
        check_has(second, others[i].sk);
    ck_assert_ptr_null(strstr(strstr(second, "\"HEAD\"") + 1, "\"HEAD\""));
    check_has_not(second, "\"S\":\"v1\"");
    close_store(&f);
}
END_TEST

START_TEST(a_member_that_refuses_is_left_out_of_the_commit)
{
    struct other others[OTHERS];
    struct fixture f;

    open_store(&f);
    start_all(&f, others, 2);
    MOCK_EXPECT(&f.mock, { "TransactWriteItems", 200, "{}" });
    finish_all(&f, others);
    for (int i = 0; i < OTHERS; i++)
        ck_assert_int_eq(others[i].rc, i == 2 ? CC_CONFLICT : CC_OK);
    check_has(mock_body(&f.mock, -1), "{\"ConditionCheck\":{\"TableName\":\"t\",\"Key\":{\"pk\":{"
                                      "\"S\":\"P\"},\"sk\":{\"S\":\"MSG#2\"}}");
    close_store(&f);
}
END_TEST

START_TEST(when_the_common_commit_is_unknown_it_is_so_for_all)
{
    struct other others[OTHERS];
    struct fixture f;

    open_store(&f);
    start_all(&f, others, -1);
    MOCK_EXPECT(&f.mock, { "TransactWriteItems", 0, NULL }, { "TransactWriteItems", 0, NULL },
                { "TransactWriteItems", 0, NULL }, { "TransactWriteItems", 0, NULL });
    finish_all(&f, others);
    ck_assert_int_eq(others[0].rc, CC_OK);
    for (int i = 1; i < OTHERS; i++)
        ck_assert_int_eq(others[i].rc, CC_OUTCOME_UNKNOWN);
    close_store(&f);
}
END_TEST

/* Another host was quicker: its item is read once for all of them. */
START_TEST(a_common_race_that_is_lost_is_run_again_by_all)
{
    struct other others[OTHERS];
    struct fixture f;

    open_store(&f);
    start_all(&f, others, -1);
    MOCK_EXPECT(
        &f.mock,
        { "TransactWriteItems", 400, CANCELLED(FAILED "," NONE "," NONE "," NONE "," NONE) },
        { "GetItem", 200, GOT("HEAD", "v9", NUMBER(9)) }, { "TransactWriteItems", 200, "{}" });
    finish_all(&f, others);
    for (int i = 0; i < OTHERS; i++)
        ck_assert_int_eq(others[i].rc, CC_OK);
    check_has(mock_body(&f.mock, -1), "\":v\":{\"S\":\"v9\"}");
    for (int i = 1; i < OTHERS; i++)
        ck_assert_int_eq(others[i].job.runs, 3);
    close_store(&f);
}
END_TEST

/* One leads a commit into which the other, who waits behind it, does not fit. */
struct crowd {
    struct fixture f;
    struct cc_str seen; /* what the leader found that the other one had read */
    int runs;           /* of the leader */
    enum cc_code rc;    /* of the other one */
    _Atomic bool gone;  /* the other one */
};

static enum cc_code change_head(struct cc_txn *txn, struct cc_err *err)
{
    struct cc_item item = { .key = stores_key("P", "HEAD") };
    enum cc_code rc = cc_txn_get(txn, item.key, &item, err);

    return rc == CC_OK ? cc_txn_put(txn, &item, err) : rc;
}

/* Looks at X only when it leads, and then for the second time when the other one has gone. */
static enum cc_code lead(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const int64_t deadline_ms = stores_now_ms() + 20000;
    struct cc_item item = { .key = stores_key("P", "MSG"), .body = CC_STR("{}") };
    struct crowd *crowd = arg;
    enum cc_code rc = change_head(txn, err);

    if (rc == CC_OK)
        rc = cc_txn_insert(txn, &item, err);
    crowd->runs++;
    while (crowd->runs == 3 && !atomic_load(&crowd->gone))
        stores_pause(deadline_ms);
    if (rc == CC_OK && crowd->runs > 1)
        rc = cc_txn_get(txn, stores_key("P", "X"), &item, err);
    if (rc == CC_OK)
        crowd->seen = item.body;
    return rc;
}

static enum cc_code need_all_room(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_item item;
    enum cc_code rc = change_head(txn, err);

    (void)arg;
    if (rc == CC_OK)
        rc = cc_txn_get(txn, stores_key("P", "X"), &item, err);
    for (int i = 2; i < CC_TXN_ITEMS_MAX && rc == CC_OK; i++) {
        item.key.sk = cc_str_format(cc_txn_arena(txn), "N#%d", i);
        rc = cc_txn_insert(txn, &item, err);
    }
    return rc;
}

/* Its memory is soon another's. */
static void *wait_in_vain(void *arg)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct crowd *crowd = arg;
    struct cc_err err = { 0 };

    crowd->rc = cc_store_run(crowd->f.store, arena, need_all_room, NULL, &err);
    cc_arena_reset(arena);
    memset(cc_arena_alloc(arena, 15 * 1024), 'x', 15 * 1024);
    atomic_store(&crowd->gone, true);
    return arena;
}

static void *lead_the_next(void *arg)
{
    struct crowd *crowd = arg;

    ck_assert_int_eq(cc_store_run(crowd->f.store, crowd->f.arena, lead, crowd, &crowd->f.err),
                     CC_OK);
    return NULL;
}

/* Starts it, and waits until it has asked for so much and waits in its turn. */
static pthread_t start_and_wait(struct crowd *crowd, void *(*work)(void *), size_t asked)
{
    const size_t before = mock_count(&crowd->f.mock);
    const int64_t deadline_ms = stores_now_ms() + 20000;
    pthread_t thread;

    pthread_create(&thread, NULL, work, crowd);
    wait_for_requests(&crowd->f, before + asked);
    while (!stores_others_sleep(2))
        stores_pause(deadline_ms);
    return thread;
}

/* What a member had read was once the leader's without being copied: it was used after the member
 * had waited too long and gone. */
START_TEST(what_a_member_had_read_outlives_it)
{
    struct crowd crowd = { .runs = 0 };
    struct fixture *f = &crowd.f;
    struct other first;
    pthread_t leader, member;
    void *arena;

    open_store_for(f, 1500);
    MOCK_EXPECT(&f->mock, { "GetItem", 200, GOT("HEAD", "v1", NUMBER(1)) },
                { "TransactWriteItems", -1, "{}" }, { "GetItem", 200, GOT("HEAD", "v1", "") },
                { "GetItem", 200, GOT("HEAD", "v1", "") }, { "GetItem", 200, GOT("X", "x1", "") },
                { "TransactWriteItems", 400, CANCELLED(FAILED "," NONE "," NONE) },
                { "GetItem", 200, GOT("HEAD", "v9", "") }, { "TransactWriteItems", 200, "{}" });
    start_other(f, &first, 0, CC_OK);
    wait_for_requests(f, 4);
    leader = start_and_wait(&crowd, lead_the_next, 1);
    member = start_and_wait(&crowd, wait_in_vain, 2);
    atomic_store(&f->mock.let_go, true);
    pthread_join(first.thread, NULL);
    pthread_join(leader, NULL);
    pthread_join(member, &arena);
    ck_assert_int_eq(crowd.rc, CC_UNAVAILABLE);
    ck_assert_int_eq(crowd.runs, 3);
    cc_check_str(crowd.seen, CC_STR("{}"));
    check_has(mock_body(&f->mock, -1), "\":v\":{\"S\":\"x1\"}");
    cc_arena_free(arena);
    close_store(f);
}
END_TEST

/* More than half of what a transaction may hold. */
struct heavy {
    struct fixture *f;
    const char *name;
    enum cc_code rc;
};

static enum cc_code insert_much(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const size_t size = (size_t)150 * 1024;
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct heavy *heavy = arg;
    char *body = cc_arena_alloc(arena, size);
    struct cc_item item = { .body = { body, size } };
    enum cc_code rc = change_head(txn, err);

    memset(body, 'x', size);
    memcpy(body, "{\"x\":\"", 6);
    memcpy(body + size - 2, "\"}", 2);
    for (int i = 0; i < 14 && rc == CC_OK; i++) {
        item.key.pk = CC_STR("P");
        item.key.sk = cc_str_format(arena, "%s#%d", heavy->name, i);
        rc = cc_txn_insert(txn, &item, err);
    }
    return rc;
}

static void *run_heavy(void *arg)
{
    struct heavy *heavy = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_err err = { 0 };

    heavy->rc = cc_store_run(heavy->f->store, arena, insert_much, heavy, &err);
    cc_arena_free(arena);
    return NULL;
}

START_TEST(what_would_be_more_than_4_MB_together_goes_one_after_the_other)
{
    struct fixture f;
    struct heavy heavies[] = { { &f, "B", CC_INTERNAL }, { &f, "C", CC_INTERNAL } };
    const int64_t deadline_ms = stores_now_ms() + 20000;
    struct other first;
    pthread_t threads[2];

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("HEAD", "v1", "") },
                { "TransactWriteItems", -1, "{}" }, { "GetItem", 200, GOT("HEAD", "v1", "") },
                { "GetItem", 200, GOT("HEAD", "v1", "") }, { "TransactWriteItems", 200, "{}" },
                { "TransactWriteItems", 200, "{}" });
    start_other(&f, &first, 0, CC_OK);
    wait_for_requests(&f, 4);
    for (size_t i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, run_heavy, &heavies[i]);
        wait_for_requests(&f, 5 + i);
        while (!stores_others_sleep(2))
            stores_pause(deadline_ms);
    }
    atomic_store(&f.mock.let_go, true);
    pthread_join(first.thread, NULL);
    for (size_t i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(heavies[i].rc, CC_OK);
    }
    check_has(mock_body(&f.mock, -2), "\"B#13\"");
    check_has_not(mock_body(&f.mock, -2), "\"C#");
    check_has(mock_body(&f.mock, -1), "\"C#13\"");
    close_store(&f);
}
END_TEST

CC_CHECK_MAIN("store/dynamodb_group",
              functions_that_wait_for_the_same_item_share_a_commit_and_ask_for_nothing,
              a_member_that_refuses_is_left_out_of_the_commit,
              when_the_common_commit_is_unknown_it_is_so_for_all,
              a_common_race_that_is_lost_is_run_again_by_all, what_a_member_had_read_outlives_it,
              what_would_be_more_than_4_MB_together_goes_one_after_the_other)
