/* base/die.h - the end of a worker that cannot go on: no memory, no entropy, no crypto. Nothing
 * was answered yet, so ending is safe, and its supervisor replaces it. */
#ifndef CC_BASE_DIE_H
#define CC_BASE_DIE_H

/* Writes "cloud-chat: <why>" to standard error in one write and ends the process with status 71
 * (EX_OSERR), without running exit handlers. Allocates nothing. */
_Noreturn void cc_die(const char *why);

#endif
