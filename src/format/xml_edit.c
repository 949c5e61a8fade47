#include "format/xml_edit.h"

#include "format/xml.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

enum { XPATH_STEPS_MAX = 5 * 1000 * 1000 };

struct editing {
    xmlDocPtr doc;
    xmlDocPtr patch;
    xmlXPathContextPtr xpath;
    const struct xml_space *spaces;
    size_t space_count;
    uint64_t size; /* bytes of both documents: the result is never larger */
    uint64_t work;
    size_t number; /* of the operation, from 0 */
    xmlNodePtr op;
    text sel;
    char said[200]; /* what XPath finds wrong */
    struct err *e;
};

static text of_xml(const xmlChar *s)
{
    return text_of((const char *)s);
}

static const xmlChar *to_xml(const char *s)
{
    return (const xmlChar *)s;
}

static int fail(struct editing *d, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct editing *d, int code, const char *format, ...)
{
    char detail[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    return err_set(d->e, code, "operation %zu (%.*s `%.*s`): %s", d->number,
                   TEXT_ARG(text_short(of_xml(d->op->name), 32)), TEXT_ARG(text_short(d->sel, 120)),
                   detail);
}

static int no_memory(struct editing *d)
{
    return err_set(d->e, ERR_MEMORY, "the patch needs more memory than it may have");
}

/* --- selecting ----------------------------------------------------------------------------- */

#if LIBXML_VERSION >= 21200
typedef const xmlError *fault;
#else
typedef xmlErrorPtr fault;
#endif

static void on_fault(void *context, fault f)
{
    struct editing *d = context;
    text said = text_trim(text_of(f->message));
    if (!d->said[0]) {
        said = text_short(said, sizeof d->said - 1);
        memcpy(d->said, said.p ? said.p : "", said.n);
        d->said[said.n] = '\0';
    }
}

static bool register_space(struct editing *d, const xmlChar *prefix, const xmlChar *uri)
{
    const xmlChar *name = prefix && prefix[0] ? prefix : to_xml(XML_SELECT_DEFAULT);
    return xmlXPathRegisterNs(d->xpath, name, uri) == 0;
}

/* Prefixes mean what they mean at the operation (RFC 5261, 4.2.2), names without one too. */
static bool register_spaces(struct editing *d)
{
    bool good = true;
    xmlXPathRegisteredNsCleanup(d->xpath);
    for (size_t i = 0; i < d->space_count && good; i++) {
        good = register_space(d, to_xml(d->spaces[i].prefix), to_xml(d->spaces[i].uri));
    }
    xmlNsPtr *list = xmlGetNsList(d->patch, d->op);
    for (xmlNsPtr *at = list; at && *at && good; at++) {
        if ((*at)->href && (*at)->href[0]) {
            good = register_space(d, (*at)->prefix, (*at)->href);
        }
    }
    xmlFree(list);
    return good;
}

static int select_by(struct editing *d, const char *path, xmlNodePtr *ret)
{
    d->said[0] = '\0';
    xmlResetError(&d->xpath->lastError);
    d->xpath->node = (xmlNodePtr)d->doc;
    xmlXPathObjectPtr found = xmlXPathEval(to_xml(path), d->xpath);
    int rc = 0;
    if (!found) {
        bool costly = d->xpath->lastError.code ==
                      XML_XPATH_EXPRESSION_OK + (XPATH_OP_LIMIT_EXCEEDED - XPATH_EXPRESSION_OK);
        rc = costly ? fail(d, ERR_TOO_COSTLY, "to find this takes too much work")
                    : fail(d, ERR_INVALID, "sel is no XPath that can be followed: %s",
                           d->said[0] ? d->said : "it does not compile");
    } else if (found->type != XPATH_NODESET) {
        rc = fail(d, ERR_INVALID, "sel gives a value, not a node of the document");
    } else {
        int n = found->nodesetval ? found->nodesetval->nodeNr : 0;
        if (n == 1) {
            *ret = found->nodesetval->nodeTab[0];
        } else if (n == 0) {
            rc = fail(d, ERR_BUSINESS_RULE, "there is nothing that sel leads to");
        } else {
            rc = fail(d, ERR_BUSINESS_RULE,
                      "sel leads to %d nodes, but must lead to one; narrow it by [1] or "
                      "[@value='...']",
                      n);
        }
    }
    xmlXPathFreeObject(found);
    return rc;
}

static int locate(struct editing *d, xmlNodePtr *ret)
{
    struct buf path;
    struct err why = {0};
    size_t words = 0;
    buf_init(&path, 16 * XML_EDIT_SELECT_MAX);
    int rc = xml_select(d->sel, &path, &words, &why);
    buf_addc(&path, '\0');
    d->work += d->size * (words + 1);
    if (rc) {
        rc = fail(d, rc, "%s", err_text(&why));
    } else if (d->work > XML_EDIT_WORK_MAX) {
        rc = fail(d, ERR_TOO_COSTLY,
                  "so many operations on so large a resource take too much work; send the whole "
                  "resource instead");
    } else if (buf_failed(&path) || !register_spaces(d)) {
        rc = no_memory(d);
    } else {
        rc = select_by(d, path.p, ret);
    }
    buf_done(&path);
    if (!rc && (*ret)->type == XML_DOCUMENT_NODE) {
        rc = fail(d, ERR_INVALID, "sel leads to the document itself, not to something in it");
    }
    return rc;
}

/* --- what an operation brings -------------------------------------------------------------- */

static bool is_blank(xmlNodePtr node)
{
    return node->type == XML_TEXT_NODE && xmlIsBlankNode(node);
}

/* Puts elements that are in one namespace (NULL: in none) in another. Depth has been looked at. */
static void move_space(xmlNodePtr node, xmlNsPtr from, xmlNsPtr to)
{
    if (node->type != XML_ELEMENT_NODE) {
        return;
    }
    if (node->ns == from) {
        xmlSetNs(node, to);
    }
    for (xmlNodePtr at = node->children; at; at = at->next) {
        move_space(at, from, to);
    }
}

/* Elements without a namespace are in the one that selectors without a prefix mean. */
static bool give_space(struct editing *d, xmlNodePtr node)
{
    const char *uri = NULL;
    for (size_t i = 0; i < d->space_count; i++) {
        uri = d->spaces[i].prefix[0] ? uri : d->spaces[i].uri;
    }
    if (node->type != XML_ELEMENT_NODE || node->ns || !uri) {
        return true;
    }
    xmlNsPtr space = xmlNewNs(node, to_xml(uri), NULL);
    if (space) {
        move_space(node, NULL, space);
    }
    return space != NULL;
}

/* Does not declare again what is so around it: a narrative keeps every character of its text. */
static void share_space(struct editing *d, xmlNodePtr node)
{
    xmlNsPtr own = node->type == XML_ELEMENT_NODE ? node->nsDef : NULL;
    bool inside = own && node->parent && node->parent->type == XML_ELEMENT_NODE;
    xmlNsPtr outer = inside ? xmlSearchNs(d->doc, node->parent, own->prefix) : NULL;
    if (outer && !own->prefix && xmlStrEqual(outer->href, own->href)) {
        move_space(node, own, outer);
        node->nsDef = own->next;
        xmlFreeNs(own);
    }
}

static xmlNodePtr copy_of(struct editing *d, xmlNodePtr node)
{
    xmlNodePtr copy = xmlDocCopyNode(node, d->doc, 1);
    if (copy && !give_space(d, copy)) {
        xmlFreeNode(copy);
        copy = NULL;
    }
    return copy;
}

/* The text that an operation has for content; NULL after an error. */
static xmlChar *words_of(struct editing *d, int *ret_rc)
{
    for (xmlNodePtr at = d->op->children; at; at = at->next) {
        if (at->type == XML_ELEMENT_NODE) {
            *ret_rc = fail(d, ERR_INVALID, "text should stand here, not an element");
            return NULL;
        }
    }
    xmlChar *words = xmlNodeGetContent(d->op);
    *ret_rc = words ? 0 : no_memory(d);
    return words;
}

/* The only child of a kind; white space beside it does not count. */
static int only_child(struct editing *d, xmlElementType type, xmlNodePtr *ret)
{
    xmlNodePtr found = NULL;
    size_t others = 0;
    for (xmlNodePtr at = d->op->children; at; at = at->next) {
        if (at->type == type && !found) {
            found = at;
        } else if (!is_blank(at)) {
            others++;
        }
    }
    *ret = found;
    return found && !others ? 0
                            : fail(d, ERR_INVALID, "%s, and nothing else, has to stand in it",
                                   type == XML_ELEMENT_NODE ? "one element" : "one comment");
}

/* --- operations ---------------------------------------------------------------------------- */

static text attribute_of(struct editing *d, const char *name)
{
    for (xmlAttrPtr at = d->op->properties; at; at = at->next) {
        if (!at->ns && text_eq(of_xml(at->name), text_of(name))) {
            return at->children ? of_xml(at->children->content) : T("");
        }
    }
    return (text){0};
}

/* Known attributes only, so that no wish is passed over. */
static int check_attributes(struct editing *d, const char *const *known)
{
    for (xmlAttrPtr at = d->op->properties; at; at = at->next) {
        const char *const *k = known;
        while (*k && (at->ns || !text_eq(of_xml(at->name), text_of(*k)))) {
            k++;
        }
        if (!*k) {
            return fail(d, ERR_INVALID, "the attribute '%.*s' is not for this operation",
                        TEXT_ARG(text_short(of_xml(at->name), 64)));
        }
    }
    return 0;
}

static int add_attribute(struct editing *d, xmlNodePtr at, text type)
{
    int rc = 0;
    const xmlChar *name = to_xml(type.p) + 1;
    if (!text_starts(type, T("@")) || xmlValidateNCName(name, 0) != 0) {
        return fail(d, ERR_INVALID,
                    "type must be @ and the name of an attribute, as in type=\"@value\"");
    }
    if (at->type != XML_ELEMENT_NODE) {
        return fail(d, ERR_BUSINESS_RULE, "only an element can have an attribute");
    }
    if (xmlHasProp(at, name)) {
        return fail(d, ERR_BUSINESS_RULE,
                    "the attribute is there already; use replace with sel=\".../%.*s\"",
                    TEXT_ARG(text_short(type, 64)));
    }
    xmlChar *words = words_of(d, &rc);
    if (!rc && !xmlSetProp(at, name, words)) {
        rc = no_memory(d);
    }
    xmlFree(words);
    return rc;
}

enum where { WHERE_LAST, WHERE_FIRST, WHERE_BEFORE, WHERE_AFTER };

/* Texts side by side become one, and what was put in may be gone into it. */
static xmlNodePtr put(xmlNodePtr at, xmlNodePtr node, enum where where)
{
    switch (where) {
    case WHERE_FIRST:
        return at->children ? xmlAddPrevSibling(at->children, node) : xmlAddChild(at, node);
    case WHERE_BEFORE:
        return xmlAddPrevSibling(at, node);
    case WHERE_AFTER:
        return xmlAddNextSibling(at, node);
    default:
        return xmlAddChild(at, node);
    }
}

static int add_children(struct editing *d, xmlNodePtr at, enum where where)
{
    size_t count = 0;
    for (xmlNodePtr child = d->op->children; child; child = child->next) {
        xmlNodePtr copy = copy_of(d, child);
        xmlNodePtr done = copy ? put(at, copy, where) : NULL;
        if (!done) {
            xmlFreeNode(copy);
            return no_memory(d);
        }
        share_space(d, done);
        count += !is_blank(child);
        if (where == WHERE_FIRST || where == WHERE_AFTER) {
            at = done; /* the next one stands behind it */
            where = WHERE_AFTER;
        }
    }
    return count ? 0 : fail(d, ERR_INVALID, "what is to be added is missing: it stands in <add>");
}

static int do_add(struct editing *d)
{
    static const char *const known[] = {"sel", "pos", "type", NULL};
    text pos = attribute_of(d, "pos");
    text type = attribute_of(d, "type");
    xmlNodePtr at = NULL;
    int rc = check_attributes(d, known);
    rc = rc ? rc : locate(d, &at);
    if (rc) {
        return rc;
    }
    enum where where = !pos.p                       ? WHERE_LAST
                       : text_eq(pos, T("prepend")) ? WHERE_FIRST
                       : text_eq(pos, T("before"))  ? WHERE_BEFORE
                                                    : WHERE_AFTER;
    if (where == WHERE_AFTER && !text_eq(pos, T("after"))) {
        return fail(d, ERR_INVALID, "pos must be before, after or prepend, or be left out");
    }
    if (type.p) {
        return pos.p ? fail(d, ERR_INVALID, "an attribute has no place: leave out pos or type")
                     : add_attribute(d, at, type);
    }
    bool inside = where == WHERE_LAST || where == WHERE_FIRST;
    if (inside ? at->type != XML_ELEMENT_NODE : at->type == XML_ATTRIBUTE_NODE) {
        return fail(d, ERR_BUSINESS_RULE, "nothing can be added %s what sel leads to",
                    inside ? "in" : "beside");
    }
    if (!inside && at->parent == (xmlNodePtr)d->doc) {
        return fail(d, ERR_BUSINESS_RULE, "nothing can stand beside the resource");
    }
    return add_children(d, at, where);
}

static int replace_words(struct editing *d, xmlNodePtr at)
{
    int rc = 0;
    xmlChar *words = words_of(d, &rc);
    if (rc) {
        return rc;
    }
    if (at->type == XML_ATTRIBUTE_NODE) {
        rc = xmlSetNsProp(at->parent, at->ns, at->name, words) ? 0 : no_memory(d);
    } else {
        xmlNodeSetContent(at, words);
    }
    xmlFree(words);
    return rc;
}

static int do_replace(struct editing *d)
{
    static const char *const known[] = {"sel", NULL};
    xmlNodePtr at = NULL;
    xmlNodePtr by = NULL;
    int rc = check_attributes(d, known);
    rc = rc ? rc : locate(d, &at);
    if (rc || at->type == XML_ATTRIBUTE_NODE || at->type == XML_TEXT_NODE) {
        return rc ? rc : replace_words(d, at);
    }
    rc = only_child(d, at->type, &by);
    if (rc) {
        return rc;
    }
    xmlNodePtr copy = copy_of(d, by);
    if (!copy) {
        return no_memory(d);
    }
    xmlFreeNode(xmlReplaceNode(at, copy));
    share_space(d, copy);
    return 0;
}

static int do_remove(struct editing *d)
{
    static const char *const known[] = {"sel", "ws", NULL};
    text ws = attribute_of(d, "ws");
    xmlNodePtr at = NULL;
    int rc = check_attributes(d, known);
    rc = rc ? rc : locate(d, &at);
    if (rc) {
        return rc;
    }
    /* White space between elements is not part of a resource, so there is none to go with it. */
    if (ws.p && !text_eq(ws, T("before")) && !text_eq(ws, T("after")) && !text_eq(ws, T("both"))) {
        return fail(d, ERR_INVALID, "ws must be before, after or both");
    }
    if (at->parent == (xmlNodePtr)d->doc) {
        return fail(d, ERR_BUSINESS_RULE, "the whole resource cannot be taken away");
    }
    for (xmlNodePtr child = d->op->children; child; child = child->next) {
        if (!is_blank(child)) {
            return fail(d, ERR_INVALID, "<remove> has no content");
        }
    }
    if (at->type == XML_ATTRIBUTE_NODE) {
        (void)xmlRemoveProp((xmlAttrPtr)at);
    } else {
        xmlUnlinkNode(at);
        xmlFreeNode(at);
    }
    return 0;
}

/* --- the patch ----------------------------------------------------------------------------- */

static int operate(struct editing *d)
{
    text name = of_xml(d->op->name);
    d->sel = attribute_of(d, "sel");
    if (!d->sel.p) {
        return fail(d, ERR_INVALID, "the attribute sel is missing");
    }
    return text_eq(name, T("add"))       ? do_add(d)
           : text_eq(name, T("replace")) ? do_replace(d)
           : text_eq(name, T("remove"))  ? do_remove(d)
                                        : fail(d, ERR_INVALID, "there are add, replace and remove");
}

static int operate_all(struct editing *d)
{
    int rc = 0;
    xmlNodePtr root = xmlDocGetRootElement(d->patch);
    for (xmlNodePtr at = root ? root->children : NULL; at && !rc; at = at->next) {
        if (at->type == XML_TEXT_NODE && !is_blank(at)) {
            return err_set(d->e, ERR_INVALID,
                           "text stands between the operations of the patch, where only <add>, "
                           "<replace> and <remove> stand");
        }
        if (at->type != XML_ELEMENT_NODE) {
            continue;
        }
        if (d->number == XML_EDIT_OPERATIONS_MAX) {
            return err_set(d->e, ERR_TOO_LARGE, "a patch may have at most %d operations",
                           XML_EDIT_OPERATIONS_MAX);
        }
        d->op = at;
        rc = operate(d);
        d->number++;
    }
    return rc;
}

static int write_out(struct editing *d, struct buf *out)
{
    xmlBufferPtr made = xmlBufferCreate();
    int n = made ? xmlNodeDump(made, d->doc, xmlDocGetRootElement(d->doc), 0, 0) : -1;
    if (n >= 0) {
        buf_add(out,
                text_make((const char *)xmlBufferContent(made), (size_t)xmlBufferLength(made)));
    }
    xmlBufferFree(made);
    return n < 0 || buf_failed(out) ? no_memory(d) : 0;
}

static xmlDocPtr parse(text bytes)
{
    return xmlReadMemory(bytes.p, (int)bytes.n, NULL, "UTF-8",
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
                             XML_PARSE_NOCDATA | XML_PARSE_NOENT);
}

int xml_edit(text document, text patch, const struct xml_space *spaces, size_t count,
             size_t most_depth, struct arena *a, struct buf *out, struct err *e)
{
    const struct xml_node *checked;
    int rc = xml_read(patch, most_depth, a, &checked, e);
    if (rc) {
        return rc;
    }
    if (document.n >= INT_MAX) {
        return err_set(e, ERR_TOO_LARGE, "the resource is larger than can be patched as XML");
    }
    struct editing d = {.spaces = spaces, .space_count = count, .e = e};
    d.size = document.n + patch.n;
    d.doc = parse(document);
    d.patch = parse(patch);
    d.xpath = d.doc ? xmlXPathNewContext(d.doc) : NULL;
    if (!d.xpath || !d.patch) {
        rc = no_memory(&d);
    } else {
        d.xpath->opLimit = XPATH_STEPS_MAX;
        d.xpath->error = on_fault;
        d.xpath->userData = &d;
        rc = operate_all(&d);
        rc = rc ? rc : write_out(&d, out);
    }
    xmlXPathFreeContext(d.xpath);
    xmlFreeDoc(d.doc);
    xmlFreeDoc(d.patch);
    return rc;
}
