#define _GNU_SOURCE /* open-file-description locks */
#include "pool_keys.h"

#include "jwks.h"

#include "../base/digest.h"
#include "../base/encode.h"
#include "../base/field.h"
#include "../base/file.h"
#include "../base/limits.h"
#include "../net/host.h"
#include "../net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 8 /* of the digest of the URL, in the names of our files */
#define SET_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define NOTE_BYTES_MAX (2 * CC_JWKS_BYTES_MAX) /* an escaped byte is two; a modulus has none */

#define LOOK_MS 5000     /* how often the file is looked at when all is well */
#define FETCH_MS 4000    /* for the whole request */
#define WAIT_MS 6000     /* for somebody else's */
#define PAUSE_MS 20      /* between two looks whether it is over */
#define AGAIN_MS 3600000 /* when old keys could not be had anew */

/* What the file says. */
struct note {
    int64_t tried_ms;       /* when the pool was asked last, by the wall clock; 0: never */
    int64_t fetched_ms;     /* the same, of the last time that it answered as it should */
    struct cc_str document; /* what it answered then */
};

static const struct cc_field note_fields[] = {
    { .name = "tried_ms", .type = CC_FIELD_I64, .offset = offsetof(struct note, tried_ms) },
    { .name = "fetched_ms", .type = CC_FIELD_I64, .offset = offsetof(struct note, fetched_ms) },
    { .name = "document",
      .type = CC_FIELD_STR,
      .flags = CC_FIELD_OMIT,
      .offset = offsetof(struct note, document) },
    { .name = NULL },
};

/* It is replaced, never written into: another file is another note. */
struct mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct pool_keys {
    struct cc_token_keys base;
    struct cc_arena *arena;
    struct cc_pool_keys_config config;
    struct cc_jwks_rules rules;
    const char *path, *lock_path;
    pthread_mutex_t mutex; /* for all below */
    struct cc_arena *set_arena;
    struct cc_jwk_set set; /* count 0: there are none yet */
    struct note note;      /* its document is of the set's arena */
    struct mark mark;
    int64_t looked_ms;
    uint64_t generation;
};

static struct pool_keys *pool_keys_of(struct cc_token_keys *keys)
{
    return (struct pool_keys *)keys;
}

/* --- the file --------------------------------------------------------------------------------- */

static bool take_mark(const struct pool_keys *self, struct mark *out)
{
    struct stat about;

    if (stat(self->path, &about) != 0)
        return false;
    *out = (struct mark){ about.st_dev, about.st_ino, about.st_size, about.st_mtim };
    return true;
}

