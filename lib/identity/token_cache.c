#include "token_cache.h"

#include <pthread.h>
#include <string.h>

/* Tokens that are used in turn and have no place in their set are verified each time, which takes a
 * millisecond. With 4 places that was 1 % of the requests of some 200 users, by bad luck, and would
 * be a seventh of those of 1,000. With 16 places 1,000 users hardly ever crowd one set. */
#define SETS 256 /* a power of two */
#define WAYS 16  /* places of one set, in which a token may stand */
#define NAME_BYTES 40

struct name {
    unsigned char len;
    char at[NAME_BYTES];
};

struct entry {
    struct cc_token_cache_key key;
    int64_t expires_s;  /* 0: free */
    int64_t session_ms; /* when its session was found; 0: never */
    struct name user, session;
};

/* A set is made when a token first belongs there: all of them are 576 KiB. */
struct cc_token_cache {
    struct cc_arena *arena;
    pthread_mutex_t mutex;
    struct entry *sets[SETS]; /* of WAYS each */
};

#define SETS_BYTES (SETS * WAYS * sizeof(struct entry))

struct cc_token_cache *cc_token_cache_open(void)
{
    struct cc_arena *arena = cc_arena_new(sizeof(struct cc_token_cache) + SETS_BYTES + 64 * 1024);
    struct cc_token_cache *cache = CC_NEW(arena, struct cc_token_cache);

    cache->arena = arena;
    pthread_mutex_init(&cache->mutex, NULL);
    return cache;
}

void cc_token_cache_close(struct cc_token_cache *cache)
{
    pthread_mutex_destroy(&cache->mutex);
    cc_arena_free(cache->arena);
}

/* --- under the mutex -------------------------------------------------------------------------- */

/* The digest is as good as random: nobody can aim at one set. */
static struct entry **set_of(struct cc_token_cache *cache, const struct cc_token_cache_key *key)
{
    return &cache->sets[((unsigned)key->digest[0] << 8 | key->digest[1]) & (SETS - 1)];
}

static bool is_same(const struct entry *entry, const struct cc_token_cache_key *key)
{
    return entry->key.generation == key->generation &&
           memcmp(entry->key.digest, key->digest, sizeof(key->digest)) == 0;
}

/* NULL: it is not there, or not any more. */
static struct entry *find_entry(struct cc_token_cache *cache, const struct cc_token_cache_key *key)
{
    struct entry *set = *set_of(cache, key);

    for (size_t i = 0; set != NULL && i < WAYS; i++) {
        if (set[i].expires_s > 0 && is_same(&set[i], key))
            return &set[i];
    }
    return NULL;
}

/* A free one, else what ends soonest. */
static struct entry *take_place(struct cc_token_cache *cache, const struct cc_token_cache_key *key)
{
    struct entry **set = set_of(cache, key);
    struct entry *place;

    if (*set == NULL)
        *set = CC_NEW_ARRAY(cache->arena, struct entry, WAYS);
    place = *set;
    for (struct entry *entry = *set; entry < *set + WAYS; entry++) {
        if (entry->expires_s < place->expires_s)
            place = entry;
    }
    return place;
}

/* --- the cache -------------------------------------------------------------------------------- */

static struct cc_str read_name(struct cc_arena *arena, const struct name *name)
{
    return cc_str_copy(arena, (struct cc_str){ name->at, name->len });
}

bool cc_token_cache_find(struct cc_token_cache *cache, struct cc_arena *arena,
                         const struct cc_token_cache_key *key, int64_t now_s,
                         struct cc_principal *out)
{
    const struct entry *entry;
    bool found;

    pthread_mutex_lock(&cache->mutex);
    entry = find_entry(cache, key);
    found = entry != NULL && entry->expires_s > now_s;
    if (found) {
        out->user = read_name(arena, &entry->user);
        out->session = read_name(arena, &entry->session);
    }
    pthread_mutex_unlock(&cache->mutex);
    return found;
}

static struct name make_name(struct cc_str s)
{
    struct name name = { .len = (unsigned char)s.len };

    memcpy(name.at, s.at, s.len);
    return name;
}

void cc_token_cache_add(struct cc_token_cache *cache, const struct cc_token_cache_key *key,
                        const struct cc_principal *who, int64_t expires_s)
{
    if (who->user.len > NAME_BYTES || who->session.len > NAME_BYTES)
        return;
    pthread_mutex_lock(&cache->mutex);
    *take_place(cache, key) = (struct entry){ .key = *key,
                                              .expires_s = expires_s,
                                              .user = make_name(who->user),
                                              .session = make_name(who->session) };
    pthread_mutex_unlock(&cache->mutex);
}

void cc_token_cache_note_session(struct cc_token_cache *cache, const struct cc_token_cache_key *key,
                                 int64_t now_ms)
{
    struct entry *entry;

    pthread_mutex_lock(&cache->mutex);
    entry = find_entry(cache, key);
    if (entry)
        entry->session_ms = now_ms;
    pthread_mutex_unlock(&cache->mutex);
}

bool cc_token_cache_had_session(struct cc_token_cache *cache, const struct cc_token_cache_key *key,
                                int64_t now_ms, int64_t age_ms)
{
    const struct entry *entry;
    bool had;

    pthread_mutex_lock(&cache->mutex);
    entry = find_entry(cache, key);
    had = entry && entry->session_ms > 0 && now_ms - entry->session_ms < age_ms;
    pthread_mutex_unlock(&cache->mutex);
    return had;
}
