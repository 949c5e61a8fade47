/* FHIR resources as XML (R4 xml.html) and back (R4 json.html#xml), driven by the model's tables. */
#ifndef KITH_FHIR_XML_H
#define KITH_FHIR_XML_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"

/*
 * XML -> the JSON text of the same resource, ready for json_read() and resource_check(), which find
 * what is wrong with the content. Digits of decimals, order of repeats, ids and extensions of
 * primitives (`_name`, arrays matched by null), contained and entry resources, narrative (the div
 * as a string, whatever its prefix of the namespace). ERR_SYNTAX as xml_read(); ERR_INVALID with
 * line and element: not in FHIR's namespace, no known resource, an element that the type does not
 * have or that stands twice where it may stand once, text between elements, an attribute that is
 * not `value`, `id` or `url` where it may stand. Elements may stand in any order.
 */
int fhir_xml_read(text bytes, size_t most_depth, struct arena *a, struct buf *ret_json,
                  struct err *e);

/*
 * A tree that resource_check() has passed -> XML, elements in the order of the definitions.
 * ERR_INVALID, with the place: a string with characters that XML cannot hold, a narrative that is
 * no XML in the namespace of XHTML and cannot be mended (see xml_div.h).
 */
int fhir_xml_write(const yyjson_val *root, struct arena *a, struct buf *out, struct err *e);

#endif
