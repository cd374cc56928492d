#include "shared.h"
#include "die.h"

#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>

struct shared {
    atomic_size_t holders;
    alignas(max_align_t) unsigned char at[];
};

static struct shared *head_of(void *at)
{
    return (struct shared *)((unsigned char *)at - offsetof(struct shared, at));
}

void *cc_shared_new(size_t size_bytes)
{
    struct shared *shared = calloc(1, sizeof(*shared) + size_bytes);

    if (!shared)
        cc_die("out of memory");
    atomic_init(&shared->holders, 1);
    return shared->at;
}

void *cc_shared_hold(void *at)
{
    atomic_fetch_add(&head_of(at)->holders, 1);
    return at;
}

void cc_shared_drop(void *at)
{
    if (atomic_fetch_sub(&head_of(at)->holders, 1) == 1)
        free(head_of(at));
}
