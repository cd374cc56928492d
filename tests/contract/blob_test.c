/* What blob.h promises, on every backend. */
#include "tests/contract/blobs.h"

#include <pthread.h>
#include <stdio.h>

START_TEST(what_was_put_is_got_and_what_was_removed_is_not)
{
    struct blobs_place p;
    struct cc_str out;
    struct cc_err err = { 0 };

    blobs_open(&p, _i);
    ck_assert_int_eq(blobs_get(&p, "photo/ann/x", &out), CC_NOT_FOUND);
    ck_assert_int_eq(blobs_put(&p, "photo/ann/x", CC_STR("one\0two")), CC_OK);
    ck_assert_int_eq(blobs_put(&p, "photo/ann/empty", CC_STR("")), CC_OK);
    ck_assert_int_eq(blobs_get(&p, "photo/ann/x", &out), CC_OK);
    cc_check_str(out, CC_STR("one\0two"));
    ck_assert_int_eq(blobs_get(&p, "photo/ann/empty", &out), CC_OK);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(blobs_get(&p, "photo/ann", &out), CC_NOT_FOUND);
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("photo/ann/x"), &err), CC_OK);
    ck_assert_int_eq(blobs_get(&p, "photo/ann/x", &out), CC_NOT_FOUND);
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("photo/ann/x"), &err), CC_OK);
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("photo/nobody/x"), &err), CC_OK);
    blobs_close(&p);
}
END_TEST

START_TEST(a_photo_of_the_greatest_size_comes_back_as_it_was)
{
    const size_t size = 7 << 20; /* photo.bytes_max at most */
    struct blobs_place p;
    struct cc_str out;
    char *bytes;

    blobs_open(&p, _i);
    bytes = cc_arena_alloc(p.arena, size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31 % 251);
    ck_assert_int_eq(blobs_put(&p, "large", (struct cc_str){ bytes, size }), CC_OK);
    ck_assert_int_eq(blobs_get(&p, "large", &out), CC_OK);
    ck_assert_uint_eq(out.len, size);
    ck_assert_int_eq(memcmp(out.at, bytes, size), 0);
    blobs_close(&p);
}
END_TEST

START_TEST(a_name_is_given_once)
{
    struct blobs_place p;
    struct cc_str out;

    blobs_open(&p, _i);
    ck_assert_int_eq(blobs_put(&p, "a", CC_STR("first")), CC_OK);
    ck_assert_int_eq(blobs_put(&p, "a", CC_STR("second")), CC_EXISTS);
    ck_assert_int_eq(blobs_put(&p, "a", CC_STR("first")), CC_EXISTS);
    ck_assert_int_eq(blobs_get(&p, "a", &out), CC_OK);
    cc_check_str(out, CC_STR("first"));
    blobs_close(&p);
}
END_TEST

START_TEST(only_names_of_ours_are_taken)
{
    static const char *const names[] = { "",    "/",    "/a",        "a/",           "a//b",
                                         "..",  "a/..", "../a",      ".hidden",      "a/.b/c",
                                         "a b", "a\nb", "a/b/c/d/e", ".unfinished/x" };
    struct blobs_place p;
    struct cc_str out;
    char longest[300];

    blobs_open(&p, _i);
    for (size_t i = 0; i < CC_COUNT(names); i++) {
        ck_assert_msg(blobs_put(&p, names[i], CC_STR("x")) == CC_INTERNAL, "%s", names[i]);
        ck_assert_int_eq(blobs_get(&p, names[i], &out), CC_INTERNAL);
    }
    memset(longest, 'x', sizeof(longest));
    for (size_t i = 64; i < 255; i += 65)
        longest[i] = '/';
    longest[255] = '\0';
    ck_assert_int_eq(blobs_put(&p, longest, CC_STR("x")), CC_OK);
    longest[255] = 'x';
    longest[256] = '\0';
    ck_assert_int_eq(blobs_put(&p, longest, CC_STR("x")), CC_INTERNAL);
    ck_assert_int_eq(cc_blob_put(p.blobs, CC_STR("a\0b"), CC_STR("x"), &(struct cc_err){ 0 }),
                     CC_INTERNAL);
    blobs_close(&p);
}
END_TEST

/* --- several at once -------------------------------------------------------------------------- */

#define THREADS 8
/* Together more than a page of a list of S3, which is 1,000. BLOBS_EACH: another number. */
#define EACH 130

struct putter {
    struct blobs_place *p;
    int number, each;
    int put, refused;
};

