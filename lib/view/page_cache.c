#include "page_cache.h"

#include "../base/shared.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define BUCKETS 256 /* a power of two */

/* One page, in memory that replies hold as well: key and bytes never change, the links are the
 * cache's. */
struct entry {
    struct entry *next;          /* of its bucket */
    struct entry *older, *newer; /* by when it was asked for */
    struct cc_ready_page page;
    int64_t bytes;
};

struct cc_page_cache {
    struct cc_arena *arena;
    pthread_mutex_t mutex;
    int64_t bytes, bytes_max;
    struct entry *oldest, *newest;
    struct entry *buckets[BUCKETS];
};

struct cc_page_cache *cc_page_cache_open(int64_t bytes_max)
{
    struct cc_arena *arena = cc_arena_new(sizeof(struct cc_page_cache) + 1024);
    struct cc_page_cache *cache = CC_NEW(arena, struct cc_page_cache);

    cache->arena = arena;
    cache->bytes_max = bytes_max;
    pthread_mutex_init(&cache->mutex, NULL);
    return cache;
}

/* Room ids are hashes: their first bytes are as good as any. */
static struct entry **bucket_of(struct cc_page_cache *cache, const struct cc_ready_page *page)
{
    size_t hash = (size_t)page->limit;

    for (size_t i = 0; i < page->room.len && i < 8; i++)
        hash = hash * 31 + (unsigned char)page->room.at[i];
    return &cache->buckets[hash & (BUCKETS - 1)];
}

/* Where the pointer to the entry stands; it points at NULL if there is none. */
static struct entry **find(struct cc_page_cache *cache, const struct cc_ready_page *page)
{
    struct entry **at = bucket_of(cache, page);

    while (*at && !((*at)->page.limit == page->limit && cc_str_eq((*at)->page.room, page->room)))
        at = &(*at)->next;
    return at;
}

/* --- the order -------------------------------------------------------------------------------- */

static void unlink_entry(struct cc_page_cache *cache, struct entry *entry)
{
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        cache->oldest = entry->newer;
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        cache->newest = entry->older;
}

static void link_newest(struct cc_page_cache *cache, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    if (cache->newest)
        cache->newest->newer = entry;
    else
        cache->oldest = entry;
    cache->newest = entry;
}

static void forget(struct cc_page_cache *cache, struct entry **at)
{
    struct entry *entry = *at;

    assert(entry); /* what is in the order is in its bucket */
    *at = entry->next;
    unlink_entry(cache, entry);
    cache->bytes -= entry->bytes;
    cc_shared_drop(entry);
}

/* --- the interface ---------------------------------------------------------------------------- */

bool cc_page_cache_find(struct cc_page_cache *cache, struct cc_arena *arena,
                        struct cc_ready_page *page)
{
    struct entry *entry;

    pthread_mutex_lock(&cache->mutex);
    entry = *find(cache, page);
    if (entry) {
        unlink_entry(cache, entry);
        link_newest(cache, entry);
        cc_shared_hold(entry);
    }
    pthread_mutex_unlock(&cache->mutex);
    if (!entry)
        return false;
    cc_arena_defer(arena, cc_shared_drop, entry);
    page->rev = entry->page.rev;
    page->json = entry->page.json;
    return true;
}

static struct entry *make(const struct cc_ready_page *page)
{
    const size_t size = sizeof(struct entry) + page->room.len + page->json.len;
    struct entry *entry = cc_shared_new(size);
    char *room = (char *)(entry + 1);
    char *json = room + page->room.len;

    memcpy(room, page->room.at, page->room.len);
    memcpy(json, page->json.at, page->json.len);
    entry->page = *page;
    entry->page.room.at = room;
    entry->page.json.at = json;
    entry->bytes = (int64_t)size;
    return entry;
}

/* Of two threads that made a page at the same time, one may come late with what is older. */
void cc_page_cache_add(struct cc_page_cache *cache, const struct cc_ready_page *page)
{
    struct entry *entry = make(page);
    struct entry **at;

    pthread_mutex_lock(&cache->mutex);
    at = find(cache, page);
    if (entry->bytes > cache->bytes_max || (*at && (*at)->page.rev >= page->rev)) {
        pthread_mutex_unlock(&cache->mutex);
        cc_shared_drop(entry);
        return;
    }
    if (*at)
        forget(cache, at);
    while (cache->bytes + entry->bytes > cache->bytes_max)
        forget(cache, find(cache, &cache->oldest->page));
    at = bucket_of(cache, page);
    entry->next = *at;
    *at = entry;
    link_newest(cache, entry);
    cache->bytes += entry->bytes;
    pthread_mutex_unlock(&cache->mutex);
}

int64_t cc_page_cache_bytes(struct cc_page_cache *cache)
{
    int64_t bytes;

    pthread_mutex_lock(&cache->mutex);
    bytes = cache->bytes;
    pthread_mutex_unlock(&cache->mutex);
    return bytes;
}

void cc_page_cache_close(struct cc_page_cache *cache)
{
    if (!cache)
        return;
    while (cache->oldest)
        forget(cache, find(cache, &cache->oldest->page));
    pthread_mutex_destroy(&cache->mutex);
    cc_arena_free(cache->arena);
}
