/* In this order: the store's items, then the photos, then the store is read once more and verified.
 * So a photo that somebody puts while it goes on is noticed, by the profile that names it; the last
 * step is the one from which on the new side serves. */
#include "migrate.h"

#include "../chat/chat.h"
#include "../store/copy.h"
#include "../store/move.h"

#include <stdlib.h>
#include <unistd.h>

#define LISTS_ARENA_BYTES ((size_t)256 * 1024 * 1024)
/* A database that was replaced still names them, and may be put back. */
#define KEEP_PHOTOS_MS (30 * 24 * 60 * 60 * (int64_t)1000)

struct side {
    struct cc_config config;
    struct cc_app_aws aws;
    struct cc_blobs *blobs; /* NULL: not needed */
};

struct migrating {
    const struct cc_migrate *migrate;
    struct cc_arena *arena; /* the caller's */
    struct cc_arena *lists;
    struct cc_log log;
    struct side from, to;
    struct cc_dynamodb_config table;
    struct cc_move *move;          /* NULL: the store stays */
    struct cc_replacing *standing; /* the store stays, and nobody else opens it meanwhile */
    struct cc_strs names;          /* of the photos that are moved */
    struct cc_migrate_report report;
};

/* --- what differs ----------------------------------------------------------------------------- */

static bool is_same_store(const struct cc_config *a, const struct cc_config *b)
{
    if (a->store_backend != b->store_backend)
        return false;
    if (a->store_backend == CC_STORE_SQLITE)
        return cc_str_eq(a->store.path, b->store.path);
    return cc_str_eq(a->table, b->table) && cc_str_eq(cc_app_aws_region(a), cc_app_aws_region(b)) &&
           cc_str_eq(a->aws.endpoint, b->aws.endpoint) &&
           cc_str_eq(a->aws.dynamodb_endpoint, b->aws.dynamodb_endpoint);
}

static bool is_same_photos(const struct cc_config *a, const struct cc_config *b)
{
    if (a->blob_backend != b->blob_backend)
        return false;
    if (a->blob_backend == CC_BLOBS_DIRECTORY)
        return cc_str_eq(a->blobs, b->blobs);
    return cc_str_eq(a->bucket, b->bucket) && cc_str_eq(a->bucket_prefix, b->bucket_prefix) &&
           cc_str_eq(a->aws.endpoint, b->aws.endpoint) &&
           cc_str_eq(a->aws.s3_endpoint, b->aws.s3_endpoint);
}

static enum cc_code compare_configs(struct migrating *self, struct cc_err *err)
{
    const struct cc_config *from = &self->from.config, *to = &self->to.config;
    const bool same_kind = from->store_backend == to->store_backend;

    self->report.moves_store = !is_same_store(from, to);
    self->report.moves_photos = !is_same_photos(from, to);
    if (!self->report.moves_store && !self->report.moves_photos)
        return cc_fail(err, CC_INVALID,
                       "Both configurations name the same store and the same photos: there is "
                       "nothing to move.",
                       "%s and %s; what the environment says wins over both", self->migrate->from,
                       self->migrate->to);
    if (self->report.moves_store && same_kind)
        return cc_fail(err, CC_INVALID,
                       "It moves from a database in a file to a table, or back: not from one to "
                       "another of its kind.",
                       "[store] backend is the same in %s and %s", self->migrate->from,
                       self->migrate->to);
    return CC_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum cc_code read_config(struct migrating *self, const char *path, struct side *side,
                                struct cc_err *err)
{
    enum cc_code rc = cc_app_read_config(self->arena, path, &side->config, err);

    side->config.store.clock = &cc_system_clock;
    side->config.store.random = &cc_system_random;
    side->config.store.log = &self->log;
    return rc;
}

static enum cc_code read_configs(struct migrating *self, struct cc_err *err)
{
    enum cc_code rc = read_config(self, self->migrate->from, &self->from, err);

