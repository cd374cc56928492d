/* Jobs that are due later: none is forgotten, none is in two hands at once. */
#include "store/timer.h"
#include "tests/contract/stores.h"

#include <pthread.h>

struct adding {
    int64_t due_ms;
    const char *id, *body;
    enum cc_code verdict;
};

static enum cc_code add_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct adding *adding = arg;
    enum cc_code rc = cc_timer_add(txn, adding->due_ms, cc_str_from(adding->id), "code",
                                   cc_str_from(adding->body), err);

    return rc == CC_OK && adding->verdict != CC_OK ? cc_fail(err, adding->verdict, NULL, "refused")
                                                   : rc;
}

static void add(struct stores *s, int64_t in_ms, const char *id)
{
    struct adding adding = { s->clock.now_ms + in_ms, id, "{\"to\":\"\xc3\xa4\\\"\"}", CC_OK };

    ck_assert_int_eq(cc_store_run(s->store, s->arena, add_one, &adding, &s->err), CC_OK);
}

static size_t take(struct stores *s, int64_t lease_ms, struct cc_job **jobs)
{
    struct cc_jobs taken = { .count = 99 };
    enum cc_code rc = cc_timer_take(s->store, s->arena, lease_ms, 100, &taken, &s->err);

    ck_assert_msg(rc == CC_OK, "%s", s->err.cause);
    *jobs = taken.at;
    return taken.count;
}

/* The only one that is due. */
static const struct cc_job *take_one(struct stores *s, int64_t lease_ms)
{
    struct cc_job *jobs;

    ck_assert_uint_eq(take(s, lease_ms, &jobs), 1);
    return &jobs[0];
}

static void take_none(struct stores *s, int64_t lease_ms)
{
    struct cc_job *jobs;

    ck_assert_uint_eq(take(s, lease_ms, &jobs), 0);
}

/* What the first taker has of a job that a second one holds by now, for a second. */
static const struct cc_job *take_too_slowly(struct stores *s)
{
    const struct cc_job *slow;

    add(s, 0, "one");
    slow = take_one(s, 1000);
    s->clock.now_ms += 1000;
    take_one(s, 1000);
    return slow;
}

START_TEST(a_job_is_taken_when_it_is_due_and_as_it_was_given)
{
    const struct cc_job *job;
    struct stores s;

    stores_open(&s, _i);
    add(&s, 1000, "one");
    take_none(&s, 60000);
    s.clock.now_ms += 1000;
    job = take_one(&s, 60000);
    cc_check_str(job->kind, CC_STR("code"));
    cc_check_str(job->body, CC_STR("{\"to\":\"\xc3\xa4\\\"\"}"));
    ck_assert_int_eq(job->attempt, 1);
    stores_close(&s);
}
END_TEST

START_TEST(a_job_of_a_transaction_that_was_refused_does_not_exist)
{
    struct adding adding = { 0, "one", "{}", CC_CONFLICT };
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(cc_store_run(s.store, s.arena, add_one, &adding, &s.err), CC_CONFLICT);
    take_none(&s, 60000);
    stores_close(&s);
}
END_TEST

START_TEST(a_taken_job_comes_back_when_its_lease_ends_and_only_then)
{
    struct stores s;

    stores_open(&s, _i);
    add(&s, 0, "one");
    take_one(&s, 60000);
    s.clock.now_ms += 59999;
    take_none(&s, 60000);
    s.clock.now_ms += 1;
    ck_assert_int_eq(take_one(&s, 60000)->attempt, 2);
    stores_close(&s);
}
END_TEST

START_TEST(a_job_that_is_done_does_not_come_back)
{
    struct stores s;

    stores_open(&s, _i);
    add(&s, 0, "one");
    ck_assert_int_eq(cc_timer_done(s.store, s.arena, take_one(&s, 60000), &s.err), CC_OK);
    s.clock.now_ms += 3600000;
    take_none(&s, 60000);
    stores_close(&s);
}
END_TEST

static enum cc_code remove_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct adding *adding = arg;

    return cc_timer_remove(txn, adding->due_ms, cc_str_from(adding->id), err);
}

static void take_back(struct stores *s, int64_t due_ms, const char *id)
{
    struct adding adding = { .due_ms = due_ms, .id = id };

    ck_assert_int_eq(cc_store_run(s->store, s->arena, remove_one, &adding, &s->err), CC_OK);
}

START_TEST(a_job_that_is_taken_back_is_not_done_unless_somebody_has_it)
{
    struct stores s;
    int64_t due_ms;

    stores_open(&s, _i);
    due_ms = s.clock.now_ms + 1000;
    add(&s, 1000, "one");
    take_back(&s, due_ms, "another");
    take_back(&s, due_ms + 1, "one");
    take_back(&s, due_ms, "one");
    take_back(&s, due_ms, "one");
    s.clock.now_ms = due_ms;
    take_none(&s, 1000);
    add(&s, 0, "one");
    take_one(&s, 1000);
    take_back(&s, due_ms, "one");
    s.clock.now_ms += 1000;
    take_one(&s, 1000);
    stores_close(&s);
}
END_TEST

