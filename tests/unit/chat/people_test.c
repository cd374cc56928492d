#include "house.h"

#include "base/field.h"
#include "store/keys.h"

static enum cc_code look(const struct cc_caller *by, const char *user, struct cc_profile *out)
{
    struct cc_err err = { 0 };

    return cc_person_get(by, cc_str_from(user), out, &err);
}

static void hide(const struct cc_caller *by, bool hidden)
{
    const bool discoverable = !hidden;
    const struct cc_profile_change change = { .discoverable = &discoverable };
    struct cc_profile profile;
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_profile_change(by, &change, &profile, &err), CC_OK);
    ck_assert_int_eq(profile.hidden_by_number, hidden);
}

START_TEST(who_can_be_found_by_number_is_seen_by_everybody)
{
    struct house h;
    struct cc_caller ann, bob;
    struct cc_profile profile;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    bob = house_user(&h, "bob", "+4915100000002");
    ck_assert_int_eq(look(&ann, "bob", &profile), CC_OK);
    cc_check_str(profile.name, CC_STR("bob"));
    hide(&bob, true);
    ck_assert_int_eq(look(&ann, "bob", &profile), CC_NOT_FOUND);
    hide(&bob, false);
    ck_assert_int_eq(look(&ann, "bob", &profile), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(who_shares_a_room_sees_whom_nobody_else_sees)
{
    struct house h;
    struct cc_caller ann, bob, eve;
    struct cc_profile profile;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    bob = house_user(&h, "bob", "+4915100000002");
    eve = house_user(&h, "eve", "+4915100000003");
    ck_assert_int_eq(look(&bob, "ann", &profile), CC_NOT_FOUND);
    house_room(&ann, &bob);
    hide(&bob, true);
    ck_assert_int_eq(look(&bob, "ann", &profile), CC_OK);
    ck_assert_int_eq(look(&ann, "bob", &profile), CC_OK);
    ck_assert_int_eq(look(&eve, "ann", &profile), CC_NOT_FOUND);
    ck_assert_int_eq(look(&eve, "bob", &profile), CC_NOT_FOUND);
    house_close(&h);
}
END_TEST

START_TEST(everybody_sees_himself)
{
    struct house h;
    struct cc_caller ann;
    struct cc_profile profile;
    struct cc_err err = { 0 };

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    hide(&ann, true);
    ck_assert_int_eq(cc_profile_own(&ann, &profile, &err), CC_OK);
    cc_check_str(profile.user, CC_STR("ann"));
    ck_assert_int_eq(profile.created_ms, HOUSE_NOW_MS);
    house_close(&h);
}
END_TEST

START_TEST(nobody_and_what_is_no_id_are_not_found)
{
    static const char *const ids[] = { "nobody", "", "..", "a/b", "bob#", "b b" };
    struct house h;
    struct cc_caller ann;
    struct cc_profile profile;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", NULL);
    house_user(&h, "bob", "+4915100000002");
    for (size_t i = 0; i < CC_COUNT(ids); i++)
        ck_assert_msg(look(&ann, ids[i], &profile) == CC_NOT_FOUND, "%s", ids[i]);
    house_close(&h);
}
END_TEST

struct user_head {
    int64_t rev, rooms;
};

static const struct cc_field user_head_fields[] = {
    { .name = "rev", .type = CC_FIELD_I64, .offset = offsetof(struct user_head, rev) },
    { .name = "rooms", .type = CC_FIELD_I64, .offset = offsetof(struct user_head, rooms) },
    { .name = NULL },
};

static enum cc_code read_ann(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_item item;
    enum cc_code rc = cc_txn_get(txn, cc_key_user_head(arena, CC_STR("ann")), &item, err);

    return rc == CC_OK ? cc_fields_load(arena, user_head_fields, item.body, arg, err) : rc;
}

START_TEST(a_new_name_is_seen_at_once_and_noted_at_the_users_head)
{
    const struct cc_profile_change change = { .name = CC_STR("Anna") };
    struct house h;
    struct cc_caller ann, bob;
    struct cc_profile profile;
    struct user_head before, after;
    struct cc_err err = { 0 };
    struct cc_str room;

    house_open(&h, NULL);
    ann = house_user(&h, "ann", "+4915100000001");
    bob = house_user(&h, "bob", "+4915100000002");
    room = house_room(&ann, &bob);
    ck_assert_int_eq(cc_store_view(h.store, h.arena, read_ann, &before, &err), CC_OK);
    house_turn(&h, 5000);
    ck_assert_int_eq(cc_profile_change(&ann, &change, &profile, &err), CC_OK);
    cc_check_str(profile.name, CC_STR("Anna"));
    cc_check_str(profile.phone_number, CC_STR("+4915100000001"));
    ck_assert_int_eq(profile.updated_ms, HOUSE_NOW_MS + 5000);
    cc_check_str(house_look(&bob, room).other.name, CC_STR("Anna"));
    ck_assert_int_eq(cc_store_view(h.store, h.arena, read_ann, &after, &err), CC_OK);
    ck_assert_int_eq(after.rev, before.rev + 1);
    ck_assert_int_eq(after.rooms, before.rooms);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("chat/people", who_can_be_found_by_number_is_seen_by_everybody,
              who_shares_a_room_sees_whom_nobody_else_sees, everybody_sees_himself,
              nobody_and_what_is_no_id_are_not_found,
              a_new_name_is_seen_at_once_and_noted_at_the_users_head)
