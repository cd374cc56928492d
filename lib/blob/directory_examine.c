#include "blob.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void examine(const char *path, struct cc_findings *to)
{
    struct stat about;

    if (stat(path, &about) != 0 && errno == ENOENT)
        cc_find_well(to, "photos", "%s is not there yet: the first start makes it", path);
    else if (access(path, R_OK | W_OK | X_OK) != 0)
        cc_find_wrong(to, "photos", strerror(errno),
                      "The service may not use %s: chown it and what is in it to its user, or let "
                      "[photo] folder name another.",
                      path);
    else if (!S_ISDIR(about.st_mode))
        cc_find_wrong(to, "photos", NULL, "%s is no folder: let [photo] folder name one.", path);
    else if (about.st_mode & S_IRWXO)
        cc_find_wrong(to, "photos", NULL, "Everybody on this machine can enter %s: chmod 700 %s.",
                      path, path);
    else
        cc_find_well(to, "photos", "%s", path);
}

void cc_blobs_examine_directory(struct cc_str folder, struct cc_findings *to)
{
    struct cc_arena *arena = cc_arena_new((size_t)64 * 1024);
    const char *path = cc_str_z(arena, folder);

    if (path != NULL)
        examine(path, to);
    cc_arena_free(arena);
}
