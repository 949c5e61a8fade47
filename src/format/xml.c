#include "format/xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <limits.h>
#include <pthread.h>

/*
 * What libxml2 takes without being told that documents may be huge; and bounds on what it compares
 * each with each: the attributes of one element, an element's prefix with the namespaces that are
 * declared at that point, and different names (FHIR has about three thousand).
 */
enum { DEPTH_MOST = 250, ATTRIBUTES_MOST = 64, SPACES_MOST = 256, NAMES_MOST = 8192 };

/* An element whose end has not come yet. */
struct open {
    struct xml_node *node;
    struct xml_node *last; /* child */
    int spaces;            /* namespaces declared here and above */
};

struct reading {
    text bytes; /* without a byte order mark */
    struct arena *arena;
    xmlParserCtxtPtr parser;
    struct open *open;
    size_t depth;
    size_t most_depth;
    struct xml_node *root;
    struct buf chars; /* text that has come so far: the parser hands it over in pieces */
    text space;       /* the namespace of the last element */
    int rc;
    struct err *e;
};

/* --- before the parser --------------------------------------------------------------------- */

static int refuse_at(text bytes, size_t at, const char *what, struct err *e)
{
    size_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < at && i < bytes.n; i++) {
        if (bytes.p[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return err_set(e, ERR_SYNTAX, "this is not XML that is read here: %s at line %zu, column %zu",
                   what, line, at - start + 1);
}

/* Bytes of the character at p, of at most n; 0: no UTF-8, or U+0000. */
static size_t char_size(const unsigned char *p, size_t n)
{
    unsigned char c = p[0];
    size_t size = c < 0x80 ? c != 0 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (size > n) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (c == 0xE0 && p[1] < 0xA0) || (c == 0xF0 && p[1] < 0x90);
    bool surrogate = c == 0xED && p[1] > 0x9F;
    bool past_end = c == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || past_end ? 0 : size;
}

static int check_utf8(text bytes, struct err *e)
{
    size_t at = 0;
    while (at < bytes.n) {
        size_t size = char_size((const unsigned char *)bytes.p + at, bytes.n - at);
        if (!size) {
            return refuse_at(bytes, at, "it is not in UTF-8: a byte that cannot stand there", e);
        }
        at += size;
    }
    return 0;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_space(text t, size_t at)
{
    while (at < t.n && is_space(t.p[at])) {
        at++;
    }
    return at;
}

/* Where `what` begins at or after `from`, or t.n. */
static size_t find(text t, size_t from, text what)
{
    const char *found = from < t.n ? memmem(t.p + from, t.n - from, what.p, what.n) : NULL;
    return found ? (size_t)(found - t.p) : t.n;
}

/* Whether an XML declaration names no encoding, or UTF-8. */
static bool declares_utf8(text declaration)
{
    size_t at = find(declaration, 0, T("encoding"));
    if (at == declaration.n) {
        return true;
    }
    at = skip_space(declaration, at + 8);
    if (at == declaration.n || declaration.p[at] != '=') {
        return false;
    }
    text value = text_from(declaration, skip_space(declaration, at + 1));
    if (!value.n || (value.p[0] != '"' && value.p[0] != '\'')) {
        return false;
    }
    text name = text_from(value, 1);
    return text_eq_nocase(text_first(name, text_find(name, value.p[0])), T("utf-8"));
}

/*
 * Everything before the root. A document type can make a short document a huge one and ask for
 * files, so the parser never gets to see one.
 */
static int check_prolog(text bytes, struct err *e)
{
    size_t at = 0;
    if (text_starts(bytes, T("<?xml")) && bytes.n > 5 && is_space(bytes.p[5])) {
        size_t end = find(bytes, 0, T("?>"));
        if (!declares_utf8(text_first(bytes, end))) {
            return refuse_at(bytes, 0, "its encoding must be UTF-8, and the declaration says other",
                             e);
        }
        at = end == bytes.n ? end : end + 2;
    }
    for (;;) {
        at = skip_space(bytes, at);
        text rest = text_from(bytes, at);
        if (text_starts(rest, T("<!--"))) {
            size_t end = find(bytes, at + 4, T("-->"));
            at = end == bytes.n ? end : end + 3;
        } else if (text_starts(rest, T("<!"))) {
            return refuse_at(bytes, at, "a document type (DOCTYPE) stands there; leave it out", e);
        } else if (text_starts(rest, T("<?"))) {
            return refuse_at(bytes, at, "a processing instruction stands there; leave it out", e);
        } else {
            return 0;
        }
    }
}

/* The end of what begins with '<' at `at`, with the '=' of its attributes counted. */
static size_t skip_markup(text bytes, size_t at, size_t *ret_equals)
{
    text rest = text_from(bytes, at);
    text end = text_starts(rest, T("<!--"))        ? T("-->")
               : text_starts(rest, T("<![CDATA[")) ? T("]]>")
                                                   : (text){0};
    if (end.n) {
        return find(bytes, at + 4, end);
    }
    for (; at < bytes.n && bytes.p[at] != '>'; at++) {
        *ret_equals += bytes.p[at] == '=';
        if (bytes.p[at] == '"' || bytes.p[at] == '\'') {
            at += 1 + text_find(text_from(bytes, at + 1), bytes.p[at]);
        }
    }
    return at;
}

static int check_attributes(text bytes, struct err *e)
{
    size_t at = text_find(bytes, '<');
    while (at < bytes.n) {
        size_t equals = 0;
        size_t end = skip_markup(bytes, at, &equals);
        if (equals > ATTRIBUTES_MOST) {
            return refuse_at(bytes, at, "an element has more than 64 attributes", e);
        }
        at = end < bytes.n ? end + text_find(text_from(bytes, end), '<') : bytes.n;
    }
    return 0;
}

/* --- the tree ------------------------------------------------------------------------------ */

static void stop(struct reading *r, int rc)
{
    if (!r->rc) {
        r->rc = rc;
        xmlStopParser(r->parser);
    }
}

static void stop_memory(struct reading *r)
{
    stop(r, err_set(r->e, ERR_MEMORY, "the document needs more memory than it may have"));
}

static void add(struct reading *r, struct xml_node *node)
{
    if (r->depth == 0) {
        if (node->kind == XML_ELEMENT) {
            r->root = node;
        }
        return;
    }
    struct open *in = &r->open[r->depth - 1];
    if (in->last) {
        in->last->next = node;
    } else {
        in->node->first = node;
    }
    in->last = node;
}

static struct xml_node *new_node(struct reading *r, enum xml_kind kind)
{
    struct xml_node *node = arena_zalloc(r->arena, 1, sizeof *node);
    if (!node) {
        stop_memory(r);
        return NULL;
    }
    int line = xmlSAX2GetLineNumber(r->parser);
    node->kind = kind;
    node->line = line > 0 ? (uint32_t)line : 0;
    return node;
}

static void add_chars(struct reading *r, enum xml_kind kind, text chars)
{
    struct xml_node *node = new_node(r, kind);
    if (!node) {
        return;
    }
    node->chars = arena_copy(r->arena, chars);
    if (!node->chars.p) {
        stop_memory(r);
        return;
    }
    add(r, node);
}

/* Ends a run of text. */
static void flush(struct reading *r)
{
    if (buf_failed(&r->chars)) {
        stop_memory(r);
    } else if (r->chars.n) {
        add_chars(r, XML_TEXT, buf_text(&r->chars));
    }
    buf_clear(&r->chars);
}

static text of_xml(const xmlChar *s)
{
    return text_of((const char *)s);
}

/* Most elements of a document are in one namespace: kept once. */
static text space_of(struct reading *r, const xmlChar *uri)
{
    text space = of_xml(uri);
    if (!space.n) {
        return (text){"", 0};
    }
    if (!text_eq(space, r->space)) {
        text copy = arena_copy(r->arena, space);
        if (!copy.p) {
            stop_memory(r);
            return (text){"", 0};
        }
        r->space = copy;
    }
    return r->space;
}

/* libxml2 gives five pointers for each: name, prefix, namespace, start and end of the value. */
static void take_attribute(struct reading *r, struct xml_node *node, const xmlChar **five,
                           const struct xml_attribute ***tail)
{
    struct xml_attribute *a = arena_zalloc(r->arena, 1, sizeof *a);
    if (!a) {
        stop_memory(r);
        return;
    }
    const char *value = (const char *)five[3];
    text name = of_xml(five[0]);
    a->name = text_eq(name, T("value")) ? T("value") : arena_copy(r->arena, name);
    a->value = arena_copy(r->arena, text_make(value, (size_t)((const char *)five[4] - value)));
    a->space = (text){"", 0};
    if (five[1]) {
        a->space = arena_copy(r->arena, of_xml(five[2]));
        node->prefixed |= !text_eq(of_xml(five[1]), T("xml"));
    }
    if (!a->name.p || !a->value.p || !a->space.p) {
        stop_memory(r);
        return;
    }
    **tail = a;
    *tail = &a->next;
}

static void push(struct reading *r, struct xml_node *node, int spaces)
{
    spaces += r->depth ? r->open[r->depth - 1].spaces : 0;
    if (r->depth >= r->most_depth) {
        stop(r, err_set(r->e, ERR_INVALID,
                        "line %u: elements are nested more than %zu deep; this node takes no "
                        "deeper content",
                        node->line, r->most_depth));
        return;
    }
    bool names = xmlDictSize(r->parser->dict) > NAMES_MOST;
    if (spaces > SPACES_MOST || names) {
        stop(r, err_set(r->e, ERR_INVALID, "line %u: there are more than %d %s", node->line,
                        names ? NAMES_MOST : SPACES_MOST,
                        names ? "different names" : "namespaces declared"));
        return;
    }
    add(r, node);
    r->open[r->depth++] = (struct open){.node = node, .spaces = spaces};
}

/* The position of the parser: behind the attributes at a start, behind '>' at an end. */
static size_t position(struct reading *r)
{
    long at = xmlByteConsumed(r->parser);
    return at < 0 || (size_t)at > r->bytes.n ? r->bytes.n : (size_t)at;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int space_count, const xmlChar **spaces, int count, int defaulted,
                     const xmlChar **attributes)
{
    struct reading *r = context;
    (void)defaulted;
    flush(r);
    struct xml_node *node = r->rc ? NULL : new_node(r, XML_ELEMENT);
    if (!node) {
        return;
    }
    size_t at = position(r);
    const char *from = at ? memrchr(r->bytes.p, '<', at) : NULL; /* no '<' stands in attributes */
    node->source = from ? text_from(r->bytes, (size_t)(from - r->bytes.p)) : (text){0};
    node->prefixed = prefix != NULL;
    node->space = space_of(r, uri);
    size_t before = 1 + (prefix ? of_xml(prefix).n + 1 : 0);
    node->name = text_first(text_from(node->source, before), of_xml(name).n);
    for (int i = 0; i < space_count; i++) {
        node->declares |= spaces[2 * (size_t)i] == NULL;
    }
    const struct xml_attribute **tail = &node->attributes;
    for (int i = 0; i < count && !r->rc; i++) {
        take_attribute(r, node, attributes + 5 * (size_t)i, &tail);
    }
    if (!r->rc) {
        push(r, node, space_count);
    }
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct reading *r = context;
    (void)name;
    (void)prefix;
    (void)uri;
    flush(r);
    if (r->rc || r->depth == 0) {
        return;
    }
    struct xml_node *node = r->open[--r->depth].node;
    size_t from = (size_t)(node->source.p - r->bytes.p);
    size_t to = position(r);
    if (!node->source.p || to <= from || r->bytes.p[to - 1] != '>') {
        stop(r,
             err_set(r->e, ERR_INTERNAL, "the place of an element in the document is not known"));
        return;
    }
    node->source.n = to - from;
    if (r->depth) {
        r->open[r->depth - 1].node->prefixed |= node->prefixed;
    }
}

static void on_chars(void *context, const xmlChar *chars, int n)
{
    struct reading *r = context;
    if (!r->rc && n > 0) {
        buf_add(&r->chars, text_make((const char *)chars, (size_t)n));
    }
}

static void on_comment(void *context, const xmlChar *chars)
{
    struct reading *r = context;
    flush(r);
    if (!r->rc) {
        add_chars(r, XML_COMMENT, of_xml(chars));
    }
}

static void on_instruction(void *context, const xmlChar *target, const xmlChar *data)
{
    struct reading *r = context;
    (void)target;
    (void)data;
    stop(r, err_set(r->e, ERR_SYNTAX,
                    "this is not XML that is read here: a processing instruction ends at line %d, "
                    "column %d; leave it out",
                    xmlSAX2GetLineNumber(r->parser), xmlSAX2GetColumnNumber(r->parser)));
}

static void on_subset(void *context, const xmlChar *name, const xmlChar *external,
                      const xmlChar *system)
{
    struct reading *r = context;
    (void)name;
    (void)external;
    (void)system;
    stop(r, err_set(r->e, ERR_SYNTAX,
                    "this is not XML that is read here: a document type (DOCTYPE) stands at line "
                    "%d; leave it out",
                    xmlSAX2GetLineNumber(r->parser)));
}

#if LIBXML_VERSION >= 21200
typedef const xmlError fault;
#else
typedef xmlError fault;
#endif

/* The first error is the one to tell of; names whose prefix is not declared are errors too. */
static void on_fault(void *context, fault *f)
{
    struct reading *r = context;
    if (r->rc || f->level < XML_ERR_ERROR) {
        return;
    }
    if (f->code == XML_ERR_NO_MEMORY) {
        stop_memory(r);
        return;
    }
    char words[256];
    text said = text_short(text_trim(text_of(f->message)), sizeof words - 1);
    for (size_t i = 0; i < said.n; i++) {
        words[i] = (char)((unsigned char)said.p[i] < 0x20 ? ' ' : said.p[i]);
    }
    words[said.n] = '\0';
    stop(r, err_set(r->e, ERR_SYNTAX, "this is not well-formed XML: %s, at line %d, column %d",
                    words[0] ? words : "wrong content", f->line, f->int2));
}

/* --- the whole ----------------------------------------------------------------------------- */

static void parse(struct reading *r)
{
    xmlSAXHandler *sax = r->parser->sax;
    memset(sax, 0, sizeof *sax);
    sax->initialized = XML_SAX2_MAGIC;
    sax->startElementNs = on_start;
    sax->endElementNs = on_end;
    sax->characters = on_chars;
    sax->ignorableWhitespace = on_chars;
    sax->cdataBlock = on_chars;
    sax->comment = on_comment;
    sax->processingInstruction = on_instruction;
    sax->internalSubset = on_subset;
    sax->serror = on_fault;
    r->parser->userData = r;
    /* NOENT means that &amp; and its like arrive as characters: no other entity exists. */
    (void)xmlCtxtUseOptions(r->parser, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_COMPACT);
    (void)xmlParseDocument(r->parser);
    if (!r->rc && (!r->parser->wellFormed || !r->root || r->depth)) {
        r->rc = err_set(r->e, ERR_SYNTAX, "this is not well-formed XML");
    }
}

static void init_libxml(void)
{
    xmlInitParser();
}

int xml_read(text bytes, size_t most_depth, struct arena *a, const struct xml_node **ret_root,
             struct err *e)
{
    /* libxml2 wants its own tables made before threads meet in it. */
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, init_libxml);
    if (text_starts(bytes, T("\xEF\xBB\xBF"))) {
        bytes = text_from(bytes, 3);
    }
    if (text_trim(bytes).n == 0) {
        return err_set(e, ERR_SYNTAX, "this is not XML: the content is empty");
    }
    if (bytes.n >= INT_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the document is larger than this node takes");
    }
    int rc = check_utf8(bytes, e);
    rc = rc ? rc : check_prolog(bytes, e);
    rc = rc ? rc : check_attributes(bytes, e);
    if (rc) {
        return rc;
    }
    struct reading r = {.bytes = bytes, .arena = a, .e = e};
    r.most_depth = most_depth < DEPTH_MOST ? most_depth : DEPTH_MOST;
    r.open = arena_zalloc(a, r.most_depth + 1, sizeof *r.open);
    r.parser = r.open ? xmlCreateMemoryParserCtxt(bytes.p, (int)bytes.n) : NULL;
    if (!r.parser) {
        return err_set(e, ERR_MEMORY, "the document needs more memory than it may have");
    }
    buf_init(&r.chars, bytes.n + 1);
    parse(&r);
    buf_done(&r.chars);
    xmlFreeParserCtxt(r.parser);
    if (!r.rc) {
        *ret_root = r.root;
    }
    return r.rc;
}

text xml_attribute_of(const struct xml_node *n, text name)
{
    for (const struct xml_attribute *a = n->attributes; a; a = a->next) {
        if (!a->space.n && text_eq(a->name, name)) {
            return a->value;
        }
    }
    return (text){NULL, 0};
}

/* --- out ----------------------------------------------------------------------------------- */

static bool xml_can_hold(text t)
{
    for (size_t i = 0; i < t.n; i++) {
        unsigned char c = (unsigned char)t.p[i];
        if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
            return false;
        }
        if (c == 0xEF && i + 2 < t.n && (unsigned char)t.p[i + 1] == 0xBF &&
            (unsigned char)t.p[i + 2] >= 0xBE) {
            return false; /* U+FFFE, U+FFFF */
        }
    }
    return true;
}

static text escape_of(char c, bool in_attribute)
{
    switch (c) {
    case '&':
        return T("&amp;");
    case '<':
        return T("&lt;");
    case '>':
        return T("&gt;");
    case '\r':
        return T("&#13;");
    case '"':
        return in_attribute ? T("&quot;") : (text){0};
    case '\n':
        return in_attribute ? T("&#10;") : (text){0};
    case '\t':
        return in_attribute ? T("&#9;") : (text){0};
    default:
        return (text){0};
    }
}

bool xml_write_chars(text t, bool in_attribute, struct buf *out)
{
    if (!xml_can_hold(t)) {
        return false;
    }
    size_t from = 0;
    for (size_t i = 0; i < t.n; i++) {
        text escape = escape_of(t.p[i], in_attribute);
        if (escape.n) {
            buf_add(out, text_make(t.p + from, i - from));
            buf_add(out, escape);
            from = i + 1;
        }
    }
    buf_add(out, text_from(t, from));
    return true;
}
