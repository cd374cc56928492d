/* In this order: from the moment of the copy of the store nothing that it names may go, so the
 * blobs are kept before it is made and until they are copied, too. What comes meanwhile may be in
 * the backup, named by nothing. */
#include "backup.h"

#include "archive_notes.h"
#include "part.h"

#include "../archive/archive.h"
#include "../base/encode.h"
#include "../base/file.h"
#include "../identity/keys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct making {
    struct cc_app *app;
    const struct cc_backup *backup;
    const char *config_path;
    struct cc_arena *arena; /* of lists */
    struct cc_arena *each;  /* of one file's bytes */
    struct cc_part part;
    struct cc_archive *archive;
    struct cc_backup_report report;
};

/* --- where it may stand ----------------------------------------------------------------------- */

/* The path without symbolic links, the last part apart: that one is to be made. */
static enum cc_code resolve(struct cc_arena *arena, const char *path, struct cc_str *out,
                            struct cc_err *err)
{
    const char *slash = strrchr(path, '/');
    struct cc_str folder =
        slash ? (struct cc_str){ path, (size_t)(slash - path) + 1 } : CC_STR(".");
    char real[PATH_MAX];

    if (path[0] == '\0' || (slash && slash[1] == '\0'))
        return cc_fail(err, CC_INVALID, "That is not the name of a file.", "\"%s\"", path);
    if (realpath(cc_str_copy(arena, folder).at, real) == NULL)
        return cc_fail(err, CC_UNAVAILABLE, "The folder of the backup is not there.", "%.*s: %s",
                       CC_STR_ARG(folder), strerror(errno));
    *out = cc_str_format(arena, "%s/%s", strcmp(real, "/") ? real : "", slash ? slash + 1 : path);
    return CC_OK;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool is_inside(struct cc_arena *arena, struct cc_str path, struct cc_str folder)
{
    char real[PATH_MAX];

    if (realpath(folder.at, real) == NULL)
        return false;
    return cc_str_starts(path, cc_str_format(arena, "%s/", strcmp(real, "/") ? real : ""));
}

/* The database, and what is called after it: its log, its lock. */
static bool is_database(struct cc_arena *arena, const char *path, struct cc_str resolved,
                        struct cc_str database)
{
    struct cc_str real;
    struct cc_err ignored = { 0 };

    if (is_same_file(path, database.at))
        return true;
    if (resolve(arena, database.at, &real, &ignored) != CC_OK || !cc_str_starts(resolved, real))
        return false;
    resolved = cc_str_skip(resolved, real.len);
    return resolved.len == 0 || resolved.at[0] == '-' || cc_str_eq(resolved, CC_STR(".lock"));
}

static enum cc_code check_place(const struct making *self, struct cc_err *err)
{
    const struct cc_config *config = &self->app->config;
    const char *path = self->backup->path;
    struct cc_str resolved;
    struct stat st;
    enum cc_code rc = resolve(self->arena, path, &resolved, err);

    if (rc != CC_OK)
        return rc;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return cc_fail(err, CC_INVALID, "That is not the name of a file.", "%s is something else",
                       path);
    if (is_database(self->arena, path, resolved, config->store.path) ||
        is_same_file(path, self->config_path) ||
        is_inside(self->arena, resolved, config->identity.keys) ||
        is_inside(self->arena, resolved, config->blobs))
        return cc_fail(err, CC_INVALID,
                       "The backup would stand in the place of what it is a backup of.", "%s",
                       path);
    return CC_OK;
}

/* --- what goes into it ------------------------------------------------------------------------ */

static enum cc_code copy_store(struct making *self, struct cc_err *err)
{
    enum cc_code rc = cc_store_copy(self->app->store, self->part.part, self->backup->progress, err);

    if (rc == CC_OK)
        rc = cc_copy_examine(self->part.part, self->backup->progress, &self->report.sum, err);
    return rc;
}

static enum cc_code add_config(struct making *self, struct cc_err *err)
{
    struct cc_str bytes;
    enum cc_code rc =
        cc_file_read(self->each, self->config_path, CC_ARENA_CEILING_BYTES / 4, &bytes, err);

    return rc == CC_OK ? cc_archive_add(self->archive, CC_STR(CC_BACKUP_CONFIG), 0600, bytes, err)
                       : rc;
}

static enum cc_code add_keys(struct making *self, struct cc_err *err)
{
    const struct cc_keys_folder folder = {
        .path = self->app->config.identity.keys,
        .access_token_s = self->app->config.identity.access_token_s,
        .clock = self->app->clock,
        .random = self->app->random,
    };
    struct cc_strs names = { 0 };
    enum cc_code rc = cc_keys_files(&folder, self->arena, &names, err);

