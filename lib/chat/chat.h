/* chat/chat.h - the rules of the chat, written once on the interface of the store: who may do what
 * is decided here, next to the data, in the same transaction. What one may not see is CC_NOT_FOUND.
 */
#ifndef CC_CHAT_CHAT_H
#define CC_CHAT_CHAT_H

#include "../identity/identity.h"
#include "../store/store.h"

struct cc_chat_config {
    int64_t discover_numbers_day; /* 500 distinct numbers a user and day */
    const struct cc_random *random;
    const struct cc_clock *clock;
    const struct cc_log *log;
};

struct cc_chat;

#endif
