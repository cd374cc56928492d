/* tests/scratch.h - what a test of files begins with: a folder, memory, and an error. */
#ifndef CC_TESTS_SCRATCH_H
#define CC_TESTS_SCRATCH_H

#include "tests/tmp.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"

struct cc_scratch {
    struct cc_tmp tmp;
    struct cc_arena *arena;
    struct cc_err err; /* of the last call */
};

static inline void cc_scratch_open(struct cc_scratch *s)
{
    *s = (struct cc_scratch){ .arena = cc_arena_new(1 << 22) };
    cc_tmp_make(&s->tmp);
}

static inline void cc_scratch_close(struct cc_scratch *s)
{
    cc_tmp_remove(&s->tmp);
    cc_arena_free(s->arena);
}

static inline const char *cc_scratch_path(struct cc_scratch *s, const char *name)
{
    return cc_str_format(s->arena, "%s/%s", s->tmp.path, name).at;
}

/* A file of the folder; its path. */
static inline const char *cc_scratch_write(struct cc_scratch *s, const char *name, const char *text)
{
    const char *path = cc_scratch_path(s, name);

    cc_err_clear(&s->err);
    ck_assert_int_eq(cc_file_write(path, cc_str_from(text), 0600, &s->err), CC_OK);
    return path;
}

#endif
