/* status - what this installation offers, and whether it can. It also answers every path that is
 * neither a file nor another program's: with a problem document, like all of them. */
#include "app/app.h"
#include "base/digest.h"
#include "base/encode.h"
#include "http/http.h"

#define CONFIG_BYTES_MAX ((size_t)16 * 1024)

/* By what people sign up; the names are the same wherever they stand. */
static void write_identifiers(struct cc_jw *w, bool phone_number, bool email)
{
    cc_jw_put_bool(w, "phone_number", phone_number);
    cc_jw_put_bool(w, "email", email);
}

static void write_identity(struct cc_jw *w, const struct cc_config *config)
{
    const bool by_pool = config->identity_backend == CC_IDENTITY_COGNITO;

    cc_jw_key(w, "identity");
    cc_jw_object(w);
    write_identifiers(w, !config->identity.budget.no_sms, !config->identity.budget.no_email);
    /* To people, and not only to where the operator reads them. */
    cc_jw_key(w, "codes_are_sent");
    cc_jw_object(w);
    write_identifiers(w, by_pool || config->codes_sms >= CC_SMS_SNS,
                      by_pool || config->codes_email >= CC_EMAIL_SMTP);
    cc_jw_object_end(w);
    cc_jw_key(w, "password");
    cc_jw_object(w);
    cc_jw_put_i64(w, "min", config->identity.password_min);
    cc_jw_put_i64(w, "max", config->identity.password_max);
    cc_jw_object_end(w);
    cc_jw_object_end(w);
}

static void write_limits(struct cc_jw *w, const struct cc_config *config)
{
    cc_jw_key(w, "limits");
    cc_jw_object(w);
    cc_jw_put_i64(w, "body_bytes", config->http.body_bytes_max);
    cc_jw_put_i64(w, "message_characters", config->chat.message_characters_max);
    cc_jw_put_i64(w, "photo_bytes", config->photo_bytes_max);
    cc_jw_put_i64(w, "photo_side", config->photo_side_max);
    cc_jw_put_i64(w, "list_items", CC_LIST_ITEMS_MAX);
    cc_jw_put_i64(w, "discover_numbers", CC_DISCOVER_NUMBERS_MAX);
    cc_jw_object_end(w);
}

static void write_programs(struct cc_jw *w)
{
    cc_jw_key(w, "programs");
    cc_jw_object(w);
    for (const struct cc_program *program = cc_programs; program->name; program++) {
        cc_jw_key(w, program->name);
        cc_jw_array(w);
        for (const char *const *prefix = program->prefixes; *prefix; prefix++)
            cc_jw_str(w, cc_str_from(*prefix));
        cc_jw_array_end(w);
    }
    cc_jw_object_end(w);
}

static void write_config(struct cc_jw *w, const struct cc_config *config)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "name", config->name);
    cc_jw_put_str(w, "version", CC_STR(CC_VERSION));
    cc_jw_put_str(w, "public_url", config->public_url);
    write_identity(w, config);
    write_limits(w, config);
    cc_jw_key(w, "realtime");
    cc_jw_object(w);
    cc_jw_put_str(w, "channel", CC_STR("poll"));
    cc_jw_put_i64(w, "interval_ms", config->poll_interval_s * 1000);
    cc_jw_object_end(w);
    write_programs(w);
    cc_jw_object_end(w);
}

static struct cc_str digest_of(struct cc_arena *arena, struct cc_str text)
{
    unsigned char digest[CC_SHA256_SIZE];

    cc_sha256(text, digest);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)digest, 16 });
}

static enum cc_code config_get(struct cc_ctx *cx)
{
    struct cc_buf text;
    struct cc_jw w;

    cc_buf_init(&text, cx->arena, CONFIG_BYTES_MAX);
    cc_jw_init(&w, &text);
    write_config(&w, &cx->app->config);
    if (text.overflow)
        return cc_fail(&cx->err, CC_INTERNAL, NULL, "/config outgrew %zu bytes", CONFIG_BYTES_MAX);
    cc_reply_header(cx, "Cache-Control", CC_STR("no-cache"));
    if (cc_reply_etag(cx, digest_of(cx->arena, cc_buf_str(&text))))
        return cc_reply_not_modified(cx);
    return cc_reply_bytes(cx, 200, "application/json", cc_buf_str(&text));
}

static enum cc_code reply_ok(struct cc_ctx *cx)
{
    struct cc_jw *w = cc_reply_json(cx, 200);

    cc_jw_object(w);
    cc_jw_put_str(w, "status", CC_STR("ok"));
    cc_jw_object_end(w);
    return cc_reply_end(cx);
}

/* This program lives: asked often, by supervisors and load balancers, so it asks nobody. */
static enum cc_code health_get(struct cc_ctx *cx)
{
    return reply_ok(cx);
}

static enum cc_code ready_get(struct cc_ctx *cx)
{
    struct cc_err err = { 0 };

    if (cc_store_check(cx->app->store, cx->arena, &err) != CC_OK)
        return cc_fail(&cx->err, CC_UNAVAILABLE, "The store cannot take requests now.", "%s",
                       err.cause);
    return reply_ok(cx);
}

static const struct cc_route routes[] = {
    { CC_GET, "/config", config_get, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/healthz", health_get, CC_PUBLIC, CC_BODY_NONE, 0 },
    { CC_GET, "/readyz", ready_get, CC_PUBLIC, CC_BODY_NONE, 0 },
    { 0 },
};

int main(int argc, char **argv)
{
    return cc_app_main("status", routes, CC_APP_STORE, argc, argv);
}