    for (size_t i = 0; rc == CC_OK && i < names.count; i++) {
        struct cc_str bytes,
            name = cc_str_format(self->arena, CC_BACKUP_KEYS "%.*s", CC_STR_ARG(names.at[i]));

        rc = cc_keys_file_read(&folder, self->each, names.at[i], &bytes, err);
        if (rc == CC_OK)
            rc = cc_archive_add(self->archive, name, 0600, bytes, err);
    }
    self->report.keys = names.count;
    return rc;
}

/* What was uploaded and given up while the names were read is no loss. */
static enum cc_code add_photo(struct making *self, struct cc_str name, struct cc_err *err)
{
    struct cc_str bytes;
    enum cc_code rc;

    cc_arena_reset(self->each);
    rc = cc_blob_get(self->app->blobs, self->each, name, &bytes, err);
    if (rc == CC_NOT_FOUND)
        return CC_OK;
    if (rc != CC_OK)
        return rc;
    self->report.photos++;
    return cc_archive_add(self->archive,
                          cc_str_format(self->each, CC_BACKUP_BLOBS "%.*s", CC_STR_ARG(name)), 0600,
                          bytes, err);
}

static enum cc_code add_photos(struct making *self, struct cc_err *err)
{
    struct cc_strs names = { 0 };
    enum cc_code rc = cc_blobs_list(self->app->blobs, self->arena, &names, err);

    for (size_t i = 0; rc == CC_OK && i < names.count; i++) {
        rc = cc_progress_report(self->backup->progress, "Copying the photos", (int64_t)i,
                                (int64_t)names.count, err);
        if (rc == CC_OK)
            rc = add_photo(self, names.at[i], err);
    }
    return rc;
}

static enum cc_code add_notes(struct making *self, struct cc_err *err)
{
    char made[CC_TIME_TEXT_SIZE];

    return cc_notes_write(self->archive, self->each, &self->report.sum,
                          cc_time_format(cc_clock_wall_ms(self->app->clock), made), err);
}

/* --- making it -------------------------------------------------------------------------------- */

static enum cc_code fill(struct making *self, struct cc_err *err)
{
    enum cc_code rc = copy_store(self, err);

    if (rc == CC_OK)
        rc = cc_archive_create(self->part.part, &self->archive, err);
    if (rc == CC_OK && !self->backup->without_keys)
        rc = add_config(self, err);
    if (rc == CC_OK && !self->backup->without_keys)
        rc = add_keys(self, err);
    if (rc == CC_OK)
        rc = add_photos(self, err);
    if (rc == CC_OK)
        rc = add_notes(self, err);
    if (rc == CC_OK)
        rc = cc_archive_finish(self->archive, err);
    cc_archive_close(self->archive);
    return rc;
}

/* As a restore would read it. */
static enum cc_code verify(struct making *self, struct cc_err *err)
{
    struct cc_notes notes;
    struct stat st;
    enum cc_code rc =
        cc_notes_verify(self->part.part, self->arena, self->backup->progress, &notes, err);

    if (rc == CC_OK && stat(self->part.part, &st) == 0)
        self->report.size_bytes = (int64_t)st.st_size;
    return rc;
}

static enum cc_code make(struct making *self, struct cc_err *err)
{
    enum cc_code rc = cc_blobs_keep(self->app->blobs, err);

    if (rc != CC_OK)
        return rc;
    rc = fill(self, err);
    cc_blobs_release(self->app->blobs);
    return rc == CC_OK ? verify(self, err) : rc;
}

static enum cc_code run(struct making *self, struct cc_err *err)
{
    const struct cc_backup *backup = self->backup;
    enum cc_code rc = check_place(self, err);

    if (rc == CC_OK)
        rc = cc_part_open(self->arena, backup->path, backup->replaces, &self->part, err);
    if (rc != CC_OK)
        return rc;
    self->report.removed_stale = self->part.removed_stale;
    rc = make(self, err);
    if (rc != CC_OK) {
        cc_part_give_up(&self->part);
        return rc;
    }
    return cc_part_finish(&self->part, err);
}

enum cc_code cc_app_backup(struct cc_app *app, const char *config_path,
                           const struct cc_backup *backup, struct cc_backup_report *out,
                           struct cc_err *err)
{
    struct making self = { .app = app, .backup = backup, .config_path = config_path };
    enum cc_code rc;

    self.arena = cc_arena_new(CC_BACKUP_ARENA_BYTES);
    self.each = cc_arena_new(CC_BACKUP_ARENA_BYTES);
    rc = run(&self, err);
    if (rc == CC_OK)
        *out = self.report;
    cc_arena_free(self.each);
    cc_arena_free(self.arena);
    return rc;
}
