/* What SQLite's store does when the disk fails or another process holds what it needs. */
#define _GNU_SOURCE
#include "tests/contract/sandbox.h"
#include "tests/contract/stores.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

/* --- callers that end up in one group --------------------------------------------------------- */

#define CALLERS 8

struct caller {
    struct stores *s;
    cc_txn_fn *fn;
    int number;
    size_t size_bytes;
    char letter; /* of what is written; SQLite does not write again what is there already */
    enum cc_code rc;
    struct cc_err err;
};

static void *call(void *arg)
{
    struct caller *caller = arg;
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);

    caller->rc = cc_store_run(caller->s->store, arena, caller->fn, caller, &caller->err);
    cc_arena_free(arena);
    return NULL;
}

/* The write lock of the lock file, taken as another process would take it. */
static int take_lock(struct stores *s)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1 };
    int fd = open(cc_str_format(s->arena, "%.*s.lock", CC_STR_ARG(s->config.path)).at,
                  O_RDWR | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLKW, &lock), 0);
    return fd;
}

/* Lets them all queue before the first one runs: they share a commit. */
static void call_together(struct stores *s, struct caller *callers, int count)
{
    const int64_t deadline_ms = stores_now_ms() + 20000;
    pthread_t threads[CALLERS];
    int lock = take_lock(s);

    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call, &callers[i]), 0);
    while (!stores_others_sleep(count + 1))
        stores_pause(deadline_ms);
    close(lock);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* --- a disk whose faults a test turns on ------------------------------------------------------ */

static sqlite3_vfs faulty_vfs;
static sqlite3_vfs *real_vfs;
static sqlite3_io_methods faulty_methods;
static const sqlite3_io_methods *real_methods;
static _Atomic int log_syncs;
static _Atomic bool log_sync_fails;

static int sync_log(sqlite3_file *file, int flags)
{
    atomic_fetch_add(&log_syncs, 1);
    if (atomic_load(&log_sync_fails))
        return SQLITE_IOERR_FSYNC;
    return real_methods->xSync(file, flags);
}

/* The write-ahead log gets an fsync of ours; everything else stays SQLite's. */
static int open_faulty(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                       int *out_flags)
{
    int rc = real_vfs->xOpen(real_vfs, name, file, flags, out_flags);

    (void)vfs;
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL)) {
        real_methods = file->pMethods;
        faulty_methods = *real_methods;
        faulty_methods.xSync = sync_log;
        file->pMethods = &faulty_methods;
    }
    return rc;
}

static void use_faulty_disk(void)
{
    real_vfs = sqlite3_vfs_find(NULL);
    faulty_vfs = *real_vfs;
    faulty_vfs.zName = "faulty";
    faulty_vfs.xOpen = open_faulty;
    ck_assert_int_eq(sqlite3_vfs_register(&faulty_vfs, 1), SQLITE_OK);
}

/* What a file system says it is. */
static long pretended_magic;

int statfs(const char *path, struct statfs *out)
{
    int failed = (int)syscall(SYS_statfs, path, out);

    if (!failed && pretended_magic)
        out->f_type = pretended_magic;
    return failed;
}

/* --- functions -------------------------------------------------------------------------------- */

static enum cc_code count_mine(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct caller *caller = arg;
    struct stores_counter counter = { .key = { CC_STR("P"), cc_str_format(cc_txn_arena(txn), "C#%d",
                                                                          caller->number) } };

    return stores_count_up(txn, &counter, err);
}

/* Writes so much that SQLite must put pages on disk before the commit. */
static enum cc_code write_much(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct caller *caller = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    const size_t body_bytes = (size_t)100 * 1024;
    char *body = cc_arena_alloc(arena, body_bytes);
    enum cc_code rc = count_mine(txn, arg, err);

    memset(body, caller->letter ? caller->letter : 'x', body_bytes);
    for (size_t i = 0; i < caller->size_bytes / body_bytes && rc == CC_OK; i++) {
        const struct cc_item item = { .key = { CC_STR("BIG"), cc_str_format(arena, "B#%d-%zu",
                                                                            caller->number, i) },
                                      .body = { body, body_bytes } };

        rc = cc_txn_put(txn, &item, err);
    }
    return rc;
}

