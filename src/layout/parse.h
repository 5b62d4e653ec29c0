/* parse.h - what the two halves of the parser share. Private to the room. */
#ifndef WEIR_LAYOUT_PARSE_H
#define WEIR_LAYOUT_PARSE_H

#include "base/error.h"
#include "layout/ast.h"
#include "layout/lex.h"

typedef struct parser {
    weir_layout *layout;
    weir_error *err;
    lexer lex;
    token token; /* the one that comes next */
    int nesting;
    int norms; /* written so far in this rule */
} parser;

weir_status weir_parse_expr(parser *p, node **out);

/* Takes the next token into p->token. */
weir_status weir_parse_advance(parser *p);

/* Takes `kind`, or fails with "expected WHAT, not ...". */
weir_status weir_parse_expect(parser *p, int kind, const char *what);
weir_status weir_parse_unexpected(parser *p, const char *expected);

static inline const char *parser_text(const parser *p)
{
    return p->layout->source.text + p->token.pos;
}

#endif
