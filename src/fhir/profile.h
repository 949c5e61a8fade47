/*
 * Profiles: a StructureDefinition compiled to tables, and elements checked against it (R4
 * profiling.html, validation.html).
 *
 * resource_check() (resource.h) has passed what comes here: names, types and JSON forms of the base
 * definitions hold. What is checked here is what it does not: cardinality, types, slices, fixed and
 * pattern values, lengths and ranges, bindings, invariants, references, extensions of the base
 * definitions and of profiles alike.
 */
#ifndef KITH_FHIR_PROFILE_H
#define KITH_FHIR_PROFILE_H

#include "fhir/defs.h"
#include "fhir/outcome.h"
#include "fhir/path.h"

struct profile;

/* From a definition with its snapshot. Takes texts of the tree, which must outlive it. Does not
 * look other profiles up: they are found by their address when they are needed. ERR_INVALID. */
int profile_compile(struct defs *d, const yyjson_val *definition, struct arena *a,
                    const struct profile **ret_profile, struct err *e);

text profile_url(const struct profile *p);
text profile_version(const struct profile *p);
text profile_type(const struct profile *p); /* "Patient", "Extension", "HumanName" */
bool profile_is_abstract(const struct profile *p);

/* How much is checked; zeroed: the usual. */
struct profile_options {
    bool no_bindings; /* leave all bindings out but required ones of base definitions */
    bool no_unknown;  /* no word about extensions and code systems that are not here */
    bool no_warnings; /* errors only: the cheapest form, for writes */
    bool references;  /* that targets exist: asks the world */
    bool base_held;   /* the rules of base definitions are known to hold: the core's were asked */
    bool no_texts;    /* errors are only counted, in issues->errors: nobody will read them */
};

/* One run over one resource (or bundle), and what it may take. */
struct profile_run {
    struct defs *defs;
    struct arena *arena;
    struct issues *issues;
    const struct path_world *world; /* for invariants and references; NULL: none */
    struct profile_options options;
    int64_t now_ms;   /* 0: the clock's, looked at when an expression first needs it */
    int64_t deadline; /* clock_mono_ns(); 0: none. Past it: ERR_TOO_COSTLY */
    uint64_t steps;   /* taken so far */
    unsigned depth;
    const struct path_node *root; /* %rootResource: the outermost but for bundles and parameters */
    const struct path_node *resource; /* %resource: the one being walked */
    bool silent;                      /* only whether there are errors matters: stop at the first */
    size_t errors;
    bool spares;    /* what can only warn is passed over: profile_spare.c */
    bool in_target; /* the walk's own: of a reference's target, whose own are left alone */
    struct profile_seen *seen; /* what is said once only; the walk's own, NULL at the start */
    struct err *e;
};

/*
 * Checks an element (a resource: the node has no parent, or stands in one) against a profile, with
 * everything in it, but not resources in Bundle.entry and Parameters.parameter, which validate.h
 * walks; contained resources are checked here against what their element says. Findings go to the
 * run's issues with their FHIRPath. 0 also when there are findings; ERR_MEMORY, ERR_TOO_COSTLY.
 */
int profile_check(struct profile_run *run, const struct profile *p, const struct path_node *at);

/* Whether there is an extension, or what stands beside a primitive value, anywhere in a resource.
 * Of a resource without, a run for errors alone by base definitions sets `spares`. */
bool profile_has_extensions(const yyjson_val *root);

/* The same without findings: whether there would be an error. For discriminators, conformsTo(). */
int profile_conforms(struct profile_run *run, const struct profile *p, const struct path_node *at,
                     bool *ret_does);

#endif
