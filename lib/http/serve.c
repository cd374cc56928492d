#include "internal.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/* FastCGI 1.0, section 2.2 */
static bool is_listening(int fd)
{
    int is = 0;
    socklen_t size = sizeof(is);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is, &size) == 0 && is;
}

/* Whatever whoever started us did with them. */
static void set_signals(void)
{
    signal(SIGTERM, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is an error of write */
}

int cc_http_serve(const struct cc_server *server)
{
    set_signals();
    if (is_listening(STDIN_FILENO))
        return cc_fastcgi_serve(server, STDIN_FILENO);
    if (!getenv("GATEWAY_INTERFACE") && !getenv("REQUEST_METHOD")) {
        fprintf(stderr,
                "%s: a web server starts this program, by FastCGI (descriptor 0 is a listening "
                "socket) or CGI.\n",
                server->name);
        return EX_USAGE;
    }
    /* CGI makes a variable of each header, and this one's name is also that of a setting: a
     * client's "Proxy:" would send our own calls through him (CVE-2016-5385). */
    unsetenv("HTTP_PROXY");
    return cc_cgi_serve(server);
}
