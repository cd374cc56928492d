#include "tests/check.h"

#include "base/arena.h"

#include <stdalign.h>
#include <sys/wait.h>
#include <sysexits.h>

START_TEST(memory_is_zeroed_and_aligned)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);

    for (int round = 0; round < 2; round++) {
        for (size_t size = 0; size < 300; size++) {
            unsigned char *at = cc_arena_alloc(arena, size);

            ck_assert_uint_eq((uintptr_t)at % alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++)
                ck_assert_int_eq(at[i], 0);
            memset(at, 0xAA, size);
        }
        cc_arena_reset(arena);
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(allocations_do_not_overlap)
{
    struct cc_arena *arena = cc_arena_new(8 << 20);
    unsigned char *at[200];

    for (size_t i = 0; i < CC_COUNT(at); i++)
        memset(at[i] = cc_arena_alloc(arena, i * 37), (int)i, i * 37);
    for (size_t i = 0; i < CC_COUNT(at); i++) {
        for (size_t j = 0; j < i * 37; j++)
            ck_assert_int_eq(at[i][j], (int)i);
    }
    cc_arena_free(arena);
}
END_TEST

START_TEST(the_newest_allocation_grows_in_place)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    char *at = cc_arena_alloc(arena, 10);

    memcpy(at, "0123456789", 10);
    ck_assert_ptr_eq(cc_arena_grow(arena, at, 10, 1000), at);
    ck_assert_mem_eq(at, "0123456789\0\0", 12);
    cc_arena_free(arena);
}
END_TEST

START_TEST(older_allocations_grow_by_a_copy)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);
    char *at = cc_arena_alloc(arena, 10);
    char *newer = cc_arena_alloc(arena, 1);
    char *grown;

    memcpy(at, "0123456789", 10);
    *newer = 'n';
    grown = cc_arena_grow(arena, at, 10, 100);
    ck_assert_ptr_ne(grown, at);
    ck_assert_mem_eq(grown, "0123456789\0\0", 12);
    ck_assert_int_eq(*newer, 'n');
    cc_arena_free(arena);
}
END_TEST

START_TEST(growing_beyond_a_block_keeps_the_bytes)
{
    struct cc_arena *arena = cc_arena_new(32 << 20);
    size_t size = 16;
    unsigned char *at = cc_arena_alloc(arena, size);

    memset(at, 7, size);
    for (; size < (4 << 20); size *= 2) {
        at = cc_arena_grow(arena, at, size, size * 2);
        ck_assert_int_eq(at[size - 1], 7);
        ck_assert_int_eq(at[size], 0);
        memset(at, 7, size * 2);
    }
    cc_arena_free(arena);
}
END_TEST

static char order[8];

static void note(void *what)
{
    order[strlen(order)] = *(const char *)what;
}

START_TEST(cleanups_run_newest_first_and_once)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);
    char names[] = "abc";

    memset(order, 0, sizeof(order));
    for (int i = 0; i < 3; i++)
        cc_arena_defer(arena, note, &names[i]);
    cc_arena_reset(arena);
    ck_assert_str_eq(order, "cba");
    cc_arena_free(arena);
    ck_assert_str_eq(order, "cba");
}
END_TEST

/* Cleanups run newest first: one registered before the secret looks at it after it was wiped. */
struct look {
    const char *secret;
    char before, after;
};

static void look_before(void *what)
{
    struct look *look = what;

    look->before = look->secret[7];
}

static void look_after(void *what)
{
    struct look *look = what;

    look->after = look->secret[7];
}

START_TEST(secrets_are_wiped)
{
    struct cc_arena *arena = cc_arena_new(1 << 16);
    struct look look = { .after = 'x' };
    char *secret;

    cc_arena_defer(arena, look_after, &look);
    secret = cc_arena_alloc_secret(arena, 8);
    memcpy(secret, "password", 8);
    look.secret = secret;
    cc_arena_defer(arena, look_before, &look);
    cc_arena_reset(arena);
    ck_assert_int_eq(look.before, 'd');
    ck_assert_int_eq(look.after, 0);
    cc_arena_free(arena);
}
END_TEST

START_TEST(used_counts_and_reset_forgets)
{
    struct cc_arena *arena = cc_arena_new(1 << 20);

    ck_assert_uint_eq(cc_arena_used(arena), 0);
    cc_arena_alloc(arena, 100000);
    ck_assert_uint_ge(cc_arena_used(arena), 100000);
    cc_arena_reset(arena);
    ck_assert_uint_eq(cc_arena_used(arena), 0);
    cc_arena_free(arena);
    cc_arena_free(NULL);
}
END_TEST

/* What a child that runs `fn` writes to standard error, and its exit status. */
static int status_of(void (*fn)(struct cc_arena *), char *said, size_t size)
{
    int ends[2], status;
    ssize_t len;
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        fn(cc_arena_new(64 * 1024));
        _exit(0);
    }
    close(ends[1]);
    len = read(ends[0], said, size - 1);
    said[len > 0 ? len : 0] = '\0';
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void allocate_up_to_the_ceiling(struct cc_arena *arena)
{
    for (int i = 0; i < 1000; i++) {
        for (int j = 0; j < 10; j++)
            cc_arena_alloc(arena, 3000);
        cc_arena_reset(arena);
    }
}

static void allocate_beyond(struct cc_arena *arena)
{
    for (;;)
        cc_arena_alloc(arena, 1000);
}

static void allocate_everything(struct cc_arena *arena)
{
    cc_arena_alloc(arena, SIZE_MAX - 3);
}

static void allocate_an_overflow(struct cc_arena *arena)
{
    cc_arena_alloc_array(arena, SIZE_MAX / 2, 3);
}

START_TEST(beyond_the_ceiling_the_worker_ends)
{
    char said[200];

    ck_assert_int_eq(status_of(allocate_up_to_the_ceiling, said, sizeof(said)), 0);
    ck_assert_int_eq(status_of(allocate_beyond, said, sizeof(said)), EX_OSERR);
    ck_assert_str_eq(said, "cloud-chat: a request outgrew its memory\n");
    ck_assert_int_eq(status_of(allocate_everything, said, sizeof(said)), EX_OSERR);
    ck_assert_int_eq(status_of(allocate_an_overflow, said, sizeof(said)), EX_OSERR);
}
END_TEST

CC_CHECK_MAIN("base/arena", memory_is_zeroed_and_aligned, allocations_do_not_overlap,
              the_newest_allocation_grows_in_place, older_allocations_grow_by_a_copy,
              growing_beyond_a_block_keeps_the_bytes, cleanups_run_newest_first_and_once,
              secrets_are_wiped, used_counts_and_reset_forgets, beyond_the_ceiling_the_worker_ends)
