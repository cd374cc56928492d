/* store/dynamodb.h - what the files of the DynamoDB backend share; nobody else includes it.
 *
 *   dynamodb.c          the store: open, run, view, check, verify, close
 *   dynamodb_item.c     items as DynamoDB's typed attributes, and back
 *   dynamodb_call.c     one call; DynamoDB's errors become ours
 *   dynamodb_read.c     reading items: one, many, ranges page by page, and whether they still stand
 *   dynamodb_pool.c     calls that go out side by side
 *   dynamodb_overlay.c  what the functions of one commit have read and written
 *   dynamodb_txn.c      a transaction: get, query, insert, ... over an overlay
 *   dynamodb_commit.c   an overlay as one TransactWriteItems, and what came of it
 *   dynamodb_group.c    functions that touch the same item share a commit
 *   dynamodb_sweep.c    what has expired goes
 *   dynamodb_walk.c     the items of some partitions, page by page
 *   dynamodb_batch.c    many items, in no transaction: for who fills a table
 *   dynamodb_table.c    the table: making it, and whether it is one of ours
 *   dynamodb_examine.c  what an operator should know of it */
#ifndef CC_STORE_DYNAMODB_H
#define CC_STORE_DYNAMODB_H

#include "txn.h"

#include "../aws/aws.h"
#include "../base/json_reader.h"
#include "../base/jsonw.h"

#include <pthread.h>
#include <sys/types.h>

struct dynamo_store;

#define DYNAMO_LAYOUT 2     /* META SCHEMA */
#define DYNAMO_INDEX "mrev" /* local secondary index and its sort key */

/* --- items ------------------------------------------------------------------------------------ */

/* An item as it stands in the table. Each write gives it another random `v`: by it a commit knows
 * whether it is still the one that was read. */
struct dynamo_row {
    struct cc_item item;
    struct cc_str v; /* absent: there is no such item */
};

/* A named attribute. */
void dynamo_put_str(struct cc_jw *w, const char *name, struct cc_str value);
void dynamo_put_i64(struct cc_jw *w, const char *name, int64_t value);

/* The attributes as one object. Key and body must be UTF-8. */
void dynamo_key_write(struct cc_jw *w, struct cc_key key);
void dynamo_item_write(struct cc_arena *arena, struct cc_jw *w, const struct cc_item *item,
                       struct cc_str v);

/* Reads such an object, whole or projected. A body that was an object has its members, in any
 * order; any other comes back as it was. What it becomes is copied into `arena`; the reader's own
 * and the text may go. false: it is not as we write them. */
bool dynamo_item_read(struct cc_json_reader *r, struct cc_arena *arena,
                      struct dynamo_row *out) CC_NODISCARD;

bool dynamo_key_eq(struct cc_key a, struct cc_key b);

/* --- calls ------------------------------------------------------------------------------------ */

/* The body of a request: an object that is still open. */
struct dynamo_request {
    struct cc_buf buf;
    struct cc_jw w;
};

void dynamo_request_begin(struct dynamo_request *request, struct cc_arena *arena);
/* The same with the store's table named in it. */
void dynamo_request_begin_table(struct dynamo_request *request, struct cc_arena *arena,
                                struct cc_str table);

/* Ends the object. Absent: it is too large. */
struct cc_str dynamo_request_end(struct dynamo_request *request);

/* For cc_aws_call, where dynamo_call is not enough: nothing is said of its effect. */
struct cc_aws_request dynamo_call_make(struct cc_arena *arena, const char *operation,
                                       struct cc_str body);
/* Codes as cc_aws_call; an error of the service is no failure yet. */
enum cc_code dynamo_call(struct cc_aws *aws, struct cc_arena *arena, const char *operation,
                         enum cc_aws_effect effect, struct cc_str body, struct cc_aws_answer *out,
                         struct cc_err *err) CC_NODISCARD;
/* An arena for one request and its answer, which can be many times what is in them; to be freed. */
struct cc_arena *dynamo_call_arena(void);
/* Ends the request, which only reads; an error of the service is a failure as dynamo_fail says. */
enum cc_code dynamo_call_read(struct dynamo_store *store, struct cc_arena *arena,
                              const char *operation, struct dynamo_request *request,
                              struct cc_json_reader *out, struct cc_err *err) CC_NODISCARD;

/* Why DynamoDB did not do something: another one was quicker, it is too busy for it now, or it will
 * not do it however often it is asked. */
