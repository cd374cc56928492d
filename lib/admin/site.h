/* admin/site.h - where things are: the installation that this executable belongs to, and one data
 * folder with its configuration. */
#ifndef CC_ADMIN_SITE_H
#define CC_ADMIN_SITE_H

#include "command.h"

#define CC_CONFIG_NAME "cloud-chat.conf"

struct cc_site {
    struct cc_str programs; /* folder of the *.fcgi */
    struct cc_str www;      /* folder of the page */
    struct cc_str conf;     /* folder of what web servers and hosts are told */
    const char *config_path;
    struct cc_config config;
    struct cc_str run; /* <data>/run: sockets, lock, lighttpd.conf */
};

/* Which file is the configuration, by the options --data and --config or as cc_app_find_config
 * says. */
enum cc_code cc_site_config_path(struct cc_admin *admin, const char **out,
                                 struct cc_err *err) CC_NODISCARD;

/* The same, and reads it. Makes nothing. */
enum cc_code cc_site_find(struct cc_admin *admin, struct cc_site *out,
                          struct cc_err *err) CC_NODISCARD;

/* Whether its programs can run beside each other. CC_INVALID: the configuration is to be mended. */
enum cc_code cc_site_check(const struct cc_site *site, struct cc_err *err) CC_NODISCARD;

/* The path of a program: by PATH, and where Debian has it, which is not in an ordinary user's PATH.
 * NULL: it is not installed. */
const char *cc_site_find_program(struct cc_arena *arena, struct cc_str name);

/* Makes the folder (0700) and writes a first configuration into it (0600), in which one-time codes
 * go to the outbox; what is there stays. */
enum cc_code cc_site_make(struct cc_arena *arena, const char *folder, bool *is_new,
                          struct cc_err *err) CC_NODISCARD;

#endif
