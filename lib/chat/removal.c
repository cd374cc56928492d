#include "rows.h"

/* One transaction holds the hints of so many rooms, and what is read beside them. */
#define ROOMS_AT_ONCE 90

struct counting {
    struct cc_str user;
    struct cc_user_head head;
};

static enum cc_code count_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct counting *c = arg;
    enum cc_code rc = cc_row_get(txn, cc_key_user_head(cc_txn_arena(txn), c->user),
                                 cc_user_head_fields, &c->head, err);

    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

enum cc_code cc_person_count_rooms(struct cc_chat *chat, struct cc_arena *arena, struct cc_str user,
                                   int64_t *out, struct cc_err *err)
{
    struct counting c = { .user = user };
    enum cc_code rc = cc_store_view(chat->store, arena, count_in, &c, err);

    if (rc == CC_OK)
        *out = c.head.rooms;
    return rc;
}

struct forgetting {
    struct cc_str user;
    bool more;
};

/* Without a profile nobody gets into a further room: what is found is all there will ever be. */
static enum cc_code check_gone(struct cc_txn *txn, struct cc_str user, struct cc_err *err)
{
    struct cc_profile profile;
    enum cc_code rc = cc_profile_get(txn, user, &profile, err);

    if (rc == CC_OK)
        return cc_fail(err, CC_CONFLICT, NULL, "a user with a profile is not forgotten");
    return rc == CC_NOT_FOUND ? CC_OK : rc;
}

/* HEAD goes last: as long as it is there, so is something to forget. */
static enum cc_code delete_head(struct cc_txn *txn, struct cc_str user, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    enum cc_code rc = cc_txn_delete(txn, cc_key_limit(arena, "discover", user), err);

    return rc == CC_OK ? cc_txn_delete(txn, cc_key_user_head(arena, user), err) : rc;
}

static enum cc_code forget_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct forgetting *f = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_range range = cc_range_user_rooms(arena, f->user);
    struct cc_items hints;
    struct cc_item ignored;
    enum cc_code rc = check_gone(txn, f->user, err);

    f->more = false;
    range.limit = ROOMS_AT_ONCE;
    range.guard = cc_key_user_head(arena, f->user);
    if (rc == CC_OK)
        rc = cc_txn_get(txn, range.guard, &ignored, err);
    if (rc != CC_OK)
        return rc == CC_NOT_FOUND ? CC_OK : rc;
    rc = cc_txn_query(txn, &range, &hints, err);
    for (size_t i = 0; rc == CC_OK && i < hints.count; i++)
        rc = cc_txn_delete(txn, hints.at[i].key, err);
    if (rc != CC_OK)
        return rc;
    f->more = hints.more;
    return f->more ? CC_OK : delete_head(txn, f->user, err);
}

enum cc_code cc_person_forget(struct cc_chat *chat, struct cc_arena *arena, struct cc_str user,
                              struct cc_err *err)
{
    struct forgetting f = { .user = user };
    enum cc_code rc;

    do
        rc = cc_store_run(chat->store, arena, forget_in, &f, err);
    while (rc == CC_OK && f.more);
    return rc;
}
