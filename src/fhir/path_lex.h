/* Inside fhir/path_*.c: the words of an expression (FHIRPath N1 "Lexical Elements"). */
#ifndef KITH_FHIR_PATH_LEX_H
#define KITH_FHIR_PATH_LEX_H

#include "fhir/path.h"

enum path_token_kind {
    TOKEN_END,
    TOKEN_IDENTIFIER, /* also the words that are operators or units: only their place tells */
    TOKEN_DELIMITED,  /* `identifier`, without its quotes and escapes */
    TOKEN_STRING,     /* 'string', the same */
    TOKEN_NUMBER,
    TOKEN_DATE,      /* without @ */
    TOKEN_DATE_TIME, /* without @ */
    TOKEN_TIME,      /* without @T */
    TOKEN_SPECIAL,   /* $this, $index, $total */
    TOKEN_SYMBOL,    /* ( ) [ ] { } . , % and the operators that are no words */
};

struct path_token {
    enum path_token_kind kind;
    text raw;   /* as it stands there; empty at the end */
    text value; /* what it means, see above */
    uint32_t at;
};

/* Where reading stands; done_bytes and done_characters: so many were counted already. */
struct path_lexer {
    text expression; /* UTF-8 */
    size_t next;
    size_t done_bytes;
    uint32_t done_characters;
    struct arena *arena;
    struct err *e;
};

/* The next word behind white space and comments. ERR_INVALID, ERR_MEMORY. */
int path_lex(struct path_lexer *lexer, struct path_token *ret_token);

/* "character N: ..." with N from 1; returns code. */
int path_lex_fail(struct err *e, uint32_t at, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * What the token of a literal means (path_literal.c). `next` is the token behind it: used, where it
 * is the unit of a quantity. `negative`: a minus stands right before a number. The least Integer is
 * given as 2147483648 then, and the minus belongs to it. ERR_INVALID.
 */
int path_literal(const struct path_token *token, const struct path_token *next, bool negative,
                 struct path_item *ret, bool *ret_used_next, struct err *e);

/* Whether a name stands without quotes: a letter or _, then letters, digits and _. */
bool path_is_plain(text name);

#endif
