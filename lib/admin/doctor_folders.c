#define _GNU_SOURCE /* AT_EACCESS, memmem */
#include "doctor.h"
#include "listen.h"

#include "../base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define NAME_BYTES 64
#define CONFIG_BYTES_MAX ((size_t)1024 * 1024)

/* --- whose the service is --------------------------------------------------------------------- */

static void name_user(uid_t uid, char out[NAME_BYTES])
{
    const struct passwd *user = getpwuid(uid);

    if (user)
        snprintf(out, NAME_BYTES, "%s", user->pw_name);
    else
        snprintf(out, NAME_BYTES, "user %lu", (unsigned long)uid);
}

/* A folder above it may be closed to its owner, and the service see another tree: so it is with
 * DynamicUser of systemd. */
static bool can_reach(uid_t uid, gid_t gid, const char *path)
{
    const gid_t own = getegid();
    bool reached = false;

    if (setegid(gid) == 0 && seteuid(uid) == 0)
        reached = faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
    return seteuid(0) == 0 && setegid(own) == 0 && reached;
}

/* Its groups and its home, too: keys of AWS are looked for there. */
static bool become(uid_t uid, gid_t gid)
{
    const struct passwd *user = getpwuid(uid);

    if ((user ? initgroups(user->pw_name, user->pw_gid) : setgroups(0, NULL)) != 0 ||
        setgid(user ? user->pw_gid : gid) != 0 || setuid(uid) != 0)
        return false;
    return (user ? setenv("HOME", user->pw_dir, 1) : unsetenv("HOME")) == 0;
}

/* Of root. */
static void leave_root(const char *path, const struct stat *data, struct cc_findings *to)
{
    char owner[NAME_BYTES];

    name_user(data->st_uid, owner);
    if (data->st_uid == 0)
        cc_find_doubtful(to, "user",
                         "The data folder is root's, so the service would run as root: well enough "
                         "for trying out. Give it a user of its own.");
    else if (!can_reach(data->st_uid, data->st_gid, path))
        cc_find_doubtful(to, "user",
                         "%s, whose the data folder is, cannot reach %s from here (a service with "
                         "DynamicUser can): what is below is seen as root, who may do everything.",
                         owner, path);
    else if (become(data->st_uid, data->st_gid))
        cc_find_well(to, "user", "%s, whose the data folder is; all below is seen as that user",
                     owner);
    else
        cc_find_wrong(to, "user", strerror(errno), "root could not become %s.", owner);
}

void cc_doctor_become_owner(const struct cc_site *site, struct cc_findings *to)
{
    char owner[NAME_BYTES], own[NAME_BYTES];
    struct stat data;

    if (stat(site->config.data.at, &data) != 0)
        return; /* told when the folder is looked at */
    name_user(data.st_uid, owner);
    name_user(geteuid(), own);
    if (geteuid() == 0)
        leave_root(site->config.data.at, &data, to);
    else if (geteuid() == data.st_uid)
        cc_find_well(to, "user", "%s, whose the data folder is", owner);
    else
        cc_find_wrong(to, "user", NULL,
                      "The data folder belongs to %s, and you are %s: run this as %s, or as root.",
                      owner, own, owner);
}

/* --- configuration and data ------------------------------------------------------------------- */

/* In the file itself, and not in one that it names. */
static bool holds_secret(struct cc_arena *arena, const char *path, const struct cc_config *config)
{
    const struct cc_str secrets[] = { config->cognito.client_secret, config->hook.secret,
                                      config->smtp.password };
    struct cc_err ignored = { 0 };
    struct cc_str text;

    if (cc_file_read(arena, path, CONFIG_BYTES_MAX, &text, &ignored) != CC_OK)
        return false;
    for (size_t i = 0; i < CC_COUNT(secrets); i++) {
        if (secrets[i].len > 0 && memmem(text.at, text.len, secrets[i].at, secrets[i].len))
            return true;
    }
    return false;
}

/* Whether they get as far as the file; its own folder tells. */
static bool others_can_enter(struct cc_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? cc_str_format(arena, "%.*s/", (int)(slash - path), path).at : ".";
    struct stat about;

    return stat(folder, &about) == 0 && (about.st_mode & S_IXOTH);
}

