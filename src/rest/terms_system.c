#include "rest/terms.h"

/* A CodeSystem as a graph of its concepts (R4 codesystem.html#hierachy), and the filters of value
 * sets on it (R4 valueset-filter-operator). */

enum { CONCEPTS_MOST = 1000000 };

static int bad_system(struct err *e, const struct terms_system *s, const char *why)
{
    return err_set(e, ERR_NOT_SUPPORTED, "the CodeSystem '%.*s' that is stored here %s",
                   TEXT_ARG(text_short(s->name, 200)), why);
}

/* --- reading ------------------------------------------------------------------------------- */

static int add_edge(struct terms_system *s, uint32_t parent, uint32_t child, struct arena *a)
{
    struct terms_edge *edges =
        arena_grow(a, s->edges, s->edge_count, &s->edge_capacity, sizeof *edges);
    if (!edges) {
        return ERR_MEMORY;
    }
    s->edges = edges;
    edges[s->edge_count] = (struct terms_edge){.parent = parent,
                                               .child = child,
                                               .next_parent = s->concepts[child].parents,
                                               .next_child = s->concepts[parent].children};
    s->edge_count++;
    s->concepts[child].parents = (uint32_t)s->edge_count;
    s->concepts[parent].children = (uint32_t)s->edge_count;
    return 0;
}

/* parent: a concept, or UINT32_MAX. */
static int add_concepts(struct terms_system *s, yyjson_val *list, uint32_t parent, unsigned depth,
                        struct arena *a)
{
    int rc = depth < TERMS_DEPTH_MOST && s->count < CONCEPTS_MOST ? 0 : ERR_TOO_COSTLY;
    if (json_type(list) != YYJSON_TYPE_ARR) {
        return 0;
    }
    yyjson_val *item = list + 1;
    for (size_t left = json_len(list); !rc && left; left--, item = json_after(item)) {
        bool is_new;
        text code = json_text(json_get(item, T("code")));
        uint64_t *at = code.n ? map_put(&s->by_code, code, &is_new) : NULL;
        struct terms_concept *concepts =
            arena_grow(a, s->concepts, s->count, &s->capacity, sizeof *concepts);
        if (!concepts || (code.n && !at)) {
            return ERR_MEMORY;
        }
        s->concepts = concepts;
        if (!at) {
            continue;
        }
        if (is_new) {
            *at = s->count;
            concepts[s->count++] = (struct terms_concept){.code = code, .value = item};
        }
        uint32_t own = (uint32_t)*at;
        rc = parent != UINT32_MAX ? add_edge(s, parent, own, a) : 0;
        rc = rc ? rc : add_concepts(s, json_get(item, T("concept")), own, depth + 1, a);
    }
    return rc;
}

static text property_value(yyjson_val *property)
{
    static const char *const names[] = {"valueCode",    "valueString",  "valueInteger",
                                        "valueBoolean", "valueDecimal", "valueDateTime"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        yyjson_val *v = json_get(property, text_of(names[i]));
        if (json_type(v) == YYJSON_TYPE_BOOL) {
            return yyjson_is_true(v) ? T("true") : T("false");
        }
        if (v) {
            return json_text(v);
        }
    }
    return json_text(json_get(json_get(property, T("valueCoding")), T("code")));
}

/* Runs over the properties of a concept. */
struct properties {
    yyjson_val *item;
    size_t left;
};

static struct properties properties_of(yyjson_val *concept)
{
    yyjson_val *list = json_get(concept, T("property"));
    return json_type(list) == YYJSON_TYPE_ARR ? (struct properties){list + 1, json_len(list)}
                                              : (struct properties){0};
}

/* The next one with this code; NULL: none. */
static yyjson_val *next_property(struct properties *p, text code)
{
    while (p->left) {
        yyjson_val *item = p->item;
        p->left--;
        p->item = json_after(item);
        if (text_eq(json_text(json_get(item, T("code"))), code)) {
            return item;
        }
    }
    return NULL;
}

