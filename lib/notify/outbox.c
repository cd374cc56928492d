#include "notify.h"

#include "../base/arena.h"
#include "../base/file.h"
#include "../base/jsonw.h"

#include <unistd.h>

#define NOTICE_BYTES_MAX ((size_t)16 * 1024)
#define ARENA_BYTES_MAX ((size_t)256 * 1024)

struct outbox {
    struct cc_sender base;
    struct cc_arena *arena;
    const char *path;
    const struct cc_clock *clock;
};

/* One object a line: to, channel, code, text, at. */
static struct cc_str write_line(struct cc_arena *arena, const struct cc_notice *notice,
                                int64_t now_ms)
{
    struct cc_buf buf;
    struct cc_jw w;

    cc_buf_init(&buf, arena, NOTICE_BYTES_MAX);
    cc_jw_init(&w, &buf);
    cc_jw_object(&w);
    cc_jw_put_str(&w, "to", notice->to);
    cc_jw_put_str(&w, "channel", notice->channel);
    cc_jw_put_str(&w, "code", notice->code);
    cc_jw_put_str(&w, "text", notice->text);
    cc_jw_put_time(&w, "at", now_ms);
    cc_jw_object_end(&w);
    cc_buf_add_byte(&buf, '\n');
    return buf.overflow ? CC_STR_ABSENT : cc_buf_str(&buf);
}

/* A terminal that is gone does not keep the file from being written. */
static void show(struct cc_arena *arena, const struct cc_notice *notice)
{
    struct cc_str line = cc_str_format(arena, "to %.*s by %.*s: %.*s\n", CC_STR_ARG(notice->to),
                                       CC_STR_ARG(notice->channel), CC_STR_ARG(notice->text));
    ssize_t ignored = write(STDERR_FILENO, line.at, line.len);

    (void)ignored;
}

static enum cc_code outbox_send(struct cc_sender *sender, const struct cc_notice *notice,
                                struct cc_err *err)
{
    struct outbox *outbox = (struct outbox *)sender;
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    struct cc_str line = write_line(arena, notice, cc_clock_wall_ms(outbox->clock));
    enum cc_code rc;

    if (line.at)
        rc = cc_file_append(outbox->path, line, 0600, err);
    else
        rc = cc_fail(err, CC_INVALID, NULL, "outbox: the notice is too long");
    if (rc == CC_OK)
        show(arena, notice);
    cc_arena_free(arena);
    return rc;
}

static void outbox_close(struct cc_sender *sender)
{
    cc_arena_free(((struct outbox *)sender)->arena);
}

static void outbox_examine(struct cc_sender *sender, struct cc_findings *to)
{
    cc_find_doubtful(to, "outbox",
                     "The outbox is for trying out: codes reach nobody, they are written to %s.",
                     ((struct outbox *)sender)->path);
}

static void outbox_stop(struct cc_sender *sender)
{
    (void)sender; /* it waits for nobody */
}

static const struct cc_sender_ops outbox_ops = {
    .name = "outbox",
    .send = outbox_send,
    .examine = outbox_examine,
    .stop = outbox_stop,
    .close = outbox_close,
};

enum cc_code cc_sender_open_outbox(struct cc_str path, const struct cc_clock *clock,
                                   struct cc_sender **out, struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    struct outbox *outbox = CC_NEW(arena, struct outbox);

    outbox->base.ops = &outbox_ops;
    outbox->arena = arena;
    outbox->clock = clock;
    outbox->path = cc_str_z(arena, path);
    if (!outbox->path || outbox->path[0] == '\0') {
        cc_arena_free(arena);
        return cc_fail(err, CC_INVALID, "The outbox is not named.", "outbox: no path");
    }
    *out = &outbox->base;
    return CC_OK;
}
