/* What many callers at a time see: threads, processes, and processes that are killed. */
#include "tests/contract/stores.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

/* --- threads ---------------------------------------------------------------------------------- */

#define THREADS_MAX 16

struct worker {
    struct cc_store *store;
    int number, rounds;
    void (*work)(struct worker *, struct cc_arena *);
    int done; /* rounds that succeeded */
    enum cc_code rc;
};

static void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    worker->work(worker, arena);
    cc_arena_free(arena);
    return NULL;
}

static void run_workers(struct cc_store *store, int count, int rounds,
                        void (*work)(struct worker *, struct cc_arena *), struct worker *workers)
{
    pthread_t threads[THREADS_MAX];

    for (int i = 0; i < count; i++) {
        workers[i] = (struct worker){ .store = store, .number = i, .rounds = rounds, .work = work };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, worker_main, &workers[i]), 0);
    }
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

static void count_up(struct worker *worker, struct cc_arena *arena)
{
    for (int i = 0; i < worker->rounds; i++) {
        struct stores_counter counter = { .key = stores_key("P", "SUM") };
        struct cc_err err = { 0 };

        worker->rc = cc_store_run(worker->store, arena, stores_count_up, &counter, &err);
        if (worker->rc != CC_OK)
            return;
        worker->done++;
        cc_arena_reset(arena);
    }
}

START_TEST(threads_that_count_together_lose_nothing)
{
    struct worker workers[THREADS_MAX];
    struct stores s;

    stores_open(&s, _i);
    run_workers(s.store, THREADS_MAX, 40, count_up, workers);
    for (int i = 0; i < THREADS_MAX; i++)
        ck_assert_int_eq(workers[i].done, 40);
    cc_check_str(stores_get(&s, "P", "SUM"), CC_STR("640"));
    stores_close(&s);
}
END_TEST

/* --- what is given ---------------------------------------------------------------------------- */

struct keeper {
    struct cc_store *store;
    pthread_barrier_t *barrier;
    int number;
    struct cc_item got; /* as the last run of the function was given it */
    int64_t before;     /* what stood in it then */
    bool kept;
};

static enum cc_code keep_what_is_read(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct keeper *keeper = arg;
    struct cc_item item = { .key = stores_key("P", "SUM") };
    enum cc_code rc = cc_txn_get(txn, item.key, &keeper->got, err);

    if (rc == CC_OK && !cc_str_to_i64(keeper->got.body, 0, INT64_MAX - 1, &keeper->before))
        rc = cc_fail(err, CC_INTERNAL, NULL, "not a number");
    item.body = cc_str_format(cc_txn_arena(txn), "%lld", (long long)keeper->before + 1);
    return rc == CC_OK ? cc_txn_put(txn, &item, err) : rc;
}

/* Every second one is answered and gone when the others look at what they were given. */
static void *keep_in_thread(void *arg)
{
    struct keeper *keeper = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_err err = { 0 };
    enum cc_code rc = cc_store_run(keeper->store, arena, keep_what_is_read, keeper, &err);
    int64_t now = -1;

    if (keeper->number % 2)
        cc_arena_free(arena);
    pthread_barrier_wait(keeper->barrier);
    if (keeper->number % 2) {
        keeper->kept = rc == CC_OK;
        return NULL;
    }
    keeper->kept = rc == CC_OK && cc_str_eq(keeper->got.key.sk, CC_STR("SUM")) &&
                   cc_str_to_i64(keeper->got.body, 0, INT64_MAX, &now) && now == keeper->before;
    cc_arena_free(arena);
    return NULL;
}

/* Functions that shared a commit once gave each other what they had read, and not a copy. */
START_TEST(what_a_function_was_given_outlives_all_others)
{
    struct stores s;

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "SUM", "1"));
    for (int round = 0; round < 20; round++) {
        struct keeper keepers[THREADS_MAX];
        pthread_t threads[THREADS_MAX];
        pthread_barrier_t barrier;

        pthread_barrier_init(&barrier, NULL, THREADS_MAX);
        for (int i = 0; i < THREADS_MAX; i++) {
            keepers[i] = (struct keeper){ .store = s.store, .barrier = &barrier, .number = i };
            pthread_create(&threads[i], NULL, keep_in_thread, &keepers[i]);
        }
        for (int i = 0; i < THREADS_MAX; i++) {
            pthread_join(threads[i], NULL);
            ck_assert(keepers[i].kept);
        }
        pthread_barrier_destroy(&barrier);
    }
    cc_check_str(stores_get(&s, "P", "SUM"), CC_STR("321"));
    stores_close(&s);
}
END_TEST

