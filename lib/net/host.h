/* net/host.h - of whom a URL asks. */
#ifndef CC_NET_HOST_H
#define CC_NET_HOST_H

#include "../base/str.h"

/* The host of a URL of http or https, borrowed from it, an IPv6 address with its brackets. Absent:
 * it has another scheme, a port that is none, or no host. */
struct cc_str cc_net_host(struct cc_str url);

/* This machine itself: localhost, [::1], 127.0.0.0/8 ("127.evil.example" is a name). */
bool cc_net_host_is_loopback(struct cc_str host);

#endif
