/* base/json_reader.h - reads JSON of which we know what stands where, token by token: no tree, and
 * strings stay where they are. A reader takes what it expects and says whether it was there; when
 * it was not, `at` is where the text goes wrong. It is for what we wrote ourselves and for the
 * answers of a service that we trust; JSON from clients goes through json.h. */
#ifndef CC_BASE_JSON_READER_H
#define CC_BASE_JSON_READER_H

#include "str.h"

struct cc_json_reader {
    struct cc_arena *arena; /* for strings that have escapes */
    const char *at;
    const char *end;
    unsigned depth;
};

static inline struct cc_json_reader cc_json_reader_of(struct cc_arena *arena, struct cc_str text)
{
    return (struct cc_json_reader){ .arena = arena, .at = text.at, .end = text.at + text.len };
}

static inline void cc_json_skip_space(struct cc_json_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

/* One byte of the structure, and the space before it. */
static inline bool cc_json_take(struct cc_json_reader *r, char byte)
{
    cc_json_skip_space(r);
    if (r->at == r->end || *r->at != byte)
        return false;
    r->at++;
    return true;
}

/* true, false, null: exactly here. */
bool cc_json_take_word(struct cc_json_reader *r, struct cc_str word);
/* A string, decoded: borrowed from the text where it has no escapes, else in the arena. Its bytes
 * may be any but a quote, also such as are not UTF-8. */
bool cc_json_take_str(struct cc_json_reader *r, struct cc_str *out);
/* What looks like a number, as it stands there, exactly here. */
bool cc_json_take_number(struct cc_json_reader *r, struct cc_str *out);
/* Any value, at most CC_JSON_DEPTH_MAX deep. */
bool cc_json_skip(struct cc_json_reader *r);

/* Goes through the members of an object ('{') or the items of an array ('['):
 *
 *     for (each = cc_json_each(&r, '{'); cc_json_next(&each);)
 *         each.broken = !take_value(&r, each.name);
 *
 * What stands in the loop takes the value. `broken` afterwards: the text was not as it should be.
 */
struct cc_json_each {
    struct cc_json_reader *r;
    char open;
    bool begun, broken;
    struct cc_str name; /* of a member, decoded */
};

struct cc_json_each cc_json_each(struct cc_json_reader *r, char open);
bool cc_json_next(struct cc_json_each *each);

#endif
