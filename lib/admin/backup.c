/* `cloudchat backup` and `cloudchat restore`: what a person sees of app/backup.h. */
#include "progress.h"
#include "site.h"

#include "../app/backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The configuration can be read: what fails from here on is not for that to mend. */
static int not_done(struct cc_admin *admin)
{
    (void)cc_admin_failed(&admin->err);
    return EXIT_FAILURE;
}

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_sum(const struct cc_copy_sum *sum, size_t photos)
{
    printf("%lld %s, %lld room%s, %lld message%s, %zu photo%s", (long long)sum->users,
           sum->users == 1 ? "person" : "people", (long long)sum->rooms, plural(sum->rooms),
           (long long)sum->messages, plural(sum->messages), photos, plural((int64_t)photos));
}

/* --- backup ----------------------------------------------------------------------------------- */

/* Opening would make a database where there is none: of that nobody wants a backup. */
static enum cc_code check_database(const struct cc_site *site, struct cc_err *err)
{
    const char *path = site->config.store.path.at;

    if (site->config.store_backend != CC_STORE_SQLITE)
        return cc_fail(err, CC_INVALID,
                       "A table is backed up by DynamoDB itself: by its point-in-time recovery.",
                       "[store] backend is dynamodb");
    if (access(path, F_OK) == 0)
        return cc_site_check(site, err);
    return cc_fail(err, CC_INVALID, "There is no database to make a backup of.", "no %s", path);
}

static void print_backup(const struct cc_admin *admin, const struct cc_backup_report *report)
{
    if (report->removed_stale)
        printf("Removed %s.part, which an interrupted backup had left.\n", admin->words[0]);
    printf("Backup in %s, verified (%.1f MB): ", admin->words[0],
           (double)report->size_bytes / 1000000);
    print_sum(&report->sum, report->photos);
    printf(report->keys > 0 ? ", and the keys.\n" : ". Without keys.\n");
}

static enum cc_code make_backup(struct cc_admin *admin, const struct cc_site *site,
                                struct cc_backup_report *report)
{
    struct cc_admin_progress progress;
    const struct cc_backup backup = {
        .path = admin->words[0],
        .replaces = admin->options.force,
        .without_keys = admin->options.without_keys,
        .progress = &progress.base,
    };
    struct cc_app app;
    enum cc_code rc = cc_app_open("backup", CC_APP_ALL, site->config_path, &app, &admin->err);

    if (rc != CC_OK)
        return rc;
    cc_admin_progress_begin(&progress, admin->options.quiet);
    rc = cc_app_backup(&app, site->config_path, &backup, report, &admin->err);
    cc_admin_progress_end(&progress);
    cc_app_close(&app);
    return rc;
}

int cc_admin_backup(struct cc_admin *admin)
{
    struct cc_backup_report report;
    struct cc_site site;

    if (cc_site_find(admin, &site, &admin->err) != CC_OK ||
        check_database(&site, &admin->err) != CC_OK)
        return cc_admin_failed(&admin->err);
    (void)!nice(10); /* those who chat come first */
    if (make_backup(admin, &site, &report) != CC_OK)
        return not_done(admin);
    if (!admin->options.quiet)
        print_backup(admin, &report);
    return EXIT_SUCCESS;
}

/* --- restore ---------------------------------------------------------------------------------- */

static void print_restore(const struct cc_admin *admin, const struct cc_restore_report *report)
{
    printf("Restored what was there at %.*s: ", CC_STR_ARG(report->made));
    print_sum(&report->sum, report->photos);
    printf(report->keys > 0 ? ", and the keys.\n"
                            : ". The backup holds no keys: the present ones stay, or new ones are "
                              "made; everybody signs in again.\n");
    if (admin->options.end_sessions)
        printf("All sessions are over: everybody signs in again.\n");
    if (report->kept.at != NULL)
        printf("What was there before is in %s: remove it when you do not need it.\n",
               report->kept.at);
    if (report->config.at != NULL)
        printf(
            "The configuration of the backup differs from the present one, which stays; it is in "
            "%s\n",
            report->config.at);
}

int cc_admin_restore(struct cc_admin *admin)
{
    struct cc_admin_progress progress;
    const struct cc_restore restore = {
        .path = admin->words[0],
        .replaces = admin->options.replace,
        .end_sessions = admin->options.end_sessions,
        .progress = &progress.base,
    };
    struct cc_restore_report report;
    struct cc_site site;
    enum cc_code rc = cc_site_find(admin, &site, &admin->err);

    if (rc == CC_OK)
        rc = cc_site_check(&site, &admin->err);
    if (rc != CC_OK)
        return cc_admin_failed(&admin->err);
    cc_admin_progress_begin(&progress, admin->options.quiet);
    rc = cc_app_restore(admin->arena, site.config_path, &restore, &report, &admin->err);
    cc_admin_progress_end(&progress);
    if (rc != CC_OK)
        return not_done(admin);
    if (!admin->options.quiet)
        print_restore(admin, &report);
    return EXIT_SUCCESS;
}
