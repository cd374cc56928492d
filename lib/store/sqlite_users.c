/* Who has the database open, as far as /proc tells: other users' processes are seen by root alone.
 * For a person who is to stop them, and for those that know nothing of our lock (a shell). */
#include "sqlite.h"

#include "../base/buf.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_BYTES_MAX 120

/* What belongs to a database: not what else is called after it, as one that a restore replaced. */
static const char *const parts[] = { "", "-wal", "-shm", "-journal", ".lock" };

static bool leads_to(const char *link, const char *path)
{
    const size_t length = strlen(path);
    char target[PATH_MAX];
    ssize_t len = readlink(link, target, sizeof(target) - 1);

    if (len <= 0)
        return false;
    target[len] = '\0';
    if (strncmp(target, path, length) != 0)
        return false;
    for (size_t i = 0; i < CC_COUNT(parts); i++) {
        if (strcmp(target + length, parts[i]) == 0)
            return true;
    }
    return false;
}

static bool has_open(const char *pid, const char *path)
{
    char name[PATH_MAX];
    struct dirent *entry;
    bool found = false;
    DIR *dir;

    snprintf(name, sizeof(name), "/proc/%s/fd", pid);
    dir = opendir(name);
    if (dir == NULL)
        return false;
    while (!found && (entry = readdir(dir)) != NULL) {
        snprintf(name, sizeof(name), "/proc/%s/fd/%s", pid, entry->d_name);
        found = entry->d_name[0] != '.' && leads_to(name, path);
    }
    closedir(dir);
    return found;
}

static void add_name(struct cc_buf *out, const char *pid)
{
    char path[64], name[32] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
    file = fopen(path, "re");
    if (file != NULL && fgets(name, sizeof(name), file) != NULL)
        name[strcspn(name, "\n")] = '\0';
    if (file != NULL)
        fclose(file);
    cc_buf_add_format(out, "%s%s (%s)", out->len ? ", " : "", name, pid);
}

struct cc_str sqlite_users(struct cc_arena *arena, const char *path)
{
    struct dirent *entry;
    struct cc_buf out;
    DIR *dir = opendir("/proc");

    cc_buf_init(&out, arena, TEXT_BYTES_MAX);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const long pid = strtol(entry->d_name, NULL, 10);

        if (pid > 0 && pid != (long)getpid() && has_open(entry->d_name, path))
            add_name(&out, entry->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    return cc_buf_str(&out);
}

/* Who knows nothing of our lock, a shell for one, is found by its open files. */
static enum cc_code check_unused(struct cc_arena *arena, const char *path, struct cc_err *err)
{
    struct cc_str users = sqlite_users(arena, path);

    if (users.len == 0)
        return CC_OK;
    return cc_fail(err, CC_UNAVAILABLE, "Another program has the database open: stop it first.",
                   "%s is open in %.*s", path, CC_STR_ARG(users));
}

enum cc_code sqlite_lock_alone(struct sqlite_lock *lock, struct cc_arena *arena, const char *path,
                               struct cc_err *err)
{
    struct cc_err why = { 0 };
    enum cc_code rc = sqlite_lock_open(lock, cc_str_format(arena, "%s.lock", path).at, true, &why);

    if (rc != CC_OK && check_unused(arena, path, err) != CC_OK) /* says by whom */
        return err->code;
    if (rc != CC_OK)
        *err = why;
    return rc == CC_OK ? check_unused(arena, path, err) : rc;
}
