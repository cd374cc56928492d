#define _GNU_SOURCE /* explicit_bzero */

#include "records.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define HEADER_BYTES 8
#define CONTENT_BYTES_MAX ((size_t)65528) /* a multiple of 8: nothing needs padding */
/* While nothing comes: how often gives_way is asked. */
#define PATIENCE_STEP_MS 50
/* A web server that takes less of an answer is not waited for. */
#define SLOWEST_BYTES_A_SECOND 1024

/* FastCGI 1.0, section 8 */
enum type {
    BEGIN_REQUEST = 1,
    ABORT_REQUEST = 2,
    END_REQUEST = 3,
    PARAMS = 4,
    STDIN = 5,
    STDOUT = 6,
    GET_VALUES = 9,
    GET_VALUES_RESULT = 10,
    UNKNOWN_TYPE = 11,
};
enum { RESPONDER = 1 };
enum { KEEP_CONNECTION = 1 };
enum verdict { REQUEST_COMPLETE = 0, CANNOT_MULTIPLEX = 1, UNKNOWN_ROLE = 3 };

struct record {
    unsigned type, id;
};

static int64_t now_ms(void)
{
    return cc_clock_mono_ms(&cc_system_clock);
}

/* --- bytes ------------------------------------------------------------------------------------ */

void cc_fcgi_open(struct cc_fcgi *fcgi, int fd)
{
    *fcgi = (struct cc_fcgi){ .fd = fd, .gives_way = fcgi->gives_way, .arg = fcgi->arg };
}

static void give_time(struct cc_fcgi *fcgi, int64_t pause_ms, int64_t more_ms)
{
    fcgi->pause_ms = pause_ms;
    fcgi->until_ms = now_ms() + pause_ms + more_ms;
}

/* 0, or a failure. */
static int wait_for(const struct cc_fcgi *fcgi, short events)
{
    struct pollfd ready = { .fd = fcgi->fd, .events = events };
    int64_t until_ms = now_ms() + fcgi->pause_ms;

    if (until_ms > fcgi->until_ms)
        until_ms = fcgi->until_ms;
    for (;;) {
        int64_t left_ms = until_ms - now_ms();

        if (left_ms <= 0)
            return CC_FCGI_STALLED;
        if (poll(&ready, 1, left_ms < PATIENCE_STEP_MS ? (int)left_ms : PATIENCE_STEP_MS) > 0)
            return 0;
        if (fcgi->gives_way && fcgi->gives_way(fcgi->arg))
            return CC_FCGI_STALLED;
    }
}

/* What is there to read, at least one byte, or a failure. Also when bytes come without a pause the
 * time runs out: nobody keeps us busy with records that are none of a request. */
static long receive(struct cc_fcgi *fcgi, void *out, size_t size)
{
    for (;;) {
        ssize_t got = recv(fcgi->fd, out, size, MSG_DONTWAIT);
        int failure;

        if (got > 0)
            return now_ms() < fcgi->until_ms ? (long)got : CC_FCGI_STALLED;
        if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            return CC_FCGI_BROKEN;
        failure = wait_for(fcgi, POLLIN);
        if (failure)
            return failure;
    }
}

/* At least so many bytes in the buffer, in one piece. 0, or a failure. */
static int fill(struct cc_fcgi *fcgi, size_t want)
{
    if (fcgi->end - fcgi->at >= want)
        return 0;
    memmove(fcgi->buffer, fcgi->buffer + fcgi->at, fcgi->end - fcgi->at);
    fcgi->end -= fcgi->at;
    fcgi->at = 0;
    while (fcgi->end < want) {
        long got = receive(fcgi, fcgi->buffer + fcgi->end, sizeof(fcgi->buffer) - fcgi->end);

        if (got < 0)
            return (int)got;
        fcgi->end += (size_t)got;
    }
    return 0;
}

/* The next bytes of this record's content, as many as are there and at least one. */
static int take(struct cc_fcgi *fcgi, struct cc_str *out)
{
    size_t have;
    int failure = fill(fcgi, 1);

    if (failure)
        return failure;
    have = fcgi->end - fcgi->at;
    if (have > fcgi->left)
        have = fcgi->left;
    *out = (struct cc_str){ (const char *)fcgi->buffer + fcgi->at, have };
    fcgi->at += have;
    fcgi->left -= have;
    return 0;
}

static int skip_record(struct cc_fcgi *fcgi)
{
    struct cc_str waste;
    int failure = 0;

    fcgi->left += fcgi->padding;
    fcgi->padding = 0;
    while (fcgi->left && !failure)
        failure = take(fcgi, &waste);
    return failure;
}

