#include "tests/contract/power_scene.h"

#include <stdio.h>
#include <time.h>

#define BULK_BYTES ((size_t)150 * 1024)
#define BULK_ITEMS 3
#define HALF_AN_HOUR_MS (31 * 60 * 1000)

static int64_t now_ms(const struct cc_clock *clock)
{
    return atomic_load(&((const struct house_clock *)clock)->now_ms);
}

/* --- who says what ---------------------------------------------------------------------------- */

int power_room_of(int sender)
{
    return sender % POWER_ROOMS;
}

/* Two to a room. */
struct cc_str power_user(struct cc_arena *arena, int sender)
{
    return cc_str_format(arena, "user-%d-%d", power_room_of(sender), sender / POWER_ROOMS % 2);
}

struct cc_str power_client_id(struct cc_arena *arena, int sender, int number)
{
    return cc_str_format(arena, "s%d-n%d", sender, number);
}

/* Mostly short, sometimes of several pages. */
struct cc_str power_text(struct cc_arena *arena, int sender, int number)
{
    const size_t len = number % 9 == 8 ? 9000 : 20 + (size_t)(number * 37 % 400);
    char *text = cc_arena_alloc(arena, len + 1);
    int used = snprintf(text, len, "%d says %d: ", sender, number);

    for (size_t i = (size_t)used; i < len; i++)
        text[i] = (char)('a' + (i * 7 + (size_t)number) % 26);
    return (struct cc_str){ text, len };
}

/* --- opening and closing ---------------------------------------------------------------------- */

void power_folder_make(char out[64])
{
    const char *below = getenv("TMPDIR");

    if (!below)
        below = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(out, 64, "%s/cc-power-XXXXXX", below);
    ck_assert_ptr_nonnull(mkdtemp(out));
}

static void prepare(struct power_scene *scene, const struct power_plan *plan)
{
    memset(scene, 0, sizeof(*scene));
    scene->plan = *plan;
    scene->arena = cc_arena_new((size_t)1 << 30);
    scene->clock = (struct house_clock){ .clock = { now_ms, now_ms } };
    atomic_init(&scene->clock.now_ms, HOUSE_NOW_MS);
    scene->errors = (struct cc_log){
        .fd = STDERR_FILENO, .program = "test", .level = CC_LOG_ERROR, .clock = &cc_system_clock
    };
}

enum cc_code power_scene_open(struct power_scene *scene, const char *folder, struct house *out,
                              struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new((size_t)256 << 20);
    const struct cc_store_config config = {
        .path = cc_str_format(arena, "%s/" POWER_DATABASE, folder),
        .durability = scene->plan.durability,
        .wait_ms = 60000,
        .network_filesystem = scene->plan.network,
        .clock = &scene->clock.clock,
        .random = &cc_system_random,
        .log = &scene->errors,
    };
    const struct cc_chat_config chat = {
        .discover_numbers_day = 500,
        .message_characters_max = CC_MESSAGE_CHARACTERS_MAX,
        .rooms_max = CC_USER_ROOMS_MAX,
        .secret = CC_STR("a secret of this test only"),
        .random = &cc_system_random,
        .clock = &scene->clock.clock,
        .log = &scene->errors,
    };
    enum cc_code rc;

    *out = (struct house){ .arena = arena };
    rc = cc_store_open_sqlite(&config, &out->store, err);
    if (rc == CC_OK)
        rc = cc_chat_open(&chat, out->store, NULL, &out->chat, err);
    if (rc != CC_OK)
        power_house_close(out);
    return rc;
}

void power_house_close(struct house *house)
{
    cc_chat_close(house->chat);
    cc_store_close(house->store);
    cc_arena_free(house->arena);
    *house = (struct house){ 0 };
}

static void must_open(struct power_scene *scene, struct house *house)
{
    struct cc_err err = { 0 };
    enum cc_code rc = power_scene_open(scene, scene->folder, house, &err);

    ck_assert_msg(rc == CC_OK, "%s: %s", err.detail, err.cause);
}

/* --- threads ---------------------------------------------------------------------------------- */

