/* chat/rows.h - inside chat/ alone: the rows of a room in the store, and what every rule starts
 * with. A row is a struct and a table that says how it is written; keys are made in store/keys.h.
 */
#ifndef CC_CHAT_ROWS_H
#define CC_CHAT_ROWS_H

#include "chat.h"

#include "../base/field.h"
#include "../store/keys.h"
#include "../store/row.h"

struct cc_chat {
    struct cc_arena *arena; /* holds this struct */
    struct cc_chat_config config;
    struct cc_store *store;
    struct cc_blobs *blobs;
};

/* R#<room> HEAD. `stamped` names what the last commits gave a rev to, newest last, as "<rev> <sk>":
 * all that the very last one did, and at least CC_STAMPED_MIN if there were so many. On a backend
 * whose reads are not one instant, a reader finds out by it whether he has seen all that HEAD
 * announces. */
#define CC_STAMPED_MIN 8
struct cc_head {
    int kind;             /* enum cc_room_kind */
    struct cc_strs users; /* of a direct room: its two */
    int64_t created_ms;
    int64_t active_ms;
    int64_t seq;
    int64_t rev;
    int64_t count;          /* of messages that people wrote */
    int64_t settings_rev;   /* rev of the last change to the room itself */
    struct cc_message last; /* the preview; its id and room are not stored */
    struct cc_strs stamped;
};

/* HEAD as it was read, and whose it is. */
struct cc_room_head {
    struct cc_str id;
    struct cc_head head;
};

/* R#<room> MSG#<seq> */
struct cc_message_row {
    struct cc_message message; /* id and room are in the key */
    struct cc_message_data data;
    int64_t number; /* HEAD.count after it */
};

/* SENT#<client_id> <room>#<user>; lives as long as the room */
struct cc_sent_row {
    int64_t seq;
    struct cc_str hash; /* of the body */
};

/* R#<room> CURSOR#<user> */
struct cc_cursor_row {
    struct cc_cursor cursor; /* its user is in the key */
    int64_t read_count;      /* the number of the message at read_seq */
};

/* U#<user> HEAD */
struct cc_user_head {
    int64_t rev;
    int64_t rooms;
};

extern const struct cc_field cc_head_fields[];
extern const struct cc_field cc_message_row_fields[];
extern const struct cc_field cc_sent_fields[];
extern const struct cc_field cc_cursor_fields[];
extern const struct cc_field cc_member_fields[];
extern const struct cc_field cc_user_head_fields[];

/* A message or member as its item says; `room` is borrowed. */
enum cc_code cc_message_load(struct cc_arena *arena, struct cc_str room, const struct cc_item *item,
                             struct cc_message *out, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_member_load(struct cc_arena *arena, const struct cc_item *item,
                            struct cc_member *out, struct cc_err *err) CC_NODISCARD;
/* How often a reader looks again for what HEAD announces and he has not seen. */
#define CC_LOOKS_MAX 3

/* The messages from..from+count-1, newest first. They are all there: seqs have no holes. A backend
 * whose reads are not one instant can show HEAD before what it announces; then this looks again,
 * and after three times CC_UNAVAILABLE. CC_TOO_LARGE, and nothing in err: one query does not give
 * so many that are so long; ask for fewer. */
enum cc_code cc_messages_load(struct cc_txn *txn, const struct cc_room_head *room, int64_t from,
                              size_t count, struct cc_message *out,
                              struct cc_err *err) CC_NODISCARD;

/* How every rule about a room begins: its HEAD, if `by` is a member, else CC_NOT_FOUND, also for
 * an id that is none. HEAD can be a guard afterwards. */
enum cc_code cc_room_enter(struct cc_txn *txn, const struct cc_caller *by, struct cc_str room,
                           struct cc_head *out, struct cc_err *err) CC_NODISCARD;
/* Whether `user` is in the room now: CC_OK or CC_NOT_FOUND. */
enum cc_code cc_member_check(struct cc_txn *txn, struct cc_key guard, struct cc_str room,
                             struct cc_str user, struct cc_err *err) CC_NODISCARD;
/* The cursors of all members, by user. */
enum cc_code cc_cursors_load(struct cc_txn *txn, struct cc_str room, struct cc_cursors *out,
                             struct cc_err *err) CC_NODISCARD;

/* Rooms as `by` sees them, from heads that were read already: all their other rows in two batches.
 * Those that he is not in are left out. out[0..*count) are in the order of `heads`. */
enum cc_code cc_rooms_load(struct cc_txn *txn, const struct cc_caller *by,
                           const struct cc_room_head *heads, struct cc_room *out, size_t *count,
                           struct cc_err *err) CC_NODISCARD;

/* Forgets old stamps, in a function that has read this HEAD and is going to stamp rows: not those
 * of its own commit. */
void cc_head_begin_stamps(struct cc_txn *txn, struct cc_str room, struct cc_head *head);
/* Notes that this commit gives `rev` to the row `sk`. */
void cc_head_stamp(struct cc_arena *arena, struct cc_head *head, int64_t rev, struct cc_str sk);
/* What one of HEAD's stamps names. */
bool cc_stamp_parse(struct cc_str stamp, int64_t *rev, struct cc_str *sk);
/* The seq in the sort key of a message. */
bool cc_seq_parse(struct cc_str sk, int64_t *out);

/* --- ids and tokens --------------------------------------------------------------------------- */

/* The id of the direct room of two users, the same in whatever order. */
struct cc_str cc_room_id_direct(struct cc_arena *arena, struct cc_str a, struct cc_str b);
bool cc_room_id_is_wellformed(struct cc_str id);
struct cc_str cc_message_id(struct cc_arena *arena, struct cc_str room, int64_t seq);
bool cc_message_id_parse(struct cc_str id, struct cc_str *room, int64_t *seq);

/* A sync token: <epoch>.<rev>.<seq> */
struct cc_sync {
    int64_t rev;
    int64_t seq;
    bool foreign; /* of another epoch: rev and seq mean nothing */
};
struct cc_str cc_sync_format(const struct cc_caller *by, int64_t rev, int64_t seq);
bool cc_sync_parse(const struct cc_caller *by, struct cc_str token, struct cc_sync *out);

/* An opaque text for `payload` that only this user can hand back, and only where `list` is the
 * same. Opening gives an absent string for anything that was not sealed so. */
struct cc_str cc_seal(const struct cc_caller *by, const char *list, struct cc_str payload);
struct cc_str cc_seal_open(const struct cc_caller *by, const char *list, struct cc_str sealed);

/* His own. CC_UNAUTHORIZED: his account was removed a moment ago. */
enum cc_code cc_profile_of_caller(struct cc_txn *txn, const struct cc_caller *by,
                                  struct cc_profile *out, struct cc_err *err) CC_NODISCARD;
/* Writes the caller's own profile, and notes at his HEAD that it has changed. */
enum cc_code cc_profile_save(struct cc_txn *txn, struct cc_profile *profile,
                             struct cc_err *err) CC_NODISCARD;
bool cc_profile_is_discoverable(const struct cc_profile *profile);

#endif
