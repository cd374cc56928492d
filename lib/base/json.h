/* base/json.h - JSON from outside. json-c is lenient even in its strict mode, so a gate of ours
 * (RFC 8259, and stricter where the RFC leaves a choice) reads the text first; json-c only ever
 * sees what passed. Where it lost a part for want of memory, which it does not say, the process
 * ends (cc_die).
 *
 * Refused beyond the grammar: bytes that are not UTF-8, a byte order mark, lone surrogates,
 * U+0000 in strings, duplicate keys (RFC 8259 4: behaviour is unpredictable), numbers that fit
 * neither int64_t nor a finite double, and whatever passes the caps. */
#ifndef CC_BASE_JSON_H
#define CC_BASE_JSON_H

#include "str.h"

struct json_object;

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

/* Checks, then parses. `*out` (NULL for the text `null`) lives as long as the arena and is not to
 * be shared between threads. Errors as above; CC_UNAVAILABLE: json-c had no memory and says so.
 * Where it does not say so, the worker ends. */
enum cc_code cc_json_parse(struct cc_arena *arena, struct cc_str text,
                           const struct cc_json_limits *limits, struct json_object **out,
                           struct cc_err *err) CC_NODISCARD;

/* Parses what we wrote ourselves (an item of the store): no caps but the depth.
 * CC_INTERNAL if it is not JSON; CC_UNAVAILABLE as above. */
enum cc_code cc_json_parse_own(struct cc_arena *arena, struct cc_str text, struct json_object **out,
                               struct cc_err *err) CC_NODISCARD;

#endif
