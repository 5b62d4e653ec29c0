#include "layout/lex.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "layout/layout.h"

enum { NUMBER_BYTES_MAX = 63 };

/* Own tests of character classes: those of <ctype.h> follow the locale. */
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const lexer *lex, uint32_t ahead)
{
    size_t at = (size_t)lex->at + ahead;
    return at < lex->source->length ? lex->source->text[at] : 0;
}

/* A newline after one of these goes on with the statement. */
static bool joins(int kind)
{
    switch (kind) {
    case ',':
    case '=':
    case ':':
    case '+':
    case '-':
    case '*':
    case '/':
    case '^':
    case '<':
    case '>':
    case TOKEN_LE:
    case TOKEN_GE:
    case TOKEN_EQ:
    case TOKEN_NE: return true;
    default: return false;
    }
}

/* Skips blanks and comments; true when that passed the end of a statement. */
static bool skip_blanks(lexer *lex)
{
    bool ended = false;
    for (; lex->at < lex->source->length; lex->at++) {
        char c = peek(lex, 0);
        if (c == '#') {
            while (lex->at + 1 < lex->source->length && peek(lex, 1) != '\n') lex->at++;
        } else if (c == '\n') {
            lex->newlines++;
            ended = ended || (lex->parens == 0 && !joins(lex->last));
        } else if (c == ';') {
            ended = true;
            lex->parens = 0;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            break;
        }
    }
    return ended;
}

static uint32_t digits(const lexer *lex, uint32_t from)
{
    uint32_t n = 0;
    while (is_digit(peek(lex, from + n))) n++;
    return n;
}

static weir_status lex_number(lexer *lex, token *out, weir_error *err)
{
    uint32_t n = digits(lex, 0);
    bool good = true;
    if (peek(lex, n) == '.') {
        uint32_t fraction = digits(lex, n + 1);
        good = fraction > 0;
        n += 1 + fraction;
    }
    char e = peek(lex, n), sign = peek(lex, n + 1);
    uint32_t mark = sign == '+' || sign == '-' ? 2 : 1;
    if (good && (e == 'e' || e == 'E') && (mark == 2 || is_digit(sign))) {
        uint32_t exponent = digits(lex, n + mark);
        good = exponent > 0;
        n += mark + exponent;
    }
    if (!good || peek(lex, n) == '.') {
        return weir_source_fail(lex->source, lex->at, err,
                                "a malformed number\nwrite it as 2, 0.5, .5 or 1e-6");
    }
    char text[NUMBER_BYTES_MAX + 1];
    if (n > NUMBER_BYTES_MAX) {
        return weir_source_fail(lex->source, lex->at, err,
                                "a number of more than %d characters\n"
                                "17 digits give every bit of it",
                                NUMBER_BYTES_MAX);
    }
    memcpy(text, lex->source->text + lex->at, n);
    text[n] = 0;
    out->kind = TOKEN_NUMBER;
    out->length = n;
    out->number = strtod(text, NULL);
    if (!isfinite(out->number)) {
        return weir_source_fail(lex->source, lex->at, err,
                                "a number that is too large\nthe largest is about 1.8e308");
    }
    return WEIR_OK;
}

static weir_status lex_name(lexer *lex, token *out, weir_error *err)
{
    uint32_t n = 1;
    while (is_letter(peek(lex, n)) || is_digit(peek(lex, n))) n++;
    if (n > WEIR_LAYOUT_NAME) {
        return weir_source_fail(lex->source, lex->at, err,
                                "a name of %u characters\nnames have at most %d", n,
                                WEIR_LAYOUT_NAME);
    }
    out->kind = TOKEN_NAME;
    out->length = n;
    out->word = weir_word_find(lex->source->text + lex->at, n);
    return WEIR_OK;
}

/* The relation of two characters that starts here, or 0. */
static int two_characters(const lexer *lex)
{
    if (peek(lex, 1) != '=') return 0;
    switch (peek(lex, 0)) {
    case '<': return TOKEN_LE;
    case '>': return TOKEN_GE;
    case '=': return TOKEN_EQ;
    case '!': return TOKEN_NE;
    default: return 0;
    }
}

static weir_status lex_punctuation(lexer *lex, token *out, weir_error *err)
{
    int relation = two_characters(lex);
    char c = peek(lex, 0);
    if (relation) {
        out->kind = relation;
        out->length = 2;
        return WEIR_OK;
    }
    if (c == 0 || !strchr("(),=:+-*/^<>", c)) {
        uint32_t n = 1;
        while (((unsigned char)peek(lex, n) & 0xC0) == 0x80) n++;
        if ((unsigned char)c < 0x20 || c == 0x7F) {
            return weir_source_fail(lex->source, lex->at, err, "an unexpected byte 0x%02X",
                                    (unsigned)(unsigned char)c);
        }
        return weir_source_fail(lex->source, lex->at, err,
                                "an unexpected character `%.*s`\n"
                                "names hold letters, digits and _; a comment starts with #",
                                (int)n, lex->source->text + lex->at);
    }
    if (c == '(') lex->parens++;
    if (c == ')' && lex->parens > 0) lex->parens--;
    out->kind = c;
    out->length = 1;
    return WEIR_OK;
}

weir_status weir_lex(lexer *lex, token *out, weir_error *err)
{
    bool ended = skip_blanks(lex);
    *out = (token){.pos = lex->at, .line = lex->newlines + 1};
    char c = peek(lex, 0);
    weir_status status = WEIR_OK;
    if (ended && lex->last != 0 && lex->last != TOKEN_END) {
        *out = (token){.kind = TOKEN_END, .pos = lex->end};
    } else if (lex->at >= lex->source->length) {
        *out = (token){.kind = TOKEN_EOF, .pos = lex->end};
    } else if (is_digit(c) || (c == '.' && is_digit(peek(lex, 1)))) {
        status = lex_number(lex, out, err);
    } else if (is_letter(c)) {
        status = lex_name(lex, out, err);
    } else {
        status = lex_punctuation(lex, out, err);
    }
    lex->last = out->kind;
    if (out->length) lex->end = lex->at += out->length;
    return status;
}

const char *weir_token_spelling(int kind)
{
    switch (kind) {
    case '<': return "<";
    case '>': return ">";
    case TOKEN_LE: return "<=";
    case TOKEN_GE: return ">=";
    case TOKEN_EQ: return "==";
    case TOKEN_NE: return "!=";
    default: return "";
    }
}
