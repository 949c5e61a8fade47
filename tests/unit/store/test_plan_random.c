/*
 * Property: whatever the plan, a search gives exactly the current versions that plan_test()
 * accepts, in one order, page by page; and for who may see some of them only, whoever that is, as
 * if there was nothing else. Random small stores, random trees. A failing seed is repeated with
 * KITH_SEED=n.
 */
#include "base/random.h"
#include "bench.h"
#include "plan_queries.h"
#include "policy/grant.h"
#include "store/inner.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STORES = 6,
    STORES_SMALL = 2, /* one of each kind of facets: sanitizers are slow */
    PLANS = 250,
    PLANS_OF_SOME = 120,
    SOMEBODIES = 4,
    PATIENTS = 7,
    MANY_PATIENTS = 150,
    RESOURCES = 260,
    DEPTH = 3,
    ORDERS_MAX = 32,
};

struct doc {
    struct resource r;
    struct index index;
    int64_t updated;
    const char *id;
    uint16_t param; /* whose references these are */
    struct index_entry *entries;
    size_t count;
};

struct world {
    struct bench *b;
    struct prng p;
    struct arena a;
    struct index_rules rules;
    struct doc *docs;
    size_t count;
    unsigned patients;
    const char *orders[ORDERS_MAX]; /* all of a type in one order: ids */
};

static unsigned any(struct world *w, unsigned n)
{
    return (unsigned)prng_below(&w->p, n);
}

/* --- a population -------------------------------------------------------------------------- */

static void put_patient(struct world *w, unsigned i)
{
    /* The last ones differ only behind what a place in an order keeps of them. */
    static const char *const names[] = {
        "Ash",
        "Birch",
        "Cedar",
        "Ashby",
        "Ash of the very long street of very many houses in the village of Elms",
        "Ash of the very long street of very many houses in the village of Oaks",
        "Ash of the very long street of very many houses in the village of Oak"};
    static const char *const genders[] = {"male", "female", "other"};
    char gender[64] = "";
    const char *birth = "";
    const char *name = "";
    if (any(w, 4)) {
        (void)snprintf(gender, sizeof gender, ",\"gender\":\"%s\"", genders[any(w, 3)]);
    }
    if (any(w, 8)) {
        birth =
            arena_printf(&w->a, ",\"birthDate\":\"19%02u-0%u\"", 10 + any(w, 80), 1 + any(w, 9)).p;
    }
    if (any(w, 8)) {
        name = arena_printf(&w->a, ",\"name\":[{\"family\":\"%s\"},{\"family\":\"%s\"}]",
                            names[any(w, 7)], names[any(w, 7)])
                   .p;
    }
    bench_put(w->b,
              "{\"resourceType\":\"Patient\",\"id\":\"p%u\"%s%s%s,\"identifier\":[{\"system\":"
              "\"urn:%c\",\"value\":\"%u\"}],\"generalPractitioner\":[{\"reference\":"
              "\"Practitioner/d%u\"}]}",
              i, name, birth, gender, 'a' + (char)any(w, 2), any(w, 4), any(w, 3));
}

static const char *random_date(struct world *w)
{
    unsigned y = 2018 + any(w, 4), m = 1 + any(w, 12), d = 1 + any(w, 28);
    switch (any(w, 9)) {
    case 0:
        return "";
    case 6:
        return arena_printf(&w->a,
                            ",\"effectiveTiming\":{\"event\":[\"%u-%02u-%02u\",\"%u-%02u\"]}", y, m,
                            d, 2018 + any(w, 4), m)
            .p;
    case 7:
        return arena_printf(&w->a, ",\"effectivePeriod\":{\"end\":\"%u-%02u-%02u\"}", y, m, d).p;
    case 8:
        return arena_printf(&w->a, ",\"effectiveInstant\":\"%u-%02u-%02uT10:00:00.%03uZ\"", y, m, d,
                            any(w, 3))
            .p;
    case 1:
        return arena_printf(&w->a, ",\"effectiveDateTime\":\"%u\"", y).p;
    case 2:
        return arena_printf(&w->a, ",\"effectiveDateTime\":\"%u-%02u\"", y, m).p;
    case 3:
        return arena_printf(&w->a, ",\"effectiveDateTime\":\"%u-%02u-%02uT10:00:%02uZ\"", y, m, d,
                            any(w, 60))
            .p;
    case 4:
        return arena_printf(&w->a, ",\"effectivePeriod\":{\"start\":\"%u-%02u-%02u\"}", y, m, d).p;
    default:
        return arena_printf(&w->a, ",\"effectiveDateTime\":\"%u-%02u-%02u\"", y, m, d).p;
    }
}

