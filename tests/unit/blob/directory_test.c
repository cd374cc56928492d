#define _GNU_SOURCE /* unshare */
#include "blob/blob.h"
#include "tests/check.h"
#include "tests/tmp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct place {
    struct cc_arena *arena;
    struct cc_tmp tmp;
    struct cc_blobs *blobs;
};

static const char *path_in(const struct place *p, const char *name)
{
    return cc_str_format(p->arena, "%s/%s", p->tmp.path, name).at;
}

static void place_open(struct place *p)
{
    struct cc_err err = { 0 };

    p->arena = cc_arena_new((size_t)64 * 1024 * 1024);
    cc_tmp_make(&p->tmp);
    ck_assert_int_eq(cc_blobs_open_directory(cc_str_from(p->tmp.path), &p->blobs, &err), CC_OK);
}

static void place_close(struct place *p)
{
    cc_blobs_close(p->blobs);
    cc_arena_free(p->arena);
    cc_tmp_remove(&p->tmp);
}

static enum cc_code put(struct place *p, const char *name, struct cc_str bytes)
{
    struct cc_err err = { 0 };

    return cc_blob_put(p->blobs, cc_str_from(name), bytes, &err);
}

static enum cc_code get(struct place *p, const char *name, struct cc_str *out)
{
    struct cc_err err = { 0 };

    return cc_blob_get(p->blobs, p->arena, cc_str_from(name), out, &err);
}

static size_t count_unfinished(const struct place *p)
{
    DIR *list = opendir(path_in(p, ".unfinished"));
    size_t count = 0;

    ck_assert_ptr_nonnull(list);
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list))
        count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

START_TEST(nothing_unfinished_is_left)
{
    struct place p;

    place_open(&p);
    ck_assert_int_eq(put(&p, "photo/ann/x", CC_STR("first")), CC_OK);
    ck_assert_int_eq(put(&p, "photo/ann/x", CC_STR("second")), CC_EXISTS);
    ck_assert_uint_eq(count_unfinished(&p), 0);
    place_close(&p);
}
END_TEST

static unsigned mode_of(const struct place *p, const char *path)
{
    struct stat info;

    ck_assert_int_eq(stat(cc_str_format(p->arena, "%s/%s", p->tmp.path, path).at, &info), 0);
    return info.st_mode & 0777;
}

START_TEST(files_and_folders_are_nobody_elses_to_read)
{
    struct place p;

    umask(0);
    place_open(&p);
    ck_assert_int_eq(put(&p, "photo/ann/x", CC_STR("x")), CC_OK);
    ck_assert_uint_eq(mode_of(&p, ".unfinished"), 0700);
    ck_assert_uint_eq(mode_of(&p, "photo"), 0700);
    ck_assert_uint_eq(mode_of(&p, "photo/ann"), 0700);
    ck_assert_uint_eq(mode_of(&p, "photo/ann/x"), 0600);
    place_close(&p);
}
END_TEST

START_TEST(a_link_in_the_folder_leads_nowhere)
{
    struct place p;
    struct cc_str out;

    place_open(&p);
    ck_assert_int_eq(put(&p, "photo/ann/x", CC_STR("x")), CC_OK);
    ck_assert_int_eq(symlink("/etc/passwd", cc_str_format(p.arena, "%s/link", p.tmp.path).at), 0);
    ck_assert_int_eq(symlink("/etc", cc_str_format(p.arena, "%s/folder", p.tmp.path).at), 0);
    ck_assert_int_ne(get(&p, "link", &out), CC_OK);
    ck_assert_int_ne(get(&p, "folder/passwd", &out), CC_OK);
    ck_assert_int_ne(put(&p, "folder/cc-blob-test", CC_STR("x")), CC_OK);
    place_close(&p);
}
END_TEST

/* Puts for ever, until it is killed in the middle. */
static pid_t start_putter(struct place *p)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    char *bytes = cc_arena_alloc(p->arena, 1 << 20);

    for (unsigned i = 0;; i++) {
        char name[32];

        snprintf(name, sizeof(name), "photo/ann/%u", i);
        if (put(p, name, (struct cc_str){ bytes, 1 << 20 }) != CC_OK)
            _exit(1);
    }
}

