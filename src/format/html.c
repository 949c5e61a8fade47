#include "format/html.h"

/* Small letters, digits and '-', a letter first. */
static bool is_name(text name)
{
    bool is = name.n && name.n < 32 && name.p[0] >= 'a' && name.p[0] <= 'z';
    for (size_t i = 1; is && i < name.n; i++) {
        char c = name.p[i];
        is = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    }
    return is;
}

static bool acts(text element)
{
    return text_is_among(element,
                         "script style iframe frame frameset object embed applet base noscript "
                         "template svg math portal slot plaintext xmp noembed noframes textarea");
}

static bool has_no_content(text element)
{
    return text_is_among(element, "br hr img input link meta col wbr");
}

/* --- escaping -------------------------------------------------------------------------------- */

/* The bytes of the character that begins here; 0: it is none (RFC 3629). */
static size_t character(const unsigned char *p, size_t n)
{
    size_t size = p[0] < 0x80                   ? 1
                  : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
                  : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
                  : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
                                                : 0;
    if (!size || size > n) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] >= 0xA0;
    bool past_last = p[0] == 0xF4 && p[1] >= 0x90;
    return overlong || surrogate || past_last ? 0 : size;
}

/* What stands for a character; p == NULL: itself. */
static text escaped(const unsigned char *p, size_t size)
{
    switch (size ? p[0] : 0x100) {
    case 0x100:
        return T("\xEF\xBF\xBD");
    case '&':
        return T("&amp;");
    case '<':
        return T("&lt;");
    case '>':
        return T("&gt;");
    case '"':
        return T("&quot;");
    case '\'':
        return T("&#39;");
    case '\t':
    case '\n':
        return (text){0};
    default:
        /* C0 and C1: browsers drop them, or take them for something else. */
        return p[0] < 0x20 || p[0] == 0x7F || (p[0] == 0xC2 && p[1] < 0xA0) ? T(" ") : (text){0};
    }
}

static void put_text(struct buf *out, text t)
{
    const unsigned char *p = (const unsigned char *)t.p;
    size_t from = 0;
    for (size_t i = 0; i < t.n;) {
        size_t size = character(p + i, t.n - i);
        text as = escaped(p + i, size);
        if (as.p) {
            buf_add(out, text_make(t.p + from, i - from));
            buf_add(out, as);
            from = i + (size ? size : 1);
        }
        i += size ? size : 1;
    }
    buf_add(out, text_from(t, from));
}

/* --- elements --------------------------------------------------------------------------------- */

static void end_tag(struct html *h)
{
    if (h->in_tag) {
        buf_addc(h->out, '>');
        h->in_tag = false;
    }
}

void html_init(struct html *h, struct buf *out)
{
    h->out = out;
    h->depth = 0;
    h->in_tag = false;
}

void html_begin(struct html *h, text language)
{
    buf_add(h->out, T("<!DOCTYPE html>\n"));
    html_open(h, "html");
    html_attribute(h, "lang", language);
}

void html_open(struct html *h, const char *name)
{
    text element = text_of(name);
    if (!is_name(element) || acts(element) || h->depth >= HTML_DEPTH_MOST) {
        h->out->failed = true;
        return;
    }
    end_tag(h);
    buf_addc(h->out, '<');
    buf_add(h->out, element);
    h->in_tag = true;
    if (!has_no_content(element)) {
        h->open[h->depth++] = element;
    }
}

bool html_is_link(text address)
{
    static const char *const schemes[] = {"https://", "http://", "mailto:", "tel:"};
    if (address.n == 0) {
        return false;
    }
    for (size_t i = 0; i < address.n; i++) {
        /* Browsers drop tabs and line ends in addresses, and take '\' for '/'. */
        if ((unsigned char)address.p[i] <= ' ' || address.p[i] == '\\') {
            return false;
        }
    }
    char first = address.p[0];
    if (first == '/' || first == '#' || first == '?') {
        return address.n == 1 || first != '/' || address.p[1] != '/';
    }
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        text scheme = text_of(schemes[i]);
        if (address.n > scheme.n && text_eq_nocase(text_first(address, scheme.n), scheme)) {
            return true;
        }
    }
    return false;
}

/* In the order of HTML: does it act, does it lead somewhere. */
static bool may_stand(text name, text value)
{
    bool own = value.n && strchr("/#?", value.p[0]);
    if (!is_name(name) || text_starts(name, T("on")) ||
        text_is_among(name, "style srcdoc srcset http-equiv formaction ping background")) {
        return false;
    }
    if (text_is_among(name, "src action data poster cite longdesc manifest")) {
        return own && html_is_link(value);
    }
    return !text_eq(name, T("href")) || html_is_link(value);
}

void html_attribute(struct html *h, const char *name, text value)
{
    if (!h->in_tag || !may_stand(text_of(name), value)) {
        h->out->failed = true;
        return;
    }
    buf_addc(h->out, ' ');
    buf_add(h->out, text_of(name));
    buf_add(h->out, T("=\""));
    put_text(h->out, value);
    buf_addc(h->out, '"');
}

void html_flag(struct html *h, const char *name)
{
    html_attribute(h, name, T(""));
}

void html_text(struct html *h, text t)
{
    end_tag(h);
    put_text(h->out, t);
}

void html_close(struct html *h)
{
    if (h->depth == 0) {
        h->out->failed = true;
        return;
    }
    end_tag(h);
    text name = h->open[--h->depth];
    buf_add(h->out, T("</"));
    buf_add(h->out, name);
    buf_addc(h->out, '>');
    /* Where a browser shows no white space, lines keep the source readable. */
    if (!text_is_among(name, "a b em i span strong small sub sup code abbr")) {
        buf_addc(h->out, '\n');
    }
}

void html_close_to(struct html *h, size_t depth)
{
    while (h->depth > depth && !buf_failed(h->out)) {
        html_close(h);
    }
}

void html_element(struct html *h, const char *name, text t)
{
    html_open(h, name);
    html_text(h, t);
    html_close(h);
}

bool html_is_whole(const struct html *h)
{
    return h->depth == 0 && !h->in_tag && !buf_failed(h->out);
}
