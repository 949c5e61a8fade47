#include "fhir/path_lex.h"

#include <stdarg.h>
#include <stdio.h>

enum { QUOTE_SHORT = 40 }; /* bytes of what somebody wrote, in a message */

int path_lex_fail(struct err *e, uint32_t at, int code, const char *format, ...)
{
    char words[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    return err_set(e, code, "character %lu of the FHIRPath expression: %s", (unsigned long)at + 1,
                   words);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool path_is_plain(text name)
{
    if (!name.n || !starts_name(name.p[0])) {
        return false;
    }
    for (size_t i = 1; i < name.n; i++) {
        if (!starts_name(name.p[i]) && !is_digit(name.p[i])) {
            return false;
        }
    }
    return true;
}

static text rest_of(const struct path_lexer *l)
{
    return text_from(l->expression, l->next);
}

/* Characters before a byte; bytes are asked for in rising order. */
static uint32_t character_at(struct path_lexer *l, size_t byte)
{
    for (; l->done_bytes < byte; l->done_bytes++) {
        l->done_characters += ((unsigned char)l->expression.p[l->done_bytes] & 0xC0) != 0x80;
    }
    return l->done_characters;
}

/* --- white space and comments -------------------------------------------------------------- */

static size_t comment_end(text rest)
{
    for (size_t i = 2; i + 1 < rest.n; i++) {
        if (rest.p[i] == '*' && rest.p[i + 1] == '/') {
            return i + 2;
        }
    }
    return 0;
}

static int skip_blank(struct path_lexer *l)
{
    for (;;) {
        text rest = rest_of(l);
        if (text_starts(rest, T("//"))) {
            l->next += text_find(rest, '\n');
        } else if (text_starts(rest, T("/*"))) {
            size_t end = comment_end(rest);
            if (!end) {
                return path_lex_fail(l->e, character_at(l, l->next), ERR_INVALID,
                                     "a comment starts here and does not end; close it with */");
            }
            l->next += end;
        } else if (rest.n && (rest.p[0] == ' ' || (rest.p[0] >= '\t' && rest.p[0] <= '\r'))) {
            l->next++;
        } else {
            return 0;
        }
    }
}

/* --- quoted words -------------------------------------------------------------------------- */

static int hex_of(char c)
{
    return is_digit(c)              ? c - '0'
           : (c >= 'a' && c <= 'f') ? c - 'a' + 10
           : (c >= 'A' && c <= 'F') ? c - 'A' + 10
                                    : -1;
}

/* \uXXXX: a unit of UTF-16; -1: not four hexadecimal digits. */
static int32_t utf16_unit(text t)
{
    int32_t unit = 0;
    if (t.n < 6 || t.p[0] != '\\' || t.p[1] != 'u') {
        return -1;
    }
    for (size_t i = 2; i < 6; i++) {
        int digit = hex_of(t.p[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t put_utf8(int32_t c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        to[0] = (char)(0xC0 | (c >> 6));
        to[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        to[0] = (char)(0xE0 | (c >> 12));
        to[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        to[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | (c >> 18));
    to[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    to[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    to[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* One \uXXXX or a pair of them that is one character. 0: neither; U+0000 is in no string of FHIR.
 */
static size_t unescape_unicode(text t, char *to, size_t *written)
{
    int32_t c = utf16_unit(t);
    size_t used = 6;
    if (c >= 0xD800 && c < 0xDC00) {
        int32_t low = utf16_unit(text_from(t, 6));
        if (low < 0xDC00 || low > 0xDFFF) {
            return 0;
        }
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        used = 12;
    } else if (c <= 0 || (c >= 0xDC00 && c <= 0xDFFF)) {
        return 0;
    }
    *written = put_utf8(c, to);
    return used;
}

/* t starts with a backslash. Bytes used of it; 0: no escape of N1. What it stands for is shorter
 * than it, so `to` may be the room of the raw text. */
static size_t unescape(text t, char *to, size_t *written)
{
    static const char from[] = "`'\"\\/fnrt";
    static const char into[] = "`'\"\\/\f\n\r\t";
    if (t.n < 2) {
        return 0;
    }
    if (t.p[1] == 'u') {
        return unescape_unicode(t, to, written);
    }
    const char *found = memchr(from, t.p[1], sizeof(from) - 1);
    if (!found) {
        return 0;
    }
    *to = into[found - from];
    *written = 1;
    return 2;
}

static size_t quoted_end(text rest, bool *escapes)
{
    *escapes = false;
    for (size_t i = 1; i < rest.n; i++) {
        if (rest.p[i] == '\\') {
            *escapes = true;
            i++;
        } else if (rest.p[i] == rest.p[0]) {
            return i + 1;
        }
    }
    return 0;
}

static int take_escapes(struct path_lexer *l, text inside, size_t from, text *ret)
{
    char *to = arena_alloc(l->arena, inside.n);
    size_t n = 0;
    if (!to) {
        return err_set(l->e, ERR_MEMORY, "no memory is left for the expression");
    }
    for (size_t i = 0; i < inside.n;) {
        size_t written = 1;
        if (inside.p[i] != '\\') {
            to[n++] = inside.p[i++];
            continue;
        }
        size_t used = unescape(text_from(inside, i), to + n, &written);
        if (!used) {
            text shown = text_short(text_from(inside, i), 6);
            return path_lex_fail(l->e, character_at(l, from + i), ERR_INVALID,
                                 "%.*s is no escape; there are \\' \\\" \\` \\\\ \\/ \\f \\n \\r "
                                 "\\t and \\uXXXX",
                                 TEXT_ARG(shown));
        }
        i += used;
        n += written;
    }
    *ret = text_make(to, n);
    return 0;
}

static int lex_quoted(struct path_lexer *l, struct path_token *token)
{
    text rest = rest_of(l);
    bool escapes;
    size_t end = quoted_end(rest, &escapes);
    if (!end) {
        return path_lex_fail(l->e, token->at, ERR_INVALID,
                             "%s starts here and does not end; close it with %c",
                             rest.p[0] == '\'' ? "a string" : "a name", rest.p[0]);
    }
    token->kind = rest.p[0] == '\'' ? TOKEN_STRING : TOKEN_DELIMITED;
    token->raw = text_first(rest, end);
    token->value = text_make(rest.p + 1, end - 2);
    int rc = escapes ? take_escapes(l, token->value, l->next + 1, &token->value) : 0;
    l->next += end;
    return rc;
}

/* --- numbers and dates --------------------------------------------------------------------- */

static size_t digits_at(text t, size_t from)
{
    size_t n = from;
    while (n < t.n && is_digit(t.p[n])) {
        n++;
    }
    return n - from;
}

/* A separator and two digits. */
static bool part_at(text t, size_t at, char separator)
{
    return at < t.n && t.p[at] == separator && digits_at(t, at + 1) >= 2;
}

/* Bytes of a fraction with its point; a point without a digit behind it is an invocation. */
static size_t fraction_at(text t, size_t at)
{
    size_t digits = at < t.n && t.p[at] == '.' ? digits_at(t, at + 1) : 0;
    return digits ? digits + 1 : 0;
}

static size_t time_at(text t, size_t at)
{
    size_t n = at;
    if (digits_at(t, n) < 2) {
        return 0;
    }
    n += 2;
    for (int i = 0; i < 2; i++) {
        if (!part_at(t, n, ':')) {
            return n - at;
        }
        n += 3;
    }
    return n + fraction_at(t, n) - at;
}

static size_t zone_at(text t, size_t at)
{
    if (at < t.n && t.p[at] == 'Z') {
        return 1;
    }
    return (part_at(t, at, '+') || part_at(t, at, '-')) && part_at(t, at + 3, ':') ? 6 : 0;
}

static size_t date_at(text t)
{
    size_t n = 4;
    if (digits_at(t, 0) < 4) {
        return 0;
    }
    for (int i = 0; i < 2 && part_at(t, n, '-'); i++) {
        n += 3;
    }
    return n;
}

static int lex_moment(struct path_lexer *l, struct path_token *token)
{
    text t = text_from(rest_of(l), 1);
    size_t start = t.n && t.p[0] == 'T' ? 1 : 0;
    size_t n = start ? time_at(t, 1) : date_at(t);
    token->kind = start ? TOKEN_TIME : TOKEN_DATE;
    if (!n) {
        return path_lex_fail(l->e, token->at, ERR_INVALID,
                             "a date or time is expected behind @, as in @2020-01-31, "
                             "@2020-01-31T14:30:00Z or @T14:30");
    }
    if (!start && n < t.n && t.p[n] == 'T') {
        token->kind = TOKEN_DATE_TIME;
        n++;
        size_t time = time_at(t, n);
        n += time;
        n += time ? zone_at(t, n) : 0;
    }
    token->raw = text_first(rest_of(l), n + start + 1);
    token->value = text_make(t.p + start, n);
    l->next += token->raw.n;
    return 0;
}

static int lex_number(struct path_lexer *l, struct path_token *token)
{
    text rest = rest_of(l);
    size_t n = digits_at(rest, 0);
    n += fraction_at(rest, n);
    token->kind = TOKEN_NUMBER;
    token->raw = text_first(rest, n);
    /* Zeros in front say nothing, and could make of a short number a long one. */
    size_t zeros = 0;
    while (zeros + 1 < n && rest.p[zeros] == '0' && is_digit(rest.p[zeros + 1])) {
        zeros++;
    }
    token->value = text_from(token->raw, zeros);
    l->next += n;
    return 0;
}

/* --- names and symbols --------------------------------------------------------------------- */

static size_t name_at(text t, size_t from)
{
    size_t n = from;
    while (n < t.n && (starts_name(t.p[n]) || (n > from && is_digit(t.p[n])))) {
        n++;
    }
    return n - from;
}

static void take(struct path_lexer *l, struct path_token *token, enum path_token_kind kind,
                 size_t n)
{
    token->kind = kind;
    token->raw = text_first(rest_of(l), n);
    token->value = token->raw;
    l->next += n;
}

static int lex_special(struct path_lexer *l, struct path_token *token)
{
    static const text words[] = {{"$this", 5}, {"$index", 6}, {"$total", 6}};
    text word = text_first(rest_of(l), 1 + name_at(rest_of(l), 1));
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (text_eq(word, words[i])) {
            take(l, token, TOKEN_SPECIAL, word.n);
            return 0;
        }
    }
    return path_lex_fail(l->e, token->at, ERR_INVALID,
                         "there is no %.*s; $this, $index and $total are known",
                         TEXT_ARG(text_short(word, QUOTE_SHORT)));
}

static int lex_symbol(struct path_lexer *l, struct path_token *token)
{
    static const text symbols[] = {{"<=", 2}, {">=", 2}, {"!=", 2}, {"!~", 2}};
    text rest = rest_of(l);
    for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
        if (text_starts(rest, symbols[i])) {
            take(l, token, TOKEN_SYMBOL, symbols[i].n);
            return 0;
        }
    }
    if (rest.p[0] && memchr("()[]{}.,%+-*/&|<>=~", rest.p[0], 19)) {
        take(l, token, TOKEN_SYMBOL, 1);
        return 0;
    }
    if ((unsigned char)rest.p[0] < 0x20 || rest.p[0] == 0x7F) {
        return path_lex_fail(l->e, token->at, ERR_INVALID,
                             "a control character (%u) stands outside of a string",
                             (unsigned)(unsigned char)rest.p[0]);
    }
    size_t n = 1;
    while (n < rest.n && ((unsigned char)rest.p[n] & 0xC0) == 0x80) {
        n++;
    }
    return path_lex_fail(l->e, token->at, ERR_INVALID,
                         rest.p[0] == '"' ? "%.*s starts nothing; strings stand between '"
                                          : "%.*s starts nothing that FHIRPath knows",
                         (int)n, rest.p);
}

int path_lex(struct path_lexer *l, struct path_token *ret_token)
{
    int rc = skip_blank(l);
    if (rc) {
        return rc;
    }
    text rest = rest_of(l);
    *ret_token = (struct path_token){.at = character_at(l, l->next), .raw = text_first(rest, 0)};
    if (!rest.n) {
        return 0;
    }
    char c = rest.p[0];
    if (starts_name(c)) {
        take(l, ret_token, TOKEN_IDENTIFIER, name_at(rest, 0));
        return 0;
    }
    return is_digit(c)             ? lex_number(l, ret_token)
           : c == '\'' || c == '`' ? lex_quoted(l, ret_token)
           : c == '@'              ? lex_moment(l, ret_token)
           : c == '$'              ? lex_special(l, ret_token)
                                   : lex_symbol(l, ret_token);
}
