/* In this order: photos and signing keys can be added beside what is there without harm; then the
 * store changes in one step, and that step decides. The server key waits under the name of the new
 * history until the store has it (cc_keys_adopt, also at the next start if we are killed here). */
#include "backup.h"

#include "archive_notes.h"

#include "../archive/archive.h"
#include "../base/file.h"
#include "../chat/chat.h"
#include "../identity/keys.h"

#include <stdlib.h>

/* The database that was replaced still names them, and may be put back. */
#define KEEP_PHOTOS_MS (30 * 24 * 60 * 60 * (int64_t)1000)

struct restoring {
    const struct cc_restore *restore;
    const char *config_path;
    struct cc_config config;
    struct cc_keys_folder keys;
    struct cc_arena *arena; /* the caller's */
    struct cc_arena *lists, *each;
    struct cc_notes notes;
    struct cc_archive *archive;
    struct cc_replacing *store;
    struct cc_log log;
    struct cc_app_aws aws;
    struct cc_blobs *blobs;
    struct cc_restore_report report;
};

/* --- opening ---------------------------------------------------------------------------------- */

static enum cc_code read_config(struct restoring *self, struct cc_err *err)
{
    struct cc_config *config = &self->config;
    enum cc_code rc = cc_app_read_config(self->arena, self->config_path, config, err);

    if (rc == CC_OK && config->store_backend != CC_STORE_SQLITE)
        rc = cc_fail(err, CC_INVALID,
                     "A backup is put in the place of a database in a file, not of a table.",
                     "[store] backend is dynamodb");
    self->log = cc_app_log("cloudchat", config->log_level);
    config->store.clock = &cc_system_clock;
    config->store.random = &cc_system_random;
    self->keys = (struct cc_keys_folder){
        .path = config->identity.keys,
        .access_token_s = config->identity.access_token_s,
        .clock = &cc_system_clock,
        .random = &cc_system_random,
    };
    return rc;
}

/* The name of the one that is there, for whom it is news. */
static enum cc_code check_replacing(const struct restoring *self, struct cc_err *err)
{
    if (self->restore->replaces || !cc_replacing_has_data(self->store))
        return CC_OK;
    return cc_fail(err, CC_CONFLICT,
                   "There are people and messages already: --replace puts the backup in their "
                   "place, and keeps the present database beside it.",
                   "%.*s", CC_STR_ARG(self->config.store.path));
}

static enum cc_code open_all(struct restoring *self, struct cc_err *err)
{
    const struct cc_restore *restore = self->restore;
    enum cc_code rc = cc_store_open_sqlite_alone(&self->config.store, &self->store, err);

    if (rc == CC_OK)
        rc = check_replacing(self, err);
    if (rc == CC_OK)
        rc = cc_notes_verify(restore->path, self->arena, restore->progress, &self->notes, err);
    if (rc == CC_OK)
        rc = cc_archive_open(restore->path, &self->archive, err);
    if (rc == CC_OK)
        rc = cc_app_aws_open(&self->config, &self->log, &self->aws, err);
    if (rc == CC_OK)
        rc = cc_app_open_blobs(&self->config, &self->aws, &self->blobs, err);
    return rc;
}

/* --- files ------------------------------------------------------------------------------------ */

/* A name belongs to its bytes for ever: what is there is the same, or has been damaged since. */
static enum cc_code put_photo(struct restoring *self, struct cc_str name, struct cc_str bytes,
                              struct cc_err *err)
{
    struct cc_str present;
    enum cc_code rc = cc_blob_put(self->blobs, name, bytes, err);

    if (rc != CC_EXISTS)
        return rc;
    rc = cc_blob_get(self->blobs, self->each, name, &present, err);
    if (rc == CC_OK && cc_str_eq(present, bytes))
        return CC_OK;
    if (rc == CC_OK)
        rc = cc_blob_remove(self->blobs, name, err);
    return rc == CC_OK ? cc_blob_put(self->blobs, name, bytes, err) : rc;
}

static enum cc_code put_key(struct restoring *self, struct cc_str name, struct cc_str bytes,
                            struct cc_err *err)
{
    return cc_keys_file_put_back(&self->keys, cc_replacing_epoch(self->store), name, bytes, err);
}

struct kind {
    const char *prefix, *doing;
    enum cc_code (*put)(struct restoring *, struct cc_str, struct cc_str, struct cc_err *);
};

static enum cc_code put_files(struct restoring *self, const struct kind *kind, size_t *count,
                              struct cc_err *err)
{
    const struct cc_str prefix = cc_str_from(kind->prefix);
    struct cc_archive_files files = { 0 };
    enum cc_code rc = cc_archive_list(self->archive, self->lists, prefix, &files, err);

    for (size_t i = 0; rc == CC_OK && i < files.count; i++) {
        struct cc_str name = files.at[i].name, bytes;

        cc_arena_reset(self->each);
        rc = cc_progress_report(self->restore->progress, kind->doing, (int64_t)i,
                                (int64_t)files.count, err);
        if (rc == CC_OK)
            rc = cc_archive_read(self->archive, self->each, name, &bytes, err);
        if (rc == CC_OK)
            rc = kind->put(self, cc_str_skip(name, prefix.len), bytes, err);
    }
    *count = files.count;
    return rc;
}

