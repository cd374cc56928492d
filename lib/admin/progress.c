#include "progress.h"

#include "../base/clock.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_EVERY_MS 100
#define LINE_EVERY_MS 1000

static volatile sig_atomic_t sig_stop;

static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

static void stop(int number)
{
    sig_stop = number;
}

/* What is counted in bytes is more than a million of them, or does not take long. */
static void print_amount(int64_t done, int64_t total)
{
    const int percent = total > 0 ? (int)(done * 100 / total) : 100;

    if (total < 0 && done == 0)
        return;
    if (total < 0)
        fprintf(stderr, " %lld", (long long)done);
    else if (total > 1000000)
        fprintf(stderr, " %.1f of %.1f MB (%d %%)", (double)done / 1000000, (double)total / 1000000,
                percent);
    else
        fprintf(stderr, " %lld of %lld (%d %%)", (long long)done, (long long)total, percent);
}

static void print_line(struct cc_admin_progress *self, int64_t done, int64_t total)
{
    if (self->has_line)
        fprintf(stderr, "\r\033[K");
    fprintf(stderr, "%s", self->what);
    print_amount(done, total);
    fprintf(stderr, self->is_terminal ? "" : "\n");
    fflush(stderr);
    self->has_line = self->is_terminal;
}

static bool report(struct cc_progress *base, const char *what, int64_t done, int64_t total)
{
    struct cc_admin_progress *self = (struct cc_admin_progress *)base;
    const int64_t every_ms = self->is_terminal ? TERMINAL_EVERY_MS : LINE_EVERY_MS;
    const int64_t now_ms = cc_clock_mono_ms(&cc_system_clock);

    if (!self->is_quiet && now_ms - self->printed_ms >= every_ms) {
        self->what = what;
        self->printed_ms = now_ms;
        print_line(self, done, total);
    }
    return sig_stop == 0;
}

void cc_admin_progress_begin(struct cc_admin_progress *progress, bool is_quiet)
{
    struct sigaction action = { .sa_handler = stop, .sa_flags = SA_RESTART };

    *progress = (struct cc_admin_progress){
        .base = { report },
        .is_quiet = is_quiet,
        .is_terminal = isatty(STDERR_FILENO) == 1,
        .printed_ms = cc_clock_mono_ms(&cc_system_clock),
    };
    sig_stop = 0;
    for (size_t i = 0; i < CC_COUNT(ends); i++)
        sigaction(ends[i], &action, &progress->before[i]);
}

void cc_admin_progress_end(struct cc_admin_progress *progress)
{
    if (progress->has_line)
        fprintf(stderr, "\r\033[K");
    for (size_t i = 0; i < CC_COUNT(ends); i++)
        sigaction(ends[i], &progress->before[i], NULL);
}