/* --- write skew ------------------------------------------------------------------------------- */

/* Two doctors are on call; each may leave if the other one stays. With anything less than
 * serialisable transactions both leave. */
static enum cc_code leave_if_other_stays(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const bool first = *(const int *)arg % 2 == 0;
    const struct cc_key mine = stores_key("P", first ? "ON#a" : "ON#b");
    const struct cc_key other = stores_key("P", first ? "ON#b" : "ON#a");
    struct cc_item item;
    enum cc_code rc = cc_txn_get(txn, other, &item, err);

    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_CONFLICT, NULL, "nobody would stay");
    return rc == CC_OK ? cc_txn_delete(txn, mine, err) : rc;
}

static void leave(struct worker *worker, struct cc_arena *arena)
{
    struct cc_err err = { 0 };

    worker->rc = cc_store_run(worker->store, arena, leave_if_other_stays, &worker->number, &err);
    worker->done = worker->rc == CC_OK;
}

START_TEST(two_threads_cannot_both_act_on_what_the_other_removes)
{
    struct stores s;

    stores_open(&s, _i);
    for (int round = 0; round < 60; round++) {
        struct worker workers[2];

        stores_put(&s, stores_item("P", "ON#a", "x"));
        stores_put(&s, stores_item("P", "ON#b", "x"));
        run_workers(s.store, 2, 1, leave, workers);
        ck_assert_int_eq(workers[0].done + workers[1].done, 1);
        ck_assert_int_eq(workers[workers[0].done].rc, CC_CONFLICT);
    }
    stores_close(&s);
}
END_TEST

/* The same with rows that are counted in a range, under a guard that both read and write. */
static enum cc_code join_if_room(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_range members = { .pk = CC_STR("R"),
                                      .from = CC_STR("MEMBER#"),
                                      .to = CC_STR("MEMBER#~"),
                                      .limit = 10,
                                      .guard = stores_key("R", "HEAD") };
    struct stores_counter head = { .key = members.guard };
    struct cc_item me = { .key = { CC_STR("R"),
                                   cc_str_format(arena, "MEMBER#%d", *(const int *)arg) },
                          .body = CC_STR("x") };
    struct cc_items found;
    enum cc_code rc = stores_count_up(txn, &head, err);

    if (rc == CC_OK)
        rc = cc_txn_query(txn, &members, &found, err);
    if (rc == CC_OK && found.count >= 3)
        rc = cc_fail(err, CC_CONFLICT, NULL, "full");
    return rc == CC_OK ? cc_txn_insert(txn, &me, err) : rc;
}

static void join(struct worker *worker, struct cc_arena *arena)
{
    struct cc_err err = { 0 };

    worker->rc = cc_store_run(worker->store, arena, join_if_room, &worker->number, &err);
    worker->done = worker->rc == CC_OK;
}

START_TEST(a_guarded_range_admits_exactly_as_many_as_may_be)
{
    struct worker workers[THREADS_MAX];
    struct stores s;
    int joined = 0;

    stores_open(&s, _i);
    run_workers(s.store, THREADS_MAX, 1, join, workers);
    for (int i = 0; i < THREADS_MAX; i++)
        joined += workers[i].done;
    ck_assert_int_eq(joined, 3);
    cc_check_str(stores_get(&s, "R", "HEAD"), CC_STR("3"));
    stores_close(&s);
}
END_TEST

/* --- a group ---------------------------------------------------------------------------------- */

static enum cc_code insert_or_refuse(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const int number = *(const int *)arg;
    const struct cc_item mine = { .key = { CC_STR("P"),
                                           cc_str_format(cc_txn_arena(txn), "A#%02d", number) },
                                  .body = CC_STR("x") };
    enum cc_code rc = cc_txn_insert(txn, &mine, err);

    if (rc == CC_OK && number % 3 == 0)
        rc = cc_fail(err, CC_CONFLICT, NULL, "%d", number);
    return rc;
}

static _Atomic int inserted;

static void insert_mine(struct worker *worker, struct cc_arena *arena)
{
    struct cc_err err = { 0 };

    worker->rc = cc_store_run(worker->store, arena, insert_or_refuse, &worker->number, &err);
    worker->done = worker->rc == CC_CONFLICT && strtol(err.cause, NULL, 10) == worker->number;
    atomic_fetch_add(&inserted, 1);
}

