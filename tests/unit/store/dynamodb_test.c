/* What the DynamoDB backend makes of answers that a counterpart does not give when told to. The
 * server of these tests is a mock. */
#include "tests/unit/store/mock_dynamodb.h"

#include "tests/contract/stores_dynamodb.h"

#include <stdio.h>

/* --- a store on the mock ---------------------------------------------------------------------- */

#define ROW(sk, v, body)                                                                           \
    "{\"pk\":{\"S\":\"P\"},\"sk\":{\"S\":\"" sk "\"},\"v\":{\"S\":\"" v "\"}" body "}"
#define GOT(sk, v, body) "{\"Item\":" ROW(sk, v, body) "}"
#define NUMBER(n) ",\"n\":{\"N\":\"" #n "\"}"
#define CANCELLED(reasons)                                                                         \
    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#TransactionCanceledException\","               \
    "\"Message\":\"cancelled\",\"CancellationReasons\":[" reasons "]}"
#define NONE "{\"Code\":\"None\"}"
#define FAILED                                                                                     \
    "{\"Code\":\"ConditionalCheckFailed\",\"Message\":\"The conditional request failed\"}"

struct fixture {
    struct mock mock;
    struct cc_arena *arena;
    struct cc_log log;
    struct cc_store *store;
    struct cc_err err;
};

static void open_store_for(struct fixture *f, int64_t wait_ms)
{
    struct cc_dynamodb_config config = { .table = CC_STR("t"),
                                         .wait_ms = wait_ms,
                                         .clock = &cc_system_clock,
                                         .random = &cc_system_random };
    const char *meta = "{\"Responses\":{\"t\":["
                       "{\"pk\":{\"S\":\"META\"},\"sk\":{\"S\":\"EPOCH\"},\"v\":{\"S\":\"e\"},"
                       "\"name\":{\"S\":\"history\"}},"
                       "{\"pk\":{\"S\":\"META\"},\"sk\":{\"S\":\"SCHEMA\"},\"v\":{\"S\":\"s\"},"
                       "\"layout\":{\"N\":\"1\"}}]},\"UnprocessedKeys\":{}}";
    const char *same = "{\"Responses\":[{\"Item\":{\"v\":{\"S\":\"s\"}}},"
                       "{\"Item\":{\"v\":{\"S\":\"e\"}}},{}]}";

    memset(f, 0, sizeof(*f));
    mock_open(&f->mock);
    f->arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    f->log = (struct cc_log){
        .fd = 2, .program = "test", .level = CC_LOG_ERROR, .clock = &cc_system_clock
    };
    config.aws = stores_aws_open(f->arena, &f->log, f->mock.endpoint);
    MOCK_EXPECT(&f->mock, { "BatchGetItem", 200, meta }, { "TransactGetItems", 200, same });
    ck_assert_msg(cc_store_open_dynamodb(&config, &f->store, &f->err) == CC_OK, "%s", f->err.cause);
    cc_check_str(cc_store_epoch(f->store), CC_STR("history"));
}

static void open_store(struct fixture *f)
{
    open_store_for(f, 0);
}

static void close_store(struct fixture *f)
{
    mock_check(&f->mock);
    cc_store_close(f->store);
    cc_arena_free(f->arena);
    mock_close(&f->mock);
}

static void check_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text);
}

static void check_has_not(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "%s in %s", part, text);
}

/* --- functions -------------------------------------------------------------------------------- */

struct job {
    struct cc_key read, put, insert; /* those that are set, in this order */
    enum cc_code found;              /* what the insert said */
    enum cc_code verdict;
    int refuses_from; /* which run on it is its verdict */
    int runs;
};

static enum cc_code do_job(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct job *job = arg;
    struct cc_item item = { .body = CC_STR("{\"n\":1}") };
    enum cc_code rc = CC_OK;

    job->runs++;
    if (job->read.sk.at)
        rc = cc_txn_get(txn, job->read, &item, err);
    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    item = (struct cc_item){ .key = job->put, .body = CC_STR("{\"n\":1}") };
    rc = job->put.sk.at ? cc_txn_put(txn, &item, err) : CC_OK;
    item.key = job->insert;
    if (rc == CC_OK && job->insert.sk.at) {
        job->found = cc_txn_insert(txn, &item, err);
        rc = job->found == CC_EXISTS ? CC_OK : job->found;
    }
    return rc == CC_OK && job->verdict != CC_OK && job->runs >= job->refuses_from
               ? cc_fail(err, job->verdict, "No.", "refused")
               : rc;
}

