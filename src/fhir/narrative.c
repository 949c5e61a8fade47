#include "fhir/narrative.h"

#include "fhir/primitive.h"
#include "fhir/xml_div.h"

enum { HEADING_NONE = 7, HEADING_LAST = 6, SPAN_MOST = 3 };

struct walk {
    struct html *h;
    unsigned level; /* of the page's heading above the narrative */
    unsigned least; /* of the narrative's own headings: 1 to 6 */
    unsigned last;  /* of what was written */
    text caption;   /* of the first table; empty: none, or it has been written */
};

/* What may stand in a narrative, what it becomes, and in which elements alone (a browser would let
 * it close what is around it). */
static const struct element {
    const char *name;
    const char *as;
    const char *within; /* NULL: anywhere */
} elements[] = {
    {"a", "a", NULL},
    {"abbr", "abbr", NULL},
    {"acronym", "abbr", NULL},
    {"address", "address", NULL},
    {"b", "b", NULL},
    {"bdo", "bdo", NULL},
    {"blockquote", "blockquote", NULL},
    {"br", "br", NULL},
    {"caption", "caption", "table"},
    {"center", "div", NULL},
    {"cite", "cite", NULL},
    {"code", "code", NULL},
    {"dd", "dd", "dl"},
    {"del", "del", NULL},
    {"dfn", "dfn", NULL},
    {"div", "div", NULL},
    {"dl", "dl", NULL},
    {"dt", "dt", "dl"},
    {"em", "em", NULL},
    {"hr", "hr", NULL},
    {"i", "i", NULL},
    {"ins", "ins", NULL},
    {"kbd", "kbd", NULL},
    {"li", "li", "ul ol"},
    {"ol", "ol", NULL},
    {"p", "p", NULL},
    {"pre", "pre", NULL},
    {"q", "q", NULL},
    {"s", "s", NULL},
    {"samp", "samp", NULL},
    {"small", "small", NULL},
    {"strike", "s", NULL},
    {"strong", "strong", NULL},
    {"sub", "sub", NULL},
    {"sup", "sup", NULL},
    {"table", "table", NULL},
    {"tbody", "tbody", "table"},
    {"td", "td", "tr"},
    {"tfoot", "tfoot", "table"},
    {"th", "th", "tr"},
    {"thead", "thead", "table"},
    {"tr", "tr", "table thead tbody tfoot"},
    {"tt", "code", NULL},
    {"u", "u", NULL},
    {"ul", "ul", NULL},
    {"var", "var", NULL},
};

/* What these have in them is nothing to read. */
static bool is_dropped_whole(const struct xml_node *n)
{
    bool foreign = n->space.n && !text_eq(n->space, XHTML_SPACE);
    return foreign ||
           text_is_among(n->name,
                         "script style head title iframe frame frameset object applet embed "
                         "noscript template select option textarea button input map area "
                         "link meta base param col colgroup");
}

/* 1 to 6; 0: none. */
static unsigned heading_of(text name)
{
    bool is = name.n == 2 && name.p[0] == 'h' && name.p[1] >= '1' && name.p[1] <= '6';
    return is ? (unsigned)(name.p[1] - '0') : 0;
}

static unsigned least_heading(const struct xml_node *n)
{
    unsigned least = heading_of(n->name);
    least = least ? least : HEADING_NONE;
    for (const struct xml_node *c = n->first; c; c = c->next) {
        unsigned below = c->kind == XML_ELEMENT ? least_heading(c) : HEADING_NONE;
        least = below < least ? below : least;
    }
    return least;
}

/* --- attributes ------------------------------------------------------------------------------ */

static bool is_span(text value)
{
    uint64_t n;
    return value.n <= SPAN_MOST && text_to_u64(value, &n) && n > 0;
}

/* "en", "cy-GB" */
static bool is_language(text value)
{
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-')) {
            return false;
        }
    }
    return value.n >= 2 && value.n <= 35;
}

static void put_where(const struct xml_node *n, struct html *h, const char *name,
                      bool (*fits)(text))
{
    text value = xml_attribute_of(n, text_of(name));
    if (value.p && fits(value)) {
        html_attribute(h, name, value);
    }
}

static bool is_direction(text value)
{
    return text_is_among(value, "ltr rtl");
}

static bool is_scope(text value)
{
    return text_is_among(value, "col row colgroup rowgroup");
}

static bool is_words(text value)
{
    return value.n > 0;
}

/* Only addresses that say where they lead: those without a scheme meant a place of the sender. */
static bool is_elsewhere(text value)
{
    return !strchr("/#?", value.n ? value.p[0] : '#') && html_is_link(value);
}

