/* aws/xml.h - texts of elements, out of the answers of S3 and STS. expat reads; what it may be made
 * to do is bounded: no document type (so no entities), no more than 32 levels. Pure. */
#ifndef CC_AWS_XML_H
#define CC_AWS_XML_H

#include "../base/str.h"

struct aws_xml_want {
    const char *name;   /* of an element, without prefix */
    struct cc_str *out; /* its text, in the arena and wiped with it; absent if there is none */
};

/* The text of the first element of each name. false, and nothing found: not well-formed. */
bool aws_xml_find(struct cc_arena *arena, struct cc_str xml, const struct aws_xml_want *wants,
                  size_t count) CC_NODISCARD;

#endif
