#include "fhir/index_check.h"

#include "fhir/index_take.h"

/* An extraction with another end than entries. `x` stands first, so that a taker finds the rest. */
struct collect {
    struct extract x;
    text *strings;
    struct index_concept *concepts;
    struct index_identifier *identifiers;
    struct index_tuple *tuples;
    size_t count;
    size_t capacity;
    const struct search_composite *composite; /* tuples: whose */
    const struct search_context_part *at;     /* tuples: of the context that is walked */
};

static struct collect *collect_of(struct extract *x)
{
    return (struct collect *)(void *)x;
}

static bool wanted(const struct extract *x, const struct search_leaf *leaf)
{
    return extract_set_has(&x->only, leaf->ordinal);
}

/* --- texts of strings ---------------------------------------------------------------------- */

static void add_string(struct extract *x, const struct search_leaf *leaf, text t)
{
    (void)leaf;
    struct collect *c = collect_of(x);
    if (t.n == 0) {
        return;
    }
    text *strings = arena_grow(x->arena, c->strings, c->count, &c->capacity, sizeof(*strings));
    if (!strings) {
        x->no_memory = true;
        return;
    }
    c->strings = strings;
    strings[c->count++] = t;
}

static void take_strings(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    if (!wanted(x, leaf)) {
        return;
    }
    if (leaf->take == TAKE_STRING) {
        add_string(x, leaf, json_text(v));
    } else if (leaf->take == TAKE_NAME || leaf->take == TAKE_ADDRESS) {
        extract_parts(x, leaf, v, add_string);
    }
}

int index_strings(const struct resource *r, const struct index_rules *rules,
                  const struct search_param *param, struct arena *a, text **ret_strings,
                  size_t *ret_count)
{
    struct collect c = {.x = extract_start(r, rules, take_strings, a)};
    extract_param(&c.x, param);
    if (c.x.no_memory) {
        return ERR_MEMORY;
    }
    *ret_strings = c.strings;
    *ret_count = c.count;
    return 0;
}

/* --- what people read at a code ------------------------------------------------------------ */

static void add_concept_text(struct extract *x, struct index_concept *concept, size_t *capacity,
                             text t)
{
    if (t.n == 0) {
        return;
    }
    text *texts = arena_grow(x->arena, concept->texts, concept->count, capacity, sizeof(*texts));
    if (!texts) {
        x->no_memory = true;
        return;
    }
    concept->texts = texts;
    texts[concept->count++] = t;
}

static struct index_concept concept_of(struct extract *x, const struct search_leaf *leaf,
                                       yyjson_val *v)
{
    struct index_concept concept = {0};
    size_t capacity = 0, i, count;
    yyjson_val *coding;
    switch ((enum search_take)leaf->take) {
    case TAKE_CONCEPT:
        yyjson_arr_foreach(json_get(v, T("coding")), i, count, coding)
        {
            add_concept_text(x, &concept, &capacity, extract_member(coding, T("display")));
        }
        add_concept_text(x, &concept, &capacity, extract_member(v, T("text")));
        break;
    case TAKE_CODING:
    case TAKE_REFERENCE:
        add_concept_text(x, &concept, &capacity, extract_member(v, T("display")));
        break;
    case TAKE_IDENTIFIER:
        add_concept_text(x, &concept, &capacity, extract_member(json_get(v, T("type")), T("text")));
        break;
    default:
        break;
    }
    return concept;
}

static void take_concepts(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    struct collect *c = collect_of(x);
    if (!wanted(x, leaf)) {
        return;
    }
    struct index_concept concept = concept_of(x, leaf, v);
    if (concept.count == 0) {
        return;
    }
    struct index_concept *concepts =
        arena_grow(x->arena, c->concepts, c->count, &c->capacity, sizeof(*concepts));
    if (!concepts) {
        x->no_memory = true;
        return;
    }
    c->concepts = concepts;
    concepts[c->count++] = concept;
}

