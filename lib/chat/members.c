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

/* The member is looked for whether there is such a room or not, and what HEAD says is read for him
 * alone: neither an error nor the time it takes tells others that it is there. */
enum cc_code cc_room_enter(struct cc_txn *txn, const struct cc_caller *by, struct cc_str room,
                           struct cc_head *out, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_item item;
    struct cc_key key;
    enum cc_code found, rc;

    *out = (struct cc_head){ 0 };
    if (!cc_room_id_is_wellformed(room))
        return CC_NOT_FOUND;
    key = cc_key_room(arena, room);
    found = cc_txn_expect(txn, (const struct cc_key[]){ key, cc_key_member(arena, room, by->user) },
                          2, err);
    if (found != CC_OK)
        return found;
    found = cc_txn_get(txn, key, &item, err);
    if (found != CC_OK && found != CC_NOT_FOUND)
        return found;
    rc = cc_member_check(txn, key, room, by->user, err);
    if (rc != CC_OK || found != CC_OK)
        return rc != CC_OK ? rc : found;
    return cc_fields_load(arena, cc_head_fields, item.body, out, err);
}
