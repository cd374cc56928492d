/* app/app.h - opens what a program needs, in order, and wires it together; the only place that
 * names a concrete backend. Everything here lives as long as the process. */
#ifndef CC_APP_APP_H
#define CC_APP_APP_H

#include "config.h"

#include "../base/log.h"
#include "../blob/blob.h"
#include "../chat/chat.h"
#include "../http/http.h"
#include "../identity/identity.h"
#include "../notify/notify.h"
#include "../store/store.h"

struct cc_app {
    struct cc_arena *arena; /* process-lifetime */
    struct cc_config config;
    struct cc_log log;
    const struct cc_clock *clock;
    const struct cc_random *random;
    struct cc_store *store;
    struct cc_blobs *blobs;
    struct cc_sender *sender;
    struct cc_identity *identity;
    struct cc_chat *chat;
};

/* Opens everything by the configuration at `config_path` (NULL: CLOUDCHAT_CONFIG, else
 * cloud-chat.conf found from /proc/self/exe). On failure nothing stays open. */
enum cc_code cc_app_open(const char *program, const char *config_path, struct cc_app *out,
                         struct cc_err *err) CC_NODISCARD;
void cc_app_close(struct cc_app *app);

/* Does what is due: codes to send, sweeps. What cc_server.tick calls, and `cloudchat tick`. */
void cc_app_tick(struct cc_app *app);

/* main() of a handler: opens, serves `routes`, closes. */
int cc_app_main(const char *program, const struct cc_route *routes, int argc, char **argv);

/* Which program serves which paths: the one list from which every server's configuration is made.
 */
struct cc_program {
    const char *name;
    const char *const *prefixes; /* NULL-terminated; "/auth" covers /auth and /auth/... */
};
extern const struct cc_program cc_programs[]; /* ended by a row whose name is NULL */

#endif