/* Labels by which policy hides. */
static const char *random_labels(struct world *w)
{
    static const char *const labels[] = {
        "{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"MH\"}",
        "{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"NOPAT\"}",
        "{\"system\":\"https://kith.care/fhir/CodeSystem/label\",\"code\":\"sealed\"}",
        "{\"system\":\"https://kith.care/fhir/CodeSystem/label\",\"code\":\"safeguarding\"}",
    };
    if (any(w, 4)) {
        return "";
    }
    return arena_printf(&w->a, ",\"meta\":{\"security\":[%s]}", labels[any(w, 4)]).p;
}

static void put_observation(struct world *w, unsigned i)
{
    static const char *const states[] = {"final", "amended", "preliminary"};
    static const char *const units[] = {"mg", "g", "mmHg"};
    const char *subject = "";
    if (any(w, 12) == 0) {
        subject = ",\"subject\":{\"reference\":\"Group/g1\"},\"performer\":[{\"reference\":"
                  "\"Patient/p1\"}]";
    } else if (any(w, 10)) {
        subject = arena_printf(&w->a, ",\"subject\":{\"reference\":\"Patient/p%u\"}",
                               any(w, w->patients + 1))
                      .p;
    }
    const char *encounter =
        any(w, 3)
            ? ""
            : arena_printf(&w->a, ",\"encounter\":{\"reference\":\"Encounter/e%u\"}", any(w, 12)).p;
    if (any(w, 6) == 0) {
        subject = arena_printf(&w->a, "%s,\"performer\":[{\"reference\":\"Patient/p%u\"}]",
                               strstr(subject, "performer") ? "" : subject, any(w, w->patients))
                      .p;
    }
    const char *facets =
        any(w, 12) == 0
            ? ""
            : arena_printf(&w->a,
                           ",\"status\":\"%s\",\"category\":[{\"text\":\"Class %u\",\"coding\":[{"
                           "\"system\":\"urn:k\",\"code\":\"k%u\",\"display\":\"Kind %u\"}]}]",
                           states[any(w, 3)], any(w, 2), any(w, 3), any(w, 3))
                  .p;
    bench_put(w->b,
              "{\"resourceType\":\"Observation\",\"id\":\"o%u\"%s%s,\"code\":{\"text\":\"Blood "
              "%s\",\"coding\":[{\"system\":\"urn:l%u\",\"code\":\"c%u\",\"display\":\"Code number "
              "%u\"}]},\"valueQuantity\":{\"value\":%u.%u,\"unit\":\"%s\",\"system\":"
              "\"http://unitsofmeasure.org\",\"code\":\"%s\"}%s%s%s}",
              i, random_labels(w), facets, any(w, 2) ? "pressure" : "sugar", any(w, 2), any(w, 4),
              any(w, 5), any(w, 50), any(w, 10), units[any(w, 3)], units[any(w, 2)], subject,
              encounter, random_date(w));
}

