#include "archive_notes.h"

#include "version.h"

#include "../base/encode.h"

#include <string.h>

/* Raised when an older version could not restore what a newer one makes. */
#define FORMAT 1

static struct cc_str sum_text(struct cc_arena *arena, const struct cc_copy_sum *sum)
{
    return cc_hex_encode(arena, (struct cc_str){ (const char *)sum->sha256, sizeof(sum->sha256) });
}

static struct cc_str number_text(struct cc_arena *arena, int64_t value)
{
    return cc_str_format(arena, "%lld", (long long)value);
}

enum cc_code cc_notes_write(struct cc_archive *archive, struct cc_arena *arena,
                            const struct cc_copy_sum *sum, struct cc_str made, struct cc_err *err)
{
    const struct {
        const char *name;
        struct cc_str value;
    } notes[] = {
        { "format", number_text(arena, FORMAT) },
        { "version", CC_STR(CC_VERSION) },
        { "made", made },
        { "items", number_text(arena, sum->items) },
        { "users", number_text(arena, sum->users) },
        { "rooms", number_text(arena, sum->rooms) },
        { "messages", number_text(arena, sum->messages) },
        { "sha256 of items", sum_text(arena, sum) },
    };
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && i < CC_COUNT(notes); i++)
        rc = cc_archive_note(archive, notes[i].name, notes[i].value, err);
    return rc;
}

static enum cc_code check_format(struct cc_archive *archive, struct cc_arena *arena,
                                 struct cc_err *err)
{
    struct cc_str text, version = CC_STR_ABSENT;
    int64_t format;
    enum cc_code rc = cc_archive_read_note(archive, arena, "format", &text, err);

    if (rc == CC_OK)
        rc = cc_archive_read_note(archive, arena, "version", &version, err);
    if (rc != CC_OK)
        return rc;
    if (!cc_str_to_i64(text, 1, INT32_MAX, &format))
        return cc_fail(err, CC_INVALID, "The file is not a backup, or it is damaged.",
                       "archive: format \"%.*s\"", CC_STR_ARG(text));
    if (format > FORMAT)
        return cc_fail(err, CC_INVALID,
                       "The backup was made by a newer version: restore it with that one.",
                       "format %lld, version %.*s; this is %s", (long long)format,
                       CC_STR_ARG(version), CC_VERSION);
    return CC_OK;
}

/* The store's part is what was noted when it was copied. */
static enum cc_code check_sum(struct cc_archive *archive, struct cc_arena *arena,
                              const struct cc_copy_sum *found, struct cc_err *err)
{
    struct cc_str noted;
    enum cc_code rc = cc_archive_read_note(archive, arena, "sha256 of items", &noted, err);

    if (rc == CC_OK && !cc_str_eq(noted, sum_text(arena, found)))
        rc = cc_fail(err, CC_INVALID, "The backup is damaged: take another one.",
                     "the digest of %lld items is not the one that was noted",
                     (long long)found->items);
    return rc;
}

static enum cc_code verify(struct cc_archive *archive, const char *path, struct cc_arena *arena,
                           struct cc_progress *progress, struct cc_notes *out, struct cc_err *err)
{
    enum cc_code rc = check_format(archive, arena, err);

    if (rc == CC_OK)
        rc = cc_archive_read_note(archive, arena, "made", &out->made, err);
    if (rc == CC_OK)
        rc = cc_copy_examine(path, progress, &out->sum, err);
    if (rc == CC_OK)
        rc = check_sum(archive, arena, &out->sum, err);
    return rc == CC_OK ? cc_archive_verify(archive, progress, err) : rc;
}

enum cc_code cc_notes_verify(const char *path, struct cc_arena *arena, struct cc_progress *progress,
                             struct cc_notes *out, struct cc_err *err)
{
    struct cc_archive *archive;
    struct cc_notes notes;
    enum cc_code rc = cc_archive_open(path, &archive, err);

    if (rc != CC_OK)
        return rc;
    rc = verify(archive, path, arena, progress, &notes, err);
    cc_archive_close(archive);
    if (rc == CC_OK)
        *out = notes;
    return rc;
}
