#include "view.h"

/* The path at which handlers/profile.c serves it. Both parts are ids of ours: unreserved characters
 * alone (cc_id_is_wellformed), so nothing needs escaping. */
static void put_photo(struct cc_jw *w, const struct cc_profile *profile)
{
    cc_jw_key(w, "photo");
    if (profile->photo.at)
        cc_jw_str(w, cc_str_format(w->buf->arena, "/users/%.*s/photo/%.*s",
                                   CC_STR_ARG(profile->user), CC_STR_ARG(profile->photo)));
    else
        cc_jw_null(w);
}

void cc_view_user(struct cc_jw *w, const struct cc_profile *profile)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "id", profile->user);
    cc_jw_put_str(w, "name", profile->name);
    put_photo(w, profile);
    if (profile->is_gone)
        cc_jw_put_bool(w, "removed", true);
    cc_jw_object_end(w);
}

void cc_view_own_profile(struct cc_jw *w, const struct cc_profile *profile)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "id", profile->user);
    cc_jw_put_str(w, "name", profile->name);
    cc_jw_put_str(w, "phone_number", profile->phone_number);
    cc_jw_put_str(w, "email", profile->email);
    put_photo(w, profile);
    cc_jw_put_time(w, "created_at", profile->created_ms);
    cc_jw_object_end(w);
}

void cc_view_preferences(struct cc_jw *w, const struct cc_profile *profile)
{
    cc_jw_object(w);
    cc_jw_put_bool(w, "discoverable", !profile->hidden_by_number);
    cc_jw_object_end(w);
}

void cc_view_contacts(struct cc_jw *w, const struct cc_contacts *contacts)
{
    cc_jw_object(w);
    cc_jw_key(w, "items");
    cc_jw_array(w);
    for (size_t i = 0; i < contacts->count; i++) {
        cc_jw_object(w);
        cc_jw_put_str(w, "phone_number", contacts->at[i].phone_number);
        cc_jw_key(w, "user");
        cc_view_user(w, &contacts->at[i].user);
        cc_jw_object_end(w);
    }
    cc_jw_array_end(w);
    cc_jw_object_end(w);
}
