/* tests/unit/store/mock_store.h - a store on the mock, and functions to run on it, for the tests of
 * what the DynamoDB backend makes of answers that a counterpart does not give when told to. */
#ifndef CC_TESTS_MOCK_STORE_H
#define CC_TESTS_MOCK_STORE_H

#include "tests/contract/stores_dynamodb.h"
#include "tests/unit/store/mock_dynamodb.h"

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

static inline void open_store_for(struct fixture *f, int64_t wait_ms)
{
    struct cc_dynamodb_config config = { .table = CC_STR("t"),
                                         .wait_ms = wait_ms,
                                         .clock = &cc_system_clock,
                                         .random = &cc_system_random };
    const char *meta = "{\"Responses\":{\"t\":["
                       "{\"pk\":{\"S\":\"META\"},\"sk\":{\"S\":\"EPOCH\"},\"v\":{\"S\":\"e\"},"
                       "\"name\":{\"S\":\"history\"}},"
                       "{\"pk\":{\"S\":\"META\"},\"sk\":{\"S\":\"SCHEMA\"},\"v\":{\"S\":\"s\"},"
                       "\"layout\":{\"N\":\"2\"}}]},\"UnprocessedKeys\":{}}";
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

static inline void open_store(struct fixture *f)
{
    open_store_for(f, 0);
}

static inline void close_store(struct fixture *f)
{
    mock_check(&f->mock);
    cc_store_close(f->store);
    cc_arena_free(f->arena);
    mock_close(&f->mock);
}

static inline void check_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "no %s in %s", part, text);
}

static inline void check_has_not(const char *text, const char *part)
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

static inline enum cc_code do_job(struct cc_txn *txn, void *arg, struct cc_err *err)
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

static inline enum cc_code run(struct fixture *f, struct job *job)
{
    cc_err_clear(&f->err);
    return cc_store_run(f->store, f->arena, do_job, job, &f->err);
}

static inline struct job change(const char *sk)
{
    return (struct job){ .read = stores_key("P", sk), .put = stores_key("P", sk) };
}

#endif
