/* net/curl.h - libcurl, loaded by who first has something to ask of another host. It brings thirty
 * libraries, which take 2 MB of each process: a service that keeps its data in a file pays nothing
 * for them. */
#ifndef CC_NET_CURL_H
#define CC_NET_CURL_H

#include "../base/err.h"

#include <curl/curl.h>

/* The functions that are called, by libcurl's names without `curl_`. */
struct net_curl {
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_global_cleanup) *global_cleanup;
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(curl_multi_info_read) *multi_info_read;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_perform) *multi_perform;
    __typeof__(curl_multi_poll) *multi_poll;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_setopt) *multi_setopt;
    __typeof__(curl_multi_wakeup) *multi_wakeup;
};

/* Fills all of `curl`. CC_INTERNAL: the library is not installed, or lacks a function; `err` says
 * which. It stays loaded until the process ends. */
enum cc_code net_curl_load(struct net_curl *curl, struct cc_err *err);

#endif
