/* chat/chat.h - the rules of the chat, written once on the interface of the store: who may do what
 * is decided here, next to the data, in the same transaction, so that no handler can forget it.
 * What one may not see is CC_NOT_FOUND, as if it did not exist.
 *
 * It knows neither HTTP nor JSON: view/ writes the structs below for clients. Every string in them
 * lives in the caller's arena. Every function may also return what cc_store_run and cc_store_view
 * return; further codes stand with each. */
#ifndef CC_CHAT_CHAT_H
#define CC_CHAT_CHAT_H

#include "../blob/blob.h"
#include "../identity/identity.h"
#include "../store/store.h"
#include "../store/timer.h"

struct cc_chat_config {
    int64_t
        discover_numbers_day; /* distinct numbers a user may ask for in 24 hours: 10,000 at most */
    int64_t message_characters_max; /* 1..CC_MESSAGE_CHARACTERS_MAX */
    int64_t rooms_max;              /* of one user: 1..CC_USER_ROOMS_MAX */
    struct cc_str secret; /* of this installation: seals list cursors, hides asked numbers */
    const struct cc_random *random;
    const struct cc_clock *clock;
    const struct cc_log *log;
};

struct cc_chat;

/* Copies the configuration; store and blobs are borrowed and must outlive it. The secret has at
 * least CC_CHAT_SECRET_MIN bytes, else CC_INVALID. Safe for use by several threads. */
#define CC_CHAT_SECRET_MIN 16
enum cc_code cc_chat_open(const struct cc_chat_config *config, struct cc_store *store,
                          struct cc_blobs *blobs, struct cc_chat **out,
                          struct cc_err *err) CC_NODISCARD;
void cc_chat_close(struct cc_chat *chat); /* NULL is allowed */

/* Who asks, and where what he is given lives. */
struct cc_caller {
    struct cc_chat *chat;
    struct cc_arena *arena;
    struct cc_str user;
};

/* --- messages: messages.c, pages.c ---------------------------------------------------------- */

enum cc_message_type { CC_MESSAGE_TEXT };
extern const char *const cc_message_type_names[]; /* as stored and shown; ended by NULL */

struct cc_message {
    struct cc_str id; /* <room>.<seq> */
    struct cc_str room;
    struct cc_str author;
    struct cc_str client_id;
    struct cc_str text;
    int64_t seq; /* 1, 2, 3 ... in its room, without a hole */
    int64_t rev; /* of the room when it was last changed */
    int64_t created_ms;
    int type; /* enum cc_message_type */
};

struct cc_message_data {
    struct cc_str text; /* 1..message_characters_max code points, not all of them blank */
};

struct cc_message_draft {
    struct cc_str room;
    struct cc_str client_id; /* 1 to 64 of A-Z a-z 0-9 - _ . */
    int type;
    struct cc_message_data data;
};

struct cc_sent {
    struct cc_message message;
    bool is_new; /* false: this client_id and body had been sent before */
};

/* Appends to the room. For as long as the room lives the same client_id and body give the same
 * message again. CC_NOT_FOUND, CC_INVALID, CC_CLIENT_ID_REUSED (another body). */
enum cc_code cc_message_send(const struct cc_caller *by, const struct cc_message_draft *draft,
                             struct cc_sent *out, struct cc_err *err) CC_NODISCARD;

/* CC_NOT_FOUND, also for an id that is none. */
enum cc_code cc_message_get(const struct cc_caller *by, struct cc_str id, struct cc_message *out,
                            struct cc_err *err) CC_NODISCARD;

enum cc_page_from { CC_PAGE_NEWEST, CC_PAGE_BEFORE, CC_PAGE_AFTER, CC_PAGE_AROUND };

struct cc_message_query {
    struct cc_str room;
    enum cc_page_from from;
    int64_t seq;       /* what before, after, around refer to: >= 0 */
    int64_t limit;     /* 1..CC_LIST_ITEMS_MAX */
    int64_t known_rev; /* of the newest page: the rev of the room at which the caller has it; 0: he
                          has none */
};

struct cc_message_page {
    const struct cc_message *at; /* newest first: those nearest to what was asked for */
    size_t count;
    bool has_before, has_after; /* older and newer ones than these */
    int64_t seq;                /* of the room's newest message */
    int64_t rev;                /* of the room: while it is the same, so is the newest page, for
                                   every member */
    bool unchanged;             /* the room is still at known_rev: no messages are given */
};

/* CC_NOT_FOUND. */
enum cc_code cc_message_list(const struct cc_caller *by, const struct cc_message_query *query,
                             struct cc_message_page *out, struct cc_err *err) CC_NODISCARD;

