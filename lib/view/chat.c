#include "view.h"

static void put_name(struct cc_jw *w, const char *key, const char *name)
{
    cc_jw_put_str(w, key, cc_str_from(name));
}

static void put_data(struct cc_jw *w, const struct cc_message *message)
{
    cc_jw_key(w, "data");
    cc_jw_object(w);
    cc_jw_put_str(w, "text", message->text);
    cc_jw_object_end(w);
}

void cc_view_message(struct cc_jw *w, const struct cc_message *message)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "id", message->id);
    cc_jw_put_str(w, "room_id", message->room);
    cc_jw_put_i64(w, "seq", message->seq);
    cc_jw_put_i64(w, "rev", message->rev);
    cc_jw_put_str(w, "author_id", message->author);
    put_name(w, "type", cc_message_type_names[message->type]);
    put_data(w, message);
    cc_jw_put_str(w, "client_id", message->client_id);
    cc_jw_put_time(w, "created_at", message->created_ms);
    cc_jw_object_end(w);
}

void cc_view_message_page(struct cc_jw *w, const struct cc_message_page *page)
{
    cc_jw_object(w);
    cc_jw_key(w, "items");
    cc_jw_array(w);
    for (size_t i = 0; i < page->count; i++)
        cc_view_message(w, &page->at[i]);
    cc_jw_array_end(w);
    cc_jw_put_bool(w, "has_before", page->has_before);
    cc_jw_put_bool(w, "has_after", page->has_after);
    cc_jw_put_i64(w, "seq", page->seq);
    cc_jw_object_end(w);
}

static void put_last_message(struct cc_jw *w, const struct cc_message *last)
{
    cc_jw_key(w, "last_message");
    if (last->seq == 0) {
        cc_jw_null(w);
        return;
    }
    cc_jw_object(w);
    cc_jw_put_str(w, "id", last->id);
    cc_jw_put_i64(w, "seq", last->seq);
    cc_jw_put_str(w, "author_id", last->author);
    put_name(w, "type", cc_message_type_names[last->type]);
    cc_jw_put_str(w, "text", last->text);
    cc_jw_put_time(w, "created_at", last->created_ms);
    cc_jw_object_end(w);
}

/* A room's own members say whose cursor it is. */
static void put_cursor(struct cc_jw *w, const char *key, const struct cc_cursor *cursor)
{
    cc_jw_key(w, key);
    cc_jw_object(w);
    cc_jw_put_i64(w, "delivered_seq", cursor->delivered_seq);
    cc_jw_put_i64(w, "read_seq", cursor->read_seq);
    cc_jw_object_end(w);
}

void cc_view_room(struct cc_jw *w, const struct cc_room *room)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "id", room->id);
    put_name(w, "kind", cc_room_kind_names[room->kind]);
    cc_jw_put_time(w, "created_at", room->created_ms);
    cc_jw_put_time(w, "active_at", room->active_ms);
    cc_jw_key(w, "other");
    cc_view_user(w, &room->other);
    put_last_message(w, &room->last);
    cc_jw_put_i64(w, "unread", room->unread);
    cc_jw_put_bool(w, "mentioned", room->mentioned);
    cc_jw_put_i64(w, "seq", room->seq);
    cc_jw_put_i64(w, "rev", room->rev);
    cc_jw_put_str(w, "sync", room->sync);
    put_cursor(w, "cursor", &room->cursor);
    put_cursor(w, "other_cursor", &room->other_cursor);
    cc_jw_object_end(w);
}

void cc_view_room_page(struct cc_jw *w, const struct cc_room_page *page)
{
    cc_jw_object(w);
    cc_jw_key(w, "items");
    cc_jw_array(w);
    for (size_t i = 0; i < page->count; i++)
        cc_view_room(w, &page->at[i]);
    cc_jw_array_end(w);
    cc_jw_put_str(w, "next", page->next);
    cc_jw_object_end(w);
}

static void put_member(struct cc_jw *w, const struct cc_member *member)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "user_id", member->user);
    put_name(w, "role", cc_role_names[member->role]);
    put_name(w, "state", cc_member_state_names[member->state]);
    cc_jw_put_time(w, "joined_at", member->joined_ms);
    cc_jw_put_i64(w, "rev", member->rev);
    cc_jw_object_end(w);
}

static void put_cursor_of(struct cc_jw *w, const struct cc_cursor *cursor)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "user_id", cursor->user);
    cc_jw_put_i64(w, "delivered_seq", cursor->delivered_seq);
    cc_jw_put_i64(w, "read_seq", cursor->read_seq);
    cc_jw_object_end(w);
}

static void put_cursors(struct cc_jw *w, const char *key, const struct cc_cursors *cursors)
{
    cc_jw_key(w, key);
    cc_jw_array(w);
    for (size_t i = 0; i < cursors->count; i++)
        put_cursor_of(w, &cursors->at[i]);
    cc_jw_array_end(w);
}

void cc_view_cursors(struct cc_jw *w, const struct cc_cursors *cursors)
{
    cc_jw_object(w);
    put_cursors(w, "items", cursors);
    cc_jw_key(w, "next");
    cc_jw_null(w);
    cc_jw_object_end(w);
}

void cc_view_changes(struct cc_jw *w, const struct cc_changes *changes)
{
    cc_jw_object(w);
    cc_jw_put_str(w, "sync", changes->sync);
    cc_jw_put_i64(w, "rev", changes->rev);
    cc_jw_key(w, "messages");
    cc_jw_array(w);
    for (size_t i = 0; i < changes->message_count; i++)
        cc_view_message(w, &changes->messages[i]);
    cc_jw_array_end(w);
    cc_jw_key(w, "members");
    cc_jw_array(w);
    for (size_t i = 0; i < changes->member_count; i++)
        put_member(w, &changes->members[i]);
    cc_jw_array_end(w);
    if (changes->has_room) {
        cc_jw_key(w, "room");
        cc_view_room(w, &changes->room);
    }
    put_cursors(w, "cursors", &changes->cursors);
    cc_jw_put_bool(w, "more", changes->more);
    if (changes->reset)
        cc_jw_put_bool(w, "reset", true);
    cc_jw_object_end(w);
}
