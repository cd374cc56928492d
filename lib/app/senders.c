#include "senders.h"

static enum cc_code open_outbox(const struct cc_config *config, struct cc_sender **out,
                                struct cc_err *err)
{
    return cc_sender_open_outbox(config->outbox, &cc_system_clock, out, err);
}

static enum cc_code open_hook(const struct cc_config *config, struct cc_sender **out,
                              struct cc_err *err)
{
    const struct cc_hook_config hook = {
        .url = config->hook.url,
        .content = config->hook.content,
        .body = config->hook.body,
        .header = config->hook.header,
        .secret = config->hook.secret,
        .ca_file = config->hook.ca_file,
        .clock = &cc_system_clock,
    };

    return cc_sender_open_hook(&hook, out, err);
}

static enum cc_code open_sns(const struct cc_config *config, const struct cc_app_aws *aws,
                             struct cc_sender **out, struct cc_err *err)
{
    const struct cc_sns_config sns = {
        .aws = aws->sns,
        .net = aws->net,
        .sender_id = config->sns.sender_id,
        .origination_number = config->sns.origination_number,
        .max_price = config->sns.max_price,
    };

    return cc_sender_open_sns(&sns, out, err);
}

static enum cc_code open_smtp(const struct cc_config *config, struct cc_sender **out,
                              struct cc_err *err)
{
    const struct cc_smtp_config smtp = {
        .host = config->smtp.host,
        .port = config->smtp.port,
        .security = config->smtp.security,
        .user = config->smtp.user,
        .password = config->smtp.password,
        .from = config->smtp.from,
        .name = config->name,
        .ca_file = config->smtp.ca_file,
        .clock = &cc_system_clock,
    };

    return cc_sender_open_smtp(&smtp, out, err);
}

static enum cc_code open_sms(const struct cc_config *config, const struct cc_app_aws *aws,
                             struct cc_sender **out, struct cc_err *err)
{
    switch ((enum cc_codes_sms)config->codes_sms) {
    case CC_SMS_OUTBOX:
        return open_outbox(config, out, err);
    case CC_SMS_SNS:
        return open_sns(config, aws, out, err);
    case CC_SMS_HOOK:
        return open_hook(config, out, err);
    case CC_SMS_NONE:
        break;
    }
    return CC_OK;
}

static enum cc_code open_email(const struct cc_config *config, struct cc_sender **out,
                               struct cc_err *err)
{
    switch ((enum cc_codes_email)config->codes_email) {
    case CC_EMAIL_OUTBOX:
        return open_outbox(config, out, err);
    case CC_EMAIL_SMTP:
        return open_smtp(config, out, err);
    case CC_EMAIL_HOOK:
        return open_hook(config, out, err);
    case CC_EMAIL_NONE:
        break;
    }
    return CC_OK;
}

enum cc_code cc_app_open_sender(const struct cc_config *config, const struct cc_log *log,
                                const struct cc_app_aws *aws, struct cc_sender **out,
                                struct cc_err *err)
{
    struct cc_channels channels = {
        .sms_prefixes = config->identity.budget.sms_prefixes,
        .clock = &cc_system_clock,
        .log = log,
    };
    enum cc_code rc = open_sms(config, aws, &channels.sms, err);

    if (rc == CC_OK)
        rc = open_email(config, &channels.email, err);
    if (rc != CC_OK) {
        cc_sender_close(channels.sms);
        return rc;
    }
    *out = NULL;
    if (channels.sms != NULL || channels.email != NULL)
        cc_sender_open_channels(&channels, out);
    return CC_OK;
}
