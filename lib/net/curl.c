#include "curl.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

#define NAMED(function) "curl_" #function, offsetof(struct net_curl, function)

static const struct {
    const char *name;
    size_t offset;
} functions[] = {
    { NAMED(easy_cleanup) },        { NAMED(easy_init) },      { NAMED(easy_setopt) },
    { NAMED(easy_strerror) },       { NAMED(global_cleanup) }, { NAMED(global_init) },
    { NAMED(multi_add_handle) },    { NAMED(multi_cleanup) },  { NAMED(multi_info_read) },
    { NAMED(multi_init) },          { NAMED(multi_perform) },  { NAMED(multi_poll) },
    { NAMED(multi_remove_handle) }, { NAMED(multi_setopt) },   { NAMED(multi_wakeup) },
};

enum cc_code net_curl_load(struct net_curl *curl, struct cc_err *err)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL)
        return cc_fail(err, CC_INTERNAL, NULL, "net: %s", dlerror());
    for (size_t i = 0; i < CC_COUNT(functions); i++) {
        void *function = dlsym(library, functions[i].name);

        if (function == NULL)
            return cc_fail(err, CC_INTERNAL, NULL, "net: %s", dlerror());
        memcpy((char *)curl + functions[i].offset, &function, sizeof function);
    }
    return CC_OK;
}
