#define _GNU_SOURCE /* nftw */
#include "tests/contract/stores.h"
#include "tests/contract/stores_dynamodb.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>

/* --- the backends ----------------------------------------------------------------------------- */

static void prepare_sqlite(struct stores *s)
{
    s->config.path = cc_str_format(s->arena, "%s/cloud-chat.db", s->folder);
}

static enum cc_code open_sqlite(struct stores *s, struct cc_store **out, struct cc_err *err)
{
    return cc_store_open_sqlite(&s->config, out, err);
}

static void leave_to_folder(struct stores *s)
{
    (void)s;
}

/* Only one of them is run on: the one with its variable, or else SQLite. */
static const struct backend {
    const char *name;
    const char *variable;
    void (*prepare)(struct stores *);
    enum cc_code (*open)(struct stores *, struct cc_store **, struct cc_err *);
    void (*remove)(struct stores *);
} backends[] = {
    { "sqlite", NULL, prepare_sqlite, open_sqlite, leave_to_folder },
    { "dynamodb", "CC_TEST_DYNAMODB", stores_dynamodb_prepare, stores_dynamodb_open,
      stores_dynamodb_remove },
};

static int chosen_backend(void)
{
    int chosen = 0;

    for (int i = 0; i < (int)CC_COUNT(backends); i++) {
        if (backends[i].variable && getenv(backends[i].variable))
            chosen = i;
        else if (backends[i].variable)
            printf("SKIPPED on %s: %s does not name one\n", backends[i].name, backends[i].variable);
    }
    return chosen;
}

/* --- the clock -------------------------------------------------------------------------------- */

static int64_t turned_ms(const struct cc_clock *clock)
{
    return atomic_load(&((const struct stores_clock *)clock)->now_ms);
}

int64_t stores_now_ms(void)
{
    return cc_clock_mono_ms(&cc_system_clock);
}

void stores_pause(int64_t deadline_ms)
{
    const struct timespec step = { .tv_nsec = 1000 * 1000 };

    ck_assert_msg(stores_now_ms() < deadline_ms, "it did not happen in time");
    nanosleep(&step, NULL);
}

/* --- opening and closing ---------------------------------------------------------------------- */

static const char *make_folder(struct cc_arena *arena)
{
    const char *below = getenv("TMPDIR");
    struct cc_str name = cc_str_format(arena, "%s/cc-store-XXXXXX", below ? below : "/tmp");
    char *folder = cc_arena_alloc(arena, name.len + 1);

    memcpy(folder, name.at, name.len);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return folder;
}

void stores_prepare(struct stores *s, int backend)
{
    memset(s, 0, sizeof(*s));
    s->backend = backend;
    s->arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    s->folder = make_folder(s->arena);
    s->clock.base = (struct cc_clock){ turned_ms, turned_ms };
    atomic_init(&s->clock.now_ms, 1700000000000);
    s->log = (struct cc_log){
        .fd = 2, .program = "test", .level = CC_LOG_ERROR, .clock = &cc_system_clock
    };
    s->config = (struct cc_store_config){
        .group_max = 64,
        .wait_ms = 20000,
        .cache_bytes = 1024 * 1024,
        .clock = &s->clock.base,
        .random = &cc_system_random,
        .log = &s->log,
    };
    backends[backend].prepare(s);
}

enum cc_code stores_open_again(struct stores *s, int backend, struct cc_store **out,
                               struct cc_err *err)
{
    return backends[backend].open(s, out, err);
}

void stores_open(struct stores *s, int backend)
{
    enum cc_code rc;

    stores_prepare(s, backend);
    rc = stores_open_again(s, backend, &s->store, &s->err);
    ck_assert_msg(rc == CC_OK, "%s: %s", s->err.detail, s->err.cause);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void stores_close(struct stores *s)
{
    cc_store_close(s->store);
    backends[s->backend].remove(s);
    nftw(s->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    cc_arena_free(s->arena);
}

/* --- threads ---------------------------------------------------------------------------------- */

static bool sleeps(const char *tid)
{
    char path[64], line[256], state = 'R';
    FILE *file;

    snprintf(path, sizeof(path), "/proc/self/task/%s/stat", tid);
    file = fopen(path, "re");
    if (file && fgets(line, sizeof(line), file) && strrchr(line, ')'))
        state = strrchr(line, ')')[2];
    if (file)
        fclose(file);
    return state == 'S' || state == 'D';
}

bool stores_others_sleep(int at_least)
{
    DIR *tasks = opendir("/proc/self/task");
    const long self = syscall(SYS_gettid);
    struct dirent *task;
    int asleep = 0, awake = 0;

    ck_assert_ptr_nonnull(tasks);
    while ((task = readdir(tasks)) != NULL) {
        if (task->d_name[0] == '.' || strtol(task->d_name, NULL, 10) == self)
            continue;
        if (sleeps(task->d_name))
            asleep++;
        else
            awake++;
    }
    closedir(tasks);
    return awake == 0 && asleep >= at_least;
}

/* --- small transactions ----------------------------------------------------------------------- */

struct cc_key stores_key(const char *pk, const char *sk)
{
    return (struct cc_key){ cc_str_from(pk), cc_str_from(sk) };
}

struct cc_item stores_item(const char *pk, const char *sk, const char *body)
{
    return (struct cc_item){ .key = stores_key(pk, sk), .body = cc_str_from(body) };
}

static enum cc_code put_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_txn_put(txn, arg, err);
}

void stores_put(struct stores *s, struct cc_item item)
{
    enum cc_code rc = cc_store_run(s->store, s->arena, put_one, &item, &s->err);

    ck_assert_msg(rc == CC_OK, "%s", s->err.cause);
}

static enum cc_code get_one(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_item *item = arg;

    return cc_txn_get(txn, item->key, item, err);
}

struct cc_str stores_get(struct stores *s, const char *pk, const char *sk)
{
    struct cc_item item = { .key = stores_key(pk, sk) };
    struct cc_err err = { 0 };
    enum cc_code rc = cc_store_view(s->store, s->arena, get_one, &item, &err);

    ck_assert_msg(rc == CC_OK || rc == CC_NOT_FOUND, "%s", err.cause);
    return rc == CC_OK ? item.body : CC_STR_ABSENT;
}

enum cc_code stores_count_up(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct stores_counter *counter = arg;
    struct cc_item item = { .key = counter->key };
    int64_t before = 0;
    enum cc_code rc = cc_txn_get(txn, counter->key, &item, err);

    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    if (rc == CC_OK && !cc_str_to_i64(item.body, 0, INT64_MAX - 1, &before))
        return cc_fail(err, CC_INTERNAL, NULL, "not a number: %.*s", CC_STR_ARG(item.body));
    counter->value = before + 1;
    item.body = cc_str_format(cc_txn_arena(txn), "%lld", (long long)counter->value);
    return cc_txn_put(txn, &item, err);
}

/* --- Check ------------------------------------------------------------------------------------ */

int stores_check_run(const char *suite, const TTest *const *tests, size_t count)
{
    Suite *all = suite_create(suite);
    TCase *tcase = tcase_create(suite);
    const int backend = chosen_backend();

    tcase_set_timeout(tcase, 120);
    for (size_t i = 0; i < count; i++)
        tcase_add_loop_test(tcase, tests[i], backend, backend + 1);
    suite_add_tcase(all, tcase);
    return cc_check_run_suite(all);
}
