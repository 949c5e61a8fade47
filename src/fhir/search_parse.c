#include "fhir/search_parse.h"

#include "base/clock.h"
#include "base/pace.h"
#include "fhir/model_tables.h"

#include <stdlib.h>

/* The criteria of each type that is searched, while they are collected. */
struct gathered {
    struct search_nodes *all; /* r->type_count lists of what must hold */
};

static text name_of(const struct search_pair *pair)
{
    return text_first(pair->name, text_find(pair->name, ':'));
}

/* --- the types ----------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    return (int)*(const fhir_type *)a - (int)*(const fhir_type *)b;
}

static bool has_type(const fhir_type *types, size_t count, fhir_type type)
{
    for (size_t i = 0; i < count; i++) {
        if (types[i] == type) {
            return true;
        }
    }
    return false;
}

/* Every type once, by number. In a compartment: those that can be in it. */
static int given_types(struct search_reader *r, fhir_type *types, size_t *count)
{
    const struct search_question *q = r->q;
    *count = 0;
    for (unsigned t = 1; t < fhir_type_count() && q->type_count == 0; t++) {
        if (!q->in.type || search_in_compartment(q->in.type, (fhir_type)t)) {
            types[(*count)++] = (fhir_type)t;
        }
    }
    for (size_t i = 0; i < q->type_count; i++) {
        if (q->types[i] == 0 || q->types[i] >= fhir_type_count()) {
            return err_set(r->e, ERR_NOT_FOUND, "this is not a resource type of FHIR R4");
        }
        if (!has_type(types, *count, q->types[i])) {
            types[(*count)++] = q->types[i];
        }
    }
    qsort(types, *count, sizeof(*types), by_number);
    return 0;
}

/* _type=Patient,Observation */
static int narrow_types(struct search_reader *r, const struct search_pair *pair, fhir_type *types,
                        size_t *count)
{
    fhir_type kept[MODEL_RESOURCE_LAST + 1];
    size_t n = 0;
    text rest = pair->value.p ? pair->value : T(""), item;
    r->where = pair->name;
    if (r->criteria) {
        return search_bad(r, "a condition is about the resources of one type; leave this parameter "
                             "out");
    }
    if (!text_eq(pair->name, T("_type"))) {
        return search_bad(r, "this parameter takes no modifier");
    }
    while (text_cut(&rest, ',', &item)) {
        fhir_type type = fhir_type_of(item);
        if (!type) {
            return search_bad(r, "'%.*s' is not a resource type of R4",
                              TEXT_ARG(text_short(item, 64)));
        }
        if (!has_type(types, *count, type)) {
            return search_bad(r, "resources of type %.*s are not searched at this address",
                              TEXT_ARG(item));
        }
        if (!has_type(kept, n, type)) {
            kept[n++] = type;
        }
    }
    qsort(kept, n, sizeof(*kept), by_number);
    memcpy(types, kept, n * sizeof(*kept));
    *count = n;
    return 0;
}

static int choose_types(struct search_reader *r, const struct search_pair *pairs, size_t count)
{
    fhir_type *types = arena_zalloc(r->arena, MODEL_RESOURCE_LAST + 1, sizeof(*types));
    size_t n;
    bool narrowed = false;
    if (!types) {
        return search_no_memory(r->e);
    }
    int code = given_types(r, types, &n);
    for (size_t i = 0; i < count && code == 0; i++) {
        if (!text_eq(name_of(&pairs[i]), T("_type"))) {
            continue;
        }
        if (narrowed) {
            r->where = T("_type");
            return search_fail(r, ERR_DUPLICATE,
                               "stands twice in the query; give it once, with commas between the "
                               "types");
        }
        narrowed = true;
        code = narrow_types(r, &pairs[i], types, &n);
    }
    r->types = types;
    r->type_count = n;
    return code;
}

/* --- criteria ------------------------------------------------------------------------------ */

/* A search of several types takes what all resources have. */
static int shared_alone(struct search_reader *r, text name)
{
    if (r->type_count == 1 || (name.n && name.p[0] == '_')) {
        return 0;
    }
    r->unknown = true;
    return search_bad(r, "a search of several types takes the parameters of all resources alone "
                         "(_id, _lastUpdated, _profile, _tag, _security, _source, _text, _content, "
                         "_list, _has, _filter); name one type, as in _type=Patient");
}

static int read_all(struct search_reader *r, const struct search_pair *pair,
                    struct gathered *gathered)
{
    struct plan_node *nodes = arena_zalloc(r->arena, r->type_count, sizeof(*nodes));
    uint64_t values = r->values, most = values;
    if (!nodes) {
        return search_no_memory(r->e);
    }
    int code = shared_alone(r, pair->name);
    for (size_t i = 0; i < r->type_count && code == 0; i++) {
        r->values = values;
        code = search_criterion(r, r->types[i], pair->name, pair->value, 0, &nodes[i]);
        most = r->values > most ? r->values : most;
    }
    r->values = code ? values : most;
    for (size_t i = 0; i < r->type_count && code == 0; i++) {
        code = search_add(r, PLAN_AND, &gathered->all[i], &nodes[i]);
    }
    return code;
}

