/* tests/shim/counter.h - a number that all programs into which a library is preloaded share: the
 * first eight bytes of a file that whoever asks has made. */
#ifndef CC_TESTS_SHIM_COUNTER_H
#define CC_TESTS_SHIM_COUNTER_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The number in the file that this variable of the environment names; NULL: nobody asked. It stays
 * mapped as long as the process lives. */
static inline atomic_ullong *shim_counter(const char *variable)
{
    const char *path = getenv(variable);
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *page;

    if (fd < 0)
        return NULL;
    page = mmap(NULL, sizeof(atomic_ullong), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return page == MAP_FAILED ? NULL : page;
}

#endif
