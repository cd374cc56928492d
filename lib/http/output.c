#include "internal.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define RECORD_CONTENT_MAX ((size_t)65528) /* a multiple of 8 needs no padding to be aligned */

static void write_head(unsigned char at[CC_RECORD_HEAD_BYTES], enum cc_record_type type,
                       int request, size_t content_bytes)
{
    at[0] = 1;
    at[1] = (unsigned char)type;
    at[2] = (unsigned char)(request >> 8);
    at[3] = (unsigned char)request;
    at[4] = (unsigned char)(content_bytes >> 8);
    at[5] = (unsigned char)content_bytes;
    at[6] = at[7] = 0;
}

/* An empty record of output, and the end of the request: status 0, complete. */
static struct iovec end_of(struct cc_arena *arena, int request)
{
    unsigned char *at = cc_arena_alloc(arena, 3 * CC_RECORD_HEAD_BYTES);

    write_head(at, CC_RECORD_STDOUT, request, 0);
    write_head(at + CC_RECORD_HEAD_BYTES, CC_RECORD_END_REQUEST, request, CC_RECORD_HEAD_BYTES);
    return (struct iovec){ at, 3 * CC_RECORD_HEAD_BYTES };
}

/* Sends all, where it must in pieces. false: the web server has gone, or takes nothing any more. */
static bool send_vector(int fd, struct iovec *at, size_t count)
{
    struct msghdr message = { .msg_iov = at, .msg_iovlen = count };

    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) /* stopped and continued: signal(7), socket time-outs */
            continue;
        if (sent < 0)
            return false;
        while (message.msg_iovlen > 0 && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0) {
            message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
    return true;
}

bool cc_output_send(int fd, struct cc_arena *arena, int request, struct cc_str output)
{
    const size_t records = output.len / RECORD_CONTENT_MAX + 1;
    struct iovec *vector = CC_NEW_ARRAY(arena, struct iovec, 2 * records + 1);
    size_t count = 0;

    while (output.len > 0) {
        struct cc_str piece = cc_str_take(output, RECORD_CONTENT_MAX);
        unsigned char *head = cc_arena_alloc(arena, CC_RECORD_HEAD_BYTES);

        write_head(head, CC_RECORD_STDOUT, request, piece.len);
        vector[count++] = (struct iovec){ head, CC_RECORD_HEAD_BYTES };
        vector[count++] = (struct iovec){ (void *)piece.at, piece.len };
        output = cc_str_skip(output, piece.len);
    }
    vector[count++] = end_of(arena, request);
    return send_vector(fd, vector, count);
}
