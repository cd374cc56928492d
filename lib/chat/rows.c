#include "rows.h"

const char *const cc_room_kind_names[] = { "direct", NULL };
const char *const cc_message_type_names[] = { "text", NULL };
const char *const cc_role_names[] = { "member", NULL };
const char *const cc_member_state_names[] = { "in", NULL };

#define AT(of, member) offsetof(struct of, member)
#define SEQ_DIGITS 16 /* of a key, in hexadecimal */

static const struct cc_field preview_fields[] = {
    { .name = "seq", .type = CC_FIELD_I64, .offset = AT(cc_message, seq) },
    { .name = "author",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_OMIT,
      .offset = AT(cc_message, author) },
    { .name = "type",
      .type = CC_FIELD_ENUM,
      .offset = AT(cc_message, type),
      .values = cc_message_type_names },
    { .name = "text",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_OMIT,
      .offset = AT(cc_message, text) },
    { .name = "created", .type = CC_FIELD_I64, .offset = AT(cc_message, created_ms) },
    { .name = NULL },
};

const struct cc_field cc_head_fields[] = {
    { .name = "kind",
      .type = CC_FIELD_ENUM,
      .offset = AT(cc_head, kind),
      .values = cc_room_kind_names },
    { .name = "users", .type = CC_FIELD_STRS, .offset = AT(cc_head, users) },
    { .name = "created", .type = CC_FIELD_I64, .offset = AT(cc_head, created_ms) },
    { .name = "active", .type = CC_FIELD_I64, .offset = AT(cc_head, active_ms) },
    { .name = "seq", .type = CC_FIELD_I64, .offset = AT(cc_head, seq) },
    { .name = "rev", .type = CC_FIELD_I64, .offset = AT(cc_head, rev) },
    { .name = "count", .type = CC_FIELD_I64, .offset = AT(cc_head, count) },
    { .name = "settings_rev", .type = CC_FIELD_I64, .offset = AT(cc_head, settings_rev) },
    { .name = "last", .type = CC_FIELD_OBJECT, .offset = AT(cc_head, last), .sub = preview_fields },
    { .name = "stamped", .type = CC_FIELD_STRS, .offset = AT(cc_head, stamped) },
    { .name = NULL },
};

static const struct cc_field data_fields[] = {
    { .name = "text", .type = CC_FIELD_STR, .offset = AT(cc_message_data, text) },
    { .name = NULL },
};

const struct cc_field cc_message_row_fields[] = {
    { .name = "seq", .type = CC_FIELD_I64, .offset = AT(cc_message_row, message.seq) },
    { .name = "author", .type = CC_FIELD_STR, .offset = AT(cc_message_row, message.author) },
    { .name = "type",
      .type = CC_FIELD_ENUM,
      .offset = AT(cc_message_row, message.type),
      .values = cc_message_type_names },
    { .name = "data",
      .type = CC_FIELD_OBJECT,
      .offset = AT(cc_message_row, data),
      .sub = data_fields },
    { .name = "client_id", .type = CC_FIELD_STR, .offset = AT(cc_message_row, message.client_id) },
    { .name = "created", .type = CC_FIELD_I64, .offset = AT(cc_message_row, message.created_ms) },
    { .name = "rev", .type = CC_FIELD_I64, .offset = AT(cc_message_row, message.rev) },
    { .name = "number", .type = CC_FIELD_I64, .offset = AT(cc_message_row, number) },
    { .name = NULL },
};

const struct cc_field cc_sent_fields[] = {
    { .name = "seq", .type = CC_FIELD_I64, .offset = AT(cc_sent_row, seq) },
    { .name = "hash", .type = CC_FIELD_STR, .offset = AT(cc_sent_row, hash) },
    { .name = NULL },
};

