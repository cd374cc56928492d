/* base/text.h - Unicode questions, answered by utf8proc. */
#ifndef CC_BASE_TEXT_H
#define CC_BASE_TEXT_H

#include "str.h"

bool cc_text_is_utf8(struct cc_str s);     /* RFC 3629: no surrogates, nothing overlong */
size_t cc_text_length(struct cc_str utf8); /* in code points */
/* At most that many code points, and never within a grapheme; where the first grapheme alone has
 * more (a letter can carry marks without end), nothing is left. */
struct cc_str cc_text_cut_characters(struct cc_str utf8, size_t max);
/* Whether nothing in it can be seen: empty, or only white space, controls and formatting. */
bool cc_text_is_blank(struct cc_str utf8);
struct cc_str cc_text_nfc(struct cc_arena *arena, struct cc_str utf8);
/* A name as one line: NFC, outer white space trimmed, inner runs made one space. Absent if it
 * holds control characters or bidirectional overrides (they can make a name look like another). */
struct cc_str cc_text_name(struct cc_arena *arena, struct cc_str utf8);
/* Puts blanks in place of what a terminal could take for a command: control characters, those of
 * ISO 6429 beyond ASCII among them (U+009B begins one as ESC [ does), and what is no UTF-8. */
void cc_text_tame(char *at, size_t len);

#endif
