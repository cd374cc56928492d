/* tests/fuzz/replay.h - feeds files to a fuzzing target without libFuzzer: those that were found
 * once must stay harmless. A target that crashes or hangs does so in a child, the file is named,
 * and the others follow. */
#ifndef CC_TESTS_FUZZ_REPLAY_H
#define CC_TESTS_FUZZ_REPLAY_H

#include "fuzz.h"

#include <errno.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPLAY_FILES_MAX 4096
#define REPLAY_PATIENCE_S 60 /* for one file; sanitizers on a busy machine are slow */

typedef int replay_target(const uint8_t *data, size_t size);

struct replay {
    replay_target *target;
    FILE *out;
    char *files[REPLAY_FILES_MAX];
    size_t count;
    size_t failed;
    volatile size_t *at; /* which file a child is at, shared with it */
};

static inline void replay_find(struct replay *r, char *const *roots)
{
    FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
    FTSENT *entry;

    while (tree && (entry = fts_read(tree)) != NULL) {
        if (entry->fts_info == FTS_F && r->count < REPLAY_FILES_MAX)
            r->files[r->count++] = strdup(entry->fts_path);
    }
    if (tree)
        fts_close(tree);
}

static inline void replay_file(const struct replay *r, const char *path)
{
    static uint8_t bytes[FUZZ_INPUT_MAX];
    FILE *file = fopen(path, "rb");
    size_t size;

    if (!file) {
        fprintf(r->out, "%s: cannot be read\n", path);
        _exit(EXIT_FAILURE);
    }
    size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    alarm(REPLAY_PATIENCE_S);
    r->target(bytes, size);
    alarm(0);
}

/* In the child: from the file `*at` on. What a sanitizer finds at the end counts for the last. */
static inline void replay_from(const struct replay *r)
{
    signal(SIGALRM, SIG_DFL);
    for (; *r->at < r->count; (*r->at)++)
        replay_file(r, r->files[*r->at]);
    exit(EXIT_SUCCESS);
}

static inline const char *replay_verdict(int status)
{
    if (WIFEXITED(status))
        return "ended the program";
    return WTERMSIG(status) == SIGALRM ? "takes too long" : strsignal(WTERMSIG(status));
}

/* Returns whether files are left. */
static inline bool replay_some(struct replay *r)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0)
        replay_from(r);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (child > 0 && status == 0)
        return false;
    fprintf(r->out, "%s: %s\n", *r->at < r->count ? r->files[*r->at] : "at the end",
            replay_verdict(status));
    r->failed++;
    return ++*r->at < r->count;
}

/* Feeds every file below `roots` (NULL-terminated) to the target and reports to `out` in Check's
 * words. What is not there has no files. Returns how many of them failed. */
static inline size_t replay(replay_target *target, char *const *roots, FILE *out)
{
    struct replay r = { .target = target, .out = out };

    r.at = mmap(NULL, sizeof(*r.at), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fuzz_require(r.at != MAP_FAILED);
    replay_find(&r, roots);
    while (r.count > 0 && replay_some(&r))
        continue;
    fprintf(out, "%d%%: Checks: %zu, Failures: %zu, Errors: 0\n",
            r.count ? (int)((r.count - r.failed) * 100 / r.count) : 0, r.count, r.failed);
    for (size_t i = 0; i < r.count; i++)
        free(r.files[i]);
    munmap((void *)r.at, sizeof(*r.at));
    return r.failed;
}

#endif
