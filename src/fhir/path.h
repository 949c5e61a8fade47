/*
 * FHIRPath (N1, http://hl7.org/fhirpath/N1, with what R4 adds:
 * http://hl7.org/fhir/R4/fhirpath.html).
 *
 * An expression is compiled once into a tree that does not change and serves any number of threads;
 * an evaluation lives in the caller's arena and ends at its limits, whatever the expression.
 */
#ifndef KITH_FHIR_PATH_H
#define KITH_FHIR_PATH_H

#include "base/arena.h"
#include "base/err.h"
#include "fhir/path_value.h"

struct path; /* lives in the arena it was compiled into, and keeps slices of the expression */

/*
 * ERR_INVALID: syntax, an unknown function, a wrong number of arguments; the message says at which
 * character (from 1), what stands there and what was expected. ERR_TOO_LARGE: longer than
 * PATH_BYTES_MAX or nested deeper than PATH_DEPTH_MAX.
 */
enum { PATH_BYTES_MAX = 64 * 1024, PATH_DEPTH_MAX = 100 };
int path_compile(text expression, struct arena *a, const struct path **ret_path, struct err *e);

/* The expression in a normal form, for traces and tests: operators with brackets. */
text path_print(const struct path *path, struct arena *a);

/* A System value as the literal that means it; p == NULL: an element, a type, or no memory. */
text path_print_value(const struct path_item *value, struct arena *a);

/* "FHIR" "Patient", "System" "Integer". */
void path_type_of(const struct path_item *item, text *ret_space, text *ret_name);

/* What an evaluation may take; path_limits_default() suits an invariant. */
struct path_limits {
    uint64_t steps;   /* nodes of the tree visited, items looked at: ERR_TOO_COSTLY past them */
    size_t items;     /* of one collection: ERR_TOO_COSTLY */
    int64_t deadline; /* clock_mono_ns(); 0: none */
};
struct path_limits path_limits_default(void);

/* A variable beyond %context, %resource, %rootResource, %ucum, %sct, %loinc, %vs-..., %ext-.... */
struct path_variable {
    text name; /* without % */
    struct path_items value;
};

/*
 * What an expression may ask the world. Any may be NULL: resolve() then finds what is contained or
 * in the same Bundle only, memberOf(), conformsTo(), subsumes() of different codes and
 * elementDefinition() are ERR_NOT_SUPPORTED.
 */
struct path_world {
    /* The root of the resource that a reference (absolute, or Type/id) means. ERR_NOT_FOUND: none.
     */
    int (*resolve)(void *context, text reference, struct arena *a, const yyjson_val **ret_root,
                   struct err *e);
    /* code may be a code, Coding or CodeableConcept. */
    int (*member_of)(void *context, const struct path_item *code, text value_set, bool *ret_is,
                     struct err *e);
    int (*conforms_to)(void *context, const yyjson_val *resource, text profile, bool *ret_does,
                       struct err *e);
    void (*trace)(void *context, text name, const struct path_items *items);
    /* Whether `above` is `below` or an ancestor of it, in the hierarchy of one code system. */
    int (*subsumes)(void *context, text system, text above, text below, bool *ret_does,
                    struct err *e);
    /* A StructureDefinition with its snapshot. ERR_NOT_FOUND: none of this canonical. */
    int (*definition)(void *context, text canonical, const yyjson_val **ret_root, struct err *e);
    void *context;
};

struct path_env {
    const struct path_world *world; /* NULL: nothing */
    const struct path_variable *variables;
    size_t variable_count;
    struct path_item resource; /* %resource; PATH_NOTHING: the root of the focus */
    struct path_item root;     /* %rootResource; PATH_NOTHING: as %resource */
    int64_t now_ms;            /* now(), today(), timeOfDay(); 0: the clock's */
    /* N1 "Strict evaluation": an element that its type does not have, a type at the start that is
     * not that of the focus, and first(), skip() ... of children() are ERR_INVALID. */
    bool strict;
    /* as() takes a collection, as ofType() does, instead of one item (N1). The invariants and
     * search parameters of R4 itself are written so: dom-3 asks descendants().as(uri). */
    bool as_of_many;
    struct path_limits limits;
};

/*
 * Evaluates on a focus of any number of items. Items of the result may point into the trees of the
 * focus and into the arena. ERR_INVALID: a singleton was needed and several were there, an operand
 * of a wrong type where N1 says that it is an error, ...: with the character of the expression.
 * ERR_TOO_COSTLY past the limits; ERR_MEMORY.
 */
int path_eval(const struct path *path, const struct path_env *env, const struct path_items *focus,
              struct arena *a, struct path_items *ret_items, struct err *e);

/* The same as a condition, for invariants and where(): one boolean as it is, one of anything else
 * is true (N1 "Singleton evaluation of collections"), none is false. */
int path_holds(const struct path *path, const struct path_env *env, const struct path_items *focus,
               struct arena *a, bool *ret_holds, struct err *e);

/* The whole resource as an item. ERR_INVALID: no resourceType that R4 knows. */
int path_of_resource(const yyjson_val *root, struct arena *a, struct path_item *ret_item,
                     struct err *e);

#endif
