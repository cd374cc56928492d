/* tests/contract/power_scene.h - people who write to each other while everything that happens to
 * the files of their store is kept, and what they know at each moment. */
#ifndef CC_TESTS_POWER_SCENE_H
#define CC_TESTS_POWER_SCENE_H

#include "tests/contract/power_vfs.h"
#include "tests/unit/chat/house.h"

#define POWER_STORES 3 /* open at the same time, as those of three processes */
#define POWER_ROOMS 4
#define POWER_SENDERS 8
#define POWER_SAID_MAX 4096
#define POWER_DATABASE "cloud-chat.db"

/* How much is done. */
struct power_plan {
    int durability;
    enum power_lie lie;
    int messages; /* of each sender */
    int bulks;    /* large items that each store writes besides, so that its log fills */
    int sweeps;   /* of the second half of the time: each empties the log */
    int visits;   /* stores that come and go meanwhile */
    bool network; /* as on a network file system: a journal, no log */
};

/* One message that was acknowledged. */
struct power_said {
    int sender, number;
    int64_t seq;
};

/* What notes in the log say: a number >= 0 is an index of `said`. */
enum power_known { POWER_OPENED = -1, POWER_ROOMS_MADE = -2 };

struct power_scene {
    struct power_plan plan;
    struct cc_arena *arena;
    char folder[64];
    struct power_log log;
    struct house_clock clock;
    struct cc_log errors;
    struct house houses[POWER_STORES]; /* a store and a chat each */
    struct cc_str rooms[POWER_ROOMS];
    struct cc_str epoch;
    struct power_said said[POWER_SAID_MAX];
    atomic_int said_count, bulk_count;
    atomic_bool over;
};

/* Plays it from an empty folder to the closing of the last store, and keeps the log of it. */
void power_scene_play(struct power_scene *scene, const struct power_plan *plan);
/* The same, but only until the first store is open and closed again: the log of a creation. What
 * is in `folder` already is taken as synced. */
void power_scene_create(struct power_scene *scene, const char *folder, bool network);
void power_scene_close(struct power_scene *scene);

/* Opens the store in a folder, as durable as the plan says, and a chat on it. Codes as
 * cc_store_open_sqlite. */
enum cc_code power_scene_open(struct power_scene *scene, const char *folder, struct house *out,
                              struct cc_err *err);
void power_house_close(struct house *house);

/* Who a sender is, and what he says at each turn. */
struct cc_str power_user(struct cc_arena *arena, int sender);
int power_room_of(int sender);
struct cc_str power_client_id(struct cc_arena *arena, int sender, int number);
struct cc_str power_text(struct cc_arena *arena, int sender, int number);

/* A new folder, in memory where there is one that is: what is written there is never synced. */
void power_folder_make(char out[64]);

#endif
