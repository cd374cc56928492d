#include "template.h"

#include "../base/arena.h"
#include "../base/encode.h"
#include "../base/json.h"
#include "../base/jsonw.h"

#define FILLED_BYTES_MAX ((size_t)64 * 1024)
#define ESCAPED_MAX 6 /* bytes of one in a JSON string: \u000b */

/* The writer of JSON owns its escapes: what it writes, without the quotes. */
static void add_json(struct cc_buf *out, struct cc_arena *arena, struct cc_str value)
{
    struct cc_buf quoted;
    struct cc_jw w;

    cc_buf_init_secret(&quoted, arena, value.len * ESCAPED_MAX + sizeof("\"\""));
    cc_jw_init(&w, &quoted);
    cc_jw_str(&w, value.at ? value : CC_STR(""));
    if (quoted.overflow || quoted.len < 2)
        out->overflow = true;
    else
        cc_buf_add(out, (struct cc_str){ quoted.at + 1, quoted.len - 2 });
}

/* The length of the placeholder that `rest` begins with, and what it stands for; 0: none. */
static size_t placeholder(struct cc_str rest, const struct cc_notice *notice, struct cc_str *value)
{
    const struct {
        struct cc_str name, value;
    } rows[] = {
        { CC_STR("{to}"), notice->to },           { CC_STR("{code}"), notice->code },
        { CC_STR("{text}"), notice->text },       { CC_STR("{id}"), notice->id },
        { CC_STR("{channel}"), notice->channel },
    };

    for (size_t i = 0; i < CC_COUNT(rows); i++) {
        if (cc_str_starts(rest, rows[i].name)) {
            *value = rows[i].value;
            return rows[i].name.len;
        }
    }
    return 0;
}

struct cc_str notify_template_fill(struct cc_arena *arena, struct cc_str template,
                                   enum cc_hook_content content, const struct cc_notice *notice)
{
    struct cc_buf out;

    cc_buf_init_secret(&out, arena, FILLED_BYTES_MAX);
    for (struct cc_str rest = template; rest.len > 0;) {
        struct cc_str value = CC_STR_ABSENT;
        size_t len = placeholder(rest, notice, &value);

        if (len == 0)
            cc_buf_add_byte(&out, rest.at[0]);
        else if (content == CC_HOOK_JSON)
            add_json(&out, arena, value);
        else
            cc_percent_add(&out, value);
        rest = cc_str_skip(rest, len ? len : 1);
    }
    return out.overflow ? CC_STR_ABSENT : cc_buf_str(&out);
}

static bool has(struct cc_str template, const char *name)
{
    const struct cc_str wanted = cc_str_from(name);

    for (size_t i = 0; i < template.len; i++) {
        if (cc_str_starts(cc_str_skip(template, i), wanted))
            return true;
    }
    return false;
}

/* What is filled in is escaped in JSON's way, which is right only within a string: a placeholder
 * that stands elsewhere shows when a quote is filled in. */
static bool is_json(struct cc_arena *arena, struct cc_str template)
{
    const struct cc_str odd = CC_STR("\"\\\n, ");
    const struct cc_notice notice = { odd, odd, odd, odd, odd, 1 };
    struct json_object *ignored;
    struct cc_err err = { 0 };
    const struct cc_str filled = notify_template_fill(arena, template, CC_HOOK_JSON, &notice);

    return filled.at &&
           cc_json_parse(arena, filled, &cc_json_default_limits, &ignored, &err) == CC_OK;
}

static bool is_form(struct cc_str template)
{
    struct cc_str rest = template;

    while (rest.at) {
        struct cc_str pair = cc_str_cut(&rest, '&');

        if (cc_str_find(pair, '=') == pair.len || cc_str_find(pair, ' ') < pair.len)
            return false;
    }
    return true;
}

const char *notify_template_fault(struct cc_arena *arena, struct cc_str template,
                                  enum cc_hook_content content)
{
    if (template.len == 0 || !has(template, "{to}"))
        return "[hook] body has no {to}: nobody would get the code.";
    if (!has(template, "{text}") && !has(template, "{code}"))
        return "[hook] body has neither {text} nor {code}.";
    if (content == CC_HOOK_JSON && !is_json(arena, template))
        return "[hook] body must be JSON once it is filled in: {to} and the others stand within "
               "quotes.";
    if (content == CC_HOOK_FORM && !is_form(template))
        return "[hook] body must be a form, like To={to}&Body={text}, without spaces.";
    return NULL;
}
