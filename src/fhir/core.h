/*
 * The definitions of FHIR R4 (4.0.1) itself, built into the program: structure definitions,
 * extensions, profiles, code systems, value sets, concept maps of the core package, reduced to
 * facts (no prose) by spec/gen_core.py. Each is an ordinary resource as JSON; structure definitions
 * have their snapshot (base types: every element of it) or their differential (constraints on
 * them).
 *
 * The rules ele-1 and ext-1, which every element and extension has, stand with Element and
 * Extension alone. isModifier, isSummary and mustSupport stand where they are true. A designation
 * without a use is a display.
 */
#ifndef KITH_FHIR_CORE_H
#define KITH_FHIR_CORE_H

#include "base/arena.h"
#include "base/err.h"
#include "fhir/model.h"
#include "format/json.h"

/*
 * The JSON text of a definition by its URL; of several types with one URL (there are code systems
 * and value sets with the same) the one of this type. False: none (or no memory to unpack them,
 * once, some megabytes). The text lives as long as the program. Safe from any thread.
 */
bool core_find(fhir_type type, text url, text *ret_json);

/* All of them, for lists: *at from 0 on, moved to the next. False: no more. */
bool core_next(size_t *at, fhir_type *ret_type, text *ret_url, text *ret_json);

#endif
