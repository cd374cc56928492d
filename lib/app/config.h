/* app/config.h - the configuration of an installation: one struct, one table of keys (keys.c), from
 * which the file, the environment, --help, README and the generated first file are made. */
#ifndef CC_APP_CONFIG_H
#define CC_APP_CONFIG_H

#include "../base/config.h"
#include "../chat/chat.h"
#include "../http/http.h"
#include "../identity/identity.h"
#include "../store/store.h"

enum cc_codes_sender { CC_CODES_NONE, CC_CODES_OUTBOX };

struct cc_config {
    /* [server] */
    struct cc_str public_url; /* "http://localhost:8080" */
    struct cc_str bind;       /* "127.0.0.1" */
    int64_t port;
    struct cc_str data; /* folder: database, keys, blobs, outbox */
    int log_level;
    struct cc_http_config http; /* trusted_proxy, cors_origins, threads, ... */
    /* [store], [identity], [chat], [codes], [serve] ... */
    struct cc_store_config store;
    struct cc_identity_config identity;
    struct cc_chat_config chat;
    int codes_sender;
    struct cc_str outbox;
    int64_t photo_bytes_max, photo_side_max;
    int64_t workers[8];       /* processes of each program, in the order of cc_programs */
    struct cc_str web_server; /* path of lighttpd, or "none" */
};

extern const struct cc_config_key cc_config_keys[];

#endif
