/* `cloudchat migrate`: what a person sees of app/migrate.h. */
#include "progress.h"
#include "site.h"

#include "../app/migrate.h"

#include <stdio.h>
#include <stdlib.h>

/* --- what is moved ---------------------------------------------------------------------------- */

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_store(const struct cc_config *config)
{
    if (config->store_backend == CC_STORE_DYNAMODB)
        printf("the table %.*s", CC_STR_ARG(config->table));
    else
        printf("%.*s", CC_STR_ARG(config->store.path));
}

static void print_photos(const struct cc_config *config)
{
    if (config->blob_backend == CC_BLOBS_S3)
        printf("s3://%.*s/%.*s", CC_STR_ARG(config->bucket), CC_STR_ARG(config->bucket_prefix));
    else
        printf("%.*s", CC_STR_ARG(config->blobs));
}

static void print_tally(const struct cc_tally *tally)
{
    printf("%lld %s, %lld room%s, %lld message%s (%lld item%s, %.1f MB)", (long long)tally->people,
           tally->people == 1 ? "person" : "people", (long long)tally->rooms, plural(tally->rooms),
           (long long)tally->messages, plural(tally->messages), (long long)tally->items,
           plural(tally->items), (double)tally->bytes / 1000000);
}

static void print_ways(const struct cc_migrate_report *report)
{
    if (report->moves_store) {
        printf("  ");
        print_tally(&report->tally);
        printf("\n    from ");
        print_store(&report->from);
        printf(" to ");
        print_store(&report->to);
        printf("\n");
    }
    if (report->moves_photos) {
        printf("  %zu photo%s\n    from ", report->photos, plural((int64_t)report->photos));
        print_photos(&report->from);
        printf(" to ");
        print_photos(&report->to);
        printf("\n");
    }
}

/* Tokens and cursors are good where these are the same. */
static void print_keys(const struct cc_migrate_report *report)
{
    const struct cc_config *from = &report->from, *to = &report->to;

    printf("Not moved: the signing keys and the server key, in %.*s.\n",
           CC_STR_ARG(from->identity.keys));
    if (!cc_str_eq(from->identity.keys, to->identity.keys))
        printf(
            "The other configuration looks for them in %.*s: copy the folder there, or everybody "
            "signs in again.\n",
            CC_STR_ARG(to->identity.keys));
    if (!cc_str_eq(from->public_url, to->public_url))
        printf("public_url is not the same in both: everybody signs in again.\n");
}

/* --- a dry run -------------------------------------------------------------------------------- */

static void print_outlook(const struct cc_migrate_report *report)
{
    printf("Nothing was written. This would be moved:\n");
    print_ways(report);
    if (report->moves_store && report->to.store_backend == CC_STORE_DYNAMODB)
        printf("It takes about %lld write units.\n", (long long)report->tally.write_units);
    if (report->resumes)
        printf("An earlier run has begun it: this one would go on with that.\n");
    print_keys(report);
    printf("Before it is moved, every program that serves it is to be stopped.\n");
}

/* --- a real one ------------------------------------------------------------------------------- */

static void print_done(const struct cc_admin *admin, const struct cc_migrate_report *report)
{
    printf(report->moves_store
               ? "Moved, and every item compared with the one that it was read from:\n"
               : "Moved, and every photo read back:\n");
    print_ways(report);
    if (report->moves_store)
        printf("Digest of all items, the same on both sides: %.*s\n", 64,
               cc_tally_text(admin->arena, &report->tally).at);
    if (report->kept.at)
        printf("What was there before is in %.*s: remove it when you do not need it.\n",
               CC_STR_ARG(report->kept));
    if (report->other_photos > 0)
        printf("%zu photo%s that had been there go%s in 30 days.\n", report->other_photos,
               plural((int64_t)report->other_photos), report->other_photos == 1 ? "es" : "");
    print_keys(report);
    printf("Next: serve by %s, and look that all is well. The old side is as it was: do not serve "
           "from\nit any more, and remove it when you do not need it.\n",
           admin->options.to);
}

/* --- the command ------------------------------------------------------------------------------ */

static int not_done(struct cc_admin *admin)
{
    const enum cc_code code = admin->err.code;
    const int status = cc_admin_failed(&admin->err);

    if (!admin->options.dry_run && (code == CC_UNAVAILABLE || code == CC_STORAGE_FULL))
        fprintf(stderr, "           The old side is as it was. Run it again: it goes on where it "
                        "stopped.\n");
    return status;
}

static enum cc_code migrate(struct cc_admin *admin, struct cc_migrate_report *report)
{
    struct cc_admin_progress progress;
    struct cc_migrate what = {
        .to = admin->options.to,
        .dry_run = admin->options.dry_run,
        .replaces = admin->options.replace,
        .progress = &progress.base,
    };
    enum cc_code rc = cc_site_config_path(admin, &what.from, &admin->err);

    if (rc != CC_OK)
        return rc;
    cc_admin_progress_begin(&progress, admin->options.quiet);
    rc = cc_app_migrate(admin->arena, &what, report, &admin->err);
    cc_admin_progress_end(&progress);
    return rc;
}

int cc_admin_migrate(struct cc_admin *admin)
{
    struct cc_migrate_report report;

    if (admin->options.to == NULL) {
        fprintf(stderr, "cloudchat migrate: --to FILE says where\n");
        return CC_EXIT_USAGE;
    }
    if (migrate(admin, &report) != CC_OK)
        return not_done(admin);
    if (admin->options.dry_run)
        print_outlook(&report);
    else if (!admin->options.quiet)
        print_done(admin, &report);
    return EXIT_SUCCESS;
}
