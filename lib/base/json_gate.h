/* base/json_gate.h - the gate as its files share it: json_gate.c knows the structure, json_text.c
 * what stands in it, strings and numbers. For the files of this folder. */
#ifndef CC_BASE_JSON_GATE_H
#define CC_BASE_JSON_GATE_H

#include "json.h"
#include "limits.h"

/* A key as it stands in the text, or decoded where it holds escapes. */
struct cc_json_key {
    struct cc_str name;
    size_t offset;
};

/* What the text holds. Who builds a tree of it can tell by this that nothing got lost. */
struct cc_json_tally {
    size_t values; /* without names */
    size_t nulls;  /* of them */
    size_t bytes;  /* of names and strings, decoded */
    size_t pairs;  /* of surrogates, escaped */
};

/* Reads from `at` to `end`. Keys of the objects that are open stand in `keys`, those of the
 * innermost last. */
struct cc_json_gate {
    struct cc_arena *arena;
    const struct cc_json_limits *limits;
    struct cc_err *err;
    const unsigned char *start, *at, *end;
    unsigned depth;
    struct cc_json_tally tally;
    uint32_t is_object; /* bit per level */
    size_t first_key[CC_JSON_DEPTH_MAX];
    struct cc_json_key *keys;
    size_t key_count, key_room;
};

_Static_assert(CC_JSON_DEPTH_MAX <= 32, "gate.is_object has a bit per level");

/* The next byte; NUL, which is no part of any token, at the end. */
static inline unsigned char cc_json_peek(const struct cc_json_gate *g)
{
    return g->at < g->end ? *g->at : '\0';
}

static inline bool cc_json_is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

/* cc_json_check, which also counts. */
enum cc_code cc_json_count(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, struct cc_json_tally *out,
                           struct cc_err *err) CC_NODISCARD;

/* --- what is wrong ---------------------------------------------------------------------------- */

/* CC_BAD_REQUEST: the detail says `what` was found, and at which byte. */
enum cc_code cc_json_refuse_at(struct cc_json_gate *g, const unsigned char *at,
                               const char *what) CC_NODISCARD;
/* The same of the next byte; where there is none, that is what is wrong. */
enum cc_code cc_json_refuse(struct cc_json_gate *g, const char *what) CC_NODISCARD;
/* CC_TOO_LARGE: the detail says that the text has `what`. */
enum cc_code cc_json_too_large(struct cc_json_gate *g, const char *what) CC_NODISCARD;

/* --- strings and numbers ---------------------------------------------------------------------- */

/* From the opening quote to behind the closing one. `*out` is what stands between them, as it
 * stands there; `*escaped`: with escapes. CC_BAD_REQUEST, CC_TOO_LARGE. */
enum cc_code cc_json_check_string(struct cc_json_gate *g, struct cc_str *out,
                                  bool *escaped) CC_NODISCARD;
/* What such a string says, in the arena: never longer than what it is decoded from. */
struct cc_str cc_json_decode_string(struct cc_arena *arena, struct cc_str text);
/* A text that has passed the gate, with each escaped pair of surrogates as the character that it
 * is; in the arena. */
struct cc_str cc_json_join_pairs(struct cc_arena *arena, struct cc_str text);
/* Reads over a number. CC_BAD_REQUEST, also for one that fits neither int64_t nor a double. */
enum cc_code cc_json_check_number(struct cc_json_gate *g) CC_NODISCARD;

#endif