static const struct kind photos = { CC_BACKUP_BLOBS, "Restoring the photos", put_photo };
static const struct kind keys = { CC_BACKUP_KEYS, "Restoring the keys", put_key };

/* --- photos that the backup does not know ----------------------------------------------------- */

static int by_name(const void *key, const void *file)
{
    return cc_str_cmp(*(const struct cc_str *)key, ((const struct cc_archive_file *)file)->name);
}

struct doubt {
    struct cc_str blob;
};

static enum cc_code doubt_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct doubt *doubt = arg;

    return cc_photo_doubt(txn, doubt->blob, cc_txn_now_ms(txn) + KEEP_PHOTOS_MS, err);
}

/* Nothing in the new store would ever ask for them. */
static enum cc_code doubt_others(struct restoring *self, struct cc_err *err)
{
    struct cc_archive_files files = { 0 };
    struct cc_strs there = { 0 };
    enum cc_code rc =
        cc_archive_list(self->archive, self->lists, CC_STR(CC_BACKUP_BLOBS), &files, err);

    if (rc == CC_OK)
        rc = cc_blobs_list(self->blobs, self->lists, &there, err);
    for (size_t i = 0; rc == CC_OK && i < there.count; i++) {
        struct doubt doubt = { there.at[i] };
        struct cc_str name =
            cc_str_format(self->lists, CC_BACKUP_BLOBS "%.*s", CC_STR_ARG(doubt.blob));

        cc_arena_reset(self->each);
        if (files.count == 0 ||
            bsearch(&name, files.at, files.count, sizeof(*files.at), by_name) == NULL)
            rc = cc_replacing_run(self->store, self->each, doubt_in, &doubt, err);
    }
    return rc;
}

/* The present configuration belongs to this machine: its paths, its port. The other one is put
 * beside it for a person to compare. */
static enum cc_code put_config(struct restoring *self, struct cc_err *err)
{
    struct cc_archive_files files = { 0 };
    struct cc_str bytes, present, path;
    enum cc_code rc =
        cc_archive_list(self->archive, self->lists, CC_STR(CC_BACKUP_CONFIG), &files, err);

    if (rc != CC_OK || files.count == 0)
        return rc;
    rc = cc_archive_read(self->archive, self->lists, CC_STR(CC_BACKUP_CONFIG), &bytes, err);
    if (rc == CC_OK)
        rc = cc_file_read(self->lists, self->config_path, CC_ARENA_CEILING_BYTES, &present, err);
    if (rc != CC_OK || cc_str_eq(bytes, present))
        return rc;
    path = cc_str_format(self->arena, "%s.of-backup", self->config_path);
    rc = cc_file_write(path.at, bytes, 0600, err);
    if (rc == CC_OK)
        self->report.config = path;
    return rc;
}

/* --- restoring -------------------------------------------------------------------------------- */

static enum cc_code load(struct restoring *self, struct cc_err *err)
{
    const struct cc_copy copy = {
        .path = self->restore->path,
        .sum = &self->notes.sum,
        .end_sessions = self->restore->end_sessions,
    };

    return cc_replacing_load(self->store, &copy, self->restore->progress, err);
}

static enum cc_code run(struct restoring *self, struct cc_err *err)
{
    struct cc_restore_report *report = &self->report;
    enum cc_code rc = open_all(self, err);

    if (rc == CC_OK)
        rc = load(self, err);
    if (rc == CC_OK)
        rc = put_files(self, &photos, &report->photos, err);
    if (rc == CC_OK)
        rc = put_files(self, &keys, &report->keys, err);
    if (rc == CC_OK)
        rc = doubt_others(self, err);
    if (rc == CC_OK)
        rc = put_config(self, err);
    if (rc == CC_OK)
        rc = cc_replacing_commit(self->store, self->arena, &report->kept, err);
    if (rc == CC_OK)
        rc = cc_keys_adopt(&self->keys, cc_replacing_epoch(self->store), err);
    report->sum = self->notes.sum;
    report->made = self->notes.made;
    return rc;
}

enum cc_code cc_app_restore(struct cc_arena *arena, const char *config_path,
                            const struct cc_restore *restore, struct cc_restore_report *out,
                            struct cc_err *err)
{
    struct restoring self = { .restore = restore, .config_path = config_path, .arena = arena };
    enum cc_code rc = read_config(&self, err);

    if (rc != CC_OK)
        return rc;
    self.lists = cc_arena_new(CC_BACKUP_ARENA_BYTES);
    self.each = cc_arena_new(CC_BACKUP_ARENA_BYTES);
    rc = run(&self, err);
    if (rc == CC_OK)
        *out = self.report;
    cc_blobs_close(self.blobs);
    cc_app_aws_close(&self.aws);
    cc_archive_close(self.archive);
    cc_replacing_close(self.store);
    cc_arena_free(self.each);
    cc_arena_free(self.lists);
    return rc;
}
