#define _GNU_SOURCE /* memmem, strcasestr */
#include "tests/unit/store/mock_dynamodb.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#define REQUEST_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define PATIENCE_MS 20000

struct peer {
    struct mock *mock;
    int fd;
    pthread_t thread;
    size_t len; /* of what has come */
    char at[REQUEST_BYTES_MAX];
};

static const char *header(const struct peer *peer, const char *name)
{
    const char *found = strcasestr(peer->at, name);

    return found ? found + strlen(name) : NULL;
}

static bool read_more(struct peer *peer)
{
    ssize_t got = read(peer->fd, peer->at + peer->len, sizeof(peer->at) - peer->len - 1);

    if (got <= 0)
        return false;
    peer->len += (size_t)got;
    peer->at[peer->len] = '\0';
    return true;
}

/* One whole request from the start of the buffer; its body, NULL at the end of the connection. */
static char *read_request(struct peer *peer)
{
    const char *end, *length;
    size_t total;

    peer->len = 0;
    peer->at[0] = '\0';
    while ((end = memmem(peer->at, peer->len, "\r\n\r\n", 4)) == NULL) {
        if (!read_more(peer))
            return NULL;
    }
    length = header(peer, "content-length:");
    total = (size_t)(end + 4 - peer->at) + (length ? strtoul(length, NULL, 10) : 0);
    while (peer->len < total) {
        if (!read_more(peer))
            return NULL;
    }
    return strstr(peer->at, "\r\n\r\n") + 4;
}

/* Notes the request; what is to be answered. Beyond the script: nothing. */
static struct mock_step next_step(struct peer *peer, const char *body)
{
    struct mock *mock = peer->mock;
    const char *operation = header(peer, "DynamoDB_20120810.");
    struct mock_step step = { 0 };
    struct mock_request *request;

    pthread_mutex_lock(&mock->mutex);
    ck_assert_uint_lt(mock->request_count, MOCK_STEPS_MAX);
    request = &mock->requests[mock->request_count++];
    snprintf(request->operation, sizeof(request->operation), "%.*s",
             operation ? (int)strcspn(operation, "\r\n") : 0, operation ? operation : "");
    request->body = strdup(body);
    if (mock->request_count <= mock->step_count)
        step = mock->steps[mock->request_count - 1];
    pthread_mutex_unlock(&mock->mutex);
    return step;
}

static void wait_until_let_go(struct mock *mock)
{
    const struct timespec step = { .tv_nsec = 1000 * 1000 };

    for (int ms = 0; ms < PATIENCE_MS && !atomic_load(&mock->let_go); ms++)
        nanosleep(&step, NULL);
}

static void *talk(void *arg)
{
    struct peer *peer = arg;
    const char *body;

    while ((body = read_request(peer)) != NULL) {
        struct mock_step step = next_step(peer, body);

        if (step.status == 0)
            break;
        if (step.status < 0)
            wait_until_let_go(peer->mock);
        dprintf(peer->fd,
                "HTTP/1.1 %d X\r\nContent-Type: application/x-amz-json-1.0\r\n"
                "Content-Length: %zu\r\n\r\n%s",
                step.status < 0 ? 200 : step.status, strlen(step.answer), step.answer);
    }
    close(peer->fd);
    return NULL;
}

static void *serve(void *arg)
{
    struct mock *mock = arg;
    int fd;

    while ((fd = accept(mock->listener, NULL, NULL)) >= 0) {
        struct peer *peer = calloc(1, sizeof(*peer));

        ck_assert_uint_lt(mock->peer_count, MOCK_PEERS_MAX);
        peer->mock = mock;
        peer->fd = fd;
        mock->peers[mock->peer_count++] = peer;
        pthread_create(&peer->thread, NULL, talk, peer);
    }
    return NULL;
}

void mock_close(struct mock *mock)
{
    shutdown(mock->listener, SHUT_RDWR);
    pthread_join(mock->thread, NULL);
    close(mock->listener);
    for (size_t i = 0; i < mock->peer_count; i++) {
        pthread_join(mock->peers[i]->thread, NULL);
        free(mock->peers[i]);
    }
    for (size_t i = 0; i < mock->request_count; i++)
        free(mock->requests[i].body);
}

void mock_open(struct mock *mock)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    memset(mock, 0, sizeof(*mock));
    pthread_mutex_init(&mock->mutex, NULL);
    mock->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(mock->listener, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(getsockname(mock->listener, (struct sockaddr *)&address, &len), 0);
    ck_assert_int_eq(listen(mock->listener, 64), 0);
    snprintf(mock->endpoint, sizeof(mock->endpoint), "http://127.0.0.1:%d",
             ntohs(address.sin_port));
    pthread_create(&mock->thread, NULL, serve, mock);
}

void mock_expect(struct mock *mock, const struct mock_step *steps, size_t count)
{
    pthread_mutex_lock(&mock->mutex);
    ck_assert_uint_le(mock->step_count + count, MOCK_STEPS_MAX);
    memcpy(mock->steps + mock->step_count, steps, count * sizeof(*steps));
    mock->step_count += count;
    pthread_mutex_unlock(&mock->mutex);
}

size_t mock_count(struct mock *mock)
{
    size_t count;

    pthread_mutex_lock(&mock->mutex);
    count = mock->request_count;
    pthread_mutex_unlock(&mock->mutex);
    return count;
}

const char *mock_body(struct mock *mock, int at)
{
    const size_t from_start = mock->step_count - (size_t)-at;

    ck_assert_uint_lt(from_start, mock_count(mock));
    return mock->requests[from_start].body;
}

void mock_check(struct mock *mock)
{
    pthread_mutex_lock(&mock->mutex);
    for (size_t i = 0; i < mock->request_count && i < mock->step_count; i++)
        ck_assert_msg(strcmp(mock->requests[i].operation, mock->steps[i].operation) == 0,
                      "request %zu is %s, not %s: %s", i, mock->requests[i].operation,
                      mock->steps[i].operation, mock->requests[i].body);
    ck_assert_msg(mock->request_count == mock->step_count, "%zu requests, not %zu; the last: %s %s",
                  mock->request_count, mock->step_count,
                  mock->requests[mock->request_count - 1].operation,
                  mock->requests[mock->request_count - 1].body);
    pthread_mutex_unlock(&mock->mutex);
}
