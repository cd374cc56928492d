/* base/arena.h - memory that belongs to one request. Allocate, never free: a reset returns all of
 * it. Foreign handles are registered in the statement after they were obtained, and closed in
 * reverse order at reset.
 *
 * An allocation is never NULL. What a request may allocate is bounded by the limits on its
 * input; beyond the ceiling, or without memory, the worker writes one line to standard error and
 * ends with status 71 (EX_OSERR), and its supervisor replaces it. */
#ifndef CC_BASE_ARENA_H
#define CC_BASE_ARENA_H

#include <stddef.h>

struct cc_arena;

/* A new, empty arena. ceiling_bytes bounds the memory it holds, the unused ends of its blocks
 * included. Never NULL. Not for use by two threads at once. */
struct cc_arena *cc_arena_new(size_t ceiling_bytes);
void cc_arena_free(struct cc_arena *arena); /* runs cleanups; NULL is allowed */

/* Runs the cleanups, newest first, and forgets all allocations. Keeps one small block for the
 * next round and gives the rest back. */
void cc_arena_reset(struct cc_arena *arena);

/* Zeroed, aligned for any type. size 0 is allowed. */
void *cc_arena_alloc(struct cc_arena *arena, size_t size_bytes);

/* Grows the newest allocation in place where that is possible, else copies it; the new part is
 * zeroed. old_size must be what was asked for; old may be NULL. Not for secrets: the copy would
 * not be wiped. */
void *cc_arena_grow(struct cc_arena *arena, void *old, size_t old_size, size_t new_size);

/* Runs close(what) at reset or free. */
void cc_arena_defer(struct cc_arena *arena, void (*close)(void *), void *what);

/* Memory for a secret: wiped (OPENSSL_cleanse) at reset. */
void *cc_arena_alloc_secret(struct cc_arena *arena, size_t size_bytes);

/* Bytes allocated since the last reset, padding included. */
size_t cc_arena_used(const struct cc_arena *arena);

#define CC_NEW(arena, type) ((type *)cc_arena_alloc((arena), sizeof(type)))
/* `count` must be bounded by a limit; an overflow of the product ends the worker. */
#define CC_NEW_ARRAY(arena, type, count)                                                           \
    ((type *)cc_arena_alloc_array((arena), sizeof(type), (count)))
void *cc_arena_alloc_array(struct cc_arena *arena, size_t size_bytes, size_t count);

#endif
