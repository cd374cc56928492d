#include "rows.h"

#include "../base/digest.h"
#include "../base/encode.h"

#include <stdlib.h>

#define TAG_BYTES 16

struct asking {
    const struct cc_caller *by;
    const struct cc_changes_ask *ask;
    struct cc_sync since;
    struct cc_room_head room;
    struct cc_changes changes;
    bool half_seen; /* HEAD announces what is not there yet */
};

static enum cc_code parse_since(struct asking *a, struct cc_err *err)
{
    a->since = (struct cc_sync){ 0, 0, false };
    if (a->ask->since.at && !cc_sync_parse(a->by, a->ask->since, &a->since))
        return cc_fail_field(err, "/since", "is not a sync token");
    return CC_OK;
}

/* A number from the future is one from a past that a restore has undone. */
static bool is_foreign(const struct asking *a)
{
    return a->since.foreign || a->since.rev > a->room.head.rev || a->since.seq > a->room.head.seq;
}

static bool wants_room(const struct asking *a)
{
    return !a->ask->since.at || a->since.rev < a->room.head.settings_rev;
}

static enum cc_code enter(struct cc_txn *txn, struct asking *a, struct cc_err *err)
{
    a->room.id = a->ask->room;
    return cc_room_enter(txn, a->by, a->room.id, &a->room.head, err);
}

static enum cc_code load_room(struct cc_txn *txn, struct asking *a, struct cc_err *err)
{
    size_t count = 1;
    enum cc_code rc = cc_rooms_load(txn, a->by, &a->room, &a->changes.room, &count, err);

    a->changes.has_room = true;
    return rc == CC_OK && count == 0 ? CC_NOT_FOUND : rc;
}

/* --- the two ranges --------------------------------------------------------------------------- */

/* What is given of each range, and what the next token must say of it. */
struct page {
    struct cc_message *messages;
    size_t message_count;
    struct cc_member *members;
    size_t member_count;
    size_t left; /* of the limit */
    struct cc_sync next;
    bool more;
};

/* One changed row. A message behind since.seq comes with the other range, in its present state;
 * what a newer version of this program wrote is not ours to show. */
static enum cc_code add_changed(struct cc_arena *arena, const struct asking *a,
                                const struct cc_item *item, struct page *page, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    if (cc_str_starts(item->key.sk, CC_STR("MEMBER#")))
        return cc_member_load(arena, item, &page->members[page->member_count++], err);
    if (!cc_str_starts(item->key.sk, CC_STR("MSG#")))
        return CC_OK;
    rc = cc_message_load(arena, a->room.id, item, &page->messages[page->message_count], err);
    if (rc == CC_OK && page->messages[page->message_count].seq <= a->since.seq)
        page->message_count++;
    return rc;
}

static int compare_seq(const void *a, const void *b)
{
    const int64_t left = ((const struct cc_message *)a)->seq;
    const int64_t right = ((const struct cc_message *)b)->seq;

    return (left > right) - (left < right);
}

static bool is_stamped_later(const struct cc_head *head, size_t stamp, struct cc_str sk)
{
    for (size_t i = stamp + 1; i < head->stamped.count; i++) {
        struct cc_str other;
        int64_t rev;

        if (cc_stamp_parse(head->stamped.at[i], &rev, &other) && cc_str_eq(other, sk))
            return true;
    }
    return false;
}

/* Whether those are there, as new as that, that HEAD names within the range of the items. */
static bool have_stamped_members(const struct cc_head *head, int64_t after, int64_t up_to,
                                 const struct cc_items *items)
{
    for (size_t i = 0; i < head->stamped.count; i++) {
        struct cc_str sk;
        int64_t rev;
        size_t k = 0;

        if (!cc_stamp_parse(head->stamped.at[i], &rev, &sk) || rev <= after || rev > up_to ||
            !cc_str_starts(sk, CC_STR("MEMBER#")) || is_stamped_later(head, i, sk))
            continue;
        while (k < items->count && !cc_str_eq(items->at[k].key.sk, sk))
            k++;
        if (k == items->count || items->at[k].mrev < rev)
            return false;
    }
    return true;
}

/* Rows whose mrev lies after since.rev. */
static enum cc_code read_changed(struct cc_txn *txn, struct asking *a, struct page *page,
                                 struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const struct cc_key head = cc_key_room(arena, a->room.id);
    const struct cc_changed range = { .pk = head.pk,
                                      .after = a->since.rev,
                                      .up_to = a->room.head.rev,
                                      .limit = page->left,
                                      .guard = head };
    struct cc_items items;
    enum cc_code rc = cc_txn_changed(txn, &range, &items, err);

    if (rc != CC_OK)
        return rc;
    for (size_t i = 0; i < items.count && rc == CC_OK; i++)
        rc = add_changed(arena, a, &items.at[i], page, err);
    qsort(page->messages, page->message_count, sizeof(*page->messages), compare_seq);
    page->left -= items.count;
    page->more = items.more;
    page->next.rev = items.more ? items.at[items.count - 1].mrev : a->room.head.rev;
    a->half_seen = !have_stamped_members(&a->room.head, a->since.rev, page->next.rev, &items);
    return rc;
}

/* Messages after since.seq, as many as the limit still allows; fewer where they are long. */
static enum cc_code read_new(struct cc_txn *txn, const struct asking *a, struct page *page,
                             struct cc_err *err)
{
    const int64_t behind = a->room.head.seq - a->since.seq;
    size_t count = behind < (int64_t)page->left ? (size_t)behind : page->left;
    struct cc_message *added = page->messages + page->message_count;
    enum cc_code rc = cc_messages_load(txn, &a->room, a->since.seq + 1, count, added, err);