struct gate {
    _Atomic bool open, reached;
};

/* Keeps the others in the queue until the test lets it go: they will run side by side. */
static enum cc_code wait_at_gate(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct gate *gate = arg;

    (void)txn;
    (void)err;
    atomic_store(&gate->reached, true);
    while (!atomic_load(&gate->open))
        usleep(500);
    return CC_OK;
}

struct gatekeeper {
    struct stores *s;
    struct gate gate;
    enum cc_code rc;
};

static void *keep_gate(void *arg)
{
    struct gatekeeper *keeper = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_err err = { 0 };

    keeper->rc = cc_store_run(keeper->s->store, arena, wait_at_gate, &keeper->gate, &err);
    cc_arena_free(arena);
    return NULL;
}

/* On a thread of its own, because the test's waits for the workers. Beside it there are those, the
 * test's, the gatekeeper and whatever the store runs functions on. Where functions that have
 * nothing to do with each other do not wait, all may be done before. */
static void *open_gate_when_all_wait(void *arg)
{
    struct gatekeeper *keeper = arg;
    const int64_t deadline_ms = stores_now_ms() + 20000;

    while (!stores_others_sleep(THREADS_MAX + 2) && atomic_load(&inserted) < THREADS_MAX)
        stores_pause(deadline_ms);
    atomic_store(&keeper->gate.open, true);
    return NULL;
}

START_TEST(a_member_that_is_refused_undoes_itself_alone)
{
    const int64_t deadline_ms = stores_now_ms() + 20000;
    struct gatekeeper keeper = { .s = NULL };
    struct worker workers[THREADS_MAX];
    pthread_t holder, opener;
    struct stores s;

    stores_open(&s, _i);
    keeper.s = &s;
    pthread_create(&holder, NULL, keep_gate, &keeper);
    while (!atomic_load(&keeper.gate.reached))
        stores_pause(deadline_ms);
    pthread_create(&opener, NULL, open_gate_when_all_wait, &keeper);
    run_workers(s.store, THREADS_MAX, 1, insert_mine, workers);
    pthread_join(opener, NULL);
    pthread_join(holder, NULL);
    for (int i = 0; i < THREADS_MAX; i++) {
        const char *sk = cc_str_format(s.arena, "A#%02d", i).at;

        ck_assert_int_eq(workers[i].rc, i % 3 == 0 ? CC_CONFLICT : CC_OK);
        ck_assert_int_eq(workers[i].done, i % 3 == 0); /* each was given its own reason */
        ck_assert_int_eq(stores_get(&s, "P", sk).at != NULL, i % 3 != 0);
    }
    stores_close(&s);
}
END_TEST

/* --- views beside writers --------------------------------------------------------------------- */

struct moving {
    struct stores *s;
    _Atomic bool stop;
    enum cc_code rc;
};

/* Moves an amount between two items, so that their sum never changes. */
static enum cc_code move_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct stores_counter up = { .key = stores_key("P", "UP") };
    struct cc_item down = stores_item("P", "DOWN", NULL);
    enum cc_code rc = stores_count_up(txn, &up, err);

    (void)arg;
    down.body = cc_str_format(cc_txn_arena(txn), "%lld", (long long)(1000000 - up.value));
    return rc == CC_OK ? cc_txn_put(txn, &down, err) : rc;
}

static void *keep_moving(void *arg)
{
    struct moving *moving = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    struct cc_err err = { 0 };

    while (!atomic_load(&moving->stop) && moving->rc == CC_OK) {
        moving->rc = cc_store_run(moving->s->store, arena, move_one, NULL, &err);
        cc_arena_reset(arena);
    }
    cc_arena_free(arena);
    return NULL;
}

static enum cc_code sum_both(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_key keys[] = { stores_key("P", "UP"), stores_key("P", "DOWN") };
    struct cc_item items[2];
    int64_t values[2] = { 0, 1000000 };
    enum cc_code rc = cc_txn_get_many(txn, keys, 2, items, err);

    for (size_t i = 0; i < 2 && rc == CC_OK; i++) {
        if (items[i].body.at && !cc_str_to_i64(items[i].body, 0, INT64_MAX, &values[i]))
            rc = cc_fail(err, CC_INTERNAL, NULL, "not a number");
    }
    *(int64_t *)arg = values[0] + values[1];
    return rc;
}