static enum cc_code run(struct fixture *f, struct job *job)
{
    cc_err_clear(&f->err);
    return cc_store_run(f->store, f->arena, do_job, job, &f->err);
}

static struct job change(const char *sk)
{
    return (struct job){ .read = stores_key("P", sk), .put = stores_key("P", sk) };
}

/* --- commits ---------------------------------------------------------------------------------- */

START_TEST(a_lost_race_runs_the_function_again_on_what_is_there_then)
{
    struct job job = change("A");
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                { "TransactWriteItems", 400, CANCELLED(FAILED) },
                { "GetItem", 200, GOT("A", "v2", NUMBER(2)) }, { "TransactWriteItems", 200, "{}" });
    ck_assert_int_eq(run(&f, &job), CC_OK);
    ck_assert_int_eq(job.runs, 2);
    check_has(mock_body(&f.mock, -4), "\"ConsistentRead\":true");
    check_has(mock_body(&f.mock, -3), "\"ConditionExpression\":\"v = :v\"");
    check_has(mock_body(&f.mock, -3), "\":v\":{\"S\":\"v1\"}");
    check_has(mock_body(&f.mock, -1), "\":v\":{\"S\":\"v2\"}");
    close_store(&f);
}
END_TEST

/* What was not to blame is not asked for again; the next commit checks it as it is known. */
START_TEST(only_what_was_lost_is_read_again)
{
    struct job job = { .read = stores_key("P", "A"), .put = stores_key("P", "B") };
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                { "TransactWriteItems", 400,
                  CANCELLED(NONE ",{\"Code\":\"TransactionConflict\",\"Message\":null}") },
                { "TransactWriteItems", 200, "{}" });
    ck_assert_int_eq(run(&f, &job), CC_OK);
    check_has(mock_body(&f.mock, -1), "{\"ConditionCheck\":");
    check_has(mock_body(&f.mock, -1), "\":v\":{\"S\":\"v1\"}");
    close_store(&f);
}
END_TEST

START_TEST(what_was_absent_must_still_be_absent)
{
    struct job job = change("A");
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, "{}" }, { "TransactWriteItems", 200, "{}" });
    ck_assert_int_eq(run(&f, &job), CC_OK);
    check_has(mock_body(&f.mock, -1), "\"ConditionExpression\":\"attribute_not_exists(pk)\"");
    close_store(&f);
}
END_TEST

START_TEST(an_insert_asks_nobody_and_is_told_when_it_was_wrong)
{
    struct job job = { .insert = stores_key("P", "A") };
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "TransactWriteItems", 400, CANCELLED(FAILED) },
                { "GetItem", 200, GOT("A", "v1", NUMBER(1)) });
    ck_assert_int_eq(run(&f, &job), CC_OK);
    ck_assert_int_eq(job.found, CC_EXISTS);
    ck_assert_int_eq(job.runs, 2);
    close_store(&f);
}
END_TEST

/* A function that was told what is not so, and refused for its sake. */
START_TEST(a_refusal_after_a_wrong_guess_is_not_believed)
{
    struct job job = { .insert = stores_key("P", "A"), .verdict = CC_CONFLICT };
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "TransactGetItems", 200, "{\"Responses\":[" GOT("A", "v1", "") "]}" },
                { "GetItem", 200, GOT("A", "v1", NUMBER(1)) });
    ck_assert_int_eq(run(&f, &job), CC_CONFLICT);
    ck_assert_int_eq(job.runs, 2);
    ck_assert_int_eq(job.found, CC_EXISTS);
    close_store(&f);
}
END_TEST

START_TEST(an_unknown_outcome_is_settled_by_the_same_bytes)
{
    struct job job = change("A");
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                { "TransactWriteItems", 0, NULL },
                { "TransactWriteItems", 500, "{\"__type\":\"InternalServerError\"}" },
                { "TransactWriteItems", 200, "{}" });
    ck_assert_int_eq(run(&f, &job), CC_OK);
    ck_assert_int_eq(job.runs, 1);
    check_has(mock_body(&f.mock, -3), "\"ClientRequestToken\":");
    ck_assert_str_eq(mock_body(&f.mock, -3), mock_body(&f.mock, -2));
    ck_assert_str_eq(mock_body(&f.mock, -3), mock_body(&f.mock, -1));
    close_store(&f);
}
END_TEST

