#include "log.h"
#include "jsonw.h"
#include "utf8.h"

#include <assert.h>
#include <unistd.h>

/* Kept free for what ends a line that was cut: `,"cut":true}` and the newline. */
#define TAIL_BYTES 16

static const char *const level_names[] = { "debug", "info", "warn", "error" };

static void json_field(struct cc_jw *w, const struct cc_log_field *field, struct cc_str value)
{
    if (field->type == CC_LOG_FIELD_I64)
        cc_jw_put_i64(w, field->name, field->i64);
    else
        cc_jw_put_str(w, field->name, value);
}

/* Half of it, ended between two characters. */
static struct cc_str half(struct cc_str s)
{
    size_t len = s.len / 2;

    while (len > 0 && ((unsigned char)s.at[len] & 0xC0) == 0x80)
        len--;
    return cc_str_take(s, len);
}

/* Writes the field, or of a string as much as fits; says whether it had to cut. */
static bool json_field_cut(struct cc_jw *w, const struct cc_log_field *field)
{
    const struct cc_jw before = *w;
    const struct cc_buf written = *w->buf;
    struct cc_str value = field->str;
    bool cut = false;

    for (;;) {
        json_field(w, field, value);
        if (!w->buf->overflow)
            return cut;
        cut = true;
        *w = before;
        *w->buf = written;
        if (field->type == CC_LOG_FIELD_I64 || value.len == 0)
            return true;
        value = half(value);
    }
}

struct entry {
    enum cc_log_level level;
    const char *event;
    const struct cc_log_field *fields;
    size_t count;
};

static void write_json(const struct cc_log *log, const struct entry *entry, struct cc_buf *buf)
{
    const struct cc_log_field event_field = CC_LOG_Z("event", entry->event);
    struct cc_jw w;
    bool cut;

    cc_jw_init(&w, buf);
    cc_jw_object(&w);
    cc_jw_put_time(&w, "at", cc_clock_wall_ms(log->clock));
    cc_jw_put_str(&w, "level", cc_str_from(level_names[entry->level]));
    cc_jw_put_str(&w, "program", cc_str_from(log->program));
    cut = json_field_cut(&w, &event_field);
    for (size_t i = 0; i < entry->count; i++)
        cut |= json_field_cut(&w, &entry->fields[i]);
    buf->ceiling += TAIL_BYTES;
    buf->cap += TAIL_BYTES;
    if (cut)
        cc_jw_put_bool(&w, "cut", true);
    cc_jw_object_end(&w);
}

/* A terminal obeys control characters, and those of C1 (U+0080 to U+009F) as well. */
static void add_harmless(struct cc_buf *buf, struct cc_str s)
{
    const unsigned char *at = (const unsigned char *)s.at;
    size_t left = s.len;

    while (left > 0) {
        size_t step = cc_utf8_step(at, left);
        bool harmful =
            step == 0 || at[0] < 0x20 || at[0] == 0x7F || (at[0] == 0xC2 && at[1] < 0xA0);

        if (harmful)
            cc_buf_add_byte(buf, at[0] == '\n' ? ' ' : '?');
        else
            cc_buf_add(buf, (struct cc_str){ (const char *)at, step });
        step += step == 0;
        at += step;
        left -= step;
    }
}

static void write_readable(const struct cc_log *log, const struct entry *entry, struct cc_buf *buf)
{
    static const char *const colours[] = { "\x1b[2m", "", "\x1b[33m", "\x1b[31m" };
    const char *colour = colours[entry->level];
    bool coloured = colour[0] && isatty(log->fd);
    char time[CC_TIME_TEXT_SIZE];
    struct cc_str now = cc_time_format(cc_clock_wall_ms(log->clock), time);

    cc_buf_add(buf, cc_str_take(cc_str_skip(now, 11), 12)); /* 04:05:06.789 */
    if (coloured)
        cc_buf_add_z(buf, colour);
    cc_buf_add_format(buf, " %-5s %s: ", level_names[entry->level], log->program);
    add_harmless(buf, cc_str_from(entry->event));
    for (size_t i = 0; i < entry->count; i++) {
        const struct cc_log_field *field = &entry->fields[i];

        cc_buf_add_format(buf, " %s=", field->name);
        if (field->type == CC_LOG_FIELD_I64)
            cc_buf_add_i64(buf, field->i64);
        else
            add_harmless(buf, field->str);
    }
    buf->overflow = false;
    buf->ceiling += TAIL_BYTES;
    buf->cap += TAIL_BYTES;
    if (coloured)
        cc_buf_add_z(buf, "\x1b[0m");
}

void cc_log_write(const struct cc_log *log, enum cc_log_level level, const char *event,
                  const struct cc_log_field *fields, size_t count)
{
    const struct entry entry = { level, event, fields, count };
    char line[CC_LOG_LINE_MAX + 1];
    struct cc_buf buf;
    ssize_t ignored;

    if (level < log->level)
        return;
    cc_buf_init_fixed(&buf, line, sizeof(line) - TAIL_BYTES);
    if (log->readable)
        write_readable(log, &entry, &buf);
    else
        write_json(log, &entry, &buf);
    cc_buf_add_byte(&buf, '\n');
    assert(!buf.overflow);
    ignored = write(log->fd, buf.at, buf.len); /* a log that cannot be written has nobody to tell */
    (void)ignored;
}
