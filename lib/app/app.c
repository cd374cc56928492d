#include "app.h"

#include "senders.h"

#include "../base/digest.h"
#include "../identity/keys.h"

#include <string.h>
#include <unistd.h>

#define APP_ARENA_BYTES ((size_t)4 * 1024 * 1024)

struct cc_log cc_app_log(const char *program, int level)
{
    return (struct cc_log){
        .fd = STDERR_FILENO,
        .program = program,
        .level = (enum cc_log_level)level,
        .readable = isatty(STDERR_FILENO) == 1,
        .clock = &cc_system_clock,
    };
}

/* Clock, randomness and log are the same for all that is configured. */
static void wire(struct cc_app *app)
{
    struct cc_config *config = &app->config;

    config->store.clock = config->identity.clock = config->chat.clock = app->clock;
    config->store.random = config->identity.random = config->chat.random = app->random;
    config->store.log = config->identity.log = config->chat.log = &app->log;
}

static enum cc_code open_config(const char *program, const char *path, struct cc_app *app,
                                struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    if (path == NULL)
        rc = cc_app_find_config(app->arena, &path, err);
    if (rc == CC_OK)
        rc = cc_app_read_config(app->arena, path, &app->config, err);
    if (rc != CC_OK)
        return rc;
    app->log = cc_app_log(program, app->config.log_level);
    wire(app);
    return CC_OK;
}

static struct cc_keys_folder keys_folder(const struct cc_app *app)
{
    return (struct cc_keys_folder){
        .path = app->config.identity.keys,
        .access_token_s = app->config.identity.access_token_s,
        .clock = app->clock,
        .random = app->random,
    };
}

/* A restore that was killed between the store and the server key left this to do. */
static enum cc_code finish_restore(struct cc_app *app, struct cc_err *err)
{
    const struct cc_keys_folder folder = keys_folder(app);

    return cc_keys_adopt(&folder, cc_store_epoch(app->store), err);
}

/* The chat's own secret comes from the server key, so that several hosts that share their keys
 * accept each other's cursors; it is not the key itself, so that neither tells of the other. */
static enum cc_code derive_chat_secret(struct cc_app *app, struct cc_err *err)
{
    const struct cc_keys_folder folder = keys_folder(app);
    const struct cc_str purpose = CC_STR("chat");
    struct cc_str key;
    unsigned char *secret;
    enum cc_code rc = cc_keys_secret(&folder, app->arena, &key, err);

    if (rc != CC_OK)
        return rc;
    secret = cc_arena_alloc_secret(app->arena, CC_SHA256_SIZE);
    cc_hmac_sha256(key, &purpose, 1, secret);
    app->config.chat.secret = (struct cc_str){ (const char *)secret, CC_SHA256_SIZE };
    return CC_OK;
}

static enum cc_code open_table(struct cc_app *app, struct cc_err *err)
{
    const struct cc_dynamodb_config dynamodb = cc_app_table(&app->config, &app->aws);

    return cc_store_open_dynamodb(&dynamodb, &app->store, err);
}

static enum cc_code open_store(const char *program, const char *path, struct cc_app *app,
                               struct cc_err *err)
{
    enum cc_code rc = open_config(program, path, app, err);

    if (rc == CC_OK)
        rc = cc_app_aws_open(&app->config, &app->log, &app->aws, err);
    if (rc != CC_OK)
        return rc;
    if (app->config.store_backend == CC_STORE_DYNAMODB)
        return open_table(app, err);
    return cc_store_open_sqlite(&app->config.store, &app->store, err);
}

static enum cc_code create_table(struct cc_app *app, struct cc_dynamodb_table *out,
                                 struct cc_err *err)
{
    const struct cc_config *config = &app->config;
    enum cc_code rc;

    if (config->store_backend != CC_STORE_DYNAMODB)
        return cc_fail(err, CC_INVALID, "[store] backend is sqlite, which has no table to make.",
                       "set it to dynamodb, and [store] table to its name");
    rc = cc_app_aws_open(config, &app->log, &app->aws, err);
    return rc == CC_OK ? cc_store_create_dynamodb(app->aws.dynamodb, config->table, out, err) : rc;
}

