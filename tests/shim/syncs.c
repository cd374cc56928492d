/* tests/shim/syncs.c - counts how often the programs wait for the disk, without slowing them down
 * as a tracer would: a library to be preloaded into all of them. The number stands in the first
 * eight bytes of the file that SYNCS_FILE names, which all of them map. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "counter.h"

#include <dlfcn.h>

typedef int sync_fn(int fd);

static atomic_ullong *count; /* NULL: nobody asked */
static sync_fn *real_fsync, *real_fdatasync;

__attribute__((constructor)) static void begin(void)
{
    real_fsync = (sync_fn *)dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (sync_fn *)dlsym(RTLD_NEXT, "fdatasync");
    count = shim_counter("SYNCS_FILE");
}

static void note(void)
{
    if (count != NULL)
        atomic_fetch_add(count, 1);
}

int fsync(int fd)
{
    note();
    return real_fsync(fd);
}

int fdatasync(int fd)
{
    note();
    return real_fdatasync(fd);
}
