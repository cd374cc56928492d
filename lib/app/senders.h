/* app/senders.h - how codes reach people, by the configuration. */
#ifndef CC_APP_SENDERS_H
#define CC_APP_SENDERS_H

#include "aws.h"
#include "config.h"

#include "../notify/notify.h"

/* Opens what [codes] names; *out becomes NULL where that is none. `config`, `log` and `aws`, opened
 * by the same configuration, must outlive it. On failure nothing stays open. CC_INVALID: the
 * configuration is to be mended, the detail says what. */
enum cc_code cc_app_open_sender(const struct cc_config *config, const struct cc_log *log,
                                const struct cc_app_aws *aws, struct cc_sender **out,
                                struct cc_err *err) CC_NODISCARD;

#endif
