/*
 * txt-1 and txt-2 of Narrative.div (R4 narrative.html): only the elements and attributes of
 * HTML 4.0 that format text, and something to read. primitive_xhtml() has passed what comes here:
 * it is well-formed and has nothing in it that acts.
 */
#include "fhir/profile_rule.h"
#include "fhir/xml_div.h"

struct scan {
    const char *p;
    const char *end;
    bool in_space; /* the outermost div is in the namespace of XHTML */
    bool is_plain; /* no element, attribute or entity that may not stand here */
    bool has_content;
};

static bool is_element(text name)
{
    return text_is_among(name,
                         "a abbr acronym address area b bdo big blockquote br caption center cite "
                         "code col colgroup dd del dfn div dl dt em font h1 h2 h3 h4 h5 h6 hr i "
                         "img ins kbd li map ol p pre q s samp small span strike strong sub sup "
                         "table tbody td tfoot th thead tr tt u ul var");
}

static bool is_attribute(text name)
{
    return text_is_among(name,
                         "abbr accesskey align alt axis background bgcolor border cellpadding "
                         "cellspacing char charoff charset cite class clear color colspan compact "
                         "coords datetime dir face frame headers height href hreflang hspace id "
                         "ismap lang longdesc name nohref noshade nowrap rel rev rowspan rules "
                         "scope shape size span src start style summary tabindex target title "
                         "type usemap valign value vspace width xml:lang xml:space xml:id xmlns");
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_to(struct scan *s, const char *stops)
{
    while (s->p < s->end && !strchr(stops, *s->p)) {
        s->p++;
    }
}

/* Behind '&'; a character that nobody sees is content too, since somebody asked for it. */
static void read_entity(struct scan *s)
{
    const char *from = ++s->p;
    skip_to(s, ";");
    text name = text_make(from, (size_t)(s->p - from));
    bool is_number = name.n && name.p[0] == '#';
    s->is_plain &=
        is_number || text_is_among(name, "lt gt amp quot apos") || xml_named_char(name) != 0;
    s->p += s->p < s->end;
}

static void read_value(struct scan *s)
{
    skip_to(s, "\"'");
    const char quote[2] = {s->p < s->end ? *s->p : '"', '\0'};
    const char stops[3] = {quote[0], '&', '\0'};
    s->p += s->p < s->end;
    for (skip_to(s, stops); s->p < s->end && *s->p == '&'; skip_to(s, stops)) {
        read_entity(s);
    }
    s->p += s->p < s->end;
}

enum { ATTRIBUTES_MOST = 32 };

/* The attributes of an element and its end. */
static void read_attributes(struct scan *s)
{
    text seen[ATTRIBUTES_MOST];
    size_t count = 0;
    for (;;) {
        while (s->p < s->end && (is_space(*s->p) || *s->p == '/')) {
            s->p++;
        }
        if (s->p >= s->end || *s->p == '>') {
            s->p += s->p < s->end;
            return;
        }
        const char *from = s->p;
        skip_to(s, "= \t\r\n");
        text name = text_make(from, (size_t)(s->p - from));
        for (size_t i = 0; i < count; i++) {
            s->is_plain &= !text_eq(seen[i], name);
        }
        if (count < ATTRIBUTES_MOST) {
            seen[count++] = name;
        }
        bool is_space_name = text_starts(name, T("xmlns:"));
        s->is_plain &= is_space_name || is_attribute(name);
        from = s->p;
        read_value(s);
        text value = text_make(from, (size_t)(s->p - from));
        s->in_space |= text_eq(name, T("xmlns")) &&
                       memmem(value.p, value.n, XHTML_SPACE.p, XHTML_SPACE.n) != NULL;
    }
}

static void read_markup(struct scan *s)
{
    text rest = text_make(s->p, (size_t)(s->end - s->p));
    if (text_starts(rest, T("<!--"))) {
        const char *end = memmem(rest.p + 4, rest.n - 4, "-->", 3);
        s->p = end ? end + 3 : s->end;
        return;
    }
    if (text_starts(rest, T("</"))) {
        skip_to(s, ">");
        s->p += s->p < s->end;
        return;
    }
    const char *from = ++s->p;
    skip_to(s, " \t\r\n/>");
    text name = text_make(from, (size_t)(s->p - from));
    s->is_plain &= is_element(name);
    s->has_content |= text_eq(name, T("img"));
    read_attributes(s);
}

enum native_truth profile_rule_narrative(text xhtml, bool content)
{
    struct scan s = {.p = xhtml.p, .end = xhtml.p + xhtml.n, .is_plain = true};
    while (s.p < s.end) {
        if (*s.p == '<') {
            read_markup(&s);
        } else if (*s.p == '&') {
            read_entity(&s);
            s.has_content = true;
        } else {
            s.has_content |= !is_space(*s.p);
            s.p++;
        }
    }
    bool holds = content ? s.has_content : s.is_plain && s.in_space;
    return holds ? NATIVE_TRUE : NATIVE_FALSE;
}
