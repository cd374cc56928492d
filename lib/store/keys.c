#include "keys.h"

/* Ids hold nothing above 'z', so '~' lies behind every key of a kind, and unlike a byte of 0xff it
 * is text on every backend. */
#define LAST "~"

static struct cc_key user_key(struct cc_arena *arena, struct cc_str user, struct cc_str sk)
{
    return (struct cc_key){ CC_JOIN(arena, CC_KEY_USERS, user), sk };
}

static struct cc_key room_key(struct cc_arena *arena, struct cc_str room, struct cc_str sk)
{
    return (struct cc_key){ CC_JOIN(arena, CC_STR("R#"), room), sk };
}

/* 16 digits, so that the order of the text is the order of the numbers. */
#define DIGITS 16

static struct cc_str ordered(int64_t number, char out[DIGITS])
{
    for (int i = 0; i < DIGITS; i++)
        out[i] = "0123456789abcdef"[(uint64_t)number >> (60 - 4 * i) & 15];
    return (struct cc_str){ out, DIGITS };
}

static struct cc_str message_sk(struct cc_arena *arena, int64_t seq)
{
    char digits[DIGITS];

    return CC_JOIN(arena, CC_STR("MSG#"), ordered(seq, digits));
}

struct cc_key cc_key_profile(struct cc_arena *arena, struct cc_str user)
{
    return user_key(arena, user, CC_STR("PROFILE"));
}

struct cc_key cc_key_user_head(struct cc_arena *arena, struct cc_str user)
{
    return user_key(arena, user, CC_STR("HEAD"));
}

struct cc_key cc_key_credential(struct cc_arena *arena, struct cc_str user)
{
    return user_key(arena, user, CC_STR("CREDENTIAL"));
}

struct cc_key cc_key_session(struct cc_arena *arena, struct cc_str user, struct cc_str session)
{
    return user_key(arena, user, CC_JOIN(arena, CC_STR("SESSION#"), session));
}

struct cc_key cc_key_user_room(struct cc_arena *arena, struct cc_str user, struct cc_str room)
{
    return user_key(arena, user, CC_JOIN(arena, CC_STR("ROOM#"), room));
}

static struct cc_range whole_kind(struct cc_str pk, struct cc_str from, struct cc_str to)
{
    return (struct cc_range){ .pk = pk, .from = from, .to = to, .limit = CC_QUERY_ITEMS_MAX };
}

struct cc_range cc_range_sessions(struct cc_arena *arena, struct cc_str user)
{
    return whole_kind(user_key(arena, user, CC_STR_ABSENT).pk, CC_STR("SESSION#"),
                      CC_STR("SESSION#" LAST));
}

struct cc_range cc_range_user_rooms(struct cc_arena *arena, struct cc_str user)
{
    return whole_kind(user_key(arena, user, CC_STR_ABSENT).pk, CC_STR("ROOM#"),
                      CC_STR("ROOM#" LAST));
}

struct cc_key cc_key_identifier(struct cc_arena *arena, const char *kind, struct cc_str value)
{
    return (struct cc_key){ CC_JOIN(arena, CC_STR("ID#"), cc_str_from(kind), CC_STR("#"), value),
                            CC_STR("ID") };
}

struct cc_key cc_key_pending(struct cc_arena *arena, struct cc_str id)
{
    return (struct cc_key){ CC_JOIN(arena, CC_STR("PENDING#"), id), CC_STR("PENDING") };
}

struct cc_key cc_key_reset(struct cc_arena *arena, struct cc_str id)
{
    return (struct cc_key){ CC_JOIN(arena, CC_STR("RESET#"), id), CC_STR("RESET") };
}

struct cc_key cc_key_challenge(struct cc_arena *arena, struct cc_str id)
{
    return (struct cc_key){ CC_JOIN(arena, CC_STR("CHALLENGE#"), id), CC_STR("CHALLENGE") };
}

struct cc_key cc_key_limit(struct cc_arena *arena, const char *what, struct cc_str who)
{
    return (struct cc_key){ CC_JOIN(arena, CC_STR("LIMIT#"), cc_str_from(what), CC_STR("#"), who),
                            CC_STR("LIMIT") };
}