static bool send_all(struct cc_fcgi *fcgi, struct iovec *parts, size_t count)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };

    while (message.msg_iovlen) {
        ssize_t sent = sendmsg(fcgi->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (wait_for(fcgi, POLLOUT))
                return false;
            continue;
        }
        if (sent < 0 && errno != EINTR)
            return false;
        for (; sent > 0 && (size_t)sent >= message.msg_iov->iov_len; message.msg_iovlen--)
            sent -= (ssize_t)message.msg_iov++->iov_len;
        if (sent > 0) {
            message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
    return true;
}

/* --- records ---------------------------------------------------------------------------------- */

static void put_header(unsigned char *out, enum type type, unsigned id, size_t len)
{
    const unsigned char header[HEADER_BYTES] = { 1,
                                                 (unsigned char)type,
                                                 (unsigned char)(id >> 8),
                                                 (unsigned char)id,
                                                 (unsigned char)(len >> 8),
                                                 (unsigned char)len };

    memcpy(out, header, sizeof(header));
}

/* A record with eight bytes in it, of which all but one are zero. */
static void put_short(unsigned char *out, enum type type, unsigned id, size_t where, unsigned what)
{
    put_header(out, type, id, 8);
    memset(out + HEADER_BYTES, 0, 8);
    out[HEADER_BYTES + where] = (unsigned char)what;
}

static int send_short(struct cc_fcgi *fcgi, enum type type, unsigned id, size_t where,
                      unsigned what)
{
    unsigned char record[HEADER_BYTES + 8];
    struct iovec part = { record, sizeof(record) };

    put_short(record, type, id, where, what);
    return send_all(fcgi, &part, 1) ? 0 : CC_FCGI_BROKEN;
}

/* Section 4.1. Of what may be asked only this has an answer that a web server cannot go without. */
static int answer_values(struct cc_fcgi *fcgi)
{
    static const char pair[] = "\x0f\x01"
                               "FCGI_MPXS_CONNS0";
    unsigned char header[HEADER_BYTES];
    struct iovec parts[] = { { header, sizeof(header) }, { (void *)pair, sizeof(pair) - 1 } };

    put_header(header, GET_VALUES_RESULT, 0, sizeof(pair) - 1);
    return send_all(fcgi, parts, CC_COUNT(parts)) ? 0 : CC_FCGI_BROKEN;
}

static int answer_management(struct cc_fcgi *fcgi, const struct record *record)
{
    int failure = skip_record(fcgi);

    if (failure)
        return failure;
    if (record->type == GET_VALUES)
        return answer_values(fcgi);
    return send_short(fcgi, UNKNOWN_TYPE, 0, 0, record->type);
}

/* A request that comes while another is in hand is refused, what belongs to none is ignored
 * (section 3.3). */
static int pass_over(struct cc_fcgi *fcgi, const struct record *record)
{
    int failure = skip_record(fcgi);

    if (failure || record->type != BEGIN_REQUEST)
        return failure;
    return send_short(fcgi, END_REQUEST, record->id, 4, CANNOT_MULTIPLEX);
}

static int read_header(struct cc_fcgi *fcgi, struct record *out)
{
    int failure = skip_record(fcgi);
    const unsigned char *at;

    if (!failure)
        failure = fill(fcgi, HEADER_BYTES);
    if (failure)
        return failure;
    at = fcgi->buffer + fcgi->at;
    *out = (struct record){ .type = at[1], .id = (unsigned)at[2] << 8 | at[3] };
    fcgi->left = (size_t)at[4] << 8 | at[5];
    fcgi->padding = at[6];
    fcgi->at += HEADER_BYTES;
    return at[0] == 1 ? 0 : CC_FCGI_BROKEN;
}

/* The next record of the request in hand, or the one that begins it. 0, or a failure. */
static int next_record(struct cc_fcgi *fcgi, struct record *out)
{
    for (;;) {
        int failure = read_header(fcgi, out);

        if (failure)
            return failure;
        if (out->id == 0)
            failure = answer_management(fcgi, out);
        else if (fcgi->id ? out->id != fcgi->id : out->type != BEGIN_REQUEST)
            failure = pass_over(fcgi, out);
        else
            return 0;
        if (failure)
            return failure;
    }
}

/* --- a request -------------------------------------------------------------------------------- */

static bool begin(struct cc_fcgi *fcgi)
{
    struct record record;
    const unsigned char *body;
    unsigned role;

    fcgi->id = 0;
    fcgi->body_ended = false;
    if (next_record(fcgi, &record) || fcgi->left != 8 || fill(fcgi, 8))
        return false;
    body = fcgi->buffer + fcgi->at;
    role = (unsigned)body[0] << 8 | body[1];
    fcgi->keep = body[2] & KEEP_CONNECTION;
    if (role != RESPONDER) {
        (void)send_short(fcgi, END_REQUEST, record.id, 4, UNKNOWN_ROLE);
        return false;
    }
    fcgi->id = record.id;
    return true;
}

/* To the empty record that ends them; beyond the ceiling they are read and not kept. */
static bool read_params(struct cc_fcgi *fcgi, struct cc_buf *out)
{
    struct record record;

    for (;;) {
        if (next_record(fcgi, &record) || record.type != PARAMS)
            return false;
        if (fcgi->left == 0)
            return true;
        while (fcgi->left) {
            struct cc_str piece;

            if (take(fcgi, &piece))
                return false;
            cc_buf_add(out, piece);
        }
    }
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

static bool take_pair(struct cc_str *in, struct cc_pair *out)
{
    size_t name, value;

    if (!take_length(in, &name) || !take_length(in, &value))
        return false;
    if (name > in->len || value > in->len - name)
        return false;
    out->name = cc_str_take(*in, name);
    out->value = cc_str_take(cc_str_skip(*in, name), value);
    *in = cc_str_skip(*in, name + value);
    return true;
}

static bool split(struct cc_str params, struct cc_pair *vars, size_t max, size_t *count)
{
    for (*count = 0; params.len && *count < max; (*count)++)
        if (!take_pair(&params, &vars[*count]))
            return false;
    return true;
}

bool cc_fcgi_read_head(struct cc_fcgi *fcgi, struct cc_arena *arena, int64_t timeout_ms,
                       struct cc_pair *vars, size_t max, size_t *count)
{
    struct cc_buf params;

    give_time(fcgi, timeout_ms, 0);
    cc_buf_init(&params, arena, CC_PARAMS_BYTES_MAX);
    cc_buf_reserve(&params, CC_FCGI_BUFFER_BYTES / 2);
    if (!begin(fcgi) || !read_params(fcgi, &params))
        return false;
    if (!params.overflow)
        return split(cc_buf_str(&params), vars, max, count);
    memset(vars, 0, max * sizeof(*vars));
    *count = max;
    return true;
}

/* Into the caller's memory at once, where nothing is in the buffer. */
static long take_body(struct cc_fcgi *fcgi, char *out, size_t size)
{
    struct cc_str piece;
    long got;
    int failure;

    if (size > fcgi->left)
        size = fcgi->left;
    if (fcgi->at == fcgi->end && size >= sizeof(fcgi->buffer)) {
        got = receive(fcgi, out, size);
        if (got > 0)
            fcgi->left -= (size_t)got;
        return got;
    }
    failure = fill(fcgi, 1);
    if (failure)
        return failure;
    if (size > fcgi->end - fcgi->at)
        size = fcgi->end - fcgi->at;
    piece = (struct cc_str){ (const char *)fcgi->buffer + fcgi->at, size };
    memcpy(out, piece.at, piece.len);
    fcgi->at += size;
    fcgi->left -= size;
    return (long)size;
}

long cc_fcgi_read_body(struct cc_fcgi *fcgi, int64_t timeout_ms, char *out, size_t size)
{
    give_time(fcgi, timeout_ms, 0);
    while (fcgi->left == 0 && !fcgi->body_ended) {
        struct record record;
        int failure = next_record(fcgi, &record);

        if (failure)
            return failure;
        if (record.type != STDIN)
            return CC_FCGI_BROKEN; /* ABORT_REQUEST, or what has no place here */
        fcgi->body_ended = fcgi->left == 0;
    }
    return fcgi->body_ended || size == 0 ? 0 : take_body(fcgi, out, size);
}

/* One record and, behind the last, the end of the stream and of the request. */
static bool send_output(struct cc_fcgi *fcgi, struct cc_str content, bool is_last)
{
    unsigned char header[HEADER_BYTES], tail[HEADER_BYTES * 2 + 8];
    struct iovec parts[] = {
        { header, sizeof(header) },
        { (void *)(uintptr_t)content.at, content.len },
        { tail, sizeof(tail) },
    };

    put_header(header, STDOUT, fcgi->id, content.len);
    put_header(tail, STDOUT, fcgi->id, 0);
    put_short(tail + HEADER_BYTES, END_REQUEST, fcgi->id, 4, REQUEST_COMPLETE);
    return send_all(fcgi, parts, is_last ? 3 : 2);
}

bool cc_fcgi_answer(struct cc_fcgi *fcgi, int64_t timeout_ms, struct cc_str answer)
{
    bool sent;

    give_time(fcgi, timeout_ms, (int64_t)(answer.len / SLOWEST_BYTES_A_SECOND) * 1000);
    do {
        struct cc_str content = cc_str_take(answer, CONTENT_BYTES_MAX);

        answer = cc_str_skip(answer, content.len);
        sent = send_output(fcgi, content, answer.len == 0);
    } while (sent && answer.len);
    /* It held a token, and perhaps a password. */
    explicit_bzero(fcgi->buffer, fcgi->at);
    explicit_bzero(fcgi->buffer + fcgi->end, sizeof(fcgi->buffer) - fcgi->end);
    /* What is left of a body would be taken for the next request. */
    return sent && fcgi->keep && fcgi->body_ended;
}
