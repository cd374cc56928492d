#include "rows.h"

enum cc_code cc_member_check(struct cc_txn *txn, struct cc_key guard, struct cc_str room,
                             struct cc_str user, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_member member;
    struct cc_item item;
    enum cc_code rc = cc_txn_peek(txn, cc_key_member(arena, room, user), guard, &item, err);

    if (rc == CC_OK)
        rc = cc_member_load(arena, &item, &member, err);
    if (rc == CC_OK && member.state != CC_MEMBER_IN)
        rc = CC_NOT_FOUND;
    return rc;
}

enum cc_code cc_room_enter(struct cc_txn *txn, const struct cc_caller *by, struct cc_str room,
                           struct cc_head *out, struct cc_err *err)
{
    struct cc_key key;
    enum cc_code rc;

    *out = (struct cc_head){ 0 };
    if (!cc_room_id_is_wellformed(room))
        return CC_NOT_FOUND;
    key = cc_key_room(cc_txn_arena(txn), room);
    rc = cc_row_get(txn, key, cc_head_fields, out, err);
    return rc == CC_OK ? cc_member_check(txn, key, room, by->user, err) : rc;
}
