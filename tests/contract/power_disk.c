#include "tests/contract/power_disk.h"

#include "tests/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define SECTOR ((size_t)512)

const char *const power_manner_names[] = { "dropped", "kept", "sectors", "bytes" };

/* splitmix64 */
uint64_t power_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static bool chance(uint64_t *state, unsigned percent)
{
    return power_random(state) % 100 < percent;
}

/* --- folders ---------------------------------------------------------------------------------- */

static void path_in(const char *folder, const char *name, char out[256])
{
    ck_assert_int_lt(snprintf(out, 256, "%s/%s", folder, name), 256);
}

static void for_each_file(const char *folder, void (*see)(void *, const char *name), void *arg)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    ck_assert_ptr_nonnull(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            see(arg, entry->d_name);
    }
    closedir(dir);
}

static void remove_file(void *arg, const char *name)
{
    char path[256];

    path_in(arg, name, path);
    ck_assert_int_eq(unlink(path), 0);
}

void power_folder_empty(const char *folder)
{
    char copy[256];

    snprintf(copy, sizeof(copy), "%s", folder);
    for_each_file(folder, remove_file, copy);
}

static void write_file(const char *folder, const char *name, struct cc_str bytes)
{
    char path[256];
    int fd;

    path_in(folder, name, path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.at, bytes.len);

        ck_assert_int_gt(put, 0);
        bytes = cc_str_skip(bytes, (size_t)put);
    }
    close(fd);
}

/* --- the log ---------------------------------------------------------------------------------- */

static void append(struct power_log *log, struct power_op op)
{
    const size_t end = (size_t)op.at + op.bytes.len;

    if (op.kind == POWER_WRITE)
        op.bytes = cc_str_copy(log->arena, op.bytes);
    if (op.kind != POWER_NOTE && log->files[op.file].end < end)
        log->files[op.file].end = end;
    if (op.kind == POWER_DELETE)
        log->files[op.file].gone = true;
    if (log->count == log->room) {
        size_t room = log->room ? log->room * 2 : 4096;

        log->ops = cc_arena_grow(log->arena, log->ops, log->room * sizeof(*log->ops),
                                 room * sizeof(*log->ops));
        log->room = room;
    }
    log->ops[log->count++] = op;
}

static int find(const struct power_log *log, const char *name)
{
    for (int i = 0; i < log->file_count; i++) {
        if (!log->files[i].gone && strcmp(log->files[i].name, name) == 0)
            return i;
    }
    return -1;
}

int power_log_find(struct power_log *log, const char *name)
{
    int found;

    pthread_mutex_lock(&log->mutex);
    found = find(log, name);
    pthread_mutex_unlock(&log->mutex);
    return found;
}

void power_log_add(struct power_log *log, struct power_op op)
{
    pthread_mutex_lock(&log->mutex);
    append(log, op);
    pthread_mutex_unlock(&log->mutex);
}

int power_log_create(struct power_log *log, const char *name)
{
    int file;

    pthread_mutex_lock(&log->mutex);
    file = find(log, name);
    if (file < 0) {
        file = log->file_count++;
        ck_assert_int_lt(file, POWER_FILES_MAX);
        log->files[file].name = cc_str_copy(log->arena, cc_str_from(name)).at;
        append(log, (struct power_op){ .kind = POWER_CREATE, .file = file });
    }
    pthread_mutex_unlock(&log->mutex);
    return file;
}

void power_log_note(struct power_log *log, int64_t number)
{
    power_log_add(log, (struct power_op){ .kind = POWER_NOTE, .at = number });
}

