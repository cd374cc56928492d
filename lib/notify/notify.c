#include "notify.h"

enum cc_code cc_sender_send(struct cc_sender *sender, const struct cc_notice *notice,
                            struct cc_err *err)
{
    return sender->ops->send(sender, notice, err);
}

void cc_sender_close(struct cc_sender *sender)
{
    if (sender)
        sender->ops->close(sender);
}
