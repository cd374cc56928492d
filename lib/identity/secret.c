#include "secret.h"

#include <openssl/crypto.h>

struct span {
    void *at;
    size_t len;
};

static void wipe(void *what)
{
    struct span *span = what;

    OPENSSL_cleanse(span->at, span->len);
}

void cc_secret_wipe_later(struct cc_arena *arena, struct cc_str secret)
{
    struct span *span = CC_NEW(arena, struct span);

    *span = (struct span){ (void *)(uintptr_t)secret.at, secret.len };
    cc_arena_defer(arena, wipe, span);
}
