/* admin/admin.h - the operator's command: `cloudchat serve`, `keys rotate`, `doctor`, ... It speaks
 * to a person at a terminal; what programs read is in files and exit statuses: 0 done, 1 it did not
 * work, 2 not understood, 78 (EX_CONFIG) the configuration is to be mended. */
#ifndef CC_ADMIN_ADMIN_H
#define CC_ADMIN_ADMIN_H

int cc_admin_main(int argc, char **argv);

#endif