enum dynamo_reason { DYNAMO_NO_REASON, DYNAMO_RACE, DYNAMO_THROTTLE, DYNAMO_REFUSAL };
enum dynamo_reason dynamo_reason_of(struct cc_str name);

/* What an error of the service means to whoever asked. Never CC_OK. */
enum cc_code dynamo_fail(const struct cc_aws_answer *answer, const char *operation,
                         struct cc_err *err) CC_NODISCARD;
/* The same of an error known by its name; `message` is the service's. */
enum cc_code dynamo_fail_named(struct cc_str error, struct cc_str message, const char *operation,
                               struct cc_err *err) CC_NODISCARD;
/* An answer that is not as DynamoDB gives them. */
enum cc_code dynamo_fail_answer(const char *operation, struct cc_err *err) CC_NODISCARD;

/* Sleeps a random part of a time that doubles with each attempt, from 0. */
void dynamo_back_off(const struct dynamo_store *store, unsigned attempt);

/* --- reading ---------------------------------------------------------------------------------- */

/* Current items. An absent one has an absent v; what has expired is there. */
enum cc_code dynamo_get(struct dynamo_store *store, struct cc_arena *arena, struct cc_key key,
                        struct dynamo_row *out, struct cc_err *err) CC_NODISCARD;
enum cc_code dynamo_get_many(struct dynamo_store *store, struct cc_arena *arena,
                             const struct cc_key *keys, size_t count, struct dynamo_row *out,
                             struct cc_err *err) CC_NODISCARD;

/* A range of one partition, by sort key or by mrev, page by page. */
struct dynamo_range {
    struct cc_str pk;
    struct cc_str from, to; /* both included; absent: open */
    bool newest_first;
    bool by_mrev;
    int64_t after, up_to; /* by_mrev */
    struct cc_str start;  /* where the next page begins, as DynamoDB said; absent: there is none */
};

struct dynamo_rows {
    struct dynamo_row *at;
    size_t count, room;
};

void dynamo_rows_add(struct cc_arena *arena, struct dynamo_rows *rows,
                     const struct dynamo_row *row);

/* Adds one page of at most `limit` rows. It can be empty and not the last one: range->start says
 * whether more follow. */
enum cc_code dynamo_query_page(struct dynamo_store *store, struct cc_arena *arena,
                               struct dynamo_range *range, size_t limit, struct dynamo_rows *rows,
                               struct cc_err *err) CC_NODISCARD;

/* One page of the whole table, from `*start` on (absent: from the beginning), which then is where
 * the next one begins (absent: that was the last). Only what has expired by then, if expired_ms is
 * positive. */
enum cc_code dynamo_scan_page(struct dynamo_store *store, struct cc_arena *arena,
                              int64_t expired_ms, struct cc_str *start, struct dynamo_rows *rows,
                              struct cc_err *err) CC_NODISCARD;

/* The same of those partitions alone whose key begins with `prefix`. */
enum cc_code dynamo_walk_page(struct dynamo_store *store, struct cc_arena *arena,
                              struct cc_str prefix, struct cc_str *start, struct dynamo_rows *rows,
                              struct cc_err *err) CC_NODISCARD;

/* --- writing without a transaction ------------------------------------------------------------ */

/* Puts each item, or deletes it where its body is absent, whatever is there, in batches side by
 * side; no two have the same key. What is throttled or left out is sent again as long as anything
 * gets through; when for 30 s nothing does, it is CC_UNAVAILABLE. Some may have been written then,
 * and doing it all again is the same as doing it once. CC_STORAGE_FULL: a room has outgrown its
 * partition. */
enum cc_code dynamo_write_many(struct dynamo_store *store, const struct cc_item *items,
                               size_t count, struct cc_err *err) CC_NODISCARD;
/* One try of one batch that changes nothing: whether we may write at all. */
enum cc_code dynamo_write_probe(struct dynamo_store *store, struct cc_err *err) CC_NODISCARD;

/* --- side by side ----------------------------------------------------------------------------- */

#define DYNAMO_HELPERS_MAX 8

struct dynamo_task {
    void (*work)(void *);
    void *arg;
    bool done;
    struct dynamo_task *next;
};

struct dynamo_pool {
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t work, done;
    struct dynamo_task *head, *tail;
    pthread_t threads[DYNAMO_HELPERS_MAX];
    size_t helpers;
    bool stopping;
};

void dynamo_pool_open(struct dynamo_pool *pool);
void dynamo_pool_close(struct dynamo_pool *pool);
/* Does all of them, in any order, on this thread and on others; returns when they are done. */
void dynamo_pool_run(struct dynamo_pool *pool, struct dynamo_task *tasks, size_t count);

