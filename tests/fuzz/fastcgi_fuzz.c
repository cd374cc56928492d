/* The FastCGI socket (FastCGI 1.0), as no web server would use it: our transport runs in a thread
 * and is sent a stream of bytes. It must close the connection in time, and whatever it says before
 * is whole records that make whole answers.
 *
 * The first byte of the input says whether the rest is the stream itself or a list of records
 * (type, number of bytes, bytes) whose headers are added here, so that the inside of records is
 * reached more often. */
#define _GNU_SOURCE /* memmem, memfd_create */

#include "response.h"
#include "serving.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define PATIENCE_S 30
#define HEADER_BYTES 8
#define ANSWER_BYTES_MAX ((size_t)4 * 1024 * 1024)

enum { END = 3, STDOUT = 6 };

struct listening {
    struct fuzz_server server;
    int fd;
    struct sockaddr_un address; /* of Linux's abstract ones: no file */
    socklen_t size;
};

static void *serve(void *arg)
{
    struct listening *l = arg;

    cc_fastcgi_serve(&l->server.server, l->fd);
    return NULL;
}

static struct listening *listening(void)
{
    static struct listening l;
    pthread_t thread;

    if (l.server.server.routes)
        return &l;
    FCGX_Init();
    fuzz_server_init(&l.server);
    close(l.server.log.fd);
    l.server.log.fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    l.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    l.address.sun_family = AF_UNIX;
    l.size = sizeof(sa_family_t); /* the kernel chooses a name */
    fuzz_require(bind(l.fd, (struct sockaddr *)&l.address, l.size) == 0);
    l.size = sizeof(l.address);
    fuzz_require(getsockname(l.fd, (struct sockaddr *)&l.address, &l.size) == 0);
    fuzz_require(listen(l.fd, 16) == 0);
    fuzz_require(pthread_create(&thread, NULL, serve, &l) == 0);
    pthread_detach(thread);
    return &l;
}

/* --- what is sent ----------------------------------------------------------------------------- */

static struct cc_str add_headers(struct cc_arena *arena, struct cc_str in)
{
    struct cc_buf out;

    cc_buf_init(&out, arena, 8 * FUZZ_INPUT_MAX);
    while (in.len > 0) {
        unsigned type = fuzz_byte(&in);
        size_t want = fuzz_byte(&in);
        struct cc_str content = cc_str_take(in, want);
        const char header[HEADER_BYTES] = {
            1, (char)type, 0, 1, (char)(content.len >> 8), (char)content.len, 0, 0
        };

        cc_buf_add(&out, (struct cc_str){ header, sizeof(header) });
        cc_buf_add(&out, content);
        in = cc_str_skip(in, content.len);
    }
    return cc_buf_str(&out);
}

static struct cc_str exchange(struct cc_arena *arena, const struct listening *l, struct cc_str out)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char *at = cc_arena_alloc(arena, ANSWER_BYTES_MAX);
    size_t len = 0;
    ssize_t got;

    fuzz_require(connect(fd, (const struct sockaddr *)&l->address, l->size) == 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    while (out.len > 0 && (got = send(fd, out.at, out.len, MSG_NOSIGNAL)) > 0)
        out = cc_str_skip(out, (size_t)got);
    shutdown(fd, SHUT_WR);
    /* libFuzzer's alarm interrupts it: with a time-out it is not begun again, signal(7). */
    while ((got = recv(fd, at + len, ANSWER_BYTES_MAX - len, 0)) > 0 || (got < 0 && errno == EINTR))
        len += got > 0 ? (size_t)got : 0;
    fuzz_require(got == 0 || errno == ECONNRESET); /* EAGAIN: it hangs */
    fuzz_require(len < ANSWER_BYTES_MAX);
    close(fd);
    return (struct cc_str){ at, len };
}

/* --- what comes back -------------------------------------------------------------------------- */

struct record {
    unsigned type;
    struct cc_str content;
};

static bool next_record(struct cc_str *rest, struct record *out)
{
    const unsigned char *at = (const unsigned char *)rest->at;
    size_t len, padding;

    if (rest->len == 0)
        return false;
    fuzz_require(rest->len >= HEADER_BYTES && at[0] == 1);
    out->type = at[1];
    len = (size_t)at[4] << 8 | at[5];
    padding = at[6];
    fuzz_require(rest->len >= HEADER_BYTES + len + padding);
    out->content = cc_str_take(cc_str_skip(*rest, HEADER_BYTES), len);
    *rest = cc_str_skip(*rest, HEADER_BYTES + len + padding);
    return true;
}

static void require_answer(struct cc_arena *arena, struct cc_buf *text)
{
    struct fuzz_response response;
    struct cc_str all = cc_buf_str(text);

    /* The answer to HEAD has no body; that it was HEAD is hard to say from here. */
    fuzz_require_response(arena, all, cc_str_ends(all, CC_STR("\r\n\r\n")), &response);
    text->len = 0;
}

static void require_records(struct cc_arena *arena, struct cc_str rest)
{
    struct record record;
    struct cc_buf text;

    cc_buf_init(&text, arena, ANSWER_BYTES_MAX);
    while (next_record(&rest, &record)) {
        switch (record.type) {
        case STDOUT:
            cc_buf_add(&text, record.content);
            break;
        case END:
            fuzz_require(record.content.len == 8);
            require_answer(arena, &text);
            break;
        default:
            fuzz_require(false); /* management records are refused, not answered */
        }
    }
    fuzz_require(text.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cc_str in = fuzz_place(data, size);
    struct cc_arena *arena = fuzz_arena();
    bool is_stream = fuzz_byte(&in) & 1;

    if (!is_stream)
        in = add_headers(arena, in);
    require_records(arena, exchange(arena, listening(), in));
    return 0;
}