    while (rc == CC_TOO_LARGE && count > 1) {
        count /= 2;
        rc = cc_messages_load(txn, &a->room, a->since.seq + 1, count, added, err);
    }
    if (rc != CC_OK)
        return rc;
    qsort(added, count, sizeof(*added), compare_seq);
    page->message_count += count;
    page->next.seq = a->since.seq + (int64_t)count;
    page->more = page->more || (int64_t)count < behind;
    return CC_OK;
}

static enum cc_code read_page(struct cc_txn *txn, struct asking *a, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    const size_t limit = (size_t)a->ask->limit;
    struct page page = { .messages = CC_NEW_ARRAY(arena, struct cc_message, limit),
                         .members = CC_NEW_ARRAY(arena, struct cc_member, limit),
                         .left = limit };
    enum cc_code rc = read_changed(txn, a, &page, err);

    if (rc == CC_OK && !a->half_seen)
        rc = read_new(txn, a, &page, err);
    a->changes.messages = page.messages;
    a->changes.message_count = page.message_count;
    a->changes.members = page.members;
    a->changes.member_count = page.member_count;
    a->changes.more = page.more;
    a->changes.sync = cc_sync_format(a->by, page.next.rev, page.next.seq);
    return rc;
}

/* HEAD is read first, and all that follows goes up to what it says. */
static enum cc_code read_once(struct cc_txn *txn, struct asking *a, struct cc_err *err)
{
    const struct cc_head *head = &a->room.head;
    enum cc_code rc = enter(txn, a, err);

    if (rc != CC_OK)
        return rc;
    a->changes = (struct cc_changes){ .rev = head->rev };
    a->half_seen = false;
    if (is_foreign(a)) {
        a->changes.reset = true;
        a->changes.sync = cc_sync_format(a->by, head->rev, head->seq);
        return CC_OK;
    }
    rc = read_page(txn, a, err);
    if (rc != CC_OK || a->half_seen)
        return rc;
    if (wants_room(a))
        rc = load_room(txn, a, err);
    return rc == CC_OK ? cc_cursors_load(txn, a->room.id, &a->changes.cursors, err) : rc;
}

static enum cc_code read_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct asking *a = arg;

    for (int look = 0; look < CC_LOOKS_MAX; look++) {
        enum cc_code rc = read_once(txn, a, err);

        if (rc != CC_OK || !a->half_seen)
            return rc;
    }
    return cc_fail(err, CC_UNAVAILABLE, NULL, "members are not what HEAD says");
}

enum cc_code cc_changes_read(const struct cc_caller *by, const struct cc_changes_ask *ask,
                             struct cc_changes *out, struct cc_err *err)
{
    struct asking a = { .by = by, .ask = ask };
    enum cc_code rc = parse_since(&a, err);

    if (rc == CC_OK)
        rc = cc_store_view(by->chat->store, by->arena, read_in, &a, err);
    if (rc == CC_OK)
        *out = a.changes;
    return rc;
}

/* --- the tag ---------------------------------------------------------------------------------- */

static enum cc_code tag_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct asking *a = arg;
    enum cc_code rc = enter(txn, a, err);

    if (rc == CC_OK)
        rc = cc_cursors_load(txn, a->room.id, &a->changes.cursors, err);
    return rc == CC_OK && wants_room(a) ? load_room(txn, a, err) : rc;
}

static struct cc_str describe_cursors(const struct asking *a)
{
    struct cc_arena *arena = a->by->arena;
    struct cc_str text = CC_STR("");

    for (size_t i = 0; i < a->changes.cursors.count; i++) {
        const struct cc_cursor *cursor = &a->changes.cursors.at[i];

        text = CC_JOIN(arena, text, CC_STR(" "), cc_str_from_i64(arena, cursor->delivered_seq),
                       CC_STR("/"), cc_str_from_i64(arena, cursor->read_seq));
    }
    return text;
}

/* rev says all that is in the room, but for cursors and, where the room itself is told of, what the
 * other is called and looks like. */
static struct cc_str make_tag(const struct asking *a)
{
    const struct cc_profile *other = &a->changes.room.other;
    struct cc_arena *arena = a->by->arena;
    const struct cc_str parts[] = {
        a->by->user,
        a->room.id,
        a->ask->since,
        cc_str_from_i64(arena, a->ask->limit),
        cc_str_from_i64(arena, a->room.head.rev),
        describe_cursors(a),
        other->photo,
        other->name,
    };
    unsigned char digest[CC_SHA256_SIZE];

    cc_hmac_sha256(cc_store_epoch(a->by->chat->store), parts, CC_COUNT(parts), digest);
    return cc_base64url_encode(arena, (struct cc_str){ (const char *)digest, TAG_BYTES });
}

enum cc_code cc_changes_tag(const struct cc_caller *by, const struct cc_changes_ask *ask,
                            struct cc_str *out, struct cc_err *err)
{
    struct asking a = { .by = by, .ask = ask };
    enum cc_code rc = parse_since(&a, err);

    if (rc == CC_OK)
        rc = cc_store_view(by->chat->store, by->arena, tag_in, &a, err);
    if (rc == CC_OK)
        *out = make_tag(&a);
    return rc;
}
