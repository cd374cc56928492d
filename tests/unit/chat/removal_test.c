/* What is left of who is removed. */
#include "house.h"

#include "identity/items.h"
#include "store/keys.h"

#define MANY_ROOMS 200

static enum cc_code delete_profile(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    return cc_profile_delete(txn, *(struct cc_str *)arg, err);
}

static void remove_profile(struct house *h, struct cc_str user)
{
    struct cc_err err = { 0 };

    ck_assert_int_eq(cc_store_run(h->store, h->arena, delete_profile, &user, &err), CC_OK);
}

static enum cc_code forget(struct house *h, struct cc_str user)
{
    struct cc_err err = { 0 };

    return cc_person_forget(h->chat, h->arena, user, &err);
}

static enum cc_code count_item(const struct cc_item *item, void *arg, struct cc_err *err)
{
    (void)item;
    (void)err;
    ++*(size_t *)arg;
    return CC_OK;
}

static size_t items_of(struct house *h, struct cc_str user)
{
    const struct cc_str pk = cc_key_profile(h->arena, user).pk;
    struct cc_err err = { 0 };
    size_t count = 0;

    ck_assert_int_eq(cc_store_walk(h->store, pk, count_item, &count, &err), CC_OK);
    return count;
}

static int64_t rooms_of(struct house *h, struct cc_str user)
{
    struct cc_err err = { 0 };
    int64_t rooms = -1;

    ck_assert_int_eq(cc_person_count_rooms(h->chat, h->arena, user, &rooms, &err), CC_OK);
    return rooms;
}

START_TEST(rooms_and_what_was_said_stay_for_the_others_who_see_that_he_is_gone)
{
    struct cc_caller ada, bob;
    struct cc_room_page page;
    struct cc_message message;
    struct cc_err err = { 0 };
    struct cc_room room;
    struct house h;

    house_open(&h, NULL);
    ada = house_user(&h, "ada", "+4915112345678");
    bob = house_user(&h, "bob", "+4915112345679");
    room.id = house_room(&ada, &bob);
    message = house_say(&bob, room.id, "Hello Ada");
    remove_profile(&h, bob.user);
    ck_assert_int_eq(forget(&h, bob.user), CC_OK);
    room = house_look(&ada, room.id);
    ck_assert(room.other.is_gone);
    cc_check_str(room.other.user, CC_STR("bob"));
    cc_check_str(room.other.name, CC_STR(""));
    ck_assert(!room.other.photo.at);
    ck_assert_int_eq(cc_message_get(&ada, message.id, &message, &err), CC_OK);
    cc_check_str(message.text, CC_STR("Hello Ada"));
    ck_assert_int_eq(cc_room_list(&ada, &(struct cc_room_query){ .limit = 10 }, &page, &err),
                     CC_OK);
    ck_assert_uint_eq(page.count, 1);
    ck_assert(page.at[0].other.is_gone);
    house_close(&h);
}
END_TEST

START_TEST(who_is_there_is_not_said_to_be_gone)
{
    struct cc_caller ada, bob;
    struct house h;

    house_open(&h, NULL);
    ada = house_user(&h, "ada", "+4915112345678");
    bob = house_user(&h, "bob", "+4915112345679");
    ck_assert(!house_look(&ada, house_room(&ada, &bob)).other.is_gone);
    house_close(&h);
}
END_TEST

START_TEST(with_who_is_gone_nobody_begins_a_room_and_he_begins_none)
{
    struct cc_caller ada, bob;
    struct cc_room_made made;
    struct cc_err err = { 0 };
    struct house h;

    house_open(&h, NULL);
    ada = house_user(&h, "ada", "+4915112345678");
    bob = house_user(&h, "bob", "+4915112345679");
    remove_profile(&h, bob.user);
    for (int i = 0; i < 2; i++) {
        const struct cc_str users[] = { ada.user, bob.user };
        const struct cc_room_draft draft = { { users, CC_COUNT(users) } };

        cc_err_clear(&err);
        ck_assert_int_eq(cc_room_create(i ? &bob : &ada, &draft, &made, &err), CC_NOT_FOUND);
    }
    ck_assert_uint_eq(items_of(&h, bob.user), 0);
    house_close(&h);
}
END_TEST

START_TEST(of_hundreds_of_rooms_not_one_is_left_that_names_him)
{
    struct cc_caller ada;
    struct house h;

    house_open(&h, NULL);
    ada = house_user(&h, "ada", "+4915112345678");
    for (int i = 0; i < MANY_ROOMS; i++) {
        const char *name = cc_str_format(h.arena, "user-%d", i).at;
        struct cc_caller other = house_user(&h, name, cc_str_format(h.arena, "+49151%07d", i).at);

        house_room(&ada, &other);
    }
    ck_assert_int_eq(rooms_of(&h, ada.user), MANY_ROOMS);
    remove_profile(&h, ada.user);
    ck_assert_uint_eq(items_of(&h, ada.user), MANY_ROOMS + 1);
    ck_assert_int_eq(forget(&h, ada.user), CC_OK);
    ck_assert_uint_eq(items_of(&h, ada.user), 0);
    ck_assert_int_eq(rooms_of(&h, ada.user), 0);
    ck_assert_int_eq(forget(&h, ada.user), CC_OK);
    house_close(&h);
}
END_TEST

START_TEST(who_has_a_profile_is_not_forgotten)
{
    struct cc_caller ada, bob;
    struct house h;

    house_open(&h, NULL);
    ada = house_user(&h, "ada", "+4915112345678");
    bob = house_user(&h, "bob", "+4915112345679");
    house_room(&ada, &bob);
    ck_assert_int_eq(forget(&h, ada.user), CC_CONFLICT);
    ck_assert_int_eq(rooms_of(&h, ada.user), 1);
    house_close(&h);
}
END_TEST

/* His session may be remembered for some seconds. */
START_TEST(who_is_gone_is_signed_out_also_where_his_session_is_remembered)
{
    const struct cc_profile_change change = { .name = CC_STR("Bobby") };
    struct cc_caller bob;
    struct cc_profile profile;
    struct cc_err err = { 0 };
    struct house h;

    house_open(&h, NULL);
    bob = house_user(&h, "bob", "+4915112345679");
    remove_profile(&h, bob.user);
    ck_assert_int_eq(cc_profile_own(&bob, &profile, &err), CC_UNAUTHORIZED);
    ck_assert_int_eq(cc_profile_change(&bob, &change, &profile, &err), CC_UNAUTHORIZED);
    ck_assert_int_eq(cc_photo_remove(&bob, &err), CC_UNAUTHORIZED);
    ck_assert_uint_eq(items_of(&h, bob.user), 0);
    house_close(&h);
}
END_TEST

CC_CHECK_MAIN("chat/removal", rooms_and_what_was_said_stay_for_the_others_who_see_that_he_is_gone,
              who_is_there_is_not_said_to_be_gone,
              with_who_is_gone_nobody_begins_a_room_and_he_begins_none,
              of_hundreds_of_rooms_not_one_is_left_that_names_him,
              who_has_a_profile_is_not_forgotten,
              who_is_gone_is_signed_out_also_where_his_session_is_remembered)