START_TEST(an_outcome_that_stays_unknown_is_said_to_be)
{
    struct job job = change("A");
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                { "TransactWriteItems", 0, NULL }, { "TransactWriteItems", 0, NULL },
                { "TransactWriteItems", 0, NULL }, { "TransactWriteItems", 0, NULL });
    ck_assert_int_eq(run(&f, &job), CC_OUTCOME_UNKNOWN);
    ck_assert_int_eq(job.runs, 1);
    close_store(&f);
}
END_TEST

/* The table can have gone between the two, or the keys that may write to it. */
START_TEST(an_error_after_an_unknown_outcome_is_no_word_about_that)
{
    struct job job = change("A");
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                { "TransactWriteItems", 0, NULL },
                { "TransactWriteItems", 400, "{\"__type\":\"ResourceNotFoundException\"}" });
    ck_assert_int_eq(run(&f, &job), CC_OUTCOME_UNKNOWN);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                { "TransactWriteItems", 400, "{\"__type\":\"ResourceNotFoundException\"}" });
    ck_assert_int_eq(run(&f, &job), CC_UNAVAILABLE);
    close_store(&f);
}
END_TEST

START_TEST(a_read_that_fails_to_the_end_did_nothing)
{
    struct job job = change("A");
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 0, NULL }, { "GetItem", 0, NULL }, { "GetItem", 0, NULL },
                { "GetItem", 0, NULL });
    ck_assert_int_eq(run(&f, &job), CC_UNAVAILABLE);
    close_store(&f);
}
END_TEST

START_TEST(a_room_that_is_full_says_so)
{
    struct job job = change("A");
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                { "TransactWriteItems", 400,
                  CANCELLED("{\"Code\":\"ItemCollectionSizeLimitExceeded\","
                            "\"Message\":\"Collection size exceeded.\"}") });
    ck_assert_int_eq(run(&f, &job), CC_STORAGE_FULL);
    ck_assert_ptr_nonnull(strstr(f.err.detail, "10 GB"));
    close_store(&f);
}
END_TEST

START_TEST(a_throttled_item_is_tried_again_and_a_wrong_request_is_not)
{
    struct job job = change("A");
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                { "TransactWriteItems", 400, CANCELLED("{\"Code\":\"ThrottlingError\"}") },
                { "TransactWriteItems", 400,
                  CANCELLED("{\"Code\":\"ValidationError\",\"Message\":\"Item size\"}") });
    ck_assert_int_eq(run(&f, &job), CC_INTERNAL);
    ck_assert_ptr_nonnull(strstr(f.err.cause, "Item size"));
    close_store(&f);
}
END_TEST

START_TEST(reasons_that_make_no_sense_are_an_error)
{
    static const char *const answers[] = {
        CANCELLED(""),
        CANCELLED(NONE),
        CANCELLED(FAILED "," FAILED),
        CANCELLED("7"),
        "{\"__type\":\"TransactionCanceledException\"}",
    };

    for (size_t i = 0; i < CC_COUNT(answers); i++) {
        struct job job = change("A");
        struct fixture f;

        open_store(&f);
        MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("A", "v1", NUMBER(1)) },
                    { "TransactWriteItems", 400, answers[i] });
        ck_assert_int_eq(run(&f, &job), CC_INTERNAL);
        close_store(&f);
    }
}
END_TEST

/* Between two tries of a PutItem another one may have read the first and written over it: the
 * second would undo that. A token makes them one. */
START_TEST(one_write_that_depends_on_nothing_is_not_done_twice_either)
{
    struct job job = { .put = stores_key("P", "A") };
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "TransactWriteItems", 0, NULL }, { "TransactWriteItems", 200, "{}" });
    ck_assert_int_eq(run(&f, &job), CC_OK);
    check_has(mock_body(&f.mock, -2), "\"ClientRequestToken\":");
    ck_assert_str_eq(mock_body(&f.mock, -2), mock_body(&f.mock, -1));
    check_has_not(mock_body(&f.mock, -1), "Condition");
    close_store(&f);
}
END_TEST

/* --- reads ------------------------------------------------------------------------------------ */

struct looking {
    struct cc_key keys[3];
    struct cc_item items[3];
    size_t count;
    int runs;
};

static enum cc_code look(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct looking *l = arg;

    l->runs++;
    return cc_txn_get_many(txn, l->keys, l->count, l->items, err);
}