struct player {
    struct power_scene *scene;
    struct house *house;
    struct cc_arena *arena;
    int number;
    void (*play)(struct player *);
    pthread_t thread;
};

static void say(struct player *p, int number)
{
    struct power_scene *scene = p->scene;
    const struct cc_caller by = { p->house->chat, p->arena, power_user(p->arena, p->number) };
    const struct cc_message_draft draft = {
        .room = scene->rooms[power_room_of(p->number)],
        .client_id = power_client_id(p->arena, p->number, number),
        .data.text = power_text(p->arena, p->number, number),
    };
    struct cc_err err = { 0 };
    struct cc_sent sent;
    int said;

    ck_assert_msg(cc_message_send(&by, &draft, &sent, &err) == CC_OK, "%s", err.cause);
    said = atomic_fetch_add(&scene->said_count, 1);
    ck_assert_int_lt(said, POWER_SAID_MAX);
    scene->said[said] = (struct power_said){ p->number, number, sent.message.seq };
    power_log_note(&scene->log, said);
}

static void send_all(struct player *p)
{
    for (int i = 0; i < p->scene->plan.messages; i++) {
        say(p, i);
        cc_arena_reset(p->arena);
    }
}

static enum cc_code put_bulk(struct cc_txn *txn, void *arg, struct cc_err *err)
{
    enum cc_code rc = CC_OK;

    for (int i = 0; i < BULK_ITEMS && rc == CC_OK; i++) {
        const struct cc_item item = {
            .key = { CC_STR("BULK"), cc_str_format(cc_txn_arena(txn), "BULK#%d", i) },
            .body = *(const struct cc_str *)arg,
        };

        rc = cc_txn_put(txn, &item, err);
    }
    return rc;
}

/* The same keys again and again: the log fills, the database stays small. */
static void put_bulks(struct player *p)
{
    for (int i = 0; i < p->scene->plan.bulks; i++) {
        char *at = cc_arena_alloc(p->arena, BULK_BYTES);
        struct cc_str body = { at, BULK_BYTES };
        struct cc_err err = { 0 };

        /* SQLite leaves a page alone that would hold what it holds */
        memset(at, 'a' + (i * POWER_STORES + p->number) % 26, BULK_BYTES);
        ck_assert_msg(cc_store_run(p->house->store, p->arena, put_bulk, &body, &err) == CC_OK, "%s",
                      err.cause);
        atomic_fetch_add(&p->scene->bulk_count, 1);
        cc_arena_reset(p->arena);
    }
}

static void look_around(struct player *p)
{
    const struct timespec pause = { .tv_nsec = 500000 };

    while (!atomic_load(&p->scene->over)) {
        const struct cc_caller by = { p->house->chat, p->arena, power_user(p->arena, p->number) };
        const struct cc_message_query query = { .room = p->scene->rooms[power_room_of(p->number)],
                                                .limit = 50 };
        struct cc_message_page page;
        struct cc_err err = { 0 };

        ck_assert_msg(cc_message_list(&by, &query, &page, &err) == CC_OK, "%s", err.cause);
        cc_arena_reset(p->arena);
        nanosleep(&pause, NULL);
    }
}

/* Until then the log grows, and begins anew by itself. */
static void wait_for_half(const struct power_scene *scene)
{
    const struct timespec pause = { .tv_nsec = 1000000 };

    while (atomic_load(&scene->said_count) < POWER_SENDERS * scene->plan.messages / 2 ||
           atomic_load(&scene->bulk_count) < POWER_STORES * scene->plan.bulks / 2)
        nanosleep(&pause, NULL);
}

static void sweep_now_and_then(struct player *p)
{
    const struct timespec pause = { .tv_nsec = 10000000 };

    wait_for_half(p->scene);
    for (int i = 0; i < p->scene->plan.sweeps; i++) {
        struct cc_err err = { 0 };
        size_t swept;

        atomic_fetch_add(&p->scene->clock.now_ms, HALF_AN_HOUR_MS);
        ck_assert_msg(cc_store_sweep(p->house->store, 10, &swept, &err) == CC_OK, "%s", err.cause);
        nanosleep(&pause, NULL);
    }
}

