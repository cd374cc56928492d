/* store/copy.h - a copy of a store (cc_store_copy), which is one SQLite database whatever the store
 * is, and putting such a copy in the place of a store.
 *
 * Only a store whose data is a file of ours can be replaced. One that is another's service is
 * restored with that service's own tools. */
#ifndef CC_STORE_COPY_H
#define CC_STORE_COPY_H

#include "store.h"

#include "../base/digest.h"

/* What stands in a copy, and a digest of all its items. */
struct cc_copy_sum {
    int64_t items;
    int64_t users, rooms, messages; /* of those */
    unsigned char sha256[CC_SHA256_SIZE];
};

/* Reads the whole copy. CC_INVALID: not one, damaged, of a newer layout; the detail
 * speaks of "the backup". CC_UNAVAILABLE. */
enum cc_code cc_copy_examine(const char *path, struct cc_progress *progress,
                             struct cc_copy_sum *out, struct cc_err *err) CC_NODISCARD;

/* A store that this process alone has open, to be replaced. Until cc_replacing_commit it stays as
 * it was, whatever happens; from then on it is the new one. */
struct cc_replacing;

/* CC_UNAVAILABLE: another program has it open; the cause names those that can be told. CC_INVALID:
 * not a place for a store. */
enum cc_code cc_store_open_sqlite_alone(const struct cc_store_config *config,
                                        struct cc_replacing **out, struct cc_err *err) CC_NODISCARD;

/* Whether people or rooms are in what stands there now, or it cannot be read. */
bool cc_replacing_has_data(const struct cc_replacing *replacing);

struct cc_copy {
    const char *path;
    const struct cc_copy_sum *sum; /* what cc_copy_examine said */
    bool end_sessions;             /* everybody has to sign in again */
};

/* Makes the new store beside the present one, in this version's layout and with an epoch of its
 * own. CC_INVALID: the copy is not what `sum` says. CC_STORAGE_FULL, CC_UNAVAILABLE. */
enum cc_code cc_replacing_load(struct cc_replacing *replacing, const struct cc_copy *copy,
                               struct cc_progress *progress, struct cc_err *err) CC_NODISCARD;
/* Of the new store. Lives as long as `replacing`. */
struct cc_str cc_replacing_epoch(const struct cc_replacing *replacing);
/* cc_store_run in the new store, before anybody else sees it. */
enum cc_code cc_replacing_run(struct cc_replacing *replacing, struct cc_arena *arena, cc_txn_fn *fn,
                              void *arg, struct cc_err *err) CC_NODISCARD;

/* Puts the new store in the place of the old one. Where that had data, it is kept beside it: `kept`
 * is the path (in `arena`), else absent. CC_UNAVAILABLE, CC_STORAGE_FULL: the old one is still
 * there. CC_OUTCOME_UNKNOWN: the new one is, and a power cut could bring the old one back. */
enum cc_code cc_replacing_commit(struct cc_replacing *replacing, struct cc_arena *arena,
                                 struct cc_str *kept, struct cc_err *err) CC_NODISCARD;
/* Gives up what was not committed. NULL is allowed. */
void cc_replacing_close(struct cc_replacing *replacing);

#endif