/* --- cursors: cursors.c ----------------------------------------------------------------------- */

struct cc_cursor {
    struct cc_str user;
    int64_t delivered_seq;
    int64_t read_seq;
};

struct cc_cursors {
    const struct cc_cursor *at;
    size_t count;
};

struct cc_cursor_move {
    int64_t delivered_seq; /* 0: as it is */
    int64_t read_seq;      /* likewise; what is read is also delivered */
};

/* Moves the caller's cursor: forward only, and no further than the newest message. CC_NOT_FOUND. */
enum cc_code cc_cursor_move(const struct cc_caller *by, struct cc_str room,
                            const struct cc_cursor_move *move, struct cc_err *err) CC_NODISCARD;

/* Every member's. CC_NOT_FOUND. */
enum cc_code cc_cursor_list(const struct cc_caller *by, struct cc_str room, struct cc_cursors *out,
                            struct cc_err *err) CC_NODISCARD;

/* --- rooms: rooms.c, room_list.c ----------------------------------------------------------- */

enum cc_room_kind { CC_ROOM_DIRECT };
extern const char *const cc_room_kind_names[];

/* A room as one member sees it. */
struct cc_room {
    struct cc_str id;
    int kind; /* enum cc_room_kind */
    int64_t created_ms;
    int64_t active_ms;
    struct cc_profile other; /* of a direct room */
    struct cc_message last;  /* text cut to CC_PREVIEW_CHARACTERS_MAX; seq 0: none yet */
    int64_t unread;          /* messages of others since the caller's read cursor */
    bool mentioned;
    int64_t seq;
    int64_t rev;
    struct cc_str sync; /* for cc_changes_ask.since */
    struct cc_cursor cursor;
    struct cc_cursor other_cursor;
};

struct cc_room_draft {
    struct cc_strs participants; /* the caller and one other, in any order */
};

struct cc_room_made {
    struct cc_room room;
    bool is_new;
};

/* The direct room of two people, made when it is not there: exactly one, whoever asks first.
 * CC_INVALID; CC_NOT_FOUND: the caller may not see the other; CC_CONFLICT: one of them has
 * rooms_max rooms. */
enum cc_code cc_room_create(const struct cc_caller *by, const struct cc_room_draft *draft,
                            struct cc_room_made *out, struct cc_err *err) CC_NODISCARD;

/* CC_NOT_FOUND */
enum cc_code cc_room_get(const struct cc_caller *by, struct cc_str id, struct cc_room *out,
                         struct cc_err *err) CC_NODISCARD;

struct cc_room_query {
    struct cc_str cursor; /* absent: the first page */
    int64_t limit;        /* 1..CC_LIST_ITEMS_MAX */
};

struct cc_room_page {
    const struct cc_room *at; /* by last activity, newest first */
    size_t count;
    struct cc_str next; /* absent: no more */
};

/* CC_INVALID: the cursor is not one that this caller was given for this list. */
enum cc_code cc_room_list(const struct cc_caller *by, const struct cc_room_query *query,
                          struct cc_room_page *out, struct cc_err *err) CC_NODISCARD;

/* --- changes since: changes.c ----------------------------------------------------------------- */

enum cc_role { CC_ROLE_MEMBER };
extern const char *const cc_role_names[];
enum cc_member_state { CC_MEMBER_IN };
extern const char *const cc_member_state_names[];

struct cc_member {
    struct cc_str user;
    int role;  /* enum cc_role */
    int state; /* enum cc_member_state */
    int64_t joined_ms;
    int64_t rev; /* of the room when this was last changed */
};

struct cc_changes_ask {
    struct cc_str room;
    struct cc_str since; /* a sync token; absent: from the beginning */
    int64_t limit;       /* 1..CC_LIST_ITEMS_MAX: messages and members together */
};

struct cc_changes {
    struct cc_str sync; /* ask again with it: at once while `more`, else whenever one likes */
    int64_t rev;
    const struct cc_message *messages; /* ascending seq, each in its current state */
    size_t message_count;
    const struct cc_member *members;
    size_t member_count;
    bool has_room; /* without `since`, and when the room itself changed */
    struct cc_room room;
    struct cc_cursors cursors;
    bool more;
    bool reset; /* `since` is of another history: nothing but sync and rev; start the room anew */
};

/* What the answer to this question depends on, as an entity tag: while it is the same, so is the
 * answer. Reads a handful of items. CC_NOT_FOUND, CC_INVALID (since is no token). */
