/* Code systems whose codes are made by a grammar, or stand in a short list of a standard. */
#include "fhir/code_grammar_tables.h"
#include "fhir/codes.h"
#include "fhir/model_tables.h"
#include "fhir/primitive.h"
#include "fhir/ucum.h"

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_alpha(c) || is_digit(c);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

/* Whether t has `least` to `most` characters, all of a kind. */
static bool all(text t, size_t least, size_t most, bool (*kind)(char))
{
    bool good = t.n >= least && t.n <= most;
    for (size_t i = 0; good && i < t.n; i++) {
        good = kind(t.p[i]);
    }
    return good;
}

/* Whether t stands between spaces in the list. */
static bool in_list(text list, text t)
{
    text item;
    while (text_cut(&list, ' ', &item)) {
        if (text_eq_nocase(item, t)) {
            return true;
        }
    }
    return false;
}

/* --- urn:ietf:bcp:47: well-formed by RFC 5646, 2.1 ----------------------------------------- */

/* The parts of a tag, one after the other. */
struct tag {
    text part; /* p == NULL: there are no more */
    text rest;
};

static void next_part(struct tag *t)
{
    if (!text_cut(&t->rest, '-', &t->part)) {
        t->part = (text){0};
    }
}

/* Goes on where the part is of this form. */
static bool take(struct tag *t, size_t least, size_t most, bool (*kind)(char))
{
    if (!t->part.p || !all(t->part, least, most, kind)) {
        return false;
    }
    next_part(t);
    return true;
}

static bool take_variant(struct tag *t)
{
    if (t->part.n == 4 && !is_digit(t->part.p[0])) {
        return false;
    }
    return take(t, 4, 8, is_alnum);
}

/* Whether a part of the tag that begins at `from` is `part`, before it. */
static bool seen_before(const char *from, text part)
{
    text before = text_make(from, (size_t)(part.p - from)), item;
    while (text_cut(&before, '-', &item)) {
        if (text_eq_nocase(item, part)) {
            return true;
        }
    }
    return false;
}

static bool take_variants(struct tag *t)
{
    const char *from = t->part.p;
    for (;;) {
        text part = t->part;
        if (!part.p || !take_variant(t)) {
            return true;
        }
        if (seen_before(from, part)) {
            return false;
        }
    }
}

/* Extensions: a letter or digit but x, each once, and what it has; then what is private. */
static bool take_extensions(struct tag *t)
{
    const char *from = t->part.p;
    while (t->part.p && t->part.n == 1 && is_alnum(t->part.p[0])) {
        text singleton = t->part;
        bool is_private = text_eq_nocase(singleton, T("x"));
        if (!is_private && seen_before(from, singleton)) {
            return false;
        }
        next_part(t);
        if (!take(t, is_private ? 1 : 2, 8, is_alnum)) {
            return false;
        }
        while (take(t, is_private ? 1 : 2, 8, is_alnum)) {
        }
    }
    return !t->part.p;
}

static bool language_ok(text code)
{
    /* The others of these old tags are of the usual form. */
    static const char *const old = "en-GB-oed i-ami i-bnn i-default i-enochian i-hak i-klingon "
                                   "i-lux i-mingo i-navajo i-pwn i-tao i-tay i-tsu sgn-BE-FR "
                                   "sgn-BE-NL sgn-CH-DE";
    struct tag t = {.rest = code};
    if (in_list(text_of(old), code)) {
        return true;
    }
    next_part(&t);
    if (text_eq_nocase(t.part, T("x"))) {
        return take_extensions(&t);
    }
    size_t letters = t.part.n;
    if (!take(&t, 2, 8, is_alpha)) {
        return false;
    }
    for (size_t i = 0; i < 3 && letters <= 3 && take(&t, 3, 3, is_alpha); i++) {
    }
    (void)take(&t, 4, 4, is_alpha);
    if (!take(&t, 2, 2, is_alpha)) {
        (void)take(&t, 3, 3, is_digit);
    }
    return take_variants(&t) && take_extensions(&t);
}

