/* tests/contract/power_disk.h - what a disk may hold after the power was cut. A log keeps what was
 * done to the files of one folder, in its order. A disk follows a prefix of the log and writes
 * files as somebody may find them: all that was synced, and of the rest whatever `manner` says. */
#ifndef CC_TESTS_POWER_DISK_H
#define CC_TESTS_POWER_DISK_H

#include "base/arena.h"
#include "base/str.h"

#include <pthread.h>

enum power_kind {
    POWER_CREATE,
    POWER_DELETE,
    POWER_SYNC_NAMES, /* of the folder: until then a name that came may go, and one gone may come */
    POWER_WRITE,
    POWER_TRUNCATE,
    POWER_SYNC,
    POWER_NOTE, /* nothing was done to a file: the test says what it knows at this point */
};

struct power_op {
    enum power_kind kind;
    int file;            /* its number; a name that is made anew is a new file */
    int64_t at;          /* where a write begins; the size after a truncation; a note's number */
    struct cc_str bytes; /* of a write */
};

#define POWER_FILES_MAX 64

struct power_log {
    pthread_mutex_t mutex; /* guards what is below while it is recorded */
    struct cc_arena *arena;
    const char *folder;
    struct power_op *ops;
    size_t count, room;
    size_t begin; /* what stands before it was there at the beginning: no cut comes earlier */
    struct {
        const char *name;
        bool gone;
        size_t end; /* no byte of it was ever behind */
    } files[POWER_FILES_MAX];
    int file_count;
};

/* A log of what will be done in `folder` (borrowed). What is there already counts as synced. */
void power_log_open(struct power_log *log, const char *folder);
void power_log_close(struct power_log *log);
/* The number of the file that has this name now, or -1. */
int power_log_find(struct power_log *log, const char *name);
/* Safe for several threads. The bytes are copied. */
void power_log_add(struct power_log *log, struct power_op op);
/* A file that came; its number. */
int power_log_create(struct power_log *log, const char *name);
/* "this is known now" */
void power_log_note(struct power_log *log, int64_t number);

/* What became of that which was not synced. */
enum power_manner {
    POWER_DROPPED, /* none of it is there */
    POWER_KEPT,    /* all of it is there */
    POWER_SECTORS, /* any sectors of any writes, in any order; sizes and names followed or not */
    POWER_BYTES,   /* and sectors may hold a part of what was written */
    POWER_MANNERS
};
extern const char *const power_manner_names[POWER_MANNERS];

struct power_cut {
    size_t ops; /* so many had been done */
    enum power_manner manner;
    uint64_t seed;
};

struct power_disk;

/* In the log's arena; the log must not grow any more. */
struct power_disk *power_disk_new(const struct power_log *log);
/* Makes `folder` hold what is found after that cut, and nothing else. Cuts come in the order of
 * their `ops`. */
void power_disk_write(struct power_disk *disk, const struct power_cut *cut, const char *folder);

/* Removes the files of a folder. */
void power_folder_empty(const char *folder);

/* A generator of numbers that a seed repeats. */
uint64_t power_random(uint64_t *state);

#endif
