#include "rows.h"

#include "../base/id.h"

bool cc_profile_is_discoverable(const struct cc_profile *profile)
{
    return profile->phone_number.at && !profile->hidden_by_number;
}

/* Whether he may see the profile: he himself, who may find its owner by number, who shares a room
 * with him. `direct` is the id of the direct room of the two. CC_NOT_FOUND. */
static enum cc_code check_visible(struct cc_txn *txn, const struct cc_caller *by,
                                  const struct cc_profile *profile, struct cc_str direct,
                                  struct cc_err *err)
{
    struct cc_head head;

    if (cc_str_eq(profile->user, by->user) || cc_profile_is_discoverable(profile))
        return CC_OK;
    return cc_room_enter(txn, by, direct, &head, err);
}

/* --- others ----------------------------------------------------------------------------------- */

struct looking {
    const struct cc_caller *by;
    struct cc_str user;
    struct cc_str direct;
    struct cc_profile profile;
};

static enum cc_code look_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct looking *l = arg;
    enum cc_code rc = cc_profile_get(txn, l->user, &l->profile, err);

    return rc == CC_OK ? check_visible(txn, l->by, &l->profile, l->direct, err) : rc;
}

enum cc_code cc_person_get(const struct cc_caller *by, struct cc_str user, struct cc_profile *out,
                           struct cc_err *err)
{
    struct looking l = { .by = by, .user = user };
    enum cc_code rc;

    if (!cc_id_is_wellformed(user))
        return cc_fail(err, CC_NOT_FOUND, NULL, "not the id of a user");
    l.direct = cc_room_id_direct(by->arena, by->user, user);
    rc = cc_store_view(by->chat->store, by->arena, look_in, &l, err);
    if (rc == CC_OK)
        *out = l.profile;
    return rc;
}

/* --- oneself ---------------------------------------------------------------------------------- */

/* That his session was there is good for some seconds; the account may have been removed since. */
enum cc_code cc_profile_of_caller(struct cc_txn *txn, const struct cc_caller *by,
                                  struct cc_profile *out, struct cc_err *err)
{
    enum cc_code rc = cc_profile_get(txn, by->user, out, err);

    if (rc == CC_NOT_FOUND)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "the caller's account was removed");
    return rc;
}

struct reading {
    const struct cc_caller *by;
    struct cc_profile profile;
};

static enum cc_code read_own(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct reading *r = arg;

    return cc_profile_of_caller(txn, r->by, &r->profile, err);
}

enum cc_code cc_profile_own(const struct cc_caller *by, struct cc_profile *out, struct cc_err *err)
{
    struct reading r = { .by = by };
    enum cc_code rc = cc_store_view(by->chat->store, by->arena, read_own, &r, err);

    if (rc == CC_OK)
        *out = r.profile;
    return rc;
}

/* The user's HEAD tells his other devices that something of his own has changed. */
enum cc_code cc_profile_save(struct cc_txn *txn, struct cc_profile *profile, struct cc_err *err)
{
    struct cc_key key = cc_key_user_head(cc_txn_arena(txn), profile->user);
    struct cc_user_head head = { 0 };
    enum cc_code rc = cc_row_get(txn, key, cc_user_head_fields, &head, err);

    if (rc != CC_OK && rc != CC_NOT_FOUND)
        return rc;
    head.rev++;
    profile->updated_ms = cc_txn_now_ms(txn);
    rc = cc_profile_put(txn, profile, err);
    return rc == CC_OK ? cc_row_put(txn, key, cc_user_head_fields, &head, err) : rc;
}

struct changing {
    const struct cc_caller *by;
    const struct cc_profile_change *change;
    struct cc_profile profile;
};

static enum cc_code change_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct changing *c = arg;
    enum cc_code rc = cc_profile_of_caller(txn, c->by, &c->profile, err);

    if (rc != CC_OK)
        return rc;
    if (c->change->name.at)
        c->profile.name = c->change->name;
    if (c->change->discoverable)
        c->profile.hidden_by_number = !*c->change->discoverable;
    return cc_profile_save(txn, &c->profile, err);
}

enum cc_code cc_profile_change(const struct cc_caller *by, const struct cc_profile_change *change,
                               struct cc_profile *out, struct cc_err *err)
{
    struct changing c = { .by = by, .change = change };
    enum cc_code rc = cc_store_run(by->chat->store, by->arena, change_in, &c, err);

    if (rc == CC_OK)
        *out = c.profile;
    return rc;
}