static bool is_same_mark(const struct mark *a, const struct mark *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* The keys of another document than that which we have. */
static void take_document(struct pool_keys *self, struct cc_str document)
{
    const struct cc_jwks_rules rules = { self->rules.published_keys, NULL }; /* was logged */
    struct cc_arena *arena = cc_arena_new(SET_BYTES_MAX);
    struct cc_str copy = cc_str_copy(arena, document);
    struct cc_err ignored = { 0 };
    struct cc_jwk_set set;

    if (cc_jwks_read(arena, copy, &rules, &set, &ignored) != CC_OK) {
        cc_arena_free(arena);
        return;
    }
    cc_arena_free(self->set_arena);
    self->set_arena = arena;
    self->set = set;
    self->note.document = copy;
    self->generation++;
}

static void take_note(struct pool_keys *self, const struct note *note)
{
    self->note.tried_ms = note->tried_ms;
    self->note.fetched_ms = note->fetched_ms;
    if (note->document.at && !cc_str_eq(note->document, self->note.document))
        take_document(self, note->document);
}

/* Under the mutex. What cannot be read leaves us with what we have. */
static void look(struct pool_keys *self, int64_t interval_ms)
{
    int64_t now_ms = cc_clock_mono_ms(self->config.clock);
    struct cc_err ignored = { 0 };
    struct cc_arena *scratch;
    struct cc_str text;
    struct note note;
    struct mark mark;

    if (self->looked_ms && now_ms - self->looked_ms < interval_ms)
        return;
    self->looked_ms = now_ms;
    if (!take_mark(self, &mark) || is_same_mark(&mark, &self->mark))
        return;
    scratch = cc_arena_new(SET_BYTES_MAX);
    if (cc_file_read(scratch, self->path, NOTE_BYTES_MAX, &text, &ignored) == CC_OK &&
        cc_fields_load(scratch, note_fields, text, &note, &ignored) == CC_OK) {
        take_note(self, &note);
        self->mark = mark;
    }
    cc_arena_free(scratch);
}

static enum cc_code write_note(struct pool_keys *self, struct cc_arena *arena,
                               const struct note *note, struct cc_err *err)
{
    enum cc_code rc =
        cc_file_write(self->path, cc_fields_save(arena, note_fields, note), 0600, err);

    if (rc != CC_OK)
        return rc;
    pthread_mutex_lock(&self->mutex);
    look(self, 0);
    pthread_mutex_unlock(&self->mutex);
    return CC_OK;
}

/* --- asking the pool -------------------------------------------------------------------------- */

static enum cc_code send(struct pool_keys *self, struct cc_arena *arena, struct cc_str *document,
                         struct cc_err *err)
{
    const struct cc_net_header accept = { CC_STR("Accept"), CC_STR("application/json") };
    const struct cc_net_request request = {
        .method = CC_STR("GET"),
        .url = self->config.url,
        .headers = { &accept, 1 },
        .timeout_ms = FETCH_MS,
        .answer_bytes_max = CC_JWKS_BYTES_MAX,
    };
    struct cc_net_answer answer;
    enum cc_code rc = cc_net_send(self->config.net, arena, &request, &answer, err);

    if (rc == CC_OK && answer.status != 200)
        rc = cc_fail(err, CC_UNAVAILABLE, NULL, "keys of the user pool: http %d", answer.status);
    if (rc == CC_OK)
        *document = answer.body;
    return rc;
}

/* By who holds the lock. */
static enum cc_code fetch(struct pool_keys *self, struct cc_arena *arena, struct note *note,
                          struct cc_err *err)
{
    struct cc_str document = CC_STR_ABSENT;
    struct cc_jwk_set set;
    enum cc_code rc;

    note->tried_ms = cc_clock_wall_ms(self->config.clock);
    rc = write_note(self, arena, note, err);
    if (rc == CC_OK)
        rc = send(self, arena, &document, err);
    if (rc == CC_OK)
        rc = cc_jwks_read(arena, document, &self->rules, &set, err);
    if (rc != CC_OK)
        return rc;
    note->document = document;
    note->fetched_ms = note->tried_ms;
    rc = write_note(self, arena, note, err);
    if (rc == CC_OK)
        cc_log_info(self->config.log, "keys of the user pool fetched",
                    CC_LOG_I64("keys", (int64_t)set.count));
    return rc;
}

/* A clock that was set back far does not make us wait until it has caught up. */
static bool is_within(int64_t age_ms, int64_t span_ms)
{
    return age_ms < span_ms && age_ms > -span_ms;
}

/* Under the mutex. */
static bool is_due(const struct pool_keys *self, int64_t every_ms)
{
    return !is_within(cc_clock_wall_ms(self->config.clock) - self->note.tried_ms,
                      self->set.count ? every_ms : CC_POOL_KEYS_BARE_MS);
}

/* false: somebody else has it. */
static bool lock(int fd)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

    return fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

/* Who has no key at all has nothing else to do. */
static bool wait_for_lock(struct pool_keys *self, int fd, bool is_bare)
{
    const int64_t end_ms = cc_clock_mono_ms(&cc_system_clock) + WAIT_MS;
    bool has;

    while (!(has = lock(fd)) && is_bare && cc_clock_mono_ms(&cc_system_clock) < end_ms) {
        if (!cc_net_pause(self->config.net, PAUSE_MS))
            break;
    }
    return has;
}

/* By who holds the lock: meanwhile another may have asked. */
static void fetch_if_due(struct pool_keys *self, struct cc_arena *arena, int64_t every_ms)
{
    struct cc_err err = { 0 };
    struct note note;
    bool due;

    pthread_mutex_lock(&self->mutex);
    look(self, 0);
    due = is_due(self, every_ms);
    note = self->note;
    note.document = note.document.at ? cc_str_copy(arena, note.document) : CC_STR_ABSENT;
    pthread_mutex_unlock(&self->mutex);
    if (due && fetch(self, arena, &note, &err) != CC_OK)
        cc_log_warn(self->config.log, "keys of the user pool not fetched",
                    CC_LOG_Z("cause", err.cause));
}

/* Each caller opens the file anew: so threads exclude one another as processes do. */
static void ask(struct pool_keys *self, struct cc_arena *arena, int64_t every_ms)
{
    bool is_bare, due;
    int fd;

    pthread_mutex_lock(&self->mutex);
    is_bare = self->set.count == 0;
    due = is_due(self, every_ms);
    pthread_mutex_unlock(&self->mutex);
    if (!is_bare && !due)
        return;
    fd = open(self->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        cc_log_warn(self->config.log, "keys of the user pool not fetched",
                    CC_LOG_Z("cause", strerror(errno)));
        return;
    }
    cc_file_give_to_owner(fd, self->lock_path);
    if (wait_for_lock(self, fd, is_bare))
        fetch_if_due(self, arena, every_ms);
    close(fd);
}

/* --- being asked ------------------------------------------------------------------------------ */

enum found { FOUND, FOUND_OLD, NOT_FOUND };

static const struct cc_jwk *find_key(const struct cc_jwk_set *set, struct cc_str kid)
{
    for (size_t i = 0; i < set->count; i++) {
        if (cc_str_eq(set->at[i].kid, kid))
            return &set->at[i];
    }
    return NULL;
}

/* Under the mutex. */
static bool is_old(const struct pool_keys *self)
{
    int64_t now_ms = cc_clock_wall_ms(self->config.clock);

    return !is_within(now_ms - self->note.fetched_ms, CC_POOL_KEYS_OLD_MS) &&
           !is_within(now_ms - self->note.tried_ms, AGAIN_MS);
}

static enum found look_up(struct pool_keys *self, int64_t interval_ms, struct cc_arena *arena,
                          struct cc_str kid, struct cc_token_key *out)
{
    enum found found = NOT_FOUND;
    const struct cc_jwk *jwk;

    pthread_mutex_lock(&self->mutex);
    look(self, interval_ms);
    jwk = find_key(&self->set, kid);
    if (jwk) {
        cc_token_key_lend(arena, jwk->kid, jwk->key, out);
        out->pem = cc_str_copy(arena, jwk->pem);
        found = is_old(self) ? FOUND_OLD : FOUND;
    }
    pthread_mutex_unlock(&self->mutex);
    return found;
}

/* Only a pool that has just answered can be said not to have a key: whoever is told that his token
 * is none throws it away. */
static enum cc_code fail_unknown(struct pool_keys *self, struct cc_err *err)
{
    int64_t left_ms;
    bool answered;

    pthread_mutex_lock(&self->mutex);
    answered = self->set.count && self->note.fetched_ms == self->note.tried_ms &&
               !is_due(self, CC_POOL_KEYS_EVERY_MS);
    left_ms = self->note.tried_ms - cc_clock_wall_ms(self->config.clock) +
              (self->set.count ? CC_POOL_KEYS_EVERY_MS : CC_POOL_KEYS_BARE_MS);
    pthread_mutex_unlock(&self->mutex);
    if (answered)
        return cc_fail(err, CC_UNAUTHORIZED, NULL, "keys of the user pool: kid is unknown");
    return cc_fail_retry(err, CC_UNAVAILABLE, left_ms > 1000 ? (int)(left_ms / 1000) : 1, NULL,
                         "keys of the user pool: kid is unknown, and the pool has not answered");
}

static enum cc_code find(struct cc_token_keys *keys, struct cc_arena *arena, struct cc_str kid,
                         struct cc_token_key *out, struct cc_err *err)
{
    struct pool_keys *self = pool_keys_of(keys);
    enum found found = look_up(self, LOOK_MS, arena, kid, out);

    if (found == NOT_FOUND) /* another process may have asked */
        found = look_up(self, 0, arena, kid, out);
    if (found == FOUND)
        return CC_OK;
    ask(self, arena, found == FOUND_OLD ? AGAIN_MS : CC_POOL_KEYS_EVERY_MS);
    found = look_up(self, 0, arena, kid, out);
    return found != NOT_FOUND ? CC_OK : fail_unknown(self, err);
}

static uint64_t generation_of(struct cc_token_keys *keys)
{
    struct pool_keys *self = pool_keys_of(keys);
    uint64_t generation;

    pthread_mutex_lock(&self->mutex);
    look(self, LOOK_MS);
    generation = self->generation;
    pthread_mutex_unlock(&self->mutex);
    return generation;
}

static bool write_jwks(struct pool_keys *self, struct cc_arena *arena, struct cc_jwks *out)
{
    bool has;

    pthread_mutex_lock(&self->mutex);
    look(self, LOOK_MS);
    has = self->set.count > 0;
    if (has)
        cc_jwks_write(arena, self->set.at, self->set.count, out);
    pthread_mutex_unlock(&self->mutex);
    return has;
}

enum cc_code cc_pool_keys_jwks(struct cc_token_keys *keys, struct cc_arena *arena,
                               struct cc_jwks *out, struct cc_err *err)
{
    struct pool_keys *self = pool_keys_of(keys);

    if (write_jwks(self, arena, out))
        return CC_OK;
    ask(self, arena, CC_POOL_KEYS_EVERY_MS);
    if (write_jwks(self, arena, out))
        return CC_OK;
    return cc_fail(err, CC_UNAVAILABLE, NULL, "keys of the user pool: none yet");
}

/* --- opening ---------------------------------------------------------------------------------- */

static const struct cc_token_keys_ops pool_keys_ops = { find, generation_of };

/* Each URL has a file of its own: another pool's keys must never be taken for this one's. */
static const char *path_of(const struct pool_keys *self, const char *what)
{
    unsigned char digest[CC_SHA256_SIZE];
    struct cc_str name;

    cc_sha256(self->config.url, digest);
    name = cc_hex_encode(self->arena, (struct cc_str){ (const char *)digest, NAME_BYTES });
    return cc_str_format(self->arena, "%.*s/jwks-%.*s.%s", CC_STR_ARG(self->config.folder),
                         CC_STR_ARG(name), what)
        .at;
}

enum cc_code cc_pool_keys_open(const struct cc_pool_keys_config *config, struct cc_token_keys **out,
                               struct cc_err *err)
{
    const struct cc_str host = cc_net_host(config->url);
    const bool is_here = cc_net_host_is_loopback(host);
    struct cc_arena *arena;
    struct pool_keys *self;

    if (!host.at || (!is_here && !cc_str_starts(config->url, CC_STR("https://"))))
        return cc_fail(err, CC_INVALID, "The keys of a user pool are asked for by https.",
                       "keys of the user pool: not https: %.*s", CC_STR_ARG(config->url));
    arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    self = CC_NEW(arena, struct pool_keys);
    self->base.ops = &pool_keys_ops;
    self->arena = arena;
    self->config = *config;
    self->config.folder = cc_str_copy(arena, config->folder);
    self->config.url = cc_str_copy(arena, config->url);
    self->rules = (struct cc_jwks_rules){ is_here, config->log };
    self->path = path_of(self, "json");
    self->lock_path = path_of(self, "lock");
    pthread_mutex_init(&self->mutex, NULL);
    *out = &self->base;
    return CC_OK;
}

void cc_pool_keys_close(struct cc_token_keys *keys)
{
    struct pool_keys *self = pool_keys_of(keys);

    if (!self)
        return;
    pthread_mutex_destroy(&self->mutex);
    cc_arena_free(self->set_arena);
    cc_arena_free(self->arena);
}
