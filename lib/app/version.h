/* app/version.h - the version of this tree; CHANGELOG.md tells what is in it. */
#ifndef CC_APP_VERSION_H
#define CC_APP_VERSION_H

#define CC_VERSION "0.1.0"

#endif
