/* tests/shim/slow_body.c - makes a program slower where a request's body holds a certain text: what
 * a test of timing must notice, with the program itself untouched. A library to be preloaded;
 * SLOW_TEXT is the text, SLOW_US how many microseconds. */
#define _GNU_SOURCE /* RTLD_NEXT, memmem */

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct FCGX_Stream;

typedef int get_str_fn(char *str, int n, struct FCGX_Stream *stream);

int FCGX_GetStr(char *str, int n, struct FCGX_Stream *stream); /* fcgiapp.h */

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

int FCGX_GetStr(char *str, int n, struct FCGX_Stream *stream)
{
    get_str_fn *real = (get_str_fn *)dlsym(RTLD_NEXT, "FCGX_GetStr");
    const char *text = getenv("SLOW_TEXT"), *us = getenv("SLOW_US");
    int got = real(str, n, stream);

    if (text && us && got > 0 && memmem(str, (size_t)got, text, strlen(text)) != NULL)
        wait_us(strtol(us, NULL, 10));
    return got;
}
