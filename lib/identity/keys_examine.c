#include "keyring.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_MS INT64_C(86400000)
#define OLD_MS (400 * DAY_MS)
#define AHEAD_MS INT64_C(300000)

/* false: there is nothing to look at. */
static bool examine_folder(const char *path, struct cc_findings *to)
{
    struct stat about;

    if (stat(path, &about) != 0 && errno == ENOENT) {
        cc_find_doubtful(
            to, "keys",
            "%s is not there yet: the first start makes it. If there should be one, let "
            "[identity] keys name it.",
            path);
        return false;
    }
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return cc_find_wrong(to, "keys", strerror(errno),
                             "The service may not use %s: chown it and what is in it to its user.",
                             path);
    if (about.st_mode & (S_IRWXG | S_IRWXO))
        return cc_find_wrong(to, "keys", NULL,
                             "Other users can enter %s: chmod 700 %s. If somebody has, `cloudchat "
                             "keys rotate`.",
                             path, path);
    return true;
}

static void examine_secret(const struct cc_keys_folder *folder, struct cc_arena *arena,
                           struct cc_findings *to)
{
    struct cc_str secret;
    struct cc_err err = { 0 };

    if (cc_keys_secret(folder, arena, &secret, &err) == CC_OK)
        cc_find_well(to, "server key", "%.*s/secret", CC_STR_ARG(folder->path));
    else if (err.code == CC_INVALID)
        cc_find_failed(to, "server key", &err);
    else
        cc_find_wrong(to, "server key", err.cause,
                      "It cannot be read: chown %.*s/secret to the service's user, or put it back "
                      "from a backup. With a new one everybody signs in again.",
                      CC_STR_ARG(folder->path));
}

/* What the newest says of time. */
static void tell_of_current(const struct cc_keys_folder *folder, const struct cc_signing_keys *keys,
                            struct cc_findings *to)
{
    const int64_t now_ms = cc_clock_wall_ms(folder->clock);
    const struct cc_signing_key *current = &keys->at[keys->count - 1];
    const int64_t age_ms = now_ms - current->created_ms;
    size_t valid = 0;

    for (size_t i = 0; i < keys->count; i++)
        valid += keys->at[i].until_ms > now_ms;
    if (age_ms < -AHEAD_MS)
        cc_find_wrong(to, "signing keys", NULL,
                      "The newest was made %lld hours from now: the clock of this machine is slow, "
                      "or was fast.",
                      (long long)(-age_ms / 3600000));
    else if (age_ms > OLD_MS)
        cc_find_doubtful(to, "signing keys",
                         "The newest is %lld days old: `cloudchat keys rotate` makes another, and "
                         "nobody is signed out.",
                         (long long)(age_ms / DAY_MS));
    else
        cc_find_well(to, "signing keys", "%zu valid, the newest %lld days old", valid,
                     (long long)(age_ms > 0 ? age_ms / DAY_MS : 0));
}

/* All of them must be good: a program does not start with one that is not. */
static void examine_signing(const struct cc_keys_folder *folder, struct cc_arena *arena,
                            struct cc_findings *to)
{
    struct cc_keyring *ring = NULL;
    struct cc_signing_keys keys;
    struct cc_err err = { 0 };
    enum cc_code rc = cc_keys_list(folder, arena, &keys, &err);

    if (rc == CC_OK && keys.count == 0) {
        cc_find_doubtful(to, "signing keys",
                         "There are none yet: the first start makes one. If there were, put them "
                         "back from a backup, or people are refused for some minutes.");
        return;
    }
    if (rc == CC_OK)
        rc = cc_keyring_open(folder, NULL, &ring, &err);
    if (rc == CC_OK)
        tell_of_current(folder, &keys, to);
    else if (rc == CC_INVALID)
        cc_find_failed(to, "signing keys", &err);
    else
        cc_find_wrong(to, "signing keys", err.cause,
                      "They cannot be read: chown the files in %.*s to the service's user.",
                      CC_STR_ARG(folder->path));
    cc_keyring_close(ring);
}

void cc_keys_examine(const struct cc_keys_folder *folder, struct cc_findings *to)
{
    struct cc_arena *arena = cc_arena_new((size_t)1024 * 1024);
    const char *path = cc_str_z(arena, folder->path);

    if (path != NULL && examine_folder(path, to)) {
        examine_secret(folder, arena, to);
        examine_signing(folder, arena, to);
    }
    cc_arena_free(arena);
}
