/* tests/shim/short_write.c - a disk that takes half of what it is given: of each pwrite of several
 * bytes only the first half is written, as POSIX allows, and the number says so. A library to be
 * preloaded; how often it struck stands in the first eight bytes of the file that
 * SHORT_WRITES_FILE names, which all who have it map. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "counter.h"

#include <dlfcn.h>

typedef ssize_t pwrite_fn(int fd, const void *from, size_t size, off64_t at);

static atomic_ullong *count; /* NULL: nobody asked, and nothing is cut short */
static pwrite_fn *real_pwrite;

__attribute__((constructor)) static void begin(void)
{
    real_pwrite = (pwrite_fn *)dlsym(RTLD_NEXT, "pwrite64");
    count = shim_counter("SHORT_WRITES_FILE");
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at)
{
    if (count != NULL && size > 1) {
        atomic_fetch_add(count, 1);
        size /= 2;
    }
    return real_pwrite(fd, from, size, at);
}
