/* tests/bench/constant.c - what the product is measured against: a libfcgi program that reads the
 * body and answers the same bytes every time, as fast as libfcgi can. It stands in the place of
 * chat.fcgi in a copy of the installed tree, so that the same `cloudchat serve` gives it the same
 * socket, web server and number of threads.
 *
 * CONSTANT_ANSWER names the file with the answer as CGI writes one: header lines, an empty line,
 * the body. */
#include <errno.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX (1 << 20)
#define THREADS_MAX 256
#define THREADS_UNLESS_GIVEN 16 /* as the product's http.threads */

struct answer {
    char bytes[ANSWER_BYTES_MAX];
    int size;
};

static struct answer answer; /* written before the threads start */

static int fail(const char *what)
{
    perror(what);
    return EXIT_FAILURE;
}

static int load_answer(void)
{
    const char *path = getenv("CONSTANT_ANSWER");
    FILE *file = path == NULL ? NULL : fopen(path, "rb");

    if (file == NULL)
        return fail("CONSTANT_ANSWER");
    answer.size = (int)fread(answer.bytes, 1, sizeof(answer.bytes), file);
    fclose(file);
    return answer.size > 0 ? EXIT_SUCCESS : fail(path);
}

static void serve_one(FCGX_Request *request)
{
    char body[8192];

    /* Without it each close waits up to 2 s for the web server to close first. */
    FCGX_Detach(request);
    while (FCGX_GetStr(body, sizeof(body), request->in) == (int)sizeof(body))
        continue;
    FCGX_PutStr(answer.bytes, answer.size, request->out);
    FCGX_Finish_r(request);
}

static void *serve(void *unused)
{
    FCGX_Request request;

    (void)unused;
    FCGX_InitRequest(&request, STDIN_FILENO, 0);
    while (FCGX_Accept_r(&request) == 0)
        serve_one(&request);
    return NULL;
}

static long thread_count(void)
{
    const char *given = getenv("CLOUDCHAT_HTTP_THREADS");
    long count = given == NULL ? THREADS_UNLESS_GIVEN : strtol(given, NULL, 10);

    return count < 1 || count > THREADS_MAX ? 1 : count;
}

static int serve_fastcgi(void)
{
    pthread_t threads[THREADS_MAX];
    long count = thread_count();

    FCGX_Init();
    signal(SIGTERM, SIG_DFL); /* libfcgi's handler would only set a flag */
    for (long i = 0; i < count; i++) {
        errno = pthread_create(&threads[i], NULL, serve, NULL);
        if (errno != 0)
            return fail("pthread_create");
    }
    for (long i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return EXIT_SUCCESS;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    if (load_answer() != EXIT_SUCCESS)
        return EXIT_FAILURE;
    return serve_fastcgi();
}
