#include "fhir/primitive.h"

enum { TAGS_MOST = 128 };

struct xhtml {
    const char *p;
    const char *end;
    text open[TAGS_MOST]; /* names of the elements that are open */
    size_t depth;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == ':' || c == '.' || (unsigned char)c >= 0x80;
}

static void skip_space(struct xhtml *x)
{
    while (x->p < x->end && is_space(*x->p)) {
        x->p++;
    }
}

static text take_name(struct xhtml *x)
{
    const char *from = x->p;
    while (x->p < x->end && is_name(*x->p)) {
        x->p++;
    }
    return (text){from, (size_t)(x->p - from)};
}

static bool take(struct xhtml *x, text t)
{
    if (text_starts((text){x->p, (size_t)(x->end - x->p)}, t)) {
        x->p += t.n;
        return true;
    }
    return false;
}

/* &name; or &#number; */
static bool entity(struct xhtml *x)
{
    x->p++;
    (void)take(x, T("#"));
    return take_name(x).n > 0 && take(x, T(";"));
}

/* Elements that act, ask for content from elsewhere, or make a document. */
static bool forbidden(text name)
{
    static const char *const names[] = {"script", "style",  "form",  "input",  "button", "iframe",
                                        "frame",  "object", "embed", "applet", "base",   "link",
                                        "meta",   "head",   "body",  "html"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_eq_nocase(name, text_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* Links that run code. A scheme has no entities in it, unless somebody hides one. */
static bool link_acts(text name, text value)
{
    static const char *const schemes[] = {"javascript", "vbscript", "data"};
    if (!text_eq_nocase(name, T("href")) && !text_eq_nocase(name, T("src"))) {
        return false;
    }
    text scheme = text_trim(value);
    size_t end = 0;
    while (end < scheme.n && !strchr(":/?#", scheme.p[end])) {
        if (scheme.p[end] == '&' || (unsigned char)scheme.p[end] < 0x20) {
            return true;
        }
        end++;
    }
    bool image = text_starts(text_from(scheme, end), T(":image/"));
    for (size_t i = 0;
         end < scheme.n && scheme.p[end] == ':' && i < sizeof schemes / sizeof *schemes; i++) {
        if (text_eq_nocase(text_first(scheme, end), text_of(schemes[i]))) {
            return !image;
        }
    }
    return false;
}

static bool attribute(struct xhtml *x)
{
    text name = take_name(x);
    if (name.n == 0 || text_eq_nocase(text_first(name, 2), T("on"))) {
        return false;
    }
    skip_space(x);
    if (!take(x, T("="))) {
        return false;
    }
    skip_space(x);
    if (x->p == x->end || (*x->p != '"' && *x->p != '\'')) {
        return false;
    }
    char quote = *x->p++;
    const char *start = x->p;
    while (x->p < x->end && *x->p != quote) {
        if (*x->p == '<') {
            return false;
        }
        if (*x->p != '&') {
            x->p++;
        } else if (!entity(x)) {
            return false;
        }
    }
    if (x->p == x->end || link_acts(name, text_make(start, (size_t)(x->p - start)))) {
        return false;
    }
    x->p++;
    return true;
}

static bool start_tag(struct xhtml *x)
{
    text name = take_name(x);
    if (name.n == 0 || forbidden(name) || x->depth >= TAGS_MOST) {
        return false;
    }
    if (x->depth == 0 && !text_eq(name, T("div"))) {
        return false;
    }
    for (;;) {
        bool spaced = x->p < x->end && is_space(*x->p);
        skip_space(x);
        if (take(x, T("/>"))) {
            return true;
        }
        if (take(x, T(">"))) {
            x->open[x->depth++] = name;
            return true;
        }
        if (!spaced || !attribute(x)) {
            return false;
        }
    }
}

static bool end_tag(struct xhtml *x)
{
    text name = take_name(x);
    skip_space(x);
    if (x->depth == 0 || !text_eq(name, x->open[x->depth - 1]) || !take(x, T(">"))) {
        return false;
    }
    x->depth--;
    return true;
}

static bool comment(struct xhtml *x)
{
    while (x->p < x->end) {
        if (take(x, T("--"))) {
            return take(x, T(">"));
        }
        x->p++;
    }
    return false;
}

/* What starts with '<': CDATA, document types and processing instructions are none of these. */
static bool markup(struct xhtml *x)
{
    x->p++;
    if (take(x, T("/"))) {
        return end_tag(x);
    }
    return take(x, T("!--")) ? comment(x) : start_tag(x);
}

bool primitive_xhtml(text t)
{
    struct xhtml x;
    x.p = t.p;
    x.end = t.p + t.n;
    x.depth = 0;
    skip_space(&x);
    if (!text_starts((text){x.p, (size_t)(x.end - x.p)}, T("<div"))) {
        return false;
    }
    do {
        if (*x.p == '<') {
            if (!markup(&x)) {
                return false;
            }
        } else if (*x.p == '&') {
            if (!entity(&x)) {
                return false;
            }
        } else {
            x.p++;
        }
    } while (x.depth && x.p < x.end);
    skip_space(&x);
    return x.depth == 0 && x.p == x.end;
}
