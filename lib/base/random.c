#include "random.h"
#include "die.h"

#include <errno.h>
#include <sys/random.h>

/* The kernel's own, each time: no state of ours that a fork would copy, nothing to set up in a
 * program that answers one request, and for the few bytes of an id no slower than a generator in
 * the process. */
static void system_fill(const struct cc_random *random, void *out, size_t size_bytes)
{
    char *at = out;

    (void)random;
    while (size_bytes > 0) {
        ssize_t got = getrandom(at, size_bytes, 0);

        if (got < 0 && errno != EINTR)
            cc_die("no randomness");
        if (got > 0) {
            at += got;
            size_bytes -= (size_t)got;
        }
    }
}

const struct cc_random cc_system_random = { system_fill };

void cc_random_fill(const struct cc_random *random, void *out, size_t size_bytes)
{
    random->fill(random, out, size_bytes);
}
