/*
 * A code system (R4 codesystem.html) as an image: one run of bytes that is looked into where it
 * lies, in memory or in a mapped file. The same for a CodeSystem resource of ten codes and for a
 * release of SNOMED CT. Concepts are numbered from 0 in the order of their definition.
 */
#ifndef KITH_FHIR_CODES_H
#define KITH_FHIR_CODES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"

struct codes;
#define CODES_NONE UINT32_MAX /* no concept */
enum { CODES_MOST = 16 * 1000 * 1000 };

/* Checks every offset and number of the image once (ERR_CORRUPT), so that nothing can be read
 * outside it afterwards. The image must stay where it is. */
int codes_open(text image, struct arena *a, const struct codes **ret_codes, struct err *e);

enum codes_content {
    CODES_COMPLETE,
    CODES_FRAGMENT,
    CODES_EXAMPLE,
    CODES_NOT_PRESENT,
    CODES_SUPPLEMENT, /* of another: see codes_with_supplements() */
};

struct codes_about {
    text url, version, name, title, status, language, value_set, hierarchy_meaning;
    text standards_status; /* the extension structuredefinition-standards-status, as "deprecated" */
    enum codes_content content;
    bool case_sensitive;
    bool experimental;
    bool version_needed;
    uint32_t count; /* concepts */
};
const struct codes_about *codes_about(const struct codes *c);

/* By the system's rule about case. CODES_NONE. */
uint32_t codes_find(const struct codes *c, text code);
text codes_code(const struct codes *c, uint32_t concept);
text codes_display(const struct codes *c, uint32_t concept);
text codes_definition(const struct codes *c, uint32_t concept);

enum {
    CODES_INACTIVE = 1, /* property inactive, or status retired, or inactive in SNOMED CT */
    CODES_ABSTRACT = 2, /* property notSelectable */
    CODES_DEPRECATED = 4,
};
unsigned codes_flags(const struct codes *c, uint32_t concept);
/* Its status as written: "retired", "deprecated"; empty: none. */
text codes_status(const struct codes *c, uint32_t concept);

/* Direct ones; in order of definition. */
const uint32_t *codes_parents(const struct codes *c, uint32_t concept, size_t *ret_count);
const uint32_t *codes_children(const struct codes *c, uint32_t concept, size_t *ret_count);
/* A proper descendant: by precomputed ancestors, so O(log n). */
bool codes_is_below(const struct codes *c, uint32_t concept, uint32_t ancestor);
/* All proper ancestors, ascending numbers. */
const uint32_t *codes_ancestors(const struct codes *c, uint32_t concept, size_t *ret_count);

struct codes_designation {
    text language; /* may be empty */
    text use_system, use_code, use_display;
    text value;
};
size_t codes_designation_count(const struct codes *c, uint32_t concept);
struct codes_designation codes_designation(const struct codes *c, uint32_t concept, size_t i);

enum codes_kind { /* of a property's value: CodeSystem.property.type */
                  CODES_CODE,
                  CODES_CODING,
                  CODES_STRING,
                  CODES_INTEGER,
                  CODES_BOOLEAN,
                  CODES_DATE_TIME,
                  CODES_DECIMAL,
};
struct codes_property_definition {
    text code, uri;
    enum codes_kind kind;
};
size_t codes_property_definitions(const struct codes *c);
struct codes_property_definition codes_property_definition(const struct codes *c, size_t i);

struct codes_property {
    text code;
    enum codes_kind kind;
    text value;       /* as text; of a Coding: its code */
    text system;      /* of a Coding */
    text display;     /* of a Coding */
    uint32_t concept; /* CODES_CODE: the concept of this system, or CODES_NONE */
    uint32_t group;   /* role group of SNOMED CT; 0: none */
};
size_t codes_property_count(const struct codes *c, uint32_t concept);
struct codes_property codes_property(const struct codes *c, uint32_t concept, size_t i);
/* Concepts that have a property `code` whose value is the concept `value`, ascending: for the
 * inverse of relationships. */
