/* store/store.h - items under a partition key and a sort key, strongly consistent reads, and
 * transactions written as plain functions. In the words of the engine that carries the large
 * deployments (DynamoDB), with the guarantees of the small one (SQLite): what passes the contract
 * suite is a backend.
 *
 * It knows nothing of chats: keys are made in keys.h, bodies are JSON that it does not read. */
#ifndef CC_STORE_STORE_H
#define CC_STORE_STORE_H

#include "../base/arena.h"
#include "../base/clock.h"
#include "../base/finding.h"
#include "../base/limits.h"
#include "../base/log.h"
#include "../base/progress.h"
#include "../base/random.h"
#include "../base/str.h"

struct cc_key {
    struct cc_str pk;
    struct cc_str sk;
};

struct cc_item {
    struct cc_key key;
    struct cc_str body; /* a JSON object; absent in an item that was not found */
    int64_t mrev;       /* what the sparse index orders by; 0 = not in the index */
    int64_t expires_ms; /* from then on the item does not exist; 0 = never */
};

struct cc_items {
    struct cc_item *at;
    size_t count;
    bool more; /* the range holds further items beyond these */
};

/* A range of one partition. */
struct cc_range {
    struct cc_str pk;
    struct cc_str from;  /* sort keys from..to, both included; absent = open. They must share a */
    struct cc_str to;    /* kind: the text up to and with the first '#' */
    bool newest_first;   /* descending order of sort key */
    size_t limit;        /* 1..CC_QUERY_ITEMS_MAX */
    struct cc_key guard; /* in run: an item that this transaction has read with cc_txn_get and that
                            every writer of rows of that kind also writes. In view: not needed */
};

/* Items of one partition that carry an mrev greater than `after`, in its order. */
struct cc_changed {
    struct cc_str pk;
    int64_t after;
    int64_t up_to; /* included */
    size_t limit;
    struct cc_key guard;
};

struct cc_store {
    const struct cc_store_ops *ops; /* first member of each implementation */
};

struct cc_txn; /* one run of a function; only valid inside it */

typedef enum cc_code cc_txn_fn(struct cc_txn *txn, void *arg, struct cc_err *err);

/* Runs fn in one serialisable transaction and commits if, and only if, fn returns CC_OK. A refusal
 * that must leave a trace (a wrong code uses up a try) returns CC_OK and puts its verdict into
 * arg. fn may run more than once, on another thread, and while others wait: it only reads and
 * writes through txn, and sets what it answers anew each time. No hashing, no signing, no
 * network, no other run. It refuses before it has written: later it is just as sound, but those who
 * share its commit must begin again. What it reads lives in `arena`, which the caller must not use
 * meanwhile.
 *
 * Returns fn's own refusal with its err, or CC_UNAVAILABLE (nothing was done), CC_STORAGE_FULL
 * (nothing was done), CC_OUTCOME_UNKNOWN (it may have been done), CC_INTERNAL (a limit or a rule
 * of this interface was broken: nothing was done). */
enum cc_code cc_store_run(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                          struct cc_err *err) CC_NODISCARD;

/* Runs fn, which only reads, over one snapshot on SQLite; on DynamoDB each read is current but
 * they are not one instant, so take HEAD first. A write inside is CC_INTERNAL. */
enum cc_code cc_store_view(struct cc_store *store, struct cc_arena *arena, cc_txn_fn *fn, void *arg,
                           struct cc_err *err) CC_NODISCARD;

/* The random name of this history of the store; a restore gives it another. Lives as long as the
 * store. */
struct cc_str cc_store_epoch(const struct cc_store *store);

/* Deletes up to `limit` items whose expires_ms is past; how many went is in *swept. Called now and
 * then, it also sees to it that nothing deleted stays in the store's files for an hour. */
enum cc_code cc_store_sweep(struct cc_store *store, size_t limit, size_t *swept,
                            struct cc_err *err) CC_NODISCARD;

/* Gives fn all items whose partition key begins with `prefix` (ASCII, not empty): those of one
 * partition one after another, in the order of their sort keys, and the partitions in any order.
 * What is written meanwhile is seen or not. The item is good until fn returns, which may use the
 * store; what fn refuses ends it. On DynamoDB the whole table is read, which is paid by its size.
 * Codes as cc_store_view. */
