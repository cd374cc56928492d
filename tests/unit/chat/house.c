#include "house.h"

#include "identity/login.h"
#include "identity/profile.h"

#include <stdio.h>

static int64_t now_ms(const struct cc_clock *clock)
{
    return atomic_load(&((const struct house_clock *)clock)->now_ms);
}

static void open_store(struct house *h)
{
    struct cc_err err = { 0 };
    const struct cc_store_config config = {
        .path = cc_str_format(h->arena, "%s/cloud-chat.db", h->folder),
        .durability = 1, /* what is tested here are rules, not disks */
        .group_max = 64,
        .wait_ms = 30000,
        .cache_bytes = 1 << 20,
        .clock = &h->clock.clock,
        .random = &cc_system_random,
        .log = &h->log,
    };

    ck_assert_msg(cc_store_open_sqlite(&config, &h->store, &err) == CC_OK, "%s", err.cause);
}

static int64_t or_else(int64_t value, int64_t fallback)
{
    return value > 0 ? value : fallback;
}

void house_open(struct house *h, const struct house_config *config)
{
    const struct house_config set = config ? *config : (struct house_config){ 0 };
    const struct cc_chat_config chat = {
        .discover_numbers_day = or_else(set.discover_numbers_day, 500),
        .message_characters_max = or_else(set.message_characters_max, CC_MESSAGE_CHARACTERS_MAX),
        .rooms_max = or_else(set.rooms_max, CC_USER_ROOMS_MAX),
        .secret = CC_STR("a secret of this test only"),
        .random = &cc_system_random,
        .clock = &h->clock.clock,
        .log = &h->log,
    };
    struct cc_err err = { 0 };

    h->arena = cc_arena_new((size_t)512 * 1024 * 1024);
    h->clock = (struct house_clock){ .clock = { now_ms, now_ms } };
    atomic_init(&h->clock.now_ms, HOUSE_NOW_MS);
    h->log = (struct cc_log){
        .fd = STDERR_FILENO, .program = "test", .level = CC_LOG_ERROR, .clock = &h->clock.clock
    };
    snprintf(h->folder, sizeof(h->folder), "/tmp/cc-chat-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(h->folder));
    open_store(h);
    ck_assert_int_eq(
        cc_blobs_open_directory(cc_str_format(h->arena, "%s/blobs", h->folder), &h->blobs, &err),
        CC_OK);
    ck_assert_int_eq(cc_chat_open(&chat, h->store, h->blobs, &h->chat, &err), CC_OK);
}

void house_close(struct house *h)
{
    char command[96];

    cc_chat_close(h->chat);
    cc_blobs_close(h->blobs);
    cc_store_close(h->store);
    cc_arena_free(h->arena);
    snprintf(command, sizeof(command), "rm -rf %s", h->folder);
    ck_assert_int_eq(system(command), 0);
}

void house_turn(struct house *h, int64_t ms)
{
    atomic_fetch_add(&h->clock.now_ms, ms);
}

struct newcomer {
    struct cc_str id;
    struct cc_str phone;
};

static enum cc_code add_user(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    const struct newcomer *n = arg;
    const struct cc_profile profile = { .user = n->id,
                                        .name = n->id,
                                        .phone_number = n->phone,
                                        .created_ms = cc_txn_now_ms(txn),
                                        .updated_ms = cc_txn_now_ms(txn) };
    const struct cc_identifier identifier = { "phone", n->phone };
    enum cc_code rc = cc_profile_put(txn, &profile, err);

    if (rc == CC_OK && n->phone.at)
        rc = cc_identifier_insert(txn, &identifier, n->id, err);
    return rc;
}

struct cc_caller house_user(struct house *h, const char *id, const char *phone)
{
    struct newcomer n = { cc_str_copy(h->arena, cc_str_from(id)), cc_str_from(phone) };
    struct cc_err err = { 0 };

    ck_assert_msg(cc_store_run(h->store, h->arena, add_user, &n, &err) == CC_OK, "%s", err.cause);
    return (struct cc_caller){ h->chat, h->arena, n.id };
}

struct cc_str house_room(const struct cc_caller *a, const struct cc_caller *b)
{
    const struct cc_str users[] = { a->user, b->user };
    const struct cc_room_draft draft = { { users, CC_COUNT(users) } };
    struct cc_room_made made;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_room_create(a, &draft, &made, &err) == CC_OK, "%s", err.cause);
    return made.room.id;
}

void pair_open(struct pair *p, const struct house_config *config)
{
    house_open(&p->h, config);
    p->ann = house_user(&p->h, "ann", "+4915100000001");
    p->bob = house_user(&p->h, "bob", "+4915100000002");
    p->eve = house_user(&p->h, "eve", "+4915100000003");
    p->room = house_room(&p->ann, &p->bob);
}

struct cc_message house_say(const struct cc_caller *by, struct cc_str room, const char *text)
{
    static atomic_uint number;
    const struct cc_message_draft draft = {
        .room = room,
        .client_id = cc_str_format(by->arena, "say-%u", atomic_fetch_add(&number, 1)),
        .data.text = cc_str_from(text),
    };
    struct cc_sent sent;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_message_send(by, &draft, &sent, &err) == CC_OK, "%s", err.cause);
    ck_assert(sent.is_new);
    return sent.message;
}

struct cc_room house_look(const struct cc_caller *by, struct cc_str room)
{
    struct cc_room out;
    struct cc_err err = { 0 };

    ck_assert_msg(cc_room_get(by, room, &out, &err) == CC_OK, "%s", err.cause);
    return out;
}

static void *run_thread(void *arg)
{
    struct house_thread *t = arg;

    pthread_barrier_wait(t->start);
    t->run(t);
    return NULL;
}

void house_race(const struct cc_caller *callers, size_t count, void (*run)(struct house_thread *),
                void *arg)
{
    struct house_thread threads[64];
    pthread_barrier_t start;

    ck_assert_uint_le(count, CC_COUNT(threads));
    pthread_barrier_init(&start, NULL, (unsigned)count);
    for (size_t i = 0; i < count; i++) {
        threads[i] = (struct house_thread){ callers[i], i, arg, &start, run, 0 };
        threads[i].by.arena = cc_arena_new((size_t)64 * 1024 * 1024);
        ck_assert_int_eq(pthread_create(&threads[i].thread, NULL, run_thread, &threads[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        pthread_join(threads[i].thread, NULL);
        cc_arena_free(threads[i].by.arena);
    }
    pthread_barrier_destroy(&start);
}
