/* tests/bench/launch.c - how long programs take from exec to the first byte of their answer, run as
 * a web server runs CGI programs, in turn.
 *
 *     launch RUNS PROGRAM ENVIRONMENT [PROGRAM ENVIRONMENT]...
 *
 * An environment is a file with a NAME=VALUE on each line. Prints a line for each turn: the
 * microseconds of each program. */
#define _GNU_SOURCE /* pipe2 */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAMS_MAX 4
#define VARIABLES_MAX 64
#define ENVIRONMENT_BYTES_MAX 16384

struct program {
    char *path;
    char text[ENVIRONMENT_BYTES_MAX];
    char *environment[VARIABLES_MAX + 1];
};

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void load(struct program *program, char *path, const char *environment)
{
    FILE *file = fopen(environment, "r");
    char *line = program->text;
    size_t size;

    if (file == NULL)
        fail(environment);
    size = fread(program->text, 1, sizeof(program->text) - 1, file);
    fclose(file);
    program->path = path;
    program->text[size] = '\0';
    for (size_t i = 0; i < VARIABLES_MAX && *line != '\0'; i++) {
        program->environment[i] = line;
        line += strcspn(line, "\n");
        if (*line == '\n')
            *line++ = '\0';
    }
}

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Standard input is empty, as with a GET; standard output is the pipe. */
static pid_t spawn(struct program *program, int out)
{
    char *argv[] = { program->path, NULL };
    posix_spawn_file_actions_t actions;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    errno = posix_spawn(&pid, program->path, &actions, NULL, argv, program->environment);
    if (errno != 0)
        fail(program->path);
    posix_spawn_file_actions_destroy(&actions);
    return pid;
}

/* The answer must be a good one, and the program must end well. */
static double run(struct program *program)
{
    static const char good[] = "Status: 200";
    char answer[65536];
    int ends[2], status;
    double began = now_us(), took;
    ssize_t got;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        fail("pipe2");
    pid = spawn(program, ends[1]);
    close(ends[1]);
    got = read(ends[0], answer, sizeof(answer));
    took = now_us() - began;
    if (got < (ssize_t)sizeof(good) || memcmp(answer, good, sizeof(good) - 1) != 0)
        fail("no good answer");
    while (read(ends[0], answer, sizeof(answer)) > 0)
        continue;
    close(ends[0]);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        fail("it did not end well");
    return took;
}

int main(int argc, char **argv)
{
    static struct program programs[PROGRAMS_MAX];
    size_t count = (size_t)(argc - 2) / 2;
    long runs = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

    if (argc < 4 || argc % 2 != 0 || count > PROGRAMS_MAX)
        return EXIT_FAILURE;
    for (size_t i = 0; i < count; i++)
        load(&programs[i], argv[2 + 2 * i], argv[3 + 2 * i]);
    while (runs-- > 0) {
        for (size_t i = 0; i < count; i++)
            printf("%.1f%c", run(&programs[i]), i + 1 < count ? ' ' : '\n');
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
