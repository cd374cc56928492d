#include "house.h"

#include <dirent.h>
#include <stdio.h>

/* The first bytes of a PNG of 2 x 3 pixels, and a byte to tell one from another. */
static struct cc_str png(struct cc_arena *arena, char which)
{
    static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\2\0\0\0\3\x08\2\0\0\0....";
    char *at = cc_arena_alloc(arena, sizeof(head));

    memcpy(at, head, sizeof(head) - 1);
    at[sizeof(head) - 1] = which;
    return (struct cc_str){ at, sizeof(head) };
}

static enum cc_code put(const struct cc_caller *by, struct cc_str bytes, struct cc_profile *out)
{
    const struct cc_photo_draft draft = { bytes, 100 };
    struct cc_err err = { 0 };

    return cc_photo_put(by, &draft, out, &err);
}

/* How many photos of `user` are on disk. */
static size_t count_files(const struct house *h, const char *user)
{
    char path[128];
    DIR *list;
    size_t count = 0;

    snprintf(path, sizeof(path), "%s/blobs/photo/%s", h->folder, user);
    list = opendir(path);
    if (!list)
        return 0;
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list))
        count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

static size_t do_jobs(struct house *h)
{
    struct cc_jobs jobs;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_timer_take(h->store, h->arena, 60000, 40, &jobs, &err), CC_OK);
    for (size_t i = 0; i < jobs.count; i++) {
        cc_check_str(jobs.at[i].kind, CC_STR(CC_CHAT_JOB_PHOTO));
        ck_assert_int_eq(cc_chat_do_job(h->chat, h->arena, &jobs.at[i], &err), CC_OK);
        ck_assert_int_eq(cc_timer_done(h->store, h->arena, &jobs.at[i], &err), CC_OK);
    }
    return jobs.count;
}