static void examine_config(struct cc_arena *arena, const struct cc_site *site,
                           struct cc_findings *to)
{
    const char *path = site->config_path;
    struct stat about;

    if (access(path, R_OK) != 0 || stat(path, &about) != 0)
        cc_find_wrong(to, "configuration", strerror(errno),
                      "The service may not read %s: chown it to its user.", path);
    else if (about.st_mode & (S_IWGRP | S_IWOTH))
        cc_find_wrong(to, "configuration", NULL, "Other users can write to %s: chmod 600 %s.", path,
                      path);
    else if ((about.st_mode & S_IROTH) && others_can_enter(arena, path) &&
             holds_secret(arena, path, &site->config))
        cc_find_wrong(to, "configuration", NULL,
                      "Other users can read %s, and a secret stands in it: chmod 600 %s.", path,
                      path);
    else
        cc_find_well(to, "configuration", "%s", path);
}

/* A web server of another user reaches the sockets through it. */
static bool shares_sockets(const struct cc_config *config)
{
    return config->socket_group.len > 0 && cc_str_starts(config->sockets, config->data);
}

static void examine_data(const struct cc_site *site, struct cc_findings *to)
{
    const char *path = site->config.data.at;
    const bool shared = shares_sockets(&site->config);
    struct stat about;

    if (stat(path, &about) != 0)
        cc_find_wrong(
            to, "data folder", strerror(errno),
            "%s cannot be looked at: `cloudchat init --data %s` makes it, or let [server] "
            "data name another.",
            path, path);
    else if (access(path, R_OK | W_OK | X_OK) != 0)
        cc_find_wrong(to, "data folder", strerror(errno),
                      "The service may not use %s: chown it to its user.", path);
    else if (about.st_mode & S_IRWXO)
        cc_find_wrong(to, "data folder", NULL, "Other users can enter %s: chmod %s %s.", path,
                      shared ? "710" : "700", path);
    else if (!shared && (about.st_mode & S_IRWXG))
        cc_find_wrong(to, "data folder", NULL, "Its group can enter %s: chmod 700 %s.", path, path);
    else if (shared && !(about.st_mode & S_IXGRP))
        cc_find_wrong(to, "data folder", NULL,
                      "The group of [serve] socket_group cannot reach the sockets below %s: chgrp "
                      "and chmod 710 it, or let [serve] sockets name a folder elsewhere.",
                      path);
    else
        cc_find_well(to, "data folder", "%s", path);
}

/* Of others' making, like root's when the service was tried out: those that have no line of their
 * own, the lock, logs and codes. */
static const char *find_foreign(struct cc_arena *arena, const char *folder)
{
    const char *found = NULL;
    struct dirent *entry;
    DIR *dir = opendir(folder);

    while (dir && !found && (entry = readdir(dir)) != NULL) {
        const char *path = cc_str_format(arena, "%s/%s", folder, entry->d_name).at;
        struct stat about;

        if (lstat(path, &about) == 0 && S_ISREG(about.st_mode) &&
            strncmp(entry->d_name, "cloud-chat.", strlen("cloud-chat.")) != 0 &&
            access(path, R_OK | W_OK) != 0)
            found = path;
    }
    if (dir)
        closedir(dir);
    return found;
}

static void examine_files(struct cc_arena *arena, const struct cc_site *site,
                          struct cc_findings *to)
{
    const char *found = find_foreign(arena, site->config.data.at);

    if (!found)
        found = find_foreign(arena, site->run.at);
    if (found)
        cc_find_wrong(to, "files", NULL,
                      "The service may not read and write %s: chown it, and what else is of "
                      "another user in the data folder, to its user.",
                      found);
}

/* --- sockets ---------------------------------------------------------------------------------- */

/* 0, or errno; a socket that nobody listens at refuses at once. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int sock, failed = 0;

    if (strlen(path) >= sizeof(address.sun_path))
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (sock < 0 || connect(sock, (struct sockaddr *)&address, sizeof(address)) != 0)
        failed = errno;
    if (sock >= 0)
        close(sock);
    return failed == EAGAIN ? 0 : failed; /* many are waiting already */
}