static void put_encounter(struct world *w, unsigned i)
{
    static const char *const states[] = {"planned", "finished"};
    bench_put(w->b,
              "{\"resourceType\":\"Encounter\",\"id\":\"e%u\"%s,\"status\":\"%s\",\"class\":{"
              "\"system\":\"urn:v\",\"code\":\"%s\"},\"subject\":{\"reference\":\"Patient/p%u\"},"
              "\"participant\":[{\"individual\":{\"reference\":\"Practitioner/d%u\"}}]}",
              i, random_labels(w), states[any(w, 2)], any(w, 2) ? "AMB" : "IMP",
              any(w, w->patients), any(w, 3));
}

/* A questionnaire now and then, and answers to one that may not be there. */
static void put_questions(struct world *w, unsigned i)
{
    static const char *const versions[] = {"", "|1.0", "|2.0"};
    if (i < 4) {
        bench_put(w->b,
                  "{\"resourceType\":\"Questionnaire\",\"id\":\"q%u\",\"url\":\"http://x.org/q%u\","
                  "\"version\":\"1.0\",\"status\":\"%s\",\"title\":\"Title %u\"}",
                  i, i, any(w, 2) ? "active" : "draft", any(w, 3));
    }
    bench_put(w->b,
              "{\"resourceType\":\"QuestionnaireResponse\",\"id\":\"a%u\",\"status\":\"%s\","
              "\"questionnaire\":\"http://x.org/q%u%s\",\"subject\":{\"reference\":"
              "\"Patient/p%u\"}}",
              i, any(w, 2) ? "completed" : "in-progress", any(w, 6), versions[any(w, 3)],
              any(w, w->patients));
}

static void populate(struct world *w)
{
    for (unsigned i = 0; i < w->patients; i++) {
        put_patient(w, i);
    }
    for (unsigned i = 0; i < 3; i++) {
        bench_put(
            w->b,
            "{\"resourceType\":\"Practitioner\",\"id\":\"d%u\",\"name\":[{\"family\":\"Doc%u\"}],"
            "\"active\":%s}",
            i, i, any(w, 2) ? "true" : "false");
    }
    for (unsigned i = 0; i < 24; i++) {
        put_questions(w, i);
    }
    for (unsigned i = 0; i < RESOURCES; i++) {
        put_observation(w, i % 180);
        if (i % 10 == 0) {
            put_encounter(w, i / 20);
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "o%u", any(w, 180));
        bench_delete(w->b, "Observation", id);
    }
    bench_delete(w->b, "Encounter", "e3");
    bench_delete(w->b, "Patient", "p2");
}

/* --- what there is, by reading all of it --------------------------------------------------- */

static void load(struct world *w)
{
    struct store_view *v = NULL;
    struct versions all;
    assert_int_equal(store_view_begin(w->b->s, w->b->all, STORE_SNAPSHOT, &v, &w->b->e), 0);
    assert_int_equal(store_scan(v, T(""), 100000, (size_t)1 << 28, T(""), &w->a, &all, &w->b->e),
                     0);
    store_view_end(v);
    w->docs = arena_zalloc(&w->a, all.count, sizeof *w->docs);
    w->count = all.count;
    for (size_t i = 0; i < all.count; i++) {
        struct doc *d = &w->docs[i];
        const struct version *from = &all.items[i];
        struct resource_head head = {from->type, from->id, from->vid, version_instant(from)};
        struct buf json;
        buf_init(&json, 1 << 20);
        assert_int_equal(resource_print(&head, from->packed, &json, &w->b->e), 0);
        d->r = (struct resource){.type = from->type, .id = from->id};
        assert_int_equal(json_read(buf_text(&json), 64, &w->a, &d->r.root, &w->b->e), 0);
        d->r.meta = json_get(d->r.root, T("meta"));
        buf_done(&json);
        assert_int_equal(index_extract(&d->r, &w->rules, &w->a, &d->index), 0);
        d->updated = version_instant(from);
        d->id = arena_copy(&w->a, from->id).p;
    }
}

static bool matches(struct world *w, const struct plan_node *node, struct doc *d);