static struct looking at_three(void)
{
    return (struct looking){
        .keys = { stores_key("P", "A"), stores_key("P", "B"), stores_key("P", "C") }, .count = 3
    };
}

START_TEST(reads_that_decide_together_are_confirmed_together)
{
    struct looking l = at_three();
    struct fixture f;

    l.count = 2;
    open_store(&f);
    MOCK_EXPECT(
        &f.mock,
        { "BatchGetItem", 200,
          "{\"Responses\":{\"t\":[" ROW("A", "a1", "") "]},\"UnprocessedKeys\":{}}" },
        { "TransactGetItems", 200,
          "{\"Responses\":[{\"Item\":{\"v\":{\"S\":\"a1\"}}},{\"Item\":{\"v\":{\"S\":\"b1\"}}}]}" },
        { "GetItem", 200, GOT("B", "b1", "") },
        { "TransactGetItems", 200,
          "{\"Responses\":[{\"Item\":{\"v\":{\"S\":\"b1\"}}},{\"Item\":{\"v\":{\"S\":\"a1\"}}}]"
          "}" });
    ck_assert_int_eq(cc_store_run(f.store, f.arena, look, &l, &f.err), CC_OK);
    ck_assert_int_eq(l.runs, 2);
    ck_assert_ptr_nonnull(l.items[1].body.at);
    close_store(&f);
}
END_TEST

START_TEST(a_confirmation_of_fewer_items_than_were_asked_for_is_none)
{
    struct looking l = at_three();
    struct fixture f;

    l.count = 2;
    open_store(&f);
    MOCK_EXPECT(&f.mock,
                { "BatchGetItem", 200,
                  "{\"Responses\":{\"t\":[" ROW("A", "a1", "") "]},\"UnprocessedKeys\":{}}" },
                { "TransactGetItems", 200, "{\"Responses\":[{\"Item\":{\"v\":{\"S\":\"a1\"}}}]}" });
    ck_assert_int_eq(cc_store_run(f.store, f.arena, look, &l, &f.err), CC_INTERNAL);
    close_store(&f);
}
END_TEST

#define LEFT_OUT                                                                                   \
    {                                                                                              \
        "BatchGetItem", 200,                                                                       \
            "{\"Responses\":{\"t\":[]},\"UnprocessedKeys\":"                                       \
            "{\"t\":{\"Keys\":[{\"sk\":{\"S\":\"B\"},\"pk\":{\"S\":\"P\"}}]}}}"                    \
    }

START_TEST(keys_that_are_always_left_out_are_given_up)
{
    struct looking l = at_three();
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, LEFT_OUT, LEFT_OUT, LEFT_OUT, LEFT_OUT, LEFT_OUT, LEFT_OUT, LEFT_OUT,
                LEFT_OUT);
    ck_assert_int_eq(cc_store_view(f.store, f.arena, look, &l, &f.err), CC_UNAVAILABLE);
    ck_assert_int_eq(f.err.retry_after_s, 1);
    close_store(&f);
}
END_TEST

START_TEST(keys_that_were_left_out_are_asked_for_again_and_alone)
{
    struct looking l = at_three();
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock,
                { "BatchGetItem", 200,
                  "{\"Responses\":{\"t\":[" ROW(
                      "C", "c1",
                      NUMBER(3)) "]},\"UnprocessedKeys\":"
                                 "{\"t\":{\"Keys\":[{\"sk\":{\"S\":\"B\"},\"pk\":{\"S\":\"P\"}}],"
                                 "\"ConsistentRead\":true}}}" },
                { "BatchGetItem", 200,
                  "{\"Responses\":{\"t\":[" ROW("B", "b1", NUMBER(2)) "]},"
                                                                      "\"UnprocessedKeys\":{}}" });
    ck_assert_int_eq(cc_store_view(f.store, f.arena, look, &l, &f.err), CC_OK);
    ck_assert_ptr_null(l.items[0].body.at);
    cc_check_str(l.items[1].body, CC_STR("{\"n\":2}"));
    cc_check_str(l.items[2].body, CC_STR("{\"n\":3}"));
    check_has(mock_body(&f.mock, -1), "\"Keys\":[{\"pk\":{\"S\":\"P\"},\"sk\":{\"S\":\"B\"}}]");
    check_has(mock_body(&f.mock, -1), "\"ConsistentRead\":true");
    close_store(&f);
}
END_TEST

