/* tests/shim/short_write.c - a disk that takes half of what it is given: of each pwrite of several
 * bytes only the first half is written, as POSIX allows, and the number says so. A library to be
 * preloaded; how often it struck stands in the first eight bytes of the file that
 * SHORT_WRITES_FILE names, which all who have it map. */
#define _GNU_SOURCE /* RTLD_NEXT */

#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef ssize_t pwrite_fn(int fd, const void *from, size_t size, off64_t at);

static atomic_ullong *count; /* NULL: nobody asked, and nothing is cut short */
static pwrite_fn *real_pwrite;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("SHORT_WRITES_FILE");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *page;

    real_pwrite = (pwrite_fn *)dlsym(RTLD_NEXT, "pwrite64");
    if (fd < 0)
        return;
    page = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page != MAP_FAILED)
        count = page;
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at)
{
    if (count != NULL && size > 1) {
        atomic_fetch_add(count, 1);
        size /= 2;
    }
    return real_pwrite(fd, from, size, at);
}
