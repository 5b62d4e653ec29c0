/* lex.h - text to tokens. Private to the room. */
#ifndef WEIR_LAYOUT_LEX_H
#define WEIR_LAYOUT_LEX_H

#include <stdbool.h>

#include "layout/source.h"
#include "layout/words.h"

/* A token of one character is that character. */
enum token_kind {
    TOKEN_EOF = 256,
    TOKEN_END,
    TOKEN_NUMBER,
    TOKEN_NAME,
    TOKEN_LE,
    TOKEN_GE,
    TOKEN_EQ,
    TOKEN_NE
};

typedef struct token {
    int kind;
    uint32_t pos, length;
    int line;
    word word;     /* TOKEN_NAME: the reserved word it spells, or WORD_NONE */
    double number; /* TOKEN_NUMBER */
} token;

/* init: source alone. */
typedef struct lexer {
    const weir_source *source;
    uint32_t at;
    int newlines; /* before `at` */
    int parens;   /* open ones: a newline inside them is a blank */
    int last;     /* kind of the token before; 0 at first */
    uint32_t end; /* of the last token with a text: where a missing one is reported */
} lexer;

/* A run of statement ends is one TOKEN_END; after the last token TOKEN_EOF, for ever. */
weir_status weir_lex(lexer *lexer, token *out, weir_error *err);

/* How a relation or other punctuation is written: "<=", "+". */
const char *weir_token_spelling(int kind);

#endif
