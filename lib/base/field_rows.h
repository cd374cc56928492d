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

/* Makes every member that a row names absent. */
void cc_fields_zero(const struct cc_field *fields, void *out);

/* A copy that is wiped with the arena. */
struct cc_str cc_field_copy_secret(struct cc_arena *arena, struct cc_str s);

#endif