enum cc_code cc_app_create_table(const char *config_path, struct cc_dynamodb_table *out,
                                 struct cc_err *err)
{
    struct cc_app app = {
        .arena = cc_arena_new(APP_ARENA_BYTES),
        .clock = &cc_system_clock,
        .random = &cc_system_random,
    };
    enum cc_code rc = open_config("cloudchat", config_path, &app, err);

    if (rc == CC_OK)
        rc = create_table(&app, out, err);
    cc_app_aws_close(&app.aws);
    cc_arena_free(app.arena);
    return rc;
}

static enum cc_code open_pool(struct cc_app *app, struct cc_err *err)
{
    const struct cc_config *config = &app->config;
    const struct cc_cognito_config pool = {
        .aws = app->aws.cognito,
        .net = app->aws.net,
        .pool = config->cognito.pool,
        .client_id = config->cognito.client_id,
        .client_secret =
            config->cognito.client_secret.len > 0 ? config->cognito.client_secret : CC_STR_ABSENT,
        .issuer = cc_app_pool_issuer(app->arena, config),
        .keys_url = cc_app_pool_keys_url(app->arena, config),
        .rotates = config->cognito.rotation,
        .existing_people = config->cognito.existing_people,
        .tells_owners = app->sender != NULL,
    };

    return cc_identity_open_cognito(&config->identity, &pool, app->store, &app->identity, err);
}

static enum cc_code open_identity(struct cc_app *app, struct cc_err *err)
{
    if (app->config.identity_backend == CC_IDENTITY_COGNITO)
        return open_pool(app, err);
    return cc_identity_open_local(&app->config.identity, app->store, &app->identity, err);
}

static enum cc_code open_rest(struct cc_app *app, struct cc_err *err)
{
    struct cc_config *config = &app->config;
    enum cc_code rc = cc_app_open_blobs(config, &app->aws, &app->blobs, err);

    if (rc == CC_OK)
        rc = finish_restore(app, err);
    if (rc == CC_OK)
        rc = cc_app_open_sender(config, &app->log, &app->aws, &app->sender, err);
    if (rc == CC_OK)
        rc = open_identity(app, err);
    if (rc == CC_OK)
        rc = derive_chat_secret(app, err);
    if (rc == CC_OK)
        rc = cc_chat_open(&config->chat, app->store, app->blobs, &app->chat, err);
    if (rc == CC_OK)
        app->pages = cc_page_cache_open(config->page_cache_bytes);
    return rc;
}

/* Where sessions are ended none is remembered: one that has ended must not end the others, nor
 * change a password. */
static void settle_sessions(const char *program, struct cc_config *config)
{
    if (strcmp(program, "auth") == 0)
        config->identity.session_memory_s = 0;
}

enum cc_code cc_app_open(const char *program, enum cc_app_part part, const char *config_path,
                         struct cc_app *out, struct cc_err *err)
{
    enum cc_code rc;

    *out = (struct cc_app){
        .arena = cc_arena_new(APP_ARENA_BYTES),
        .tick_arena = cc_arena_new(CC_ARENA_CEILING_BYTES),
        .log = cc_app_log(program, CC_LOG_INFO),
        .clock = &cc_system_clock,
        .random = &cc_system_random,
    };
    rc = open_store(program, config_path, out, err);
    settle_sessions(program, &out->config);
    if (rc == CC_OK && part != CC_APP_STORE)
        rc = open_rest(out, err);
    if (rc != CC_OK)
        cc_app_close(out);
    return rc;
}

void cc_app_close(struct cc_app *app)
{
    cc_page_cache_close(app->pages);
    cc_chat_close(app->chat);
    cc_identity_close(app->identity);
    cc_sender_close(app->sender);
    if (app->blobs != NULL)
        cc_blobs_close(app->blobs);
    cc_store_close(app->store);
    cc_app_aws_close(&app->aws);
    cc_arena_free(app->tick_arena);
    cc_arena_free(app->arena);
    *app = (struct cc_app){ 0 };
}
