#include "finding.h"

#include <stdarg.h>
#include <stdio.h>

#define TEXT_BYTES 512

static void tell(struct cc_findings *to, struct cc_finding finding, const char *format,
                 va_list args)
{
    char text[TEXT_BYTES];

    vsnprintf(text, sizeof(text), format, args);
    finding.text = text;
    to->tell(to, &finding);
}

void cc_find_well(struct cc_findings *to, const char *what, const char *text, ...)
{
    va_list args;

    va_start(args, text);
    tell(to, (struct cc_finding){ CC_WELL, what, NULL, "" }, text, args);
    va_end(args);
}

void cc_find_doubtful(struct cc_findings *to, const char *what, const char *text, ...)
{
    va_list args;

    va_start(args, text);
    tell(to, (struct cc_finding){ CC_DOUBTFUL, what, NULL, "" }, text, args);
    va_end(args);
}

void cc_find_unseen(struct cc_findings *to, const char *what, const char *text, ...)
{
    va_list args;

    va_start(args, text);
    tell(to, (struct cc_finding){ CC_UNSEEN, what, NULL, "" }, text, args);
    va_end(args);
}

bool cc_find_wrong(struct cc_findings *to, const char *what, const char *cause, const char *text,
                   ...)
{
    va_list args;

    va_start(args, text);
    tell(to, (struct cc_finding){ CC_WRONG, what, NULL, cause ? cause : "" }, text, args);
    va_end(args);
    return false;
}

bool cc_find_failed(struct cc_findings *to, const char *what, const struct cc_err *err)
{
    const char *text = err->detail[0] ? err->detail : cc_code_sentence(err->code);

    return cc_find_wrong(to, what, err->cause, "%s", text);
}
