/* Photos stand outside the store, so their bytes and the profile that names them cannot change in
 * one commit. Therefore each name is noted as a job before its bytes are written, and again in the
 * commit that stops using them: the job removes bytes that no profile names. Whatever is killed at
 * whatever point, nothing stays for ever, and nothing is lost that somebody was told is there. */
#include "rows.h"

#include "../base/id.h"

#define NAME_BYTES 16
/* New bytes get their profile within moments or never; an upload does not take as long as this. */
#define UNUSED_AFTER_MS (60 * 60 * (int64_t)1000)
/* Old bytes are removed at once; this is for when that did not happen. */
#define REPLACED_AFTER_MS (60 * (int64_t)1000)

struct photo_job {
    struct cc_str user;
    struct cc_str photo;
};

static const struct cc_field job_fields[] = {
    { .name = "user", .type = CC_FIELD_STR, .offset = offsetof(struct photo_job, user) },
    { .name = "photo", .type = CC_FIELD_STR, .offset = offsetof(struct photo_job, photo) },
    { .name = NULL },
};

static struct cc_str blob_name(struct cc_arena *arena, struct cc_str user, struct cc_str photo)
{
    return cc_str_format(arena, "photo/%.*s/%.*s", CC_STR_ARG(user), CC_STR_ARG(photo));
}

static enum cc_code add_job(struct cc_txn *txn, int64_t after_ms, struct photo_job job,
                            struct cc_err *err)
{
    return cc_timer_add(txn, cc_txn_now_ms(txn) + after_ms, job.photo, CC_CHAT_JOB_PHOTO,
                        cc_fields_save(cc_txn_arena(txn), job_fields, &job), err);
}

/* --- putting and removing --------------------------------------------------------------------- */

struct setting {
    const struct cc_caller *by;
    struct cc_str photo; /* absent: none from now on */
    struct cc_str type;
    struct cc_str old;
    struct cc_profile profile;
};

static enum cc_code announce_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct setting *s = arg;
    enum cc_code rc = cc_profile_of_caller(txn, s->by, &s->profile, err);

    if (rc != CC_OK)
        return rc;
    return add_job(txn, UNUSED_AFTER_MS, (struct photo_job){ s->by->user, s->photo }, err);
}

static enum cc_code set_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct setting *s = arg;
    enum cc_code rc = cc_profile_of_caller(txn, s->by, &s->profile, err);

    if (rc != CC_OK)
        return rc;
    s->old = s->profile.photo;
    if (!s->old.at && !s->photo.at)
        return CC_OK;
    s->profile.photo = s->photo;
    s->profile.photo_type = s->type;
    if (s->old.at)
        rc = add_job(txn, REPLACED_AFTER_MS, (struct photo_job){ s->by->user, s->old }, err);
    return rc == CC_OK ? cc_profile_save(txn, &s->profile, err) : rc;
}

/* The profile says so already: that the old bytes are still there is for the log, and for the job
 * to mend. */
static void remove_old(const struct setting *s)
{
    const struct cc_caller *by = s->by;
    struct cc_err err = { 0 };

    if (!s->old.at)
        return;
    if (cc_blob_remove(by->chat->blobs, blob_name(by->arena, by->user, s->old), &err) != CC_OK)
        cc_log_warn(by->chat->config.log, "photo not removed yet", CC_LOG_Z("cause", err.cause));
}

static enum cc_code set_photo(struct setting *s, struct cc_err *err)
{
    enum cc_code rc = cc_store_run(s->by->chat->store, s->by->arena, set_in, s, err);

    if (rc == CC_OK)
        remove_old(s);
    return rc;
}

enum cc_code cc_photo_put(const struct cc_caller *by, const struct cc_photo_draft *draft,
                          struct cc_profile *out, struct cc_err *err)
{
    struct setting s = { .by = by };
    struct cc_image image;
    enum cc_code rc = cc_image_sniff(draft->bytes, draft->side_max, &image, err);

    if (rc != CC_OK)
        return rc;
    s.photo = cc_id_random(by->arena, by->chat->config.random, NAME_BYTES);
    s.type = cc_str_from(image.content_type);
    rc = cc_store_run(by->chat->store, by->arena, announce_in, &s, err);
    if (rc == CC_OK)
        rc = cc_blob_put(by->chat->blobs, blob_name(by->arena, by->user, s.photo), draft->bytes,
                         err);
    if (rc == CC_OK)
        rc = set_photo(&s, err);
    if (rc == CC_OK)
        *out = s.profile;
    return rc;
}

enum cc_code cc_photo_remove(const struct cc_caller *by, struct cc_err *err)
{
    struct setting s = { .by = by };

    return set_photo(&s, err);
}

/* --- showing ---------------------------------------------------------------------------------- */

enum cc_code cc_photo_find(const struct cc_caller *by, struct cc_str user, struct cc_str name,
                           struct cc_str *content_type, struct cc_err *err)
{
    struct cc_profile profile;
    enum cc_code rc = cc_person_get(by, user, &profile, err);

    if (rc != CC_OK)
        return rc;
    if (!profile.photo.at || !cc_str_eq(profile.photo, name))
        return cc_fail(err, CC_NOT_FOUND, NULL, "not the name of the user's photo");
    *content_type = profile.photo_type;
    return CC_OK;
}

enum cc_code cc_photo_read(const struct cc_caller *by, struct cc_str user, struct cc_str name,
                           struct cc_str *bytes, struct cc_err *err)
{
    struct cc_str content_type;
    enum cc_code rc = cc_photo_find(by, user, name, &content_type, err);

    if (rc != CC_OK)
        return rc;
    rc = cc_blob_get(by->chat->blobs, by->arena, blob_name(by->arena, user, name), bytes, err);
    return rc == CC_NOT_FOUND ? cc_fail(err, rc, NULL, "the photo's bytes are gone") : rc;
}

/* --- what is done later ----------------------------------------------------------------------- */

enum cc_code cc_photo_doubt(struct cc_txn *txn, struct cc_str blob, int64_t due_ms,
                            struct cc_err *err)
{
    const int64_t after_ms = due_ms - cc_txn_now_ms(txn);
    struct cc_str rest = blob;
    struct photo_job job;

    if (!cc_str_eq(cc_str_cut(&rest, '/'), CC_STR("photo")))
        return CC_OK;
    job.user = cc_str_cut(&rest, '/');
    job.photo = rest;
    return rest.at ? add_job(txn, after_ms, job, err) : CC_OK;
}

struct judging {
    struct photo_job job;
    bool in_use;
};

static enum cc_code judge_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct judging *j = arg;
    struct cc_profile profile;
    enum cc_code rc = cc_profile_get(txn, j->job.user, &profile, err);

    j->in_use = rc == CC_OK && cc_str_eq(profile.photo, j->job.photo);
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

enum cc_code cc_chat_do_job(struct cc_chat *chat, struct cc_arena *arena, const struct cc_job *job,
                            struct cc_err *err)
{
    struct judging j = { .in_use = true };
    enum cc_code rc = cc_fields_load(arena, job_fields, job->body, &j.job, err);

    if (rc == CC_OK)
        rc = cc_store_view(chat->store, arena, judge_in, &j, err);
    if (rc != CC_OK || j.in_use)
        return rc;
    return cc_blob_remove(chat->blobs, blob_name(arena, j.job.user, j.job.photo), err);
}
