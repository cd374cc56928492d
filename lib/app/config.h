/* app/config.h - the configuration of an installation: one struct, one table of keys (keys.c), from
 * which the file, the environment, --help, README and the generated first file are made. */
#ifndef CC_APP_CONFIG_H
#define CC_APP_CONFIG_H

#include "../base/config.h"
#include "../chat/chat.h"
#include "../http/http.h"
#include "../identity/identity.h"
#include "../store/store.h"

enum cc_store_backend { CC_STORE_SQLITE, CC_STORE_DYNAMODB };
enum cc_blob_backend { CC_BLOBS_DIRECTORY, CC_BLOBS_S3 };
enum cc_identity_backend { CC_IDENTITY_LOCAL, CC_IDENTITY_COGNITO };
enum cc_codes_sms { CC_SMS_NONE, CC_SMS_OUTBOX, CC_SMS_SNS, CC_SMS_HOOK };
enum cc_codes_email { CC_EMAIL_NONE, CC_EMAIL_OUTBOX, CC_EMAIL_SMTP, CC_EMAIL_HOOK };

#define CC_PROGRAMS_MAX 8

struct cc_config {
    /* [server] */
    struct cc_str name;       /* of this installation, for people */
    struct cc_str public_url; /* "http://localhost:8080": no path, no slash at the end */
    struct cc_str bind;       /* "127.0.0.1" */
    int64_t port;
    struct cc_str data; /* folder, absolute: database, keys, blobs, outbox */
    int log_level;
    /* [http] */
    struct cc_http_config http;
    /* [store], [aws], [identity], [cognito], [chat], [blob], [photo] */
    int store_backend;
    struct cc_store_config store;
    struct cc_str table; /* of DynamoDB */
    struct {
        struct cc_str region, endpoint, dynamodb_endpoint, s3_endpoint; /* empty: not set */
        struct cc_str sns_endpoint;
        struct cc_str ca_file; /* the same */
    } aws;
    int identity_backend;
    struct cc_identity_config identity;
    struct {
        struct cc_str pool, client_id, client_secret;
        struct cc_str endpoint, issuer; /* empty: AWS's */
        bool rotation, existing_people;
    } cognito;
    struct cc_chat_config chat;
    int blob_backend;
    struct cc_str blobs; /* folder */
    struct cc_str bucket, bucket_prefix;
    int64_t photo_bytes_max, photo_side_max;
    int64_t poll_interval_s; /* what clients are told */
    int64_t page_cache_bytes;
    /* [codes] */
    int codes_sms, codes_email; /* their budgets stand in `identity` */
    struct cc_str outbox;       /* file */
    /* [sns], [hook], [smtp]; empty: not set */
    struct {
        struct cc_str region, sender_id, origination_number, max_price;
    } sns;
    struct {
        struct cc_str url, body, header, secret, ca_file;
        int content;
    } hook;
    struct {
        struct cc_str host, user, password, from, ca_file;
        int64_t port;
        int security;
    } smtp;
    /* [serve] */
    int64_t workers[CC_PROGRAMS_MAX]; /* processes of each program, in the order of cc_programs */
    struct cc_str sockets;            /* folder of the programs' sockets */
    struct cc_str socket_group;       /* who besides the owner may connect; empty: nobody */
    struct cc_str web_server;         /* path or name of lighttpd, or "none" */
    int64_t web_workers;
    int64_t web_connections;
    int64_t web_idle_s;     /* of a client in the middle of a request or an answer */
    int64_t stop_timeout_s; /* for what is in hand when `serve` stops */
};

extern const struct cc_config_key cc_config_keys[];

/* Reads the file at `path` and the environment; makes paths absolute and checks what one key alone
 * cannot tell. CC_INVALID: the detail names the file, the line or the key, and what is wrong. */
enum cc_code cc_app_read_config(struct cc_arena *arena, const char *path, struct cc_config *out,
                                struct cc_err *err) CC_NODISCARD;

/* Where the configuration is: CLOUDCHAT_CONFIG, else the first that exists of cloud-chat.conf
 * beside the executable, <prefix>/etc/cloud-chat.conf and, with the prefix /usr,
 * /etc/cloud-chat.conf, for an executable in <prefix>/bin or <prefix>/lib/cloud-chat. CC_INVALID:
 * nowhere. */
enum cc_code cc_app_find_config(struct cc_arena *arena, const char **out,
                                struct cc_err *err) CC_NODISCARD;

/* "/srv/chat/." and "/srv/chat/" are "/srv/chat": paths stand in messages that people read. */
struct cc_str cc_app_tidy_path(struct cc_str path);

/* The folder of the running executable, absolute. */
struct cc_str cc_app_folder(struct cc_arena *arena);

#endif
