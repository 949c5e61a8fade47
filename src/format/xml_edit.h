/*
 * XML Patch (RFC 5261) on a document, by libxml2's tree and XPath. What selects is a bounded part
 * of XPath 1.0: see xml_select().
 */
#ifndef KITH_FORMAT_XML_EDIT_H
#define KITH_FORMAT_XML_EDIT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* What a patch may have and do. */
enum {
    XML_EDIT_OPERATIONS_MAX = 1000,
    XML_EDIT_SELECT_MAX = 1000, /* bytes of one sel */
};
/* Bytes of the document, times the words of each sel. */
#define XML_EDIT_WORK_MAX (4ULL * 1000 * 1000 * 1000)

/* A namespace that selectors and content may name without declaring it; an empty prefix: names that
 * have none. What the patch declares itself comes first. */
struct xml_space {
    const char *prefix;
    const char *uri;
};

/*
 * Does the operations add, replace and remove, the children of the patch's root, one after another;
 * all of them, or none. The document is well-formed XML of ours; the patch comes from outside and
 * has to be as xml_read() wants it.
 *
 * The detail names the operation by its number (from 0), name and sel. ERR_SYNTAX: the patch is not
 * XML that is read here; ERR_INVALID: it is no such patch; ERR_BUSINESS_RULE: an operation cannot
 * be done on this document (its sel leads to none or several); ERR_TOO_LARGE, ERR_TOO_COSTLY,
 * ERR_MEMORY.
 */
int xml_edit(text document, text patch, const struct xml_space *spaces, size_t count,
             size_t most_depth, struct arena *a, struct buf *out, struct err *e);

/* --- inside (xml_select.c) ------------------------------------------------------------------ */

/* The prefix that xml_select() gives to names of elements that have none. */
#define XML_SELECT_DEFAULT "_none"

/*
 * An XPath as RFC 5261, 4.1 has it, made ready: names of elements without a prefix get
 * XML_SELECT_DEFAULT, since XPath 1.0 would look for them in no namespace. Refused (ERR_INVALID)
 * is what could look far around for each of many nodes: `//` more than once or in a predicate,
 * `..`, absolute paths in a predicate, axes other than child, attribute, self and (outside
 * predicates, as `//`) descendant, functions beyond a few, variables. *ret_words: how many words it
 * has. What is left is for XPath to understand or refuse.
 */
int xml_select(text sel, struct buf *out, size_t *ret_words, struct err *e);

#endif