int index_concepts(const struct resource *r, const struct index_rules *rules,
                   const struct search_param *param, struct arena *a,
                   struct index_concept **ret_concepts, size_t *ret_count)
{
    struct collect c = {.x = extract_start(r, rules, take_concepts, a)};
    extract_param(&c.x, param);
    if (c.x.no_memory) {
        return ERR_MEMORY;
    }
    *ret_concepts = c.concepts;
    *ret_count = c.count;
    return 0;
}

/* --- identifiers --------------------------------------------------------------------------- */

static text given(text t)
{
    return t.n ? t : T("");
}

static void add_identifier(struct extract *x, yyjson_val *v, yyjson_val *coding)
{
    struct collect *c = collect_of(x);
    struct index_identifier *identifiers =
        arena_grow(x->arena, c->identifiers, c->count, &c->capacity, sizeof(*identifiers));
    if (!identifiers) {
        x->no_memory = true;
        return;
    }
    c->identifiers = identifiers;
    identifiers[c->count++] =
        (struct index_identifier){.type_system = given(extract_member(coding, T("system"))),
                                  .type_code = given(extract_member(coding, T("code"))),
                                  .value = given(extract_member(v, T("value"))),
                                  .system = given(extract_member(v, T("system")))};
}

static void take_identifiers(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    size_t i, count;
    yyjson_val *coding;
    if (!wanted(x, leaf) || (leaf->take != TAKE_IDENTIFIER && leaf->take != TAKE_REFERENCE)) {
        return;
    }
    v = leaf->take == TAKE_REFERENCE ? json_get(v, T("identifier")) : v;
    yyjson_arr_foreach(json_get(json_get(v, T("type")), T("coding")), i, count, coding)
    {
        add_identifier(x, v, coding);
    }
}

int index_identifiers(const struct resource *r, const struct index_rules *rules,
                      const struct search_param *param, struct arena *a,
                      struct index_identifier **ret_identifiers, size_t *ret_count)
{
    struct collect c = {.x = extract_start(r, rules, take_identifiers, a)};
    extract_param(&c.x, param);
    if (c.x.no_memory) {
        return ERR_MEMORY;
    }
    *ret_identifiers = c.identifiers;
    *ret_count = c.count;
    return 0;
}

/* --- tuples -------------------------------------------------------------------------------- */

static bool take_tuple_part(struct extract *x, struct index_tuple *tuple, size_t i, yyjson_val *v)
{
    const struct search_context_part *part = &collect_of(x)->at[i];
    struct extract inner = *x;
    inner.take = extract_take;
    inner.entries = NULL;
    inner.count = inner.capacity = 0;
    extract_walk(&inner, part->root, part->of_resource ? x->root : v);
    extract_sort(&inner);
    tuple->entries[i] = inner.entries;
    tuple->counts[i] = inner.count;
    return !inner.no_memory;
}

static void take_context(struct extract *x, const struct search_leaf *leaf, yyjson_val *v)
{
    (void)leaf;
    struct collect *c = collect_of(x);
    struct index_tuple *tuples =
        arena_grow(x->arena, c->tuples, c->count, &c->capacity, sizeof(*tuples));
    if (!tuples) {
        x->no_memory = true;
        return;
    }
    c->tuples = tuples;
    struct index_tuple *tuple = &tuples[c->count++];
    *tuple = (struct index_tuple){0};
    for (size_t i = 0; i < c->composite->count; i++) {
        x->no_memory |= !take_tuple_part(x, tuple, i, v);
    }
}

int index_tuples(const struct resource *r, const struct index_rules *rules,
                 const struct search_param *param, struct arena *a, struct index_tuple **ret_tuples,
                 size_t *ret_count)
{
    struct collect c = {.x = extract_start(r, rules, take_context, a),
                        .composite = param->composite};
    if (param->composite && c.x.type && param->number >> 8 == c.x.type) {
        const struct search_context *context = &search_contexts[param->composite->contexts];
        for (; context->root; context++) {
            c.at = &search_context_parts[context->parts];
            extract_walk(&c.x, context->root, r->root);
        }
    }
    if (c.x.no_memory) {
        return ERR_MEMORY;
    }
    *ret_tuples = c.tuples;
    *ret_count = c.count;
    return 0;
}