struct cc_key cc_key_room(struct cc_arena *arena, struct cc_str room)
{
    return room_key(arena, room, CC_STR("HEAD"));
}

struct cc_key cc_key_member(struct cc_arena *arena, struct cc_str room, struct cc_str user)
{
    return room_key(arena, room, CC_JOIN(arena, CC_STR("MEMBER#"), user));
}

struct cc_key cc_key_cursor(struct cc_arena *arena, struct cc_str room, struct cc_str user)
{
    return room_key(arena, room, CC_JOIN(arena, CC_STR("CURSOR#"), user));
}

struct cc_key cc_key_message(struct cc_arena *arena, struct cc_str room, int64_t seq)
{
    return room_key(arena, room, message_sk(arena, seq));
}

struct cc_range cc_range_cursors(struct cc_arena *arena, struct cc_str room)
{
    return whole_kind(room_key(arena, room, CC_STR_ABSENT).pk, CC_STR("CURSOR#"),
                      CC_STR("CURSOR#" LAST));
}

struct cc_range cc_range_messages(struct cc_arena *arena, struct cc_str room, int64_t from,
                                  int64_t to)
{
    return whole_kind(room_key(arena, room, CC_STR_ABSENT).pk, message_sk(arena, from),
                      message_sk(arena, to));
}

struct cc_key cc_key_sent(struct cc_arena *arena, struct cc_str room, struct cc_str user,
                          struct cc_str client_id)
{
    return (struct cc_key){ CC_JOIN(arena, CC_STR("SENT#"), client_id),
                            CC_JOIN(arena, room, CC_STR("#"), user) };
}

/* FNV-1a. The shard must be the same on every machine and for ever. */
static unsigned shard_of(struct cc_str id)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.at[i]) * 16777619u;
    return hash % CC_TIMER_SHARDS;
}

static struct cc_str shard_pk(struct cc_arena *arena, unsigned shard)
{
    const char digit = (char)('0' + shard);

    return CC_JOIN(arena, CC_STR("TIMER#"), { &digit, 1 });
}
_Static_assert(CC_TIMER_SHARDS <= 10, "the name of a shard is one digit");

struct cc_key cc_key_timer(struct cc_arena *arena, int64_t due_ms, struct cc_str id)
{
    char digits[DIGITS];

    return (struct cc_key){ shard_pk(arena, shard_of(id)),
                            CC_JOIN(arena, ordered(due_ms, digits), CC_STR("#"), id) };
}

struct cc_range cc_range_timers_due(struct cc_arena *arena, unsigned shard, int64_t now_ms)
{
    char digits[DIGITS];

    return whole_kind(shard_pk(arena, shard), CC_STR_ABSENT,
                      CC_JOIN(arena, ordered(now_ms, digits), CC_STR("#" LAST)));
}

enum cc_kind cc_key_kind(struct cc_key key)
{
    if (cc_str_starts(key.pk, CC_STR("R#"))) {
        if (cc_str_eq(key.sk, CC_STR("HEAD")))
            return CC_KIND_ROOM;
        return cc_str_starts(key.sk, CC_STR("MSG#")) ? CC_KIND_MESSAGE : CC_KIND_OTHER;
    }
    if (!cc_str_starts(key.pk, CC_KEY_USERS))
        return CC_KIND_OTHER;
    if (cc_str_eq(key.sk, CC_STR("PROFILE")))
        return CC_KIND_PERSON;
    if (cc_str_eq(key.sk, CC_STR("CREDENTIAL")))
        return CC_KIND_CREDENTIAL;
    return cc_str_starts(key.sk, CC_STR("SESSION#")) ? CC_KIND_SESSION : CC_KIND_OTHER;
}

struct cc_str cc_key_tail(struct cc_str pk_or_sk)
{
    size_t kind = cc_str_find(pk_or_sk, '#');

    return kind == pk_or_sk.len ? CC_STR_ABSENT : cc_str_skip(pk_or_sk, kind + 1);
}