static enum cc_code look_ahead(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct looking *l = arg;
    enum cc_code rc = cc_txn_expect(txn, l->keys, l->count, err);

    for (size_t i = 0; i < l->count && (rc == CC_OK || rc == CC_NOT_FOUND); i++)
        rc = cc_txn_get(txn, l->keys[i], &l->items[i], err);
    if (rc == CC_OK || rc == CC_NOT_FOUND)
        rc = cc_txn_get(txn, l->keys[0], &l->items[0], err);
    return rc;
}

START_TEST(what_is_expected_comes_at_once_and_in_a_view_is_good_once)
{
    struct looking l = at_three();
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock,
                { "BatchGetItem", 200,
                  "{\"Responses\":{\"t\":[" ROW("A", "a1", NUMBER(1)) "," ROW(
                      "C", "c1", NUMBER(3)) "]},\"UnprocessedKeys\":{}}" },
                { "GetItem", 200, GOT("A", "a2", NUMBER(2)) });
    ck_assert_int_eq(cc_store_view(f.store, f.arena, look_ahead, &l, &f.err), CC_OK);
    cc_check_str(l.items[0].body, CC_STR("{\"n\":2}"));
    cc_check_str(l.items[2].body, CC_STR("{\"n\":3}"));
    close_store(&f);
}
END_TEST

START_TEST(a_key_that_is_asked_for_twice_is_sent_once)
{
    struct looking l = at_three();
    struct fixture f;

    l.keys[2] = l.keys[0];
    open_store(&f);
    MOCK_EXPECT(&f.mock,
                { "BatchGetItem", 200,
                  "{\"Responses\":{\"t\":[" ROW("A", "a1", NUMBER(1)) "]},"
                                                                      "\"UnprocessedKeys\":{}}" });
    ck_assert_int_eq(cc_store_view(f.store, f.arena, look, &l, &f.err), CC_OK);
    cc_check_str(l.items[0].body, CC_STR("{\"n\":1}"));
    cc_check_str(l.items[2].body, CC_STR("{\"n\":1}"));
    ck_assert_ptr_eq(strstr(strstr(mock_body(&f.mock, -1), "\"A\"") + 1, "\"A\""), NULL);
    close_store(&f);
}
END_TEST

static enum cc_code look_at_150(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_key keys[150];
    struct cc_item items[150];

    (void)arg;
    for (int i = 0; i < 150; i++)
        keys[i] = (struct cc_key){ CC_STR("P"), cc_str_format(arena, "N#%d", i) };
    return cc_txn_get_many(txn, keys, 150, items, err);
}

static void *let_go_when_both_came(void *arg)
{
    struct fixture *f = arg;
    const int64_t deadline_ms = stores_now_ms() + 20000;

    while (mock_count(&f->mock) < 4)
        stores_pause(deadline_ms);
    atomic_store(&f->mock.let_go, true);
    return NULL;
}

/* Neither is answered before both have been asked. */
START_TEST(batches_go_out_side_by_side)
{
    struct fixture f;
    pthread_t watcher;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "BatchGetItem", -1, "{\"Responses\":{},\"UnprocessedKeys\":{}}" },
                { "BatchGetItem", -1, "{\"Responses\":{},\"UnprocessedKeys\":{}}" });
    pthread_create(&watcher, NULL, let_go_when_both_came, &f);
    ck_assert_int_eq(cc_store_view(f.store, f.arena, look_at_150, NULL, &f.err), CC_OK);
    pthread_join(watcher, NULL);
    close_store(&f);
}
END_TEST

START_TEST(an_item_that_was_not_asked_for_is_an_error)
{
    struct looking l = at_three();
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock,
                { "BatchGetItem", 200, "{\"Responses\":{\"t\":[" ROW("D", "d1", "") "]}}" });
    ck_assert_int_eq(cc_store_view(f.store, f.arena, look, &l, &f.err), CC_INTERNAL);
    close_store(&f);
}
END_TEST

struct listing {
    struct cc_range range;
    struct cc_items items;
};

static enum cc_code list(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct listing *l = arg;

    return cc_txn_query(txn, &l->range, &l->items, err);
}

static enum cc_code list_guarded(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct listing *l = arg;
    struct cc_item head;
    enum cc_code rc = cc_txn_get(txn, l->range.guard, &head, err);

    return rc == CC_OK ? list(txn, arg, err) : rc;
}

