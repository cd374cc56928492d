/* base/file.h - small files, whole. Writing is durable: when it returns CC_OK the bytes and the
 * name are on disk. Paths never come from a request. */
#ifndef CC_BASE_FILE_H
#define CC_BASE_FILE_H

#include "str.h"

/* The whole file into the arena. CC_NOT_FOUND, CC_TOO_LARGE (more than max_bytes), CC_UNAVAILABLE.
 */
enum cc_code cc_file_read(struct cc_arena *arena, const char *path, size_t max_bytes,
                          struct cc_str *out, struct cc_err *err) CC_NODISCARD;

/* Creates or replaces the file: a reader sees all of the old one or all of the new one, also after
 * a power cut. `mode` is exact, whatever the umask; what root writes for
 * another user, whose folder it is, is that user's. CC_STORAGE_FULL, CC_UNAVAILABLE; then the old
 * file is still there and nothing else is left behind. */
enum cc_code cc_file_write(const char *path, struct cc_str bytes, unsigned mode,
                           struct cc_err *err) CC_NODISCARD;

/* The same for a name that must be new: CC_EXISTS if there is one. */
enum cc_code cc_file_create(const char *path, struct cc_str bytes, unsigned mode,
                            struct cc_err *err) CC_NODISCARD;

/* What root makes in another user's folder becomes that user's, who could not read it otherwise.
 * For who makes a file by other means; the functions here do so by themselves. */
void cc_file_give_to_owner(int fd, const char *path);

/* Adds the bytes at the end in one write, so that writers do not mix; `mode` is for a new file.
 * CC_STORAGE_FULL, CC_UNAVAILABLE: part of it may stand there. */
enum cc_code cc_file_append(const char *path, struct cc_str bytes, unsigned mode,
                            struct cc_err *err) CC_NODISCARD;

/* All the bytes to an open descriptor, in as many writes as it takes. false, with errno: part of
 * them may be written. */
bool cc_file_put(int fd, struct cc_str bytes) CC_NODISCARD;

/* Removes the file and makes its absence durable. CC_OK if there was none. CC_UNAVAILABLE. */
enum cc_code cc_file_remove(const char *path, struct cc_err *err) CC_NODISCARD;

/* Makes the folder (not those above it; no '/' at the end) durably; CC_OK if it is there.
 * CC_STORAGE_FULL, CC_UNAVAILABLE (also if something else has that name). */
enum cc_code cc_dir_make(const char *path, unsigned mode, struct cc_err *err) CC_NODISCARD;

/* What was done to the names in a folder (renamed, linked, removed) is on disk when it returns.
 * CC_STORAGE_FULL, CC_UNAVAILABLE. */
enum cc_code cc_dir_sync(const char *path, struct cc_err *err) CC_NODISCARD;
/* The same for the folder that holds `path`. */
enum cc_code cc_file_sync_name(const char *path, struct cc_err *err) CC_NODISCARD;

#endif