START_TEST(a_photo_is_there_until_the_next_one_and_then_gone_from_disk)
{
    struct house h;
    struct cc_caller ann;
    struct cc_profile first, second;
    struct cc_str type, bytes;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    ck_assert_int_eq(put(&ann, png(h.arena, '1'), &first), CC_OK);
    ck_assert_int_eq(cc_photo_find(&ann, ann.user, first.photo, &type, &err), CC_OK);
    cc_check_str(type, CC_STR("image/png"));
    ck_assert_int_eq(cc_photo_read(&ann, ann.user, first.photo, &bytes, &err), CC_OK);
    cc_check_str(bytes, png(h.arena, '1'));
    ck_assert_int_eq(put(&ann, png(h.arena, '2'), &second), CC_OK);
    ck_assert(!cc_str_eq(first.photo, second.photo));
    ck_assert_int_eq(cc_photo_find(&ann, ann.user, first.photo, &type, &(struct cc_err){ 0 }),
                     CC_NOT_FOUND);
    ck_assert_uint_eq(count_files(&h, "ann"), 1);
    ck_assert_int_eq(cc_photo_remove(&ann, &err), CC_OK);
    ck_assert_uint_eq(count_files(&h, "ann"), 0);
    ck_assert_int_eq(cc_profile_own(&ann, &first, &err), CC_OK);
    ck_assert_ptr_null(first.photo.at);
    ck_assert_int_eq(cc_photo_remove(&ann, &err), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(jobs_leave_the_photo_that_is_in_use)
{
    struct house h;
    struct cc_caller ann;
    struct cc_profile profile;
    struct cc_str bytes;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    ck_assert_int_eq(put(&ann, png(h.arena, '1'), &profile), CC_OK);
    ck_assert_int_eq(put(&ann, png(h.arena, '2'), &profile), CC_OK);
    house_turn(&h, (int64_t)24 * 3600 * 1000);
    ck_assert_uint_eq(do_jobs(&h), 3);
    ck_assert_int_eq(cc_photo_read(&ann, ann.user, profile.photo, &bytes, &err), CC_OK);
    cc_check_str(bytes, png(h.arena, '2'));
    ck_assert_uint_eq(do_jobs(&h), 0);
    house_close(&h);
}
END_TEST

/* Stands before the real blobs; loses what it is told to lose, as a crash would. */
struct broken_blobs {
    struct cc_blobs base;
    struct cc_blobs *real;
    bool keep_removed; /* a crash before the old bytes went */
    bool fail_put;     /* bytes on disk, but nobody lived to say so */
};

static enum cc_code broken_put(struct cc_blobs *blobs, struct cc_str name, struct cc_str bytes,
                               struct cc_err *err)
{
    struct broken_blobs *b = (struct broken_blobs *)blobs;
    enum cc_code rc = cc_blob_put(b->real, name, bytes, err);

    return b->fail_put ? cc_fail(err, CC_UNAVAILABLE, NULL, "a crash") : rc;
}

static enum cc_code broken_get(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_str name,
                               struct cc_str *out, struct cc_err *err)
{
    return cc_blob_get(((struct broken_blobs *)blobs)->real, arena, name, out, err);
}

static enum cc_code broken_remove(struct cc_blobs *blobs, struct cc_str name, struct cc_err *err)
{
    struct broken_blobs *b = (struct broken_blobs *)blobs;

    return b->keep_removed ? CC_OK : cc_blob_remove(b->real, name, err);
}

static enum cc_code broken_list(struct cc_blobs *blobs, struct cc_arena *arena, struct cc_strs *out,
                                struct cc_err *err)
{
    return cc_blobs_list(((struct broken_blobs *)blobs)->real, arena, out, err);
}

static enum cc_code broken_keep(struct cc_blobs *blobs, struct cc_err *err)
{
    return cc_blobs_keep(((struct broken_blobs *)blobs)->real, err);
}

static void broken_release(struct cc_blobs *blobs)
{
    cc_blobs_release(((struct broken_blobs *)blobs)->real);
}

static enum cc_code broken_url(struct cc_blobs *blobs, struct cc_arena *arena,
                               const struct cc_blob_pass *pass, struct cc_str *out,
                               struct cc_err *err)
{
    return cc_blob_url(((struct broken_blobs *)blobs)->real, arena, pass, out, err);
}

static void broken_close(struct cc_blobs *blobs)
{
    (void)blobs;
}

static const struct cc_blobs_ops broken_ops = { broken_put,  broken_get,  broken_remove,
                                                broken_list, broken_keep, broken_release,
                                                broken_url,  broken_close };

static struct cc_caller with_blobs(const struct house *h, struct cc_caller by,
                                   struct cc_blobs *blobs)
{
    const struct cc_chat_config config = { .secret = CC_STR("a secret of this test only"),
                                           .random = &cc_system_random,
                                           .clock = &h->clock.clock,
                                           .log = &h->log };
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_chat_open(&config, h->store, blobs, &by.chat, &err), CC_OK);
    return by;
}

START_TEST(a_crash_at_any_point_leaves_nothing_for_ever)
{
    struct house h;
    struct broken_blobs broken = { .base = { &broken_ops } };
    struct cc_caller ann, unlucky;
    struct cc_profile first, second;
    struct cc_str bytes;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    broken.real = h.blobs;
    unlucky = with_blobs(&h, ann, &broken.base);
    ck_assert_int_eq(put(&ann, png(h.arena, '1'), &first), CC_OK);

    broken.fail_put = true;
    ck_assert_int_eq(put(&unlucky, png(h.arena, '2'), &second), CC_UNAVAILABLE);
    ck_assert_uint_eq(count_files(&h, "ann"), 2);
    ck_assert_int_eq(cc_photo_read(&ann, ann.user, first.photo, &bytes, &err), CC_OK);

    broken.fail_put = false;
    broken.keep_removed = true;
    ck_assert_int_eq(put(&unlucky, png(h.arena, '3'), &second), CC_OK);
    ck_assert_uint_eq(count_files(&h, "ann"), 3);

    house_turn(&h, (int64_t)2 * 60 * 1000); /* what was replaced goes within minutes */
    ck_assert_uint_ge(do_jobs(&h), 1);
    ck_assert_uint_eq(count_files(&h, "ann"), 2);
    house_turn(&h, (int64_t)2 * 3600 * 1000);
    do_jobs(&h);
    ck_assert_uint_eq(count_files(&h, "ann"), 1);
    ck_assert_int_eq(cc_photo_read(&ann, ann.user, second.photo, &bytes, &err), CC_OK);
    cc_check_str(bytes, png(h.arena, '3'));
    cc_chat_close(unlucky.chat);
    house_close(&h);
}
END_TEST

START_TEST(a_photo_is_seen_by_who_may_see_the_profile)
{
    struct house h;
    struct cc_caller ann, bob, eve;
    struct cc_profile profile;
    struct cc_str type;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    bob = house_user(&h, "bob", "+4915100000002");
    eve = house_user(&h, "eve", "+4915100000003");
    house_room(&ann, &bob);
    ck_assert_int_eq(put(&ann, png(h.arena, '1'), &profile), CC_OK);
    ck_assert_int_eq(cc_photo_find(&bob, ann.user, profile.photo, &type, &(struct cc_err){ 0 }),
                     CC_OK);
    ck_assert_int_eq(cc_photo_find(&eve, ann.user, profile.photo, &type, &(struct cc_err){ 0 }),
                     CC_NOT_FOUND);
    ck_assert_int_eq(cc_photo_find(&bob, ann.user, CC_STR(""), &type, &(struct cc_err){ 0 }),
                     CC_NOT_FOUND);
    ck_assert_int_eq(cc_photo_find(&ann, bob.user, CC_STR(""), &type, &(struct cc_err){ 0 }),
                     CC_NOT_FOUND);
    ck_assert_int_eq(cc_photo_read(&eve, ann.user, profile.photo, &type, &(struct cc_err){ 0 }),
                     CC_NOT_FOUND);
    house_close(&h);
}
END_TEST

START_TEST(what_is_no_image_leaves_nothing)
{
    struct house h;
    struct cc_caller ann;
    struct cc_profile profile;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    ck_assert_int_eq(put(&ann, CC_STR("<svg onload=alert(1)>"), &profile), CC_INVALID);
    ck_assert_int_eq(put(&ann, CC_STR(""), &profile), CC_INVALID);
    ck_assert_uint_eq(count_files(&h, "ann"), 0);
    ck_assert_uint_eq(do_jobs(&h), 0);
    house_close(&h);
}
END_TEST

static void put_own(struct house_thread *t)
{
    struct cc_profile profile;

    ck_assert_int_eq(put(&t->by, png(t->by.arena, (char)('a' + t->number)), &profile), CC_OK);
}

START_TEST(of_many_photos_put_at_once_one_stays)
{
    struct house h;
    struct cc_caller callers[16];
    struct cc_profile profile;
    struct cc_str bytes;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    callers[0] = house_user(&h, "ann", NULL);
    for (size_t i = 1; i < CC_COUNT(callers); i++)
        callers[i] = callers[0];
    house_race(callers, CC_COUNT(callers), put_own, NULL);
    ck_assert_uint_eq(count_files(&h, "ann"), 1);
    ck_assert_int_eq(cc_profile_own(&callers[0], &profile, &err), CC_OK);
    ck_assert_int_eq(cc_photo_read(&callers[0], profile.user, profile.photo, &bytes, &err), CC_OK);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("chat/photos", a_photo_is_there_until_the_next_one_and_then_gone_from_disk,
              jobs_leave_the_photo_that_is_in_use, a_crash_at_any_point_leaves_nothing_for_ever,
              a_photo_is_seen_by_who_may_see_the_profile, what_is_no_image_leaves_nothing,
              of_many_photos_put_at_once_one_stays)
