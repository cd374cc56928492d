/* admin/command.h - what the subcommands share: their table, their options, and how they end. */
#ifndef CC_ADMIN_COMMAND_H
#define CC_ADMIN_COMMAND_H

#include "../app/app.h"

#define CC_EXIT_USAGE 2

/* The options of all subcommands; each names in its table those that it takes. */
struct cc_options {
    const char *data;      /* --data DIR */
    const char *config;    /* --config FILE */
    const char *port;      /* --port N */
    const char *to;        /* --to FILE */
    const char *send_test; /* --send-test TO */
    bool file, markdown, lighttpd, keys;
    bool force, without_keys, quiet;
    bool replace, end_sessions;
    bool full, dry_run;
    bool json, yes;
};

struct cc_option {
    const char *name;  /* "--data" */
    const char *value; /* what follows, for people ("DIR"); NULL for a flag */
    size_t offset;     /* in struct cc_options: a const char *, or a bool for a flag */
    const char *help;
};

struct cc_admin {
    struct cc_arena *arena;
    struct cc_options options;
    const char *const *words; /* what is neither the subcommand nor an option */
    size_t word_count;
    struct cc_err err;
};

struct cc_command {
    const char *name;
    const char *words; /* for people: "rotate | list" */
    size_t words_min, words_max;
    const struct cc_option *options; /* ended by a row whose name is NULL; may be NULL */
    const char *summary;             /* one line */
    const char *help;                /* further lines, or NULL */
    int (*run)(struct cc_admin *admin);
};

int cc_admin_serve(struct cc_admin *admin);
int cc_admin_init(struct cc_admin *admin);
int cc_admin_keys(struct cc_admin *admin);
int cc_admin_tick(struct cc_admin *admin);
int cc_admin_config(struct cc_admin *admin);
int cc_admin_doctor(struct cc_admin *admin);
int cc_admin_aws(struct cc_admin *admin);
int cc_admin_backup(struct cc_admin *admin);
int cc_admin_restore(struct cc_admin *admin);
int cc_admin_migrate(struct cc_admin *admin);
int cc_admin_user(struct cc_admin *admin);

/* Says what went wrong (detail and cause) on standard error; the exit status for it. */
int cc_admin_failed(const struct cc_err *err);

#endif