/* What properties say about the hierarchy, beside nesting. */
static int add_property_edges(struct terms_system *s, text name, bool names_parent, struct arena *a)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < s->count; i++) {
        struct properties all = properties_of(s->concepts[i].value);
        yyjson_val *property;
        while (!rc && (property = next_property(&all, name)) != NULL) {
            const uint64_t *other = map_get(&s->by_code, property_value(property));
            if (other && *other != i) {
                rc = names_parent ? add_edge(s, (uint32_t)*other, (uint32_t)i, a)
                                  : add_edge(s, (uint32_t)i, (uint32_t)*other, a);
            }
        }
    }
    return rc;
}

static int read_system(struct terms_system *s, yyjson_val *root, struct arena *a, struct err *e)
{
    if (!text_eq(json_text(json_get(root, T("content"))), T("complete"))) {
        return bad_system(e, s,
                          "does not have all of its codes (content is not 'complete'), so what "
                          "the query means cannot be worked out; name the codes");
    }
    int rc = add_concepts(s, json_get(root, T("concept")), UINT32_MAX, 0, a);
    rc = rc ? rc : add_property_edges(s, T("parent"), true, a);
    rc = rc ? rc : add_property_edges(s, T("subsumedBy"), true, a);
    rc = rc ? rc : add_property_edges(s, T("child"), false, a);
    if (rc == ERR_TOO_COSTLY) {
        return err_set(e, rc,
                       "the CodeSystem '%.*s' is too large or too deep to be worked out here",
                       TEXT_ARG(text_short(s->name, 200)));
    }
    return rc ? terms_no_memory(e) : 0;
}

int terms_system(struct terms *t, text url, text version, struct arena *a,
                 const struct terms_system **ret_system, struct err *e)
{
    yyjson_val *root;
    text name = version.n ? arena_printf(a, "%.*s|%.*s", TEXT_ARG(url), TEXT_ARG(version)) : url;
    for (const struct terms_system *s = t->systems; s; s = s->next) {
        if (text_eq(s->name, name)) {
            *ret_system = s;
            return 0;
        }
    }
    struct terms_system *s = arena_zalloc(a, 1, sizeof *s);
    if (!s || !name.p) {
        return terms_no_memory(e);
    }
    int rc = terms_by_url(t, fhir_type_of(T("CodeSystem")), name, a, &root, e);
    if (rc) {
        return rc;
    }
    s->name = name;
    map_init(&s->by_code);
    rc = read_system(s, root, a, e);
    if (rc) {
        map_done(&s->by_code);
        return rc;
    }
    s->next = t->systems;
    t->systems = s;
    *ret_system = s;
    return 0;
}

/* --- hierarchy ----------------------------------------------------------------------------- */

unsigned char *terms_closure(const struct terms_system *s, size_t concept, bool above,
                             struct arena *a)
{
    unsigned char *marks = arena_zalloc(a, s->count, 1);
    uint32_t *queue = arena_zalloc(a, s->count, sizeof *queue);
    size_t end = 0;
    if (!marks || !queue) {
        return NULL;
    }
    marks[concept] = 1;
    queue[end++] = (uint32_t)concept;
    for (size_t at = 0; at < end; at++) {
        const struct terms_concept *c = &s->concepts[queue[at]];
        uint32_t edge = above ? c->parents : c->children;
        while (edge) {
            const struct terms_edge *x = &s->edges[edge - 1];
            uint32_t other = above ? x->parent : x->child;
            if (!marks[other]) {
                marks[other] = 1;
                queue[end++] = other;
            }
            edge = above ? x->next_parent : x->next_child;
        }
    }
    return marks;
}

/* --- filters ------------------------------------------------------------------------------- */

struct filter {
    text property;
    text op;
    text value;
    struct map list; /* of "in" and "not-in": what stands between the commas of the value */
};