typedef enum cc_code cc_item_fn(const struct cc_item *item, void *arg, struct cc_err *err);
enum cc_code cc_store_walk(struct cc_store *store, struct cc_str prefix, cc_item_fn *fn, void *arg,
                           struct cc_err *err) CC_NODISCARD;

/* Whether it can take reads and writes now: CC_OK, CC_UNAVAILABLE, CC_STORAGE_FULL. Waits a second
 * for its turn, or less if wait_ms is less. */
enum cc_code cc_store_check(struct cc_store *store, struct cc_arena *arena,
                            struct cc_err *err) CC_NODISCARD;

/* Reads all that is stored and looks whether its structure is sound; takes as long as reading does.
 * CC_INVALID: it is damaged, the cause says where; CC_UNAVAILABLE. */
enum cc_code cc_store_verify(struct cc_store *store, struct cc_arena *arena,
                             struct cc_err *err) CC_NODISCARD;

/* Copies all that is stored at one instant, while it is read and written, into the empty file at
 * `path`, which becomes an SQLite database (copy.h reads it) and is not yet durable. CC_INVALID:
 * this kind of store is copied by other means, the detail says which; CC_STORAGE_FULL,
 * CC_UNAVAILABLE: the file holds a part, or nothing. */
enum cc_code cc_store_copy(struct cc_store *store, const char *path, struct cc_progress *progress,
                           struct cc_err *err) CC_NODISCARD;

/* No other thread uses the store any more. NULL is allowed. In a child that
 * inherited the store by fork it does nothing, and everything else is CC_INTERNAL there. */
void cc_store_close(struct cc_store *store);

/* --- inside a transaction ---------------------------------------------------------------------
 *
 * A function sees what it wrote itself. In run: at most 100 different items are read (but by query
 * and peek) and written, 4 MB together, 180 KB each. A broken rule or a failure of the store ends
 * the transaction, whatever the function makes of it; CC_NOT_FOUND and CC_EXISTS are answers. */

struct cc_arena *cc_txn_arena(const struct cc_txn *txn);
int64_t cc_txn_now_ms(const struct cc_txn *txn); /* one instant for the whole run of fn */

/* One item. CC_NOT_FOUND: it does not exist (err is left alone: absence is often no failure). The
 * commit checks that it is still as it was read. */
enum cc_code cc_txn_get(struct cc_txn *txn, struct cc_key key, struct cc_item *out,
                        struct cc_err *err) CC_NODISCARD;

/* The same without that check: for what a guard covers, or what may change meanwhile. */
enum cc_code cc_txn_peek(struct cc_txn *txn, struct cc_key key, struct cc_key guard,
                         struct cc_item *out, struct cc_err *err) CC_NODISCARD;

/* Many at once, in the order asked; what does not exist has an absent body. */
enum cc_code cc_txn_get_many(struct cc_txn *txn, const struct cc_key *keys, size_t count,
                             struct cc_item *out, struct cc_err *err) CC_NODISCARD;

/* Says what will be asked for one by one: where each question is a way to another machine and back,
 * they go out together. It answers nothing and counts for nothing; leaving it out costs time. */
enum cc_code cc_txn_expect(struct cc_txn *txn, const struct cc_key *keys, size_t count,
                           struct cc_err *err) CC_NODISCARD;

/* A range gives at most `limit` items, and at most 1 MB of them: `more` alone says that it goes on.
 */
enum cc_code cc_txn_query(struct cc_txn *txn, const struct cc_range *range, struct cc_items *out,
                          struct cc_err *err) CC_NODISCARD;
enum cc_code cc_txn_changed(struct cc_txn *txn, const struct cc_changed *changed,
                            struct cc_items *out, struct cc_err *err) CC_NODISCARD;

/* Whether the commit, which functions can share, writes it already for one that ran before. Never
 * where readers see one instant, to whom that makes no difference. */
bool cc_txn_is_written(struct cc_txn *txn, struct cc_key key) CC_NODISCARD;

/* Must be absent, else CC_EXISTS (err is left alone). */
enum cc_code cc_txn_insert(struct cc_txn *txn, const struct cc_item *item,
                           struct cc_err *err) CC_NODISCARD;
enum cc_code cc_txn_put(struct cc_txn *txn, const struct cc_item *item,
                        struct cc_err *err) CC_NODISCARD;
