/*
 * The expression of an added search parameter -> its tables. A place is where a path has come to;
 * a step turns each place into the places behind it. Each place that is left becomes one chain of
 * nodes with a leaf at its end.
 */
#include "fhir/search_custom.h"
#include "fhir/search_path.h"

#include <stdlib.h>

enum { STEPS_MAX = 16, PLACES_MAX = 128, NAME_MAX_BYTES = 200 };

struct step {
    text member;
    uint16_t filter; /* of the tables; 0: none */
};

struct place {
    struct step steps[STEPS_MAX];
    size_t depth;
    uint16_t type; /* of model_types */
    const struct model_element *element;
};

struct places {
    struct place items[PLACES_MAX];
    size_t count;
};

struct compile {
    text whole;
    text rest;
    const char *at; /* where the step began */
    fhir_type base;
    enum search_type type;
    uint8_t ordinal;
    struct arena *arena;
    struct err *e;
    struct search_filter *filters;
    size_t filter_count;
    size_t filter_capacity;
    struct places done; /* with all alternatives */
    bool beyond;        /* failed at what tables cannot have, FHIRPath perhaps can */
};

static int wrong(struct compile *c, const char *words)
{
    return err_at(c->e, ERR_INVALID, T("SearchParameter.expression"),
                  "at character %zu of '%.*s': %s", (size_t)(c->rest.p - c->whole.p) + 1,
                  TEXT_ARG(text_short(c->whole, 200)), words);
}

static int bad(struct compile *c, const char *words)
{
    c->beyond = true;
    return wrong(c, words);
}

static int no_memory(struct compile *c)
{
    return err_set(c->e, ERR_MEMORY, "no memory for a search parameter");
}

/* --- tokens -------------------------------------------------------------------------------- */

static void skip_space(struct compile *c)
{
    while (c->rest.n && (c->rest.p[0] == ' ' || c->rest.p[0] == '\n' || c->rest.p[0] == '\t' ||
                         c->rest.p[0] == '\r')) {
        c->rest = text_from(c->rest, 1);
    }
}

static bool take(struct compile *c, char wanted)
{
    skip_space(c);
    if (c->rest.n == 0 || c->rest.p[0] != wanted) {
        return false;
    }
    c->rest = text_make(c->rest.p + 1, c->rest.n - 1);
    return true;
}

