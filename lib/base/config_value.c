#include "config_reader.h"
#include "arena.h"
#include "file.h"
#include "utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SECRET_BYTES_MAX ((size_t)64 * 1024)

/* The detail is shown in a terminal, and names what somebody wrote: no control character of it and
 * nothing but UTF-8 may get there. */
static void make_printable(char *text)
{
    unsigned char *at = (unsigned char *)text;

    while (*at) {
        size_t step = cc_utf8_step(at, strlen((char *)at));
        const bool is_control = at[0] < 0x20 || at[0] == 0x7F || (at[0] == 0xC2 && at[1] < 0xA0);

        if (step == 0 || is_control)
            memset(at, '?', step ? step : 1);
        at += step ? step : 1;
    }
}

enum cc_code cc_config_refuse(struct cc_err *err, const char *where, const char *format, ...)
{
    char what[sizeof(err->detail)], detail[sizeof(err->detail) * 2];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    snprintf(detail, sizeof(detail), "%s: %s", where, what);
    make_printable(detail);
    return cc_fail(err, CC_INVALID, detail, "configuration: %s", detail);
}

struct unit {
    char suffix;
    int64_t factor;
};

static const struct unit seconds_units[] = {
    { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { '\0', 0 }
};
static const struct unit bytes_units[] = { { 'k', 1024 }, { 'm', 1024 * 1024 }, { '\0', 0 } };
static const struct unit no_units[] = { { '\0', 0 } };

static const struct unit *units_of(enum cc_config_type type)
{
    if (type == CC_CONFIG_SECONDS)
        return seconds_units;
    return type == CC_CONFIG_BYTES ? bytes_units : no_units;
}

/* A value on its way into the struct. */
struct setting {
    struct cc_config_reader *reader;
    const struct cc_config_key *key;
    const char *where;
    struct cc_str text;
    struct cc_err *err;
};

static enum cc_code must(const struct setting *s, const char *what)
{
    return cc_config_refuse(s->err, s->where, "[%s] %s must %s", s->key->section, s->key->key,
                            what);
}

static enum cc_code check_range(const struct setting *s, int64_t value, const char *verb,
                                const char *unit)
{
    char what[96];

    if ((s->key->min == 0 && s->key->max == 0) || (value >= s->key->min && value <= s->key->max))
        return CC_OK;
    snprintf(what, sizeof(what), "%s %lld to %lld%s", verb, (long long)s->key->min,
             (long long)s->key->max, unit);
    return must(s, what);
}

static enum cc_code read_str(const struct setting *s, void *out)
{
    *(struct cc_str *)out = s->text;
    return check_range(s, (int64_t)s->text.len, "have", " bytes");
}

static struct cc_str from_folder(const struct cc_config_reader *r, struct cc_str path)
{
    const struct cc_str parts[] = { r->folder, path };

    if (path.len == 0 || path.at[0] == '/' || r->folder.len == 0)
        return path;
    return cc_str_join(r->arena, parts, 2);
}

static enum cc_code read_path(const struct setting *s, void *out)
{
    *(struct cc_str *)out = from_folder(s->reader, s->text);
    return check_range(s, (int64_t)s->text.len, "have", " bytes");
}

static enum cc_code read_i64(const struct setting *s, void *out)
{
    struct cc_str digits = s->text;
    int64_t factor = 1, value;

    for (const struct unit *unit = units_of(s->key->type); unit->suffix; unit++) {
        if (digits.len > 0 && s->text.at[s->text.len - 1] == unit->suffix) {
            digits.len = s->text.len - 1;
            factor = unit->factor;
        }
    }
    if (!cc_str_to_i64(digits, INT64_MIN, INT64_MAX, &value) ||
        __builtin_mul_overflow(value, factor, &value)) {
        if (s->key->type == CC_CONFIG_SECONDS)
            return must(s, "be a time, like 90s, 10m, 2h or 14d");
        return must(s, s->key->type == CC_CONFIG_BYTES ? "be a size, like 4096, 64k or 5m"
                                                       : "be a whole number");
    }
    *(int64_t *)out = value;
    return check_range(s, value, "be",
                       s->key->type == CC_CONFIG_SECONDS ? " seconds"
                       : s->key->type == CC_CONFIG_BYTES ? " bytes"
                                                         : "");
}

static enum cc_code read_bool(const struct setting *s, void *out)
{
    *(bool *)out = cc_str_eq(s->text, CC_STR("yes"));
    return *(bool *)out || cc_str_eq(s->text, CC_STR("no")) ? CC_OK : must(s, "be yes or no");
}

void cc_config_add_values(struct cc_buf *buf, const char *const *values)
{
    for (size_t i = 0; values[i]; i++)
        cc_buf_add_format(buf, "%s%s", i ? ", " : "", values[i]);
}

static enum cc_code read_enum(const struct setting *s, void *out)
{
    struct cc_buf what;

    for (int i = 0; s->key->values[i]; i++) {
        if (cc_str_eq(s->text, cc_str_from(s->key->values[i]))) {
            *(int *)out = i;
            return CC_OK;
        }
    }
    cc_buf_init(&what, s->reader->arena, 1024);
    cc_buf_add_z(&what, "be one of ");
    cc_config_add_values(&what, s->key->values);
    return must(s, cc_str_z(s->reader->arena, cc_buf_str(&what)));
}

static enum cc_code read_list(const struct setting *s, void *out)
{
    struct cc_str rest = s->text.len ? s->text : CC_STR_ABSENT;
    struct cc_str *items;
    size_t count = 0;

    for (size_t i = 0; i < s->text.len; i++)
        count += s->text.at[i] == ',';
    items = CC_NEW_ARRAY(s->reader->arena, struct cc_str, count + 1);
    for (count = 0; rest.at; count++) {
        items[count] = cc_str_trim(cc_str_cut(&rest, ','));
        if (items[count].len == 0)
            return must(s, "be a list separated by commas, without an empty place");
    }
    *(struct cc_strs *)out = (struct cc_strs){ items, count };
    return check_range(s, (int64_t)count, "have", " items");
}

static enum cc_code read_gone(const struct setting *s, void *out)
{
    (void)out;
    return cc_config_refuse(s->err, s->where, "there is no [%s] %s any more: %s", s->key->section,
                            s->key->key, s->key->help);
}

typedef enum cc_code read_fn(const struct setting *s, void *out);

static const struct {
    size_t size;
    read_fn *read;
} types[] = {
    [CC_CONFIG_STR] = { sizeof(struct cc_str), read_str },
    [CC_CONFIG_PATH] = { sizeof(struct cc_str), read_path },
    [CC_CONFIG_SECRET] = { sizeof(struct cc_str), read_str },
    [CC_CONFIG_I64] = { sizeof(int64_t), read_i64 },
    [CC_CONFIG_BOOL] = { sizeof(bool), read_bool },
    [CC_CONFIG_ENUM] = { sizeof(int), read_enum },
    [CC_CONFIG_LIST] = { sizeof(struct cc_strs), read_list },
    [CC_CONFIG_SECONDS] = { sizeof(int64_t), read_i64 },
    [CC_CONFIG_BYTES] = { sizeof(int64_t), read_i64 },
    [CC_CONFIG_GONE] = { 0, read_gone },
};

static enum cc_code read_secret_file(struct setting *s)
{
    struct cc_str path = from_folder(s->reader, s->text);
    const char *z = cc_str_z(s->reader->arena, path);
    struct cc_err why = { 0 };

    if (cc_file_read(s->reader->arena, z, SECRET_BYTES_MAX, &s->text, &why) != CC_OK)
        return cc_config_refuse(s->err, s->where, "the secret cannot be read (%s)", why.cause);
    if (cc_str_ends(s->text, CC_STR("\n")))
        s->text.len--;
    return CC_OK;
}

enum cc_code cc_config_read_value(struct cc_config_reader *r, const struct cc_config_key *key,
                                  void *out, struct cc_err *err)
{
    const struct cc_config_given *given = &r->given[key - r->keys];
    struct setting s = { r, key, given->where, given->value, err };
    void *member = (char *)out + key->offset;
    enum cc_code rc = CC_OK;

    memset(member, 0, types[key->type].size);
    if (!s.text.at) {
        s.text = cc_str_from(key->fallback);
        s.where = "built in";
    }
    if (!s.text.at)
        return CC_OK;
    if (given->names_file)
        rc = read_secret_file(&s);
    return rc == CC_OK ? types[key->type].read(&s, member) : rc;
}
