#include "field_rows.h"
#include "text.h"

/* --- what is wrong ---------------------------------------------------------------------------- */

/* RFC 6901 section 3: '~' and '/' in a name are escaped. */
static void add_place(struct cc_buf *buf, const struct cc_field_place *at)
{
    if (!at)
        return;
    add_place(buf, at->parent);
    cc_buf_add_byte(buf, '/');
    if (!at->name)
        cc_buf_add_i64(buf, (int64_t)at->index);
    for (const char *c = at->name; c && *c; c++) {
        if (*c == '~' || *c == '/')
            cc_buf_add_z(buf, *c == '~' ? "~0" : "~1");
        else
            cc_buf_add_byte(buf, *c);
    }
}

void cc_field_wrong(struct cc_field_decoder *d, const struct cc_field_place *at, const char *detail)
{
    char memory[sizeof(((struct cc_invalid *)0)->pointer) + 4];
    struct cc_buf pointer;

    cc_buf_init_fixed(&pointer, memory, sizeof(memory));
    cc_buf_add_z(&pointer, d->prefix);
    add_place(&pointer, at);
    memory[pointer.len] = '\0';
    (void)cc_fail_field(d->err, memory, detail);
}

void cc_field_wrong_range(struct cc_field_decoder *d, const struct cc_field *f,
                          const struct cc_field_place *at, const char *verb, const char *unit)
{
    const int64_t min = f->min, max = f->max;
    char detail[96];
    struct cc_buf buf;

    cc_buf_init_fixed(&buf, detail, sizeof(detail));
    cc_buf_add_format(&buf, "%s ", verb);
    if (max == 0 || max == INT64_MAX)
        cc_buf_add_format(&buf, "at least %lld", (long long)min);
    else if (min == max)
        cc_buf_add_format(&buf, "exactly %lld", (long long)min);
    else if (min == 0 && *unit)
        cc_buf_add_format(&buf, "at most %lld", (long long)max);
    else
        cc_buf_add_format(&buf, "%lld to %lld", (long long)min, (long long)max);
    cc_buf_add_z(&buf, unit);
    detail[buf.len] = '\0';
    cc_field_wrong(d, at, detail);
}

void cc_field_wrong_enum(struct cc_field_decoder *d, const struct cc_field_place *at,
                         const char *const *values)
{
    char detail[96];
    struct cc_buf buf;

    cc_buf_init_fixed(&buf, detail, sizeof(detail));
    cc_buf_add_z(&buf, "must be one of ");
    for (size_t i = 0; values[i]; i++)
        cc_buf_add_format(&buf, "%s%s", i ? ", " : "", values[i]);
    detail[buf.len] = '\0';
    cc_field_wrong(d, at, detail);
}

/* --- values, wherever they came from ---------------------------------------------------------- */

bool cc_field_in_range(int64_t value, int64_t min, int64_t max)
{
    return value >= min && (max == 0 || value <= max);
}

void cc_field_take_str(struct cc_field_decoder *d, const struct cc_field *f, struct cc_str value,
                       const struct cc_field_place *at, struct cc_str *out)
{
    if (f->type == CC_FIELD_NAME) {
        value = cc_text_name(d->arena, value);
        if (!value.at) {
            cc_field_wrong(d, at, "must not hold control characters");
            return;
        }
    }
    if (!cc_field_in_range((int64_t)cc_text_length(value), f->min, f->max)) {
        cc_field_wrong_range(d, f, at, "must be", " characters");
        return;
    }
    *out = f->flags & CC_FIELD_SECRET ? cc_field_copy_secret(d->arena, value) : value;
}

void cc_field_take_i64(struct cc_field_decoder *d, const struct cc_field *f, int64_t value,
                       const struct cc_field_place *at, int64_t *out)
{
    bool bounded = f->min != 0 || f->max != 0;

    if (bounded && !cc_field_in_range(value, f->min, f->max))
        cc_field_wrong_range(d, f, at, "must be", "");
    else
        *out = value;
}

void cc_field_take_enum(struct cc_field_decoder *d, const struct cc_field *f, struct cc_str value,
                        const struct cc_field_place *at, int *out)
{
    if (!cc_field_find_value(f, value, out))
        cc_field_wrong_enum(d, at, f->values);
}
