#include "child.h"
#include "doctor.h"
#include "lighttpd.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHILD_MS 5000

/* --- programs and page ------------------------------------------------------------------------ */

/* Of another version than this: half of an upgrade. */
static bool is_of_this_version(struct cc_arena *arena, const char *path, const char *name,
                               struct cc_findings *to)
{
    const char *const argv[] = { path, "--version", NULL };
    const struct cc_str expected = cc_str_format(arena, "%s " CC_VERSION "\n", name);
    struct cc_ended ended;
    struct cc_err err = { 0 };

    if (cc_run_to_end(arena, argv, CC_STR(""), CHILD_MS, &ended, &err) != CC_OK)
        return cc_find_wrong(to, "programs", err.cause, "%s does not start: install it again.",
                             path);
    if (cc_str_eq(ended.output, expected))
        return true;
    return cc_find_wrong(to, "programs", NULL,
                         "%s is of another version than this command, " CC_VERSION
                         ": install all of it again.",
                         path);
}

static void examine_programs(struct cc_arena *arena, const struct cc_site *site,
                             struct cc_findings *to)
{
    for (size_t i = 0; cc_programs[i].name != NULL; i++) {
        const char *name = cc_programs[i].name;
        const char *path =
            cc_str_format(arena, "%.*s/%s.fcgi", CC_STR_ARG(site->programs), name).at;

        if (access(path, X_OK) != 0) {
            cc_find_wrong(to, "programs", strerror(errno),
                          "%s cannot be run: `make install` puts it there.", path);
            return;
        }
        if (!is_of_this_version(arena, path, name, to))
            return;
    }
    cc_find_well(to, "programs", "%s, version " CC_VERSION, site->programs.at);
}

static void examine_page(struct cc_arena *arena, const struct cc_site *site, struct cc_findings *to)
{
    static const char *const files[] = { "index.html", "openapi.json", "js/main.js",
                                         "vendor/preact.js" };

    for (size_t i = 0; i < CC_COUNT(files); i++) {
        const char *path = cc_str_format(arena, "%.*s/%s", CC_STR_ARG(site->www), files[i]).at;

        if (access(path, R_OK) != 0) {
            cc_find_wrong(to, "page", strerror(errno),
                          "%s cannot be read: `make install` puts it there.", path);
            return;
        }
    }
    cc_find_well(to, "page", "%s", site->www.at);
}

/* --- the web server --------------------------------------------------------------------------- */

static struct cc_str first_line(struct cc_str text)
{
    return cc_str_take(text, cc_str_find(text, '\n'));
}

/* It loads its modules and looks at all that the configuration names, but starts nothing. The
 * folder of its own files is made by the first start only. */
static void examine_config(struct cc_arena *arena, const struct cc_site *site, const char *path,
                           struct cc_findings *to)
{
    struct cc_site asked = *site;
    const char *const argv[] = { path, "-tt", "-f", "-", NULL };
    struct cc_ended ended;
    struct cc_err err = { 0 };
    struct cc_str text;
    enum cc_code rc;

    asked.run = site->config.data;
    rc = cc_lighttpd_config(arena, &asked, false, &text, &err);
    if (rc != CC_OK) {
        cc_find_failed(to, "web server", &err);
        return;
    }
    rc = cc_run_to_end(arena, argv, text, CHILD_MS, &ended, &err);
    if (rc != CC_OK)
        cc_find_wrong(to, "web server", err.cause, "%s cannot be asked for its opinion.", path);
    else if (ended.status != 0)
        cc_find_wrong(to, "web server", cc_str_z(arena, first_line(ended.output)),
                      "%s does not take the configuration that `cloudchat config --lighttpd` "
                      "prints: it must be 1.4.69 or newer, with mod_rewrite, mod_setenv and "
                      "mod_fastcgi.",
                      path);
    else
        cc_find_well(to, "web server", "%s, with all modules that are needed", path);
}

static void examine_web_server(struct cc_arena *arena, const struct cc_site *site,
                               struct cc_findings *to)
{
    const struct cc_str name = site->config.web_server;
    const char *path;

    if (cc_str_eq(name, CC_STR("none"))) {
        cc_find_well(to, "web server", "yours ([serve] web_server is none)");
        return;
    }
    examine_page(arena, site, to);
    path = cc_site_find_program(arena, name);
    if (path == NULL)
        cc_find_wrong(to, "web server", NULL,
                      "There is no %.*s: apt-get install lighttpd, or let [serve] web_server name "
                      "it.",
                      CC_STR_ARG(name));
    else
        examine_config(arena, site, path, to);
}

void cc_doctor_examine_programs(struct cc_arena *arena, const struct cc_site *site,
                                struct cc_findings *to)
{
    examine_programs(arena, site, to);
    examine_web_server(arena, site, to);
}

/* --- settings --------------------------------------------------------------------------------- */

static bool is_local(struct cc_str url)
{
    return cc_str_starts(url, CC_STR("http://localhost")) ||
           cc_str_starts(url, CC_STR("http://127."));
}

/* We speak no TLS: what is reached by https has a proxy in front. */
static void examine_public_url(const struct cc_config *config, struct cc_findings *to)
{
    const char *url = config->public_url.at;

    if (is_local(config->public_url))
        cc_find_well(to, "public address", "%s, for this machine alone", url);
    else if (!cc_str_starts(config->public_url, CC_STR("https://")))
        cc_find_wrong(to, "public address", NULL,
                      "%s is not https: passwords and messages travel in the open. Put what "
                      "terminates TLS in front, and let [server] public_url say https.",
                      url);
    else if (!config->http.trusted_proxy)
        cc_find_doubtful(to, "public address",
                         "%s has a proxy in front that terminates TLS, and [http] trusted_proxy is "
                         "no: everybody seems to come from the proxy's address, and shares its "
                         "limits. Set it to yes if the proxy sets X-Forwarded-For.",
                         url);
    else
        cc_find_well(to, "public address", "%s", url);
}

/* Who sends them is looked at by app/examine.h; the outbox tells of itself there, too. */
static void examine_codes(const struct cc_config *config, struct cc_findings *to)
{
    const bool sms = config->codes_sms != CC_SMS_NONE;
    const bool email = config->codes_email != CC_EMAIL_NONE;

    if (config->identity_backend == CC_IDENTITY_COGNITO)
        cc_find_well(to, "codes", "sent by the user pool%s",
                     sms || email ? "; owners of taken numbers are told by us" : "");
    else if (!sms && !email)
        cc_find_doubtful(to, "codes",
                         "[codes] sms and email are none: nobody can sign up, nor get back a lost "
                         "account.");
    else if (!sms || !email)
        cc_find_well(to, "codes", "by %s alone: [codes] %s is none", sms ? "SMS" : "e-mail",
                     sms ? "email" : "sms");
    else
        cc_find_well(to, "codes", "by SMS and by e-mail");
}

void cc_doctor_examine_settings(const struct cc_site *site, struct cc_findings *to)
{
    examine_public_url(&site->config, to);
    examine_codes(&site->config, to);
}
