#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_NAME "cloud-chat.conf"

/* --- finding it ------------------------------------------------------------------------------- */

static struct cc_str parent_of(struct cc_str path)
{
    while (path.len > 1 && path.at[path.len - 1] != '/')
        path.len--;
    if (path.len > 1)
        path.len--;
    return path;
}

struct cc_str cc_app_folder(struct cc_arena *arena)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path));

    if (len <= 0)
        return CC_STR("/");
    return cc_str_copy(arena, parent_of((struct cc_str){ path, (size_t)len }));
}

static const char *readable(struct cc_arena *arena, struct cc_str folder, const char *below)
{
    struct cc_str path = cc_str_format(arena, "%.*s%s", CC_STR_ARG(folder), below);

    return access(path.at, R_OK) == 0 ? path.at : NULL;
}

static const char *beside_executable(struct cc_arena *arena)
{
    struct cc_str folder = cc_app_folder(arena);
    struct cc_str prefix;
    const char *path = readable(arena, folder, "/" FILE_NAME);

    if (path != NULL)
        return path;
    if (cc_str_ends(folder, CC_STR("/lib/cloud-chat")))
        prefix = parent_of(parent_of(folder));
    else if (cc_str_ends(folder, CC_STR("/bin")))
        prefix = parent_of(folder);
    else
        return NULL;
    path = readable(arena, prefix, "/etc/" FILE_NAME);
    if (path == NULL && cc_str_eq(prefix, CC_STR("/usr")))
        path = readable(arena, CC_STR("/etc"), "/" FILE_NAME);
    return path;
}

enum cc_code cc_app_find_config(struct cc_arena *arena, const char **out, struct cc_err *err)
{
    const char *path = getenv("CLOUDCHAT_CONFIG");

    if (path == NULL || path[0] == '\0')
        path = beside_executable(arena);
    if (path == NULL)
        return cc_fail(err, CC_INVALID,
                       "No configuration: set CLOUDCHAT_CONFIG to the path of a " FILE_NAME
                       " (`cloudchat init --data DIR` writes one).",
                       "no " FILE_NAME " beside the executable or in etc of its prefix");
    *out = path;
    return CC_OK;
}

/* --- what one key alone cannot tell ----------------------------------------------------------- */

static struct cc_str under(struct cc_arena *arena, struct cc_str folder, struct cc_str path)
{
    if (cc_str_starts(path, CC_STR("/")))
        return path;
    return cc_str_format(arena, "%.*s/%.*s", CC_STR_ARG(folder), CC_STR_ARG(path));
}

struct cc_str cc_app_tidy_path(struct cc_str path)
{
    for (;;) {
        if (path.len > 2 && cc_str_ends(path, CC_STR("/.")))
            path.len -= 2;
        else if (path.len > 1 && cc_str_ends(path, CC_STR("/")))
            path.len--;
        else
            return path;
    }
}

static enum cc_code absolute(struct cc_arena *arena, struct cc_str *path, struct cc_err *err)
{
    char here[PATH_MAX];

    if (cc_str_starts(*path, CC_STR("/")))
        return CC_OK;
    if (getcwd(here, sizeof(here)) == NULL)
        return cc_fail(err, CC_INVALID, "The current folder cannot be found.", "getcwd: %m");
    *path = under(arena, cc_str_from(here), *path);
    return CC_OK;
}

static enum cc_code resolve_paths(struct cc_arena *arena, struct cc_config *config,
                                  struct cc_err *err)
{
    struct cc_str *const in_data[] = { &config->store.path, &config->identity.keys, &config->blobs,
                                       &config->outbox, &config->sockets };
    enum cc_code rc = absolute(arena, &config->data, err);

    if (rc != CC_OK)
        return rc;
    config->data = cc_str_copy(arena, cc_app_tidy_path(config->data));
    for (size_t i = 0; i < CC_COUNT(in_data); i++)
        *in_data[i] = under(arena, config->data, *in_data[i]);
    return CC_OK;
}

static bool is_loopback(struct cc_str bind)
{
    return cc_str_starts(bind, CC_STR("127.")) || cc_str_eq(bind, CC_STR("::1")) ||
           cc_str_eq(bind, CC_STR("localhost"));
}

/* An origin (RFC 6454): scheme, host, perhaps a port; tokens and cookies are bound to it. */
static bool is_origin(struct cc_str url)
{
    struct cc_str host = CC_STR_ABSENT;

    if (cc_str_starts(url, CC_STR("http://")))
        host = cc_str_skip(url, 7);
    else if (cc_str_starts(url, CC_STR("https://")))
        host = cc_str_skip(url, 8);
    return host.len > 0 && cc_str_find(host, '/') == host.len &&
           cc_str_find(host, ' ') == host.len && cc_str_find(host, '@') == host.len &&
           cc_str_find(host, '?') == host.len && cc_str_find(host, '#') == host.len;
}