/* Overlooks that there was no room and goes on writing. */
static enum cc_code write_much_and_overlook(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item after = stores_item("P", "AFTER", "x");
    struct cc_err ignored = { 0 };

    (void)!write_much(txn, arg, &ignored);
    (void)!cc_txn_put(txn, &after, err);
    cc_err_clear(err);
    return CC_OK;
}

static const char *counted(struct stores *s, int number)
{
    struct cc_str body = stores_get(s, "P", cc_str_format(s->arena, "C#%d", number).at);

    return body.at ? body.at : "none";
}

static void make_callers(struct stores *s, struct caller *callers, cc_txn_fn *fn)
{
    for (int i = 0; i < CALLERS; i++)
        callers[i] = (struct caller){ .s = s, .fn = fn, .number = i };
}

/* --- a full disk ------------------------------------------------------------------------------ */

static void open_on_small_disk(struct stores *s, size_t size_bytes)
{
    stores_prepare(s, 0);
    sandbox_small_disk(s->folder, size_bytes);
    s->config.cache_bytes = 64 * 1024;
    ck_assert_int_eq(stores_open_again(s, 0, &s->store, &s->err), CC_OK);
}

static void enlarge_disk(struct stores *s, size_t size_bytes)
{
    char options[64];

    snprintf(options, sizeof(options), "size=%zu", size_bytes);
    ck_assert_int_eq(mount("none", s->folder, "tmpfs", MS_REMOUNT, options), 0);
}

START_TEST(a_disk_that_fills_in_the_middle_of_a_group_costs_only_who_filled_it)
{
    struct caller callers[CALLERS];
    struct stores s;

    if (!sandbox_enter("a_disk_that_fills_in_the_middle_of_a_group_costs_only_who_filled_it"))
        return;
    open_on_small_disk(&s, 1024 * 1024);
    make_callers(&s, callers, count_mine);
    callers[3] =
        (struct caller){ .s = &s, .fn = write_much, .number = 3, .size_bytes = 3 * 1024 * 1024 };
    callers[5] = callers[3];
    callers[5].fn = write_much_and_overlook;
    callers[5].number = 5;
    call_together(&s, callers, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        const bool filled = i == 3 || i == 5;

        ck_assert_msg(callers[i].rc == (filled ? CC_STORAGE_FULL : CC_OK), "%d: %d %s", i,
                      callers[i].rc, callers[i].err.cause);
        ck_assert_str_eq(counted(&s, i), filled ? "none" : "1");
    }
    ck_assert_ptr_null(stores_get(&s, "BIG", "B#3-0").at);
    ck_assert_ptr_null(stores_get(&s, "P", "AFTER").at);
    enlarge_disk(&s, 16 * 1024 * 1024);
    call_together(&s, &callers[3], 1);
    ck_assert_int_eq(callers[3].rc, CC_OK);
    ck_assert_ptr_nonnull(stores_get(&s, "BIG", "B#3-0").at);
    stores_close(&s);
}
END_TEST

START_TEST(a_full_disk_loses_nothing_that_was_acknowledged)
{
    struct caller caller = { .fn = write_much, .size_bytes = 100 * 1024 };
    struct stores s;
    int done = 0;

    if (!sandbox_enter("a_full_disk_loses_nothing_that_was_acknowledged"))
        return;
    open_on_small_disk(&s, 2 * 1024 * 1024);
    caller.s = &s;
    do {
        caller.number = done;
        call(&caller);
        done += caller.rc == CC_OK;
    } while (caller.rc == CC_OK);
    ck_assert_int_eq(caller.rc, CC_STORAGE_FULL);
    ck_assert_int_gt(done, 5);
    ck_assert_int_eq(cc_store_check(s.store, s.arena, &s.err), CC_STORAGE_FULL);
    cc_store_close(s.store);
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    for (int i = 0; i < done; i++)
        ck_assert_str_eq(counted(&s, i), "1");
    ck_assert_str_eq(counted(&s, done), "none");
    enlarge_disk(&s, 16 * 1024 * 1024);
    call(&caller);
    ck_assert_int_eq(caller.rc, CC_OK);
    stores_close(&s);
}
END_TEST

/* Rows that are written over and over: the database needs 5 MB, its log whatever there is. */
static enum cc_code write_over(struct stores *s, struct caller *caller, int count)
{
    caller->fn = write_much;
    caller->s = s;
    caller->size_bytes = 100 * 1024;
    for (int i = 0; i < count; i++) {
        caller->number = i % 50;
        caller->letter = (char)('a' + i / 50 % 26);
        call(caller);
        if (caller->rc != CC_OK)
            return caller->rc;
    }
    return CC_OK;
}

