#include "notify.h"

#include "../base/arena.h"

#include <string.h>

enum cc_code cc_sender_send(struct cc_sender *sender, const struct cc_notice *notice,
                            struct cc_err *err)
{
    return sender->ops->send(sender, notice, err);
}

void cc_sender_examine(struct cc_sender *sender, struct cc_findings *to)
{
    sender->ops->examine(sender, to);
}

void cc_sender_stop(struct cc_sender *sender)
{
    sender->ops->stop(sender);
}

void cc_sender_close(struct cc_sender *sender)
{
    if (sender)
        sender->ops->close(sender);
}

/* What is left of a number at its ends: a country, and enough to tell two apart. */
#define FRONT 3
#define BACK 2

struct cc_str cc_notice_masked(struct cc_arena *arena, struct cc_str to)
{
    size_t at = cc_str_find(to, '@');
    char *masked;

    if (at > 0 && at < to.len)
        return CC_JOIN(arena, cc_str_take(to, 1), CC_STR("***"), cc_str_skip(to, at));
    if (to.len <= FRONT + BACK)
        return CC_STR("***");
    masked = cc_arena_alloc(arena, to.len + 1);
    memset(masked, '*', to.len);
    memcpy(masked, to.at, FRONT);
    memcpy(masked + to.len - BACK, to.at + to.len - BACK, BACK);
    return (struct cc_str){ masked, to.len };
}
