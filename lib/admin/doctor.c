#include "site.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define DISK_MIN_MIB 200

/* A check says something good, or something that the operator should look at. */
static void good(const char *what, const char *value)
{
    printf("  ok    %s%s%s\n", what, value ? ": " : "", value ? value : "");
}

static int bad(const char *what, const char *why)
{
    printf("  LOOK  %s: %s\n", what, why);
    return 1;
}

static int failed(const char *what, const struct cc_err *err)
{
    bad(what, err->detail[0] ? err->detail : "It did not work.");
    printf("        %s\n", err->cause);
    return 1;
}

static int check_folder(const struct cc_site *site)
{
    const char *path = site->config.data.at;
    struct stat st;

    if (stat(path, &st) != 0)
        return bad(path, strerror(errno));
    if ((st.st_mode & 0077) != 0)
        return bad(path, "other users may enter the data folder (chmod 700)");
    if (access(path, W_OK) != 0)
        return bad(path, "this user may not write there");
    good("data folder", path);
    return 0;
}

static int check_disk(const struct cc_site *site)
{
    char text[64];
    struct statvfs disk;
    unsigned long long mib;

    if (statvfs(site->config.data.at, &disk) != 0)
        return bad("disk", strerror(errno));
    mib = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
    snprintf(text, sizeof(text), "%llu MiB free", mib);
    if (mib < DISK_MIN_MIB)
        return bad("disk", text);
    good("disk", text);
    return 0;
}

static int check_public_url(const struct cc_site *site)
{
    struct cc_str url = site->config.public_url;
    bool is_local =
        cc_str_starts(url, CC_STR("http://localhost")) || cc_str_starts(url, CC_STR("http://127."));

    if (!cc_str_starts(url, CC_STR("https://")) && !is_local)
        return bad("public_url", "is not https: passwords and messages travel in the open");
    good("public_url", url.at);
    return 0;
}

static int check_codes(const struct cc_site *site)
{
    if (site->config.codes_sender == CC_CODES_NONE)
        return bad("codes", "[codes] sender is none: nobody can sign up");
    if (site->config.codes_sender == CC_CODES_OUTBOX)
        return bad("codes", "[codes] sender is outbox, for trying out: codes reach nobody");
    good("codes", NULL);
    return 0;
}

static int check_programs(const struct cc_site *site, struct cc_arena *arena)
{
    for (size_t i = 0; cc_programs[i].name != NULL; i++) {
        const char *path =
            cc_str_format(arena, "%.*s/%s.fcgi", CC_STR_ARG(site->programs), cc_programs[i].name)
                .at;

        if (access(path, X_OK) != 0)
            return bad(path, strerror(errno));
    }
    good("programs", site->programs.at);
    return 0;
}

static int check_store(struct cc_app *app)
{
    struct cc_err err = { 0 };
    enum cc_code rc = cc_store_check(app->store, app->arena, &err);

    if (rc == CC_OK)
        rc = cc_store_verify(app->store, app->arena, &err);
    if (rc != CC_OK)
        return failed("database", &err);
    if (app->config.store_backend == CC_STORE_DYNAMODB)
        good("table, read to its end", app->config.table.at);
    else
        good("database, read to its end", app->config.store.path.at);
    return 0;
}

/* Configuration, keys and database, as the programs open them. */
static int check_opening(const struct cc_site *site)
{
    struct cc_err err = { 0 };
    struct cc_app app;
    int faults;

    if (cc_site_check(site, &err) != CC_OK ||
        cc_app_open("doctor", CC_APP_ALL, site->config_path, &app, &err) != CC_OK)
        return failed("opening", &err);
    good("keys", site->config.identity.keys.at);
    faults = check_store(&app);
    cc_app_close(&app);
    return faults;
}

int cc_admin_doctor(struct cc_admin *admin)
{
    struct cc_site site;
    int faults = 0;

    if (cc_site_find(admin, &site, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    good("configuration", site.config_path);
    faults += check_programs(&site, admin->arena);
    faults += check_folder(&site);
    faults += check_disk(&site);
    faults += check_public_url(&site);
    faults += check_codes(&site);
    faults += check_opening(&site);
    printf(faults == 0 ? "All is well.\n" : "%d to look at.\n", faults);
    return faults == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
