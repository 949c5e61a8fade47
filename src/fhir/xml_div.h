/*
 * The narrative's <div> between JSON, where it is a string, and XML, where it is elements of the
 * namespace of XHTML. Inside fhir/.
 */
#ifndef KITH_FHIR_XML_DIV_H
#define KITH_FHIR_XML_DIV_H

#include "format/xml.h"

#define XHTML_SPACE T("http://www.w3.org/1999/xhtml")

enum { XML_DIV_DEPTH = 130 }; /* deeper than what a narrative may be */

/*
 * An element div -> the string. The very bytes of the document where they mean the same alone;
 * else written anew, without prefixes and with what they stood for.
 */
int xml_div_text(const struct xml_node *div, struct arena *a, struct buf *out, struct err *e);

/*
 * The string, which primitive_xhtml() has passed, -> XML. The very bytes where they are XML in the
 * namespace of XHTML; else with characters for HTML's names of them (&nbsp;), with & escaped where
 * it names nothing, and with the namespace declared. ERR_INVALID: it is no XML even so.
 */
int xml_div_write(text div, struct arena *a, struct buf *out, struct err *e);

/* The character that a name of HTML means ("nbsp"); 0: none. XML's own five are not among them. */
uint32_t xml_named_char(text name);

#endif
