#include "admin/admin.h"
#include "tests/check.h"
#include "tests/tmp.h"

#include "base/arena.h"
#include "base/file.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

/* What the command wrote, both streams. */
static char output[1 << 16];

#define run(...) run_command((char *[]){ "cloudchat", __VA_ARGS__, NULL })

static int run_command(char **argv)
{
    FILE *to = tmpfile();
    int saved[2] = { dup(1), dup(2) };
    int argc = 0, status;
    size_t len;

    while (argv[argc] != NULL)
        argc++;
    fflush(NULL);
    dup2(fileno(to), 1);
    dup2(fileno(to), 2);
    status = cc_admin_main(argc, argv);
    fflush(NULL);
    dup2(saved[0], 1);
    dup2(saved[1], 2);
    rewind(to);
    len = fread(output, 1, sizeof(output) - 1, to);
    output[len] = '\0';
    fclose(to);
    close(saved[0]);
    close(saved[1]);
    return status;
}

static bool says(const char *text)
{
    return strstr(output, text) != NULL;
}

START_TEST(what_is_not_understood_ends_with_2_and_says_why)
{
    ck_assert_int_eq(run("srve"), 2);
    ck_assert(says("no command \"srve\""));
    ck_assert_int_eq(run("serve", "--prot=1"), 2);
    ck_assert(says("unknown option --prot"));
    ck_assert_int_eq(run("serve", "--port"), 2);
    ck_assert(says("a value is missing behind --port"));
    ck_assert_int_eq(run("config", "--file=x"), 2);
    ck_assert(says("takes no value: --file"));
    ck_assert_int_eq(run("doctor", "--data=/tmp", "--config", "/tmp/x"), 2);
    ck_assert(says("either --data or --config"));
    ck_assert_int_eq(run("keys"), 2);
    ck_assert_int_eq(run("keys", "turn", "--data", "/tmp"), 2);
    ck_assert_int_eq(run("backup", "--data", "/tmp"), 2);
    ck_assert(says("expected FILE"));
    ck_assert_int_eq(run("init", "/tmp/x"), 2);
    ck_assert(says("too many words: /tmp/x"));
    ck_assert_int_eq(run("init"), 2);
}
END_TEST

START_TEST(every_command_explains_itself)
{
    static char *const names[] = { "serve",  "init",   "keys",    "tick",
                                   "config", "backup", "restore", "doctor" };

    ck_assert_int_eq(run("help"), 0);
    for (size_t i = 0; i < CC_COUNT(names); i++)
        ck_assert(says(names[i]));
    for (size_t i = 0; i < CC_COUNT(names); i++) {
        ck_assert_int_eq(run(names[i], "--help"), 0);
        ck_assert(says("usage: cloudchat "));
        ck_assert(says(names[i]));
    }
    ck_assert_int_eq(run("version"), 0);
    ck_assert(says("Cloud Chat "));
}
END_TEST

static mode_t mode_of(struct cc_arena *arena, const struct cc_tmp *tmp, const char *name)
{
    struct stat st;

    ck_assert_int_eq(stat(cc_str_format(arena, "%s/%s", tmp->path, name).at, &st), 0);
    return st.st_mode & 0777;
}

START_TEST(init_makes_what_is_private_and_keeps_what_is_there)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_err err = { 0 };
    struct cc_str before, after;
    struct cc_tmp tmp;
    char *folder, *config;

    cc_tmp_make(&tmp);
    folder = (char *)(uintptr_t)cc_str_format(arena, "%s/a/data", tmp.path).at;
    config = (char *)(uintptr_t)cc_str_format(arena, "%s/cloud-chat.conf", folder).at;
    ck_assert_int_eq(run("init", "--data", folder), 0);
    ck_assert_int_eq(mode_of(arena, &tmp, "a/data"), 0700);
    ck_assert_int_eq(mode_of(arena, &tmp, "a/data/cloud-chat.conf"), 0600);
    ck_assert_int_eq(mode_of(arena, &tmp, "a/data/keys"), 0700);
    ck_assert_int_eq(cc_file_read(arena, config, 1 << 16, &before, &err), CC_OK);
    ck_assert_ptr_nonnull(strstr(before.at, "\nsms = outbox\n"));
    ck_assert_ptr_nonnull(strstr(before.at, "\nemail = outbox\n"));
    ck_assert_ptr_null(strstr(before.at, "sms = none"));
    ck_assert_int_eq(cc_file_append(config, CC_STR("# mine\n"), 0600, &err), CC_OK);
    ck_assert_int_eq(run("init", "--data", folder), 0);
    ck_assert_int_eq(cc_file_read(arena, config, 1 << 16, &after, &err), CC_OK);
    ck_assert_uint_eq(after.len, before.len + strlen("# mine\n"));
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}
END_TEST