/* --- urn:ietf:bcp:13: RFC 6838, 4.2, with the parameters of RFC 2045 ----------------------- */

static bool is_name_char(char c)
{
    return is_alnum(c) || is_one_of(c, "!#$&-^_.+");
}

static bool is_token_char(char c)
{
    return is_alnum(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
}

static bool media_name_ok(text t)
{
    return all(t, 1, 127, is_name_char) && is_alnum(t.p[0]);
}

/* What follows the value of a parameter that t begins with; p == NULL: it is none. */
static text skip_value(text t)
{
    size_t i = 0;
    if (t.n == 0 || t.p[0] != '"') {
        while (i < t.n && is_token_char(t.p[i])) {
            i++;
        }
        return i ? text_from(t, i) : (text){0};
    }
    for (i = 1; i < t.n && t.p[i] != '"'; i++) {
        i += t.p[i] == '\\';
        if (i >= t.n || ((unsigned char)t.p[i] < ' ' && t.p[i] != '\t') || t.p[i] == 0x7F) {
            return (text){0};
        }
    }
    return i < t.n ? text_from(t, i + 1) : (text){0};
}

static bool media_ok(text code)
{
    size_t end = text_find(code, ';');
    text name = text_trim(text_first(code, end)), rest = text_from(code, end), type;
    if (code.n == 0 || name.p != code.p || !text_cut(&name, '/', &type) || !media_name_ok(type) ||
        !name.p || !media_name_ok(name)) {
        return false;
    }
    while (rest.n) {
        if (rest.p[0] != ';') {
            return false;
        }
        text parameter;
        rest = text_trim(text_from(rest, 1));
        if (!text_cut(&rest, '=', &parameter) || !rest.p ||
            !all(parameter, 1, 127, is_token_char)) {
            return false;
        }
        rest = skip_value(rest);
        if (!rest.p) {
            return false;
        }
        rest = text_trim(rest);
    }
    return code.p[code.n - 1] != ' ' && code.p[code.n - 1] != '\t';
}

/* --- urn:iso:std:iso:3166, urn:iso:std:iso:4217 -------------------------------------------- */

static bool in_rows(const char *rows, size_t count, size_t width, size_t at, text code)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(rows + i * width + at, code.p, code.n) == 0) {
            return true;
        }
    }
    return false;
}

static bool country_ok(text code)
{
    size_t at = code.n == 2 ? 0 : code.n == 3 && is_digit(code.p[0]) ? 5 : 2;
    return (code.n == 2 || code.n == 3) &&
           in_rows(code_grammar_countries, code_grammar_country_count, 8, at, code);
}

static bool is_upper_or_digit(char c)
{
    return (c >= 'A' && c <= 'Z') || is_digit(c);
}

/* ISO 3166-2 by its form: a country, and what it names its part. */
static bool part_of_country_ok(text code)
{
    return code.n > 3 && code.p[2] == '-' && country_ok(text_first(code, 2)) &&
           all(text_from(code, 3), 1, 3, is_upper_or_digit);
}

static bool country_or_part_ok(text code)
{
    return country_ok(code) || part_of_country_ok(code);
}

static bool currency_ok(text code)
{
    return code.n == 3 && in_rows(code_grammar_currencies, code_grammar_currency_count, 3, 0, code);
}

/* --- urn:ietf:rfc:3986: with a scheme ------------------------------------------------------ */

static bool uuid_ok(text t)
{
    bool good = t.n == 36;
    for (size_t i = 0; good && i < t.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        good = dash ? t.p[i] == '-' : is_hex(t.p[i]);
    }
    return good;
}

/* Characters of a URI, brackets only as they stand around an address of IPv6. */
static bool uri_chars_ok(text t, bool brackets)
{
    bool fragment = false;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (c == '%') {
            if (t.n - i < 3 || !is_hex(t.p[i + 1]) || !is_hex(t.p[i + 2])) {
                return false;
            }
        } else if (c == '#') {
            if (fragment) {
                return false;
            }
            fragment = true;
        } else if (c == '[' || c == ']') {
            if (!brackets) {
                return false;
            }
        } else if (!is_alnum(c) && !is_one_of(c, "-._~:/?@!$&'()*+,;=")) {
            return false;
        }
    }
    return true;
}

