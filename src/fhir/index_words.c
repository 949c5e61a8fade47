/*
 * The texts of a resource for _text and _content, by the model tables: values of the types string,
 * markdown and xhtml, wherever they stand, also in contained resources and extensions. Of strings
 * these are none, though their type says so: ids of elements, Reference.reference, `version`
 * anywhere, and Identifier.value (which the parameters of identifiers find, whole). Values of all
 * other primitive types (code, id, uri, url, canonical, oid, uuid, date, dateTime, instant, time,
 * base64Binary, numbers, boolean) are none either. Of XHTML the text nodes count; each tag parts
 * words.
 */
#include "fhir/index.h"
#include "fhir/model_tables.h"

#include <utf8proc.h>

enum {
    DEPTH_MOST = 512, /* json_read() lets in less */
    ENTITY_MOST = 16, /* bytes */
};

struct words {
    struct arena *arena;
    char *out; /* the texts as they are, a new line behind each: folded in one go */
    size_t n;
    size_t room;
    bool no_memory;
};

static void put(struct words *w, const char *p, size_t n)
{
    if (w->room - w->n < n) {
        size_t room = w->room > n ? w->room * 2 : w->room + n + 256;
        char *out = arena_alloc(w->arena, room);
        if (!out) {
            w->no_memory = true;
            return;
        }
        if (w->n) {
            memcpy(out, w->out, w->n);
        }
        w->out = out;
        w->room = room;
    }
    if (n) {
        memcpy(w->out + w->n, p, n);
        w->n += n;
    }
}

static void put_text(struct words *w, text t)
{
    put(w, t.p, t.n);
    put(w, "\n", 1);
}

/* --- XHTML --------------------------------------------------------------------------------- */

/* Entities that are letters, in small letters: folding would make them small in any case. All
 * others but numbers and &amp; part words. */
static const struct {
    char name[8];
    char letter[4];
} entities[] = {
    {"aacute", "á"}, {"acirc", "â"},   {"aelig", "æ"},  {"agrave", "à"},  {"alpha", "α"},
    {"apos", "'"},   {"aring", "å"},   {"atilde", "ã"}, {"auml", "ä"},    {"beta", "β"},
    {"ccedil", "ç"}, {"chi", "χ"},     {"delta", "δ"},  {"eacute", "é"},  {"ecirc", "ê"},
    {"egrave", "è"}, {"epsilon", "ε"}, {"eta", "η"},    {"eth", "ð"},     {"euml", "ë"},
    {"gamma", "γ"},  {"iacute", "í"},  {"icirc", "î"},  {"igrave", "ì"},  {"iota", "ι"},
    {"iuml", "ï"},   {"kappa", "κ"},   {"lambda", "λ"}, {"lsquo", "'"},   {"micro", "µ"},
    {"mu", "μ"},     {"ntilde", "ñ"},  {"nu", "ν"},     {"oacute", "ó"},  {"ocirc", "ô"},
    {"oelig", "œ"},  {"ograve", "ò"},  {"omega", "ω"},  {"omicron", "ο"}, {"oslash", "ø"},
    {"otilde", "õ"}, {"ouml", "ö"},    {"phi", "φ"},    {"pi", "π"},      {"psi", "ψ"},
    {"rho", "ρ"},    {"rsquo", "'"},   {"scaron", "š"}, {"shy", ""},      {"sigma", "σ"},
    {"sigmaf", "ς"}, {"szlig", "ß"},   {"tau", "τ"},    {"theta", "θ"},   {"thorn", "þ"},
    {"uacute", "ú"}, {"ucirc", "û"},   {"ugrave", "ù"}, {"upsilon", "υ"}, {"uuml", "ü"},
    {"xi", "ξ"},     {"yacute", "ý"},  {"yuml", "ÿ"},   {"zeta", "ζ"},    {"amp", "&"},
};

static int digit_of(char c, unsigned base)
{
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 16;
    return digit < (int)base ? digit : -1;
}

/* What follows "&#". */
static void put_number(struct words *w, text t)
{
    bool hex = t.n && (t.p[0] == 'x' || t.p[0] == 'X');
    unsigned base = hex ? 16 : 10;
    utf8proc_int32_t c = 0;
    unsigned char bytes[4];
    t = hex ? text_from(t, 1) : t;
    for (size_t i = 0; i < t.n; i++) {
        int digit = digit_of(t.p[i], base);
        c = c * (int)base + digit;
        if (digit < 0 || c > 0x10FFFF) {
            c = 0;
            break;
        }
    }
    if (c > ' ' && utf8proc_codepoint_valid(c)) {
        put(w, (const char *)bytes, (size_t)utf8proc_encode_char(c, bytes));
    } else {
        put(w, " ", 1);
    }
}