/* --- what one commit is about ----------------------------------------------------------------- */

enum dynamo_seen {
    DYNAMO_UNREAD, /* nobody has asked what is in the table */
    DYNAMO_ABSENT,
    DYNAMO_PRESENT,
};

enum dynamo_write { DYNAMO_NOTHING, DYNAMO_PUT, DYNAMO_DELETE };

struct dynamo_entry {
    struct cc_key key;
    uint32_t hash; /* of the key: hundreds are looked through */
    enum dynamo_seen seen;
    struct dynamo_row row; /* PRESENT */
    bool checked;          /* the commit checks that it is still so */
    bool guessed;          /* an insert took it for absent without asking: the commit checks that */
    bool settled;          /* no commit that has to do with it was under way after it was read */
    enum dynamo_write write;
    struct cc_item item;    /* PUT */
    struct cc_arena *arena; /* whose row and item these are: gone when its function is answered */
    bool failed;            /* the commit was refused for its sake */
    bool again;             /* of what is known from earlier: only that it will be asked for */
};

/* In the order in which they were first touched. Keys and items live in the arenas of those who
 * read and wrote them. */
struct dynamo_overlay {
    struct cc_arena *arena;
    struct dynamo_entry *at;
    size_t count, room;
};

void dynamo_overlay_init(struct dynamo_overlay *overlay, struct cc_arena *arena);
/* NULL: nobody has touched it. The pointer is good until the next dynamo_overlay_touch. */
struct dynamo_entry *dynamo_overlay_find(const struct dynamo_overlay *overlay, struct cc_key key);
struct dynamo_entry *dynamo_overlay_touch(struct dynamo_overlay *overlay, struct cc_key key);
/* Whether the commit has to do with it: it is written or checked. */
bool dynamo_entry_counts(const struct dynamo_entry *entry);
size_t dynamo_overlay_items(const struct dynamo_overlay *overlay);
bool dynamo_overlay_writes(const struct dynamo_overlay *overlay);

/* What was written up to now, so that a function can be undone alone: what it read stays, and is
 * checked. */
struct dynamo_mark {
    struct dynamo_entry *at;
    size_t count;
};
struct dynamo_mark dynamo_overlay_mark(const struct dynamo_overlay *overlay,
                                       struct cc_arena *arena);
void dynamo_overlay_undo(struct dynamo_overlay *overlay, const struct dynamo_mark *mark);
/* As if it had never been. */
void dynamo_overlay_forget(struct dynamo_overlay *overlay, const struct dynamo_mark *mark);

/* --- transactions ----------------------------------------------------------------------------- */

struct dynamo_txn {
    struct cc_txn base; /* first */
    struct dynamo_store *store;
    struct dynamo_overlay *overlay;     /* NULL in a view */
    const struct dynamo_overlay *known; /* what earlier tries have read, most trusted first; the
                                           commit checks what is used of it. NULL: nothing */
    struct dynamo_overlay ahead;        /* in a view: what was read ahead; each is given once */
    bool queried;
    bool raced; /* another commit got in the way of a range: run it again */
};

/* Reads those that nobody has looked at yet, at once. Nothing is checked for its sake. */
enum cc_code dynamo_read_ahead(struct dynamo_store *store, struct cc_arena *arena,
                               struct dynamo_overlay *overlay, const struct cc_key *keys,
                               size_t count, struct cc_err *err) CC_NODISCARD;

void dynamo_txn_init(struct dynamo_txn *txn, struct dynamo_store *store, struct cc_arena *arena,
                     struct dynamo_overlay *overlay, const struct dynamo_overlay *known);

/* --- commits ---------------------------------------------------------------------------------- */

enum dynamo_fate {
    DYNAMO_COMMITTED,
    DYNAMO_LOST,   /* another one was quicker: nothing was done, entries[].failed say where */
    DYNAMO_UNDONE, /* nothing was done, and err says why */
    DYNAMO_UNKNOWN /* and err says so */
};

/* Writes what the overlay holds, if everything that it checks is still so. `v` marks what was
 * written. */
enum dynamo_fate dynamo_commit(struct dynamo_store *store, struct dynamo_overlay *overlay,
                               struct cc_str v, struct cc_err *err) CC_NODISCARD;
/* The same where nothing is to be written: whether everything still is so, at one instant. */
enum dynamo_fate dynamo_confirm(struct dynamo_store *store, struct dynamo_overlay *overlay,
                                struct cc_err *err) CC_NODISCARD;