static bool uri_ok(text code)
{
    size_t colon = text_find(code, ':'), slash = 0;
    text rest = text_from(code, colon + 1);
    if (colon == 0 || colon == code.n || rest.n == 0 || !is_alpha(code.p[0])) {
        return false;
    }
    for (size_t i = 1; i < colon; i++) {
        if (!is_alnum(code.p[i]) && !is_one_of(code.p[i], "+-.")) {
            return false;
        }
    }
    if (text_starts(code, T("urn:uuid:"))) {
        return uuid_ok(text_from(code, 9));
    }
    if (text_starts(code, T("urn:oid:"))) {
        return primitive_ok(MODEL_OID, code);
    }
    if (text_starts(rest, T("//"))) {
        slash = 2;
        while (slash < rest.n && !is_one_of(rest.p[slash], "/?#")) {
            slash++;
        }
    }
    return uri_chars_ok(text_first(rest, slash), true) &&
           uri_chars_ok(text_from(rest, slash), false);
}

/* --- https://www.iana.org/time-zones ------------------------------------------------------- */

static bool is_zone_char(char c)
{
    return is_alnum(c) || is_one_of(c, "_-+");
}

/* The areas and the names without one are few and known; places come and go: their form counts. */
static bool zone_ok(text code)
{
    static const char *const areas = "Africa America Antarctica Arctic Asia Atlantic Australia "
                                     "Brazil Canada Chile Etc Europe Indian Mexico Pacific US";
    static const char *const names =
        "CET CST6CDT Cuba EET EST EST5EDT Egypt Eire Factory GB GB-Eire GMT GMT+0 GMT-0 GMT0 "
        "Greenwich HST Hongkong Iceland Iran Israel Jamaica Japan Kwajalein Libya MET MST MST7MDT "
        "NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK Singapore Turkey UCT UTC Universal "
        "W-SU WET Zulu";
    text rest = code, part, list, item;
    bool found = false;
    (void)text_cut(&rest, '/', &part);
    list = text_of(rest.p ? areas : names);
    while (!found && text_cut(&list, ' ', &item)) {
        found = text_eq(item, part);
    }
    for (size_t i = 0; found && text_cut(&rest, '/', &part); i++) {
        found = i < 2 && all(part, 1, 32, is_zone_char) && is_alpha(part.p[0]);
    }
    return found;
}

/* ------------------------------------------------------------------------------------------- */

static enum codes_answer unit_answer(text code, struct arena *a)
{
    struct arena_mark mark = arena_mark(a);
    const struct ucum_unit *unit;
    int failed = ucum_parse(code, a, &unit, NULL);
    arena_rewind(a, mark);
    return failed == ERR_MEMORY ? CODES_UNKNOWN : failed ? CODES_NO : CODES_YES;
}

enum codes_answer codes_by_grammar(text system, text code, struct arena *a)
{
    static const struct {
        text system;
        bool (*ok)(text code);
    } grammars[] = {
        {{"urn:ietf:bcp:47", 15}, language_ok},
        {{"urn:ietf:bcp:13", 15}, media_ok},
        {{"urn:iso:std:iso:3166", 20}, country_or_part_ok},
        {{"urn:iso:std:iso:3166:-2", 23}, part_of_country_ok},
        {{"urn:iso:std:iso:4217", 20}, currency_ok},
        {{"urn:ietf:rfc:3986", 17}, uri_ok},
        {{"https://www.iana.org/time-zones", 31}, zone_ok},
    };
    if (text_eq(system, T(UCUM_SYSTEM))) {
        return unit_answer(code, a);
    }
    for (size_t i = 0; i < sizeof grammars / sizeof *grammars; i++) {
        if (text_eq(system, grammars[i].system)) {
            return grammars[i].ok(code) ? CODES_YES : CODES_NO;
        }
    }
    return CODES_UNKNOWN;
}