static bool refers(struct world *w, const struct plan_node *node, struct doc *from,
                   const struct doc *to)
{
    const struct search_param *p = search_param_by_number(NULL, node->param);
    text url = json_text(json_get(to->r.root, T("url")));
    assert_non_null(p);
    if (from->param != node->param) {
        assert_int_equal(
            index_extract_one(&from->r, &w->rules, p, &w->a, &from->entries, &from->count), 0);
        from->param = node->param;
    }
    const struct index_entry *entries = from->entries;
    for (size_t i = 0; i < from->count; i++) {
        bool named = entries[i].target == to->r.type && text_eq(entries[i].value, to->r.id);
        bool by_url = entries[i].target == 0 && url.n && text_eq(entries[i].value, url);
        if (entries[i].kind == INDEX_REFERENCE && (node->by_url ? by_url : named)) {
            return true;
        }
    }
    return false;
}

static bool joined(struct world *w, const struct plan_node *node, struct doc *d)
{
    for (size_t i = 0; i < w->count; i++) {
        struct doc *other = &w->docs[i];
        if (other->r.type == node->target &&
            (node->kind == PLAN_CHAIN ? refers(w, node, d, other) : refers(w, node, other, d)) &&
            matches(w, &node->items[0], other)) {
            return true;
        }
    }
    return false;
}

static bool matches(struct world *w, const struct plan_node *node, struct doc *d)
{
    if (node->kind == PLAN_CHAIN || node->kind == PLAN_HAS) {
        return joined(w, node, d);
    }
    if (node->kind == PLAN_NOT) {
        return !matches(w, &node->items[0], d);
    }
    if (node->kind == PLAN_AND || node->kind == PLAN_OR) {
        for (size_t i = 0; i < node->count; i++) {
            if (matches(w, &node->items[i], d) == (node->kind == PLAN_OR)) {
                return node->kind == PLAN_OR;
            }
        }
        return node->kind == PLAN_AND;
    }
    struct plan_subject subject = {&d->r, &d->index, d->updated, &w->rules};
    bool result = false;
    assert_int_equal(plan_test(node, &subject, &w->a, &result), 0);
    return result;
}

/* --- random trees -------------------------------------------------------------------------- */

static void parse(struct world *w, fhir_type type, const char *query, struct plan *ret_plan)
{
    static const struct limits *limits;
    static struct limits kept;
    if (!limits) {
        kept = limits_default();
        limits = &kept;
    }
    struct search_pair *pairs = NULL;
    struct search_question q = {
        .types = &type, .type_count = 1, .rules = &w->rules, .limits = limits};
    struct search *search = arena_zalloc(&w->a, 1, sizeof *search);
    assert_int_equal(search_decode(text_of(query), limits, &w->a, &pairs, &q.count, &w->b->e), 0);
    q.pairs = pairs;
    if (search_parse(&q, &w->a, search, &w->b->e)) {
        fail_msg("%s: %s", query, err_text(&w->b->e));
    }
    *ret_plan = search->plan;
}

static void random_node(struct world *w, const struct kind *k, unsigned depth,
                        struct plan_node *ret_node, struct buf *words)
{
    fhir_type type = fhir_type_of(text_of(k->type));
    *ret_node = (struct plan_node){.kind = PLAN_ALL, .type = type};
    unsigned choice = depth ? any(w, 5) : 4;
    if (choice >= 3) {
        struct plan plan;
        const char *query = k->leaves[any(w, (unsigned)k->count)];
        parse(w, type, query, &plan);
        *ret_node = *plan.root;
        buf_printf(words, " %s", query);
        return;
    }
    static const enum plan_kind inner[] = {PLAN_AND, PLAN_OR, PLAN_NOT};
    static const char *const names[] = {"AND", "OR", "NOT"};
    ret_node->kind = inner[choice];
    ret_node->count = choice == 2 ? 1 : 1 + any(w, 3);
    ret_node->items = arena_zalloc(&w->a, ret_node->count, sizeof *ret_node->items);
    buf_printf(words, " %s(", names[choice]);
    for (size_t i = 0; i < ret_node->count; i++) {
        random_node(w, k, depth - 1, &ret_node->items[i], words);
    }
    buf_printf(words, " )");
}

