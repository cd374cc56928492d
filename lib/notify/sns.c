/* SMS by Amazon SNS: Publish to a phone number. Its API is "query": a form in, XML out. */
#include "notify.h"

#include "../aws/aws.h"
#include "../aws/examine.h"
#include "../aws/xml.h"
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/encode.h"

#include <stdio.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)8 * 1024 * 1024) /* an answer may be 2 MiB */
#define FORM_BYTES_MAX ((size_t)16 * 1024)
#define SENDER_ID_MAX 11

struct sns {
    struct cc_sender base;
    struct cc_arena *arena;
    struct cc_sns_config config;
};

/* --- the request ------------------------------------------------------------------------------ */

static void add_pair(struct cc_buf *form, const char *name, struct cc_str value)
{
    cc_buf_add_format(form, "%s%s=", form->len ? "&" : "", name);
    cc_percent_add(form, value);
}

static void add_attribute(struct cc_buf *form, int number, const char *name, const char *type,
                          struct cc_str value)
{
    const char *const parts[] = { "Name", "Value.DataType", "Value.StringValue" };
    const struct cc_str values[] = { cc_str_from(name), cc_str_from(type), value };

    for (size_t i = 0; i < CC_COUNT(parts); i++) {
        char key[64];

        snprintf(key, sizeof(key), "MessageAttributes.entry.%d.%s", number, parts[i]);
        add_pair(form, key, values[i]);
    }
}

/* Transactional: of the highest reliability, and not held back at night. The form holds a code: it
 * is wiped with the arena. */
static struct cc_str make_form(struct cc_arena *arena, const struct cc_sns_config *config,
                               const struct cc_notice *notice)
{
    const struct {
        const char *name, *type;
        struct cc_str value;
    } rows[] = {
        { "AWS.SNS.SMS.SMSType", "String", CC_STR("Transactional") },
        { "AWS.SNS.SMS.SenderID", "String", config->sender_id },
        { "AWS.MM.SMS.OriginationNumber", "String", config->origination_number },
        { "AWS.SNS.SMS.MaxPrice", "Number", config->max_price },
    };
    struct cc_buf form;
    int number = 0;

    cc_buf_init_secret(&form, arena, FORM_BYTES_MAX);
    add_pair(&form, "Action", CC_STR("Publish"));
    add_pair(&form, "Version", CC_STR("2010-03-31"));
    add_pair(&form, "PhoneNumber", notice->to);
    add_pair(&form, "Message", notice->text);
    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        if (rows[i].value.len > 0)
            add_attribute(&form, ++number, rows[i].name, rows[i].type, rows[i].value);
    }
    return form.overflow ? CC_STR_ABSENT : cc_buf_str(&form);
}

static struct cc_aws_request request_of(struct cc_str form)
{
    return (struct cc_aws_request){
        .content_type = CC_STR("application/x-www-form-urlencoded; charset=utf-8"),
        .body = form,
        .timeout_ms = CC_AWS_CALL_MS_MAX,
    };
}

_Static_assert(CC_AWS_CALL_MS_MAX < CC_NOTICE_MS_MAX, "a call ends within the time for a notice");

/* --- sending ---------------------------------------------------------------------------------- */

static bool has_word(struct cc_str text, struct cc_str word)
{
    for (size_t i = 0; i < text.len; i++) {
        if (cc_str_starts(cc_str_skip(text, i), word))
            return true;
    }
    return false;
}

/* What is said of this number: it opted out, or is none that SNS sends to. SNS names the parameter
 * only in its message ("Invalid parameter: PhoneNumber Reason: ..."). */
