#include "rows.h"

#include "../base/digest.h"
#include "../base/encode.h"
#include "../base/id.h"
#include "../base/text.h"

#include <string.h>

#define HASH_BYTES 16

/* --- sending ---------------------------------------------------------------------------------- */

struct sending {
    const struct cc_caller *by;
    const struct cc_message_draft *draft;
    struct cc_str hash;    /* of what the client_id stands for */
    struct cc_str preview; /* the text, cut for HEAD */
    struct cc_sent sent;
};

static enum cc_code check_draft(const struct cc_chat *chat, const struct cc_message_draft *draft,
                                struct cc_err *err)
{
    struct cc_str text = draft->data.text;
    size_t length;

    if (!cc_id_is_wellformed(draft->client_id))
        cc_fail_field(err, "/client_id", "must be 1 to 64 letters, digits, '-', '_' or '.'");
    if (!cc_text_is_utf8(text) || (text.len > 0 && memchr(text.at, 0, text.len) != NULL))
        return cc_fail_field(err, "/data/text", "must be text without NUL");
    length = cc_text_length(text);
    if (length > (size_t)chat->config.message_characters_max)
        cc_fail_field(err, "/data/text", "has more characters than GET /config allows");
    else if (cc_text_is_blank(text))
        cc_fail_field(err, "/data/text", "must not be empty");
    return err->code;
}

/* What must be the same for two sends to be one: all that the author says, and nothing that we
 * add. */
static struct cc_str hash_draft(struct cc_arena *arena, const struct cc_message_draft *draft)
{
    const struct cc_str parts[] = { cc_str_from(cc_message_type_names[draft->type]),
                                    draft->data.text };
    unsigned char digest[CC_SHA256_SIZE];

    cc_hmac_sha256(CC_STR("message"), parts, CC_COUNT(parts), digest);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)digest, HASH_BYTES });
}

/* Up to what HEAD says each seq is there. */
static enum cc_code read_message(struct cc_txn *txn, const struct cc_room_head *room, int64_t seq,
                                 struct cc_message *out, struct cc_err *err)
{
    return seq <= room->head.seq ? cc_messages_load(txn, room, seq, 1, out, err) : CC_NOT_FOUND;
}

static enum cc_code send_again(struct cc_txn *txn, struct sending *s, const struct cc_head *head,
                               const struct cc_sent_row *before, struct cc_err *err)
{
    const struct cc_room_head room = { .id = s->draft->room, .head = *head };

    if (!cc_str_eq(before->hash, s->hash))
        return cc_fail(err, CC_CLIENT_ID_REUSED, NULL, "client_id stands for another body");
    s->sent.is_new = false;
    return read_message(txn, &room, before->seq, &s->sent.message, err);
}

/* HEAD moves on by one message, and `out` becomes that message. */
static void take_place(struct cc_txn *txn, const struct sending *s, struct cc_head *head,
                       struct cc_message_row *out)
{
    struct cc_arena *arena = cc_txn_arena(txn);

    head->seq++;
    head->rev++;
    head->count++;
    head->active_ms = cc_txn_now_ms(txn);
    *out = (struct cc_message_row){
        .message = { .id = cc_message_id(arena, s->draft->room, head->seq),
                     .room = s->draft->room,
                     .author = s->by->user,
                     .client_id = s->draft->client_id,
                     .text = s->draft->data.text,
                     .seq = head->seq,
                     .rev = head->rev,
                     .created_ms = head->active_ms,
                     .type = s->draft->type },
        .data = s->draft->data,
        .number = head->count,
    };
    head->last = out->message;
    head->last.text = s->preview;
    cc_head_begin_stamps(txn, s->draft->room, head);
    cc_head_stamp(arena, head, head->rev, cc_key_message(arena, s->draft->room, head->seq).sk);
}

/* The next three writes. The author has read the room up to what he says; HEAD is held, so that
 * this is never a step back. */
static enum cc_code append(struct cc_txn *txn, struct sending *s, const struct cc_head *head,
                           const struct cc_message_row *row, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_str room = s->draft->room;
    const struct cc_cursor_row cursor = { { s->by->user, head->seq, head->seq }, head->count };
    enum cc_code rc =
        cc_row_insert(txn, cc_key_message(arena, room, head->seq), cc_message_row_fields, row, err);

    if (rc == CC_OK)
        rc = cc_row_put(txn, cc_key_cursor(arena, room, s->by->user), cc_cursor_fields, &cursor,
                        err);
    if (rc == CC_OK)
        rc = cc_row_put(txn, cc_key_room(arena, room), cc_head_fields, head, err);
    s->sent = (struct cc_sent){ row->message, true };
    return rc;
}

/* Almost every client_id is new. So it is written first, and whether it was there is the answer to
 * that: nothing else has been written then. */
static enum cc_code send_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct sending *s = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_str room = s->draft->room;
    const struct cc_key key = cc_key_sent(arena, room, s->by->user, s->draft->client_id);
    const struct cc_key expected[] = { cc_key_room(arena, room),
                                       cc_key_member(arena, room, s->by->user), key };
    struct cc_message_row row;
    struct cc_sent_row sent;
    struct cc_head head, next;
    enum cc_code rc = CC_OK;

    if (cc_room_id_is_wellformed(room))
        rc = cc_txn_expect(txn, expected, CC_COUNT(expected), err);
    if (rc == CC_OK)
        rc = cc_room_enter(txn, s->by, room, &head, err);
    if (rc != CC_OK)
        return rc;
    next = head;
    take_place(txn, s, &next, &row);
    sent = (struct cc_sent_row){ next.seq, s->hash };
    rc = cc_row_insert(txn, key, cc_sent_fields, &sent, err);
    if (rc == CC_EXISTS) {
        rc = cc_row_get(txn, key, cc_sent_fields, &sent, err);
        return rc == CC_OK ? send_again(txn, s, &head, &sent, err) : rc;
    }
    return rc == CC_OK ? append(txn, s, &next, &row, err) : rc;
}

enum cc_code cc_message_send(const struct cc_caller *by, const struct cc_message_draft *draft,
                             struct cc_sent *out, struct cc_err *err)
{
    struct sending s = { .by = by, .draft = draft };
    enum cc_code rc = check_draft(by->chat, draft, err);

    if (rc != CC_OK)
        return rc;
    s.hash = hash_draft(by->arena, draft);
    s.preview = cc_text_cut_characters(draft->data.text, CC_PREVIEW_CHARACTERS_MAX);
    rc = cc_store_run(by->chat->store, by->arena, send_in, &s, err);
    if (rc == CC_OK)
        *out = s.sent;
    return rc;
}

/* --- one message ------------------------------------------------------------------------------ */

struct getting {
    const struct cc_caller *by;
    struct cc_room_head room;
    int64_t seq;
    struct cc_message message;
};

static enum cc_code get_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct getting *g = arg;
    enum cc_code rc = cc_room_enter(txn, g->by, g->room.id, &g->room.head, err);

    return rc == CC_OK ? read_message(txn, &g->room, g->seq, &g->message, err) : rc;
}

enum cc_code cc_message_get(const struct cc_caller *by, struct cc_str id, struct cc_message *out,
                            struct cc_err *err)
{
    struct getting g = { .by = by };
    enum cc_code rc;

    if (!cc_message_id_parse(id, &g.room.id, &g.seq))
        return cc_fail(err, CC_NOT_FOUND, NULL, "not the id of a message");
    rc = cc_store_view(by->chat->store, by->arena, get_in, &g, err);
    if (rc == CC_OK)
        *out = g.message;
    return rc;
}
