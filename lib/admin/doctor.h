/* admin/doctor.h - `cloudchat doctor`: what stands around the programs on this machine, one finding
 * after another. What they keep elsewhere is looked at by app/examine.h. */
#ifndef CC_ADMIN_DOCTOR_H
#define CC_ADMIN_DOCTOR_H

#include "site.h"

#include "../base/finding.h"

/* Whose the service is: the data folder's owner. Run by root, this process becomes that user for
 * good, so that it finds what the service would find. */
void cc_doctor_become_owner(const struct cc_site *site, struct cc_findings *to);

/* Programs, page and web server. */
void cc_doctor_examine_programs(struct cc_arena *arena, const struct cc_site *site,
                                struct cc_findings *to);
/* The configuration's file, the data folder and the sockets. */
void cc_doctor_examine_folders(struct cc_arena *arena, const struct cc_site *site,
                               struct cc_findings *to);
/* Keys of the configuration that are allowed and mean no good. */
void cc_doctor_examine_settings(const struct cc_site *site, struct cc_findings *to);

#endif