static bool is_name(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

static text peek_name(struct compile *c)
{
    skip_space(c);
    size_t n = 0;
    while (n < c->rest.n && n < NAME_MAX_BYTES && is_name(c->rest.p[n], n == 0)) {
        n++;
    }
    return text_first(c->rest, n);
}

static text take_name(struct compile *c)
{
    text name = peek_name(c);
    c->rest = text_make(c->rest.p + name.n, c->rest.n - name.n);
    return name;
}

/* 'text' without escapes. p == NULL: there is none. */
static text take_string(struct compile *c)
{
    skip_space(c);
    if (!take(c, '\'')) {
        return (text){0};
    }
    size_t end = text_find(c->rest, '\'');
    if (end == c->rest.n || text_find(text_first(c->rest, end), '\\') < end) {
        return (text){0};
    }
    text inside = text_make(c->rest.p, end);
    c->rest = text_make(c->rest.p + end + 1, c->rest.n - end - 1);
    return inside;
}

/* --- steps --------------------------------------------------------------------------------- */

static text element_name(const struct model_element *element)
{
    return model_text(element->name);
}

/* "value" stands for valueQuantity, valueString ...: those of one choice. */
static bool is_choice_of(const struct model_element *element, text name)
{
    text full = element_name(element);
    text type = model_text(model_types[element->type].name);
    return element->choice && full.n == name.n + type.n && text_starts(full, name) &&
           memcmp(full.p + name.n + 1, type.p + 1, type.n - 1) == 0 &&
           (full.p[name.n] | 0x20) == (type.p[0] | 0x20);
}

static int add_place(struct compile *c, struct places *to, const struct place *from,
                     const struct model_element *element)
{
    if (to->count == PLACES_MAX || from->depth == STEPS_MAX) {
        return bad(c, "the expression leads to too many places");
    }
    struct place *place = &to->items[to->count++];
    *place = *from;
    place->steps[place->depth++] = (struct step){.member = element_name(element)};
    place->type = element->type;
    place->element = element;
    return 0;
}

static int step_member(struct compile *c, struct places *places, text name)
{
    struct places *next = arena_zalloc(c->arena, 1, sizeof *next);
    if (!next) {
        return no_memory(c);
    }
    for (size_t i = 0; i < places->count; i++) {
        if (places->items[i].type == MODEL_RESOURCE) {
            return bad(c, "the type of a resource in another is not known");
        }
        const struct model_type *type = &model_types[places->items[i].type];
        for (uint16_t k = 0; k < type->count; k++) {
            const struct model_element *element = &model_elements[type->first + k];
            if (text_eq(element_name(element), name) || is_choice_of(element, name)) {
                int rc = add_place(c, next, &places->items[i], element);
                if (rc) {
                    return rc;
                }
            }
        }
    }
    if (next->count == 0) {
        return err_at(c->e, ERR_INVALID, T("SearchParameter.expression"),
                      "at character %zu of '%.*s': there is no element '%.*s' there, so the path "
                      "leads nowhere",
                      (size_t)(c->at - c->whole.p) + 1, TEXT_ARG(text_short(c->whole, 200)),
                      TEXT_ARG(name));
    }
    *places = *next;
    return 0;
}

static int step_filter(struct compile *c, struct places *places, struct search_filter filter)
{
    struct search_filter *filters =
        arena_grow(c->arena, c->filters, c->filter_count, &c->filter_capacity, sizeof *filters);
    if (!filters) {
        return no_memory(c);
    }
    c->filters = filters;
    filters[c->filter_count++] = filter;
    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->items[i];
        if (place->depth == 0 || place->steps[place->depth - 1].filter) {
            return bad(c, "a condition stands behind an element, one for each");
        }
        place->steps[place->depth - 1].filter = (uint16_t)(c->filter_count - 1);
    }
    return 0;
}

static bool is_known_type(text name)
{
    bool known = false;
    for (unsigned i = 0; i < model_type_count && !known; i++) {
        known = text_eq(model_text(model_types[i].name), name);
    }
    return known;
}

static int step_as(struct compile *c, struct places *places, text type)
{
    size_t kept = 0;
    for (size_t i = 0; i < places->count; i++) {
        if (text_eq(model_text(model_types[places->items[i].type].name), type)) {
            places->items[kept++] = places->items[i];
        }
    }
    places->count = kept;
    return kept                  ? 0
           : is_known_type(type) ? wrong(c, "no element there has that type")
                                 : bad(c, "this is no type of FHIR R4");
}

static int step_extension(struct compile *c, struct places *places)
{
    text url = take_string(c);
    if (!url.p) {
        return bad(c, "extension() takes the URL of an extension in single quotes");
    }
    int rc = step_member(c, places, T("extension"));
    return rc ? rc
              : step_filter(c, places,
                            (struct search_filter){.kind = FILTER_EQUALS,
                                                   .name = T("url"),
                                                   .value = arena_copy(c->arena, url)});
}

static int step_where(struct compile *c, struct places *places)
{
    text name = take_name(c);
    if (text_eq(name, T("resolve"))) {
        bool call = take(c, '(') && take(c, ')') && text_eq(take_name(c), T("is"));
        fhir_type target = call ? fhir_type_of(take_name(c)) : 0;
        return target ? step_filter(c, places,
                                    (struct search_filter){.kind = FILTER_TARGET, .target = target})
                      : bad(c, "where(resolve() is Type) takes a resource type");
    }
    text value = take(c, '=') ? take_string(c) : (text){0};
    if (name.n == 0 || !value.p) {
        return bad(c, "where() takes name = 'value' or resolve() is Type");
    }
    return step_filter(c, places,
                       (struct search_filter){.kind = FILTER_EQUALS,
                                              .name = arena_copy(c->arena, name),
                                              .value = arena_copy(c->arena, value)});
}

