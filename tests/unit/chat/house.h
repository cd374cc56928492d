/* A chat over a real store in a folder of its own, with a clock that the test turns. */
#ifndef CC_TESTS_CHAT_HOUSE_H
#define CC_TESTS_CHAT_HOUSE_H

#include "chat/chat.h"
#include "tests/check.h"

#include <pthread.h>
#include <stdatomic.h>

#define HOUSE_NOW_MS ((int64_t)1795000000000)

struct house_clock {
    struct cc_clock clock;
    _Atomic int64_t now_ms;
};

struct house {
    struct cc_arena *arena;
    struct house_clock clock;
    struct cc_log log;
    struct cc_store *store;
    struct cc_blobs *blobs;
    struct cc_chat *chat;
    char folder[64];
};

/* What a test does not set (no config) is as the product has it. */
struct house_config {
    int64_t discover_numbers_day, message_characters_max, rooms_max;
};

void house_open(struct house *house, const struct house_config *config);
void house_close(struct house *house);
void house_turn(struct house *house, int64_t ms);

/* A user with a profile; with a number (or NULL) under which he can be found. */
struct cc_caller house_user(struct house *house, const char *id, const char *phone);
/* The room of two users. */
struct cc_str house_room(const struct cc_caller *a, const struct cc_caller *b);
/* Sends a text under a client_id of its own, and gives the message. */
struct cc_message house_say(const struct cc_caller *by, struct cc_str room, const char *text);
struct cc_room house_look(const struct cc_caller *by, struct cc_str room);

/* A house in which Ann and Bob have a room, and Eve has none. Whoever opens it closes its house. */
struct pair {
    struct house h;
    struct cc_caller ann, bob, eve;
    struct cc_str room;
};
void pair_open(struct pair *pair, const struct house_config *config);

/* Runs `run` on `count` threads that start at one instant, each for one of the callers and with an
 * arena of its own. */
struct house_thread {
    struct cc_caller by;
    size_t number;
    void *arg;
    pthread_barrier_t *start;
    void (*run)(struct house_thread *);
    pthread_t thread;
};
void house_race(const struct cc_caller *callers, size_t count, void (*run)(struct house_thread *),
                void *arg);

#endif
