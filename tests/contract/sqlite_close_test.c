/* What the last process to close the database leaves of the write-ahead log, which the next one to
 * open it reads from end to end. */
#define _GNU_SOURCE /* F_OFD_SETLKW */
#include "tests/contract/stores.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEFT_BYTES (1024 * 1024)
#define LONG 50 /* puts: 550 pages */

static const char *beside(struct stores *s, const char *suffix)
{
    return cc_str_format(s->arena, "%.*s%s", CC_STR_ARG(s->config.path), suffix).at;
}

static off_t log_bytes(struct stores *s)
{
    struct stat log;

    ck_assert_int_eq(stat(beside(s, "-wal"), &log), 0);
    return log.st_size;
}

static void put(struct stores *s, int number)
{
    char body[32 * 1024];

    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = '\0';
    stores_put(s, stores_item("P", cc_str_format(s->arena, "A#%04d", number).at, body));
}

static void fill_log(struct stores *s, int round)
{
    for (int i = 0; i < LONG; i++)
        put(s, round * LONG + i);
}

static void open_again(struct stores *s, struct cc_store **out)
{
    ck_assert_int_eq(stores_open_again(s, 0, out, &s->err), CC_OK);
}

static void close_first(struct stores *s)
{
    cc_store_close(s->store);
    s->store = NULL;
}

static void check_all_is_there(struct stores *s)
{
    for (int i = 0; i < LONG; i++)
        ck_assert(stores_get(s, "P", cc_str_format(s->arena, "A#%04d", i).at).at != NULL);
}

START_TEST(a_short_log_is_left_as_it_is)
{
    struct stores s;
    off_t before;

    stores_open(&s, 0);
    stores_put(&s, stores_item("P", "A", "x"));
    before = log_bytes(&s);
    ck_assert_int_gt(before, 0);
    close_first(&s);
    ck_assert_int_eq(log_bytes(&s), before);
    stores_close(&s);
}
END_TEST

START_TEST(a_long_log_is_emptied_by_the_last_to_close)
{
    struct cc_store *other;
    struct stores s;
    off_t before;

    stores_open(&s, 0);
    open_again(&s, &other);
    fill_log(&s, 0);
    before = log_bytes(&s);
    ck_assert_int_gt(before, LEFT_BYTES);
    close_first(&s);
    ck_assert_int_eq(log_bytes(&s), before);
    cc_store_close(other);
    ck_assert_int_eq(log_bytes(&s), 0);
    open_again(&s, &s.store);
    check_all_is_there(&s);
    stores_close(&s);
}
END_TEST

/* As plain CGI has it: each write by a process that opens the database and closes it. */
START_TEST(writers_that_come_one_after_another_keep_the_log_short)
{
    struct stores s;
    off_t most = 0, least = LEFT_BYTES;

    stores_prepare(&s, 0);
    for (int i = 0; i < 100; i++) {
        off_t now;

        open_again(&s, &s.store);
        put(&s, i);
        close_first(&s);
        now = log_bytes(&s);
        most = now > most ? now : most;
        least = now < least ? now : least;
    }
    ck_assert_int_le(most, LEFT_BYTES);
    ck_assert_int_gt(most, LEFT_BYTES / 2); /* else each of them would copy */
    ck_assert_int_eq(least, 0);
    stores_close(&s);
}
END_TEST

struct closer {
    struct cc_store *store;
    pthread_barrier_t *start;
};

static void *close_one(void *arg)
{
    struct closer *closer = arg;

    pthread_barrier_wait(closer->start);
    cc_store_close(closer->store);
    return NULL;
}

static void close_together(struct cc_store *one, struct cc_store *other)
{
    pthread_barrier_t start;
    struct closer closers[] = { { one, &start }, { other, &start } };
    pthread_t thread;

    pthread_barrier_init(&start, NULL, 2);
    ck_assert_int_eq(pthread_create(&thread, NULL, close_one, &closers[1]), 0);
    close_one(&closers[0]);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&start);
}

/* Each could take the other for one that stays. */
START_TEST(of_two_that_close_at_once_one_is_the_last)
{
    struct stores s;

    stores_prepare(&s, 0);
    for (int i = 0; i < 30; i++) {
        struct cc_store *other;

        open_again(&s, &s.store);
        open_again(&s, &other);
        fill_log(&s, i);
        close_together(s.store, other);
        s.store = NULL;
        ck_assert_int_eq(log_bytes(&s), 0);
    }
    stores_close(&s);
}
END_TEST

START_TEST(without_the_lock_nothing_is_copied)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };
    struct stores s;
    off_t before;
    int64_t began_ms;
    int fd;

    stores_open(&s, 0);
    fill_log(&s, 0);
    before = log_bytes(&s);
    fd = open(beside(&s, ".lock"), O_RDWR | O_CLOEXEC);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLKW, &lock), 0);
    began_ms = stores_now_ms();
    close_first(&s);
    ck_assert_int_lt(stores_now_ms() - began_ms, 2000);
    ck_assert_int_eq(log_bytes(&s), before);
    close(fd);
    stores_close(&s);
}
END_TEST

static void tell_nobody(struct cc_findings *to, const struct cc_finding *finding)
{
    (void)to;
    (void)finding;
}

START_TEST(who_looks_the_database_over_leaves_its_log)
{
    struct cc_findings findings = { .tell = tell_nobody };
    struct cc_store *other;
    struct stores s;
    off_t before;
    pid_t child;
    int status;

    /* Its process does not close: it is killed. */
    stores_prepare(&s, 0);
    child = fork();
    if (child == 0) {
        open_again(&s, &s.store);
        fill_log(&s, 0);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    before = log_bytes(&s);
    ck_assert_int_gt(before, LEFT_BYTES);
    cc_store_examine_sqlite(&s.config, true, &findings);
    ck_assert_int_eq(log_bytes(&s), before);
    open_again(&s, &other);
    cc_store_close(other);
    ck_assert_int_eq(log_bytes(&s), 0);
    stores_close(&s);
}
END_TEST

CC_CHECK_MAIN("contract/sqlite_close", a_short_log_is_left_as_it_is,
              a_long_log_is_emptied_by_the_last_to_close,
              writers_that_come_one_after_another_keep_the_log_short,
              of_two_that_close_at_once_one_is_the_last, without_the_lock_nothing_is_copied,
              who_looks_the_database_over_leaves_its_log)
