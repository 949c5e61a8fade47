/* Inside fhir/profile*.c: a profile as tables, and the walk over them. */
#ifndef KITH_FHIR_PROFILE_TABLES_H
#define KITH_FHIR_PROFILE_TABLES_H

#include "fhir/profile_int.h"

#include <stdatomic.h>

enum {
    PROFILE_ELEMENTS_MAX = 20000,
    PROFILE_LEVELS_MAX = 64,  /* of an element's path, and of slices within slices */
    PROFILE_DEPTH_MAX = 160,  /* of the walk: elements in elements, profiles on profiles */
    PROFILE_STEPS_MAX = 16,   /* of a discriminator's path */
    PROFILE_ANY = UINT32_MAX, /* max = "*" */
};

/* A profile named by its address, looked up once. */
struct profile_link {
    text canonical;
    const struct profile *_Atomic found;
    atomic_bool missing; /* it is not here, or no good */
};

enum { PROFILE_CONTAINED = 1, PROFILE_REFERENCED = 2, PROFILE_BUNDLED = 4 };
enum profile_versioning { VERSIONING_EITHER, VERSIONING_INDEPENDENT, VERSIONING_SPECIFIC };

/* ElementDefinition.type */
struct profile_type {
    text name;
    uint16_t model;            /* MODEL_NONE: the System types of FHIRPath, and abstract ones */
    bool is_domain;            /* DomainResource */
    struct profile_link *base; /* the type's own definition; NULL where there is nothing in it */
    struct profile_link *profiles;
    size_t profile_count;
    struct profile_link *targets;
    size_t target_count;
    uint8_t aggregation; /* PROFILE_CONTAINED ...; 0: any */
    enum profile_versioning versioning;
};

enum profile_step_kind { STEP_MEMBER, STEP_RESOLVE, STEP_OF_TYPE, STEP_EXTENSION };
struct profile_step_to {
    enum profile_step_kind kind;
    text name; /* of the member or type; the extension's url */
};

enum profile_by { BY_VALUE, BY_PATTERN, BY_EXISTS, BY_TYPE, BY_PROFILE };
struct profile_discriminator {
    enum profile_by by;
    text path; /* as written */
    struct profile_step_to *steps;
    size_t step_count;
    bool is_plain; /* members only */
};

enum profile_slicing_rules { SLICING_OPEN, SLICING_CLOSED, SLICING_OPEN_AT_END };
struct profile_slicing {
    struct profile_discriminator *discriminators;
    size_t discriminator_count;
    enum profile_slicing_rules rules;
    bool ordered;
    bool by_choice; /* slices by the type of a choice, whether or not a discriminator says so */
};

struct profile_element {
    text path;
    text id;
    text slice; /* sliceName; empty: none */
    uint32_t min, max;
    bool check_min, check_max; /* narrower than what resource_check() has held */
    bool check_types;
    bool check_targets;
    bool is_idle;  /* nothing to check, here or below */
    bool is_spare; /* nothing that could be an error in a run that spares: profile_spare.c */
    bool is_extension;
    bool codings; /* without a binding: each coding by itself */

    const struct profile_rule **rules;
    size_t rule_count;
    const struct profile_binding *binding;
    text fixed_name; /* "fixedUri" */
    const yyjson_val *fixed;
    const yyjson_val *pattern;
    text least_name, most_name;
    const yyjson_val *least, *most;
    uint64_t longest; /* 0: no limit */

    struct profile_type *types;
    size_t type_count;

    text content_name;               /* contentReference, after # */
    struct profile_element *content; /* what it means */
    struct profile_children *children;

    struct profile_slicing *slicing;
    struct profile_element **slices;
    size_t slice_count;
    uint32_t number;      /* of a slice, among all of its element, slices of slices too */
    uint32_t slice_total; /* of an element that is no slice */
    text *quick;          /* of a slice: the string of each discriminator; p == NULL: not so easy */

    /* As the snapshot is read. */
    struct profile_element *parent;
    struct profile_element *first_child, *last_child, *next;
    struct profile_element *first_slice, *last_slice;
    uint32_t child_count;
};

/* The elements of a type that a definition speaks of. */
struct profile_children {
    uint16_t model;
    struct profile_element **items;
    uint16_t count;
    uint16_t *of_element; /* by the number of the element in its type: 0, or 1 + index of items */
    uint16_t *needed;     /* indices of items that must be there, or some slice of them */
    uint16_t needed_count;
    bool spares_plain; /* in a run that spares, primitive values need no look */
};

struct profile_context {
    text type; /* "element", "fhirpath", "extension" */
    text expression;
    const struct path *path; /* of fhirpath */
};

struct profile {
    text url, version, type;
    bool is_abstract;
    bool is_base; /* a specialisation: the whole of a type, not a narrowing of it */
    bool is_modifier;
    struct profile_element *root;
    struct profile_context *contexts;
    size_t context_count;
    const struct path **invariants; /* contextInvariant */
    text *invariant_words;
    size_t invariant_count;
};

/* --- making (profile_compile.c and profile_element.c, profile_table.c, profile_slicing.c) -------
 */

struct profile_made {
    struct defs *defs; /* NULL: none */
    struct arena *arena;
    struct err *e;
    struct profile *profile;
    const yyjson_val *base; /* snapshot.element of the type's base definition; NULL: not known */
    struct map *base_paths; /* path -> its element definition */
};

