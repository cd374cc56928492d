/* tests/fuzz/fuzz.h - what the fuzzing targets share. A target is one boundary: bytes come in from
 * outside, and what the code behind it promises is required of whatever it makes of them. Each
 * file defines LLVMFuzzerTestOneInput. `make fuzz` links it with libFuzzer; `make test` links it
 * with replay.c, which feeds it the files of corpus/ and crashes/.
 *
 * Memory beyond the arena's ceiling ends a program quietly; here it is a crash like any other. */
#ifndef CC_TESTS_FUZZ_H
#define CC_TESTS_FUZZ_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"

#include <string.h>

/* Longer inputs are not tried: what is wrong with them is wrong with shorter ones as well. */
#define FUZZ_INPUT_MAX ((size_t)64 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what does not hold, and aborts. */
_Noreturn void fuzz_fail(const char *what, const char *file, int line);

#define fuzz_require(condition) ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

/* The input where its last byte is the last of a page and nothing behind it can be read. Borrowed
 * until the next call. At most FUZZ_INPUT_MAX bytes of it. */
struct cc_str fuzz_place(const uint8_t *data, size_t size);

/* An arena that is empty whenever it is asked for. */
struct cc_arena *fuzz_arena(void);

/* A copy of exactly these bytes: with AddressSanitizer what lies around it cannot be read. */
struct cc_str fuzz_copy(struct cc_arena *arena, struct cc_str s);

/* The first byte of `*in`, 0 if there is none. */
unsigned fuzz_byte(struct cc_str *in);

/* The first eight bytes of `*in` as a number; fewer count as if zeroes followed. */
int64_t fuzz_i64(struct cc_str *in);

/* An error as the client and the log may see it: ended, in UTF-8, in one line. */
void fuzz_require_error(const struct cc_err *err, enum cc_code code);

#endif