const uint32_t *codes_with(const struct codes *c, text property, uint32_t value, size_t *ret_count);

/* The members of a reference set of SNOMED CT, ascending; NULL where it is none. */
const uint32_t *codes_members(const struct codes *c, uint32_t reference_set, size_t *ret_count);

/*
 * Concepts one of whose terms (display, designations) has, for each word of `words`, a word that
 * begins with it; without case and accents. Ascending. By an index of words where the image has
 * one, else by looking at each. ERR_MEMORY.
 */
int codes_search(const struct codes *c, text words, struct arena *a, uint32_t **ret_concepts,
                 size_t *ret_count, struct err *e);

/* --- making an image ----------------------------------------------------------------------- */

/* Owns its memory outside any arena, since it may be large; texts are copied. Errors are kept: look
 * once, at the end. */
struct codes_build;
struct codes_build *codes_build_begin(const struct codes_about *about); /* NULL: no memory */
void codes_build_drop(struct codes_build *b);                           /* NULL: nothing */
/* The number of the new concept; of a code that is there already its old number, *ret_new false.
 */
uint32_t codes_build_concept(struct codes_build *b, text code, bool *ret_new);
uint32_t codes_build_find(const struct codes_build *b, text code); /* or CODES_NONE */
void codes_build_display(struct codes_build *b, uint32_t concept, text display);
void codes_build_definition(struct codes_build *b, uint32_t concept, text definition);
void codes_build_flags(struct codes_build *b, uint32_t concept, unsigned flags, text status);
void codes_build_parent(struct codes_build *b, uint32_t concept, uint32_t parent); /* once each */
void codes_build_designation(struct codes_build *b, uint32_t concept,
                             const struct codes_designation *designation);
void codes_build_property_definition(struct codes_build *b,
                                     const struct codes_property_definition *definition);
void codes_build_property(struct codes_build *b, uint32_t concept,
                          const struct codes_property *property);
void codes_build_member(struct codes_build *b, uint32_t reference_set, uint32_t concept);
/* Once, then drop it. words: with an index for codes_search(). The image goes to a file or a buffer
 * by `write`. ERR_INVALID: a cycle of parents, naming a code of it; ERR_TOO_LARGE: past CODES_MOST;
 * ERR_MEMORY.
 */
int codes_build_end(struct codes_build *b, bool words,
                    int (*write)(void *context, text bytes, struct err *e), void *context,
                    struct err *e);

/*
 * A CodeSystem resource: concepts within concepts, the properties parent, child, subsumedBy,
 * inactive, status, notSelectable, deprecated ... as http://hl7.org/fhir/concept-properties has
 * them, by their uri whatever their code is, or by their code. They stay properties, too, as they
 * are written. A system that does not say whether case counts finds a code in any case, the one
 * that is written so first. ERR_INVALID: a code twice, a cycle.
 */
int codes_of_resource(const yyjson_val *root, struct arena *a, const struct codes **ret_codes,
                      struct err *e);

/*
 * The same system with the designations and properties of CodeSystem resources with the content
 * "supplement", in their order, for the codes that it has; their other codes are passed over, their
 * displays and definitions too. A new image in the arena, of about the same size. None: c itself.
 * That a supplement is for this system is the caller's to know.
 */
int codes_with_supplements(const struct codes *c, const yyjson_val *const *supplements,
                           size_t count, struct arena *a, const struct codes **ret_codes,
                           struct err *e);

/* --- systems whose codes are made by a grammar ---------------------------------------------- */

enum codes_answer { CODES_NO, CODES_YES, CODES_UNKNOWN };
/*
 * Whether the system has the code. CODES_UNKNOWN also where there is no memory for a unit; what is
 * allocated is given back.
 *
 * UCUM units, BCP 47 languages, BCP 13 media types, ISO 3166 countries, ISO 4217 currencies, IANA
 * time zones by form, URIs and OIDs (urn:ietf:rfc:3986). CODES_UNKNOWN: not one of these systems.
 */
enum codes_answer codes_by_grammar(text system, text code, struct arena *a);

#endif
