#include "sqlite.h"

#include <unistd.h>

#define CHECK_WAIT_MS 1000

static struct sqlite_store *store_of(const struct cc_store *store)
{
    return (struct sqlite_store *)store;
}

/* SQLite's locks and our lock file do not survive a fork; a child that went on with them would
 * write beside its parent. */
static enum cc_code check_process(const struct sqlite_store *store, struct cc_err *err)
{
    if (store->pid == getpid())
        return CC_OK;
    return cc_fail(err, CC_INTERNAL, NULL, "store: opened by process %d, used by %d after a fork",
                   (int)store->pid, (int)getpid());
}

/* --- readers ---------------------------------------------------------------------------------- */

/* A connection forgets its pages when anybody has committed since it last looked. So there are as
 * many as views at the same time, not as many as threads, and the one that looked last goes
 * first. */
static enum cc_code take_reader(struct sqlite_store *store, struct sqlite_conn **out,
                                struct cc_err *err)
{
    struct sqlite_conn *conn;

    pthread_mutex_lock(&store->readers_mutex);
    conn = store->readers;
    if (conn != NULL)
        store->readers = conn->next;
    pthread_mutex_unlock(&store->readers_mutex);
    if (conn == NULL)
        return sqlite_conn_open(&store->settings, false, out, err);
    *out = conn;
    return CC_OK;
}

static void give_back(struct sqlite_store *store, struct sqlite_conn *conn)
{
    pthread_mutex_lock(&store->readers_mutex);
    conn->next = store->readers;
    store->readers = conn;
    pthread_mutex_unlock(&store->readers_mutex);
}

static enum cc_code view_with(struct sqlite_store *store, struct sqlite_conn *conn,
                              struct sqlite_job *job)
{
    struct sqlite_txn txn;
    enum cc_code rc = sqlite_conn_do(conn, SQLITE_STMT_BEGIN_READ, job->err);

    if (rc != CC_OK)
        return rc;
    sqlite_txn_init(&txn, conn, job->arena, cc_clock_wall_ms(store->clock), true);
    rc = cc_txn_call(&txn.base, job->fn, job->arg, job->err);
    sqlite_conn_rollback(conn);
    return rc;
}

/* --- the interface ---------------------------------------------------------------------------- */

static enum cc_code run(struct cc_store *base, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                        struct cc_err *err)
{
    struct sqlite_store *store = store_of(base);
    struct sqlite_job job = {
        .fn = fn, .arg = arg, .arena = arena, .err = err, .wait_ms = store->settings.wait_ms
    };
    enum cc_code rc = check_process(store, err);

    return rc == CC_OK ? sqlite_group_run(store, &job) : rc;
}

static enum cc_code view_alone(struct sqlite_store *store, struct sqlite_job *job)
{
    struct sqlite_conn *conn;
    enum cc_code rc = take_reader(store, &conn, job->err);

    if (rc != CC_OK)
        return rc;
    rc = view_with(store, conn, job);
    give_back(store, conn);
    return rc;
}

/* With the database locked for one connection, reads take their turn among the writes. */
static enum cc_code view(struct cc_store *base, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                         struct cc_err *err)
{
    struct sqlite_store *store = store_of(base);
    struct sqlite_job job = { .fn = fn,
                              .arg = arg,
                              .arena = arena,
                              .err = err,
                              .wait_ms = store->settings.wait_ms,
                              .read_only = true };
    enum cc_code rc = check_process(store, err);

    if (rc != CC_OK)
        return rc;
    return store->settings.network ? sqlite_group_run(store, &job) : view_alone(store, &job);
}

static struct cc_str epoch(const struct cc_store *base)
{
    return store_of(base)->epoch;
}

static enum cc_code sweep(struct cc_store *base, size_t limit, size_t *swept, struct cc_err *err)
{
    struct sqlite_sweep what = { .limit = limit };
    struct cc_arena *arena = cc_arena_new((size_t)16 * 1024);
    enum cc_code rc = run(base, arena, sqlite_txn_sweep, &what, err);

    if (rc == CC_OK)
        *swept = what.swept;
    cc_arena_free(arena);
    return rc;
}

static enum cc_code walk(struct cc_store *base, struct cc_str prefix, cc_item_fn *fn, void *arg,
                         struct cc_err *err)
{
    return sqlite_walk(store_of(base), prefix, &(struct cc_visit){ fn, arg }, err);
}

static enum cc_code read_schema(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_item item;

    (void)arg;
    return cc_txn_get(txn, (struct cc_key){ CC_STR("META"), CC_STR("SCHEMA") }, &item, err);
}

/* A transaction that writes nothing takes the locks but costs no fsync, so that being asked often
 * does no harm. Who asks wants to know about now: a lock that is not free soon is an answer. */
static enum cc_code check(struct cc_store *base, struct cc_arena *arena, struct cc_err *err)
{
    struct sqlite_store *store = store_of(base);
    struct sqlite_job job = {
        .fn = read_schema,
        .arena = arena,
        .err = err,
        .wait_ms =
            store->settings.wait_ms < CHECK_WAIT_MS ? store->settings.wait_ms : CHECK_WAIT_MS,
    };
    enum cc_code rc = check_process(store, err);

