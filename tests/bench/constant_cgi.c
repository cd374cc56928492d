/* tests/bench/constant_cgi.c - what the product is measured against as plain CGI: it loads the
 * libraries that the product loads and writes the answer that stands in the file CONSTANT_ANSWER.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX (1 << 20)

int main(void)
{
    static char answer[ANSWER_BYTES_MAX];
    const char *path = getenv("CONSTANT_ANSWER");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, answer, sizeof(answer));

    if (size <= 0 || write(STDOUT_FILENO, answer, (size_t)size) != size) {
        perror("CONSTANT_ANSWER");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
