#include "random.h"
#include "die.h"

#include <assert.h>
#include <limits.h>

#include <openssl/rand.h>

static void system_fill(const struct cc_random *random, void *out, size_t size_bytes)
{
    (void)random;
    assert(size_bytes <= INT_MAX);
    if (RAND_bytes(out, (int)size_bytes) != 1)
        cc_die("no randomness");
}

const struct cc_random cc_system_random = { system_fill };

void cc_random_fill(const struct cc_random *random, void *out, size_t size_bytes)
{
    random->fill(random, out, size_bytes);
}