    if (rc == CC_OK)
        rc = sqlite_group_run(store, &job);
    if (rc == CC_OK && !store->settings.network)
        rc = view(base, arena, read_schema, NULL, err);
    return rc == CC_OK ? sqlite_file_check_space(store->settings.path, err) : rc;
}

static enum cc_code verify(struct cc_store *base, struct cc_arena *arena, struct cc_err *err)
{
    return view(base, arena, sqlite_txn_verify, NULL, err);
}

/* With a connection of its own, whose snapshot lasts as long as it takes. */
static enum cc_code copy(struct cc_store *base, const char *path, struct cc_progress *progress,
                         struct cc_err *err)
{
    struct sqlite_store *store = store_of(base);
    enum cc_code rc = check_process(store, err);

    if (rc == CC_OK && store->settings.network)
        rc = cc_fail(err, CC_INVALID,
                     "A database on a network file system is copied while no program runs.",
                     "store: %s is for one process alone", store->settings.path);
    return rc == CC_OK ? sqlite_copy(store, path, progress, err) : rc;
}

/* In a child that inherited the store nothing is closed: SQLite's files are its parent's. */
static void close_store(struct cc_store *base)
{
    struct sqlite_store *store = store_of(base);

    if (store->pid != getpid())
        return;
    while (store->readers) {
        struct sqlite_conn *conn = store->readers;

        store->readers = conn->next;
        sqlite_conn_close(conn);
    }
    sqlite_group_close(store); /* last: see sqlite_ahead_end */
    pthread_mutex_destroy(&store->readers_mutex);
    sqlite_lock_close(&store->lock);
    cc_arena_free(store->arena);
}

static const struct cc_store_ops ops = { run,   view,   epoch, sweep,      walk,
                                         check, verify, copy,  close_store };

/* --- opening ---------------------------------------------------------------------------------- */

static int64_t or_else(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

static struct sqlite_store *make(const struct cc_store_config *config)
{
    struct cc_arena *arena = cc_arena_new((size_t)64 * 1024);
    struct sqlite_store *store = CC_NEW(arena, struct sqlite_store);

    store->base.ops = &ops;
    store->arena = arena;
    store->lock.fd = -1;
    store->pid = getpid();
    store->clock = config->clock;
    store->log = config->log;
    store->group_max = or_else(config->group_max, 64);
    if (store->group_max > SQLITE_GROUP_MAX)
        store->group_max = SQLITE_GROUP_MAX;
    store->settings = (struct sqlite_settings){
        .durability = config->durability,
        .cache_bytes = or_else(config->cache_bytes, 2 * 1024 * 1024),
        .wait_ms = or_else(config->wait_ms, 5000),
        .network = config->network_filesystem,
    };
    return store;
}

static enum cc_code prepare_file(struct sqlite_store *store, struct cc_str path, struct cc_err *err)
{
    struct sqlite_settings *settings = &store->settings;
    enum cc_code rc = sqlite_file_resolve(store->arena, path, &settings->path, err);

    if (rc == CC_OK && !settings->network)
        rc = sqlite_file_check_place(store->arena, settings->path, err);
    if (rc == CC_OK)
        rc = sqlite_lock_open(&store->lock,
                              cc_str_format(store->arena, "%s.lock", settings->path).at,
                              settings->network, err);
    return rc == CC_OK ? sqlite_file_create(store->arena, settings->path, err) : rc;
}

/* The connection that looks at the layout becomes the committer's. */
static enum cc_code prepare_conn(struct sqlite_store *store, const struct cc_random *random,
                                 struct sqlite_conn **out, struct cc_err *err)
{
    struct sqlite_conn *conn;
    enum cc_code rc = sqlite_conn_open(&store->settings, true, &conn, err);

    if (rc != CC_OK)
        return rc;
    rc = sqlite_schema_open(conn, &store->lock, &store->settings, random, err);
    if (rc == CC_OK)
        rc = sqlite_schema_epoch(conn, store->arena, &store->epoch, err);
    if (rc != CC_OK) {
        sqlite_conn_close(conn);
        return rc;
    }
    conn->examining = false;
    *out = conn;
    return CC_OK;
}

static enum cc_code prepare(struct sqlite_store *store, const struct cc_store_config *config,
                            struct cc_err *err)
{
    struct sqlite_conn *conn;
    enum cc_code rc = prepare_file(store, config->path, err);

    if (rc == CC_OK)
        rc = prepare_conn(store, config->random, &conn, err);
    if (rc != CC_OK)
        return rc;
    pthread_mutex_init(&store->readers_mutex, NULL);
    sqlite_group_open(store, conn);
    return CC_OK;
}

enum cc_code cc_store_open_sqlite(const struct cc_store_config *config, struct cc_store **out,
                                  struct cc_err *err)
{
    struct sqlite_store *store = make(config);
    enum cc_code rc;

    /* Else every allocation is counted, under one lock that all threads share. Only takes effect
     * before SQLite is used for the first time in a process, and does nothing later. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    rc = prepare(store, config, err);
    if (rc != CC_OK) {
        sqlite_lock_close(&store->lock);
        cc_arena_free(store->arena);
        return rc;
    }
    *out = &store->base;
    return CC_OK;
}
