/* What a client hands back: sync tokens, list cursors, ids of rooms and messages. Each has one
 * spelling, and a cursor is good for the user and the list that it was made for, alone. */
#include "fuzz.h"

#include "base/id.h"
#include "chat/rows.h"

static struct cc_str epoch(const struct cc_store *store)
{
    (void)store;
    return CC_STR("epoch-1");
}

static const struct cc_store_ops ops = { .epoch = epoch };

static void check_sync(const struct cc_caller *by, struct cc_str token)
{
    struct cc_sync sync;

    if (!cc_sync_parse(by, token, &sync))
        return;
    fuzz_require(sync.rev >= 0 && sync.seq >= 0);
    fuzz_require(sync.foreign == !cc_str_starts(token, CC_STR("epoch-1.")));
    if (!sync.foreign)
        fuzz_require(cc_str_eq(cc_sync_format(by, sync.rev, sync.seq), token));
}

static void check_message_id(const struct cc_caller *by, struct cc_str id)
{
    struct cc_str room;
    int64_t seq;

    if (!cc_message_id_parse(id, &room, &seq))
        return;
    fuzz_require(seq >= 1 && cc_room_id_is_wellformed(room));
    fuzz_require(cc_id_is_wellformed(room));
    fuzz_require(cc_str_eq(cc_message_id(by->arena, room, seq), id));
}

/* Nothing that was not sealed opens, and what was opens under its own name alone. */
static void check_seal(const struct cc_caller *by, struct cc_str text)
{
    const struct cc_caller other = { by->chat, by->arena, CC_STR("bob") };
    struct cc_str payload = cc_seal_open(by, "rooms", text);
    struct cc_str sealed = cc_seal(by, "rooms", text);

    fuzz_require(!payload.at || cc_str_eq(cc_seal(by, "rooms", payload), text));
    fuzz_require(cc_str_eq(cc_seal_open(by, "rooms", sealed), text));
    fuzz_require(!cc_seal_open(&other, "rooms", sealed).at);
    fuzz_require(!cc_seal_open(by, "room", sealed).at);
}

/* One byte of a sealed text is another. */
static void check_bent_seal(const struct cc_caller *by, struct cc_str text)
{
    unsigned at = fuzz_byte(&text), byte = fuzz_byte(&text);
    struct cc_str sealed = cc_seal(by, "rooms", text);
    struct cc_str bent = fuzz_copy(by->arena, sealed);

    *(char *)(uintptr_t)(bent.at + at % bent.len) = (char)byte;
    fuzz_require(cc_str_eq(bent, sealed) || !cc_seal_open(by, "rooms", bent).at);
}

static void check_stamp(struct cc_str stamp)
{
    int64_t rev = -1, seq = -1;
    struct cc_str sk;

    if (cc_stamp_parse(stamp, &rev, &sk))
        fuzz_require(rev >= 0 && sk.len < stamp.len && (!cc_seq_parse(sk, &seq) || seq >= 0));
    if (cc_seq_parse(stamp, &seq))
        fuzz_require(seq >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_store store = { &ops };
    struct cc_chat chat = { .store = &store, .config = { .secret = CC_STR("a server's secret") } };
    struct cc_str text = fuzz_place(data, size);
    const struct cc_caller by = { &chat, fuzz_arena(), CC_STR("ada") };

    check_sync(&by, text);
    check_message_id(&by, text);
    check_seal(&by, text);
    check_bent_seal(&by, text);
    check_stamp(text);
    if (cc_id_is_wellformed(text))
        fuzz_require(text.len <= CC_ID_BYTES_MAX && cc_str_find(text, '/') == text.len);
    return 0;
}