/* is-a and its kin: on the code's own place in the hierarchy. */
static int filter_hierarchy(const struct terms_system *s, const struct filter *f, struct arena *a,
                            unsigned char *marks, struct err *e)
{
    bool self = !text_eq(f->op, T("descendent-of"));
    bool not = text_eq(f->op, T("is-not-a"));
    const uint64_t *at = map_get(&s->by_code, f->value);
    if (!at) {
        return err_set(
            e, ERR_NOT_FOUND,
            "the CodeSystem '%.*s' that is stored here has no code '%.*s', which a value "
            "set of the query names",
            TEXT_ARG(text_short(s->name, 200)), TEXT_ARG(text_short(f->value, 100)));
    }
    struct arena_mark before = arena_mark(a);
    unsigned char *near = terms_closure(s, (size_t)*at, text_eq(f->op, T("generalizes")), a);
    if (!near) {
        return terms_no_memory(e);
    }
    near[*at] = self;
    for (size_t i = 0; i < s->count; i++) {
        marks[i] = marks[i] && (near[i] != 0) != not;
    }
    arena_rewind(a, before);
    return 0;
}

static bool is_value(const struct filter *f, text value)
{
    return text_eq(f->op, T("=")) ? text_eq(f->value, value) : map_get(&f->list, value) != NULL;
}

static bool has_property(const struct terms_concept *c, const struct filter *f)
{
    struct properties all = properties_of(c->value);
    yyjson_val *property;
    bool exists = text_eq(f->op, T("exists"));
    while ((property = next_property(&all, f->property)) != NULL) {
        if (exists || is_value(f, property_value(property))) {
            return true;
        }
    }
    return false;
}

static int read_list(struct filter *f, struct err *e)
{
    text rest = f->value;
    text item;
    bool is_new;
    while (text_cut(&rest, ',', &item)) {
        if (!map_put(&f->list, text_trim(item), &is_new)) {
            return terms_no_memory(e);
        }
    }
    return 0;
}

static int filter_values(const struct terms_system *s, struct filter *f, unsigned char *marks,
                         struct err *e)
{
    bool on_code = text_eq(f->property, T("concept")) || text_eq(f->property, T("code"));
    bool exists = text_eq(f->op, T("exists"));
    bool not = text_eq(f->op, T("not-in")) || (exists && text_eq(f->value, T("false")));
    bool known = exists || not || text_eq(f->op, T("=")) || text_eq(f->op, T("in"));
    if (!known || (on_code && exists)) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "a value set of the query has the filter %.*s %.*s '%.*s', which is not "
                       "worked out here; expand the value set elsewhere, and store it with its "
                       "codes",
                       TEXT_ARG(text_short(f->property, 60)), TEXT_ARG(text_short(f->op, 30)),
                       TEXT_ARG(text_short(f->value, 100)));
    }
    int rc = read_list(f, e);
    for (size_t i = 0; !rc && i < s->count; i++) {
        const struct terms_concept *c = &s->concepts[i];
        bool fits = on_code ? is_value(f, c->code) : has_property(c, f);
        marks[i] = marks[i] && fits != not;
    }
    return rc;
}

static int filter_one(const struct terms_system *s, yyjson_val *item, struct arena *a,
                      unsigned char *marks, struct err *e)
{
    static const char *const hierarchy[] = {"is-a", "descendent-of", "is-not-a", "generalizes"};
    struct filter f = {.property = json_text(json_get(item, T("property"))),
                       .op = json_text(json_get(item, T("op"))),
                       .value = json_text(json_get(item, T("value")))};
    for (size_t i = 0; i < sizeof hierarchy / sizeof *hierarchy; i++) {
        if (text_eq(f.op, text_of(hierarchy[i]))) {
            return filter_hierarchy(s, &f, a, marks, e);
        }
    }
    map_init(&f.list);
    int rc = filter_values(s, &f, marks, e);
    map_done(&f.list);
    return rc;
}

int terms_filter(const struct terms *t, const struct terms_system *s, yyjson_val *filters,
                 struct arena *a, unsigned char **ret_marks, struct err *e)
{
    unsigned char *marks = arena_alloc(a, s->count + 1);
    if (!marks) {
        return terms_no_memory(e);
    }
    memset(marks, 1, s->count + 1);
    int rc = 0;
    yyjson_val *item = filters + 1;
    for (size_t left = json_len(filters); !rc && left; left--, item = json_after(item)) {
        rc = terms_in_time(t, e);
        rc = rc ? rc : filter_one(s, item, a, marks, e);
    }
    if (!rc) {
        *ret_marks = marks;
    }
    return rc;
}
