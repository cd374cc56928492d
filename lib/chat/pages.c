#include "rows.h"

/* --- messages in a row ------------------------------------------------------------------------ */

/* Whether none of these is older than HEAD names it. */
static bool are_current(const struct cc_head *head, const struct cc_message *messages, size_t count)
{
    for (size_t i = 0; i < head->stamped.count; i++) {
        struct cc_str sk;
        int64_t rev, seq;

        if (!cc_stamp_parse(head->stamped.at[i], &rev, &sk) || !cc_seq_parse(sk, &seq))
            continue;
        for (size_t k = 0; k < count; k++) {
            if (messages[k].seq == seq && messages[k].rev < rev)
                return false;
        }
    }
    return true;
}

enum cc_code cc_messages_load(struct cc_txn *txn, const struct cc_room_head *room, int64_t from,
                              size_t count, struct cc_message *out, struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    struct cc_range range = cc_range_messages(arena, room->id, from, from + (int64_t)count - 1);

    if (count == 0)
        return CC_OK;
    range.newest_first = true;
    range.limit = count;
    range.guard = cc_key_room(arena, room->id);
    for (int look = 0; look < CC_LOOKS_MAX; look++) {
        struct cc_items items;
        enum cc_code rc = cc_txn_query(txn, &range, &items, err);

        if (rc == CC_OK && items.more) /* there are no others in this range: it is the bytes */
            return CC_TOO_LARGE;
        for (size_t i = 0; rc == CC_OK && i < items.count; i++)
            rc = cc_message_load(arena, room->id, &items.at[i], &out[i], err);
        if (rc != CC_OK || (items.count == count && are_current(&room->head, out, count)))
            return rc;
    }
    return cc_fail(err, CC_UNAVAILABLE, NULL, "messages from %lld are not what HEAD says",
                   (long long)from);
}

/* --- a page of messages ----------------------------------------------------------------------- */

struct span {
    int64_t from, to; /* both included; empty when to < from */
};

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static struct span clamp(struct span span, int64_t newest)
{
    if (span.from < 1)
        span.from = 1;
    if (span.to > newest)
        span.to = newest;
    if (span.to < 0)
        span.to = 0;
    return span;
}

/* Around: half of them older, and where one side has too few, the other makes up for it. */
static struct span around(int64_t seq, int64_t limit, int64_t newest)
{
    int64_t from = seq - limit / 2;

    if (from > newest - limit + 1)
        from = newest - limit + 1;
    if (from < 1)
        from = 1;
    return clamp((struct span){ from, from + limit - 1 }, newest);
}

/* Seqs have no holes, so what is nearest can be counted. */
static struct span span_of(const struct cc_message_query *query, int64_t newest)
{
    const int64_t limit = query->limit;
    int64_t seq;

    switch (query->from) {
    case CC_PAGE_BEFORE:
        seq = smaller(query->seq, newest + 1);
        return clamp((struct span){ seq - limit, seq - 1 }, newest);
    case CC_PAGE_AFTER:
        seq = smaller(query->seq, newest);
        return clamp((struct span){ seq + 1, seq + limit }, newest);
    case CC_PAGE_AROUND:
        return around(smaller(query->seq, newest), limit, newest);
    case CC_PAGE_NEWEST:
        break;
    }
    return clamp((struct span){ newest - limit + 1, newest }, newest);
}

struct listing {
    const struct cc_caller *by;
    const struct cc_message_query *query;
    struct cc_message_page page;
};

static enum cc_code load_span(struct cc_txn *txn, struct listing *l,
                              const struct cc_room_head *room, struct span span, struct cc_err *err)
{
    struct cc_message *messages;

    l->page = (struct cc_message_page){ .has_before = span.from > 1,
                                        .has_after = span.to < room->head.seq,
                                        .seq = room->head.seq,
                                        .rev = room->head.rev };
    l->page.count = span.to < span.from ? 0 : (size_t)(span.to - span.from + 1);
    messages = CC_NEW_ARRAY(cc_txn_arena(txn), struct cc_message, l->page.count);
    l->page.at = messages;
    return cc_messages_load(txn, room, span.from, l->page.count, messages, err);
}

/* Where the messages are long, the page holds fewer: those that are nearest. */
static enum cc_code list_in(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct listing *l = arg;
    struct cc_message_query query = *l->query;
    struct cc_room_head room = { .id = query.room };
    enum cc_code rc = cc_room_enter(txn, l->by, room.id, &room.head, err);

    if (rc != CC_OK)
        return rc;
    if (query.from == CC_PAGE_NEWEST && query.known_rev == room.head.rev) {
        l->page = (struct cc_message_page){ .rev = room.head.rev, .unchanged = true };
        return CC_OK;
    }
    rc = load_span(txn, l, &room, span_of(&query, room.head.seq), err);
    while (rc == CC_TOO_LARGE && query.limit > 1) {
        query.limit /= 2;
        rc = load_span(txn, l, &room, span_of(&query, room.head.seq), err);
    }
    return rc;
}

enum cc_code cc_message_list(const struct cc_caller *by, const struct cc_message_query *query,
                             struct cc_message_page *out, struct cc_err *err)
{
    struct listing l = { .by = by, .query = query };
    enum cc_code rc = cc_store_view(by->chat->store, by->arena, list_in, &l, err);

    if (rc == CC_OK)
        *out = l.page;
    return rc;
}