int profile_no_memory(struct err *e);
/* One element definition, without its place. */
int profile_element_make(struct profile_made *m, const yyjson_val *definition,
                         struct profile_element *el);
int profile_slicing_make(struct profile_made *m, const yyjson_val *slicing,
                         struct profile_element *el);
/* The tables of everything below the root. */
int profile_tables_make(struct profile_made *m, struct profile_element *root);
/* The strings by which an element's slices are told apart, where it is as easy as that. */
int profile_quick_make(struct profile_made *m, struct profile_element *el);
/* profile_spare.c. type: that the element is one of; NULL: none. What is in it has been told. */
bool profile_element_is_spare(const struct profile_made *m, const struct profile_element *el,
                              const struct model_type *type);
/* Whether an element of the model is one that a definition means: of a choice each. */
bool profile_is_meant(const struct model_element *of, const struct profile_element *el);
/* The last part of a path: "value[x]". */
text profile_last_of(text path);
/* Without a choice's "[x]". */
text profile_bare_name(text path);
/* A type of the model by its name: resource, datatype or primitive. MODEL_NONE. */
uint16_t profile_model_of(text name);

/* --- the walk ------------------------------------------------------------------------------- */

static inline bool profile_is_primitive(uint16_t type)
{
    return type >= MODEL_BASE64_BINARY && type <= MODEL_XHTML;
}

static inline bool profile_is_resource(uint16_t type)
{
    return type >= 1 && type <= MODEL_RESOURCE_LAST;
}

/* A silent run that has its answer. */
static inline bool profile_is_over(const struct profile_run *run)
{
    return run->silent && run->errors;
}

/* What holds the members of a node: of a primitive its shadow. NULL: none. */
const yyjson_val *profile_members(const struct path_node *node);

/* The values of one element of an object, matched with their shadows. */
struct profile_values {
    struct path_node node; /* of the last one that was given */
    const struct model_element *el;
    const yyjson_val *value, *shadow;
    size_t values_left, shadows_left;
    bool many, done;
};
/* shadow: of a primitive, NULL where it has none. parent must outlive it. */
void profile_values_begin(struct profile_values *v, const struct path_node *parent,
                          const struct model_element *el, const yyjson_val *value,
                          const yyjson_val *shadow);
bool profile_values_next(struct profile_values *v);
text profile_short_name(const struct model_element *el); /* "value" of valueQuantity */

/* Visits the elements of a node that FHIRPath calls so. Ends at a visit that returns not 0. */
typedef int profile_visit(void *context, const struct path_node *node);
int profile_each_member(const struct path_node *node, text name, profile_visit *visit,
                        void *context);

/* The whole of a profile on a node, as one that is being walked; sets %resource. */
int profile_apply(struct profile_run *run, const struct profile *p, const struct path_node *node);
/* The same without findings. */
int profile_try(struct profile_run *run, const struct profile *p, const struct path_node *node,
                bool *ret_conforms);
int profile_try_element(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, const struct path_node *node,
                        bool *ret_conforms);
/* *ret NULL: it is not here. */
int profile_link_find(struct profile_run *run, struct profile_link *link,
                      const struct profile **ret);
/* A warning, unless it has been said before in this run. */
int profile_unknown(struct profile_run *run, const struct path_node *at, text canonical);

/* One element or slice on a node. */
int profile_element_check(struct profile_run *run, const struct profile *p,
                          const struct profile_element *el, const struct path_node *node);
/* All values of an element. */
int profile_items_check(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, struct profile_values *values);
/* An element that is not there. at: what it should be in. */
void profile_missing(struct profile_run *run, const struct profile *p,
                     const struct profile_element *el, const struct path_node *at);

/* profile_slice.c: the slices of an item are looked for, counted and checked. */
struct profile_count {
    uint32_t *of_slice;
    uint32_t last; /* the greatest slice so far + 1, of the outermost */
    bool has_open; /* an item without a slice went before */
};
int profile_slices_check(struct profile_run *run, const struct profile *p,
                         const struct profile_element *el, const struct path_node *node,
                         struct profile_count *count);
void profile_slices_end(struct profile_run *run, const struct profile *p,
                        const struct profile_element *el, const struct path_node *at,
                        const uint32_t *of_slice);
/* profile_match.c */
int profile_slice_matches(struct profile_run *run, const struct profile *p,
                          const struct profile_slicing *slicing,
                          const struct profile_element *slice, const struct path_node *node,
                          bool *ret_does);

/* profile_reference.c */
int profile_reference_check(struct profile_run *run, const struct profile *p,
                            const struct profile_type *type, const struct path_node *node);
/* That the target is there, where the options ask for it. */
int profile_reference_exists(struct profile_run *run, const struct path_node *node);
/* The resource that a Reference means: in the resource, the bundle, or the world. *ret NULL: not
 * known here. */
int profile_resolve(struct profile_run *run, const struct path_node *node,
                    const struct path_node **ret);
/* The type that a reference says; 0: cannot be told. */
fhir_type profile_reference_type(const struct path_node *node);
/* The resource type that a target profile is of; 0: any, or not known. */
int profile_target_type(struct profile_run *run, struct profile_link *target, fhir_type *ret_type,
                        const struct profile **ret_profile);

/* profile_extension.c: an extension by its url, and where it stands. */
int profile_extension_check(struct profile_run *run, const struct path_node *node);

#endif