static int step_function(struct compile *c, struct places *places, text name)
{
    int rc;
    if (text_eq(name, T("as")) || text_eq(name, T("ofType"))) {
        rc = step_as(c, places, take_name(c));
    } else if (text_eq(name, T("extension"))) {
        rc = step_extension(c, places);
    } else if (text_eq(name, T("where"))) {
        rc = step_where(c, places);
    } else if (text_eq(name, T("first"))) {
        rc = step_filter(c, places, (struct search_filter){.kind = FILTER_FIRST});
    } else {
        rc = bad(c, "of functions there are as(), ofType(), extension(), where() and first()");
    }
    return rc ? rc : take(c, ')') ? 0 : bad(c, "')' is missing");
}

static int step_index(struct compile *c, struct places *places)
{
    if (!take(c, '0') || !take(c, ']')) {
        return bad(c, "of indices there is [0]");
    }
    return step_filter(c, places, (struct search_filter){.kind = FILTER_FIRST});
}

/* One alternative. *ret_other: it is about another type. */
static int path(struct compile *c, struct places *places, bool *ret_other)
{
    bool bracket = take(c, '(');
    text head = take_name(c);
    fhir_type type = fhir_type_of(head);
    *ret_other = type && type != c->base;
    if (*ret_other) {
        return 0;
    }
    if (!type && !text_eq(head, T("Resource")) && !text_eq(head, T("DomainResource"))) {
        return bad(c, "a path begins with a resource type, as in Patient.name");
    }
    *places = (struct places){.count = 1};
    places->items[0].type = c->base;
    int rc = 0;
    while (!rc) {
        if (take(c, '[')) {
            rc = step_index(c, places);
        } else if (take(c, '.')) {
            skip_space(c);
            c->at = c->rest.p;
            text name = take_name(c);
            rc = name.n == 0    ? bad(c, "the name of an element is missing")
                 : take(c, '(') ? step_function(c, places, name)
                                : step_member(c, places, name);
        } else if (text_eq(peek_name(c), T("as"))) {
            (void)take_name(c);
            rc = step_as(c, places, take_name(c));
        } else if (bracket && take(c, ')')) {
            bracket = false;
        } else {
            break;
        }
    }
    skip_space(c);
    return rc          ? rc
           : bracket   ? bad(c, "')' is missing")
           : c->rest.n ? bad(c, "this is not understood")
                       : 0;
}

/* --- what is taken ------------------------------------------------------------------------- */

/* An extension stands for its value. */
static int open_extensions(struct compile *c, struct places *places)
{
    bool all = places->count > 0;
    for (size_t i = 0; i < places->count; i++) {
        all = all && places->items[i].type == MODEL_EXTENSION;
    }
    return all ? step_member(c, places, T("value")) : 0;
}

static int keep_fitting(struct compile *c, const struct places *places)
{
    size_t before = c->done.count;
    for (size_t i = 0; i < places->count; i++) {
        if (places->items[i].depth && search_take_of(c->type, places->items[i].type) >= 0) {
            if (c->done.count == PLACES_MAX) {
                return bad(c, "the expression leads to too many places");
            }
            c->done.items[c->done.count++] = places->items[i];
        }
    }
    return c->done.count > before
               ? 0
               : wrong(c, "a parameter of this type cannot take anything from the elements there");
}

static bool next_alternative(text *rest, text *ret_part)
{
    if (!rest->p) {
        return false;
    }
    bool quoted = false;
    for (size_t i = 0; i < rest->n; i++) {
        quoted ^= rest->p[i] == '\'';
        if (rest->p[i] == '|' && !quoted) {
            *ret_part = text_first(*rest, i);
            *rest = text_make(rest->p + i + 1, rest->n - i - 1);
            return true;
        }
    }
    *ret_part = *rest;
    *rest = (text){0};
    return true;
}

static int all_alternatives(struct compile *c)
{
    text rest = c->whole;
    text part;
    struct places *places = arena_zalloc(c->arena, 1, sizeof *places);
    if (!places) {
        return no_memory(c);
    }
    int rc = 0;
    while (!rc && next_alternative(&rest, &part)) {
        bool other = false;
        c->rest = part;
        rc = path(c, places, &other);
        if (!rc && !other) {
            rc = open_extensions(c, places);
            rc = rc ? rc : keep_fitting(c, places);
        }
    }
    if (!rc && c->done.count == 0) {
        return err_at(c->e, ERR_INVALID, T("SearchParameter.expression"),
                      "no part of the expression is about %.*s, which is one of its bases",
                      TEXT_ARG(fhir_type_name(c->base)));
    }
    return rc;
}

