#include "internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* What is looked at in one piece; a web server's own limits are far below. */
#define HEAD_BYTES_MAX (CC_PARAMS_BYTES_MAX + (size_t)32 * 1024)
#define USUAL_BYTES ((size_t)8 * 1024)
/* How often a connection whose head is not whole asks whether it is to give way. */
#define NAP_MS 10
/* A web server under load may pause for so long; beyond that, others come first. */
#define GRACE_MS 100

#define RESPONDER 1 /* FastCGI 1.0, section 8 */
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
    if (in->len < CC_RECORD_HEAD_BYTES)
        return INCOMPLETE;
    len = (size_t)at[4] << 8 | at[5];
    padding = at[6];
    if (in->len < CC_RECORD_HEAD_BYTES + len + padding)
        return INCOMPLETE;
    *out = (struct record){ at[1], (unsigned)at[2] << 8 | at[3],
                            cc_str_take(cc_str_skip(*in, CC_RECORD_HEAD_BYTES), len) };
    *in = cc_str_skip(*in, CC_RECORD_HEAD_BYTES + len + padding);
    return GOOD;
}

static bool is_begin(const struct record *record)
{
    const unsigned char *at = (const unsigned char *)record->content.at;

    return record->type == CC_RECORD_BEGIN_REQUEST && record->id != 0 && record->content.len == 8 &&
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
static const char *take_pair(struct cc_str *in)
{
    size_t name, value;
    struct cc_str text;

    if (!take_length(in, &name) || !take_length(in, &value))
        return "a length that is cut off";
    if (name > in->len || value > in->len - name)
        return "a parameter longer than what came";
    text = cc_str_take(*in, name + value);
    *in = cc_str_skip(*in, text.len);
    return cc_str_find(text, '\0') == text.len ? NULL : "a parameter with a NUL";
}

static enum verdict refuse(struct cc_guard *guard, const char *fault)
{
    guard->fault = fault;
    return BAD;
}

static enum verdict judge_params(struct cc_guard *guard, struct cc_str params)
{
    while (params.len) {
        const char *fault = take_pair(&params);

        if (fault)
            return refuse(guard, fault);
    }
    return GOOD;
}

/* A record of the head, which must be of this type. */
static enum verdict take_head_record(struct cc_guard *guard, struct cc_str *in, unsigned type,
                                     struct record *out)
{
    enum verdict verdict = take_record(in, out);

    if (verdict == BAD)
        return refuse(guard, "a version that is not 1");
    if (verdict == GOOD && out->type != type)
        return refuse(guard, "a record out of place in a head");
    return verdict;
}

/* BEGIN_REQUEST and PARAMS to the empty record, and nothing between them: what may come from a web
 * server by the specification, and no web server that we know sends, is refused. */
static enum verdict judge_head(struct cc_guard *guard, struct cc_buf *params)
{
    struct cc_str in = { guard->at, guard->len };
    struct record begin, record;
    enum verdict verdict = take_head_record(guard, &in, CC_RECORD_BEGIN_REQUEST, &begin);

    if (verdict != GOOD)
        return verdict;
    if (!is_begin(&begin))
        return refuse(guard, "a beginning that is none of a responder");
    params->len = 0;
    for (;;) {
        verdict = take_head_record(guard, &in, CC_RECORD_PARAMS, &record);
        if (verdict != GOOD)
            return verdict;
        if (record.id != begin.id)
            return refuse(guard, "a record of another request");
        if (record.content.len == 0)
            break;
        cc_buf_add(params, record.content);
    }
    guard->id = begin.id;
    guard->judged = guard->len - in.len;
    return judge_params(guard, cc_buf_str(params));
}

/* --- the body --------------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Only STDIN of this request, whole or in part, until its empty record. */
static enum verdict judge_body_record(struct cc_guard *guard)
{
    const unsigned char *at = (const unsigned char *)guard->at + guard->judged;

    if (guard->len - guard->judged < CC_RECORD_HEAD_BYTES)
        return INCOMPLETE;
    if (at[0] != 1)
        return refuse(guard, "a version that is not 1");
    if (at[1] != CC_RECORD_STDIN)
        return refuse(guard, "a record out of place in a body");
    if (((unsigned)at[2] << 8 | at[3]) != guard->id)
        return refuse(guard, "a record of another request");
    guard->content_left = (size_t)at[4] << 8 | at[5];
    guard->padding_left = at[6];
    guard->judged += CC_RECORD_HEAD_BYTES;
    guard->ended = guard->content_left == 0;
    return GOOD;
}

/* The padding behind the last record is not libfcgi's any more: it would stay there unread. */
static enum verdict judge_body(struct cc_guard *guard)
{
    enum verdict verdict = GOOD;

    while (verdict == GOOD && !guard->ended) {
        size_t have = guard->len - guard->judged;
        size_t content = smaller(guard->content_left, have);
        size_t padding = smaller(guard->padding_left, have - content);

        guard->content_left -= content;
        guard->padding_left -= padding;
        guard->given_bytes += content;
        guard->judged += content + padding;
        verdict =
            guard->content_left + guard->padding_left > 0 ? INCOMPLETE : judge_body_record(guard);
    }
    return verdict == BAD ? BAD : GOOD;
}

/* --- moving ----------------------------------------------------------------------------------- */

static void drop(struct cc_guard *guard, size_t bytes)
{
    guard->len -= bytes;
    memmove(guard->at, guard->at + bytes, guard->len);
}

static bool give(struct cc_guard *guard)
{
    const size_t bytes = guard->judged;

    guard->judged = 0;
    if (bytes == 0)
        return true;
    if (send(guard->feed, guard->at, bytes, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)bytes) {
        guard->fault = "libfcgi could not be given it";
        return false;
    }
    drop(guard, bytes);
    return true;
}

/* INCOMPLETE: nothing is there yet. BAD: no more will come. */
static enum verdict receive(struct cc_guard *guard)
{
    ssize_t got = recv(guard->fd, guard->at + guard->len, guard->size - guard->len, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return INCOMPLETE;
    if (got <= 0)
        return guard->len ? refuse(guard, "it broke off") : BAD;
    guard->len += (size_t)got;
    return GOOD;
}

static void wait_for_bytes(const struct cc_guard *guard, int64_t ms)
{
    struct pollfd ready = { .fd = guard->fd, .events = POLLIN };

    poll(&ready, 1, ms > 0 ? (int)ms : 0);
}

/* What stands before the head: the padding of the request before it. */
static void drop_padding(struct cc_guard *guard)
{
    size_t padding = smaller(guard->padding_left, guard->len);

    guard->padding_left -= padding;
    drop(guard, padding);
}

static bool make_room(struct cc_guard *guard)
{
    if (guard->len < guard->size)
        return true;
    if (guard->size == HEAD_BYTES_MAX) {
        guard->fault = "a head over the limit";
        return false;
    }
    guard->at = cc_arena_grow(guard->arena, guard->at, guard->size, HEAD_BYTES_MAX);
    guard->size = HEAD_BYTES_MAX;
    return true;
}

/* False: it took too long, or another is to be served. */
static bool may_wait(struct cc_guard *guard, int64_t started_ms, int64_t timeout_ms)
{
    int64_t ms = cc_clock_mono_ms(&cc_system_clock) - started_ms;

    if (ms < timeout_ms && (ms < GRACE_MS || !guard->gives_way(guard->arg)))
        return true;
    guard->fault = "it stalled";
    return false;
}

/* GOOD or BAD ends it. Params is scratch. */
static enum verdict look(struct cc_guard *guard, struct cc_buf *params)
{
    enum verdict verdict;

    drop_padding(guard);
    verdict = judge_head(guard, params);
    if (verdict != INCOMPLETE)
        return verdict;
    return make_room(guard) ? INCOMPLETE : BAD;
}

void cc_guard_open(struct cc_guard *guard, int fd)
{
    cc_arena_reset(guard->arena);
    guard->fd = fd;
    guard->size = USUAL_BYTES;
    guard->at = cc_arena_alloc(guard->arena, guard->size);
    guard->len = guard->judged = 0;
    guard->content_left = guard->padding_left = guard->given_bytes = 0;
    guard->fault = NULL;
}

bool cc_guard_head(struct cc_guard *guard, struct cc_arena *scratch, int64_t timeout_ms)
{
    const int64_t started_ms = cc_clock_mono_ms(&cc_system_clock);
    enum verdict verdict, more;
    struct cc_buf params;

    cc_buf_init(&params, scratch, HEAD_BYTES_MAX);
    while ((verdict = look(guard, &params)) == INCOMPLETE) {
        while ((more = receive(guard)) == INCOMPLETE) {
            if (!may_wait(guard, started_ms, timeout_ms))
                return false;
            wait_for_bytes(guard, NAP_MS);
        }
        if (more == BAD)
            return false;
    }
    guard->ended = false;
    guard->content_left = guard->given_bytes = 0;
    return verdict == GOOD && judge_body(guard) == GOOD && give(guard);
}

long cc_guard_body(struct cc_guard *guard, int64_t timeout_ms)
{
    const int64_t until_ms = cc_clock_mono_ms(&cc_system_clock) + timeout_ms;

    while (guard->given_bytes == 0 && !guard->ended) {
        enum verdict more = receive(guard);

        if (more == BAD || (more == GOOD && (judge_body(guard) == BAD || !give(guard))))
            return -1;
        if (more == INCOMPLETE) {
            int64_t left_ms = until_ms - cc_clock_mono_ms(&cc_system_clock);

            if (left_ms <= 0)
                return -2;
            wait_for_bytes(guard, left_ms);
        }
    }
    return 0;
}