/* What one read decides alone was so at that instant; a range and its guard are two. */
START_TEST(a_range_is_confirmed_by_its_guard)
{
    struct listing l = { .range = {
                             .pk = CC_STR("P"), .limit = 2, .guard = stores_key("P", "HEAD") } };
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("HEAD", "v1", "") },
                { "Query", 200, "{\"Items\":[]}" },
                { "TransactGetItems", 200, "{\"Responses\":[{\"Item\":{\"v\":{\"S\":\"v1\"}}}]}" });
    ck_assert_int_eq(cc_store_run(f.store, f.arena, list_guarded, &l, &f.err), CC_OK);
    close_store(&f);
}
END_TEST

static enum cc_code list_changed(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_changed range = { .pk = CC_STR("P"), .after = 4, .up_to = 9, .limit = 2 };

    return cc_txn_changed(txn, &range, arg, err);
}

/* No counterpart ever gives an old answer: only what is asked shows that none is accepted. */
START_TEST(the_index_is_asked_for_what_it_holds_now)
{
    struct cc_items items;
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "Query", 200, "{\"Items\":[]}" });
    ck_assert_int_eq(cc_store_view(f.store, f.arena, list_changed, &items, &f.err), CC_OK);
    check_has(mock_body(&f.mock, -1), "\"IndexName\":\"mrev\"");
    check_has(mock_body(&f.mock, -1), "\"ConsistentRead\":true");
    check_has(mock_body(&f.mock, -1), "\":a\":{\"N\":\"5\"},\":z\":{\"N\":\"9\"}");
    close_store(&f);
}
END_TEST

/* With everything on it expired, or by DynamoDB's own measure. */
START_TEST(a_page_can_be_empty_and_not_the_last)
{
    struct listing l = { .range = { .pk = CC_STR("P"), .limit = 2 } };
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(
        &f.mock,
        { "Query", 200,
          "{\"Items\":[],\"Count\":0,\"LastEvaluatedKey\":{\"pk\":{\"S\":\"P\"},"
          "\"sk\":{\"S\":\"A\"}}}" },
        { "Query", 200,
          "{\"Items\":[" ROW(
              "B", "b",
              ",\"expires\":{\"N\":\"1\"},\"_expires_ms\":"
              "{\"N\":\"1000\"}") "," ROW("C", "c",
                                          "") "],\"LastEvaluatedKey\":{\"pk\":{\"S\":\"P\"},"
                                              "\"sk\":{\"S\":\"C\"}}}" },
        { "Query", 200, "{\"Items\":[" ROW("D", "d", "") "," ROW("E", "e", "") "]}" });
    ck_assert_int_eq(cc_store_view(f.store, f.arena, list, &l, &f.err), CC_OK);
    ck_assert_uint_eq(l.items.count, 2);
    cc_check_str(l.items.at[0].key.sk, CC_STR("C"));
    cc_check_str(l.items.at[1].key.sk, CC_STR("D"));
    ck_assert(l.items.more);
    check_has(mock_body(&f.mock, -3), "\"ConsistentRead\":true");
    check_has(mock_body(&f.mock, -2),
              "\"ExclusiveStartKey\":{\"pk\":{\"S\":\"P\"},\"sk\":{\"S\":\"A\"}}");
    check_has(mock_body(&f.mock, -1),
              "\"ExclusiveStartKey\":{\"pk\":{\"S\":\"P\"},\"sk\":{\"S\":\"C\"}}");
    close_store(&f);
}
END_TEST

START_TEST(answers_that_are_not_dynamodbs_are_errors)
{
    static const char *const answers[] = { "",     "[]",           "{\"Items\":7}",
                                           "null", "{\"Items\":[", "{\"Items\":[{\"pk\":1}]}" };

    for (size_t i = 0; i < CC_COUNT(answers); i++) {
        struct listing l = { .range = { .pk = CC_STR("P"), .limit = 2 } };
        struct fixture f;

        open_store(&f);
        MOCK_EXPECT(&f.mock, { "Query", 200, answers[i] });
        ck_assert_int_eq(cc_store_view(f.store, f.arena, list, &l, &f.err), CC_INTERNAL);
        close_store(&f);
    }
}
END_TEST

/* --- sweeping --------------------------------------------------------------------------------- */

static enum cc_code sweep(struct fixture *f)
{
    size_t swept = 7;
    enum cc_code rc;

