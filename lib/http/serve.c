#include "internal.h"

#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

/* libfcgi installs handlers that only set a flag of its own; with them SIGTERM would end nothing.
 */
static void set_signals(void)
{
    signal(SIGTERM, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGPIPE, SIG_IGN); /* a reader that has gone is an error of write */
}

int cc_http_serve(const struct cc_server *server)
{
    bool is_cgi;

    /* FCGX_IsCGI does this too, but ends the program without a word when it fails. */
    if (FCGX_Init() != 0) {
        cc_log_error(server->log, "cannot serve", CC_LOG_Z("cause", "FCGX_Init: no memory"));
        return EX_OSERR;
    }
    is_cgi = FCGX_IsCGI();
    set_signals();
    if (!is_cgi)
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