static bool is_about_number(const struct cc_aws_answer *answer)
{
    static const char *const names[] = { "InvalidParameter",      "InvalidParameterException",
                                         "InvalidParameterValue", "ParameterValueInvalid",
                                         "ValidationError",       "ValidationException" };

    if (cc_str_starts(answer->error, CC_STR("OptedOut")))
        return true;
    for (size_t i = 0; i < CC_COUNT(names); i++) {
        if (cc_str_eq(answer->error, cc_str_from(names[i])))
            return has_word(answer->message, CC_STR("PhoneNumber")) ||
                   has_word(answer->message, CC_STR("phone number"));
    }
    return false;
}

/* All else that SNS refuses is keys, rights (AuthorizationError), the account (OptInRequired,
 * UserError in the sandbox) or attributes that [sns] sets: it would refuse any number. Its message
 * may repeat this one ("... to perform: SNS:Publish on resource: +49..."): only its name is kept.
 */
static enum cc_code judge(const struct cc_aws_answer *answer, struct cc_err *err)
{
    if (!answer->error.at)
        return CC_OK;
    if (is_about_number(answer))
        return cc_fail(err, CC_INVALID, NULL, "sns Publish: http %d, %.*s", answer->status,
                       CC_STR_ARG(answer->error));
    return cc_fail(err, CC_FORBIDDEN,
                   "SNS takes nothing from us: look at keys and rights (`cloudchat aws policy`), "
                   "at the account, and at [sns].",
                   "sns Publish: http %d, %.*s", answer->status, CC_STR_ARG(answer->error));
}

static enum cc_code publish(const struct sns *self, struct cc_arena *arena,
                            const struct cc_notice *notice, struct cc_err *err)
{
    const struct cc_str form = make_form(arena, &self->config, notice);
    struct cc_aws_request request = request_of(form);
    struct cc_aws_answer answer;
    struct cc_err why = { 0 };
    enum cc_code rc;

    request.is_private = true;
    if (!form.at)
        return cc_fail(err, CC_INVALID, NULL, "sns: the notice is too long");
    rc = cc_aws_call(self->config.aws, arena, &request, &answer, &why);
    if (rc == CC_OK)
        return judge(&answer, err);
    return cc_fail_retry(err, rc == CC_INTERNAL ? CC_INVALID : rc, why.retry_after_s, NULL, "%s",
                         why.cause);
}

static enum cc_code sns_send(struct cc_sender *sender, const struct cc_notice *notice,
                             struct cc_err *err)
{
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);
    enum cc_code rc = publish((struct sns *)sender, arena, notice, err);

    cc_arena_free(arena);
    return rc;
}

/* --- for the doctor --------------------------------------------------------------------------- */

/* Asks about the account, and sends nothing. false: there is no answer to be read, which is told
 * unless it is only that we may not ask: sending needs another right. */
static bool ask(const struct sns *self, struct cc_arena *arena, const char *action,
                struct cc_aws_answer *out, struct cc_findings *to)
{
    struct cc_aws_request request;
    struct cc_err err = { 0 };
    struct cc_buf form;

    cc_buf_init(&form, arena, FORM_BYTES_MAX);
    add_pair(&form, "Action", cc_str_from(action));
    add_pair(&form, "Version", CC_STR("2010-03-31"));
    request = request_of(cc_buf_str(&form));
    if (cc_aws_ask(self->config.aws, arena, &request, out, &err) != CC_OK)
        return cc_find_wrong(to, "SMS", err.cause, "SNS gives no answer: try again.");
    if (!out->error.at)
        return true;
    if (out->status == 400 || cc_aws_is_denied(out->error) ||
        cc_str_eq(out->error, CC_STR("AuthorizationError"))) {
        cc_find_unseen(to, "SMS",
                       "SNS does not tell us: sns:%s is not allowed, or not known there.", action);
        return false;
    }
    return cc_aws_find_refused(to, "SMS", out, "SNS does not answer what it is asked.");
}

