#include "app.h"

static const char *const auth[] = { "/auth", "/.well-known", NULL };
static const char *const chat[] = { "/chat", NULL };
static const char *const profile[] = { "/profile", "/users",   "/contacts",
                                       "/blocks",  "/reports", NULL };
static const char *const status[] = { "/config", "/healthz", "/readyz", "/metrics", "/push", NULL };

const struct cc_program cc_programs[] = {
    { "auth", auth },     { "chat", chat }, { "profile", profile },
    { "status", status }, { NULL, NULL },
};

_Static_assert(CC_COUNT(cc_programs) - 1 <= CC_PROGRAMS_MAX, "a program without its workers key");
