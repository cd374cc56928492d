/* tests/unit/store/mock_dynamodb.h - a mock: no DynamoDB, but a server that gives the answers of a
 * script one after another, whatever it is asked, and keeps what that was. For decisions that no
 * counterpart brings about when it is told to. */
#ifndef CC_TESTS_MOCK_DYNAMODB_H
#define CC_TESTS_MOCK_DYNAMODB_H

#include "tests/check.h"

#include <pthread.h>
#include <stdatomic.h>

#define MOCK_STEPS_MAX 64
#define MOCK_PEERS_MAX 64 /* connections */

struct peer;

struct mock_step {
    const char *operation; /* that must be asked for: "GetItem" */
    int status;            /* 0: the connection closes without an answer; -1: after waiting until
                              the test says so, 200 */
    const char *answer;    /* JSON */
};

struct mock_request {
    char operation[32];
    char *body;
};

struct mock {
    int listener;
    char endpoint[40];
    pthread_t thread;
    struct peer *peers[MOCK_PEERS_MAX]; /* of that thread */
    size_t peer_count;
    pthread_mutex_t mutex; /* guards what follows */
    struct mock_step steps[MOCK_STEPS_MAX];
    size_t step_count;
    struct mock_request requests[MOCK_STEPS_MAX];
    size_t request_count;
    _Atomic bool let_go;
};

void mock_open(struct mock *mock);
/* When those that it served have closed their connections. */
void mock_close(struct mock *mock);
/* Adds steps to the script. */
void mock_expect(struct mock *mock, const struct mock_step *steps, size_t count);
#define MOCK_EXPECT(mock, ...)                                                                     \
    mock_expect((mock), (const struct mock_step[]){ __VA_ARGS__ },                                 \
                CC_COUNT(((const struct mock_step[]){ __VA_ARGS__ })))
/* How many requests have come up to now. */
size_t mock_count(struct mock *mock);
/* The body of the request number `at`, counted from the end of the script: -1 is the last one. */
const char *mock_body(struct mock *mock, int at);
/* Everything in the script was asked for, in its order, and nothing else. */
void mock_check(struct mock *mock);

#endif
