/* XML Patch (RFC 5261) on the XML form of a resource (R4 http.html#patch). */
#ifndef KITH_FHIR_XML_PATCH_H
#define KITH_FHIR_XML_PATCH_H

#include "base/arena.h"
#include "base/err.h"
#include "format/json.h"

/*
 * Applies a patch as xml_edit() (format/xml_edit.h) does. The tree has passed resource_check() and
 * stays as it is; the result is a tree in the arena, which has to be checked like any resource from
 * outside. Names without a prefix are FHIR's where the patch declares nothing else; f: and fhir:
 * mean FHIR, h: and xhtml: XHTML.
 *
 * Errors as xml_edit(); also ERR_INVALID: what the patch makes is no resource in XML, or the
 * resource cannot be given as XML.
 */
int xml_patch(const yyjson_val *root, text patch, size_t most_depth, struct arena *a,
              yyjson_val **ret_root, struct err *e);

#endif
