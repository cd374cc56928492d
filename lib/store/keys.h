/* store/keys.h - every partition key and sort key that exists, and no other place builds one.
 * The parts come checked (cc_id_is_wellformed): none holds a '#' but the last one. Keys and ranges
 * live in the arena; a range has the largest limit and no guard until its caller sets them. */
#ifndef CC_STORE_KEYS_H
#define CC_STORE_KEYS_H

#include "store.h"

/* a user: U#<user>; all of them begin with CC_KEY_USERS */
#define CC_KEY_USERS CC_STR("U#")
struct cc_key cc_key_profile(struct cc_arena *arena, struct cc_str user);
struct cc_key cc_key_user_head(struct cc_arena *arena, struct cc_str user);
struct cc_key cc_key_credential(struct cc_arena *arena, struct cc_str user);
struct cc_key cc_key_session(struct cc_arena *arena, struct cc_str user, struct cc_str session);
struct cc_key cc_key_user_room(struct cc_arena *arena, struct cc_str user, struct cc_str room);
struct cc_range cc_range_sessions(struct cc_arena *arena, struct cc_str user);
struct cc_range cc_range_user_rooms(struct cc_arena *arena, struct cc_str user);

/* who owns a phone number or an address (kinds: "phone", "email"); a sign-up, a recovery or a
 * sign-in under way; a throttle */
struct cc_key cc_key_identifier(struct cc_arena *arena, const char *kind, struct cc_str value);
struct cc_key cc_key_pending(struct cc_arena *arena, struct cc_str id);
struct cc_key cc_key_reset(struct cc_arena *arena, struct cc_str id);
struct cc_key cc_key_challenge(struct cc_arena *arena, struct cc_str id);
struct cc_key cc_key_limit(struct cc_arena *arena, const char *what, struct cc_str who);

/* a room: R#<room> */
struct cc_key cc_key_room(struct cc_arena *arena, struct cc_str room);
struct cc_key cc_key_member(struct cc_arena *arena, struct cc_str room, struct cc_str user);
struct cc_key cc_key_cursor(struct cc_arena *arena, struct cc_str room, struct cc_str user);
struct cc_key cc_key_message(struct cc_arena *arena, struct cc_str room, int64_t seq);
struct cc_range cc_range_cursors(struct cc_arena *arena, struct cc_str room);
/* messages from..to, both included */
struct cc_range cc_range_messages(struct cc_arena *arena, struct cc_str room, int64_t from,
                                  int64_t to);

/* What a client_id became. Not beside the room: there each sender would write to a place of his own
 * in the file, whereas client_ids that grow with time (UUIDv7) make what all send at one moment
 * neighbours. Whoever deletes a room finds these by its messages, which name author and
 * client_id. */
struct cc_key cc_key_sent(struct cc_arena *arena, struct cc_str room, struct cc_str user,
                          struct cc_str client_id);

/* what is to be done later: TIMER#<shard>, <due>#<id> */
#define CC_TIMER_SHARDS 4
struct cc_key cc_key_timer(struct cc_arena *arena, int64_t due_ms, struct cc_str id);
struct cc_range cc_range_timers_due(struct cc_arena *arena, unsigned shard, int64_t now_ms);

/* What an item is, as far as somebody who meets all of them wants to know. */
enum cc_kind {
    CC_KIND_OTHER,
    CC_KIND_PERSON, /* a profile */
    CC_KIND_CREDENTIAL,
    CC_KIND_SESSION,
    CC_KIND_ROOM,
    CC_KIND_MESSAGE
};
enum cc_kind cc_key_kind(struct cc_key key);

/* The part of a key behind its kind: "MEMBER#<user>" and "U#<user>" give <user>. Absent in a key
 * that has no kind ("HEAD"). Borrowed from it. */
struct cc_str cc_key_tail(struct cc_str pk_or_sk);

#endif