/* name: between '&' and ';' */
static void put_entity(struct words *w, text name)
{
    if (name.n && name.p[0] == '#') {
        put_number(w, text_from(name, 1));
        return;
    }
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (text_eq_nocase(name, text_of(entities[i].name))) {
            put(w, entities[i].letter, strlen(entities[i].letter));
            return;
        }
    }
    put(w, " ", 1);
}

/* What is behind the tag or comment that t begins with. */
static text skip_markup(text t)
{
    if (text_starts(t, T("<!--"))) {
        for (size_t i = 4; i + 3 <= t.n; i++) {
            if (memcmp(t.p + i, "-->", 3) == 0) {
                return text_from(t, i + 3);
            }
        }
        return text_from(t, t.n);
    }
    char quote = 0;
    for (size_t i = 1; i < t.n; i++) {
        char c = t.p[i];
        if (quote) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return text_from(t, i + 1);
        }
    }
    return text_from(t, t.n);
}

static void put_xhtml(struct words *w, text t)
{
    while (t.n) {
        size_t plain = 0;
        while (plain < t.n && t.p[plain] != '<' && t.p[plain] != '&') {
            plain++;
        }
        put(w, t.p, plain);
        t = text_from(t, plain);
        if (t.n == 0) {
            break;
        }
        size_t end = text_find(t, ';');
        if (t.p[0] == '<') {
            put(w, " ", 1);
            t = skip_markup(t);
        } else if (end < t.n && end <= ENTITY_MOST) {
            put_entity(w, text_make(t.p + 1, end - 1));
            t = text_from(t, end + 1);
        } else {
            t = text_from(t, 1);
        }
    }
    put(w, "\n", 1);
}

/* --- the tree ------------------------------------------------------------------------------ */

static void walk_object(struct words *w, const struct model_type *type, yyjson_val *v,
                        size_t depth);

static bool is_text(const struct model_type *type, const struct model_element *element)
{
    text name = model_text(element->name);
    if (text_eq(name, T("id")) || text_eq(name, T("version"))) {
        return false;
    }
    if (text_eq(name, T("reference"))) {
        return type != &model_types[MODEL_REFERENCE];
    }
    return !text_eq(name, T("value")) || !text_eq(model_text(type->name), T("Identifier"));
}

static void walk_value(struct words *w, const struct model_type *type,
                       const struct model_element *element, yyjson_val *v, size_t depth)
{
    if (yyjson_is_obj(v)) {
        uint16_t inner = element->type;
        if (inner == MODEL_RESOURCE) {
            inner = fhir_type_of(json_text(json_get(v, T("resourceType"))));
        }
        walk_object(w, &model_types[inner], v, depth + 1);
    } else if (!yyjson_is_str(v)) {
        return;
    } else if (element->type == MODEL_XHTML) {
        put_xhtml(w, json_text(v));
    } else if ((element->type == MODEL_STRING || element->type == MODEL_MARKDOWN) &&
               is_text(type, element)) {
        put_text(w, json_text(v));
    }
}

static void walk_member(struct words *w, const struct model_type *type, text name, yyjson_val *v,
                        size_t depth)
{
    /* `_name` has what extensions say about a primitive value. */
    static const struct model_element beside = {.type = MODEL_ELEMENT};
    const struct model_element *element =
        name.n && name.p[0] == '_' ? &beside : model_find(type, name);
    yyjson_val *item;
    size_t i, count;
    if (!element) {
        return;
    }
    if (!yyjson_is_arr(v)) {
        walk_value(w, type, element, v, depth);
        return;
    }
    yyjson_arr_foreach(v, i, count, item)
    {
        walk_value(w, type, element, item, depth);
    }
}

static void walk_object(struct words *w, const struct model_type *type, yyjson_val *v, size_t depth)
{
    size_t i, count;
    yyjson_val *name, *value;
    if (depth > DEPTH_MOST || type == &model_types[MODEL_NONE]) {
        return;
    }
    yyjson_obj_foreach(v, i, count, name, value)
    {
        walk_member(w, type, json_text(name), value, depth);
    }
}

text index_words(const struct resource *r, bool narrative_only, struct arena *a)
{
    struct words w = {.arena = a};
    if (narrative_only) {
        put_xhtml(&w, json_text(json_get(json_get(r->root, T("text")), T("div"))));
    } else {
        walk_object(&w, &model_types[r->type], r->root, 0);
    }
    return w.no_memory ? (text){0} : index_fold(text_make(w.out, w.n), a);
}