/* --- groups ----------------------------------------------------------------------------------- */

struct dynamo_job;

/* Those who wait for the commit that has to do with the item `anchor`: it would be refused beside
 * it. */
struct dynamo_lane {
    struct cc_key anchor;
    struct dynamo_job *head, *tail;
    struct dynamo_lane *next;
};

struct dynamo_job {
    cc_txn_fn *fn;
    void *arg;
    struct cc_arena *arena;
    struct cc_err *err;
    int64_t deadline_ms; /* steady clock */
    enum cc_code rc;
    /* the lane's */
    enum {
        DYNAMO_JOB_OWN,
        DYNAMO_JOB_QUEUED,
        DYNAMO_JOB_LEADS,
        DYNAMO_JOB_MEMBER,
        DYNAMO_JOB_DONE
    } state;
    struct dynamo_overlay known; /* what it read by itself; when it leads, the seed first */
    struct dynamo_lane lane;     /* when it leads */
    pthread_cond_t wake;
    struct dynamo_job *next;
};

/* Which threads run a function just now, so that none waits for itself. */
struct dynamo_running {
    pthread_t thread;
    struct dynamo_running *next;
};

struct dynamo_groups {
    pthread_mutex_t mutex; /* guards the rest, and every job's `state`, `next` and `lane` */
    struct dynamo_lane *lanes;
    struct dynamo_running *running;
};

#define DYNAMO_GROUP_MAX 64 /* functions in one commit, whatever the configuration says */

void dynamo_groups_open(struct dynamo_groups *groups);
void dynamo_groups_close(struct dynamo_groups *groups);
/* Runs the job's function until it is committed or refused. The job's err is filled. */
enum cc_code dynamo_group_run(struct dynamo_store *store, struct dynamo_job *job) CC_NODISCARD;

/* --- the table -------------------------------------------------------------------------------- */

/* CC_INVALID: there is no such table, or it has another shape. */
enum cc_code dynamo_table_check(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table,
                                struct cc_err *err) CC_NODISCARD;

/* What is wrong with the key, or the index, of a table that DescribeTable describes ("its key is
 * ..."); NULL: nothing. */
struct json_object;
const char *dynamo_table_key_fault(struct json_object *table);
const char *dynamo_table_index_fault(struct json_object *table);

/* The attribute by which DynamoDB deletes what has expired. */
#define DYNAMO_EXPIRY "expires"

/* Whether DynamoDB deletes by itself what has expired. */
enum cc_code dynamo_table_ttl(struct cc_aws *aws, struct cc_arena *arena, struct cc_str table,
                              bool *on, struct cc_err *err) CC_NODISCARD;

/* --- sweeping --------------------------------------------------------------------------------- */

struct dynamo_sweep {
    pthread_mutex_t mutex;
    enum { DYNAMO_TTL_UNASKED, DYNAMO_TTL_ON, DYNAMO_TTL_OFF } ttl;
};

enum cc_code dynamo_sweep(struct dynamo_store *store, size_t limit, size_t *swept,
                          struct cc_err *err) CC_NODISCARD;

/* --- walking ---------------------------------------------------------------------------------- */

/* cc_store_walk */
enum cc_code dynamo_walk(struct dynamo_store *store, struct cc_str prefix,
                         const struct cc_visit *visit, struct cc_err *err) CC_NODISCARD;

/* --- the store -------------------------------------------------------------------------------- */

struct dynamo_store {
    struct cc_store base; /* first */
    struct cc_arena *arena;
    struct cc_aws *aws;
    struct cc_str table;
    int64_t wait_ms;
    int64_t group_max;
    const struct cc_clock *clock;
    const struct cc_random *random;
    struct cc_str epoch;
    pid_t pid; /* connections do not cross a fork */
    struct dynamo_pool pool;
    struct dynamo_groups groups;
    struct dynamo_sweep sweeping;
};

/* A store of which nothing has been read yet: what is in the table is for the caller to find out.
 * cc_store_close ends it. */
struct dynamo_store *dynamo_store_make(const struct cc_dynamodb_config *config);
/* Reads the name of the history that is in the table, and writes nothing. CC_NOT_FOUND: it is one
 * of ours, and no history has begun in it. CC_INVALID as cc_store_open_dynamodb. */
enum cc_code dynamo_store_recognize(struct dynamo_store *store, struct cc_arena *arena,
                                    struct cc_err *err) CC_NODISCARD;

#endif
