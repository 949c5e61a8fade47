/*
 * XML 1.0 in, on libxml2: one document -> a tree in an arena. Nothing is fetched, no entity but the
 * five of XML and character references is known, and a document type (<!DOCTYPE) is refused before
 * the parser sees a byte behind it.
 */
#ifndef KITH_FORMAT_XML_H
#define KITH_FORMAT_XML_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct xml_attribute {
    text name;  /* without prefix */
    text space; /* namespace URI; empty: none */
    text value;
    const struct xml_attribute *next;
};

enum xml_kind { XML_ELEMENT, XML_TEXT, XML_COMMENT };

struct xml_node {
    enum xml_kind kind;
    text name;
    text space;
    text chars; /* of XML_TEXT and XML_COMMENT, and unescaped */
    const struct xml_attribute *attributes;
    const struct xml_node *first; /* child */
    const struct xml_node *next;  /* sibling */
    text source;                  /* of an element: the bytes that it stands in, tags included */
    uint32_t line;
    bool prefixed; /* it, or an element or attribute in it, has a prefix (but xml:) */
    bool declares; /* it says itself which namespace names without a prefix are in */
};

/* ERR_SYNTAX with line and column: not well-formed (names without a namespace that is declared
 * included), not UTF-8, a document type, a processing instruction, more than one root, more than 64
 * attributes of an element. ERR_INVALID: nested deeper than most_depth, more than 256 namespaces at
 * one place or 8,192 different names. Texts of the tree may be slices of bytes. */
int xml_read(text bytes, size_t most_depth, struct arena *a, const struct xml_node **ret_root,
             struct err *e);

text xml_attribute_of(const struct xml_node *n, text name); /* p == NULL: none */

/* & < > " and white space that a reader would change are escaped. Characters that XML 1.0 forbids:
 * false, nothing is written. t must be UTF-8. */
bool xml_write_chars(text t, bool in_attribute, struct buf *out);

#endif