START_TEST(a_job_that_is_put_off_comes_back_then_with_its_attempts_counted_on)
{
    const struct cc_job *job;
    struct stores s;

    stores_open(&s, _i);
    add(&s, 0, "one");
    job = take_one(&s, 1000);
    ck_assert_int_eq(cc_timer_put_off(s.store, s.arena, job, s.clock.now_ms + 3600000, &s.err),
                     CC_OK);
    s.clock.now_ms += 3599999;
    take_none(&s, 1000);
    s.clock.now_ms += 1;
    job = take_one(&s, 1000);
    cc_check_str(job->body, CC_STR("{\"to\":\"\xc3\xa4\\\"\"}"));
    ck_assert_int_eq(job->attempt, 2);
    stores_close(&s);
}
END_TEST

START_TEST(who_puts_off_too_late_does_not_double_the_job)
{
    const struct cc_job *slow;
    struct stores s;

    stores_open(&s, _i);
    slow = take_too_slowly(&s);
    ck_assert_int_eq(cc_timer_put_off(s.store, s.arena, slow, s.clock.now_ms + 10, &s.err), CC_OK);
    s.clock.now_ms += 1000;
    take_one(&s, 1000);
    stores_close(&s);
}
END_TEST

/* The first one was so slow that its lease ended: what it says then must not take the job out of
 * the second one's hands. */
START_TEST(who_is_done_too_late_does_not_end_anothers_lease)
{
    const struct cc_job *slow;
    struct stores s;

    stores_open(&s, _i);
    slow = take_too_slowly(&s);
    ck_assert_int_eq(cc_timer_done(s.store, s.arena, slow, &s.err), CC_OK);
    s.clock.now_ms += 1000;
    take_one(&s, 1000);
    stores_close(&s);
}
END_TEST

START_TEST(the_same_job_added_twice_is_one)
{
    struct stores s;

    stores_open(&s, _i);
    add(&s, 0, "one");
    add(&s, 0, "one");
    take_one(&s, 60000);
    stores_close(&s);
}
END_TEST

START_TEST(no_more_are_taken_than_one_transaction_holds)
{
    struct cc_job *jobs;
    struct stores s;
    size_t all = 0, now;

    stores_open(&s, _i);
    for (int i = 0; i < 90; i++)
        add(&s, 0, cc_str_format(s.arena, "job-%d", i).at);
    do {
        now = take(&s, 60000, &jobs);
        ck_assert_uint_le(now, CC_TIMER_TAKE_MAX);
        all += now;
    } while (now > 0);
    ck_assert_uint_eq(all, 90);
    stores_close(&s);
}
END_TEST

/* --- two processes at once -------------------------------------------------------------------- */

#define JOBS 60
#define TAKERS 4

struct taker {
    struct cc_store *store;
    _Atomic int *taken; /* how often each job was handed out */
    enum cc_code rc;
};

static void *take_all(void *arg)
{
    struct taker *taker = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_err err = { 0 };
    int empty = 0;

    while (empty < 3 && taker->rc == CC_OK) {
        struct cc_jobs jobs = { 0 };

        taker->rc = cc_timer_take(taker->store, arena, 60000, 5, &jobs, &err);
        for (size_t i = 0; i < jobs.count; i++)
            atomic_fetch_add(&taker->taken[strtol(jobs.at[i].body.at, NULL, 10)], 1);
        empty = jobs.count == 0 ? empty + 1 : 0;
        cc_arena_reset(arena);
    }
    cc_arena_free(arena);
    return NULL;
}

START_TEST(no_job_is_in_two_hands_at_once)
{
    struct taker takers[TAKERS];
    pthread_t threads[TAKERS];
    _Atomic int taken[JOBS];
    struct cc_store *second;
    struct stores s;

    stores_open(&s, _i);
    ck_assert_int_eq(stores_open_again(&s, _i, &second, &s.err), CC_OK);
    for (int i = 0; i < JOBS; i++) {
        struct adding adding = { s.clock.now_ms, cc_str_format(s.arena, "job-%d", i).at,
                                 cc_str_format(s.arena, "%d", i).at, CC_OK };

        atomic_init(&taken[i], 0);
        ck_assert_int_eq(cc_store_run(s.store, s.arena, add_one, &adding, &s.err), CC_OK);
    }
    for (int i = 0; i < TAKERS; i++) {
        takers[i] = (struct taker){ i % 2 ? second : s.store, taken, CC_OK };
        pthread_create(&threads[i], NULL, take_all, &takers[i]);
    }
    for (int i = 0; i < TAKERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(takers[i].rc, CC_OK);
    }
    for (int i = 0; i < JOBS; i++)
        ck_assert_int_eq(atomic_load(&taken[i]), 1);
    cc_store_close(second);
    stores_close(&s);
}
END_TEST

STORES_MAIN("contract/timer", a_job_is_taken_when_it_is_due_and_as_it_was_given,
            a_job_of_a_transaction_that_was_refused_does_not_exist,
            a_taken_job_comes_back_when_its_lease_ends_and_only_then,
            a_job_that_is_taken_back_is_not_done_unless_somebody_has_it,
            a_job_that_is_done_does_not_come_back, who_is_done_too_late_does_not_end_anothers_lease,
            a_job_that_is_put_off_comes_back_then_with_its_attempts_counted_on,
            who_puts_off_too_late_does_not_double_the_job, the_same_job_added_twice_is_one,
            no_more_are_taken_than_one_transaction_holds, no_job_is_in_two_hands_at_once)