static void take_in(void *arg, const char *name)
{
    struct power_log *log = arg;
    int file = power_log_create(log, name), fd;
    struct stat st;
    char path[256], *bytes;

    path_in(log->folder, name, path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    ck_assert(fd >= 0 && fstat(fd, &st) == 0);
    bytes = cc_arena_alloc(log->arena, (size_t)st.st_size + 1);
    ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
    close(fd);
    power_log_add(log, (struct power_op){ .kind = POWER_WRITE,
                                          .file = file,
                                          .bytes = { bytes, (size_t)st.st_size } });
    power_log_add(log, (struct power_op){ .kind = POWER_SYNC, .file = file });
}

void power_log_open(struct power_log *log, const char *folder)
{
    *log = (struct power_log){ .folder = folder,
                               .arena = cc_arena_new((size_t)2 * 1024 * 1024 * 1024) };
    pthread_mutex_init(&log->mutex, NULL);
    for_each_file(folder, take_in, log);
    power_log_add(log, (struct power_op){ .kind = POWER_SYNC_NAMES });
    log->begin = log->count;
}

void power_log_close(struct power_log *log)
{
    pthread_mutex_destroy(&log->mutex);
    cc_arena_free(log->arena);
}

/* --- the disk --------------------------------------------------------------------------------- */

struct image {
    char *at;
    size_t size;
};

/* Numbers of operations that no sync has covered yet. */
struct pending {
    size_t *at;
    size_t count;
};

struct power_disk {
    const struct power_log *log;
    size_t done;
    struct image synced[POWER_FILES_MAX];
    struct pending waiting[POWER_FILES_MAX];
    bool named[POWER_FILES_MAX]; /* the name is on disk */
    struct pending names;
    struct image found; /* scratch: one file as it is found */
};

struct power_disk *power_disk_new(const struct power_log *log)
{
    struct power_disk *disk = CC_NEW(log->arena, struct power_disk);
    size_t largest = 0;

    disk->log = log;
    disk->names.at = CC_NEW_ARRAY(log->arena, size_t, log->count);
    for (int i = 0; i < log->file_count; i++) {
        disk->synced[i].at = cc_arena_alloc(log->arena, log->files[i].end);
        disk->waiting[i].at = CC_NEW_ARRAY(log->arena, size_t, log->count);
        if (largest < log->files[i].end)
            largest = log->files[i].end;
    }
    disk->found.at = cc_arena_alloc(log->arena, largest);
    return disk;
}

static void resize(struct image *image, size_t size)
{
    if (size > image->size)
        memset(image->at + image->size, 0, size - image->size);
    image->size = size;
}

static void apply(struct image *image, const struct power_op *op)
{
    const size_t end = (size_t)op->at + op->bytes.len;

    if (op->kind == POWER_TRUNCATE || image->size < end)
        resize(image, end);
    if (op->bytes.len > 0)
        memcpy(image->at + op->at, op->bytes.at, op->bytes.len);
}

static void name_or_not(const struct power_op *op, bool named[POWER_FILES_MAX])
{
    named[op->file] = op->kind == POWER_CREATE;
}

static void sync_names(struct power_disk *disk)
{
    for (size_t i = 0; i < disk->names.count; i++)
        name_or_not(&disk->log->ops[disk->names.at[i]], disk->named);
    disk->names.count = 0;
}

static void sync_file(struct power_disk *disk, int file)
{
    struct pending *waiting = &disk->waiting[file];

    for (size_t i = 0; i < waiting->count; i++)
        apply(&disk->synced[file], &disk->log->ops[waiting->at[i]]);
    waiting->count = 0;
}

static void add_pending(struct pending *pending, size_t number)
{
    pending->at[pending->count++] = number;
}

static void advance(struct power_disk *disk)
{
    const size_t number = disk->done++;
    const struct power_op *op = &disk->log->ops[number];

    switch (op->kind) {
    case POWER_CREATE:
    case POWER_DELETE:
        add_pending(&disk->names, number);
        break;
    case POWER_SYNC_NAMES:
        sync_names(disk);
        break;
    case POWER_WRITE:
    case POWER_TRUNCATE:
        add_pending(&disk->waiting[op->file], number);
        break;
    case POWER_SYNC:
        sync_file(disk, op->file);
        break;
    case POWER_NOTE:
        break;
    }
}

/* --- what is found ---------------------------------------------------------------------------- */

/* How the disk treats one file at one cut. */
struct luck {
    uint64_t *random;
    unsigned percent; /* of the sectors got there */
    bool tears;       /* inside sectors */
    bool noise;       /* what was never written reads as noise, not as zeros */
};

static void fill(struct image *image, size_t from, size_t to, const struct luck *luck)
{
    for (size_t i = from; i < to; i++)
        image->at[i] = luck->noise ? (char)power_random(luck->random) : 0;
}

static void put_sector(struct image *image, size_t at, struct cc_str bytes, const struct luck *luck)
{
    size_t from = 0, to = bytes.len;

    if (!chance(luck->random, luck->percent))
        return;
    if (luck->tears && chance(luck->random, 10)) {
        from = power_random(luck->random) % (bytes.len + 1);
        to = from + power_random(luck->random) % (bytes.len + 1 - from);
    }
    if (image->size < at + to) {
        fill(image, image->size, at + to, luck);
        image->size = at + to;
    }
    memcpy(image->at + at + from, bytes.at + from, to - from);
}

/* A sector that several writes changed holds what one of them, or none, left there: dropping any
 * of them is the same as any order. */
static void put_some(struct image *image, const struct power_op *op, const struct luck *luck)
{
    struct cc_str rest = op->bytes;
    size_t at = (size_t)op->at;

    if (op->kind == POWER_TRUNCATE && chance(luck->random, luck->percent))
        image->size = image->size < at ? image->size : at;
    while (rest.len > 0) {
        const size_t room = SECTOR - at % SECTOR;
        const size_t len = rest.len < room ? rest.len : room;

        put_sector(image, at, (struct cc_str){ rest.at, len }, luck);
        rest = cc_str_skip(rest, len);
        at += len;
    }
}

/* The size is written apart from the bytes: the old one, the new one, or what the bytes need. */
static void choose_size(struct image *image, size_t before, size_t after, const struct luck *luck)
{
    const uint64_t choice = power_random(luck->random) % 3;

    if (choice == 0 && image->size > before)
        image->size = before;
    if (choice == 1 && image->size < after) {
        fill(image, image->size, after, luck);
        image->size = after;
    }
}

static size_t size_after(const struct power_disk *disk, int file)
{
    const struct pending *waiting = &disk->waiting[file];
    size_t size = disk->synced[file].size;

    for (size_t i = 0; i < waiting->count; i++) {
        const struct power_op *op = &disk->log->ops[waiting->at[i]];
        const size_t end = (size_t)op->at + op->bytes.len;

        if (op->kind == POWER_TRUNCATE || size < end)
            size = end;
    }
    return size;
}

static void find_file(struct power_disk *disk, int file, enum power_manner manner, uint64_t *random)
{
    static const unsigned percents[] = { 5, 50, 90, 98, 100 };
    const struct pending *waiting = &disk->waiting[file];
    const struct luck luck = { random, percents[power_random(random) % CC_COUNT(percents)],
                               manner == POWER_BYTES, chance(random, 30) };
    struct image *found = &disk->found;

    found->size = disk->synced[file].size;
    memcpy(found->at, disk->synced[file].at, found->size);
    for (size_t i = 0; i < waiting->count && manner != POWER_DROPPED; i++) {
        const struct power_op *op = &disk->log->ops[waiting->at[i]];

        if (manner == POWER_KEPT)
            apply(found, op);
        else
            put_some(found, op, &luck);
    }
    if (manner == POWER_SECTORS || manner == POWER_BYTES)
        choose_size(found, disk->synced[file].size, size_after(disk, file), &luck);
}

static void find_names(const struct power_disk *disk, enum power_manner manner, uint64_t *random,
                       bool named[POWER_FILES_MAX])
{
    memcpy(named, disk->named, sizeof(disk->named));
    for (size_t i = 0; i < disk->names.count && manner != POWER_DROPPED; i++) {
        if (manner == POWER_KEPT || chance(random, 50))
            name_or_not(&disk->log->ops[disk->names.at[i]], named);
    }
}

/* A later file has taken its name, though its own end may not be on disk. */
static bool is_replaced(const struct power_log *log, int file, const bool named[POWER_FILES_MAX])
{
    for (int i = file + 1; i < log->file_count; i++) {
        if (named[i] && strcmp(log->files[i].name, log->files[file].name) == 0)
            return true;
    }
    return false;
}

void power_disk_write(struct power_disk *disk, const struct power_cut *cut, const char *folder)
{
    const struct power_log *log = disk->log;
    bool named[POWER_FILES_MAX];
    uint64_t random = cut->seed;

    ck_assert(disk->done <= cut->ops && log->begin <= cut->ops);
    while (disk->done < cut->ops)
        advance(disk);
    power_folder_empty(folder);
    find_names(disk, cut->manner, &random, named);
    for (int i = 0; i < log->file_count; i++) {
        if (!named[i] || is_replaced(log, i, named))
            continue;
        find_file(disk, i, cut->manner, &random);
        write_file(folder, log->files[i].name, (struct cc_str){ disk->found.at, disk->found.size });
    }
}
