#include "fhir/xml_div.h"

/* --- XML -> string ------------------------------------------------------------------------- */

/* Whether a text is one <div> whose namespace it says itself, without a prefix. */
static bool stands_alone(text source, struct arena *a)
{
    struct arena_mark mark = arena_mark(a);
    const struct xml_node *root = NULL;
    struct err ignored = {0};
    bool alone = text_starts(source, T("<div")) &&
                 xml_read(source, XML_DIV_DEPTH, a, &root, &ignored) == 0 &&
                 text_eq(root->name, T("div")) && text_eq(root->space, XHTML_SPACE);
    arena_rewind(a, mark);
    return alone;
}

/* A prefix that is used may be declared outside; CDATA is no XHTML that FHIR takes. */
static bool keeps_its_bytes(const struct xml_node *div, struct arena *a)
{
    text s = div->source;
    return text_starts(s, T("<div")) && div->declares && !memmem(s.p, s.n, "<![CDATA[", 9) &&
           (!div->prefixed || stands_alone(s, a));
}

/* An attribute of another namespace (xlink:href) needs a prefix; xml: has one. */
static void put_attribute(const struct xml_attribute *a, struct buf *out)
{
    if (!a->space.n) {
        buf_addc(out, ' ');
    } else if (text_eq(a->space, T("http://www.w3.org/XML/1998/namespace"))) {
        buf_add(out, T(" xml:"));
    } else {
        buf_add(out, T(" xmlns:a=\""));
        (void)xml_write_chars(a->space, true, out);
        buf_add(out, T("\" a:"));
    }
    buf_add(out, a->name);
    buf_add(out, T("=\""));
    (void)xml_write_chars(a->value, true, out);
    buf_addc(out, '"');
}

/* Two attributes of other namespaces in one element would need two prefixes: the first stays. */
static void put_attributes(const struct xml_node *n, struct buf *out)
{
    bool foreign = false;
    for (const struct xml_attribute *a = n->attributes; a; a = a->next) {
        bool other = a->space.n && !text_eq(a->space, T("http://www.w3.org/XML/1998/namespace"));
        if (!other || !foreign) {
            put_attribute(a, out);
        }
        foreign |= other;
    }
}

/* The reader of XML has limited the depth. */
static void put_node(const struct xml_node *n, text space, struct buf *out)
{
    if (n->kind == XML_TEXT) {
        (void)xml_write_chars(n->chars, false, out);
        return;
    }
    if (n->kind == XML_COMMENT) {
        buf_add(out, T("<!--"));
        buf_add(out, n->chars);
        buf_add(out, T("-->"));
        return;
    }
    buf_addc(out, '<');
    buf_add(out, n->name);
    if (!text_eq(n->space, space)) {
        buf_add(out, T(" xmlns=\""));
        (void)xml_write_chars(n->space, true, out);
        buf_addc(out, '"');
    }
    put_attributes(n, out);
    if (!n->first) {
        buf_add(out, T("/>"));
        return;
    }
    buf_addc(out, '>');
    for (const struct xml_node *child = n->first; child; child = child->next) {
        put_node(child, n->space, out);
    }
    buf_add(out, T("</"));
    buf_add(out, n->name);
    buf_addc(out, '>');
}

int xml_div_text(const struct xml_node *div, struct arena *a, struct buf *out, struct err *e)
{
    if (keeps_its_bytes(div, a)) {
        buf_add(out, div->source);
    } else {
        put_node(div, (text){0}, out);
    }
    return buf_failed(out)
               ? err_set(e, ERR_MEMORY, "the resource needs more memory than it may have")
               : 0;
}

/* --- string -> XML ------------------------------------------------------------------------- */

static bool is_xml_name(text name)
{
    return text_eq(name, T("lt")) || text_eq(name, T("gt")) || text_eq(name, T("amp")) ||
           text_eq(name, T("quot")) || text_eq(name, T("apos"));
}

