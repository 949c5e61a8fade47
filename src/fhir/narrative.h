/*
 * Narrative.div on a page (R4 narrative.html). A narrative is written by whoever sent the resource,
 * so nothing of it is passed on: it is read as XML, and what may stand in a narrative is written
 * anew, element by element, by the one door for HTML (format/html.h).
 *
 * What stays: paragraphs, headings, lists, tables, emphasis, links to https:, http:, mailto: and
 * tel:, and the attributes that reading needs (lang, dir, title, colspan, rowspan, scope). An image
 * becomes its alternative text. Everything else (scripts, styles, forms, attributes that act, ids
 * and classes, other namespaces) is left out; of an unknown element its text stays.
 */
#ifndef KITH_FHIR_NARRATIVE_H
#define KITH_FHIR_NARRATIVE_H

#include "base/arena.h"
#include "base/err.h"
#include "format/html.h"

enum { NARRATIVE_BYTES_MOST = 512 * 1024 };

/*
 * Writes the div into an element div of the page. `level`: that of the page's heading above it; the
 * narrative's own headings go below, without a gap. `caption`: of its first table, where that has
 * none; empty: none. ERR_INVALID: it is no narrative, nothing is
 * written, and the caller says in its own words what the resource has; ERR_TOO_LARGE the same;
 * ERR_MEMORY.
 */
int narrative_write(text div, unsigned level, text caption, struct arena *a, struct html *h,
                    struct err *e);

#endif
