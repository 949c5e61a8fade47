/* What the parts of resource_check() share. Private to fhir/. */
#ifndef KITH_FHIR_CHECK_H
#define KITH_FHIR_CHECK_H

#include "fhir/model_tables.h"
#include "fhir/resource.h"

enum { NO_INDEX = UINT32_MAX };

/*
 * A step from the resource to what is being looked at. The steps stand on the stack, one a level,
 * and become a text only when there is something to say about the place.
 */
struct place {
    const struct place *up;
    const struct model_element *element; /* NULL: see name */
    text name;                           /* the type of the root, or an element by name */
    uint32_t index;                      /* in an array, or NO_INDEX */
};

struct contained {
    text id;
    fhir_type type;
    uint32_t index;
};

/* The resource whose contained resources a "#id" points to. */
struct container {
    struct contained *items; /* by id */
    size_t count;
    fhir_type type;
    bool inside; /* one of the contained resources is being walked */
};

struct check {
    struct arena *arena;
    struct issues *issues;
    struct container *container;
    struct resource_link *links;
    size_t link_count;
    size_t link_capacity;
    size_t depth;
    bool allow_conditional;
    bool collect; /* links */
    bool out_of_memory;
};

/* check.c */
void check_object(struct check *c, const yyjson_val *v, uint16_t type, const struct place *at);
/* ele-1: an object has more than an id. */
bool check_only_id(const yyjson_val *v);

/* check_resource.c */
/* A resource at its place; `contained`: as an item of `contained`. */
void check_inner_resource(struct check *c, const yyjson_val *v, bool contained,
                          const struct place *at);

/* check_primitive.c */
void check_primitive(struct check *c, const yyjson_val *v, const struct model_element *el,
                     const struct place *at);
/* The system and code of a Coding, or of each Coding of a CodeableConcept, against a required
 * binding. */
void check_codings(struct check *c, const yyjson_val *v, const struct model_element *el,
                   const struct place *at);
void check_link(struct check *c, const yyjson_val *v, struct resource_link link);

/* check_shadow.c */
/* `_name`: id and extensions of a primitive `name`. */
void check_shadow(struct check *c, const yyjson_val *object, const yyjson_val *v,
                  const struct model_element *el, const struct place *up);
/* Where a walk through an array `name` is in the array `_name`. Zeroed at first. */
struct shadow_cursor {
    const yyjson_val *item;
    const yyjson_val *end;
    size_t index;
};
/* Whether `_name` of `object` has an object at a position; positions are asked for in rising order.
 */
bool check_has_shadow(struct shadow_cursor *s, const yyjson_val *object, text name, size_t index);

/* check_reference.c */
void check_reference(struct check *c, const yyjson_val *v, const struct model_element *el,
                     const struct place *at);

/* check_issue.c */
/* Adds an error. Its cost is bounded: findings past the maximum of a list are only counted. */
void check_issue(struct check *c, int code, const struct place *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same, of the member `name` of the object at `up`. */
#define check_issue_of(c, code, up_, name_, ...)                                           \
    check_issue(c, code, &(struct place){.up = (up_), .name = (name_), .index = NO_INDEX}, \
                __VA_ARGS__)
/* The FHIRPath of a place; p == NULL: out of memory. */
text check_path(const struct place *at, struct arena *a);
/* The name of a choice without its type: "value" of "valueQuantity". Other elements: their name. */
text check_base_name(const struct model_element *el);

enum { SHOWN_SIZE = 80, LIST_SIZE = 512 };
/* Shortens a text for a message; NUL-terminated. */
const char *check_shown(text t, char out[SHOWN_SIZE]);
/* What stands there instead of what was expected: "a string", "an empty array" ... */
const char *check_kind(const yyjson_val *v);
/*
 * Ends of sentences for check_issue(): the names of elements that are close to one that is unknown,
 * the codes of a set or of one system of it, the types of a set. Empty when the list of findings is
 * full: they take time.
 */
const char *check_close_names(const struct check *c, const struct model_type *type, text name,
                              char out[LIST_SIZE]);
const char *check_code_list(const struct check *c, uint16_t code_set, text system,
                            char out[LIST_SIZE]);
const char *check_target_list(const struct check *c, uint16_t targets, char out[LIST_SIZE]);

#endif
