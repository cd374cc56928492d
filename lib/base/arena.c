#include "arena.h"
#include "die.h"

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* Under AddressSanitizer everything that was not handed out is poisoned, and a red zone follows
 * each allocation, so that an overrun is seen although it stays within a block. */
#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#define RED_ZONE ((size_t)16)
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define RED_ZONE ((size_t)0)
#endif

#define ALIGNMENT alignof(max_align_t)
#define FIRST_BLOCK_BYTES ((size_t)16 * 1024)
#define GROWN_BLOCK_BYTES_MAX ((size_t)1024 * 1024)

struct block {
    struct block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char at[];
};

struct cleanup {
    struct cleanup *older;
    void (*close)(void *);
    void *what;
};

struct secret {
    void *at;
    size_t size;
};

struct cc_arena {
    struct block *newest;
    struct cleanup *cleanups;
    size_t ceiling;
    size_t held; /* the sizes of all blocks */
    size_t used;
};

static void add_block(struct cc_arena *arena, size_t size)
{
    struct block *block;

    if (size > arena->ceiling - arena->held)
        cc_die("a request outgrew its memory");
    block = malloc(sizeof(*block) + size);
    if (!block)
        cc_die("out of memory");
    ASAN_POISON_MEMORY_REGION(block->at, size);
    block->older = arena->newest;
    block->size = size;
    block->used = 0;
    arena->newest = block;
    arena->held += size;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

struct cc_arena *cc_arena_new(size_t ceiling_bytes)
{
    struct cc_arena *arena = calloc(1, sizeof(*arena));

    if (!arena)
        cc_die("out of memory");
    arena->ceiling = ceiling_bytes;
    add_block(arena, smaller(FIRST_BLOCK_BYTES, ceiling_bytes));
    return arena;
}

void cc_arena_reset(struct cc_arena *arena)
{
    struct block *block;

    while (arena->cleanups) {
        struct cleanup *cleanup = arena->cleanups;

        arena->cleanups = cleanup->older;
        cleanup->close(cleanup->what);
    }
    while ((block = arena->newest)->older) {
        arena->newest = block->older;
        arena->held -= block->size;
        ASAN_UNPOISON_MEMORY_REGION(block->at, block->size);
        free(block);
    }
    block->used = 0;
    arena->used = 0;
    ASAN_POISON_MEMORY_REGION(block->at, block->size);
}

void cc_arena_free(struct cc_arena *arena)
{
    if (!arena)
        return;
    cc_arena_reset(arena);
    ASAN_UNPOISON_MEMORY_REGION(arena->newest->at, arena->newest->size);
    free(arena->newest);
    free(arena);
}

/* What an allocation takes of its block; 0 if that cannot be said in a size_t. */
static size_t footprint(size_t size)
{
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + RED_ZONE;

    return rounded < size ? 0 : rounded;
}

void *cc_arena_alloc(struct cc_arena *arena, size_t size_bytes)
{
    size_t taken = footprint(size_bytes);
    size_t doubled = smaller(arena->newest->size * 2, GROWN_BLOCK_BYTES_MAX);
    void *at;

    if (taken < size_bytes)
        cc_die("a request outgrew its memory");
    if (taken > arena->newest->size - arena->newest->used) {
        size_t left = smaller(doubled, arena->ceiling - arena->held);

        add_block(arena, taken > left ? taken : left);
    }
    at = arena->newest->at + arena->newest->used;
    arena->newest->used += taken;
    arena->used += taken;
    ASAN_UNPOISON_MEMORY_REGION(at, size_bytes);
    return memset(at, 0, size_bytes);
}

void *cc_arena_alloc_array(struct cc_arena *arena, size_t size_bytes, size_t count)
{
    size_t total;

    if (__builtin_mul_overflow(size_bytes, count, &total))
        cc_die("a request outgrew its memory");
    return cc_arena_alloc(arena, total);
}

static bool grow_in_place(struct cc_arena *arena, unsigned char *old, size_t old_size,
                          size_t new_size)
{
    struct block *block = arena->newest;
    size_t before = footprint(old_size);
    size_t after = footprint(new_size);

    if (old + before != block->at + block->used || after < new_size ||
        after - before > block->size - block->used)
        return false;
    block->used += after - before;
    arena->used += after - before;
    ASAN_UNPOISON_MEMORY_REGION(old, new_size);
    memset(old + old_size, 0, new_size - old_size);
    return true;
}

void *cc_arena_grow(struct cc_arena *arena, void *old, size_t old_size, size_t new_size)
{
    void *at;

    assert(new_size >= old_size);
    if (old && grow_in_place(arena, old, old_size, new_size))
        return old;
    at = cc_arena_alloc(arena, new_size);
    if (old)
        memcpy(at, old, old_size);
    return at;
}

void cc_arena_defer(struct cc_arena *arena, void (*close)(void *), void *what)
{
    struct cleanup *cleanup = CC_NEW(arena, struct cleanup);

    *cleanup = (struct cleanup){ arena->cleanups, close, what };
    arena->cleanups = cleanup;
}

static void wipe(void *what)
{
    const struct secret *secret = what;

    OPENSSL_cleanse(secret->at, secret->size);
}

void *cc_arena_alloc_secret(struct cc_arena *arena, size_t size_bytes)
{
    struct secret *secret = CC_NEW(arena, struct secret);

    *secret = (struct secret){ cc_arena_alloc(arena, size_bytes), size_bytes };
    cc_arena_defer(arena, wipe, secret);
    return secret->at;
}

size_t cc_arena_used(const struct cc_arena *arena)
{
    return arena->used;
}