static int read_pair(struct search_reader *r, const struct search_pair *pair,
                     struct gathered *gathered)
{
    text name = name_of(pair);
    text modifier = text_from(pair->name, name.n + 1);
    bool known;
    if (text_eq(name, T("_type"))) {
        return 0;
    }
    r->where = text_short(pair->name, 200);
    r->unknown = false;
    int code = search_control(r, name, modifier, pair->value, &known);
    if (known) {
        return code;
    }
    if (pair->value.n == 0) {
        return search_bad(r, "a value is empty; give one, or leave the parameter out (a comma in a "
                             "value is written \\,)");
    }
    return read_all(r, pair, gathered);
}

/* What is left out of a lenient search is told with the words of the error. */
static int leave_out(struct search_reader *r, size_t capacity)
{
    struct search *s = r->search;
    if (!s->ignored) {
        s->ignored = arena_zalloc(r->arena, capacity, sizeof(*s->ignored));
    }
    text words = arena_copy(r->arena, text_of(err_text(r->e)));
    if (!s->ignored || !words.p) {
        return search_no_memory(r->e);
    }
    s->ignored[s->ignored_count++] = words;
    *r->e = (struct err){0};
    return 0;
}

static int read_pairs(struct search_reader *r, struct search_pair *pairs, size_t *count,
                      struct gathered *gathered)
{
    size_t kept = 0;
    for (size_t i = 0; i < *count; i++) {
        pace_give_way();
        int code = read_pair(r, &pairs[i], gathered);
        if (code == 0) {
            pairs[kept++] = pairs[i];
            continue;
        }
        if (!r->unknown || r->over || !r->q->lenient || r->criteria) {
            return code;
        }
        code = leave_out(r, *count);
        if (code) {
            return code;
        }
    }
    *count = kept;
    return 0;
}

/* --- plans --------------------------------------------------------------------------------- */

static int set_root(struct search_reader *r, struct plan *plan, const struct plan_node *node)
{
    struct plan_node *root = arena_alloc(r->arena, sizeof(*root));
    if (!root) {
        return search_no_memory(r->e);
    }
    *root = *node;
    plan->root = node->kind == PLAN_ALL ? NULL : root;
    return 0;
}

/* The plans of the types, one behind the other, sorted alike. */
static int chain_plans(struct search_reader *r, const fhir_type *types, size_t count,
                       const struct plan_node *roots)
{
    struct plan *plans = arena_zalloc(r->arena, count ? count : 1, sizeof(*plans));
    if (!plans) {
        return search_no_memory(r->e);
    }
    for (size_t i = 0; i < count; i++) {
        plans[i] = r->search->plan;
        plans[i].type = types[i];
        plans[i].also = i + 1 < count ? &plans[i + 1] : NULL;
        int code = set_root(r, &plans[i], &roots[i]);
        if (code) {
            return code;
        }
    }
    r->search->plan = plans[0];
    return 0;
}

/* Containers of any type with a contained resource that is looked for; both: and what is looked
 * for itself. */
static int contained_root(struct search_reader *r, fhir_type type, const struct plan_node *roots,
                          struct plan_node *ret)
{
    const struct plan_node all = {.kind = PLAN_ALL, .type = type};
    struct search_nodes any = {0};
    int code = 0;
    for (size_t i = 0; i < r->type_count && code == 0; i++) {
        struct plan_node check = {
            .kind = PLAN_CHECK, .type = type, .check = CHECK_CONTAINED, .target = r->types[i]};
        struct plan_node whole;
        if (r->search->contained == CONTAINED_BOTH && r->types[i] == type) {
            code = search_add(r, PLAN_OR, &any, &roots[i]);
        }
        code = code ? code : search_wrap(r, &check, &all, &roots[i], &whole);
        code = code || roots[i].kind == PLAN_NONE ? code : search_add(r, PLAN_OR, &any, &whole);
    }
    if (code) {
        return code;
    }
    *ret = search_join(type, PLAN_OR, &any);
    return 0;
}

