#include "err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const sentences[] = {
    [CC_OK] = "All is well.",
    [CC_BAD_REQUEST] = "The request could not be understood.",
    [CC_UNAUTHORIZED] = "A valid access token is needed.",
    [CC_WRONG_CREDENTIALS] = "The number, address or password is wrong.",
    [CC_WRONG_CODE] = "The code is wrong or no longer valid.",
    [CC_FORBIDDEN] = "This is not allowed.",
    [CC_NOT_FOUND] = "There is nothing here.",
    [CC_METHOD_NOT_ALLOWED] = "This method is not allowed here.",
    [CC_NOT_ACCEPTABLE] = "The answer cannot be given in a form that was asked for.",
    [CC_REQUEST_TIMEOUT] = "The request took too long to arrive.",
    [CC_EXISTS] = "It exists already.",
    [CC_CONFLICT] = "This conflicts with what is there.",
    [CC_CLIENT_ID_REUSED] = "This client_id was used for another message.",
    [CC_GONE] = "It was here and has expired.",
    [CC_LENGTH_REQUIRED] = "The length of the body must be given.",
    [CC_PRECONDITION_FAILED] = "It has changed in the meantime.",
    [CC_TOO_LARGE] = "This is too large.",
    [CC_URI_TOO_LONG] = "The address is too long.",
    [CC_UNSUPPORTED_TYPE] = "This type of content is not supported here.",
    [CC_INVALID] = "Some fields are not right.",
    [CC_LOCKED] = "This is locked for now.",
    [CC_PRECONDITION_REQUIRED] = "If-Match is required.",
    [CC_TOO_MANY] = "Too many requests. Try again later.",
    [CC_HEADERS_TOO_LARGE] = "The headers are too large.",
    [CC_INTERNAL] = "Something went wrong on our side.",
    [CC_UNAVAILABLE] = "This cannot be done right now. Nothing was done.",
    [CC_OUTCOME_UNKNOWN] = "It may or may not have been done.",
    [CC_STORAGE_FULL] = "The storage is full. Nothing was done.",
};
_Static_assert(CC_COUNT(sentences) == CC_CODE_COUNT, "each code has a sentence");

const char *cc_code_sentence(enum cc_code code)
{
    return sentences[code];
}

void cc_err_clear(struct cc_err *err)
{
    memset(err, 0, sizeof(*err));
}

/* Cuts between characters: half of one would make the problem document say U+FFFD. */
static void copy_cut(char *out, size_t size, const char *text)
{
    size_t len = strnlen(text, size);

    if (len == size) {
        len = size - 1;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

static CC_PRINTF(5, 0) enum cc_code note(struct cc_err *err, enum cc_code code, int retry_after_s,
                                         const char *detail, const char *cause, va_list args)
{
    if (err->code != CC_OK)
        return err->code;
    err->code = code;
    err->retry_after_s = retry_after_s;
    copy_cut(err->detail, sizeof(err->detail), detail ? detail : sentences[code]);
    vsnprintf(err->cause, sizeof(err->cause), cause, args);
    return code;
}

enum cc_code cc_fail(struct cc_err *err, enum cc_code code, const char *detail, const char *cause,
                     ...)
{
    va_list args;

    va_start(args, cause);
    code = note(err, code, 0, detail, cause, args);
    va_end(args);
    return code;
}

enum cc_code cc_fail_retry(struct cc_err *err, enum cc_code code, int retry_after_s,
                           const char *detail, const char *cause, ...)
{
    va_list args;

    va_start(args, cause);
    code = note(err, code, retry_after_s, detail, cause, args);
    va_end(args);
    return code;
}

enum cc_code cc_fail_field(struct cc_err *err, const char *pointer, const char *detail)
{
    struct cc_invalid *entry;

    if (err->code == CC_OK)
        (void)cc_fail(err, CC_INVALID, NULL, "%s %s", pointer, detail);
    if (err->code != CC_INVALID)
        return err->code;
    if (err->invalid_count < CC_INVALID_MAX) {
        entry = &err->invalid[err->invalid_count++];
        copy_cut(entry->pointer, sizeof(entry->pointer), pointer);
        copy_cut(entry->detail, sizeof(entry->detail), detail);
    }
    return CC_INVALID;
}
