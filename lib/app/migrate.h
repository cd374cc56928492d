/* app/migrate.h - moves a service from one configuration to another: what is stored from a database
 * in a file to a table of DynamoDB or back, the photos from wherever they are to where they are to
 * be. Keys stay where they are: whoever serves needs the same ones.
 *
 * The old side is only read. The new one serves when all of it has been verified. */
#ifndef CC_APP_MIGRATE_H
#define CC_APP_MIGRATE_H

#include "app.h"

#include "../base/progress.h"
#include "../store/tally.h"

struct cc_migrate {
    const char *from, *to; /* configuration files */
    bool dry_run;
    bool replaces; /* a database with data, where one is to be, is replaced, and kept beside it */
    struct cc_progress *progress;
};

struct cc_migrate_report {
    struct cc_config from, to;
    bool moves_store, moves_photos;
    bool resumes; /* an earlier run had begun it */
    struct cc_tally tally;
    size_t photos;
    size_t other_photos; /* that were there before, and nobody's now: they go after 30 days */
    struct cc_str kept;  /* path of the database that was replaced; absent: there was none */
};

/* `arena` holds the report. CC_INVALID: the configurations are not those of a migration, or there
 * is nothing to move. CC_CONFLICT: there is something else where it is to be; the two sides differ.
 * CC_UNAVAILABLE, CC_STORAGE_FULL: the next run goes on. CC_OUTCOME_UNKNOWN: it may be done, and
 * the next run tells. Nobody has lost anything then: the old side serves as before. */
enum cc_code cc_app_migrate(struct cc_arena *arena, const struct cc_migrate *migrate,
                            struct cc_migrate_report *out, struct cc_err *err) CC_NODISCARD;

/* --- photos (migrate_photos.c) ---------------------------------------------------------------- */

struct cc_migrate_photos {
    struct cc_blobs *from, *to;
    struct cc_strs names; /* of all that are to be there */
    struct cc_progress *progress;
};

/* Copies each that is not there yet and reads it back, several at the same time. What is there
 * under its name with other bytes is replaced. CC_UNAVAILABLE, CC_STORAGE_FULL: some are there. */
enum cc_code cc_migrate_photos(const struct cc_migrate_photos *photos,
                               struct cc_err *err) CC_NODISCARD;

#endif
