#include "move_parts.h"

#include "../base/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* A row has a little more than its key and body, and an index. */
#define FILE_BYTES(tally) ((unsigned long long)(tally)->bytes * 3 / 2 + (1 << 20))

/* --- into a table ----------------------------------------------------------------------------- */

static enum cc_code look_out(struct cc_move *self, struct cc_move_outlook *out, struct cc_err *err)
{
    struct cc_tally all;
    enum cc_code rc = move_out_open_file(self, false, err);

    if (rc == CC_OK)
        rc = move_out_look_at_table(self, err);
    if (rc == CC_OK)
        rc = move_survey_file(self, cc_clock_wall_ms(self->config.file->clock), &all, &out->tally,
                              err);
    out->resumes = self->resumes;
    return rc;
}

/* --- into a file ------------------------------------------------------------------------------ */

static void count_page(struct cc_move *self, const struct dynamo_rows *rows, struct cc_tally *tally)
{
    const int64_t now_ms = cc_clock_wall_ms(self->config.file->clock);

    for (size_t i = 0; i < rows->count; i++) {
        const struct cc_item *item = &rows->at[i].item;
        unsigned char digest[CC_SHA256_SIZE];

        if (cc_meta_holds(item->key) || !move_is_alive(item, now_ms))
            continue;
        cc_arena_reset(self->item);
        cc_item_digest(self->item, item, digest);
        cc_tally_add(tally, item, digest);
    }
}

static enum cc_code count_table(struct cc_move *self, struct cc_tally *tally, struct cc_err *err)
{
    struct move_scan scan;
    enum cc_code rc = CC_OK;

    move_scan_begin(&scan, CC_STR_ABSENT);
    while (rc == CC_OK && !scan.at_end) {
        rc = cc_progress_report(self->config.progress, "Counting the items", tally->items, -1, err);
        if (rc == CC_OK)
            rc = move_scan_next(self, &scan, err);
        if (rc == CC_OK)
            count_page(self, &scan.rows, tally);
    }
    move_scan_end(&scan);
    return rc;
}

/* Nothing is made where nothing is, not even the lock file. */
static enum cc_code look_at_place(struct cc_move *self, const char *path, const char *folder,
                                  struct cc_err *err)
{
    if (access(folder, W_OK | X_OK) != 0)
        return cc_fail(err, CC_UNAVAILABLE, "The folder of the database cannot be written.",
                       "%s: %s", folder, strerror(errno));
    return access(path, F_OK) == 0 ? move_in_open_file(self, err) : CC_OK;
}

static enum cc_code check_space(const char *folder, const struct cc_tally *tally,
                                struct cc_err *err)
{
    struct statvfs disk;

    if (statvfs(folder, &disk) != 0 ||
        (unsigned long long)disk.f_bavail * disk.f_frsize >= FILE_BYTES(tally))
        return CC_OK;
    return cc_fail(err, CC_STORAGE_FULL, "There is not enough room on the disk.",
                   "%s: about %llu MB are needed", folder, FILE_BYTES(tally) / 1000000);
}

static const char *folder_of(struct cc_arena *arena, const char *path)
{
    const size_t len = (size_t)(strrchr(path, '/') - path); /* it is absolute */

    return len ? cc_str_copy(arena, (struct cc_str){ path, len }).at : "/";
}

static enum cc_code look_in(struct cc_move *self, struct cc_move_outlook *out, struct cc_err *err)
{
    const char *path, *folder;
    enum cc_code rc = move_in_look_at_table(self, err);

    if (rc == CC_OK)
        rc = sqlite_file_resolve(self->arena, self->config.file->path, &path, err);
    if (rc != CC_OK)
        return rc;
    folder = folder_of(self->arena, path);
    out->resumes = access(cc_str_format(self->arena, "%s" MOVE_SUFFIX, path).at, F_OK) == 0;
    rc = look_at_place(self, path, folder, err);
    if (rc == CC_OK)
        rc = count_table(self, &out->tally, err);
    return rc == CC_OK ? check_space(folder, &out->tally, err) : rc;
}

enum cc_code cc_move_look(const struct cc_move_config *config, struct cc_move_outlook *out,
                          struct cc_err *err)
{
    struct cc_move *self = move_make(config);
    struct cc_move_outlook outlook = { 0 };
    enum cc_code rc =
        config->to_table ? look_out(self, &outlook, err) : look_in(self, &outlook, err);

    cc_move_close(self);
    if (rc == CC_OK)
        *out = outlook;
    return rc;
}
