/* admin/lighttpd.h - a configuration of lighttpd made from the list of programs and the keys. */
#ifndef CC_ADMIN_LIGHTTPD_H
#define CC_ADMIN_LIGHTTPD_H

#include "site.h"

/* With `inherited`, lighttpd takes its listening socket as descriptor 0 (`cloudchat serve`);
 * otherwise it binds address and port itself. CC_INVALID: a path that cannot stand in such a
 * file. */
enum cc_code cc_lighttpd_config(struct cc_arena *arena, const struct cc_site *site, bool inherited,
                                struct cc_str *out, struct cc_err *err) CC_NODISCARD;

#endif
