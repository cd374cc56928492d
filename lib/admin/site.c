#include "site.h"

#include "../base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONFIG_BYTES_MAX ((size_t)64 * 1024)

/* --- a data folder ---------------------------------------------------------------------------- */

static enum cc_code make_folder(struct cc_arena *arena, const char *path, struct cc_err *err)
{
    const char *tidy = cc_str_copy(arena, cc_app_tidy_path(cc_str_from(path))).at;
    struct cc_err why = { 0 };

    for (const char *slash = strchr(tidy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        const char *above = cc_str_copy(arena, (struct cc_str){ tidy, (size_t)(slash - tidy) }).at;

        if (mkdir(above, 0777) != 0 && errno != EEXIST)
            return cc_fail(err, CC_UNAVAILABLE, "A folder cannot be made.", "mkdir %s: %s", above,
                           strerror(errno));
    }
    if (cc_dir_make(tidy, 0700, &why) != CC_OK)
        return cc_fail(err, why.code, "The data folder cannot be made.", "%s", why.cause);
    return CC_OK;
}

/* Codes go to the outbox: the first start is for trying out, and a server that nobody can sign up
 * to is not worth trying. */
static struct cc_str first_config(struct cc_arena *arena)
{
    static const struct cc_config_setting set[] = { { "codes", "sms", "outbox" },
                                                    { "codes", "email", "outbox" } };
    struct cc_buf buf;

    cc_buf_init(&buf, arena, CONFIG_BYTES_MAX);
    cc_buf_add_z(&buf, "# Configuration of this Cloud Chat. What is commented out has the value "
                       "shown.\n\n");
    cc_config_print_file(cc_config_keys, set, CC_COUNT(set), &buf);
    return cc_buf_str(&buf);
}

enum cc_code cc_site_make(struct cc_arena *arena, const char *folder, bool *is_new,
                          struct cc_err *err)
{
    struct cc_str path = cc_str_format(arena, "%s/" CC_CONFIG_NAME, folder);
    enum cc_code rc = make_folder(arena, folder, err);

    *is_new = false;
    if (rc != CC_OK || access(path.at, F_OK) == 0)
        return rc;
    rc = cc_file_create(path.at, first_config(arena), 0600, err);
    if (rc == CC_EXISTS) { /* another process was quicker */
        cc_err_clear(err);
        return CC_OK;
    }
    *is_new = rc == CC_OK;
    return rc;
}

/* --- an installation -------------------------------------------------------------------------- */

static void locate_installation(struct cc_arena *arena, struct cc_site *site)
{
    struct cc_str bin = cc_app_folder(arena);
    struct cc_str prefix = cc_str_ends(bin, CC_STR("/bin"))
                               ? cc_str_take(bin, bin.len - 4)
                               : cc_str_format(arena, "%.*s/..", CC_STR_ARG(bin));

    site->programs = cc_str_format(arena, "%.*s/lib/cloud-chat", CC_STR_ARG(prefix));
    site->www = cc_str_format(arena, "%.*s/share/cloud-chat/www", CC_STR_ARG(prefix));
    site->conf = cc_str_format(arena, "%.*s/share/cloud-chat/conf", CC_STR_ARG(prefix));
}

const char *cc_site_find_program(struct cc_arena *arena, struct cc_str name)
{
    struct cc_str folders =
        cc_str_format(arena, "%s:/usr/local/sbin:/usr/sbin", getenv("PATH") ? getenv("PATH") : "");

    if (cc_str_find(name, '/') < name.len)
        return access(name.at, X_OK) == 0 ? name.at : NULL;
    while (folders.at != NULL) {
        struct cc_str folder = cc_str_cut(&folders, ':');
        struct cc_str path =
            cc_str_format(arena, "%.*s/%.*s", CC_STR_ARG(folder), CC_STR_ARG(name));

        if (folder.len > 0 && access(path.at, X_OK) == 0)
            return path.at;
    }
    return NULL;
}

enum cc_code cc_site_config_path(struct cc_admin *admin, const char **out, struct cc_err *err)
{
    if (admin->options.config != NULL)
        *out = admin->options.config;
    else if (admin->options.data != NULL)
        *out = cc_str_format(admin->arena, "%s/" CC_CONFIG_NAME, admin->options.data).at;
    else
        return cc_app_find_config(admin->arena, out, err);
    return CC_OK;
}

enum cc_code cc_site_find(struct cc_admin *admin, struct cc_site *out, struct cc_err *err)
{
    enum cc_code rc = cc_site_config_path(admin, &out->config_path, err);

    locate_installation(admin->arena, out);
    if (rc == CC_OK)
        rc = cc_app_read_config(admin->arena, out->config_path, &out->config, err);
    if (rc == CC_OK)
        out->run = cc_str_format(admin->arena, "%.*s/run", CC_STR_ARG(out->config.data));
    return rc;
}

enum cc_code cc_site_check(const struct cc_site *site, struct cc_err *err)
{
    if (!site->config.store.network_filesystem || site->config.store_backend != CC_STORE_SQLITE)
        return CC_OK;
    return cc_fail(err, CC_INVALID,
                   "[store] network_filesystem is for one process alone, and an installation has "
                   "several programs.",
                   "set it to no, and [store] path to a file on a local disk");
}