/* The checkpoint fails before the log does. */
START_TEST(a_log_that_has_filled_the_disk_gives_it_back_as_soon_as_there_is_room_to_copy)
{
    const int64_t deadline_ms = cc_clock_mono_ms(&cc_system_clock) + 10000;
    struct caller caller = { 0 };
    struct stores s;
    enum cc_code rc;

    if (!sandbox_enter("a_log_that_has_filled_the_disk_gives_it_back"))
        return;
    open_on_small_disk(&s, 22 * 1024 * 1024);
    ck_assert_int_eq(write_over(&s, &caller, 1000), CC_STORAGE_FULL);
    enlarge_disk(&s, 30 * 1024 * 1024);
    do {
        rc = write_over(&s, &caller, 600); /* 60 MB */
        ck_assert_msg(rc == CC_OK || rc == CC_STORAGE_FULL, "%d %s", rc, caller.err.cause);
    } while (rc != CC_OK && cc_clock_mono_ms(&cc_system_clock) < deadline_ms);
    ck_assert_int_eq(rc, CC_OK);
    stores_close(&s);
}
END_TEST

START_TEST(a_store_on_a_full_disk_is_not_created_and_can_be_later)
{
    struct stores s;

    if (!sandbox_enter("a_store_on_a_full_disk_is_not_created_and_can_be_later"))
        return;
    stores_prepare(&s, 0);
    sandbox_small_disk(s.folder, 8192);
    ck_assert_int_ne(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    enlarge_disk(&s, 16 * 1024 * 1024);
    cc_err_clear(&s.err);
    ck_assert_msg(stores_open_again(&s, 0, &s.store, &s.err) == CC_OK, "%s", s.err.cause);
    stores_put(&s, stores_item("P", "A", "x"));
    stores_close(&s);
}
END_TEST

/* --- a disk that fails ------------------------------------------------------------------------ */

START_TEST(a_failed_fsync_is_an_unknown_outcome_for_the_whole_group)
{
    struct caller callers[CALLERS];
    struct stores s;

    use_faulty_disk();
    stores_open(&s, 0);
    make_callers(&s, callers, count_mine);
    call_together(&s, callers, CALLERS);
    atomic_store(&log_sync_fails, true);
    call_together(&s, callers, CALLERS);
    for (int i = 0; i < CALLERS; i++)
        ck_assert_int_eq(callers[i].rc, CC_OUTCOME_UNKNOWN);
    atomic_store(&log_sync_fails, false);
    call_together(&s, callers, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        ck_assert_int_eq(callers[i].rc, CC_OK);
        ck_assert(strcmp(counted(&s, i), "2") == 0 || strcmp(counted(&s, i), "3") == 0);
    }
    stores_close(&s);
}
END_TEST

START_TEST(a_group_is_synced_once_and_a_transaction_that_only_read_never)
{
    struct caller callers[CALLERS];
    struct stores s;
    int before;

    use_faulty_disk();
    stores_open(&s, 0);
    make_callers(&s, callers, count_mine);
    call_together(&s, callers, CALLERS);
    before = atomic_load(&log_syncs);
    call_together(&s, callers, CALLERS);
    ck_assert_int_eq(atomic_load(&log_syncs) - before, 1);
    before = atomic_load(&log_syncs);
    ck_assert_int_eq(cc_store_check(s.store, s.arena, &s.err), CC_OK);
    ck_assert_int_eq(atomic_load(&log_syncs) - before, 0);
    stores_close(&s);
}
END_TEST

/* --- others who hold what is needed ----------------------------------------------------------- */

static void prepare_impatient(struct stores *s)
{
    stores_prepare(s, 0);
    s->config.wait_ms = 200;
    ck_assert_int_eq(stores_open_again(s, 0, &s->store, &s->err), CC_OK);
}

START_TEST(a_lock_held_elsewhere_is_unavailable_in_time_and_nothing_was_done)
{
    struct caller caller = { .fn = count_mine, .number = 1 };
    struct stores s;
    int64_t began_ms;
    int lock;

    prepare_impatient(&s);
    caller.s = &s;
    lock = take_lock(&s);
    began_ms = stores_now_ms();
    call(&caller);
    ck_assert_int_eq(caller.rc, CC_UNAVAILABLE);
    ck_assert_int_gt(caller.err.retry_after_s, 0);
    ck_assert_ptr_nonnull(strstr(caller.err.cause, "lock file"));
    ck_assert_int_ge(stores_now_ms() - began_ms, 200);
    ck_assert_int_lt(stores_now_ms() - began_ms, 2000);
    ck_assert_str_eq(counted(&s, 1), "none"); /* and reading goes on */
    close(lock);
    call(&caller);
    ck_assert_int_eq(caller.rc, CC_OK);
    ck_assert_str_eq(counted(&s, 1), "1");
    stores_close(&s);
}
END_TEST

/* /readyz waited as long as a request may wait for its turn. */
START_TEST(whether_it_is_ready_is_told_soon_while_the_lock_is_held_elsewhere)
{
    struct stores s;
    int64_t began_ms;
    int lock;

    stores_prepare(&s, 0);
    s.config.wait_ms = 60000;
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    lock = take_lock(&s);
    began_ms = stores_now_ms();
    ck_assert_int_eq(cc_store_check(s.store, s.arena, &s.err), CC_UNAVAILABLE);
    ck_assert_int_lt(stores_now_ms() - began_ms, 10000);
    ck_assert_ptr_nonnull(strstr(s.err.cause, "lock file"));
    close(lock);
    stores_close(&s);
}
END_TEST

START_TEST(a_store_can_be_closed_while_the_lock_is_held_elsewhere)
{
    struct caller caller = { .fn = count_mine, .number = 1 };
    struct stores s;
    int lock;

    prepare_impatient(&s);
    caller.s = &s;
    lock = take_lock(&s);
    call(&caller);
    ck_assert_int_eq(caller.rc, CC_UNAVAILABLE);
    cc_store_close(s.store);
    close(lock);
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    ck_assert_str_eq(counted(&s, 1), "none");
    stores_close(&s);
}
END_TEST

START_TEST(a_shell_in_a_transaction_makes_writers_wait_and_give_up_in_time)
{
    struct caller caller = { .fn = count_mine, .number = 1 };
    struct stores s;
    int64_t began_ms;
    sqlite3 *shell;

    prepare_impatient(&s);
    caller.s = &s;
    ck_assert_int_eq(sqlite3_open(s.config.path.at, &shell), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(shell, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    began_ms = stores_now_ms();
    call(&caller);
    ck_assert_int_eq(caller.rc, CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(caller.err.cause, "does not use the lock file"));
    ck_assert_int_lt(stores_now_ms() - began_ms, 2000);
    sqlite3_exec(shell, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(shell);
    call(&caller);
    ck_assert_int_eq(caller.rc, CC_OK);
    ck_assert_str_eq(counted(&s, 1), "1");
    stores_close(&s);
}
END_TEST

static enum cc_code outlast_the_deadline(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const int64_t until_ms = stores_now_ms() + 500;

    while (stores_now_ms() < until_ms)
        usleep(10000);
    return count_mine(txn, arg, err);
}

START_TEST(a_function_that_has_begun_is_waited_for_beyond_the_deadline)
{
    struct caller caller = { .fn = outlast_the_deadline, .number = 1 };
    struct stores s;

    prepare_impatient(&s);
    caller.s = &s;
    call(&caller);
    ck_assert_int_eq(caller.rc, CC_OK);
    ck_assert_str_eq(counted(&s, 1), "1");
    stores_close(&s);
}
END_TEST

/* --- presence --------------------------------------------------------------------------------- */

START_TEST(while_one_holds_the_database_alone_no_other_opens_it)
{
    struct flock alone = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 1 };
    struct stores s;
    struct cc_store *second = NULL;
    int fd;

    stores_open(&s, 0);
    fd =
        open(cc_str_format(s.arena, "%.*s.lock", CC_STR_ARG(s.config.path)).at, O_RDWR | O_CLOEXEC);
    ck_assert_int_ne(fcntl(fd, F_OFD_SETLK, &alone), 0); /* the store is open */
    cc_store_close(s.store);
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &alone), 0);
    ck_assert_int_eq(stores_open_again(&s, 0, &second, &s.err), CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(s.err.detail, "restored or migrated"));
    close(fd);
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    stores_close(&s);
}
END_TEST

START_TEST(the_lock_file_is_not_left_to_programs_that_are_started)
{
    struct stores s;
    char path[64];
    int open_ones = 0;

    stores_open(&s, 0);
    stores_put(&s, stores_item("P", "A", "x"));
    ck_assert_ptr_nonnull(stores_get(&s, "P", "A").at);
    for (int fd = 3; fd < 64; fd++) {
        char target[256];
        ssize_t len;

        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        len = readlink(path, target, sizeof(target) - 1);
        if (len < 0 || memmem(target, (size_t)len, "cloud-chat.db", 13) == NULL)
            continue;
        open_ones++;
        ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    }
    ck_assert_int_ge(open_ones, 4);
    stores_close(&s);
}
END_TEST

/* --- network file systems --------------------------------------------------------------------- */

START_TEST(a_network_file_system_is_refused_unless_allowed)
{
    static const long magics[] = { 0x6969, (long)0xff534d42, (long)0xfe534d42, 0x01021997,
                                   0x65735546 };
    struct stores s;

    stores_prepare(&s, 0);
    for (size_t i = 0; i < CC_COUNT(magics); i++) {
        pretended_magic = magics[i];
        cc_err_clear(&s.err);
        ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_INVALID);
        ck_assert_ptr_nonnull(strstr(s.err.detail, "network_filesystem"));
        ck_assert_int_ne(access(s.config.path.at, F_OK), 0);
    }
    s.config.network_filesystem = true;
    cc_err_clear(&s.err);
    ck_assert_msg(stores_open_again(&s, 0, &s.store, &s.err) == CC_OK, "%s", s.err.cause);
    stores_close(&s);
}
END_TEST

