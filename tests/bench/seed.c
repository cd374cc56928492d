/* tests/bench/seed.c - makes a store to measure in, quickly, with the product's own functions: what
 * stands in it afterwards is what its API would have written.
 *
 *     seed CONFIG <plan
 *
 * The plan: a line "people N", then lines "room A B MESSAGES", A and B numbers of people from 0.
 * Both write in turn, at least 4
 * messages; the last 3 are B's, and A has not read them. Prints what was made, a line each:
 * "person NUMBER ID PHONE TOKEN" and "room ID A B". */
#include "app/app.h"
#include "base/id.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE_MAX 1000
#define ROOMS_MAX 20000
#define THREADS 16
#define CHUNK 64                         /* messages that a thread takes at a time */
#define UNREAD 3                         /* of B's at the end, unread by A */
#define LAST (1 + UNREAD)                /* one of A's before them */
#define PASSWORD "correct horse battery" /* as sites.py says it */
#define ARENA_BYTES ((size_t)64 << 20)

struct person {
    struct cc_str id;
    struct cc_str phone_number;
    struct cc_str token;
};

struct room {
    struct cc_str id;
    size_t people[2];
    int64_t messages;
    int64_t before; /* messages of all rooms before it */
};

/* Sends nothing: remembers the code that was sent last. */
struct catcher {
    struct cc_sender base; /* first */
    char code[16];
};

struct seed {
    struct cc_app app;
    struct cc_arena *arena;
    struct catcher catcher;
    struct person people[PEOPLE_MAX];
    size_t people_count;
    struct room rooms[ROOMS_MAX];
    size_t room_count;
    int64_t messages;
    atomic_llong next; /* the message that the next idle thread takes */
};

static void must(enum cc_code rc, const struct cc_err *err, const char *doing)
{
    if (rc == CC_OK)
        return;
    fprintf(stderr, "seed: %s: %s (%s)\n", doing, err->detail, err->cause);
    exit(EXIT_FAILURE);
}

static enum cc_code catch_code(struct cc_sender *sender, const struct cc_notice *notice,
                               struct cc_err *err)
{
    struct catcher *catcher = (struct catcher *)sender;

    (void)err;
    snprintf(catcher->code, sizeof(catcher->code), "%.*s", CC_STR_ARG(notice->code));
    return CC_OK;
}

static void catch_nothing(struct cc_sender *sender)
{
    (void)sender;
}

static void find_nothing(struct cc_sender *sender, struct cc_findings *to)
{
    (void)sender;
    (void)to;
}

static const struct cc_sender_ops catcher_ops = { .name = "seed",
                                                  .send = catch_code,
                                                  .examine = find_nothing,
                                                  .stop = catch_nothing,
                                                  .close = catch_nothing };

/* --- the plan --------------------------------------------------------------------------------- */

static int refuse(const char *line)
{
    fprintf(stderr, "seed: not understood: %s", line);
    return EXIT_FAILURE;
}

static int read_room(struct seed *seed, char *at)
{
    struct room *room = &seed->rooms[seed->room_count];

    if (seed->room_count == ROOMS_MAX)
        return EXIT_FAILURE;
    room->people[0] = strtoul(at, &at, 10);
    room->people[1] = strtoul(at, &at, 10);
    room->messages = strtoll(at, &at, 10);
    room->before = seed->messages;
    seed->messages += room->messages;
    seed->room_count++;
    return room->people[0] < seed->people_count && room->people[1] < seed->people_count &&
                   room->messages >= LAST
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}

static int read_plan(struct seed *seed)
{
    char line[128];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        if (strncmp(line, "people ", 7) == 0)
            seed->people_count = strtoul(line + 7, NULL, 10);
        else if (strncmp(line, "room ", 5) != 0 || read_room(seed, line + 5) != EXIT_SUCCESS)
            return refuse(line);
        if (seed->people_count > PEOPLE_MAX)
            return refuse(line);
    }
    return EXIT_SUCCESS;
}

/* --- people ----------------------------------------------------------------------------------- */

static void sign_up(struct seed *seed, struct person *person)
{
    const struct cc_sign_up in = { .name = cc_str_format(seed->arena, "Person %.*s",
                                                         CC_STR_ARG(person->phone_number)),
                                   .login.phone_number = person->phone_number,
                                   .password = CC_STR(PASSWORD),
                                   .address = CC_STR("127.0.0.1") };
    struct cc_identity *identity = seed->app.identity;
    struct cc_pending pending;
    struct cc_confirm confirm;
    struct cc_err err = { 0 };
    size_t jobs, swept;

    must(cc_identity_sign_up(identity, seed->arena, &in, &pending, &err), &err, "sign-up");
    must(cc_app_work(&seed->app, &jobs, &swept, &err), &err, "sending the code");
    confirm = (struct cc_confirm){ pending.id, cc_str_from(seed->catcher.code) };
    must(cc_identity_confirm(identity, seed->arena, &confirm, &err), &err, "confirmation");
}

static void sign_in(struct seed *seed, struct person *person)
{
    const struct cc_sign_in in = { .login.phone_number = person->phone_number,
                                   .password = CC_STR(PASSWORD),
                                   .address = CC_STR("127.0.0.1") };
    struct cc_identity *identity = seed->app.identity;
    struct cc_principal who;
    struct cc_signed_in out;
    struct cc_err err = { 0 };

    must(cc_identity_sign_in(identity, seed->arena, &in, &out, &err), &err, "sign-in");
    must(cc_identity_authenticate(identity, seed->arena, out.tokens.access_token, &who, &err), &err,
         "own token");
    person->id = who.user;
    person->token = out.tokens.access_token;
}

