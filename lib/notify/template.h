/* notify/template.h - fills in a template: {to}, {code}, {text}, {channel} and {id}. Everything
 * else stands as it is written, other braces among it. Pure. */
#ifndef CC_NOTIFY_TEMPLATE_H
#define CC_NOTIFY_TEMPLATE_H

#include "notify.h"

/* As what content wants it: the inside of a JSON string, or a value of a form. An absent code is an
 * empty one. In the arena, and wiped with it; absent: longer than 64 KiB. */
struct cc_str notify_template_fill(struct cc_arena *arena, struct cc_str template,
                                   enum cc_hook_content content, const struct cc_notice *notice);

/* Whether what comes out is well-formed, whatever is filled in, and says to whom and what: NULL, or
 * in a sentence why not. */
const char *notify_template_fault(struct cc_arena *arena, struct cc_str template,
                                  enum cc_hook_content content);

#endif
