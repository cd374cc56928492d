/* base/random.h - randomness, as something that can be replaced. The system's is the
 * kernel's (getrandom); without it the process ends. */
#ifndef CC_BASE_RANDOM_H
#define CC_BASE_RANDOM_H

#include <stddef.h>

struct cc_random {
    void (*fill)(const struct cc_random *, void *out, size_t size_bytes);
};

extern const struct cc_random cc_system_random;

void cc_random_fill(const struct cc_random *random, void *out, size_t size_bytes);

#endif
