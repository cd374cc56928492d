/* base/str.h - borrowed bytes by value. A cc_str owns nothing and need not end in NUL; what it
 * points at must outlive it (usually the request's arena). `at` is NULL for "absent", which is
 * not the same as empty. */
#ifndef CC_BASE_STR_H
#define CC_BASE_STR_H

#include "err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cc_arena;

struct cc_str {
    const char *at;
    size_t len;
};

struct cc_strs {
    const struct cc_str *at;
    size_t count;
};

#define CC_STR(literal) ((struct cc_str){ "" literal, sizeof(literal) - 1 })
#define CC_STR_ABSENT ((struct cc_str){ NULL, 0 })
/* For printf: "%.*s", CC_STR_ARG(s) */
#define CC_STR_ARG(s) ((int)(s).len), ((s).at ? (s).at : "")

struct cc_str cc_str_from(const char *z); /* NULL gives an absent string */
/* Absent equals absent, and is not equal to empty. */
bool cc_str_eq(struct cc_str a, struct cc_str b);
bool cc_str_eq_nocase(struct cc_str a, struct cc_str b); /* ASCII only */
/* The time depends on the lengths alone. An absent string equals nothing, not even another. */
bool cc_str_eq_secret(struct cc_str a, struct cc_str b);
int cc_str_cmp(struct cc_str a, struct cc_str b); /* by unsigned bytes */
bool cc_str_starts(struct cc_str s, struct cc_str prefix);
bool cc_str_ends(struct cc_str s, struct cc_str suffix);
struct cc_str cc_str_skip(struct cc_str s, size_t count); /* without the first count bytes */
struct cc_str cc_str_take(struct cc_str s, size_t count); /* at most the first count bytes */
struct cc_str cc_str_trim(struct cc_str s);               /* spaces and tabs, both ends */

/* Cuts `*rest` at the first `at`: returns what stands before it and moves `*rest` behind it.
 * Without one, returns all and leaves `*rest` absent. */
struct cc_str cc_str_cut(struct cc_str *rest, char at);

/* The position of a byte, or s.len. */
size_t cc_str_find(struct cc_str s, char byte);

/* A decimal integer, with an optional '-', no spaces, no leading zeroes, no "-0"; false if it is
 * not one or lies outside min..max. Writes `*out` only on success. */
bool cc_str_to_i64(struct cc_str s, int64_t min, int64_t max, int64_t *out);

/* Copies into the arena; the copy is followed by a NUL that len does not count. */
struct cc_str cc_str_copy(struct cc_arena *arena, struct cc_str s);
/* The same, wiped together with the arena. Absent stays absent. */
struct cc_str cc_str_copy_secret(struct cc_arena *arena, struct cc_str s);
struct cc_str cc_str_format(struct cc_arena *arena, const char *format, ...) CC_PRINTF(2, 3);
struct cc_str cc_str_join(struct cc_arena *arena, const struct cc_str *parts, size_t count);
/* The same of parts that are written out. A request makes dozens of keys and ids: cc_str_format
 * takes four times as long (tried). */
#define CC_JOIN(arena, ...)                                                                        \
    cc_str_join((arena), (const struct cc_str[]){ __VA_ARGS__ },                                   \
                CC_COUNT(((const struct cc_str[]){ __VA_ARGS__ })))
/* Decimal digits, with a '-' if it is negative. */
struct cc_str cc_str_from_i64(struct cc_arena *arena, int64_t value);

/* For the operating system: a NUL-terminated copy in the arena, or NULL if `s` is absent or
 * holds a NUL byte. */
const char *cc_str_z(struct cc_arena *arena, struct cc_str s);

#endif