/* "#160", "#xA0": a character that XML can hold. */
static bool is_char_number(text name)
{
    bool hex = name.n > 2 && name.p[1] == 'x';
    uint32_t code = 0;
    size_t at = hex ? 2 : 1;
    if (name.n <= at || name.p[0] != '#') {
        return false;
    }
    for (; at < name.n; at++) {
        char c = name.p[at];
        char low = (char)(c | 0x20);
        uint32_t digit = c >= '0' && c <= '9'              ? (uint32_t)(c - '0')
                         : hex && low >= 'a' && low <= 'f' ? (uint32_t)(low - 'a' + 10)
                                                           : 99;
        if (digit == 99 || code > 0x10FFFF) {
            return false;
        }
        code = code * (hex ? 16 : 10) + digit;
    }
    return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code < 0xD800) ||
           (code >= 0xE000 && code < 0xFFFE) || (code >= 0x10000 && code <= 0x10FFFF);
}

static void put_char(uint32_t code, struct buf *out)
{
    if (code < 0x800) {
        buf_addc(out, (char)(0xC0 | code >> 6));
    } else {
        buf_addc(out, (char)(0xE0 | code >> 12));
        buf_addc(out, (char)(0x80 | (code >> 6 & 0x3F)));
    }
    buf_addc(out, (char)(0x80 | (code & 0x3F)));
}

/* What stands behind an '&', and how much of it was taken. */
static size_t put_entity(text rest, struct buf *out)
{
    size_t end = text_find(text_first(rest, 32), ';');
    text name = text_first(rest, end);
    uint32_t named = end < rest.n ? xml_named_char(name) : 0;
    if (named) {
        put_char(named, out);
        return end + 1;
    }
    bool stays = end < rest.n && rest.p[end] == ';' && (is_xml_name(name) || is_char_number(name));
    buf_add(out, stays ? T("&") : T("&amp;"));
    return 0;
}

/* Comments stay; there & is a character like others. */
static size_t comment_size(text rest)
{
    if (!text_starts(rest, T("<!--"))) {
        return 0;
    }
    const char *end = memmem(rest.p, rest.n, "-->", 3);
    return end ? (size_t)(end - rest.p) + 3 : rest.n;
}

static void put_repaired(text div, bool declare, struct buf *out)
{
    size_t at = 0;
    if (declare) {
        buf_add(out, T("<div xmlns=\"http://www.w3.org/1999/xhtml\""));
        at = 4;
    }
    while (at < div.n) {
        text rest = text_from(div, at);
        size_t comment = comment_size(rest);
        if (comment) {
            buf_add(out, text_first(rest, comment));
            at += comment;
        } else if (*rest.p == '&') {
            at += 1 + put_entity(text_from(rest, 1), out);
        } else if (text_starts(rest, T("]]>"))) {
            buf_add(out, T("]]&gt;")); /* XML keeps these three for itself */
            at += 3;
        } else {
            buf_addc(out, *rest.p);
            at++;
        }
    }
}

int xml_div_write(text div, struct arena *a, struct buf *out, struct err *e)
{
    div = text_trim(div);
    struct arena_mark mark = arena_mark(a);
    const struct xml_node *root = NULL;
    size_t before = out->n;
    if (!text_starts(div, T("<div"))) {
        return err_set(e, ERR_INVALID, "a narrative must be one <div>");
    }
    if (stands_alone(div, a)) {
        buf_add(out, div);
        return 0;
    }
    /* Not declared, or declared twice: the second try tells which. */
    struct err why = {0};
    for (int declare = 0; declare < 2; declare++) {
        out->n = before;
        put_repaired(div, declare, out);
        if (buf_failed(out)) {
            return err_set(e, ERR_MEMORY, "the reply needs more memory than it may have");
        }
        int rc = xml_read(text_from(buf_text(out), before), XML_DIV_DEPTH, a, &root, &why);
        bool right = !rc && text_eq(root->name, T("div")) && text_eq(root->space, XHTML_SPACE);
        arena_rewind(a, mark);
        if (right) {
            return 0;
        }
        if (rc == ERR_MEMORY) {
            return err_set(e, rc, "%s", err_text(&why));
        }
    }
    out->n = before;
    return err_set(e, ERR_INVALID,
                   "the narrative cannot be given as XML (%s); ask for JSON, or correct it",
                   err_text(&why));
}