START_TEST(a_transaction_sees_no_half_of_another)
{
    struct moving moving = { .s = NULL };
    pthread_t mover;
    struct stores s;

    stores_open(&s, _i);
    moving.s = &s;
    pthread_create(&mover, NULL, keep_moving, &moving);
    for (int i = 0; i < 300; i++) {
        struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
        int64_t sum = 0;

        /* On DynamoDB a view is not one instant; a run that only reads is confirmed. */
        ck_assert_int_eq(cc_store_run(s.store, arena, sum_both, &sum, &s.err), CC_OK);
        ck_assert_int_eq(sum, 1000000);
        cc_arena_free(arena);
    }
    atomic_store(&moving.stop, true);
    pthread_join(mover, NULL);
    ck_assert_int_eq(moving.rc, CC_OK);
    stores_close(&s);
}
END_TEST

static void read_in_thread(struct worker *worker, struct cc_arena *arena)
{
    struct cc_err err = { 0 };
    int64_t sum;

    worker->rc = cc_store_view(worker->store, arena, sum_both, &sum, &err);
}

START_TEST(threads_that_come_and_go_leave_nothing_open)
{
    struct worker workers[4];
    struct stores s;

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "UP", "1"));
    for (int round = 0; round < 200; round++) {
        run_workers(s.store, 4, 1, read_in_thread, workers);
        for (int i = 0; i < 4; i++)
            ck_assert_int_eq(workers[i].rc, CC_OK);
    }
    ck_assert_int_lt(dup(0), 64); /* the lowest free descriptor */
    stores_close(&s);
}
END_TEST

/* --- processes -------------------------------------------------------------------------------- */

static pid_t start_process(struct stores *s, int backend, void (*body)(struct cc_store *))
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        struct cc_store *store = NULL;
        struct cc_err err = { 0 };

        if (stores_open_again(s, backend, &store, &err) != CC_OK) {
            fprintf(stderr, "%s: %s\n", err.detail, err.cause);
            _exit(2);
        }
        body(store);
        cc_store_close(store);
        _exit(0);
    }
    return pid;
}

static void four_threads_count_up(struct cc_store *store)
{
    struct worker workers[4];

    run_workers(store, 4, 25, count_up, workers);
    for (int i = 0; i < 4; i++) {
        if (workers[i].done != 25)
            _exit(3);
    }
}

START_TEST(four_processes_of_four_threads_count_together)
{
    struct stores s;
    pid_t pids[4];
    int status;

    stores_prepare(&s, _i);
    for (int i = 0; i < 4; i++)
        pids[i] = start_process(&s, _i, four_threads_count_up);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_int_eq(stores_open_again(&s, _i, &s.store, &s.err), CC_OK);
    cc_check_str(stores_get(&s, "P", "SUM"), CC_STR("400"));
    stores_close(&s);
}
END_TEST

struct report {
    pid_t who;
    int64_t value;
};

static int report_fd;

/* Says each number that was acknowledged, so that the parent knows what must not be lost. */
static void count_and_report(struct worker *worker, struct cc_arena *arena)
{
    for (;;) {
        struct stores_counter counter = { .key = stores_key("P", "SUM") };
        struct cc_err err = { 0 };
        struct report report = { .who = getpid() };

        if (cc_store_run(worker->store, arena, stores_count_up, &counter, &err) != CC_OK)
            _exit(3);
        report.value = counter.value;
        if (write(report_fd, &report, sizeof(report)) != sizeof(report))
            _exit(4);
        cc_arena_reset(arena);
    }
}

static void count_until_killed(struct cc_store *store)
{
    struct worker workers[4];

    run_workers(store, 4, 1, count_and_report, workers);
}

#define VALUES_MAX (1 << 20)

static bool acknowledged[VALUES_MAX];

/* An addition that was lost shows as a number that two were given. */
static int64_t note_acknowledged(int64_t value, int64_t largest)
{
    ck_assert_int_lt(value, VALUES_MAX);
    ck_assert_msg(!acknowledged[value], "%lld was acknowledged twice", (long long)value);
    acknowledged[value] = true;
    return value > largest ? value : largest;
}

/* Kills the first process after so many reports, the second when it has gone on for ten more.
 * Gives the largest number that was acknowledged. */
