/* identity/gate.h - at most so many at a time on the whole host, and a bounded number that waits,
 * whatever processes and threads they are in: places in a file, held by open-file-description
 * locks. A process that dies gives its places back. */
#ifndef CC_IDENTITY_GATE_H
#define CC_IDENTITY_GATE_H

#include "../base/str.h"

struct cc_gate {
    const char *path; /* of the file; made when it is missing, 0600 */
    int64_t inside;   /* at a time */
    int64_t waiting;  /* beyond those */
};

/* Waits for a place inside. CC_TOO_MANY: so many wait already. CC_UNAVAILABLE. `*pass` is given
 * back with cc_gate_leave. */
enum cc_code cc_gate_enter(const struct cc_gate *gate, int *pass, struct cc_err *err) CC_NODISCARD;
void cc_gate_leave(int pass);

#endif
