/*
 * The definitions in force: what a canonical address means. Resources are asked of sources, parsed
 * and compiled once, and kept as long as the shelf lives; the core of R4 (core.h) is always there,
 * behind the sources.
 *
 * A shelf never changes its mind: when stored definitions change, the owner makes a new one. Every
 * function may be called from any thread; what is returned lives until defs_free().
 */
#ifndef KITH_FHIR_DEFS_H
#define KITH_FHIR_DEFS_H

#include "base/arena.h"
#include "base/err.h"
#include "fhir/model.h"
#include "format/json.h"

struct defs;
struct profile;   /* profile.h */
struct codes;     /* codes.h */
struct value_set; /* value_set.h */

struct defs_source {
    /*
     * The resource of this type with this URL and, where not empty, version; of several the one
     * with the newest version. A NamingSystem, which has no URL, is asked for by any of its
     * unique ids. ERR_NOT_FOUND. The tree lives in the arena. May be NULL.
     */
    int (*find)(void *context, fhir_type type, text url, text version, struct arena *a,
                yyjson_val **ret_root, struct err *e);
    /* The image (codes.h) of a code system that is no resource, as SNOMED CT; it outlives the
     * shelf. ERR_NOT_FOUND. May be NULL. */
    int (*codes)(void *context, text system, text version, text *ret_image, struct err *e);
    /* Calls visit for each stored CodeSystem with content "supplement" of a system. May be NULL. */
    int (*supplements)(void *context, text system, struct arena *a,
                       int (*visit)(void *visitor, const yyjson_val *root, struct err *e),
                       void *visitor, struct err *e);
    void *context;
};

/* Sources are asked in their order. `memory`: bytes that trees and compiled forms may take; past
 * them ERR_MEMORY. */
int defs_make(const struct defs_source *sources, size_t count, size_t memory,
              struct defs **ret_defs, struct err *e);
/* A shelf for one request, over another that outlives it: its sources are asked first, and what
 * they do not have is what the other one has. */
int defs_make_over(struct defs *below, const struct defs_source *sources, size_t count,
                   size_t memory, struct defs **ret_defs, struct err *e);
void defs_free(struct defs *d); /* NULL: nothing */

/*
 * canonical: url or url|version, also with a #fragment, which is left out here. ERR_NOT_FOUND says
 * what is missing and how to add it. Only definitions that were found, and a bounded number that
 * were not, are kept.
 */
int defs_resource(struct defs *d, fhir_type type, text canonical, const yyjson_val **ret_root,
                  struct err *e);
/* A StructureDefinition with its snapshot: its own, or made (snapshot.h). */
int defs_snapshot(struct defs *d, text canonical, const yyjson_val **ret_root, struct err *e);
/* Compiled. A type's own name ("Patient", "HumanName", "Observation") means its base definition. */
int defs_profile(struct defs *d, text canonical, const struct profile **ret_profile, struct err *e);
int defs_value_set(struct defs *d, text canonical, const struct value_set **ret_set, struct err *e);
/* version: empty for the newest. A system that is a resource has the designations and properties of
 * its supplements too (codes_with_supplements()); an image is as it was made. */
int defs_codes(struct defs *d, text system, text version, const struct codes **ret_codes,
               struct err *e);
int defs_supplements(struct defs *d, text system, struct arena *a,
                     int (*visit)(void *visitor, const yyjson_val *root, struct err *e),
                     void *visitor, struct err *e);

/* The URI of a code system that is named by an OID or a UUID (urn:oid:, urn:uuid:), where a
 * NamingSystem gives one; else the same text. */
int defs_system_uri(struct defs *d, text system, text *ret_uri, struct err *e);
/* Another name of the system that has the name `id`, by a NamingSystem. kind: uri, oid (without
 * urn:oid:), uuid, other. ERR_NOT_FOUND. */
int defs_preferred_id(struct defs *d, text id, text kind, text *ret_id, struct err *e);

/* Whether resources of a type are definitions: what a shelf is made of. */
bool defs_is_definition(fhir_type type);
/* Whether the memory was used up once: then a new shelf helps. */
bool defs_is_full(const struct defs *d);

/* The canonical of a base type: http://hl7.org/fhir/StructureDefinition/NAME. */
#define DEFS_BASE "http://hl7.org/fhir/StructureDefinition/"

/* --- a source of resources in memory, for files, packages and tests ------------------------- */

struct defs_shelf;
/* Lives in the arena. */
int defs_shelf_make(struct arena *a, struct defs_shelf **ret_shelf, struct err *e);
/* A tree that outlives the shelf; resources without a url (a NamingSystem:
 * without a unique id) are passed over (*ret_taken false). */
int defs_shelf_add(struct defs_shelf *s, yyjson_val *root, bool *ret_taken, struct err *e);
struct defs_source defs_shelf_source(struct defs_shelf *s);
void defs_shelf_done(struct defs_shelf *s); /* the memory that is not in the arena; NULL: nothing */

/* Whether version a is newer than b: numbers by number, else by bytes ("1.10.0" after "1.9"). */
int defs_version_compare(text a, text b);

#endif