enum cc_code cc_txn_delete(struct cc_txn *txn, struct cc_key key, struct cc_err *err) CC_NODISCARD;

/* --- backends --------------------------------------------------------------------------------- */

struct cc_store_ops {
    enum cc_code (*run)(struct cc_store *, struct cc_arena *, cc_txn_fn *, void *, struct cc_err *);
    enum cc_code (*view)(struct cc_store *, struct cc_arena *, cc_txn_fn *, void *,
                         struct cc_err *);
    struct cc_str (*epoch)(const struct cc_store *);
    enum cc_code (*sweep)(struct cc_store *, size_t, size_t *, struct cc_err *);
    enum cc_code (*walk)(struct cc_store *, struct cc_str, cc_item_fn *, void *, struct cc_err *);
    enum cc_code (*check)(struct cc_store *, struct cc_arena *, struct cc_err *);
    enum cc_code (*verify)(struct cc_store *, struct cc_arena *, struct cc_err *);
    enum cc_code (*copy)(struct cc_store *, const char *, struct cc_progress *, struct cc_err *);
    void (*close)(struct cc_store *);
};

struct cc_store_config {
    struct cc_str path;      /* the database file */
    int durability;          /* 0 full: acknowledged is on disk; 1 normal: a power cut may
                                take the last moments with it */
    int64_t group_max;       /* functions in one commit, 256 at most; 0: 64 */
    int64_t wait_ms;         /* how long a caller waits for its turn before CC_UNAVAILABLE; 0: 5 s.
                                One whose function has begun waits for its outcome */
    int64_t cache_bytes;     /* page cache of each reading connection, as many as there are views
                                at the same time; the writer's is four times that; 0: 2 MB */
    bool network_filesystem; /* allowed; then one process and no WAL */
    const struct cc_clock *clock;
    const struct cc_random *random;
    const struct cc_log *log;
};

/* Opens, and creates where nothing is. CC_UNAVAILABLE, CC_STORAGE_FULL, CC_INVALID (not a database,
 * damaged, of an older or newer layout, on a network file system): cause and detail name the
 * file and what to do. */
enum cc_code cc_store_open_sqlite(const struct cc_store_config *config, struct cc_store **out,
                                  struct cc_err *err) CC_NODISCARD;

/* Looks it over where it is, and makes nothing; `whole`: reads it to its end, however long that
 * takes. */
void cc_store_examine_sqlite(const struct cc_store_config *config, bool whole,
                             struct cc_findings *to);

struct cc_aws;

struct cc_dynamodb_config {
    struct cc_aws *aws;  /* of the service "dynamodb"; outlives the store */
    struct cc_str table; /* its name */
    int64_t group_max;   /* functions in one commit, 64 at most; 0: 64 */
    int64_t wait_ms;     /* how long a function waits behind others that change the same item, and
                            how long it runs again after lost races; 0: 5 s */
    const struct cc_clock *clock;
    const struct cc_random *random;
};

/* Opens a table that is there. CC_INVALID: it is not there, or has another shape or layout, and the
 * detail says what to do. CC_UNAVAILABLE. */
enum cc_code cc_store_open_dynamodb(const struct cc_dynamodb_config *config, struct cc_store **out,
                                    struct cc_err *err) CC_NODISCARD;

/* Looks the table over, and what the keys allow, and changes nothing; `whole`: reads all of it,
 * which is paid by its size. */
void cc_store_examine_dynamodb(const struct cc_dynamodb_config *config, bool whole,
                               struct cc_findings *to);

/* What of a table that is good to have was found or made. */
struct cc_dynamodb_table {
    bool created;  /* it was not there before */
    bool expiry;   /* DynamoDB deletes by itself what has expired */
    bool recovery; /* point-in-time recovery */
};

/* Makes the table, unless it is there, and waits until it can be used; switches on what is good to
 * have, as far as the service has it. CC_INVALID: there is a table of that name with another shape.
 * CC_UNAVAILABLE: it may be there, but is not ready; asking again goes on. */
enum cc_code cc_store_create_dynamodb(struct cc_aws *aws, struct cc_str table,
                                      struct cc_dynamodb_table *out,
                                      struct cc_err *err) CC_NODISCARD;

#endif