    if (rc == CC_OK)
        rc = read_config(self, self->migrate->to, &self->to, err);
    if (rc == CC_OK)
        rc = compare_configs(self, err);
    self->log = cc_app_log("cloudchat", CC_LOG_WARN); /* a person looks on */
    return rc;
}

static enum cc_code open_aws(struct migrating *self, struct cc_err *err)
{
    enum cc_code rc = cc_app_aws_open(&self->from.config, &self->log, &self->from.aws, err);

    return rc == CC_OK ? cc_app_aws_open(&self->to.config, &self->log, &self->to.aws, err) : rc;
}

/* A folder is made where none is: not to look only. */
static enum cc_code open_blobs(struct migrating *self, struct side *side, struct cc_err *err)
{
    const struct cc_config *config = &side->config;

    if (!self->report.moves_photos ||
        (config->blob_backend == CC_BLOBS_DIRECTORY && self->migrate->dry_run &&
         access(config->blobs.at, F_OK) != 0))
        return CC_OK;
    return cc_app_open_blobs(config, &side->aws, &side->blobs, err);
}

static struct cc_move_config move_config(struct migrating *self)
{
    const bool to_table = self->to.config.store_backend == CC_STORE_DYNAMODB;
    struct side *table = to_table ? &self->to : &self->from;

    self->table = cc_app_table(&table->config, &table->aws);
    return (struct cc_move_config){
        .file = to_table ? &self->from.config.store : &self->to.config.store,
        .table = &self->table,
        .to_table = to_table,
        .replaces = self->migrate->replaces,
        .progress = self->migrate->progress,
    };
}

static enum cc_code open_store(struct migrating *self, struct cc_err *err)
{
    const struct cc_move_config config = move_config(self);
    enum cc_code rc;

    if (self->report.moves_store) {
        rc = cc_move_open(&config, &self->move, err);
        self->report.resumes = rc == CC_OK && cc_move_resumes(self->move);
        return rc;
    }
    if (self->from.config.store_backend == CC_STORE_DYNAMODB)
        return CC_OK; /* cannot be locked */
    return cc_store_open_sqlite_alone(&self->from.config.store, &self->standing, err);
}

static enum cc_code open_both_blobs(struct migrating *self, struct cc_err *err)
{
    enum cc_code rc = open_blobs(self, &self->from, err);