static int contained_plans(struct search_reader *r, const struct plan_node *roots)
{
    size_t most = fhir_type_count(), n = 0;
    struct plan_node *outer = arena_zalloc(r->arena, most, sizeof(*outer));
    fhir_type *types = arena_zalloc(r->arena, most, sizeof(*types));
    if (!outer || !types) {
        return search_no_memory(r->e);
    }
    for (unsigned t = 1; t < most; t++) {
        fhir_type type = (fhir_type)t;
        int code = 0;
        if (model_find(&model_types[t], T("contained"))) {
            code = contained_root(r, type, roots, &outer[n]);
            types[n++] = type;
        } else if (r->search->contained == CONTAINED_BOTH &&
                   has_type(r->types, r->type_count, type)) {
            size_t i = 0;
            while (r->types[i] != type) {
                i++;
            }
            outer[n] = roots[i];
            types[n++] = type;
        }
        if (code) {
            return code;
        }
    }
    return chain_plans(r, types, n, outer);
}

static int make_plans(struct search_reader *r, const struct gathered *gathered)
{
    struct plan_node *roots = arena_zalloc(r->arena, r->type_count, sizeof(*roots));
    if (!roots) {
        return search_no_memory(r->e);
    }
    for (size_t i = 0; i < r->type_count; i++) {
        roots[i] = search_join(r->types[i], PLAN_AND, &gathered->all[i]);
    }
    if (r->search->contained != CONTAINED_FALSE) {
        return contained_plans(r, roots);
    }
    return chain_plans(r, r->types, r->type_count, roots);
}

/* --- the whole ----------------------------------------------------------------------------- */

static int check_compartment(struct search_reader *r)
{
    struct search_compartment in = r->q->in;
    bool known = false;
    for (unsigned i = 0; i < SEARCH_COMPARTMENTS; i++) {
        known = known || search_compartments[i] == in.type;
    }
    if (in.type && !known) {
        return err_set(r->e, ERR_NOT_FOUND,
                       "there is no compartment of type %.*s; there are those of Patient, "
                       "Encounter, Practitioner, RelatedPerson and Device",
                       TEXT_ARG(fhir_type_name(in.type)));
    }
    if (in.type && !reference_id_ok(in.id)) {
        return err_set(r->e, ERR_INVALID, "'%.*s' is not the id of a resource",
                       TEXT_ARG(text_short(in.id, 200)));
    }
    return 0;
}

static int add_compartments(struct search_reader *r, struct gathered *gathered)
{
    int code = 0;
    for (size_t i = 0; r->q->in.type && i < r->type_count && code == 0; i++) {
        struct plan_node node;
        code = search_compartment(r, r->types[i], &node);
        code = code ? code : search_add(r, PLAN_AND, &gathered->all[i], &node);
    }
    return code;
}

/*
 * Pairs are read in the order of the self link, so that the link stands for the very same plan.
 */
static int read_question(struct search_reader *r)
{
    struct search_pair *pairs;
    struct gathered gathered;
    size_t count;
    int code = check_compartment(r);
    code = code ? code : search_order(r, &pairs, &count);
    code = code ? code : choose_types(r, pairs, count);
    if (code) {
        return code;
    }
    gathered.all = arena_zalloc(r->arena, r->type_count, sizeof(*gathered.all));
    if (!gathered.all) {
        return search_no_memory(r->e);
    }
    code = add_compartments(r, &gathered);
    code = code ? code : read_pairs(r, pairs, &count, &gathered);
    code = code ? code : search_controls_done(r);
    code = code ? code : make_plans(r, &gathered);
    pace_give_way();
    return code ? code : search_self(r, pairs, count);
}

static int parse(const struct search_question *q, bool criteria, struct arena *a,
                 struct search *ret_search, struct err *e)
{
    static const struct index_rules no_rules;
    struct search_question question = *q;
    struct search result = {.count = SEARCH_COUNT_DEFAULT};
    struct err own;
    struct search_reader r = {.q = &question,
                              .arena = a,
                              .search = &result,
                              .e = e ? e : &own,
                              .now = clock_real_ms(),
                              .criteria = criteria};
    if (!question.rules) {
        question.rules = &no_rules;
    }
    r.base = question.rules->base;
    if (q->count > q->limits->search_parameters) {
        return err_set(e, ERR_INVALID, "the query has more than %llu parameters; send fewer",
                       (unsigned long long)q->limits->search_parameters);
    }
    if (result.count > q->limits->page_entries) {
        result.count = q->limits->page_entries;
    }
    int code = read_question(&r);
    if (code) {
        return code;
    }
    *ret_search = result;
    return 0;
}

int search_parse(const struct search_question *q, struct arena *a, struct search *ret_search,
                 struct err *e)
{
    return parse(q, false, a, ret_search, e);
}

int search_parse_criteria(const struct search_question *q, struct arena *a, struct plan *ret_plan,
                          struct err *e)
{
    struct search search;
    if (q->type_count != 1) {
        return err_set(e, ERR_INVALID, "a condition is about the resources of one type");
    }
    int code = parse(q, true, a, &search, e);
    if (code) {
        return code;
    }
    *ret_plan = search.plan;
    return 0;
}
