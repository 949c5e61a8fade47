/* Inside fhir/path_eval.c and the files that it was split into: operators, sets of items. */
#ifndef KITH_FHIR_PATH_RUN_H
#define KITH_FHIR_PATH_RUN_H

#include "fhir/path_int.h"

/* %resource and %rootResource of a run, by its env or its focus. (path_variable) */
void path_find_resources(struct path_run *run, const struct path_items *focus);
int path_run_variable(struct path_run *run, const struct path_term *term, struct path_items *ret);

/* path_only(), or an empty collection for PATH_NOTHING. */
int path_give(struct path_run *run, const struct path_item *item, struct path_items *ret);

/*
 * Results that stay the same through a run, whatever item a lambda is on: kept from the first time
 * on. What is kept lies in the arena: who rewinds over an evaluation looks at run->kept_count
 * before. (path_keep)
 */
bool path_may_keep(const struct path_term *term, const struct path_scope *scope);
bool path_kept(const struct path_run *run, const struct path_term *term, struct path_items *ret);
void path_keep(struct path_run *run, const struct path_term *term, const struct path_items *items);

/* The empty collection; one boolean. */
static inline int path_nothing(struct path_items *ret)
{
    *ret = (struct path_items){NULL, 0};
    return 0;
}
static inline int path_only_boolean(struct path_run *run, bool is, struct path_items *ret)
{
    return path_only(run, ret, &(struct path_item){.kind = PATH_BOOLEAN, .u.boolean = is});
}
/* A node's own member, as it stands in JSON. */
static inline text path_member_text(const struct path_item *item, text name)
{
    return item->kind == PATH_NODE ? json_text(json_get(item->u.node->value, name))
                                   : (text){NULL, 0};
}

/* Steps for looking at all of an item: more than one for a long text or a large element. */
int path_step_on(struct path_run *run, const struct path_item *item);

/* Whether elements of a type (of model_types) may be asked for by a name: not by that of a choice
 * in JSON, and with env->strict by those only that the type has. (path_model) */
int path_check_name(struct path_run *run, uint16_t type, text name);
/* Of model_types; 0: none that has elements. (path_type) */
uint16_t path_type_number(text name);

/*
 * `left op right` where left is evaluated already: right is, as soon as it matters. (path_operator)
 */
int path_operate(struct path_run *run, const struct path_term *term, const struct path_scope *scope,
                 const struct path_items *left, struct path_items *ret);

/* * / div mod + - of two single items, which are System values. No value: ret->kind stays
 * PATH_NOTHING. (path_arithmetic) */
int path_calculate(struct path_run *run, const struct path_term *term, const struct path_item *a,
                   const struct path_item *b, struct path_item *ret);
/* -a; a is a number or a quantity. */
int path_negate(struct path_run *run, const struct path_term *term, const struct path_item *a,
                struct path_item *ret);

/* path_one() for an operand of a term; what: "the left operand". */
int path_operand(struct path_run *run, const struct path_term *term, const char *what,
                 const struct path_items *items, enum path_kind kind, struct path_item *ret);

/*
 * path_is(), but a primitive only of its own type: what as() and ofType() let through. R4 has it
 * so: its dom-3 asks for as(uri) and as(canonical) side by side, and in its test suite
 * Patient.gender is a string, but Patient.gender.as(string) is empty. (path_type)
 */
bool path_is_exactly(const struct path_item *item, text space, text name, bool *ret_known);
/* Of model_types. */
bool path_is_primitive(uint16_t type);

/* "Integer", "Quantity" ...; for a node its FHIR type. For messages. */
text path_kind_name(enum path_kind kind);
text path_item_name(const struct path_item *item);

/*
 * Items without duplicates, as `=` sees them. Strings, of which there may be many, are found by
 * their hash; everything else by comparing, each comparison a step. (path_set)
 */
struct path_set {
    struct path_run *run;
    struct path_items items;
    size_t capacity;
    uint32_t *others; /* indices of what is no string */
    size_t other_count;
    size_t other_capacity;
    uint32_t *slots; /* 1 + index of a string; 0: free */
    size_t slot_count;
    size_t string_count;
};

void path_set_init(struct path_set *set, struct path_run *run);
int path_set_add(struct path_set *set, const struct path_item *item, bool *ret_new);
int path_set_add_all(struct path_set *set, const struct path_items *items);
int path_set_has(struct path_set *set, const struct path_item *item, bool *ret_has);

/* The collection without its duplicates. */
int path_distinct(struct path_run *run, const struct path_items *items, struct path_items *ret);

#endif