enum cc_code cc_changes_tag(const struct cc_caller *by, const struct cc_changes_ask *ask,
                            struct cc_str *out, struct cc_err *err) CC_NODISCARD;

/* CC_NOT_FOUND, CC_INVALID */
enum cc_code cc_changes_read(const struct cc_caller *by, const struct cc_changes_ask *ask,
                             struct cc_changes *out, struct cc_err *err) CC_NODISCARD;

/* --- people: people.c, photos.c, contacts.c --------------------------------------------------- */

/* Who shares a room with somebody, or may find him by number, sees his name and photo; he himself
 * does too. CC_NOT_FOUND. */
enum cc_code cc_person_get(const struct cc_caller *by, struct cc_str user, struct cc_profile *out,
                           struct cc_err *err) CC_NODISCARD;

/* Of oneself, here and below: CC_UNAUTHORIZED if one's account was removed a moment ago. */
enum cc_code cc_profile_own(const struct cc_caller *by, struct cc_profile *out,
                            struct cc_err *err) CC_NODISCARD;

struct cc_profile_change {
    struct cc_str name;       /* clean (cc_text_name); absent: as it is */
    const bool *discoverable; /* NULL: as it is */
};
enum cc_code cc_profile_change(const struct cc_caller *by, const struct cc_profile_change *change,
                               struct cc_profile *out, struct cc_err *err) CC_NODISCARD;

struct cc_photo_draft {
    struct cc_str bytes; /* JPEG, PNG or WebP, as its first bytes say */
    int64_t side_max;    /* pixels */
};

/* Replaces the caller's photo; the bytes of the one before are gone when it returns, or, after a
 * crash in between, when its job has run. CC_INVALID: no image, or one that is too large. */
enum cc_code cc_photo_put(const struct cc_caller *by, const struct cc_photo_draft *draft,
                          struct cc_profile *out, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_photo_remove(const struct cc_caller *by, struct cc_err *err) CC_NODISCARD;

/* Whether `user`'s photo is called `name` and the caller may see it, and of what type it is;
 * cc_photo_read then gives its bytes. CC_NOT_FOUND. */
enum cc_code cc_photo_find(const struct cc_caller *by, struct cc_str user, struct cc_str name,
                           struct cc_str *content_type, struct cc_err *err) CC_NODISCARD;
enum cc_code cc_photo_read(const struct cc_caller *by, struct cc_str user, struct cc_str name,
                           struct cc_str *bytes, struct cc_err *err) CC_NODISCARD;

struct cc_contact {
    struct cc_str phone_number;
    struct cc_profile user;
};

struct cc_contacts {
    const struct cc_contact *at; /* in the order asked for */
    size_t count;
};

/* Who, of those that allow it, has these numbers. Unknown and refusing people look alike.
 * CC_INVALID: more than CC_DISCOVER_NUMBERS_MAX, or one is no E.164 number; CC_TOO_MANY: over the
 * day's budget of distinct numbers; then nothing is used up. */
#define CC_DISCOVER_NUMBERS_MAX 100
enum cc_code cc_contacts_discover(const struct cc_caller *by, struct cc_strs phone_numbers,
                                  struct cc_contacts *out, struct cc_err *err) CC_NODISCARD;

/* --- who is removed: removal.c ---------------------------------------------------------------- */

/* How many rooms he has. */
enum cc_code cc_person_count_rooms(struct cc_chat *chat, struct cc_arena *arena, struct cc_str user,
                                   int64_t *out, struct cc_err *err) CC_NODISCARD;

/* What is his own goes, after his profile has gone (cc_identity_remove_end). Rooms and what he said
 * there stay for the others, with his id. Doing it again goes on where it stopped. CC_CONFLICT: his
 * profile is there. */
enum cc_code cc_person_forget(struct cc_chat *chat, struct cc_arena *arena, struct cc_str user,
                              struct cc_err *err) CC_NODISCARD;

/* --- what is done later ----------------------------------------------------------------------- */

/* Jobs of this kind (store/timer.h) are for cc_chat_do_job: bytes of a photo that nobody may need
 * any more. Doing one twice does no harm. */
#define CC_CHAT_JOB_PHOTO "photo"

/* In a transaction: notes that this blob, which somebody found, is to be removed at that time
 * unless a profile names it then. A blob that is no photo is left alone. */
enum cc_code cc_photo_doubt(struct cc_txn *txn, struct cc_str blob, int64_t due_ms,
                            struct cc_err *err) CC_NODISCARD;
enum cc_code cc_chat_do_job(struct cc_chat *chat, struct cc_arena *arena, const struct cc_job *job,
                            struct cc_err *err) CC_NODISCARD;

#endif
