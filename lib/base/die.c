#include "die.h"

#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <sysexits.h>
#include <unistd.h>

static struct iovec piece(const char *z)
{
    return (struct iovec){ (void *)(uintptr_t)z, strlen(z) };
}

_Noreturn void cc_die(const char *why)
{
    const struct iovec line[] = { piece("cloud-chat: "), piece(why), piece("\n") };
    ssize_t ignored = writev(STDERR_FILENO, line, 3);

    (void)ignored;
    _exit(EX_OSERR);
}