static void make_people(struct seed *seed)
{
    for (size_t i = 0; i < seed->people_count; i++) {
        struct person *person = &seed->people[i];

        person->phone_number = cc_str_format(seed->arena, "+49151%08zu", i);
        sign_up(seed, person);
        sign_in(seed, person);
        printf("person %zu %.*s %.*s %.*s\n", i, CC_STR_ARG(person->id),
               CC_STR_ARG(person->phone_number), CC_STR_ARG(person->token));
    }
}

/* --- rooms and messages ----------------------------------------------------------------------- */

static struct cc_caller caller(struct seed *seed, size_t person, struct cc_arena *arena)
{
    return (struct cc_caller){ seed->app.chat, arena, seed->people[person].id };
}

static void make_rooms(struct seed *seed)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES);

    for (size_t i = 0; i < seed->room_count; i++) {
        struct room *room = &seed->rooms[i];
        const struct cc_caller by = caller(seed, room->people[0], arena);
        const struct cc_str users[] = { by.user, seed->people[room->people[1]].id };
        const struct cc_room_draft draft = { { users, CC_COUNT(users) } };
        struct cc_room_made made;
        struct cc_err err = { 0 };

        must(cc_room_create(&by, &draft, &made, &err), &err, "a room");
        room->id = cc_str_copy(seed->arena, made.room.id);
        cc_arena_reset(arena);
        printf("room %.*s %zu %zu\n", CC_STR_ARG(room->id), room->people[0], room->people[1]);
    }
    cc_arena_free(arena);
}

/* Most messages are short, some are not: 8 to 300 characters, 60 on average. */
static struct cc_str text_of(struct cc_arena *arena, int64_t number)
{
    static const char words[] =
        "so the train was late again and I walked home along the river, which took an hour but was "
        "worth it: you should see the light there in the evening. Shall we meet on Saturday at the "
        "usual place? Bring the book that I lent you, and if it rains we go to the museum instead, "
        "they have that exhibition ";
    static const int lengths[] = {
        8, 12, 17, 21, 26, 30, 34, 40, 45, 52, 58, 66, 80, 110, 150, 260
    };
    const int length = lengths[number * 7 % (int64_t)CC_COUNT(lengths)];

    return cc_str_format(arena, "%" PRId64 " %.*s", number % 1000, length, words);
}

static void say(struct seed *seed, struct cc_arena *arena, const struct room *room, size_t who,
                int64_t number)
{
    const struct cc_caller by = caller(seed, room->people[who], arena);
    const struct cc_message_draft draft = {
        .room = room->id,
        .client_id = cc_id_uuid7(arena, seed->app.clock, seed->app.random),
        .data.text = text_of(arena, number),
    };
    struct cc_sent sent;
    struct cc_err err = { 0 };

    must(cc_message_send(&by, &draft, &sent, &err), &err, "a message");
    cc_arena_reset(arena);
}

static const struct room *room_of(const struct seed *seed, int64_t number)
{
    size_t low = 0, high = seed->room_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (seed->rooms[middle].before <= number)
            low = middle;
        else
            high = middle;
    }
    return &seed->rooms[low];
}

static void *talk(void *arg)
{
    struct seed *seed = arg;
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES);
    int64_t from;

    while ((from = atomic_fetch_add(&seed->next, CHUNK)) < seed->messages) {
        for (int64_t i = from; i < from + CHUNK && i < seed->messages; i++) {
            const struct room *room = room_of(seed, i);

            if (i - room->before < room->messages - LAST)
                say(seed, arena, room, (size_t)(i % 2), i);
        }
    }
    cc_arena_free(arena);
    return NULL;
}

static void talk_at_last(struct seed *seed)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES);

    for (size_t i = 0; i < seed->room_count; i++) {
        const struct room *room = &seed->rooms[i];

        for (int64_t n = 0; n < LAST; n++)
            say(seed, arena, room, n > 0, n);
    }
    cc_arena_free(arena);
}

static void make_messages(struct seed *seed)
{
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, talk, seed) != 0)
            abort();
    }
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    talk_at_last(seed);
}

/* --- what was made is what was asked for ------------------------------------------------------ */

static void check_room(struct seed *seed, struct cc_arena *arena, const struct room *room)
{
    const struct cc_caller by = caller(seed, room->people[0], arena);
    struct cc_room seen;
    struct cc_err err = { 0 };

    must(cc_room_get(&by, room->id, &seen, &err), &err, "reading a room");
    if (seen.seq != room->messages || seen.unread != UNREAD) {
        fprintf(stderr, "seed: a room has %" PRId64 " messages, %" PRId64 " unread\n", seen.seq,
                seen.unread);
        exit(EXIT_FAILURE);
    }
    cc_arena_reset(arena);
}

static void check(struct seed *seed)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES);
    struct cc_err err = { 0 };

    for (size_t i = 0; i < seed->room_count; i++)
        check_room(seed, arena, &seed->rooms[i]);
    must(cc_store_verify(seed->app.store, arena, &err), &err, "verifying the store");
    cc_arena_free(arena);
}

int main(int argc, char **argv)
{
    static struct seed made; /* too large for the stack */
    struct seed *seed = &made;
    struct cc_err err = { 0 };

    if (argc != 2 || read_plan(seed) != EXIT_SUCCESS)
        return EXIT_FAILURE;
    seed->arena = cc_arena_new(ARENA_BYTES);
    must(cc_app_open("seed", CC_APP_ALL, argv[1], &seed->app, &err), &err, "opening");
    seed->catcher.base.ops = &catcher_ops;
    cc_sender_close(seed->app.sender);
    seed->app.sender = &seed->catcher.base;
    make_people(seed);
    make_rooms(seed);
    make_messages(seed);
    check(seed);
    cc_app_close(&seed->app);
    cc_arena_free(seed->arena);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
