/* base/field_rows.h - what decoding, loading and saving have in common about the rows of a table;
 * for the files of this folder. */
#ifndef CC_BASE_FIELD_ROWS_H
#define CC_BASE_FIELD_ROWS_H

#include "field.h"

static inline void *cc_field_member(const struct cc_field *f, void *out)
{
    return (char *)out + f->offset;
}

static inline void cc_field_note(const struct cc_field *f, void *out, bool is_there)
{
    if (f->flags & CC_FIELD_NOTED)
        *(bool *)((char *)out + f->noted) = is_there;
}

/* The row of that name; NULL if there is none. */
const struct cc_field *cc_field_named(const struct cc_field *fields, struct cc_str name);

/* ENUM: which of the values `name` is. */
bool cc_field_find_value(const struct cc_field *f, struct cc_str name, int *out);

/* Makes every member that a row names absent. */
void cc_fields_zero(const struct cc_field *fields, void *out);

/* A copy that is wiped with the arena. */
struct cc_str cc_field_copy_secret(struct cc_arena *arena, struct cc_str s);

/* --- the rules (field_rules.c) ---------------------------------------------------------------- */

struct cc_field_decoder {
    struct cc_arena *arena;
    struct cc_err *err;
    const char *prefix;
};

/* Where in the document a value stands: the way up to the root. */
struct cc_field_place {
    const struct cc_field_place *parent;
    const char *name; /* of a member; NULL: an item of an array */
    size_t index;
};

/* Notes what is wrong there; decoding goes on, so that all is told at once. */
void cc_field_wrong(struct cc_field_decoder *d, const struct cc_field_place *at,
                    const char *detail);
/* "must be 1 to 64 characters"; `verb` is "must be" or "must have", `unit` " characters" or "". */
void cc_field_wrong_range(struct cc_field_decoder *d, const struct cc_field *f,
                          const struct cc_field_place *at, const char *verb, const char *unit);
/* "must be one of direct, group" */
void cc_field_wrong_enum(struct cc_field_decoder *d, const struct cc_field_place *at,
                         const char *const *values);

bool cc_field_in_range(int64_t value, int64_t min, int64_t max); /* max 0: no upper bound */

/* A value, wherever it came from, into `*out` if it keeps the rules of its row. */
void cc_field_take_str(struct cc_field_decoder *d, const struct cc_field *f, struct cc_str value,
                       const struct cc_field_place *at, struct cc_str *out);
void cc_field_take_i64(struct cc_field_decoder *d, const struct cc_field *f, int64_t value,
                       const struct cc_field_place *at, int64_t *out);
void cc_field_take_enum(struct cc_field_decoder *d, const struct cc_field *f, struct cc_str value,
                        const struct cc_field_place *at, int *out);

#endif
