#include "view.h"

void cc_view_tokens(struct cc_jw *w, const struct cc_tokens *tokens, bool with_refresh_token)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "access_token", tokens->access_token);
    if (with_refresh_token)
        cc_jw_put_str(w, "refresh_token", tokens->refresh_token);
    cc_jw_put_str(w, "token_type", CC_STR("Bearer"));
    cc_jw_put_i64(w, "expires_in", tokens->expires_in_s);
    cc_jw_put_str(w, "session_id", tokens->session_id);
    cc_jw_object_end(w);
}

void cc_view_challenge(struct cc_jw *w, const struct cc_challenge *challenge)
{
    cc_jw_object(w);
    cc_jw_key(w, "challenge");
    cc_jw_object(w);
    cc_jw_put_str(w, "id", challenge->id);
    cc_jw_key(w, "methods");
    cc_jw_array(w);
    for (size_t i = 0; challenge->methods[i]; i++)
        cc_jw_str(w, cc_str_from(challenge->methods[i]));
    cc_jw_array_end(w);
    cc_jw_object_end(w);
    cc_jw_object_end(w);
}

static void session(struct cc_jw *w, const struct cc_session *it, struct cc_str current)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "id", it->id);
    cc_jw_put_str(w, "device_name", it->device_name);
    cc_jw_put_time(w, "created_at", it->created_ms);
    cc_jw_put_time(w, "last_seen_at", it->seen_ms);
    cc_jw_put_bool(w, "current", cc_str_eq(it->id, current));
    cc_jw_object_end(w);
}

void cc_view_sessions(struct cc_jw *w, const struct cc_sessions *sessions, struct cc_str current)
{
    cc_jw_object(w);
    cc_jw_key(w, "items");
    cc_jw_array(w);
    for (size_t i = 0; i < sessions->count; i++)
        session(w, &sessions->at[i], current);
    cc_jw_array_end(w);
    cc_jw_key(w, "next");
    cc_jw_null(w);
    cc_jw_object_end(w);
}
