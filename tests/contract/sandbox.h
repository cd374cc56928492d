/* tests/contract/sandbox.h - a mount namespace of the test's own, with or without root. */
#ifndef CC_TESTS_SANDBOX_H
#define CC_TESTS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* Gives the calling process, which has one thread, mounts of its own. false: this machine does not
 * allow it; says so on standard error, in the words that tests/run counts. */
bool sandbox_enter(const char *test);

/* Mounts a file system in memory of that size over the folder. ck_asserts. */
void sandbox_small_disk(const char *folder, size_t size_bytes);

#endif