    cc_err_clear(&f->err);
    rc = cc_store_sweep(f->store, 10, &swept, &f->err);
    ck_assert_uint_eq(swept, rc == CC_OK ? 0 : 7);
    return rc;
}

#define TTL(status, attribute)                                                                     \
    "{\"TimeToLiveDescription\":{\"TimeToLiveStatus\":\"" status                                   \
    "\",\"AttributeName\":\"" attribute "\"}}"

/* Each process would have read all of it, every minute, for as long as it ran. */
START_TEST(a_table_is_not_read_through_because_a_question_was_not_answered)
{
    const char *denied = "{\"__type\":\"AccessDeniedException\"}";
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "DescribeTimeToLive", 400, denied },
                { "DescribeTimeToLive", 200, TTL("ENABLED", "expires") });
    ck_assert_int_eq(sweep(&f), CC_UNAVAILABLE);
    check_has(f.err.cause, "AccessDenied");
    ck_assert_int_eq(sweep(&f), CC_OK);
    ck_assert_int_eq(sweep(&f), CC_OK);
    close_store(&f);
}
END_TEST

START_TEST(where_nothing_expires_by_itself_the_table_is_read_through)
{
    static const char *const answers[] = { TTL("DISABLED", "expires"), TTL("ENABLED", "other"),
                                           "{\"__type\":\"UnknownOperationException\"}" };

    for (size_t i = 0; i < CC_COUNT(answers); i++) {
        struct fixture f;

        open_store(&f);
        MOCK_EXPECT(&f.mock, { "DescribeTimeToLive", i < 2 ? 200 : 400, answers[i] },
                    { "Scan", 200, "{\"Items\":[],\"LastEvaluatedKey\":{\"pk\":{\"S\":\"P\"}}}" },
                    { "Scan", 200, "{\"Items\":[]}" }, { "Scan", 200, "{\"Items\":[]}" });
        ck_assert_int_eq(sweep(&f), CC_OK);
        check_has(mock_body(&f.mock, -2), "\"ExclusiveStartKey\":{\"pk\":{\"S\":\"P\"}}");
        check_has(mock_body(&f.mock, -2), "\"ConsistentRead\":true");
        ck_assert_int_eq(sweep(&f), CC_OK);
        close_store(&f);
    }
}
END_TEST

/* --- functions that share a commit ------------------------------------------------------------ */

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

CC_CHECK_MAIN("store/dynamodb", a_lost_race_runs_the_function_again_on_what_is_there_then,
              only_what_was_lost_is_read_again, what_was_absent_must_still_be_absent,
              an_insert_asks_nobody_and_is_told_when_it_was_wrong,
              a_refusal_after_a_wrong_guess_is_not_believed,
              an_unknown_outcome_is_settled_by_the_same_bytes,
              an_outcome_that_stays_unknown_is_said_to_be,
              an_error_after_an_unknown_outcome_is_no_word_about_that,
              a_read_that_fails_to_the_end_did_nothing, a_room_that_is_full_says_so,
              a_throttled_item_is_tried_again_and_a_wrong_request_is_not,
              reasons_that_make_no_sense_are_an_error,
              one_write_that_depends_on_nothing_is_not_done_twice_either,
              reads_that_decide_together_are_confirmed_together,
              a_confirmation_of_fewer_items_than_were_asked_for_is_none,
              keys_that_are_always_left_out_are_given_up, a_range_is_confirmed_by_its_guard,
              the_index_is_asked_for_what_it_holds_now,
              keys_that_were_left_out_are_asked_for_again_and_alone,
              what_is_expected_comes_at_once_and_in_a_view_is_good_once,
              a_key_that_is_asked_for_twice_is_sent_once, batches_go_out_side_by_side,
              an_item_that_was_not_asked_for_is_an_error, a_page_can_be_empty_and_not_the_last,
              answers_that_are_not_dynamodbs_are_errors,
              a_table_is_not_read_through_because_a_question_was_not_answered,
              where_nothing_expires_by_itself_the_table_is_read_through,
              functions_that_wait_for_the_same_item_share_a_commit_and_ask_for_nothing,
              a_member_that_refuses_is_left_out_of_the_commit,
              when_the_common_commit_is_unknown_it_is_so_for_all,
              a_common_race_that_is_lost_is_run_again_by_all, what_a_member_had_read_outlives_it)
