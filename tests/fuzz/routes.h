/* tests/fuzz/routes.h - a table of routes in the shape of the real ones, all of them in one:
 * literal rows before those with a name, several methods of one path, names in the middle and at
 * the end. Who includes it says what a route does. */
#ifndef CC_TESTS_FUZZ_ROUTES_H
#define CC_TESTS_FUZZ_ROUTES_H

#include "http/internal.h"

static enum cc_code fuzz_read(struct cc_ctx *cx);  /* query, cookie, ETag */
static enum cc_code fuzz_write(struct cc_ctx *cx); /* JSON */
static enum cc_code fuzz_bytes(struct cc_ctx *cx); /* a raw body */
static enum cc_code fuzz_quick(struct cc_ctx *cx); /* neither body nor query */

static const struct cc_route fuzz_routes[] = {
    { CC_POST, "/auth/sign-up", fuzz_write, CC_PUBLIC },
    { CC_POST, "/auth/account-confirmation", fuzz_write, CC_PUBLIC },
    { CC_POST, "/auth/account-confirmation/resend", fuzz_write, CC_PUBLIC },
    { CC_POST, "/auth/sign-out", fuzz_quick, CC_USER, CC_BODY_NONE },
    { CC_GET, "/auth/sessions", fuzz_read },
    { CC_DELETE, "/auth/sessions", fuzz_quick, CC_USER, CC_BODY_NONE },
    { CC_DELETE, "/auth/sessions/{id}", fuzz_quick, CC_USER, CC_BODY_NONE },
    { CC_GET, "/.well-known/jwks.json", fuzz_read, CC_PUBLIC },
    { CC_GET, "/chat/rooms", fuzz_read },
    { CC_POST, "/chat/rooms", fuzz_write },
    { CC_GET, "/chat/rooms/{id}", fuzz_read },
    { CC_PUT, "/chat/rooms/{id}/cursor", fuzz_write },
    { CC_GET, "/chat/rooms/{id}/cursors", fuzz_read },
    { CC_GET, "/chat/rooms/{id}/changes", fuzz_read },
    { CC_GET, "/chat/messages", fuzz_read },
    { CC_POST, "/chat/messages", fuzz_write },
    { CC_GET, "/chat/messages/{id}", fuzz_read },
    { CC_GET, "/profile", fuzz_read },
    { CC_PATCH, "/profile", fuzz_write },
    { CC_PUT, "/profile/photo", fuzz_bytes, CC_USER, CC_BODY_RAW, 2048 },
    { CC_DELETE, "/profile/photo", fuzz_quick, CC_USER, CC_BODY_NONE },
    { CC_GET, "/users/{id}", fuzz_read },
    { CC_GET, "/users/{id}/photo/{name}", fuzz_read },
    { CC_POST, "/contacts/discover", fuzz_write },
    { CC_GET, "/healthz", fuzz_read, CC_PUBLIC },
    { 0 },
};

#endif