START_TEST(on_a_network_file_system_there_is_one_process_and_no_log)
{
    struct caller caller = { .fn = count_mine, .number = 1 };
    struct cc_store *second = NULL;
    struct stores s;

    stores_prepare(&s, 0);
    s.config.network_filesystem = true;
    ck_assert_int_eq(stores_open_again(&s, 0, &s.store, &s.err), CC_OK);
    caller.s = &s;
    call(&caller);
    ck_assert_int_eq(caller.rc, CC_OK);
    ck_assert_str_eq(counted(&s, 1), "1");
    ck_assert_int_ne(access(cc_str_format(s.arena, "%.*s-wal", CC_STR_ARG(s.config.path)).at, F_OK),
                     0);
    ck_assert_int_eq(stores_open_again(&s, 0, &second, &s.err), CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(s.err.detail, "Another program"));
    stores_close(&s);
}
END_TEST

/* --- signals ---------------------------------------------------------------------------------- */

/* SIGTERM finds a thread of the program, never the committer: here none is open to it, so it stays
 * pending until the program asks. */
START_TEST(signals_go_to_the_threads_of_the_program)
{
    const struct timespec patience = { .tv_sec = 10 };
    struct stores s;
    sigset_t term;

    stores_open(&s, 0);
    stores_put(&s, stores_item("P", "A", "x"));
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, NULL);
    ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
    stores_put(&s, stores_item("P", "A", "y"));
    ck_assert_int_eq(sigtimedwait(&term, NULL, &patience), SIGTERM);
    stores_close(&s);
}
END_TEST

CC_CHECK_MAIN("contract/sqlite_faults",
              a_disk_that_fills_in_the_middle_of_a_group_costs_only_who_filled_it,
              a_full_disk_loses_nothing_that_was_acknowledged,
              a_log_that_has_filled_the_disk_gives_it_back_as_soon_as_there_is_room_to_copy,
              a_store_on_a_full_disk_is_not_created_and_can_be_later,
              a_failed_fsync_is_an_unknown_outcome_for_the_whole_group,
              a_group_is_synced_once_and_a_transaction_that_only_read_never,
              a_lock_held_elsewhere_is_unavailable_in_time_and_nothing_was_done,
              whether_it_is_ready_is_told_soon_while_the_lock_is_held_elsewhere,
              a_store_can_be_closed_while_the_lock_is_held_elsewhere,
              a_shell_in_a_transaction_makes_writers_wait_and_give_up_in_time,
              a_function_that_has_begun_is_waited_for_beyond_the_deadline,
              while_one_holds_the_database_alone_no_other_opens_it,
              the_lock_file_is_not_left_to_programs_that_are_started,
              a_network_file_system_is_refused_unless_allowed,
              on_a_network_file_system_there_is_one_process_and_no_log,
              signals_go_to_the_threads_of_the_program)