static int64_t kill_both(const pid_t pids[2], int fd, int until)
{
    struct report report;
    int64_t largest = 0;
    int seen = 0, afterwards = 0;

    while (read(fd, &report, sizeof(report)) == sizeof(report)) {
        largest = note_acknowledged(report.value, largest);
        if (++seen == until) {
            kill(pids[0], SIGKILL);
            waitpid(pids[0], NULL, 0);
        } else if (seen > until && report.who == pids[1] && ++afterwards == 10)
            kill(pids[1], SIGKILL);
    }
    waitpid(pids[1], NULL, 0);
    ck_assert_int_ge(afterwards, 10);
    return largest;
}

static int64_t count_and_kill(struct stores *s, int backend, int until)
{
    int64_t largest;
    int pipe_fds[2];
    pid_t pids[2];

    ck_assert_int_eq(pipe(pipe_fds), 0);
    report_fd = pipe_fds[1];
    for (size_t i = 0; i < 2; i++)
        pids[i] = start_process(s, backend, count_until_killed);
    close(pipe_fds[1]);
    largest = kill_both(pids, pipe_fds[0], until);
    close(pipe_fds[0]);
    return largest;
}

START_TEST(nothing_acknowledged_is_lost_when_processes_are_killed)
{
    struct stores s;
    int64_t before = 0;

    stores_prepare(&s, _i);
    for (int round = 0; round < 25; round++) {
        int64_t largest = count_and_kill(&s, _i, 1 + round * 3);
        int64_t now;

        ck_assert_int_eq(stores_open_again(&s, _i, &s.store, &s.err), CC_OK);
        ck_assert(cc_str_to_i64(stores_get(&s, "P", "SUM"), 0, INT64_MAX, &now));
        ck_assert_int_ge(now, largest);
        ck_assert_int_le(now, largest + 8); /* what was on its way to being acknowledged */
        ck_assert_int_gt(now, before);
        before = now;
        cc_store_close(s.store);
        s.store = NULL;
    }
    stores_close(&s);
}
END_TEST

static void do_nothing(struct cc_store *store)
{
    (void)store;
}

/* The programs of an installation start together on an empty folder. Once one of them looked while
 * another was between two steps, and took the database for somebody else's. */
START_TEST(processes_that_start_together_make_one_store)
{
    for (int round = 0; round < 15; round++) {
        struct stores s;
        pid_t pids[6];
        int status;

        stores_prepare(&s, _i);
        for (size_t i = 0; i < CC_COUNT(pids); i++)
            pids[i] = start_process(&s, _i, do_nothing);
        for (size_t i = 0; i < CC_COUNT(pids); i++) {
            waitpid(pids[i], &status, 0);
            ck_assert_int_eq(status, 0);
        }
        stores_close(&s);
    }
}
END_TEST

static enum cc_code count_in_forked_child(struct stores *s, bool view)
{
    struct stores_counter counter = { .key = stores_key("P", "SUM") };
    struct cc_err err = { 0 };
    int64_t sum;

    if (view)
        return cc_store_view(s->store, s->arena, sum_both, &sum, &err);
    return cc_store_run(s->store, s->arena, stores_count_up, &counter, &err);
}

START_TEST(a_store_that_crossed_a_fork_is_refused_and_its_parent_goes_on)
{
    struct stores s;
    int status;
    pid_t pid;

    stores_open(&s, _i);
    stores_put(&s, stores_item("P", "SUM", "1"));
    pid = fork();
    if (pid == 0) {
        const bool refused = count_in_forked_child(&s, true) == CC_INTERNAL &&
                             count_in_forked_child(&s, false) == CC_INTERNAL;

        cc_store_close(s.store);
        _exit(refused ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(count_in_forked_child(&s, false), CC_OK);
    cc_check_str(stores_get(&s, "P", "SUM"), CC_STR("2"));
    stores_close(&s);
}
END_TEST

STORES_MAIN("contract/store_parallel", threads_that_count_together_lose_nothing,
            what_a_function_was_given_outlives_all_others,
            two_threads_cannot_both_act_on_what_the_other_removes,
            a_guarded_range_admits_exactly_as_many_as_may_be,
            a_member_that_is_refused_undoes_itself_alone, a_transaction_sees_no_half_of_another,
            threads_that_come_and_go_leave_nothing_open,
            processes_that_start_together_make_one_store,
            four_processes_of_four_threads_count_together,
            nothing_acknowledged_is_lost_when_processes_are_killed,
            a_store_that_crossed_a_fork_is_refused_and_its_parent_goes_on)