/* --- the property -------------------------------------------------------------------------- */

static size_t count_ids(const char *p)
{
    size_t n = *p != '\0';
    for (; *p; p++) {
        n += *p == ' ';
    }
    return n;
}

static bool has_id(const char *ids, const char *id)
{
    size_t n = strlen(id);
    for (const char *p = strstr(ids, id); p; p = strstr(p + 1, id)) {
        if ((p == ids || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0')) {
            return true;
        }
    }
    return false;
}

static const char *compare(struct world *w, const struct plan *plan, size_t count, text words,
                           uint64_t seed)
{
    const char *found = bench_search(w->b, plan, count);
    size_t expected = 0;
    for (size_t i = 0; i < w->count; i++) {
        struct doc *d = &w->docs[i];
        if (d->r.type != plan->type) {
            continue;
        }
        bool should = matches(w, plan->root, d);
        expected += should;
        if (should != has_id(found, d->id)) {
            fail_msg("KITH_SEED=%llu:%.*s: %s %s: found %s", (unsigned long long)seed,
                     TEXT_ARG(words), d->id, should ? "is missing" : "is too much", found);
        }
    }
    if (expected != count_ids(found)) {
        fail_msg("KITH_SEED=%llu:%.*s: twice: %s", (unsigned long long)seed, TEXT_ARG(words),
                 found);
    }
    return found;
}

/* What was found stands in the order that all of the type have, whichever way each was sorted. */
static void compare_order(struct world *w, const struct kind *k, size_t sort, const char *found,
                          text words, uint64_t seed)
{
    const char **order = &w->orders[(k == kinds ? 0 : SORTS) + sort];
    if (!*order) {
        struct plan all;
        parse(w, fhir_type_of(text_of(k->type)),
              k == kinds ? observation_sorts[sort] : patient_sorts[sort], &all);
        *order = bench_search(w->b, &all, 7);
    }
    const char *at = *order;
    for (const char *id = found; *id;) {
        size_t n = strcspn(id, " ");
        while (*at && (strncmp(at, id, n) != 0 || (at[n] && at[n] != ' '))) {
            at += strcspn(at, " ");
            at += *at == ' ';
        }
        if (!*at) {
            fail_msg("KITH_SEED=%llu:%.*s: %.*s is not in order: %s, where all are %s",
                     (unsigned long long)seed, TEXT_ARG(words), (int)n, id, found, *order);
        }
        id += n;
        id += *id == ' ';
    }
}

static void try_plans(struct world *w, unsigned plans, uint64_t seed)
{
    for (unsigned i = 0; i < plans; i++) {
        const struct kind *k = &kinds[any(w, 3) ? any(w, 2) : any(w, 5)];
        struct plan_node root;
        struct plan plan = {.type = fhir_type_of(text_of(k->type)), .root = &root};
        struct buf words;
        buf_init(&words, 1 << 20);
        random_node(w, k, DEPTH, &root, &words);
        bool sorts = k < kinds + 2 && any(w, 6);
        size_t sort = any(w, SORTS);
        if (sorts) {
            struct plan sorted;
            const char *query = k == kinds ? observation_sorts[sort] : patient_sorts[sort];
            parse(w, plan.type, query, &sorted);
            plan.sorts = sorted.sorts;
            plan.sort_count = sorted.sort_count;
            buf_printf(&words, " %s", query);
        }
        const char *found =
            compare(w, &plan, any(w, 2) ? 1000 : 1 + any(w, 20), buf_text(&words), seed);
        if (sorts) {
            compare_order(w, k, sort, found, buf_text(&words), seed);
        }
        buf_done(&words);
    }
}

static const char *const scope_lists[] = {
    "user/*.rs",
    ("user/Observation.rs?code=c1 user/Observation.rs?status=final user/Patient.rs "
     "user/Encounter.rs"),
    "user/Observation.rs user/Practitioner.rs",
    "patient/*.rs user/Observation.s?category=k1 user/Patient.s user/Encounter.r",
};

static void random_actor(struct world *w, struct actor *ret_actor, text *parties)
{
    text own = arena_printf(&w->a, "p%u", any(w, w->patients));
    *ret_actor = (struct actor){.kind = ACTOR_PROFESSIONAL,
                                .account = T("somebody"),
                                .parties = parties,
                                .purpose = PURPOSE_TREAT,
                                .activities = any(w, 3) ? UINT64_MAX >> 1 : prng_next(&w->p)};
    unsigned kind = any(w, 4);
    if (kind == 0) {
        ret_actor->kind = ACTOR_PERSON;
        ret_actor->purpose = PURPOSE_PATIENT;
        ret_actor->patient = own;
        parties[ret_actor->party_count++] = arena_printf(&w->a, "Patient/%.*s", TEXT_ARG(own));
    } else if (kind == 1) {
        ret_actor->kind = ACTOR_SYSTEM;
        ret_actor->purpose = PURPOSE_OPERATIONS;
    }
    for (unsigned i = 0; i < 3; i++) {
        if (any(w, 2)) {
            parties[ret_actor->party_count++] = arena_printf(&w->a, "Practitioner/d%u", i);
        }
    }
}

/* The same for somebody who may see some of it. */
static void try_as_some(struct world *w, uint64_t seed)
{
    text parties[8];
    struct actor actor;
    struct scopes scopes;
    random_actor(w, &actor, parties);
    struct grant_config config = {
        .actor = &actor, .key = store_policy_key(w->b->s), .now_ms = INT64_C(1790000000000)};
    if (actor.kind == ACTOR_SYSTEM || any(w, 2)) {
        const char *list = scope_lists[any(w, sizeof scope_lists / sizeof *scope_lists)];
        assert_int_equal(scopes_parse(text_of(list), &w->a, &scopes, &w->b->e), 0);
        assert_int_equal(scopes_plan(&scopes, &w->rules, &w->a, &w->b->e), 0);
        config.scopes = &scopes;
    }
    w->b->all = grant_make(&config, &w->a);
    assert_non_null(w->b->all);
    memset(w->orders, 0, sizeof w->orders);
    load(w);
    try_plans(w, PLANS_OF_SOME, seed);
    w->b->all = policy_local_administrator();
}

static void one_store(uint64_t seed, size_t facets_max)
{
    void *state = NULL;
    assert_int_equal(bench_up(&state), 0);
    struct world w = {.b = state};
    if (facets_max) {
        bench_close(w.b);
        w.b->facets_max = facets_max;
        bench_open(w.b);
    }
    /* With many patients joins are followed hit by hit, with few they are known beforehand. */
    w.patients = seed % 3 == 0 ? MANY_PATIENTS : PATIENTS;
    prng_seed(&w.p, seed);
    arena_init(&w.a, (size_t)2 << 30);
    populate(&w);
    load(&w);
    try_plans(&w, PLANS, seed);
    for (unsigned i = 0; i < SOMEBODIES; i++) {
        try_as_some(&w, seed);
    }
    arena_done(&w.a);
    assert_int_equal(bench_down(&state), 0);
}

static void agrees_with_plan_test(void **state)
{
    (void)state;
    const char *given = getenv("KITH_SEED");
    const char *small = getenv("KITH_SMALL");
    uint64_t stores = small && strcmp(small, "yes") == 0 ? STORES_SMALL : STORES;
    /* From the first that has many patients on: so a few have all kinds. */
    uint64_t seed = given ? strtoull(given, NULL, 10) : 3;
    for (uint64_t i = 0; i < (given ? 1 : stores); i++) {
        print_message("KITH_SEED=%llu\n", (unsigned long long)(seed + i));
        /* Every second store has few facets, so that some resources have theirs one by one. */
        one_store(seed + i, (seed + i) % 2 ? 0 : 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_plan_test)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
