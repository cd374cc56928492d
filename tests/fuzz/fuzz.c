#include "fuzz.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void fuzz_fail(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* In the place of cc_die (the linker's --wrap), which would end the program without a trace. */
_Noreturn void __wrap_cc_die(const char *why);
_Noreturn void __wrap_cc_die(const char *why)
{
    fuzz_fail(why, __FILE__, __LINE__);
}

static char *map_guarded(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *at = mmap(NULL, FUZZ_INPUT_MAX + page, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    fuzz_require(at != MAP_FAILED);
    fuzz_require(mprotect(at + FUZZ_INPUT_MAX, page, PROT_NONE) == 0);
    return at;
}

struct cc_str fuzz_place(const uint8_t *data, size_t size)
{
    static char *room;

    if (!room)
        room = map_guarded();
    if (size > FUZZ_INPUT_MAX)
        size = FUZZ_INPUT_MAX;
    if (size)
        memcpy(room + FUZZ_INPUT_MAX - size, data, size);
    return (struct cc_str){ room + FUZZ_INPUT_MAX - size, size };
}

struct cc_arena *fuzz_arena(void)
{
    static struct cc_arena *arena;

    if (!arena)
        arena = cc_arena_new(CC_ARENA_CEILING_BYTES);
    cc_arena_reset(arena);
    return arena;
}

struct cc_str fuzz_copy(struct cc_arena *arena, struct cc_str s)
{
    char *at = cc_arena_alloc(arena, s.len);

    if (s.len)
        memcpy(at, s.at, s.len);
    return (struct cc_str){ s.at ? at : NULL, s.len };
}

unsigned fuzz_byte(struct cc_str *in)
{
    unsigned byte = in->len ? (unsigned char)in->at[0] : 0;

    *in = cc_str_skip(*in, 1);
    return byte;
}

int64_t fuzz_i64(struct cc_str *in)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | fuzz_byte(in);
    return (int64_t)value;
}

static void require_text(const char *text, size_t room)
{
    struct cc_str s = { text, strnlen(text, room) };

    fuzz_require(s.len < room);
    fuzz_require(cc_text_is_utf8(s));
}

void fuzz_require_error(const struct cc_err *err, enum cc_code code)
{
    fuzz_require(err->code == code);
    require_text(err->detail, sizeof(err->detail));
    fuzz_require(err->detail[0]);
    fuzz_require(strnlen(err->cause, sizeof(err->cause)) < sizeof(err->cause));
    fuzz_require(err->invalid_count <= CC_INVALID_MAX);
    for (size_t i = 0; i < err->invalid_count; i++) {
        require_text(err->invalid[i].pointer, sizeof(err->invalid[i].pointer));
        require_text(err->invalid[i].detail, sizeof(err->invalid[i].detail));
    }
}
