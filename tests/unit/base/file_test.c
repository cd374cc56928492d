#include "tests/check.h"
#include "tests/tmp.h"

#include "base/arena.h"
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct cc_arena *arena;
static struct cc_err err;
static struct cc_tmp tmp;

static void set_up(void)
{
    arena = cc_arena_new(8 << 20);
    cc_tmp_make(&tmp);
}

static const char *in_folder(const char *name)
{
    return cc_str_format(arena, "%s/%s", tmp.path, name).at;
}

/* How many entries the folder has. */
static int entries(void)
{
    DIR *open = opendir(tmp.path);
    int count = -2; /* . and .. */

    while (readdir(open))
        count++;
    closedir(open);
    return count;
}

static void tear_down(void)
{
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}

static unsigned mode_of(const char *path)
{
    struct stat about;

    ck_assert_int_eq(stat(path, &about), 0);
    return about.st_mode & 07777;
}

START_TEST(what_is_written_is_read)
{
    struct cc_str bytes;

    set_up();
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR("one\0two"), 0640, &err), CC_OK);
    ck_assert_int_eq(cc_file_read(arena, in_folder("a"), 7, &bytes, &err), CC_OK);
    cc_check_str(bytes, CC_STR("one\0two"));
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR(""), 0640, &err), CC_OK);
    ck_assert_int_eq(cc_file_read(arena, in_folder("a"), 7, &bytes, &err), CC_OK);
    cc_check_str(bytes, CC_STR(""));
    ck_assert_int_eq(entries(), 1);
    tear_down();
}
END_TEST

START_TEST(the_mode_is_exact_whatever_the_umask)
{
    set_up();
    umask(0777);
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR("x"), 0640, &err), CC_OK);
    umask(0);
    ck_assert_int_eq(cc_file_write(in_folder("b"), CC_STR("x"), 0600, &err), CC_OK);
    ck_assert_uint_eq(mode_of(in_folder("a")), 0640);
    ck_assert_uint_eq(mode_of(in_folder("b")), 0600);
    tear_down();
}
END_TEST

/* A reader that opened the old file goes on reading it: it was replaced, not written over. */
START_TEST(what_root_writes_for_another_user_is_his)
{
    struct stat about;

    if (geteuid() != 0)
        return; /* nobody else can give files away */
    set_up();
    ck_assert_int_eq(chown(tmp.path, 65533, 65532), 0);
    ck_assert_int_eq(cc_file_create(in_folder("a"), CC_STR("x"), 0600, &err), CC_OK);
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR("y"), 0600, &err), CC_OK);
    ck_assert_int_eq(stat(in_folder("a"), &about), 0);
    ck_assert_uint_eq(about.st_uid, 65533);
    ck_assert_uint_eq(about.st_gid, 65532);
    ck_assert_uint_eq(mode_of(in_folder("a")), 0600);
    tear_down();
}
END_TEST

START_TEST(a_file_is_replaced_not_written_over)
{
    char old[8] = "";
    int fd;

    set_up();
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR("old"), 0600, &err), CC_OK);
    fd = open(in_folder("a"), O_RDONLY);
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR("new!"), 0600, &err), CC_OK);
    ck_assert_int_eq(read(fd, old, sizeof(old)), 3);
    ck_assert_str_eq(old, "old");
    close(fd);
    tear_down();
}
END_TEST

START_TEST(too_large_and_missing_files_say_so)
{
    struct cc_str bytes;

    set_up();
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR("12345"), 0600, &err), CC_OK);
    ck_assert_int_eq(cc_file_read(arena, in_folder("a"), 4, &bytes, &err), CC_TOO_LARGE);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_file_read(arena, in_folder("b"), 4, &bytes, &err), CC_NOT_FOUND);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_file_read(arena, tmp.path, 4, &bytes, &err), CC_UNAVAILABLE);
    cc_err_clear(&err);
    tear_down();
}
END_TEST

