/* tests/contract/stores.h - the backends on which the suite of the store runs, and what its test
 * programs share. A further backend joins by one row in stores.c.
 *
 * SQLite needs nothing. With CC_TEST_DYNAMODB=http://127.0.0.1:8000, the address of a
 * DynamoDB of ours, the programs run on that instead, with a table of its own for each store. */
#ifndef CC_TESTS_STORES_H
#define CC_TESTS_STORES_H

#include "store/store.h"
#include "tests/check.h"

#include <stdatomic.h>

/* Time that a test turns. */
struct stores_clock {
    struct cc_clock base; /* first */
    _Atomic int64_t now_ms;
};

struct stores {
    struct cc_arena *arena; /* of the test's own thread */
    struct cc_err err;
    struct stores_clock clock;
    struct cc_log log;
    struct cc_store_config config;
    struct cc_store *store;
    const char *folder;  /* empty at first; removed in the end */
    struct cc_str table; /* of DynamoDB; deleted in the end */
    int backend;
};

/* A new store of the backend with that number, in `s`, which must outlive it. */
void stores_open(struct stores *s, int backend);
/* Only the folder and the configuration: the test opens (and may change what it opens). */
void stores_prepare(struct stores *s, int backend);
/* Opens a further store on the same data, as another process would. */
enum cc_code stores_open_again(struct stores *s, int backend, struct cc_store **out,
                               struct cc_err *err);
void stores_close(struct stores *s);

/* Milliseconds of the real, monotonic clock; ck_aborts when `deadline_ms` is past. */
int64_t stores_now_ms(void);
void stores_pause(int64_t deadline_ms);

/* Whether this process has at least so many threads beside the calling one, and all of them sleep
 * (in a lock, a wait or a call). */
bool stores_others_sleep(int at_least);

/* Small words for small transactions. Bodies are whatever text the test likes. */
struct cc_key stores_key(const char *pk, const char *sk);
struct cc_item stores_item(const char *pk, const char *sk, const char *body);

/* Puts one item in a transaction of its own; ck_asserts that it succeeds. */
void stores_put(struct stores *s, struct cc_item item);
/* What is there now, in s->arena: the body, or an absent string. */
struct cc_str stores_get(struct stores *s, const char *pk, const char *sk);

/* Adds one to the number in the body of an item; a cc_txn_fn whose arg is a struct stores_counter.
 */
struct stores_counter {
    struct cc_key key;
    int64_t value; /* after it was increased */
};
enum cc_code stores_count_up(struct cc_txn *txn, void *arg, struct cc_err *err);

int stores_check_run(const char *suite, const TTest *const *tests, size_t count);

/* The main function of a test program: every test runs once on the chosen backend, whose number is
 * _i. */
#define STORES_MAIN(suite, ...)                                                                    \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = { __VA_ARGS__ };                                              \
        return stores_check_run(suite, tests, CC_COUNT(tests));                                    \
    }

#endif
