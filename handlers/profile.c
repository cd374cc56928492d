/* profile - who somebody is to himself and to others, and how one finds him. */
#include "app/app.h"
#include "view/view.h"

/* What the route takes at all; the configuration may allow less (config->photo_bytes_max). A photo
 * must also fit a reply. */
#define PHOTO_BODY_BYTES_MAX (CC_REPLY_BYTES_MAX - 4096)

static struct cc_caller caller(const struct cc_ctx *cx)
{
    return (struct cc_caller){ cx->app->chat, cx->arena, cx->user };
}

static enum cc_code reply_own(struct cc_ctx *cx, const struct cc_profile *profile)
{
    cc_view_own_profile(cc_reply_json(cx, 200), profile);
    return cc_reply_end(cx);
}

/* --- oneself ---------------------------------------------------------------------------------- */

static enum cc_code profile_get(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_profile profile;
    enum cc_code rc = cc_profile_own(&by, &profile, &cx->err);

    return rc == CC_OK ? reply_own(cx, &profile) : rc;
}

static const struct cc_field profile_fields[] = {
    { .name = "name",
      .type = CC_FIELD_NAME,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct cc_profile_change, name),
      .min = 1,
      .max = CC_PROFILE_NAME_CHARACTERS_MAX },
    { .name = NULL },
};

/* Before it is saved: see there. */
static enum cc_code tell_pool(struct cc_ctx *cx, struct cc_str name)
{
    const struct cc_rename in = { { cx->user, cx->session }, cx->token, name };

    return cc_identity_rename(cx->app->identity, cx->arena, &in, &cx->err);
}

static enum cc_code profile_patch(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_profile_change in = { 0 };
    struct cc_profile profile;
    enum cc_code rc = cc_decode(cx, profile_fields, &in);

    if (rc == CC_OK)
        rc = tell_pool(cx, in.name);
    if (rc == CC_OK)
        rc = cc_profile_change(&by, &in, &profile, &cx->err);
    return rc == CC_OK ? reply_own(cx, &profile) : rc;
}

static enum cc_code reply_preferences(struct cc_ctx *cx, const struct cc_profile *profile)
{
    cc_view_preferences(cc_reply_json(cx, 200), profile);
    return cc_reply_end(cx);
}

static enum cc_code preferences_get(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_profile profile;
    enum cc_code rc = cc_profile_own(&by, &profile, &cx->err);

    return rc == CC_OK ? reply_preferences(cx, &profile) : rc;
}

struct preferences {
    bool discoverable;
};

static const struct cc_field preferences_fields[] = {
    { .name = "discoverable",
      .type = CC_FIELD_BOOL,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct preferences, discoverable) },
    { .name = NULL },
};

static enum cc_code preferences_patch(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct preferences in;
    const struct cc_profile_change change = { .discoverable = &in.discoverable };
    struct cc_profile profile;
    enum cc_code rc = cc_decode(cx, preferences_fields, &in);

    if (rc == CC_OK)
        rc = cc_profile_change(&by, &change, &profile, &cx->err);
    return rc == CC_OK ? reply_preferences(cx, &profile) : rc;
}

/* --- photos ----------------------------------------------------------------------------------- */

static const char *const photo_types[] = { "image/jpeg", "image/png", "image/webp",
                                           "application/octet-stream" };

/* A name for the body that is none of these is a mistake worth telling; which of them it is, its
 * first bytes decide. */
static enum cc_code check_type(struct cc_ctx *cx)
{
    struct cc_str rest = cx->req->header[CC_H_CONTENT_TYPE];
    struct cc_str type = cc_str_trim(cc_str_cut(&rest, ';'));

    for (size_t i = 0; i < CC_COUNT(photo_types); i++) {
        if (cc_str_eq_nocase(type, cc_str_from(photo_types[i])))
            return CC_OK;
    }
    return cc_fail(&cx->err, CC_UNSUPPORTED_TYPE, "A photo is image/jpeg, image/png or image/webp.",
                   "photo of another type");
}