/* A new account sends only to numbers that were proved to it. */
static bool examine_sandbox(const struct sns *self, struct cc_arena *arena, struct cc_findings *to)
{
    struct cc_str boxed = CC_STR_ABSENT;
    const struct aws_xml_want want = { "IsInSandbox", &boxed };
    struct cc_aws_answer answer;

    if (!ask(self, arena, "GetSMSSandboxAccountStatus", &answer, to))
        return false;
    if (aws_xml_find(arena, answer.body, &want, 1) && cc_str_eq(boxed, CC_STR("false")))
        return true;
    cc_find_doubtful(to, "SMS",
                     "The account is in the SMS sandbox of SNS: codes reach the numbers alone that "
                     "were proved there. Ask AWS to let it out.");
    return false;
}

/* Whether keys and account are good; the right to publish shows with the first code. */
static void sns_examine(struct cc_sender *sender, struct cc_findings *to)
{
    const struct sns *self = (struct sns *)sender;
    struct cc_arena *arena = cc_arena_new(ARENA_BYTES_MAX);

    if (cc_aws_examine(self->config.aws, self->config.net, "SNS", NULL, to) &&
        examine_sandbox(self, arena, to))
        cc_find_well(to, "SMS", "to any number, within what the account may spend");
    cc_arena_free(arena);
}

static void sns_stop(struct cc_sender *sender)
{
    (void)sender; /* what belongs to AWS is stopped by who opened it */
}

static void sns_close(struct cc_sender *sender)
{
    cc_arena_free(((struct sns *)sender)->arena);
}

static const struct cc_sender_ops sns_ops = {
    .name = "sns",
    .send = sns_send,
    .examine = sns_examine,
    .stop = sns_stop,
    .close = sns_close,
};

/* --- opening ---------------------------------------------------------------------------------- */

/* Up to 11 letters and digits, one letter among them. */
static bool is_sender_id(struct cc_str s)
{
    bool has_letter = false;

    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

        if (!is_letter && (c < '0' || c > '9') && c != '-')
            return false;
        has_letter |= is_letter;
    }
    return has_letter && s.len <= SENDER_ID_MAX;
}

static bool is_digits(struct cc_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    }
    return s.len > 0;
}

/* A long number with its plus sign, or a short code. */
static bool is_origination(struct cc_str s)
{
    return is_digits(cc_str_starts(s, CC_STR("+")) ? cc_str_skip(s, 1) : s);
}

static bool is_price(struct cc_str s)
{
    struct cc_str cents = s;
    struct cc_str dollars = cc_str_cut(&cents, '.');

    return is_digits(dollars) && (!cents.at || is_digits(cents));
}

static enum cc_code check(const struct cc_sns_config *config, struct cc_err *err)
{
    if (config->sender_id.len > 0 && !is_sender_id(config->sender_id))
        return cc_fail(err, CC_INVALID,
                       "[sns] sender_id has up to 11 letters and digits, and at least one letter.",
                       "sns: sender_id");
    if (config->origination_number.len > 0 && !is_origination(config->origination_number))
        return cc_fail(err, CC_INVALID,
                       "[sns] origination_number must be a number like +12065550100.",
                       "sns: origination_number");
    if (config->max_price.len > 0 && !is_price(config->max_price))
        return cc_fail(err, CC_INVALID, "[sns] max_price must be a number of dollars, like 0.25.",
                       "sns: max_price");
    return CC_OK;
}

enum cc_code cc_sender_open_sns(const struct cc_sns_config *config, struct cc_sender **out,
                                struct cc_err *err)
{
    enum cc_code rc = check(config, err);
    struct cc_arena *arena;
    struct sns *self;

    if (rc != CC_OK)
        return rc;
    arena = cc_arena_new(ARENA_BYTES_MAX);
    self = CC_NEW(arena, struct sns);
    *self = (struct sns){ { &sns_ops }, arena, *config };
    self->config.sender_id = cc_str_copy(arena, config->sender_id);
    self->config.origination_number = cc_str_copy(arena, config->origination_number);
    self->config.max_price = cc_str_copy(arena, config->max_price);
    *out = &self->base;
    return CC_OK;
}