    return rc == CC_OK ? open_blobs(self, &self->to, err) : rc;
}

/* --- photos ----------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return cc_str_cmp(*(const struct cc_str *)a, *(const struct cc_str *)b);
}

static enum cc_code list_photos(struct migrating *self, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    if (self->from.blobs)
        rc = cc_blobs_list(self->from.blobs, self->lists, &self->names, err);
    self->report.photos = self->names.count;
    return rc;
}

static enum cc_code copy_photos(struct migrating *self, struct cc_err *err)
{
    struct cc_migrate_photos photos = { .from = self->from.blobs,
                                        .to = self->to.blobs,
                                        .progress = self->migrate->progress };
    enum cc_code rc = list_photos(self, err);

    photos.names = self->names;
    return rc == CC_OK && self->names.count > 0 ? cc_migrate_photos(&photos, err) : rc;
}

struct doubt {
    struct cc_str blob;
};

static enum cc_code doubt_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct doubt *doubt = arg;

    return cc_photo_doubt(txn, doubt->blob, cc_txn_now_ms(txn) + KEEP_PHOTOS_MS, err);
}

static enum cc_code doubt_each(struct migrating *self, struct cc_store *store,
                               const struct cc_strs *there, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    enum cc_code rc = CC_OK;

    for (size_t i = 0; rc == CC_OK && i < there->count; i++) {
        struct doubt doubt = { there->at[i] };

        if (self->names.count > 0 && bsearch(&doubt.blob, self->names.at, self->names.count,
                                             sizeof(*self->names.at), by_text))
            continue;
        cc_arena_reset(arena);
        rc = cc_store_run(store, arena, doubt_in, &doubt, err);
        self->report.other_photos += rc == CC_OK;
    }
    cc_arena_free(arena);
    return rc;
}

/* What was there before, and what no profile names now: nobody would ever remove it. That all else
 * has been moved is true without this, too. */
static void doubt_others(struct migrating *self)
{
    struct cc_strs there = { 0 };
    struct cc_err ignored = { 0 };
    struct cc_app app;

    if (cc_blobs_list(self->to.blobs, self->lists, &there, &ignored) != CC_OK ||
        there.count <= self->names.count)
        return;
    qsort((void *)(uintptr_t)self->names.at, self->names.count, sizeof(*self->names.at), by_text);
    if (cc_app_open("migrate", CC_APP_STORE, self->migrate->to, &app, &ignored) != CC_OK)
        return;
    (void)!doubt_each(self, app.store, &there, &ignored);
    cc_app_close(&app);
}

/* --- moving ----------------------------------------------------------------------------------- */

/* The file is anybody's again, so that it can be opened to serve. */
static void close_store(struct migrating *self)
{
    cc_move_close(self->move);
    cc_replacing_close(self->standing);
    self->move = NULL;
    self->standing = NULL;
}

static enum cc_code finish(struct migrating *self, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    if (self->move)
        rc = cc_move_verify(self->move, &self->report.tally, err);
    if (rc == CC_OK && self->move)
        rc = cc_move_commit(self->move, self->arena, &self->report.kept, err);
    close_store(self);
    if (rc == CC_OK && self->report.moves_photos)
        doubt_others(self);
    return rc;
}

static enum cc_code run(struct migrating *self, struct cc_err *err)
{
    enum cc_code rc = open_store(self, err);

    if (rc == CC_OK)
        rc = open_both_blobs(self, err);
    if (rc == CC_OK && self->move)
        rc = cc_move_copy(self->move, err);
    if (rc == CC_OK && self->report.moves_photos)
        rc = copy_photos(self, err);
    return rc == CC_OK ? finish(self, err) : rc;
}

/* Whether there can be written at all is seen of the table and of the file, and of a folder. */
static enum cc_code look(struct migrating *self, struct cc_err *err)
{
    const struct cc_move_config config = move_config(self);
    struct cc_move_outlook outlook = { 0 };
    struct cc_strs there = { 0 };
    enum cc_code rc = open_both_blobs(self, err);

    if (rc == CC_OK && self->report.moves_store)
        rc = cc_move_look(&config, &outlook, err);
    if (rc == CC_OK && self->report.moves_photos)
        rc = list_photos(self, err);
    if (rc == CC_OK && self->to.blobs)
        rc = cc_blobs_list(self->to.blobs, self->lists, &there, err);
    self->report.tally = outlook.tally;
    self->report.resumes = outlook.resumes;
    return rc;
}

static void close_side(struct side *side)
{
    cc_blobs_close(side->blobs);
    cc_app_aws_close(&side->aws);
}

enum cc_code cc_app_migrate(struct cc_arena *arena, const struct cc_migrate *migrate,
                            struct cc_migrate_report *out, struct cc_err *err)
{
    struct migrating self = { .migrate = migrate, .arena = arena };
    enum cc_code rc = read_configs(&self, err);

    if (rc != CC_OK)
        return rc;
    self.lists = cc_arena_new(LISTS_ARENA_BYTES);
    rc = open_aws(&self, err);
    if (rc == CC_OK)
        rc = migrate->dry_run ? look(&self, err) : run(&self, err);
    self.report.from = self.from.config;
    self.report.to = self.to.config;
    if (rc == CC_OK)
        *out = self.report;
    close_store(&self);
    close_side(&self.to);
    close_side(&self.from);
    cc_arena_free(self.lists);
    return rc;
}
