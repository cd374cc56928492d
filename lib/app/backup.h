/* app/backup.h - the whole service as one file, and back: all that is stored, the photos, the keys
 * and the configuration. A backup is an SQLite database that can be looked at with the shell.
 *
 * Not in it: one-time codes that were "sent" to the outbox, logs, sockets. */
#ifndef CC_APP_BACKUP_H
#define CC_APP_BACKUP_H

#include "app.h"

#include "../base/progress.h"
#include "../store/copy.h"

struct cc_backup {
    const char *path;
    bool replaces;     /* a file of that name may be there */
    bool without_keys; /* neither keys nor configuration */
    struct cc_progress *progress;
};

struct cc_backup_report {
    struct cc_copy_sum sum;
    int64_t size_bytes; /* of the file */
    size_t photos, keys;
    bool removed_stale; /* what a killed one had left */
};

/* Makes one of a service that is up and goes on, and reads it to its end. `config_path` is the file
 * that `app` was opened with. CC_CONFLICT: the file is there, or is being written. CC_INVALID: not
 * a place for it; or the database is damaged. CC_STORAGE_FULL, CC_UNAVAILABLE. Nothing is left
 * behind then. CC_OUTCOME_UNKNOWN: it is there and whole, and a power cut could take its name. */
enum cc_code cc_app_backup(struct cc_app *app, const char *config_path,
                           const struct cc_backup *backup, struct cc_backup_report *out,
                           struct cc_err *err) CC_NODISCARD;

struct cc_restore {
    const char *path;
    bool replaces;     /* a database with data is replaced, and kept beside it */
    bool end_sessions; /* everybody has to sign in again */
    struct cc_progress *progress;
};

struct cc_restore_report {
    struct cc_copy_sum sum;
    struct cc_str made;   /* when, RFC 3339 */
    struct cc_str kept;   /* path of the database that was replaced; absent: there was none */
    struct cc_str config; /* where the configuration of the backup was put, as the present one
                             differs; absent: it does not, or there is none in it */
    size_t photos, keys;
};

/* Puts a service in the place of one that is not running, by the configuration at `config_path`.
 * `arena` holds the report. CC_NOT_FOUND, CC_INVALID: no such backup, or none that can be used.
 * CC_CONFLICT: there is data. CC_UNAVAILABLE: something has the database open.
 * CC_STORAGE_FULL. The service is what it was then. CC_OUTCOME_UNKNOWN: it is what the backup was,
 * and a power cut could undo that. */
enum cc_code cc_app_restore(struct cc_arena *arena, const char *config_path,
                            const struct cc_restore *restore, struct cc_restore_report *out,
                            struct cc_err *err) CC_NODISCARD;

#endif
