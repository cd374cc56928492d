/* base/shared.h - memory that several threads hold at the same time, each for as long as it needs;
 * the last one to let go frees it. Its bytes do not change while others may read them. */
#ifndef CC_BASE_SHARED_H
#define CC_BASE_SHARED_H

#include <stddef.h>

/* Zeroed, and held once, by the caller. Never NULL: without memory the process ends. */
void *cc_shared_new(size_t size_bytes);
/* Held once more; returns it. */
void *cc_shared_hold(void *shared);
/* Held once less. Fits cc_arena_defer. */
void cc_shared_drop(void *shared);

#endif
