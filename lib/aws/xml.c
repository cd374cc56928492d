#include "xml.h"

#include "../base/arena.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include <expat.h>

#define DEPTH_MAX 32
#define WANTS_MAX 8

struct finder {
    XML_Parser parser;
    const struct aws_xml_want *wants;
    size_t count;
    size_t depth;
    size_t open; /* the element that is being read, of `wants`; count: none */
    size_t open_depth;
    bool found[WANTS_MAX];
    char *text; /* of the open element; as long as the document at most */
    size_t len;
    struct cc_arena *arena;
};

static size_t find_want(const struct finder *f, const char *name)
{
    size_t i = 0;

    while (i < f->count && (f->found[i] || strcmp(f->wants[i].name, name) != 0))
        i++;
    return i;
}

static void element_begins(void *arg, const char *name, const char **attributes)
{
    struct finder *f = arg;

    (void)attributes;
    if (++f->depth > DEPTH_MAX) {
        XML_StopParser(f->parser, XML_FALSE);
    } else if (f->open == f->count) {
        f->open = find_want(f, name);
        f->open_depth = f->depth;
        f->len = 0;
    }
}

static void element_ends(void *arg, const char *name)
{
    struct finder *f = arg;

    (void)name;
    if (f->open < f->count && f->depth == f->open_depth) {
        char *copy = cc_arena_alloc_secret(f->arena, f->len + 1);

        memcpy(copy, f->text, f->len);
        *f->wants[f->open].out = (struct cc_str){ copy, f->len };
        f->found[f->open] = true;
        f->open = f->count;
    }
    f->depth--;
}

static void text_comes(void *arg, const char *at, int len)
{
    struct finder *f = arg;

    if (f->open == f->count || f->depth != f->open_depth)
        return;
    memcpy(f->text + f->len, at, (size_t)len);
    f->len += (size_t)len;
}

/* Where entities would be declared. */
static void doctype_begins(void *arg, const char *name, const char *system, const char *public,
                           int internal)
{
    struct finder *f = arg;

    (void)name;
    (void)system;
    (void)public;
    (void)internal;
    XML_StopParser(f->parser, XML_FALSE);
}

bool aws_xml_find(struct cc_arena *arena, struct cc_str xml, const struct aws_xml_want *wants,
                  size_t count)
{
    struct finder f = { .wants = wants, .count = count, .open = count, .arena = arena };
    enum XML_Status status;

    assert(count <= WANTS_MAX);
    for (size_t i = 0; i < count; i++)
        *wants[i].out = CC_STR_ABSENT;
    f.parser = xml.len <= INT_MAX ? XML_ParserCreate("UTF-8") : NULL;
    if (!f.parser)
        return false;
    /* Nothing that can be written without entities of one's own is shorter than its text. */
    f.text = cc_arena_alloc_secret(arena, xml.len + 1);
    XML_SetUserData(f.parser, &f);
    XML_SetElementHandler(f.parser, element_begins, element_ends);
    XML_SetCharacterDataHandler(f.parser, text_comes);
    XML_SetStartDoctypeDeclHandler(f.parser, doctype_begins);
    status = XML_Parse(f.parser, xml.at, (int)xml.len, 1);
    XML_ParserFree(f.parser);
    for (size_t i = 0; i < count && status != XML_STATUS_OK; i++)
        *wants[i].out = CC_STR_ABSENT;
    return status == XML_STATUS_OK;
}
