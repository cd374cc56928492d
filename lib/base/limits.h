/* base/limits.h - every fixed limit in one place. Those an operator may change are keys of the
 * configuration (app/keys.c); these are the outer bounds that the code relies on. */
#ifndef CC_BASE_LIMITS_H
#define CC_BASE_LIMITS_H

#define CC_ARENA_CEILING_BYTES ((size_t)32 * 1024 * 1024)

/* a request */
#define CC_HEADER_BYTES_MAX                                                                        \
    ((size_t)16 * 1024) /* all FastCGI parameters together are below 64 KiB */
#define CC_PARAMS_BYTES_MAX ((size_t)64 * 1024)
#define CC_PARAMS_MAX 128
#define CC_TARGET_BYTES_MAX ((size_t)4096)
#define CC_BODY_BYTES_MAX ((size_t)256 * 1024) /* JSON */
#define CC_REPLY_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define CC_PATH_PARAMS_MAX 4

/* JSON */
#define CC_JSON_DEPTH_MAX 32
#define CC_JSON_NODES_MAX 20000
#define CC_JSON_STRING_BYTES_MAX ((size_t)128 * 1024)

/* the store (design: the same on every backend) */
#define CC_TXN_ITEMS_MAX 100
#define CC_TXN_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define CC_ITEM_BYTES_MAX ((size_t)180 * 1024)
#define CC_KEY_BYTES_MAX ((size_t)512)
#define CC_QUERY_ITEMS_MAX 1000
/* What is read is unescaped, written as JSON and sent: up to ten times as much memory, in each
 * thread. */
#define CC_QUERY_BYTES_MAX ((size_t)1024 * 1024)

/* the chat */
#define CC_USER_ROOMS_MAX 1000
#define CC_USER_SESSIONS_MAX 50
#define CC_MESSAGE_CHARACTERS_MAX 10000
#define CC_PREVIEW_CHARACTERS_MAX 200
#define CC_LIST_ITEMS_MAX 100

#endif
