/* tests/shim/slow_body.c - makes a program slower where a request's body holds a certain text: what
 * a test of timing must notice, with the program itself untouched. A library to be preloaded;
 * SLOW_TEXT is the text, SLOW_US how many microseconds. The web server in front inherits it and
 * stays as it is: only what is called *.fcgi is slowed. */
#define _GNU_SOURCE /* RTLD_NEXT, memmem, program_invocation_short_name */

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

typedef ssize_t recv_fn(int fd, void *out, size_t size, int flags);

static bool is_ours(void)
{
    const char *suffix = strrchr(program_invocation_short_name, '.');

    return suffix && strcmp(suffix, ".fcgi") == 0;
}

static void wait_us(long us)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += us * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
        continue;
}

/* What the web server sent: slower if the text is in it. Only recv gives that; libfcgi's read comes
 * later, and would make it slower twice. */
static void look_at(const void *at, ssize_t got)
{
    const char *text = getenv("SLOW_TEXT"), *us = getenv("SLOW_US");
    const int failure = errno;

    if (text && us && got > 0 && is_ours() && memmem(at, (size_t)got, text, strlen(text)) != NULL)
        wait_us(strtol(us, NULL, 10));
    errno = failure;
}

ssize_t recv(int fd, void *out, size_t size, int flags)
{
    recv_fn *real = (recv_fn *)dlsym(RTLD_NEXT, "recv");
    ssize_t got = real(fd, out, size, flags);

    look_at(out, got);
    return got;
}
