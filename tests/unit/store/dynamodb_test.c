/* What the DynamoDB backend makes of answers that a counterpart does not give when told to. The
 * server of these tests is a mock. */
#include "tests/unit/store/mock_store.h"

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
    check_has(mock_body(&f.mock, -2),
              "\"ConditionExpression\":\"attribute_not_exists(pk) OR #e <= :now\","
              "\"ExpressionAttributeNames\":{\"#e\":\"_expires_ms\"}");
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

#define HEAD_IS(v)                                                                                 \
    {                                                                                              \
        "TransactGetItems", 200, "{\"Responses\":[{\"Item\":{\"v\":{\"S\":\"" v "\"}}}]}"          \
    }
#define HEAD_IS_BEING_WRITTEN                                                                      \
    {                                                                                              \
        "TransactGetItems", 400,                                                                   \
            "{\"__type\":\"com.amazonaws.dynamodb.v20120810#TransactionCanceledException\","       \
            "\"CancellationReasons\":[{\"Code\":\"TransactionConflict\"}]}"                        \
    }

/* What one read decides alone was so at that instant; a range and its guard are two. No commit that
 * changes the guard is under way before the range is read, nor was one after it. */
START_TEST(a_range_is_confirmed_by_its_guard)
{
    struct listing l = { .range = {
                             .pk = CC_STR("P"), .limit = 2, .guard = stores_key("P", "HEAD") } };
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("HEAD", "v1", "") }, HEAD_IS("v1"),
                { "Query", 200, "{\"Items\":[]}" }, HEAD_IS("v1"));
    ck_assert_int_eq(cc_store_run(f.store, f.arena, list_guarded, &l, &f.err), CC_OK);
    close_store(&f);
}
END_TEST

START_TEST(a_range_is_not_read_while_a_commit_changes_its_guard)
{
    struct listing l = { .range = {
                             .pk = CC_STR("P"), .limit = 2, .guard = stores_key("P", "HEAD") } };
    struct fixture f;

    open_store(&f);
    MOCK_EXPECT(&f.mock, { "GetItem", 200, GOT("HEAD", "v2", "") }, HEAD_IS_BEING_WRITTEN,
                { "GetItem", 200, GOT("HEAD", "v2", "") }, HEAD_IS("v3"),
                { "GetItem", 200, GOT("HEAD", "v3", "") }, HEAD_IS("v3"),
                { "Query", 200, "{\"Items\":[]}" }, HEAD_IS("v3"));
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
              a_range_is_not_read_while_a_commit_changes_its_guard,
              the_index_is_asked_for_what_it_holds_now,
              keys_that_were_left_out_are_asked_for_again_and_alone,
              what_is_expected_comes_at_once_and_in_a_view_is_good_once,
              a_key_that_is_asked_for_twice_is_sent_once, batches_go_out_side_by_side,
              an_item_that_was_not_asked_for_is_an_error, a_page_can_be_empty_and_not_the_last,
              answers_that_are_not_dynamodbs_are_errors,
              a_table_is_not_read_through_because_a_question_was_not_answered,
              where_nothing_expires_by_itself_the_table_is_read_through)
