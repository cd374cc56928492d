/* tests/contract/power_vfs.h - SQLite's way to its files, with a log of it. Registered as the
 * default, it stands between SQLite and the system's own VFS for every database of the program. No
 * sync goes further than here: the log is the disk. */
#ifndef CC_TESTS_POWER_VFS_H
#define CC_TESTS_POWER_VFS_H

#include "tests/contract/power_disk.h"

/* Syncs that say they were done and were not. */
enum power_lie { POWER_TRUTH, POWER_LIE_WAL, POWER_LIE_DATABASE, POWER_LIE_NAMES };

/* Once, before the first database is opened. */
void power_vfs_register(void);

/* From now on what is done to the files of log->folder is kept in the log; NULL ends it. No
 * database there is open at either moment. */
void power_vfs_record(struct power_log *log, enum power_lie lie);

#endif