static void check_whole(struct place *p)
{
    DIR *list = opendir(cc_str_format(p->arena, "%s/photo/ann", p->tmp.path).at);
    struct dirent *entry;
    struct stat info;

    while (list && (entry = readdir(list)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        ck_assert_int_eq(fstatat(dirfd(list), entry->d_name, &info, 0), 0);
        ck_assert_int_eq(info.st_size, 1 << 20);
    }
    if (list)
        closedir(list);
}

START_TEST(what_a_killed_process_left_goes_at_the_next_open_and_nothing_else)
{
    struct place p;
    struct cc_blobs *second;
    struct cc_err err = { 0 };
    size_t left = 0;
    pid_t child;

    place_open(&p);
    for (int round = 0; round < 20 || left == 0; round++) {
        ck_assert_int_lt(round, 500);
        child = start_putter(&p);
        usleep(1000 * (useconds_t)(1 + round % 7));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        check_whole(&p);
        left += count_unfinished(&p);
        ck_assert_int_eq(cc_blobs_open_directory(cc_str_from(p.tmp.path), &second, &err), CC_OK);
        ck_assert_uint_eq(count_unfinished(&p), 0);
        cc_blobs_close(second);
        ck_assert_int_eq(system(cc_str_format(p.arena, "rm -rf %s/photo", p.tmp.path).at), 0);
    }
    place_close(&p);
}
END_TEST

START_TEST(an_open_does_not_disturb_who_is_writing)
{
    struct place p;
    struct cc_blobs *other;
    struct cc_str out;
    struct cc_err err = { 0 };
    pid_t child;
    int status;

    place_open(&p);
    child = start_putter(&p);
    for (int i = 0; i < 200 || get(&p, "photo/ann/50", &out) != CC_OK; i++) {
        ck_assert_int_eq(cc_blobs_open_directory(cc_str_from(p.tmp.path), &other, &err), CC_OK);
        cc_blobs_close(other);
        ck_assert_int_eq(waitpid(child, &status, WNOHANG), 0); /* a failed put ends it */
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    place_close(&p);
}
END_TEST

/* A disk of its own that is soon full. False where this machine does not allow it. */
static bool mount_small(const char *folder)
{
    if (geteuid() == 0 ? unshare(CLONE_NEWNS) : unshare(CLONE_NEWUSER | CLONE_NEWNS))
        return false;
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", folder, "tmpfs", 0, "size=256k,mode=700") == 0;
}

START_TEST(a_full_disk_is_told_and_nothing_is_left)
{
    struct place p;
    struct cc_str out;
    struct cc_err err = { 0 };
    char *bytes;

    place_open(&p);
    cc_blobs_close(p.blobs);
    if (!mount_small(p.tmp.path)) {
        printf("skipped: a full disk (no mount namespace here)\n");
        cc_tmp_remove(&p.tmp);
        cc_arena_free(p.arena);
        return;
    }
    ck_assert_int_eq(cc_blobs_open_directory(cc_str_from(p.tmp.path), &p.blobs, &err), CC_OK);
    bytes = cc_arena_alloc(p.arena, 1 << 20);
    ck_assert_int_eq(put(&p, "a/b", (struct cc_str){ bytes, 100000 }), CC_OK);
    ck_assert_int_eq(put(&p, "a/c", (struct cc_str){ bytes, 1 << 20 }), CC_STORAGE_FULL);
    ck_assert_int_eq(get(&p, "a/c", &out), CC_NOT_FOUND);
    ck_assert_uint_eq(count_unfinished(&p), 0);
    ck_assert_int_eq(put(&p, "a/d", (struct cc_str){ bytes, 100000 }), CC_OK);
    ck_assert_int_eq(get(&p, "a/b", &out), CC_OK);
    ck_assert_uint_eq(out.len, 100000);
    cc_blobs_close(p.blobs);
    cc_arena_free(p.arena);
    umount(p.tmp.path);
    cc_tmp_remove(&p.tmp);
}
END_TEST

START_TEST(what_is_no_blob_is_not_listed)
{
    struct cc_err err = { 0 };
    struct cc_strs names;
    struct place p;

    place_open(&p);
    ck_assert_int_eq(put(&p, "photo/ada/one", CC_STR("1")), CC_OK);
    ck_assert_int_eq(mkdirat(AT_FDCWD, path_in(&p, "empty"), 0700), 0);
    ck_assert_int_eq(symlink("/etc", path_in(&p, "link")), 0);
    close(open(path_in(&p, "photo/what is this"), O_CREAT | O_WRONLY, 0600));
    close(open(path_in(&p, ".unfinished/1-1"), O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(cc_blobs_list(p.blobs, p.arena, &names, &err), CC_OK);
    ck_assert_uint_eq(names.count, 1);
    cc_check_str(names.at[0], CC_STR("photo/ada/one"));
    place_close(&p);
}
END_TEST

/* Bytes in a folder come and go through the program. */
START_TEST(no_url_leads_to_a_folder)
{
    const struct cc_blob_pass pass = { .name = CC_STR("a"), .valid_s = 60 };
    struct cc_err err = { 0 };
    struct cc_str out = CC_STR("something");
    struct place p;

    place_open(&p);
    ck_assert_int_eq(cc_blob_url(p.blobs, p.arena, &pass, &out, &err), CC_OK);
    ck_assert_ptr_null(out.at);
    place_close(&p);
}
END_TEST

START_TEST(a_folder_that_cannot_be_is_told)
{
    struct cc_blobs *blobs;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_blobs_open_directory(CC_STR("/proc/no/such"), &blobs, &err),
                     CC_UNAVAILABLE);
    ck_assert_ptr_nonnull(strstr(err.cause, "/proc/no/such"));
    cc_err_clear(&err);
    ck_assert_int_eq(cc_blobs_open_directory(CC_STR("/etc/passwd"), &blobs, &err), CC_UNAVAILABLE);
}
END_TEST

CC_CHECK_MAIN("blob/directory", nothing_unfinished_is_left,
              files_and_folders_are_nobody_elses_to_read, a_link_in_the_folder_leads_nowhere,
              what_a_killed_process_left_goes_at_the_next_open_and_nothing_else,
              an_open_does_not_disturb_who_is_writing, what_is_no_blob_is_not_listed,
              no_url_leads_to_a_folder, a_full_disk_is_told_and_nothing_is_left,
              a_folder_that_cannot_be_is_told)