/* --- the tables ---------------------------------------------------------------------------- */

struct tables {
    struct search_node *nodes;
    struct search_edge *edges;
    struct search_leaf *leaves;
    text *systems;
    uint16_t node_count;
    uint16_t edge_count;
};

/* The edges of one node stand in order of (length, member). */
static int compare_places(const void *x, const void *y)
{
    text a = ((const struct place *)x)->steps[0].member;
    text b = ((const struct place *)y)->steps[0].member;
    return a.n != b.n ? (a.n < b.n ? -1 : 1) : text_cmp(a, b);
}

/* Behind the root a chain: an edge, a node, an edge ... a node with a leaf. */
static void put_chain(struct compile *c, struct tables *t, const struct place *place, uint16_t at)
{
    int take = search_take_of(c->type, place->type);
    for (size_t i = 0; i < place->depth; i++) {
        uint16_t edge = at;
        if (i) {
            edge = t->edge_count++;
            t->nodes[t->node_count - 1] = (struct search_node){.edge = edge, .edge_count = 1};
        }
        t->edges[edge] = (struct search_edge){.member = place->steps[i].member.p,
                                              .length = (uint16_t)place->steps[i].member.n,
                                              .filter = place->steps[i].filter,
                                              .node = t->node_count++};
    }
    t->nodes[t->node_count - 1] = (struct search_node){.leaf = at, .leaf_count = 1};
    t->systems[at + 1] = search_implied_system(take, place->element);
    t->leaves[at] = (struct search_leaf){
        .ordinal = c->ordinal, .take = (uint8_t)take, .system = (uint16_t)(at + 1)};
}

static int make_tables(struct compile *c, const struct search_tables **ret_tables)
{
    uint16_t count = (uint16_t)c->done.count;
    struct search_tables *to = arena_zalloc(c->arena, 1, sizeof *to);
    struct tables t = {
        .nodes = arena_zalloc(c->arena, (size_t)count * STEPS_MAX + 1, sizeof *t.nodes),
        .edges = arena_zalloc(c->arena, (size_t)count * STEPS_MAX, sizeof *t.edges),
        .leaves = arena_zalloc(c->arena, count, sizeof *t.leaves),
        .systems = arena_zalloc(c->arena, (size_t)count + 1, sizeof *t.systems),
        .node_count = 1,
        .edge_count = count,
    };
    if (!to || !t.nodes || !t.edges || !t.leaves || !t.systems) {
        return no_memory(c);
    }
    qsort(c->done.items, count, sizeof *c->done.items, compare_places);
    t.nodes[0] = (struct search_node){.edge = 0, .edge_count = count};
    t.systems[0] = T("");
    for (uint16_t i = 0; i < count; i++) {
        put_chain(c, &t, &c->done.items[i], i);
    }
    *to = (struct search_tables){.nodes = t.nodes,
                                 .edges = t.edges,
                                 .leaves = t.leaves,
                                 .filters = c->filters,
                                 .systems = t.systems,
                                 .root = 0};
    *ret_tables = to;
    return 0;
}

int search_expression(text expression, fhir_type base, enum search_type type, uint8_t ordinal,
                      struct arena *a, const struct search_tables **ret_tables,
                      bool *ret_identifiers, bool *ret_beyond, struct err *e)
{
    struct compile *c = arena_zalloc(a, 1, sizeof *c);
    if (!c) {
        return err_set(e, ERR_MEMORY, "no memory for a search parameter");
    }
    *c = (struct compile){
        .whole = expression, .base = base, .type = type, .ordinal = ordinal, .arena = a, .e = e};
    struct places none = {0};
    int rc = step_filter(c, &none, (struct search_filter){.kind = FILTER_NONE});
    rc = rc ? rc : all_alternatives(c);
    rc = rc ? rc : make_tables(c, ret_tables);
    *ret_beyond = rc && c->beyond;
    *ret_identifiers = false;
    for (size_t i = 0; i < c->done.count && !rc; i++) {
        *ret_identifiers |= search_take_of(type, c->done.items[i].type) == TAKE_IDENTIFIER;
    }
    return rc;
}