const struct cc_field cc_cursor_fields[] = {
    { .name = "delivered_seq",
      .type = CC_FIELD_I64,
      .offset = AT(cc_cursor_row, cursor.delivered_seq) },
    { .name = "read_seq", .type = CC_FIELD_I64, .offset = AT(cc_cursor_row, cursor.read_seq) },
    { .name = "read_count", .type = CC_FIELD_I64, .offset = AT(cc_cursor_row, read_count) },
    { .name = NULL },
};

const struct cc_field cc_member_fields[] = {
    { .name = "role",
      .type = CC_FIELD_ENUM,
      .offset = AT(cc_member, role),
      .values = cc_role_names },
    { .name = "state",
      .type = CC_FIELD_ENUM,
      .offset = AT(cc_member, state),
      .values = cc_member_state_names },
    { .name = "joined", .type = CC_FIELD_I64, .offset = AT(cc_member, joined_ms) },
    { .name = NULL },
};

const struct cc_field cc_user_head_fields[] = {
    { .name = "rev", .type = CC_FIELD_I64, .offset = AT(cc_user_head, rev) },
    { .name = "rooms", .type = CC_FIELD_I64, .offset = AT(cc_user_head, rooms) },
    { .name = NULL },
};

enum cc_code cc_message_load(struct cc_arena *arena, struct cc_str room, const struct cc_item *item,
                             struct cc_message *out, struct cc_err *err)
{
    struct cc_message_row row = { 0 };
    enum cc_code rc = cc_fields_load(arena, cc_message_row_fields, item->body, &row, err);

    if (rc != CC_OK)
        return rc;
    row.message.room = room;
    row.message.id = cc_message_id(arena, room, row.message.seq);
    row.message.text = row.data.text;
    *out = row.message;
    return CC_OK;
}

enum cc_code cc_member_load(struct cc_arena *arena, const struct cc_item *item,
                            struct cc_member *out, struct cc_err *err)
{
    enum cc_code rc = cc_fields_load(arena, cc_member_fields, item->body, out, err);

    if (rc != CC_OK)
        return rc;
    out->user = cc_key_tail(item->key.sk);
    out->rev = item->mrev;
    return CC_OK;
}

void cc_head_begin_stamps(struct cc_txn *txn, struct cc_str room, struct cc_head *head)
{
    const size_t most = CC_STAMPED_MIN - 1;
    struct cc_strs *stamped = &head->stamped;

    if (stamped->count <= most || cc_txn_is_written(txn, cc_key_room(cc_txn_arena(txn), room)))
        return;
    *stamped = (struct cc_strs){ stamped->at + stamped->count - most, most };
}

void cc_head_stamp(struct cc_arena *arena, struct cc_head *head, int64_t rev, struct cc_str sk)
{
    const size_t count = head->stamped.count;
    struct cc_str *stamped = CC_NEW_ARRAY(arena, struct cc_str, count + 1);

    for (size_t i = 0; i < count; i++)
        stamped[i] = head->stamped.at[i];
    stamped[count] = CC_JOIN(arena, cc_str_from_i64(arena, rev), CC_STR(" "), sk);
    head->stamped = (struct cc_strs){ stamped, count + 1 };
}

bool cc_stamp_parse(struct cc_str stamp, int64_t *rev, struct cc_str *sk)
{
    struct cc_str rest = stamp;
    struct cc_str number = cc_str_cut(&rest, ' ');

    *sk = rest;
    return rest.at && cc_str_to_i64(number, 1, INT64_MAX, rev);
}

bool cc_seq_parse(struct cc_str sk, int64_t *out)
{
    struct cc_str digits = cc_key_tail(sk);
    uint64_t value = 0;

    if (!cc_str_starts(sk, CC_STR("MSG#")) || digits.len != SEQ_DIGITS || digits.at[0] > '7')
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        const char c = digits.at[i];
        const bool is_decimal = c >= '0' && c <= '9';

        if (!is_decimal && (c < 'a' || c > 'f'))
            return false;
        value = value << 4 | (uint64_t)(is_decimal ? c - '0' : c - 'a' + 10);
    }
    *out = (int64_t)value;
    return true;
}