static void put_attributes(const struct xml_node *n, text as, text parent, struct html *h)
{
    put_where(n, h, "lang", is_language);
    put_where(n, h, "dir", is_direction);
    put_where(n, h, "title", is_words);
    if (text_is_among(as, "td th")) {
        put_where(n, h, "colspan", is_span);
        put_where(n, h, "rowspan", is_span);
    }
    if (text_eq(as, T("th"))) {
        text scope = xml_attribute_of(n, T("scope"));
        html_attribute(h, "scope",
                       scope.p && is_scope(scope)    ? scope
                       : text_eq(parent, T("thead")) ? T("col")
                                                     : T("row"));
    }
    if (text_eq(as, T("a")) && is_elsewhere(xml_attribute_of(n, T("href")))) {
        put_where(n, h, "href", is_elsewhere);
        html_attribute(h, "rel", T("nofollow noopener noreferrer"));
    }
}

/* --- the walk -------------------------------------------------------------------------------- */

static const struct element *element_of(text name, text parent)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++) {
        if (text_eq(name, text_of(elements[i].name))) {
            bool fits = !elements[i].within || text_is_among(parent, elements[i].within);
            return fits ? &elements[i] : NULL;
        }
    }
    return NULL;
}

/* Where a cell comes: the part of the table that its row stands in. */
static text around(const struct walk *w)
{
    size_t depth = w->h->depth;
    return depth > 1 ? w->h->open[depth - 2] : T("");
}

static text inside_of(const struct walk *w)
{
    return w->h->depth ? w->h->open[w->h->depth - 1] : T("");
}

static void put_node(struct walk *w, const struct xml_node *n);

static void put_children(struct walk *w, const struct xml_node *n)
{
    for (const struct xml_node *c = n->first; c; c = c->next) {
        put_node(w, c);
    }
}

static void put_caption(struct walk *w, const struct xml_node *table)
{
    const struct xml_node *c = table->first;
    while (c && !(c->kind == XML_ELEMENT && text_eq(c->name, T("caption")))) {
        c = c->next;
    }
    if (!c && w->caption.n) {
        html_element(w->h, "caption", w->caption);
    }
    w->caption = T("");
}

/* Below the page's heading and never more than one deeper than the one before. */
static void put_heading(struct walk *w, const struct xml_node *n, unsigned own)
{
    static const char *const names[] = {"h1", "h2", "h3", "h4", "h5", "h6"};
    unsigned level = w->level + 1 + own - w->least;
    level = level > w->last + 1 ? w->last + 1 : level;
    level = level > HEADING_LAST ? HEADING_LAST : level;
    w->last = level;
    html_open(w->h, names[level - 1]);
    put_attributes(n, T("h"), T(""), w->h);
    put_children(w, n);
    html_close(w->h);
}

static void put_element(struct walk *w, const struct xml_node *n)
{
    unsigned heading = heading_of(n->name);
    const struct element *as = element_of(n->name, inside_of(w));
    if (is_dropped_whole(n)) {
        return;
    }
    if (heading) {
        put_heading(w, n, heading);
    } else if (text_eq(n->name, T("img"))) {
        html_text(w->h, xml_attribute_of(n, T("alt")));
    } else if (!as) {
        put_children(w, n);
        html_text(w->h, T(" ")); /* words of two elements stay two words */
    } else {
        text beyond = around(w);
        html_open(w->h, as->as);
        put_attributes(n, text_of(as->as), beyond, w->h);
        if (text_eq(n->name, T("table"))) {
            put_caption(w, n);
        }
        if (!text_is_among(text_of(as->as), "br hr")) {
            put_children(w, n);
            html_close(w->h);
        }
    }
}

static void put_node(struct walk *w, const struct xml_node *n)
{
    bool in_table = text_is_among(inside_of(w), "table thead tbody tfoot tr ul ol dl");
    if (n->kind == XML_ELEMENT) {
        put_element(w, n);
    } else if (n->kind == XML_TEXT && !(in_table && text_trim(n->chars).n == 0)) {
        html_text(w->h, n->chars);
    }
}

int narrative_write(text div, unsigned level, text caption, struct arena *a, struct html *h,
                    struct err *e)
{
    const struct xml_node *root = NULL;
    struct buf xml;
    if (div.n > NARRATIVE_BYTES_MOST) {
        return err_set(e, ERR_TOO_LARGE, "the narrative is larger than %d bytes",
                       NARRATIVE_BYTES_MOST);
    }
    if (!primitive_xhtml(div)) {
        return err_set(e, ERR_INVALID, "this is no narrative");
    }
    buf_init(&xml, (size_t)8 * NARRATIVE_BYTES_MOST);
    int rc = xml_div_write(div, a, &xml, e);
    /* The tree may be slices of the bytes: they stay as long as it does. */
    rc = rc ? rc : xml_read(buf_text(&xml), XML_DIV_DEPTH, a, &root, e);
    if (!rc) {
        struct walk w = {h, level, least_heading(root), level, caption};
        size_t depth = h->depth;
        html_open(h, "div");
        put_attributes(root, T("div"), T(""), h);
        put_children(&w, root);
        html_close_to(h, depth);
    }
    buf_done(&xml);
    return rc;
}