static enum cc_code settle_public_url(struct cc_arena *arena, struct cc_config *config,
                                      struct cc_err *err)
{
    if (config->public_url.len == 0) {
        if (!is_loopback(config->bind))
            return cc_fail(err, CC_INVALID,
                           "[server] public_url must be set when bind is not a loopback address.",
                           "bind is %.*s", CC_STR_ARG(config->bind));
        config->public_url = cc_str_format(arena, "http://localhost:%lld", (long long)config->port);
    }
    if (!is_origin(config->public_url))
        return cc_fail(err, CC_INVALID,
                       "[server] public_url must be like https://chat.example.org: http or https, "
                       "a host, no path, no slash at the end.",
                       "public_url is %.*s", CC_STR_ARG(config->public_url));
    config->identity.issuer = config->public_url;
    return CC_OK;
}

/* To look into a file costs microseconds. */
static void settle_sessions(struct cc_config *config)
{
    if (config->store_backend == CC_STORE_SQLITE)
        config->identity.session_memory_s = 0;
}

/* A sender that was chosen and cannot send would be noticed by people who wait for their code. */
static enum cc_code check_senders(const struct cc_config *config, struct cc_err *err)
{
    const bool hook = config->codes_sms == CC_SMS_HOOK || config->codes_email == CC_EMAIL_HOOK;
    const bool smtp = config->codes_email == CC_EMAIL_SMTP;
    const struct {
        bool is_used;
        struct cc_str value;
        const char *missing;
    } needs[] = {
        { hook, config->hook.url, "[hook] url must be set where [codes] sms or email is hook." },
        { smtp, config->smtp.host, "[smtp] host must be set where [codes] email is smtp." },
        { smtp, config->smtp.from, "[smtp] from must be set where [codes] email is smtp." },
        { smtp && config->smtp.user.len > 0, config->smtp.password,
          "[smtp] password, or password_file, must be set where [smtp] user is." },
    };

    for (size_t i = 0; i < CC_COUNT(needs); i++) {
        if (needs[i].is_used && needs[i].value.len == 0)
            return cc_fail(err, CC_INVALID, needs[i].missing, "%s", needs[i].missing);
    }
    return CC_OK;
}

static enum cc_code check_prefixes(const struct cc_strs *prefixes, struct cc_err *err)
{
    int64_t digits;

    for (size_t i = 0; i < prefixes->count; i++) {
        struct cc_str prefix = prefixes->at[i];

        if (!cc_str_starts(prefix, CC_STR("+")) ||
            !cc_str_to_i64(cc_str_skip(prefix, 1), 1, 999999999, &digits))
            return cc_fail(err, CC_INVALID,
                           "[codes] sms_prefixes must be like +49, +43: a plus sign and digits "
                           "each.",
                           "sms_prefixes, entry %zu", i + 1);
    }
    return CC_OK;
}

/* A pool sends its codes itself. */
static void settle_codes(struct cc_config *config)
{
    const bool are_ours = config->identity_backend == CC_IDENTITY_LOCAL;

    config->identity.budget.no_sms = are_ours && config->codes_sms == CC_SMS_NONE;
    config->identity.budget.no_email = are_ours && config->codes_email == CC_EMAIL_NONE;
}

static enum cc_code check_pairs(const struct cc_config *config, struct cc_err *err)
{
    int64_t seconds;

    if (config->identity.password_min > config->identity.password_max)
        return cc_fail(err, CC_INVALID, "[identity] password_min is greater than password_max.",
                       "password_min %lld", (long long)config->identity.password_min);
    if (config->identity.resend_after.count == 0)
        return cc_fail(err, CC_INVALID, "[identity] resend_after is empty.", "resend_after");
    for (size_t i = 0; i < config->identity.resend_after.count; i++) {
        if (!cc_str_to_i64(config->identity.resend_after.at[i], 0, 86400, &seconds))
            return cc_fail(err, CC_INVALID,
                           "[identity] resend_after must be seconds separated by commas.",
                           "resend_after, entry %zu", i + 1);
    }
    return CC_OK;
}

/* A pool is called region_name. */
static enum cc_code check_cognito(const struct cc_config *config, struct cc_err *err)
{
    const struct cc_str pool = config->cognito.pool;
    const size_t bar = cc_str_find(pool, '_');

    if (config->identity_backend != CC_IDENTITY_COGNITO)
        return CC_OK;
    if (bar == 0 || bar + 1 >= pool.len)
        return cc_fail(err, CC_INVALID, "[cognito] pool must be like eu-central-1_Ab12Cd34.",
                       "pool is %.*s", CC_STR_ARG(pool));
    if (config->cognito.client_id.len == 0)
        return cc_fail(err, CC_INVALID, "[cognito] client_id must be set.", "no client_id");
    return CC_OK;
}

enum cc_code cc_app_read_config(struct cc_arena *arena, const char *path, struct cc_config *out,
                                struct cc_err *err)
{
    struct cc_config config = { 0 };
    enum cc_code rc = cc_config_read(arena, cc_config_keys, path, &config, err);

    if (rc == CC_OK)
        rc = resolve_paths(arena, &config, err);
    if (rc == CC_OK)
        rc = settle_public_url(arena, &config, err);
    if (rc == CC_OK)
        rc = check_pairs(&config, err);
    if (rc == CC_OK)
        rc = check_cognito(&config, err);
    if (rc == CC_OK)
        rc = check_senders(&config, err);
    if (rc == CC_OK)
        rc = check_prefixes(&config.identity.budget.sms_prefixes, err);
    if (rc != CC_OK)
        return rc;
    settle_codes(&config);
    settle_sessions(&config);
    *out = config;
    return CC_OK;
}
