/* Inside rest/: in which form (JSON or XML) content comes and is asked for. */
#ifndef KITH_REST_FORMS_H
#define KITH_REST_FORMS_H

#include "rest/call.h"

enum form { FORM_NONE, FORM_JSON, FORM_XML };

/* What a media type names (R4 http.html#mime-type): application/fhir+xml, xml, text/json ... */
enum form form_of_media(text media);

/* Of Accept: by quality; of two that are equally wanted the one that is named, then the first one
 * named, then JSON. FORM_NONE: neither. */
enum form form_of_accept(text accept);

/* Of _format. A '+' that nobody encoded arrives as a space. */
enum form form_of_parameter(text value);

/* Replaces a body in XML by the JSON text of the same resource. Errors as fhir_xml_read(). */
int form_read_xml(struct call *c, struct err *e);

/*
 * Replaces a ready body in JSON by XML, also one that would be streamed: the order of FHIR's
 * elements in XML is such that a Bundle's total stands before its entries, so the whole is
 * collected. ERR_NOT_ACCEPTABLE: something in it cannot be said in XML.
 */
int form_write_xml(const struct call *c, struct http_reply *reply, struct err *e);

#endif