static size_t count_of(const char *text)
{
    size_t count = 0;

    for (const char *at = strstr(output, text); at != NULL; at = strstr(at + 1, text))
        count++;
    return count;
}

START_TEST(a_rotated_key_stays_valid_beside_the_new_one)
{
    struct cc_tmp tmp;

    cc_tmp_make(&tmp);
    ck_assert_int_eq(run("init", "--data", tmp.path), 0);
    ck_assert_int_eq(run("keys", "list", "--data", tmp.path), 0);
    ck_assert_uint_eq(count_of("signs"), 1);
    ck_assert_int_eq(run("keys", "rotate", "--data", tmp.path), 0);
    ck_assert(says("New signing key: "));
    ck_assert_int_eq(run("keys", "list", "--data", tmp.path), 0);
    ck_assert_uint_eq(count_of("signs"), 1);
    ck_assert_uint_eq(count_of("valid until"), 1);
    cc_tmp_remove(&tmp);
}
END_TEST

START_TEST(a_configuration_that_is_wrong_ends_with_78)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_err err = { 0 };
    struct cc_tmp tmp;
    char *path;

    cc_tmp_make(&tmp);
    path = (char *)(uintptr_t)cc_str_format(arena, "%s/x.conf", tmp.path).at;
    ck_assert_int_eq(cc_file_write(path, CC_STR("[server]\nprot = 1\n"), 0600, &err), CC_OK);
    ck_assert_int_eq(run("doctor", "--config", path), 78);
    ck_assert(says("x.conf"));
    ck_assert(says("port"));
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}
END_TEST

/* A database is damaged where opening it does not look. */
static void spoil(const char *path)
{
    char garbage[4096];
    int fd = open(path, O_WRONLY);
    off_t size = lseek(fd, 0, SEEK_END);

    memset(garbage, 0xa5, sizeof(garbage));
    ck_assert_int_eq(pwrite(fd, garbage, sizeof(garbage), size - 5 * 4096), sizeof(garbage));
    close(fd);
}

START_TEST(doctor_reads_the_database_to_its_end)
{
    struct cc_arena *arena = cc_arena_new(1 << 22);
    struct cc_tmp tmp;
    struct cc_str path;
    sqlite3 *db;

    cc_tmp_make(&tmp);
    path = cc_str_format(arena, "%s/cloud-chat.db", tmp.path);
    ck_assert_int_eq(run("init", "--data", tmp.path), 0);
    ck_assert_int_eq(run("tick", "--data", tmp.path), 0);
    run("doctor", "--data", tmp.path);
    ck_assert(says("read to its end and sound"));
    ck_assert_int_eq(sqlite3_open(path.at, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db,
                                  "CREATE TABLE large AS SELECT randomblob(65536) AS it;"
                                  "PRAGMA wal_checkpoint(TRUNCATE)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    spoil(path.at);
    ck_assert_int_eq(run("doctor", "--data", tmp.path), 1);
    ck_assert(says("not ok   database        The database is damaged."));
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}
END_TEST

START_TEST(a_database_for_one_process_alone_is_nothing_for_several_programs)
{
    struct cc_tmp tmp;

    cc_tmp_make(&tmp);
    setenv("CLOUDCHAT_STORE_NETWORK_FILESYSTEM", "yes", 1);
    ck_assert_int_eq(run("serve", "--data", tmp.path), 78);
    ck_assert(says("[store] network_filesystem is for one process alone"));
    ck_assert_int_eq(run("doctor", "--data", tmp.path), 1);
    ck_assert(says("[store] network_filesystem is for one process alone"));
    unsetenv("CLOUDCHAT_STORE_NETWORK_FILESYSTEM");
    cc_tmp_remove(&tmp);
}
END_TEST

START_TEST(tick_works_without_a_server)
{
    struct cc_tmp tmp;

    cc_tmp_make(&tmp);
    ck_assert_int_eq(run("init", "--data", tmp.path), 0);
    ck_assert_int_eq(run("tick", "--data", tmp.path), 0);
    ck_assert(says("0 jobs done"));
    cc_tmp_remove(&tmp);
}
END_TEST

START_TEST(what_is_printed_for_lighttpd_names_the_data_folder)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_tmp tmp;

    cc_tmp_make(&tmp);
    ck_assert_int_eq(run("init", "--data", tmp.path), 0);
    ck_assert_int_eq(run("config", "--lighttpd", "--data", tmp.path), 0);
    ck_assert(says(cc_str_format(arena, "\"%s/run/chat.sock\"", tmp.path).at));
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}
END_TEST

START_TEST(doctor_makes_nothing)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_err err = { 0 };
    struct cc_tmp tmp;
    char *config;

    cc_tmp_make(&tmp);
    config = (char *)(uintptr_t)cc_str_format(arena, "%s/cloud-chat.conf", tmp.path).at;
    ck_assert_int_eq(cc_file_write(config, CC_STR(""), 0600, &err), CC_OK);
    run("doctor", "--data", tmp.path);
    ck_assert(says("keys is not there yet"));
    ck_assert(says("cloud-chat.db is not there yet"));
    ck_assert_int_eq(unlink(config), 0);
    ck_assert_msg(rmdir(tmp.path) == 0, "something was made in %s", tmp.path);
    cc_arena_free(arena);
}
END_TEST

