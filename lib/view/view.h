/* view/view.h - domain structs as JSON, one function a kind, so that a message looks the same in a
 * reply, an event and an announcement. Each writes one value. It decides nothing: who may see
 * what was decided in chat/. */
#ifndef CC_VIEW_VIEW_H
#define CC_VIEW_VIEW_H

#include "../base/jsonw.h"
#include "../chat/chat.h"

/* The chat */
void cc_view_message(struct cc_jw *w, const struct cc_message *message);
void cc_view_message_page(struct cc_jw *w, const struct cc_message_page *page);
void cc_view_room(struct cc_jw *w, const struct cc_room *room);
void cc_view_room_page(struct cc_jw *w, const struct cc_room_page *page);
void cc_view_cursors(struct cc_jw *w, const struct cc_cursors *cursors); /* as a list */
void cc_view_changes(struct cc_jw *w, const struct cc_changes *changes);

/* People: what others see, and what somebody sees of himself */
void cc_view_user(struct cc_jw *w, const struct cc_profile *profile);
void cc_view_own_profile(struct cc_jw *w, const struct cc_profile *profile);
void cc_view_preferences(struct cc_jw *w, const struct cc_profile *profile);
void cc_view_contacts(struct cc_jw *w, const struct cc_contacts *contacts);

/* `current` is the session of the one who asks. */
void cc_view_tokens(struct cc_jw *w, const struct cc_tokens *tokens, bool with_refresh_token);
void cc_view_challenge(struct cc_jw *w, const struct cc_challenge *challenge);
void cc_view_sessions(struct cc_jw *w, const struct cc_sessions *sessions, struct cc_str current);

#endif
