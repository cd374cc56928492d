#include "tests/contract/power_judge.h"

#include "chat/rows.h"

#include <stdarg.h>
#include <stdio.h>

const char *const power_verdict_names[] = {
    "sound", "refused", "damaged", "lost", "wrong", "stuck"
};

/* What is looked at: a store as it was found, and what was known when the power went. */
struct look {
    struct power_scene *scene;
    struct house house;
    struct power_finding *out;
    bool opened, rooms_made; /* were acknowledged */
    size_t said;             /* numbers of scene->said that were, in `acknowledged` */
    int *acknowledged;
    int room;         /* the one that is read */
    int64_t messages; /* of all rooms */
};

/* The first complaint stays. Always false, to be passed on. */
static bool complain(struct look *look, enum power_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool complain(struct look *look, enum power_verdict verdict, const char *format, ...)
{
    va_list args;

    if (look->out->verdict != POWER_SOUND)
        return false;
    look->out->verdict = verdict;
    va_start(args, format);
    vsnprintf(look->out->why, sizeof(look->out->why), format, args);
    va_end(args);
    return false;
}

static void read_notes(struct look *look, size_t ops)
{
    const struct power_log *log = &look->scene->log;

    look->acknowledged = CC_NEW_ARRAY(look->house.arena, int, POWER_SAID_MAX);
    for (size_t i = 0; i < ops; i++) {
        const struct power_op *op = &log->ops[i];

        if (op->kind != POWER_NOTE)
            continue;
        if (op->at >= 0)
            look->acknowledged[look->said++] = (int)op->at;
        look->opened |= op->at == POWER_OPENED;
        look->rooms_made |= op->at == POWER_ROOMS_MADE;
    }
}

/* --- one room --------------------------------------------------------------------------------- */

struct room {
    struct cc_str id;
    struct cc_head head;
    struct cc_message *messages; /* [seq - 1] */
};

static bool read_messages(struct look *look, struct cc_txn *txn, struct room *room,
                          struct cc_err *err)
{
    struct cc_arena *arena = cc_txn_arena(txn);
    int64_t next = 1;
    bool more = true;

    room->messages = CC_NEW_ARRAY(arena, struct cc_message, (size_t)room->head.seq);
    while (more) {
        struct cc_range range = cc_range_messages(arena, room->id, next, INT64_MAX);
        struct cc_items items;

        if (cc_txn_query(txn, &range, &items, err) != CC_OK)
            return complain(look, POWER_DAMAGED, "messages: %s", err->cause);
        for (size_t i = 0; i < items.count; i++, next++) {
            struct cc_message message;

            if (cc_message_load(arena, room->id, &items.at[i], &message, err) != CC_OK)
                return complain(look, POWER_WRONG, "a message: %s", err->cause);
            if (message.seq != next || next > room->head.seq)
                return complain(look, POWER_WRONG, "seq %lld where %lld belongs, HEAD has %lld",
                                (long long)message.seq, (long long)next, (long long)room->head.seq);
            room->messages[next - 1] = message;
        }
        more = items.more;
    }
    if (next - 1 != room->head.seq)
        return complain(look, POWER_WRONG, "%lld messages, HEAD has %lld", (long long)next - 1,
                        (long long)room->head.seq);
    return true;
}

/* Each message has its own. */
static bool check_sent_rows(struct look *look, struct cc_txn *txn, const struct room *room,
                            struct cc_err *err)
{
    for (int64_t i = 0; i < room->head.seq; i++) {
        const struct cc_message *m = &room->messages[i];
        struct cc_key key = cc_key_sent(cc_txn_arena(txn), room->id, m->author, m->client_id);
        struct cc_sent_row sent;

        if (cc_row_get(txn, key, cc_sent_fields, &sent, err) != CC_OK || sent.seq != m->seq)
            return complain(look, POWER_WRONG, "the sent row of seq %lld", (long long)m->seq);
    }
    look->messages += room->head.seq;
    return true;
}

static enum cc_code count_row(const struct cc_item *item, void *arg, struct cc_err *err)
{
    int64_t *count = arg;

    (void)item;
    (void)err;
    ++*count;
    return CC_OK;
}

/* As many as there are messages, so that none is there for nothing. */
static void check_no_other_sent_rows(struct look *look)
{
    struct cc_err err = { 0 };
    int64_t found = 0;

    if (cc_store_walk(look->house.store, CC_STR("SENT#"), count_row, &found, &err) != CC_OK)
        complain(look, POWER_DAMAGED, "sent rows: %s", err.cause);
    if (found != look->messages)
        complain(look, POWER_WRONG, "%lld sent rows for %lld messages", (long long)found,
                 (long long)look->messages);
}

/* Who sent last has read up to there. */
static bool check_cursors(struct look *look, struct cc_txn *txn, const struct room *room,
                          struct cc_err *err)
{
    for (int64_t i = 0; i < room->head.seq; i++) {
        const struct cc_message *m = &room->messages[i];
        struct cc_key key = cc_key_cursor(cc_txn_arena(txn), room->id, m->author);
        struct cc_cursor_row row;

        if (cc_row_get(txn, key, cc_cursor_fields, &row, err) != CC_OK ||
            row.cursor.read_seq < m->seq)
            return complain(look, POWER_WRONG, "the cursor of the author of seq %lld",
                            (long long)m->seq);
    }
    return true;
}

/* Each text is what its sender said under that client_id, and each sender's are in his order. */
static bool check_texts(struct look *look, const struct room *room, struct cc_arena *arena)
{
    int last[POWER_SENDERS + 1];

    memset(last, -1, sizeof(last));
    for (int64_t i = 0; i < room->head.seq; i++) {
        const struct cc_message *m = &room->messages[i];
        struct cc_str rest = cc_str_skip(m->client_id, 1);
        int64_t sender, number;

        if (!cc_str_to_i64(cc_str_cut(&rest, '-'), 0, POWER_SENDERS, &sender) ||
            !cc_str_to_i64(cc_str_skip(rest, 1), 0, POWER_SAID_MAX, &number) ||
            !cc_str_eq(m->author, power_user(arena, (int)sender)) ||
            !cc_str_eq(m->text, power_text(arena, (int)sender, (int)number)))
            return complain(look, POWER_WRONG, "seq %lld holds another text", (long long)m->seq);
        if (number <= last[sender])
            return complain(look, POWER_WRONG, "%lld's message %lld stands behind his %d",
                            (long long)sender, (long long)number, last[sender]);
        last[sender] = (int)number;
    }
    return true;
}

static bool check_head(struct look *look, const struct room *room)
{
    const struct cc_head *head = &room->head;

    if (head->count != head->seq || head->last.seq != head->seq || head->rev < head->seq)
        return complain(look, POWER_WRONG, "HEAD: seq %lld, count %lld, last %lld, rev %lld",
                        (long long)head->seq, (long long)head->count, (long long)head->last.seq,
                        (long long)head->rev);
    if (head->seq > 0 && room->messages[head->seq - 1].rev != head->rev)
        return complain(look, POWER_WRONG, "HEAD: rev %lld, its newest message has %lld",
                        (long long)head->rev, (long long)room->messages[head->seq - 1].rev);
    return true;
}

static bool check_acknowledged(struct look *look, const struct room *room, struct cc_arena *arena)
{
    for (size_t i = 0; i < look->said; i++) {
        const struct power_said *said = &look->scene->said[look->acknowledged[i]];

        if (power_room_of(said->sender) != look->room)
            continue;
        if (said->seq > room->head.seq ||
            !cc_str_eq(room->messages[said->seq - 1].client_id,
                       power_client_id(arena, said->sender, said->number)))
            return complain(look, POWER_LOST, "%d's message %d, acknowledged with seq %lld",
                            said->sender, said->number, (long long)said->seq);
    }
    return true;
}

/* A cc_txn_fn: complaints are in the look, so it has nothing to refuse. */
static enum cc_code read_room(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    struct look *look = arg;
    struct cc_arena *arena = cc_txn_arena(txn);
    struct room room = { .id = cc_room_id_direct(arena, power_user(arena, look->room),
                                                 power_user(arena, look->room + POWER_ROOMS)) };
    enum cc_code rc = cc_row_get(txn, cc_key_room(arena, room.id), cc_head_fields, &room.head, err);

    if (rc == CC_NOT_FOUND && look->rooms_made)
        complain(look, POWER_LOST, "room %d", look->room);
    else if (rc != CC_OK && rc != CC_NOT_FOUND)
        complain(look, POWER_DAMAGED, "HEAD: %s", err->cause);
    if (rc == CC_OK)
        (void)(read_messages(look, txn, &room, err) && check_acknowledged(look, &room, arena) &&
               check_head(look, &room) && check_sent_rows(look, txn, &room, err) &&
               check_cursors(look, txn, &room, err) && check_texts(look, &room, arena));
    cc_err_clear(err);
    return CC_OK;
}

/* --- the store -------------------------------------------------------------------------------- */

static enum cc_code put_new(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct cc_item item = { .key = { CC_STR("AFTER"), CC_STR("CUT") }, .body = CC_STR("{}") };

    (void)arg;
    return cc_txn_insert(txn, &item, err);
}

/* Life goes on: the next message takes the next place. */
static void check_goes_on(struct look *look)
{
    struct cc_arena *arena = look->house.arena;
    const struct cc_caller by = { look->house.chat, arena, power_user(arena, 0) };
    const struct cc_message_draft draft = { .room = look->scene->rooms[0],
                                            .client_id = CC_STR("after"),
                                            .data.text = CC_STR("and on it goes") };
    struct cc_room room;
    struct cc_sent sent;
    struct cc_err err = { 0 };

    if (cc_store_run(look->house.store, arena, put_new, NULL, &err) != CC_OK)
        complain(look, POWER_STUCK, "put: %s", err.cause);
    if (!look->rooms_made || look->out->verdict != POWER_SOUND)
        return;
    if (cc_room_get(&by, draft.room, &room, &err) != CC_OK ||
        cc_message_send(&by, &draft, &sent, &err) != CC_OK || sent.message.seq != room.seq + 1)
        complain(look, POWER_STUCK, "send: %s", err.cause);
}

static void examine(struct look *look)
{
    struct cc_store *store = look->house.store;
    struct cc_err err = { 0 };

    if (cc_store_verify(store, look->house.arena, &err) != CC_OK) {
        complain(look, POWER_DAMAGED, "%s", err.cause);
        return;
    }
    if (look->opened && !cc_str_eq(cc_store_epoch(store), look->scene->epoch))
        complain(look, POWER_LOST, "the epoch is another one");
    for (look->room = 0; look->room < POWER_ROOMS; look->room++) {
        struct cc_arena *arena = cc_arena_new((size_t)256 << 20);

        if (cc_store_view(store, arena, read_room, look, &err) != CC_OK)
            complain(look, POWER_DAMAGED, "%s", err.cause);
        cc_arena_free(arena);
    }
    check_no_other_sent_rows(look);
    check_goes_on(look);
}

void power_judge(struct power_scene *scene, size_t ops, const char *folder,
                 struct power_finding *out)
{
    struct look look = { .scene = scene, .out = out };
    struct cc_err err = { 0 };

    *out = (struct power_finding){ .verdict = POWER_SOUND };
    if (power_scene_open(scene, folder, &look.house, &err) != CC_OK) {
        complain(&look, POWER_REFUSED, "%s: %s", err.detail, err.cause);
        return;
    }
    read_notes(&look, ops);
    examine(&look);
    power_house_close(&look.house);
}
