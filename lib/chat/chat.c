#include "rows.h"

#include <string.h>

#define CHAT_ARENA_BYTES ((size_t)16 * 1024)

enum cc_code cc_chat_open(const struct cc_chat_config *config, struct cc_store *store,
                          struct cc_blobs *blobs, struct cc_chat **out, struct cc_err *err)
{
    struct cc_arena *arena;
    struct cc_chat *chat;
    char *secret;

    if (config->secret.len < CC_CHAT_SECRET_MIN)
        return cc_fail(err, CC_INVALID, NULL, "chat: the secret is shorter than %d bytes",
                       CC_CHAT_SECRET_MIN);
    arena = cc_arena_new(CHAT_ARENA_BYTES);
    chat = CC_NEW(arena, struct cc_chat);
    secret = cc_arena_alloc_secret(arena, config->secret.len);
    memcpy(secret, config->secret.at, config->secret.len);
    *chat = (struct cc_chat){ arena, *config, store, blobs };
    chat->config.secret = (struct cc_str){ secret, config->secret.len };
    *out = chat;
    return CC_OK;
}

void cc_chat_close(struct cc_chat *chat)
{
    if (chat)
        cc_arena_free(chat->arena);
}
