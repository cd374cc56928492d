#include "archive/archive.h"
#include "tests/check.h"
#include "tests/tmp.h"

#include <fcntl.h>
#include <sqlite3.h>

struct place {
    struct cc_arena *arena;
    struct cc_tmp tmp;
    const char *path;
    struct cc_archive *archive;
    struct cc_err err;
};

/* An empty file, as the tables join a database that is there. */
static void place_make(struct place *p)
{
    int fd;

    memset(p, 0, sizeof(*p));
    p->arena = cc_arena_new((size_t)64 * 1024 * 1024);
    cc_tmp_make(&p->tmp);
    p->path = cc_str_format(p->arena, "%s/archive", p->tmp.path).at;
    fd = open(p->path, O_RDWR | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(cc_archive_create(p->path, &p->archive, &p->err), CC_OK);
}

static void place_finish(struct place *p)
{
    ck_assert_int_eq(cc_archive_finish(p->archive, &p->err), CC_OK);
    cc_archive_close(p->archive);
    p->archive = NULL;
    ck_assert_int_eq(cc_archive_open(p->path, &p->archive, &p->err), CC_OK);
}

static void place_remove(struct place *p)
{
    cc_archive_close(p->archive);
    cc_tmp_remove(&p->tmp);
    cc_arena_free(p->arena);
}

static void add(struct place *p, const char *name, struct cc_str bytes)
{
    ck_assert_int_eq(cc_archive_add(p->archive, cc_str_from(name), 0640, bytes, &p->err), CC_OK);
}

static enum cc_code read_file(struct place *p, const char *name, struct cc_str *out)
{
    cc_err_clear(&p->err);
    return cc_archive_read(p->archive, p->arena, cc_str_from(name), out, &p->err);
}

static struct cc_str large(struct place *p, size_t size)
{
    char *at = cc_arena_alloc(p->arena, size);

    for (size_t i = 0; i < size; i++)
        at[i] = (char)(i * 7 + i / 1000);
    return (struct cc_str){ at, size };
}

START_TEST(what_was_added_is_read)
{
    const size_t sizes[] = { 0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3500000 };
    struct cc_archive_files files;
    struct cc_str found;
    struct place p;

    place_make(&p);
    for (size_t i = 0; i < CC_COUNT(sizes); i++)
        add(&p, cc_str_format(p.arena, "some/%zu", i).at, large(&p, sizes[i]));
    add(&p, "other", CC_STR("a\0b"));
    ck_assert_int_eq(cc_archive_note(p.archive, "colour", CC_STR("blue"), &p.err), CC_OK);
    place_finish(&p);
    for (size_t i = 0; i < CC_COUNT(sizes); i++) {
        ck_assert_int_eq(read_file(&p, cc_str_format(p.arena, "some/%zu", i).at, &found), CC_OK);
        cc_check_str(found, large(&p, sizes[i]));
    }
    ck_assert_int_eq(read_file(&p, "other", &found), CC_OK);
    cc_check_str(found, CC_STR("a\0b"));
    ck_assert_int_eq(cc_archive_list(p.archive, p.arena, CC_STR("some/"), &files, &p.err), CC_OK);
    ck_assert_uint_eq(files.count, CC_COUNT(sizes));
    cc_check_str(files.at[1].name, CC_STR("some/1"));
    ck_assert_int_eq(files.at[5].size_bytes, 3500000);
    ck_assert_uint_eq(files.at[5].mode, 0640);
    ck_assert_int_eq(cc_archive_read_note(p.archive, p.arena, "colour", &found, &p.err), CC_OK);
    cc_check_str(found, CC_STR("blue"));
    ck_assert_int_eq(cc_archive_read_note(p.archive, p.arena, "smell", &found, &p.err), CC_OK);
    ck_assert_ptr_null(found.at);
    ck_assert_int_eq(cc_archive_verify(p.archive, NULL, &p.err), CC_OK);
    place_remove(&p);
}
END_TEST

START_TEST(a_name_is_given_once)
{
    struct place p;

    place_make(&p);
    add(&p, "name", CC_STR("one"));
    ck_assert_int_eq(cc_archive_add(p.archive, CC_STR("name"), 0600, CC_STR("two"), &p.err),
                     CC_INTERNAL);
    place_remove(&p);
}
END_TEST

/* Changes the archive behind its back, and asks whether that is noticed. */
static enum cc_code verify_after(const char *sql)
{
    struct place p;
    sqlite3 *db;
    enum cc_code rc;

    place_make(&p);
    add(&p, "name", large(&p, 1500000));
    place_finish(&p);
    cc_archive_close(p.archive);
    ck_assert_int_eq(sqlite3_open(p.path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
    ck_assert_int_eq(cc_archive_open(p.path, &p.archive, &p.err), CC_OK);
    rc = cc_archive_verify(p.archive, NULL, &p.err);
    ck_assert(rc == CC_OK || strstr(p.err.detail, "damaged") != NULL);
    place_remove(&p);
    return rc;
}

START_TEST(whatever_is_not_as_it_was_put_there_is_noticed)
{
    ck_assert_int_eq(verify_after("SELECT 1"), CC_OK);
    ck_assert_int_eq(verify_after("UPDATE chunk SET bytes = zeroblob(length(bytes)) WHERE n = 1"),
                     CC_INVALID);
    ck_assert_int_eq(verify_after("DELETE FROM chunk WHERE n = 0"), CC_INVALID);
    ck_assert_int_eq(verify_after("UPDATE chunk SET n = 2 WHERE n = 0"), CC_INVALID);
    ck_assert_int_eq(verify_after("INSERT INTO chunk SELECT file, 9, x'00' FROM chunk WHERE n = 0"),
                     CC_INVALID);
    ck_assert_int_eq(verify_after("UPDATE file SET size = 1 << 60"), CC_INVALID);
    ck_assert_int_eq(verify_after("UPDATE file SET size = -1"), CC_INVALID);
    ck_assert_int_eq(verify_after("UPDATE file SET sha256 = x'00'"), CC_INVALID);
}
END_TEST

/* Two of them are more than can be counted. */
START_TEST(sizes_that_cannot_be_are_damage)
{
    static const char *const changes[] = { "UPDATE file SET size = (1 << 62)",
                                           "UPDATE file SET size = -1 WHERE name = 'two'" };

    for (size_t i = 0; i < CC_COUNT(changes); i++) {
        struct cc_archive_files files;
        struct place p;
        sqlite3 *db;

        place_make(&p);
        add(&p, "one", CC_STR("1"));
        add(&p, "two", CC_STR("2"));
        place_finish(&p);
        cc_archive_close(p.archive);
        ck_assert_int_eq(sqlite3_open(p.path, &db), SQLITE_OK);
        ck_assert_int_eq(sqlite3_exec(db, changes[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        ck_assert_int_eq(cc_archive_open(p.path, &p.archive, &p.err), CC_OK);
        ck_assert_int_eq(cc_archive_list(p.archive, p.arena, CC_STR(""), &files, &p.err),
                         CC_INVALID);
        ck_assert_ptr_nonnull(strstr(p.err.detail, "damaged"));
        place_remove(&p);
    }
}
END_TEST

static bool stop(struct cc_progress *progress, const char *what, int64_t done, int64_t total)
{
    (void)progress;
    ck_assert_ptr_nonnull(what);
    ck_assert_int_le(done, total);
    return false;
}

START_TEST(verifying_can_be_interrupted)
{
    struct cc_progress progress = { stop };
    struct place p;

    place_make(&p);
    add(&p, "name", CC_STR("bytes"));
    place_finish(&p);
    ck_assert_int_eq(cc_archive_verify(p.archive, &progress, &p.err), CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(p.err.detail, "interrupted"));
    place_remove(&p);
}
END_TEST

CC_CHECK_MAIN("archive/archive", what_was_added_is_read, a_name_is_given_once,
              whatever_is_not_as_it_was_put_there_is_noticed, sizes_that_cannot_be_are_damage,
              verifying_can_be_interrupted)
