/* tests/shim/malloc.c - makes one allocation of a program fail. Preloaded (LD_PRELOAD); a program
 * is steered through the file <MALLOC_FAULTS>/<name of the program>, which holds a `struct order`
 * and is shared memory between it and the test. A program without such a file runs as it would
 * without this library.
 *
 * What counts as an allocation: the functions of malloc's family, with all in libc and in other
 * libraries that ends in them, mmap of a file (SQLite's shared memory) and pthread_create, whose
 * stack is memory too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FRAMES_MAX 40
#define PATHS_MAX (1 << 16)
#define NAME_BYTES 56

#define NEVER (INT64_C(1) << 40) /* what `left` is while paths are recorded */

/* Whose allocations count. */
enum scope {
    NOBODYS,
    OF_REQUESTS,  /* of all threads while a request is in hand, the committer's thus too */
    OF_NO_REQUEST /* of threads that serve no requests, and of all before the first one */
};

struct frame {
    uint64_t offset; /* in the module's file */
    char module[NAME_BYTES];
    char symbol[NAME_BYTES];
};

struct trace {
    uint32_t count;
    uint32_t number; /* of the signal; 1 for an allocation that failed */
    struct frame frames[FRAMES_MAX];
};

/* tests/chaos/memory.py knows this layout. */
struct order {
    _Atomic uint32_t scope;
    _Atomic uint32_t in_hand; /* requests */
    _Atomic int64_t left;     /* the allocation that makes it 0 fails */
    _Atomic int64_t width;    /* as many fail from there on */
    _Atomic int64_t failed;
    struct trace fault, crash;
    /* By which path of calls each allocation came, as a hash that is the same in every process. */
    _Atomic uint32_t is_recording;
    uint64_t paths[PATHS_MAX];
};

static struct order *order;

static __thread bool serves __attribute__((tls_model("initial-exec")));
static __thread bool has_request __attribute__((tls_model("initial-exec")));
static __thread bool inside __attribute__((tls_model("initial-exec")));

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

/* --- what happened ---------------------------------------------------------------------------- */

static void note_frame(struct frame *frame, void *at)
{
    Dl_info about;
    const char *slash;

    frame->offset = (uint64_t)(uintptr_t)at;
    if (dladdr(at, &about) == 0)
        return;
    slash = strrchr(about.dli_fname, '/');
    frame->offset -= (uint64_t)(uintptr_t)about.dli_fbase;
    snprintf(frame->module, NAME_BYTES, "%s", slash ? slash + 1 : about.dli_fname);
    snprintf(frame->symbol, NAME_BYTES, "%s", about.dli_sname ? about.dli_sname : "");
}

static void note(struct trace *trace, int number)
{
    void *frames[FRAMES_MAX];
    int count;

    inside = true;
    count = backtrace(frames, FRAMES_MAX);
    for (int i = 0; i < count; i++)
        note_frame(&trace->frames[i], frames[i]);
    trace->number = (uint32_t)number;
    trace->count = (uint32_t)count;
    inside = false;
}

static uint64_t hash(uint64_t so_far, const void *bytes, size_t size)
{
    const unsigned char *at = bytes; /* FNV-1a */

    for (size_t i = 0; i < size; i++)
        so_far = (so_far ^ at[i]) * UINT64_C(0x100000001b3);
    return so_far;
}

static void record_path(int64_t number)
{
    uint64_t path = UINT64_C(0xcbf29ce484222325);
    void *frames[FRAMES_MAX];
    int count;

    if (number < 0 || number >= PATHS_MAX)
        return;
    inside = true;
    count = backtrace(frames, FRAMES_MAX);
    for (int i = 0; i < count; i++) {
        struct dl_find_object module; /* dladdr would look for the symbol, too: 50 times slower */
        uintptr_t offset = (uintptr_t)frames[i];

        if (_dl_find_object(frames[i], &module) == 0)
            offset -= (uintptr_t)module.dlfo_map_start;
        path = hash(path, &offset, sizeof(offset));
    }
    order->paths[number] = path;
    inside = false;
}

/* The signal comes again, or its instruction runs again, and then it ends the program. */
static void crashed(int number)
{
    note(&order->crash, number);
}

/* --- whether it fails ------------------------------------------------------------------------- */

static bool counts(void)
{
    switch (atomic_load_explicit(&order->scope, memory_order_relaxed)) {
    case OF_REQUESTS:
        return has_request || (!serves && atomic_load(&order->in_hand) > 0);
    case OF_NO_REQUEST:
        return !serves;
    default:
        return false;
    }
}

static bool fails(void)
{
    int64_t left;

    if (!order || inside || !counts())
        return false;
    left = atomic_fetch_sub(&order->left, 1) - 1;
    if (atomic_load(&order->is_recording))
        record_path(NEVER - 1 - left);
    if (left > 0 || left <= -atomic_load(&order->width))
        return false;
    if (atomic_fetch_add(&order->failed, 1) == 0)
        note(&order->fault, 1);
    errno = ENOMEM;
    return true;
}

/* --- what is preloaded ------------------------------------------------------------------------ */

void *malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails() ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, total);
}

void *memalign(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *at = memalign(alignment, size);

    if (!at)
        return ENOMEM;
    *out = at;
    return 0;
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && fails())
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
    return mmap(at, size, protection, flags, fd, offset);
}

int pthread_create(pthread_t *out, const pthread_attr_t *attr, void *(*run)(void *), void *arg)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return fails() ? EAGAIN : real(out, attr, run, arg);
}

/* A thread that accepts connections serves requests; it has one until it asks for the next. */
int accept4(int listener, struct sockaddr *address, socklen_t *size, int flags)
{
    int fd;

    if (has_request)
        atomic_fetch_sub(&order->in_hand, 1);
    has_request = false;
    serves = true;
    fd = (int)syscall(SYS_accept4, listener, address, size, flags);
    if (fd >= 0 && order) {
        has_request = true;
        atomic_fetch_add(&order->in_hand, 1);
    }
    return fd;
}

/* --- before main ------------------------------------------------------------------------------ */

static void watch_for_crashes(void)
{
    static const int fatal[] = { SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTRAP };
    const struct sigaction action = { .sa_handler = crashed, .sa_flags = (int)SA_RESETHAND };
    void *frame;

    backtrace(&frame, 1); /* loads what it needs */
    for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
        sigaction(fatal[i], &action, NULL);
}

__attribute__((constructor)) static void open_order(void)
{
    const char *folder = getenv("MALLOC_FAULTS");
    char path[4096];
    void *at;
    int fd;

    if (!folder)
        return;
    snprintf(path, sizeof(path), "%s/%s", folder, program_invocation_short_name);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    watch_for_crashes();
    at = mmap(NULL, sizeof(struct order), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        return;
    order = at;
    atomic_store(&order->in_hand, 0); /* what one that died had */
}
