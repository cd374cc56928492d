/* archive/archive.h - files by name, and notes, as tables of an SQLite database: what a backup
 * holds beside the store's own table. A person can look at them with the sqlite3 shell.
 *
 * It does not know what the files are, nor where they belong. */
#ifndef CC_ARCHIVE_ARCHIVE_H
#define CC_ARCHIVE_ARCHIVE_H

#include "../base/arena.h"
#include "../base/progress.h"
#include "../base/str.h"

struct cc_archive;

/* Adds the tables to the database at `path`, which nobody else uses. Nothing is durable, nor to be
 * relied on after a crash, before cc_archive_finish. CC_STORAGE_FULL, CC_UNAVAILABLE. */
enum cc_code cc_archive_create(const char *path, struct cc_archive **out,
                               struct cc_err *err) CC_NODISCARD;

/* Names are new. CC_STORAGE_FULL, CC_UNAVAILABLE, CC_INTERNAL (the name is there already). */
enum cc_code cc_archive_add(struct cc_archive *archive, struct cc_str name, unsigned mode,
                            struct cc_str bytes, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_archive_note(struct cc_archive *archive, const char *name, struct cc_str value,
                             struct cc_err *err) CC_NODISCARD;

/* Commits and writes to disk. The archive is to be closed all the same. */
enum cc_code cc_archive_finish(struct cc_archive *archive, struct cc_err *err) CC_NODISCARD;
void cc_archive_close(struct cc_archive *archive); /* NULL is allowed */

/* For reading. CC_NOT_FOUND: there is no such file. CC_INVALID: not an archive, or damaged.
 * CC_UNAVAILABLE. The detail says so of "the backup". */
enum cc_code cc_archive_open(const char *path, struct cc_archive **out,
                             struct cc_err *err) CC_NODISCARD;

struct cc_archive_file {
    struct cc_str name;
    int64_t size_bytes;
    unsigned mode;
};

struct cc_archive_files {
    struct cc_archive_file *at;
    size_t count;
    int64_t size_bytes; /* of all */
};

/* All files whose name begins so, by name; in the arena. CC_INVALID: damaged. */
enum cc_code cc_archive_list(struct cc_archive *archive, struct cc_arena *arena,
                             struct cc_str prefix, struct cc_archive_files *out,
                             struct cc_err *err) CC_NODISCARD;

/* The bytes of one file, in the arena. CC_INVALID: they are not those that were added. */
enum cc_code cc_archive_read(struct cc_archive *archive, struct cc_arena *arena, struct cc_str name,
                             struct cc_str *out, struct cc_err *err) CC_NODISCARD;

/* In the arena; absent if there is none. */
enum cc_code cc_archive_read_note(struct cc_archive *archive, struct cc_arena *arena,
                                  const char *name, struct cc_str *out,
                                  struct cc_err *err) CC_NODISCARD;

/* Reads every file: CC_INVALID, the cause names the one that is not as it was. */
enum cc_code cc_archive_verify(struct cc_archive *archive, struct cc_progress *progress,
                               struct cc_err *err) CC_NODISCARD;

#endif