/* Names of its own, and one that all want. */
static void *put_many(void *arg)
{
    struct putter *self = arg;
    char name[32];
    enum cc_code rc;

    for (int i = 0; i < self->each; i++) {
        struct cc_err err = { 0 };

        snprintf(name, sizeof(name), "many/%d/%d", self->number, i);
        rc = cc_blob_put(self->p->blobs, cc_str_from(name), cc_str_from(name), &err);
        self->refused += rc != CC_OK;
        snprintf(name, sizeof(name), "one/%d", i);
        rc = cc_blob_put(self->p->blobs, cc_str_from(name),
                         (struct cc_str){ (const char *)&self->number, sizeof(int) }, &err);
        self->put += rc == CC_OK;
        self->refused += rc != CC_OK && rc != CC_EXISTS;
    }
    return NULL;
}

static void run_putters(struct blobs_place *p, int each, struct putter putters[THREADS])
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        putters[i] = (struct putter){ .p = p, .number = i, .each = each };
        ck_assert_int_eq(pthread_create(&threads[i], NULL, put_many, &putters[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

START_TEST(what_many_put_at_once_is_there_once_and_listed)
{
    const int each = getenv("BLOBS_EACH") ? (int)strtol(getenv("BLOBS_EACH"), NULL, 10) : EACH;
    struct putter putters[THREADS];
    struct blobs_place p;
    int put = 0;

    blobs_open(&p, _i);
    run_putters(&p, each, putters);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(putters[i].refused, 0);
        put += putters[i].put;
    }
    ck_assert_int_eq(put, each);
    ck_assert_uint_eq(blobs_list(&p).count, (size_t)(THREADS * each + each));
    blobs_close(&p);
}
END_TEST

/* --- all of them ------------------------------------------------------------------------------ */

static bool lists(struct blobs_place *p, const char *name)
{
    const struct cc_strs names = blobs_list(p);

    for (size_t i = 0; i < names.count; i++)
        if (cc_str_eq(names.at[i], cc_str_from(name)))
            return true;
    return false;
}

START_TEST(all_are_listed)
{
    struct blobs_place p;

    blobs_open(&p, _i);
    ck_assert_uint_eq(blobs_list(&p).count, 0);
    ck_assert_int_eq(blobs_put(&p, "photo/ada/one", CC_STR("1")), CC_OK);
    ck_assert_int_eq(blobs_put(&p, "photo/ada/two", CC_STR("2")), CC_OK);
    ck_assert_int_eq(blobs_put(&p, "a/b/c/d", CC_STR("3")), CC_OK);
    ck_assert_int_eq(blobs_put(&p, "alone", CC_STR("4")), CC_OK);
    ck_assert_uint_eq(blobs_list(&p).count, 4);
    ck_assert(lists(&p, "photo/ada/one") && lists(&p, "photo/ada/two"));
    ck_assert(lists(&p, "a/b/c/d") && lists(&p, "alone"));
    blobs_close(&p);
}
END_TEST

START_TEST(nothing_is_removed_while_somebody_keeps_all)
{
    struct cc_err err = { 0 };
    struct cc_blobs *other;
    struct cc_str out;
    struct blobs_place p;

    blobs_open(&p, _i);
    ck_assert_int_eq(blobs_put(&p, "a/b", CC_STR("1")), CC_OK);
    other = blobs_open_again(&p);
    ck_assert_int_eq(cc_blobs_keep(other, &err), CC_OK);
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("a/b"), &err), CC_UNAVAILABLE);
    ck_assert_int_eq(blobs_get(&p, "a/b", &out), CC_OK);
    ck_assert_int_eq(blobs_put(&p, "a/c", CC_STR("2")), CC_OK);
    ck_assert_uint_eq(blobs_list(&p).count, 2);
    ck_assert_int_eq(cc_blobs_keep(p.blobs, &err), CC_UNAVAILABLE);
    cc_blobs_release(p.blobs); /* which keeps nothing */
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("a/b"), &err), CC_UNAVAILABLE);
    cc_blobs_release(other);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("a/b"), &err), CC_OK);
    ck_assert_int_eq(cc_blobs_keep(other, &err), CC_OK);
    cc_blobs_close(other); /* as the end of its process would */
    ck_assert_int_eq(cc_blob_remove(p.blobs, CC_STR("a/c"), &err), CC_OK);
    blobs_close(&p);
}
END_TEST

BLOBS_MAIN("contract/blob", BLOBS_DIRECTORY, what_was_put_is_got_and_what_was_removed_is_not,
           a_photo_of_the_greatest_size_comes_back_as_it_was, a_name_is_given_once,
           only_names_of_ours_are_taken, what_many_put_at_once_is_there_once_and_listed,
           all_are_listed, nothing_is_removed_while_somebody_keeps_all)
