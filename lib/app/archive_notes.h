/* app/archive_notes.h - what a backup says of itself, and whether it is what it says. */
#ifndef CC_APP_ARCHIVE_NOTES_H
#define CC_APP_ARCHIVE_NOTES_H

#include "../archive/archive.h"
#include "../store/copy.h"

/* Lists of names, and whole files: what a service holds bounds them. */
#define CC_BACKUP_ARENA_BYTES ((size_t)1024 * 1024 * 1024)

/* Names of files in a backup. */
#define CC_BACKUP_CONFIG "cloud-chat.conf"
#define CC_BACKUP_KEYS "keys/"
#define CC_BACKUP_BLOBS "blobs/"

struct cc_notes {
    struct cc_copy_sum sum;
    struct cc_str made; /* when */
};

/* What cc_notes_verify holds the backup against. The last thing that is written into it. */
enum cc_code cc_notes_write(struct cc_archive *archive, struct cc_arena *arena,
                            const struct cc_copy_sum *sum, struct cc_str made,
                            struct cc_err *err) CC_NODISCARD;

/* Reads the whole backup. CC_NOT_FOUND, CC_UNAVAILABLE; CC_INVALID: not one, damaged, or a newer
 * version's. `out` lives in the arena. */
enum cc_code cc_notes_verify(const char *path, struct cc_arena *arena, struct cc_progress *progress,
                             struct cc_notes *out, struct cc_err *err) CC_NODISCARD;

#endif