static void visit(struct player *p)
{
    for (int i = 0; i < p->scene->plan.visits; i++) {
        struct player guest = *p;
        struct house house;

        must_open(p->scene, &house);
        guest.house = &house;
        guest.number = POWER_SENDERS; /* he speaks in the room of the first */
        say(&guest, i);
        power_house_close(&house);
        cc_arena_reset(p->arena);
    }
}

static void *player_main(void *arg)
{
    struct player *p = arg;

    p->arena = cc_arena_new((size_t)64 << 20);
    p->play(p);
    cc_arena_free(p->arena);
    return NULL;
}

static void start(struct power_scene *scene, struct player *p, int number,
                  void (*play)(struct player *))
{
    *p = (struct player){ .scene = scene,
                          .house = &scene->houses[number % POWER_STORES],
                          .number = number,
                          .play = play };
    ck_assert_int_eq(pthread_create(&p->thread, NULL, player_main, p), 0);
}

#define BESIDES 2 /* one who sweeps, one who visits */

static void play_all(struct power_scene *scene)
{
    struct player players[POWER_SENDERS + POWER_STORES + BESIDES], watchers[POWER_STORES];
    size_t count = 0;

    for (int i = 0; i < POWER_STORES; i++)
        start(scene, &watchers[i], i, look_around);
    for (int i = 0; i < POWER_SENDERS; i++)
        start(scene, &players[count++], i, send_all);
    for (int i = 0; i < POWER_STORES; i++)
        start(scene, &players[count++], i, put_bulks);
    start(scene, &players[count++], 1, sweep_now_and_then);
    start(scene, &players[count++], 2, visit);
    for (size_t i = 0; i < count; i++)
        pthread_join(players[i].thread, NULL);
    atomic_store(&scene->over, true);
    for (int i = 0; i < POWER_STORES; i++)
        pthread_join(watchers[i].thread, NULL);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void open_first(struct power_scene *scene)
{
    must_open(scene, &scene->houses[0]);
    scene->epoch = cc_str_copy(scene->arena, cc_store_epoch(scene->houses[0].store));
    power_log_note(&scene->log, POWER_OPENED);
}

static struct cc_caller make_user(struct house *house, int sender)
{
    struct cc_str phone = cc_str_format(house->arena, "+4915112345%d", sender);

    return house_user(house, power_user(house->arena, sender).at, phone.at);
}

static void make_rooms(struct power_scene *scene)
{
    struct house *house = &scene->houses[0];

    for (int room = 0; room < POWER_ROOMS; room++) {
        struct cc_caller a = make_user(house, room), b = make_user(house, room + POWER_ROOMS);

        scene->rooms[room] = cc_str_copy(scene->arena, house_room(&a, &b));
    }
    power_log_note(&scene->log, POWER_ROOMS_MADE);
}

void power_scene_play(struct power_scene *scene, const struct power_plan *plan)
{
    prepare(scene, plan);
    power_folder_make(scene->folder);
    power_log_open(&scene->log, scene->folder);
    power_vfs_record(&scene->log, plan->lie);
    open_first(scene);
    for (int i = 1; i < POWER_STORES; i++)
        must_open(scene, &scene->houses[i]);
    make_rooms(scene);
    play_all(scene);
    for (int i = 0; i < POWER_STORES; i++)
        power_house_close(&scene->houses[i]);
    power_vfs_record(NULL, POWER_TRUTH);
}

void power_scene_create(struct power_scene *scene, const char *folder, bool network)
{
    prepare(scene, &(struct power_plan){ .network = network });
    snprintf(scene->folder, sizeof(scene->folder), "%s", folder);
    power_log_open(&scene->log, scene->folder);
    power_vfs_record(&scene->log, POWER_TRUTH);
    open_first(scene);
    power_house_close(&scene->houses[0]);
    power_vfs_record(NULL, POWER_TRUTH);
}

void power_scene_close(struct power_scene *scene)
{
    power_folder_empty(scene->folder);
    ck_assert_int_eq(rmdir(scene->folder), 0);
    power_log_close(&scene->log);
    cc_arena_free(scene->arena);
}
