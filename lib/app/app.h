/* app/app.h - opens what a program needs, in order, and wires it together; the only place that
 * names a concrete backend. Everything here lives as long as the process. */
#ifndef CC_APP_APP_H
#define CC_APP_APP_H

#include "aws.h"
#include "config.h"
#include "version.h"

#include "../base/log.h"
#include "../blob/blob.h"
#include "../chat/chat.h"
#include "../http/http.h"
#include "../identity/identity.h"
#include "../notify/notify.h"
#include "../store/store.h"
#include "../view/page_cache.h"

struct cc_app {
    struct cc_arena *arena; /* process-lifetime */
    struct cc_config config;
    struct cc_log log;
    const struct cc_clock *clock;
    const struct cc_random *random;
    struct cc_app_aws aws;
    struct cc_store *store;
    struct cc_blobs *blobs;
    struct cc_sender *sender; /* NULL: the configuration names none */
    struct cc_identity *identity;
    struct cc_chat *chat;
    struct cc_page_cache *pages;
    struct cc_arena *tick_arena; /* reset each round */
    int64_t next_jobs_ms;        /* by the steady clock: when to look for jobs again */
    int64_t next_sweep_ms;
};

/* What of it a program needs. */
enum cc_app_part {
    CC_APP_STORE, /* the store alone: no people, no photos, no chat, and nothing is ever due */
    CC_APP_CHAT,  /* all of it; but no request leaves what is due at once */
    CC_APP_ALL,
};

/* Opens that part by the configuration at `config_path` (NULL: as cc_app_find_config says) into
 * `out`, which must stay where it is until cc_app_close. On failure nothing stays open. CC_INVALID:
 * the configuration is to be mended. */
enum cc_code cc_app_open(const char *program, enum cc_app_part part, const char *config_path,
                         struct cc_app *out, struct cc_err *err) CC_NODISCARD;
void cc_app_close(struct cc_app *app);

/* Makes the table that the configuration names, or finishes it; cc_store_create_dynamodb.
 * CC_INVALID also where the store is no table. */
enum cc_code cc_app_create_table(const char *config_path, struct cc_dynamodb_table *out,
                                 struct cc_err *err) CC_NODISCARD;

/* A log to standard error: one JSON object a line, readable on a terminal. */
struct cc_log cc_app_log(const char *program, int level);

/* Does what is due: codes to send, sweeps. What cc_server.tick calls; looks into the store at most
 * some 20 times a second, however often it is called. Never by two threads at once. */
void cc_app_tick(struct cc_app *app);

/* The same without regard to when it was last done, until nothing is due. `jobs` and `swept` (items
 * past their expiry) say how much was done. */
enum cc_code cc_app_work(struct cc_app *app, size_t *jobs, size_t *swept,
                         struct cc_err *err) CC_NODISCARD;

/* How a supervisor starts a handler that is to tell it when it has served: with this argument, and
 * with a pipe as this descriptor. */
#define CC_SUPERVISED "--supervised"
#define CC_SERVED_FD 3

/* main() of a handler: opens the part, serves `routes`, closes. Exit status: 0, 2 (usage), 78
 * (EX_CONFIG: the configuration), 1. */
int cc_app_main(const char *program, const struct cc_route *routes, enum cc_app_part part, int argc,
                char **argv);

/* Which program serves which paths: the one list from which every server's configuration is
 * made. */
struct cc_program {
    const char *name;
    const char *const *prefixes; /* NULL-terminated; "/auth" covers /auth and /auth/... */
};
extern const struct cc_program cc_programs[]; /* ended by a row whose name is NULL */

#endif