struct listening {
    size_t programs, count;
    const char *missing; /* one that does not, and why */
    int failed;
};

static struct listening look_for_programs(struct cc_arena *arena, const struct cc_site *site)
{
    struct listening found = { .programs = 0 };

    for (; cc_programs[found.programs].name != NULL; found.programs++) {
        const char *name = cc_programs[found.programs].name;
        const char *path =
            cc_str_format(arena, "%.*s/%s.sock", CC_STR_ARG(site->config.sockets), name).at;
        const int failed = connect_to(path);

        if (failed == 0) {
            found.count++;
            continue;
        }
        found.missing = name;
        found.failed = failed;
    }
    return found;
}

static bool examine_group(const struct cc_config *config, struct cc_findings *to)
{
    const struct group *group;
    gid_t groups[256];
    int count;

    if (config->socket_group.len == 0 || geteuid() == 0)
        return true;
    group = getgrnam(config->socket_group.at);
    if (!group)
        return cc_find_wrong(to, "sockets", NULL,
                             "[serve] socket_group: there is no group %s on this machine.",
                             config->socket_group.at);
    count = getgroups((int)CC_COUNT(groups), groups);
    for (int i = 0; i < count; i++) {
        if (groups[i] == group->gr_gid)
            return true;
    }
    return getegid() == group->gr_gid ||
           cc_find_wrong(to, "sockets", NULL,
                         "[serve] socket_group: the service's user is not in the group %s (usermod "
                         "-aG %s ...).",
                         config->socket_group.at, config->socket_group.at);
}

static bool examine_sockets_folder(const struct cc_config *config, struct cc_findings *to)
{
    const char *path = config->sockets.at;
    struct cc_err err = { 0 };

    if (access(path, F_OK) != 0)
        return true; /* made by the first start */
    if (access(path, W_OK | X_OK) != 0)
        return cc_find_wrong(to, "sockets", strerror(errno),
                             "The service may not use %s: chown it to its user, or let [serve] "
                             "sockets name another folder.",
                             path);
    return cc_listen_check_folder(path, &err) == CC_OK || cc_find_failed(to, "sockets", &err);
}

/* Not running: whether it could begin to listen. */
static void examine_address(const struct cc_config *config, struct cc_findings *to)
{
    struct cc_err err = { 0 };
    int fd;

    if (cc_str_eq(config->web_server, CC_STR("none")))
        return;
    if (cc_listen_tcp(config->bind.at, config->port, &fd, &err) != CC_OK) {
        cc_find_failed(to, "address", &err);
        return;
    }
    close(fd);
    cc_find_well(to, "address", "%s port %lld is free", config->bind.at, (long long)config->port);
}

static void examine_sockets(struct cc_arena *arena, const struct cc_site *site,
                            struct cc_findings *to)
{
    const struct cc_config *config = &site->config;
    struct listening found;

    if (!examine_sockets_folder(config, to) || !examine_group(config, to))
        return;
    found = look_for_programs(arena, site);
    if (found.failed == ENAMETOOLONG) {
        cc_find_wrong(to, "sockets", NULL,
                      "The paths of sockets in %s would be too long: let [serve] sockets name a "
                      "folder with a shorter one.",
                      config->sockets.at);
    } else if (found.count == found.programs) {
        cc_find_well(to, "running", "all %zu programs listen in %s", found.count,
                     config->sockets.at);
    } else if (found.count > 0) {
        cc_find_wrong(to, "running", strerror(found.failed),
                      "Some programs listen in %s, and %s does not: look at what the service has "
                      "logged, and start it anew.",
                      config->sockets.at, found.missing);
    } else {
        cc_find_well(to, "running", "no program listens in %s: the service is not running",
                     config->sockets.at);
        examine_address(config, to);
    }
}

void cc_doctor_examine_folders(struct cc_arena *arena, const struct cc_site *site,
                               struct cc_findings *to)
{
    examine_config(arena, site, to);
    examine_data(site, to);
    examine_files(arena, site, to);
    examine_sockets(arena, site, to);
}
