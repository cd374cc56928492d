/* net/channel.h - a handle of libcurl and how it is lent. For the files of this folder. */
#ifndef CC_NET_CHANNEL_H
#define CC_NET_CHANNEL_H

#include "curl.h"
#include "net.h"

#include <pthread.h>
#include <stdatomic.h>

/* A handle of libcurl with its connections. It is lent to one thread for one request; the one that
 * came back last is lent first, so that there are never more of them than requests at a time, and
 * a thread finds a warm connection even if it is a new thread. */
struct net_channel {
    const struct net_curl *curl;
    struct cc_arena *arena;
    struct net_channel *next;      /* of all, for stop and close */
    struct net_channel *next_idle; /* of those that nobody has */
    CURLM *multi;
    CURL *easy;
    char error[CURL_ERROR_SIZE];
};

struct cc_net {
    struct net_curl curl;
    struct cc_arena *arena;
    const char *ca_file;
    int64_t connect_ms_max, idle_s_max;
    pthread_mutex_t mutex;
    pthread_cond_t stopping;
    struct net_channel *all, *idle;
    atomic_bool stopped;
};

/* Lends one to the caller, for one exchange. CC_UNAVAILABLE: libcurl has none. */
enum cc_code net_channel_take(struct cc_net *net, struct net_channel **out,
                              struct cc_err *err) CC_NODISCARD;
void net_channel_give_back(struct cc_net *net, struct net_channel *channel);

/* Does what channel->easy was set to, until it is done, or failed, or the client is stopped
 * (CURLE_ABORTED_BY_CALLBACK). */
CURLcode net_perform(struct cc_net *net, struct net_channel *channel);

#endif