/* /proc says that its files have no bytes, and a pipe cannot say. */
START_TEST(files_that_do_not_know_their_size_are_read)
{
    struct cc_str bytes;

    set_up();
    ck_assert_int_eq(cc_file_read(arena, "/proc/self/maps", 1 << 20, &bytes, &err), CC_OK);
    ck_assert_uint_gt(bytes.len, 100);
    ck_assert_int_eq(cc_file_read(arena, "/dev/zero", 100000, &bytes, &err), CC_TOO_LARGE);
    cc_err_clear(&err);
    tear_down();
}
END_TEST

START_TEST(a_new_name_must_be_new)
{
    struct cc_str bytes;

    set_up();
    ck_assert_int_eq(cc_file_create(in_folder("a"), CC_STR("1"), 0600, &err), CC_OK);
    ck_assert_int_eq(cc_file_create(in_folder("a"), CC_STR("2"), 0600, &err), CC_EXISTS);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_file_read(arena, in_folder("a"), 9, &bytes, &err), CC_OK);
    cc_check_str(bytes, CC_STR("1"));
    ck_assert_int_eq(entries(), 1);
    tear_down();
}
END_TEST

START_TEST(a_failed_write_leaves_nothing_behind)
{
    set_up();
    ck_assert_int_eq(mkdir(in_folder("a"), 0700), 0);
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR("x"), 0600, &err), CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.cause, "rename"));
    ck_assert_int_eq(entries(), 1);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_file_write(in_folder("no/a"), CC_STR("x"), 0600, &err), CC_UNAVAILABLE);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_file_append("/dev/full", CC_STR("x"), 0600, &err), CC_STORAGE_FULL);
    cc_err_clear(&err);
    tear_down();
}
END_TEST

START_TEST(appended_bytes_follow_one_another)
{
    struct cc_str bytes;

    set_up();
    ck_assert_int_eq(cc_file_append(in_folder("a"), CC_STR("1\n"), 0600, &err), CC_OK);
    ck_assert_int_eq(cc_file_append(in_folder("a"), CC_STR("2\n"), 0600, &err), CC_OK);
    ck_assert_int_eq(cc_file_read(arena, in_folder("a"), 99, &bytes, &err), CC_OK);
    cc_check_str(bytes, CC_STR("1\n2\n"));
    ck_assert_uint_eq(mode_of(in_folder("a")), 0600);
    tear_down();
}
END_TEST

START_TEST(removing_and_making_folders_may_be_repeated)
{
    set_up();
    ck_assert_int_eq(cc_file_write(in_folder("a"), CC_STR("x"), 0600, &err), CC_OK);
    ck_assert_int_eq(cc_file_remove(in_folder("a"), &err), CC_OK);
    ck_assert_int_eq(cc_file_remove(in_folder("a"), &err), CC_OK);
    ck_assert_int_eq(cc_dir_make(in_folder("d"), 0700, &err), CC_OK);
    ck_assert_int_eq(cc_dir_make(in_folder("d"), 0700, &err), CC_OK);
    ck_assert_uint_eq(mode_of(in_folder("d")), 0700);
    ck_assert_int_eq(cc_file_write(in_folder("f"), CC_STR("x"), 0600, &err), CC_OK);
    ck_assert_int_eq(cc_dir_make(in_folder("f"), 0700, &err), CC_UNAVAILABLE);
    cc_err_clear(&err);
    ck_assert_int_eq(cc_dir_make(in_folder("no/d"), 0700, &err), CC_UNAVAILABLE);
    cc_err_clear(&err);
    tear_down();
}
END_TEST

CC_CHECK_MAIN("base/file", what_is_written_is_read, the_mode_is_exact_whatever_the_umask,
              what_root_writes_for_another_user_is_his, a_file_is_replaced_not_written_over,
              too_large_and_missing_files_say_so, files_that_do_not_know_their_size_are_read,
              a_new_name_must_be_new, a_failed_write_leaves_nothing_behind,
              appended_bytes_follow_one_another, removing_and_making_folders_may_be_repeated)
