/* view/page_cache.h - the newest page of a room, ready to send: it is what everybody asks for. A
 * page is known by its room, how many messages were asked for, and the rev of the room at which it
 * was made: whoever takes it has read HEAD first, and takes it only at that rev. It shows the same
 * to every member; what depends on the viewer is not kept here.
 *
 * The epoch is no part of the key: a restore is refused while a process has the store open, so that
 * it is the same for as long as a cache lives. */
#ifndef CC_VIEW_PAGE_CACHE_H
#define CC_VIEW_PAGE_CACHE_H

#include "../base/arena.h"
#include "../base/str.h"

struct cc_page_cache;

struct cc_ready_page {
    struct cc_str room;
    int64_t limit; /* of messages asked for */
    int64_t rev;   /* of the room */
    struct cc_str json;
};

/* Keeps at most so many bytes, what was not asked for the longest goes first; 0: keeps nothing.
 * Safe for several threads. Never NULL. */
struct cc_page_cache *cc_page_cache_open(int64_t bytes_max);
void cc_page_cache_close(struct cc_page_cache *cache); /* NULL is allowed */

/* The page for page->room and page->limit: sets rev and json, which lives as long as the arena; or
 * says that there is none. */
bool cc_page_cache_find(struct cc_page_cache *cache, struct cc_arena *arena,
                        struct cc_ready_page *page);
/* Copies it; it takes the place of an older one. */
void cc_page_cache_add(struct cc_page_cache *cache, const struct cc_ready_page *page);

/* What it holds now. */
int64_t cc_page_cache_bytes(struct cc_page_cache *cache);

#endif
