#define _GNU_SOURCE /* POLLRDHUP */

#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* What is looked at in one piece; a web server's own limits are far below. */
#define HEAD_BYTES_MAX (CC_PARAMS_BYTES_MAX + (size_t)32 * 1024)
#define USUAL_HEAD_BYTES ((size_t)8 * 1024)
#define RECORD_HEAD_BYTES 8
#define LONGEST_NAP_MS 10
/* A web server under load may pause for so long; beyond that, others come first. */
#define GRACE_MS 100

enum { BEGIN_REQUEST = 1, PARAMS = 4, RESPONDER = 1 }; /* FastCGI 1.0, section 8 */
enum verdict { GOOD, INCOMPLETE, BAD };

struct record {
    unsigned type, id;
    struct cc_str content;
};

/* FastCGI 1.0, section 3.3. Its padding has to be there as well: libfcgi waits for it. */
static enum verdict take_record(struct cc_str *in, struct record *out)
{
    const unsigned char *at = (const unsigned char *)in->at;
    size_t len, padding;

    if (in->len > 0 && at[0] != 1)
        return BAD;
    if (in->len < RECORD_HEAD_BYTES)
        return INCOMPLETE;
    len = (size_t)at[4] << 8 | at[5];
    padding = at[6];
    if (in->len < RECORD_HEAD_BYTES + len + padding)
        return INCOMPLETE;
    *out = (struct record){ at[1], (unsigned)at[2] << 8 | at[3],
                            cc_str_take(cc_str_skip(*in, RECORD_HEAD_BYTES), len) };
    *in = cc_str_skip(*in, RECORD_HEAD_BYTES + len + padding);
    return GOOD;
}

static bool is_begin(const struct record *record)
{
    const unsigned char *at = (const unsigned char *)record->content.at;

    return record->type == BEGIN_REQUEST && record->id != 0 && record->content.len == 8 &&
           at[0] == 0 && at[1] == RESPONDER;
}

/* Section 3.4: one byte, or four of which the highest bit is set. */
static bool take_length(struct cc_str *in, size_t *out)
{
    const unsigned char *at = (const unsigned char *)in->at;
    size_t bytes = in->len && at[0] & 0x80 ? 4 : 1;

    if (in->len < bytes)
        return false;
    *out = at[0];
    if (bytes == 4)
        *out = (size_t)(at[0] & 0x7f) << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    *in = cc_str_skip(*in, bytes);
    return true;
}

/* A NUL would end the text that libfcgi makes of the two. */
static bool take_pair(struct cc_str *in)
{
    size_t name, value;
    struct cc_str text;

    if (!take_length(in, &name) || !take_length(in, &value))
        return false;
    if (name > in->len || value > in->len - name)
        return false;
    text = cc_str_take(*in, name + value);
    *in = cc_str_skip(*in, text.len);
    return cc_str_find(text, '\0') == text.len;
}

static enum verdict judge_params(struct cc_str params)
{
    while (params.len)
        if (!take_pair(&params))
            return BAD;
    return GOOD;
}

/* BEGIN_REQUEST and PARAMS to the empty record, and nothing between them: what may come from a web
 * server by the specification, and no web server that we know sends, is refused. */
static enum verdict judge(struct cc_buf *params, struct cc_str in)
{
    struct record begin, record;
    enum verdict verdict = take_record(&in, &begin);

    if (verdict != GOOD)
        return verdict;
    if (!is_begin(&begin))
        return BAD;
    params->len = 0;
    for (;;) {
        verdict = take_record(&in, &record);
        if (verdict != GOOD)
            return verdict;
        if (record.type != PARAMS || record.id != begin.id)
            return BAD;
        if (record.content.len == 0)
            return judge_params(cc_buf_str(params));
        cc_buf_add(params, record.content);
    }
}

struct look {
    const struct cc_guard *guard;
    int64_t started_ms, nap_ms;
    size_t seen;
    bool ended; /* no more will come */
};

/* Waits for the first byte; for more it can only look again, since what was peeked at stays there
 * to read. False: it took too long, or another is to be served. */
static bool wait_for_more(struct look *look)
{
    struct pollfd ready = { .fd = look->guard->fd,
                            .events = (short)(look->seen ? POLLRDHUP : POLLIN | POLLRDHUP) };
    int64_t now_ms;

    poll(&ready, 1, (int)(look->seen ? look->nap_ms : LONGEST_NAP_MS));
    look->ended = ready.revents & (POLLRDHUP | POLLHUP | POLLERR);
    if (look->nap_ms < LONGEST_NAP_MS)
        look->nap_ms *= 2;
    now_ms = cc_clock_mono_ms(&cc_system_clock);
    if (now_ms >= look->guard->until_ms)
        return false;
    return now_ms - look->started_ms < GRACE_MS || !look->guard->gives_way(look->guard->arg);
}

/* GOOD or BAD ends it. */
static enum verdict look_again(struct look *look, struct cc_buf *params, char *at, size_t size)
{
    ssize_t got = recv(look->guard->fd, at, size, MSG_PEEK | MSG_DONTWAIT);

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        return BAD;
    if (got <= (ssize_t)look->seen)
        return look->ended ? BAD : INCOMPLETE;
    look->seen = (size_t)got;
    look->nap_ms = 1;
    return judge(params, (struct cc_str){ at, look->seen });
}

bool cc_guard_head(const struct cc_guard *guard, struct cc_arena *arena)
{
    struct look look = { .guard = guard,
                         .started_ms = cc_clock_mono_ms(&cc_system_clock),
                         .nap_ms = 1 };
    size_t size = USUAL_HEAD_BYTES;
    char *at = cc_arena_alloc(arena, size);
    struct cc_buf params;
    enum verdict verdict;

    cc_buf_init(&params, arena, HEAD_BYTES_MAX);
    for (;;) {
        verdict = look_again(&look, &params, at, size);
        if (verdict != INCOMPLETE)
            return verdict == GOOD;
        if (look.seen == HEAD_BYTES_MAX)
            return false;
        if (look.seen == size) {
            size = HEAD_BYTES_MAX;
            at = cc_arena_alloc(arena, size);
        } else if (!wait_for_more(&look)) {
            return false;
        }
    }
}