START_TEST(rights_are_printed_for_what_is_kept_at_aws_alone)
{
    struct cc_tmp tmp;

    cc_tmp_make(&tmp);
    ck_assert_int_eq(run("init", "--data", tmp.path), 0);
    ck_assert_int_eq(run("aws", "policy", "--data", tmp.path), 78);
    ck_assert(says("no rights are needed"));
    setenv("CLOUDCHAT_STORE_BACKEND", "dynamodb", 1);
    setenv("CLOUDCHAT_AWS_REGION", "us-gov-west-1", 1);
    ck_assert_int_eq(run("aws", "policy", "--data", tmp.path), 0);
    ck_assert(says("\"arn:aws-us-gov:dynamodb:us-gov-west-1:*:table/cloud-chat/index/mrev\""));
    ck_assert(!says("s3:"));
    unsetenv("CLOUDCHAT_AWS_REGION");
    unsetenv("CLOUDCHAT_STORE_BACKEND");
    cc_tmp_remove(&tmp);
}
END_TEST

static char *in_tmp(struct cc_arena *arena, const struct cc_tmp *tmp, const char *name)
{
    return (char *)(uintptr_t)cc_str_format(arena, "%s/%s", tmp->path, name).at;
}

START_TEST(a_backup_of_nothing_is_refused_and_makes_nothing)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_tmp tmp;

    cc_tmp_make(&tmp);
    ck_assert_int_eq(run("init", "--data", tmp.path), 0);
    ck_assert_int_eq(run("backup", in_tmp(arena, &tmp, "file"), "--data", tmp.path), 78);
    ck_assert(says("There is no database to make a backup of."));
    ck_assert_int_ne(access(in_tmp(arena, &tmp, "cloud-chat.db"), F_OK), 0);
    ck_assert_int_ne(access(in_tmp(arena, &tmp, "file"), F_OK), 0);
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}
END_TEST

START_TEST(what_was_backed_up_is_restored)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    struct cc_tmp tmp;
    char *file;

    cc_tmp_make(&tmp);
    file = in_tmp(arena, &tmp, "file");
    ck_assert_int_eq(run("init", "--data", tmp.path), 0);
    ck_assert_int_eq(run("tick", "--data", tmp.path), 0);
    ck_assert_int_eq(run("backup", file, "--data", tmp.path), 0);
    ck_assert(says("verified"));
    ck_assert_int_eq(mode_of(arena, &tmp, "file"), 0600);
    ck_assert_int_eq(run("backup", file, "--data", tmp.path), 1);
    ck_assert(says("--force"));
    ck_assert_int_eq(run("restore", file, "--data", tmp.path), 0);
    ck_assert(says("Restored what was there at "));
    ck_assert_int_eq(run("tick", "--data", tmp.path), 0);
    cc_tmp_remove(&tmp);
    cc_arena_free(arena);
}
END_TEST

CC_CHECK_MAIN("admin/main", a_backup_of_nothing_is_refused_and_makes_nothing,
              what_was_backed_up_is_restored, what_is_not_understood_ends_with_2_and_says_why,
              every_command_explains_itself, init_makes_what_is_private_and_keeps_what_is_there,
              a_rotated_key_stays_valid_beside_the_new_one,
              a_configuration_that_is_wrong_ends_with_78, doctor_reads_the_database_to_its_end,
              doctor_makes_nothing, rights_are_printed_for_what_is_kept_at_aws_alone,
              a_database_for_one_process_alone_is_nothing_for_several_programs,
              tick_works_without_a_server, what_is_printed_for_lighttpd_names_the_data_folder)
