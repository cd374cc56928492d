/* base/json.h - JSON from outside. A gate (RFC 8259, and stricter where the RFC leaves a choice)
 * reads the text first; what passes becomes a tree in the arena. No library does it: those that
 * take their memory elsewhere leave out members and cut strings when there is none (json-c 0.16,
 * tried), and the rest looks like a document.
 *
 * Refused beyond the grammar: bytes that are not UTF-8, a byte order mark, lone surrogates,
 * U+0000 in strings, duplicate keys (RFC 8259 4: behaviour is unpredictable), numbers that fit
 * neither int64_t nor a finite double, and whatever passes the caps. */
#ifndef CC_BASE_JSON_H
#define CC_BASE_JSON_H

#include "str.h"

enum cc_json_type {
    CC_JSON_NULL,
    CC_JSON_BOOL,
    CC_JSON_INTEGER,  /* without a fraction or an exponent, and fits int64_t */
    CC_JSON_FRACTION, /* any other number; only its text is kept */
    CC_JSON_STRING,
    CC_JSON_ARRAY,
    CC_JSON_OBJECT,
};

/* A value. Strings are decoded and followed by a NUL; all lives as long as the arena, `text` as
 * long as the document. */
struct cc_json {
    enum cc_json_type type;
    bool is_true;
    struct cc_str text; /* as it stands in the document */
    struct cc_str name; /* of a member of an object */
    union {
        int64_t integer;
        struct cc_str string;
        struct {
            const struct cc_json *first; /* in the order of the document; NULL: it is empty */
            size_t count;
        };
    };
    const struct cc_json *next; /* in the array or object around it */
};

struct cc_json_limits {
    unsigned depth;
    unsigned nodes;
    size_t string_bytes;
    bool only_grammar; /* for cc_json_check: duplicate keys and U+0000 pass, as RFC 8259 has it */
};

extern const struct cc_json_limits cc_json_default_limits; /* from limits.h */

/* Whether text passes the gate. CC_BAD_REQUEST: the detail names what is wrong and at which byte.
 * CC_TOO_LARGE: over a cap. Allocates in the arena only for duplicate detection. */
enum cc_code cc_json_check(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, struct cc_err *err) CC_NODISCARD;

/* Checks, then parses. Errors as above; `*out` is never NULL. */
enum cc_code cc_json_parse(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, const struct cc_json **out,
                           struct cc_err *err) CC_NODISCARD;

/* Parses what we wrote ourselves (an item of the store): no caps but that of depth. CC_INTERNAL if
 * it is not JSON. */
enum cc_code cc_json_parse_own(struct cc_arena *arena, struct cc_str text,
                               const struct cc_json **out, struct cc_err *err) CC_NODISCARD;

/* The member of that name; NULL if there is none. */
const struct cc_json *cc_json_member(const struct cc_json *object, struct cc_str name);

#endif
