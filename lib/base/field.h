/* base/field.h - a table says how the members of a JSON object and those of a C struct belong
 * together. One table decodes a request body or a query string (with every rule checked), and
 * encodes and decodes an item of the store. */
#ifndef CC_BASE_FIELD_H
#define CC_BASE_FIELD_H

#include "json.h"
#include "jsonw.h"

enum cc_field_type {
    CC_FIELD_STR,    /* struct cc_str; absent: at == NULL. min, max: code points */
    CC_FIELD_NAME,   /* struct cc_str; as STR, then made one clean line (text.h) */
    CC_FIELD_I64,    /* int64_t; absent: 0, unless CC_FIELD_REQUIRED. min, max: value */
    CC_FIELD_BOOL,   /* bool; absent: false */
    CC_FIELD_ENUM,   /* int: index in `values`; absent: 0 */
    CC_FIELD_STRS,   /* struct cc_strs: array of strings. min, max: number of items;
                        item_min, item_max: code points of each */
    CC_FIELD_I64S,   /* struct cc_i64s */
    CC_FIELD_OBJECT, /* the struct itself, by the table `sub` */
    CC_FIELD_JSON,   /* struct json_object *: any value, left to the caller; absent: NULL */
};

enum cc_field_flag {
    CC_FIELD_REQUIRED = 1,
    CC_FIELD_SECRET = 2, /* the copy is wiped with the arena */
    CC_FIELD_OMIT = 4,   /* encoding leaves it out when it is absent, 0 or false */
    CC_FIELD_NOTED = 8,  /* decoding says at `noted` whether it was there: 0 is not absence */
};

struct cc_i64s {
    const int64_t *at;
    size_t count;
};

struct cc_field {
    const char *name;
    enum cc_field_type type;
    unsigned flags;
    size_t offset;
    int64_t min, max;           /* max 0 = no upper bound; I64: both 0 = no bound at all */
    size_t item_min, item_max;  /* item_max 0 = no upper bound */
    const char *const *values;  /* ENUM: NULL-terminated */
    const struct cc_field *sub; /* OBJECT: table ended by a row with name NULL */
    size_t noted;               /* NOTED: offset of a bool */
};

/* Decodes `text` as an object by the table (ended by a row with name NULL) into `out`; what the
 * table names in it is zeroed first. `null` is no value of any type but JSON, and not the same as
 * an absent member. A member that no row names is refused, every wrong member is listed:
 * CC_INVALID with JSON Pointers; CC_BAD_REQUEST, CC_TOO_LARGE as cc_json_parse. Strings live as
 * long as the arena and are followed by a NUL. */
enum cc_code cc_fields_decode(struct cc_arena *arena, const struct cc_field *fields,
                              struct cc_str text, void *out, struct cc_err *err) CC_NODISCARD;

/* The same for a value that is parsed already; `prefix` ("/data") is put before the pointers. */
enum cc_code cc_fields_decode_json(struct cc_arena *arena, const struct cc_field *fields,
                                   struct json_object *value, const char *prefix, void *out,
                                   struct cc_err *err) CC_NODISCARD;

/* The same for the query of a URL (application/x-www-form-urlencoded without '+' as space; each
 * name at most once; scalars only). An absent or empty query has no parameters. CC_BAD_REQUEST: a
 * part without '=', a bad escape, bytes that are not UTF-8, U+0000, a name that comes twice. */
enum cc_code cc_fields_decode_query(struct cc_arena *arena, const struct cc_field *fields,
                                    struct cc_str query, void *out,
                                    struct cc_err *err) CC_NODISCARD;

/* An item of the store: members that no row names are ignored (a newer version wrote them), rules
 * are not checked, null is absent. Strings are borrowed from `body` where they have no escapes.
 * CC_INTERNAL if it does not parse or a member has the wrong type. */
enum cc_code cc_fields_load(struct cc_arena *arena, const struct cc_field *fields,
                            struct cc_str body, void *out, struct cc_err *err) CC_NODISCARD;

/* The struct as a JSON object, in the arena: an item's body. */
struct cc_str cc_fields_save(struct cc_arena *arena, const struct cc_field *fields, const void *in);

#endif