static enum cc_code photo_put(struct cc_ctx *cx)
{
    const struct cc_config *config = &cx->app->config;
    const struct cc_caller by = caller(cx);
    struct cc_photo_draft in = { .side_max = config->photo_side_max };
    struct cc_profile profile;
    enum cc_code rc = check_type(cx);

    if (rc == CC_OK && cx->req->content_length > config->photo_bytes_max)
        rc = cc_fail(&cx->err, CC_TOO_LARGE, NULL, "photo of %lld bytes",
                     (long long)cx->req->content_length);
    if (rc == CC_OK)
        rc = cc_body_read(cx, &in.bytes);
    if (rc == CC_OK)
        rc = cc_photo_put(&by, &in, &profile, &cx->err);
    return rc == CC_OK ? reply_own(cx, &profile) : rc;
}

static enum cc_code photo_delete(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    enum cc_code rc = cc_photo_remove(&by, &cx->err);

    return rc == CC_OK ? cc_reply_empty(cx, 204) : rc;
}

/* A name stands for one photo for ever, so it is its own tag, and a browser may keep the bytes; but
 * only that one, since who may see them is a private matter. */
static enum cc_code photo_get(struct cc_ctx *cx)
{
    const struct cc_str user = cx->param[0], name = cx->param[1];
    const struct cc_caller by = caller(cx);
    struct cc_str type, bytes;
    enum cc_code rc = cc_photo_find(&by, user, name, &type, &cx->err);

    if (rc != CC_OK)
        return rc;
    cc_reply_header(cx, "Cache-Control", CC_STR("private, max-age=31536000, immutable"));
    if (cc_reply_etag(cx, name))
        return cc_reply_not_modified(cx);
    rc = cc_photo_read(&by, user, name, &bytes, &cx->err);
    if (rc != CC_OK)
        return rc;
    return cc_reply_bytes(cx, 200, cc_str_z(cx->arena, type), bytes);
}

/* --- others ----------------------------------------------------------------------------------- */

static enum cc_code user_get(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct cc_profile profile;
    enum cc_code rc = cc_person_get(&by, cx->param[0], &profile, &cx->err);

    if (rc != CC_OK)
        return rc;
    cc_view_user(cc_reply_json(cx, 200), &profile);
    return cc_reply_end(cx);
}

struct discovery {
    struct cc_strs phone_numbers;
};

static const struct cc_field discover_fields[] = {
    { .name = "phone_numbers",
      .type = CC_FIELD_STRS,
      .flags = CC_FIELD_REQUIRED,
      .offset = offsetof(struct discovery, phone_numbers),
      .min = 1,
      .max = CC_DISCOVER_NUMBERS_MAX,
      .item_max = 64 },
    { .name = NULL },
};

static enum cc_code contacts_discover(struct cc_ctx *cx)
{
    const struct cc_caller by = caller(cx);
    struct discovery in;
    struct cc_contacts found;
    enum cc_code rc = cc_decode(cx, discover_fields, &in);

    if (rc == CC_OK)
        rc = cc_contacts_discover(&by, in.phone_numbers, &found, &cx->err);
    if (rc != CC_OK)
        return rc;
    cc_view_contacts(cc_reply_json(cx, 200), &found);
    return cc_reply_end(cx);
}

/* --- the routes ------------------------------------------------------------------------------- */

static const struct cc_route routes[] = {
    { CC_GET, "/profile", profile_get, CC_USER },
    { CC_PATCH, "/profile", profile_patch, CC_USER },
    { CC_GET, "/profile/preferences", preferences_get, CC_USER },
    { CC_PATCH, "/profile/preferences", preferences_patch, CC_USER },
    { CC_PUT, "/profile/photo", photo_put, CC_USER, CC_BODY_RAW, PHOTO_BODY_BYTES_MAX },
    { CC_DELETE, "/profile/photo", photo_delete, CC_USER, CC_BODY_NONE },
    { CC_GET, "/users/{id}", user_get, CC_USER },
    { CC_GET, "/users/{id}/photo/{name}", photo_get, CC_USER },
    { CC_POST, "/contacts/discover", contacts_discover, CC_USER },
    { .path = NULL },
};

int main(int argc, char **argv)
{
    return cc_app_main("profile", routes, CC_APP_ALL, argc, argv);
}
