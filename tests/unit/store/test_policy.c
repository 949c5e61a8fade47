/*
 * Property: whoever asks, whatever they ask, the answer is that of a store into which only what
 * they may see was put. What that is is found by a slow walk over all versions, which shares
 * nothing with the store but the engine of policy. A failing seed is repeated with KITH_SEED=n.
 */
#include "base/random.h"
#include "bench.h"
#include "policy/grant.h"
#include "store/inner.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STORES = 5,
    ACTORS = 6,
    QUERIES = 60,
    PATIENTS = 12, /* more than decide faster than their table is found: store/verdicts.h */
    WRITES = 130,
    NOW = 1790000000, /* seconds */
};

struct known {
    struct version v;
    struct resource r;
    struct index index;
    bool current;
    uint32_t past; /* of its key */
    bool seen;
};

struct world {
    struct bench *b;
    struct bench *other; /* with what is seen alone */
    struct prng p;
    struct arena a;
    struct index_rules rules;
    struct known *all;
    size_t count;
    const struct grant *g;
    uint64_t seed;
};

static unsigned any(struct world *w, unsigned n)
{
    return (unsigned)prng_below(&w->p, n);
}

/* --- a population -------------------------------------------------------------------------- */

static const char *labels(struct world *w)
{
    static const char *const codes[] = {
        "http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"MH",
        "http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"SEX",
        "http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"NOPAT",
        "https://kith.care/fhir/CodeSystem/label\",\"code\":\"sealed",
        "https://kith.care/fhir/CodeSystem/label\",\"code\":\"sealed-and-locked",
        "https://kith.care/fhir/CodeSystem/label\",\"code\":\"safeguarding",
        "https://kith.care/fhir/CodeSystem/label\",\"code\":\"held",
    };
    return any(w, 3) ? ""
                     : arena_printf(&w->a, ",\"meta\":{\"security\":[{\"system\":\"%s\"}]}",
                                    codes[any(w, sizeof codes / sizeof *codes)])
                           .p;
}

static void put_consent(struct world *w, unsigned i)
{
    static const char *const limits[] = {
        "", ",\"securityLabel\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\","
            "\"code\":\"MH\"}]"};
    bool grants = any(w, 2);
    bench_put(
        w->b,
        "{\"resourceType\":\"Consent\",\"id\":\"c%u\",\"status\":\"%s\",\"scope\":{\"coding\":"
        "[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
        "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
        "\"https://kith.care/fhir/CodeSystem/consent-kind\",\"code\":\"%s\"}]}],\"patient\":{"
        "\"reference\":\"Patient/p%u\"},\"provision\":{\"type\":\"%s\",\"actor\":[{\"role\":{"
        "\"coding\":[{\"system\":"
        "\"http://terminology.hl7.org/CodeSystem/v3-ParticipationType\",\"code\":\"IRCP\"}]},"
        "\"reference\":{\"reference\":\"Practitioner/d%u\"}}]%s}}",
        i, any(w, 4) ? "active" : "inactive", grants ? "grant" : "sharing", any(w, PATIENTS),
        grants ? "permit" : "deny", any(w, 3), limits[any(w, 2)]);
}

static const char *subject(struct world *w)
{
    static const char *const performer[] = {"", ",\"performer\":[{\"reference\":\"Patient/p1\"}]"};
    if (any(w, 10) == 0) {
        return any(w, 2) ? "" : ",\"subject\":{\"reference\":\"Group/g\"}";
    }
    return arena_printf(&w->a, ",\"subject\":{\"reference\":\"Patient/p%u\"}%s", any(w, PATIENTS),
                        performer[any(w, 6) == 0])
        .p;
}

static void put_observation(struct world *w, unsigned i)
{
    bench_put(
        w->b,
        "{\"resourceType\":\"Observation\",\"id\":\"o%u\"%s,\"status\":\"%s\",\"code\":{"
        "\"text\":\"Blood %s\",\"coding\":[{\"system\":\"urn:l\",\"code\":\"c%u\",\"display\":"
        "\"Code %u\"}]}%s,\"encounter\":{\"reference\":\"Encounter/e%u\"},"
        "\"effectiveDateTime\":\"202%u-0%u\",\"valueString\":\"v%u\"}",
        i, labels(w), any(w, 2) ? "final" : "amended", any(w, 2) ? "sugar" : "pressure", any(w, 4),
        any(w, 4), subject(w), any(w, 8), any(w, 4), 1 + any(w, 9), any(w, 1000));
}

static void put_encounter(struct world *w, unsigned i)
{
    bench_put(w->b,
              "{\"resourceType\":\"Encounter\",\"id\":\"e%u\"%s,\"status\":\"finished\",\"class\":{"
              "\"system\":\"urn:v\",\"code\":\"%s\"},\"subject\":{\"reference\":\"Patient/p%u\"},"
              "\"participant\":[{\"individual\":{\"reference\":\"Practitioner/d%u\"}}],\"period\":{"
              "\"start\":\"2020-01-01\",\"end\":\"2020-01-02\"}}",
              i, labels(w), any(w, 2) ? "AMB" : "IMP", any(w, PATIENTS), any(w, 3));
}

static void populate(struct world *w)
{
    for (unsigned i = 0; i < PATIENTS; i++) {
        bench_put(w->b,
                  "{\"resourceType\":\"Patient\",\"id\":\"p%u\",\"name\":[{\"family\":\"Ash%u\"}],"
                  "\"birthDate\":\"%u-01-02\",\"gender\":\"%s\",\"generalPractitioner\":[{"
                  "\"reference\":\"Practitioner/d%u\"}]%s}",
                  i, any(w, 3), any(w, 2) ? 1970 : 2012, any(w, 2) ? "male" : "female", any(w, 3),
                  any(w, 4) ? "" : ",\"active\":true");
    }
    for (unsigned i = 0; i < 3; i++) {
        bench_put(
            w->b,
            "{\"resourceType\":\"Practitioner\",\"id\":\"d%u\",\"name\":[{\"family\":\"Doc%u\""
            "}]}",
            i, i);
    }
    for (unsigned i = 0; i < WRITES; i++) {
        put_observation(w, i % 80);
        if (i % 8 == 0) {
            put_encounter(w, any(w, 8));
            put_consent(w, any(w, 10));
        }
    }
    for (unsigned i = 0; i < 6; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "o%u", any(w, 80));
        bench_delete(w->b, "Observation", id);
    }
}

/* --- what is seen, slowly ------------------------------------------------------------------ */

static text facts_of(struct world *w, const struct known *k)
{
    text facts = T("");
    if (!k->v.deleted) {
        assert_int_equal(policy_facts(k->v.type, k->r.root, NULL, &w->a, &facts, &w->b->e), 0);
    }
    return facts;
}

static int by_rid(const void *x, const void *y)
{
    const struct sheet_row *a = x;
    const struct sheet_row *b = y;
    return a->rid < b->rid ? -1 : a->rid > b->rid;
}

/* All versions that there ever were. */
static void load(struct world *w)
{
    struct versions all = bench_history(w->b, "", "", NULL);
    w->all = arena_zalloc(&w->a, all.count, sizeof *w->all);
    w->count = all.count;
    for (size_t i = 0; i < all.count; i++) {
        struct known *k = &w->all[i];
        k->v = all.items[i];
        k->current = !k->v.deleted;
        for (size_t n = 0; n < i; n++) { /* newest first */
            k->current =
                k->current && !(w->all[n].v.type == k->v.type && text_eq(w->all[n].v.id, k->v.id));
        }
        if (!k->v.deleted) {
            assert_int_equal(
                stored_resource(w->b->s, k->v.type, k->v.id, k->v.packed, &w->a, &k->r, &w->b->e),
                0);
            assert_int_equal(index_extract(&k->r, &w->rules, &w->a, &k->index), 0);
        }
    }
}

static struct sheet *sheet_of(struct world *w, uint64_t compartment, text *ret_patient)
{
    struct sheet_row *rows = arena_zalloc(&w->a, w->count + 1, sizeof *rows);
    size_t count = 0;
    struct sheet *s = NULL;
    *ret_patient = T("");
    for (size_t i = 0; i < w->count; i++) {
        const struct known *k = &w->all[i];
        size_t at = 0;
        if (rid_compartment(k->v.rid) != compartment) {
            continue;
        }
        while (at < count && rows[at].rid != k->v.rid) {
            at++;
        }
        if (at == count) {
            rows[count++] =
                (struct sheet_row){.rid = k->v.rid, .type = k->v.type, .facts = T(""), .id = T("")};
        }
        text facts = facts_of(w, k);
        if (k->current) {
            rows[at].facts = facts;
            rows[at].id = k->v.id;
        } else {
            rows[at].past |= facts_labels(facts);
        }
        *ret_patient = k->v.type == FHIR_PATIENT ? k->v.id : *ret_patient;
    }
    qsort(rows, count, sizeof *rows, by_rid);
    assert_int_equal(sheet_make(store_policy_key(w->b->s), rows, count, &s, &w->b->e), 0);
    return s;
}

static bool in_scope(struct world *w, const struct known *k, uint8_t rights)
{
    size_t count = 0;
    const struct plan *const *plans = grant_only(w->g, k->v.type, rights, &count);
    bool has = count == 0;
    for (size_t i = 0; i < count && !has && !k->v.deleted; i++) {
        struct plan_subject subject = {&k->r, &k->index, version_instant(&k->v), &w->rules};
        assert_int_equal(plan_test(plans[i]->root, &subject, &w->a, &has), 0);
    }
    return has;
}

static void find_seen(struct world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        struct known *k = &w->all[i];
        uint64_t compartment = rid_compartment(k->v.rid);
        struct sheet *s = NULL;
        struct decision d = {0};
        text patient = T("");
        if (compartment >= COMPARTMENT_PATIENTS) {
            s = sheet_of(w, compartment, &patient);
            grant_decide(w->g, patient, s, &d);
        }
        k->seen = grant_sees(w->g, s ? &d : NULL, s, k->v.type, k->v.rid, !k->current) &&
                  in_scope(w, k, MAY_SEARCH);
        sheet_free(s);
    }
}

static int by_key(const void *x, const void *y)
{
    const struct known *const *a = x;
    const struct known *const *b = y;
    return (*a)->v.rid<(*b)->v.rid ? -1 : (*a)->v.rid>(*b)->v.rid;
}

/* The other store gets what is seen, and nothing else. */
static void fill_other(struct world *w)
{
    void *state = NULL;
    size_t count = 0;
    struct known **seen = arena_zalloc(&w->a, w->count + 1, sizeof(void *));
    assert_int_equal(bench_up(&state), 0);
    w->other = state;
    for (size_t i = 0; i < w->count; i++) {
        if (w->all[i].current && w->all[i].seen) {
            seen[count++] = &w->all[i];
        }
    }
    qsort(seen, count, sizeof(void *), by_key);
    for (size_t i = 0; i < count; i++) {
        struct write one = {.kind = WRITE_PUT,
                            .type = seen[i]->v.type,
                            .id = seen[i]->v.id,
                            .packed = seen[i]->v.packed,
                            .index = &seen[i]->index};
        assert_int_equal(bench_commit(w->other, &one, 1), 0);
    }
}

/* --- questions ----------------------------------------------------------------------------- */

static const char *const questions[] = {
    "Observation?",
    "Observation?code=c1",
    "Observation?code=c1,c2&status=final",
    "Observation?status=amended&_sort=-date",
    "Observation?_sort=code",
    "Observation?_sort=-_lastUpdated",
    "Observation?date=ge2021",
    "Observation?code:not=c1",
    "Observation?code:text=code",
    "Observation?_content=sugar",
    "Observation?patient=Patient/p1",
    "Observation?patient=Patient/p1&code=c2&_sort=date",
    "Observation?patient.name=ash1",
    "Observation?patient.gender=male&_sort=-date",
    "Observation?patient.general-practitioner.name=doc1",
    "Observation?encounter.class=AMB",
    "Observation?encounter.participant.name=doc0",
    "Observation?performer:Patient.name=ash0",
    "Observation?subject:missing=true",
    "Observation?_security=http://terminology.hl7.org/CodeSystem/v3-ActCode|MH",
    "Observation?_security:missing=true",
    "Observation?_filter=code eq c1 or patient.gender eq female",
    "Observation?_filter=not (code eq c1)",
    "Observation?value-string=v1",
    "Patient?",
    "Patient?name=ash1",
    "Patient?birthdate=lt2000&_sort=-name",
    "Patient?_has:Observation:patient:code=c1",
    "Patient?_has:Observation:patient:status=amended&gender=male",
    "Patient?_has:Encounter:patient:class=AMB",
    "Patient?_has:Observation:performer:code=c2",
    "Patient?_has:Observation:patient:encounter.class=IMP",
    "Patient?_has:Observation:patient:_security=https://kith.care/fhir/CodeSystem/label|sealed",
    "Patient?_has:Encounter:patient:_has:Observation:encounter:code=c3",
    "Patient?general-practitioner.name=doc2",
    "Encounter?",
    "Encounter?class=AMB&_sort=date",
    "Encounter?_has:Observation:encounter:code=c0",
    "Encounter?patient.name=ash2",
    "Encounter?participant=Practitioner/d1",
    "Practitioner?",
    "Practitioner?_has:Encounter:participant:class=AMB",
    "Practitioner?_has:Patient:general-practitioner:gender=male",
    "Practitioner?_has:Patient:general-practitioner:_has:Observation:patient:code=c1",
    "Consent?",
    "Consent?status=active",
};

static struct plan *plan_of(struct world *w, const char *question)
{
    static struct limits limits;
    struct search_pair *pairs = NULL;
    text t = text_of(question);
    size_t mark = text_find(t, '?');
    fhir_type type = fhir_type_of(text_first(t, mark));
    limits = limits_default();
    struct search_question q = {
        .types = &type, .type_count = 1, .rules = &w->rules, .limits = &limits};
    struct search *search = arena_zalloc(&w->a, 1, sizeof *search);
    assert_int_equal(
        search_decode(text_from(t, mark + 1), &limits, &w->a, &pairs, &q.count, &w->b->e), 0);
    q.pairs = pairs;
    if (search_parse(&q, &w->a, search, &w->b->e)) {
        fail_msg("%s: %s", question, err_text(&w->b->e));
    }
    return &search->plan;
}

static int by_text(const void *x, const void *y)
{
    return strcmp(*(const char *const *)x, *(const char *const *)y);
}

/* The same ids in order of their letters. */
static const char *ordered(struct world *w, const char *ids)
{
    char *copy = arena_printf(&w->a, "%s", ids).p ? strdup(ids) : NULL;
    const char *words[1000];
    size_t count = 0;
    char *rest = NULL;
    for (char *id = strtok_r(copy, " ", &rest); id; id = strtok_r(NULL, " ", &rest)) {
        words[count++] = id;
    }
    qsort(words, count, sizeof *words, by_text);
    text all = T("");
    for (size_t i = 0; i < count; i++) {
        all = arena_printf(&w->a, "%.*s %s", TEXT_ARG(all), words[i]);
    }
    free(copy);
    return all.n ? all.p : "";
}

static void ask(struct world *w, const char *question, size_t page)
{
    const struct plan *plan = plan_of(w, question);
    const char *here = ordered(w, bench_search(w->b, plan, page));
    const char *there = ordered(w, bench_search(w->other, plan, 1000));
    if (strcmp(here, there) != 0) {
        fail_msg("KITH_SEED=%llu: %s gives%s, and where there is nothing else%s",
                 (unsigned long long)w->seed, question, here, there);
    }
}

/* What conditions ask, what is counted, and what an export takes. */
static void ask_otherwise(struct world *w, const char *question)
{
    const struct plan *plan = plan_of(w, question);
    struct bench *both[] = {w->b, w->other};
    struct versions match[2];
    struct versions scan[2];
    uint64_t count[2];
    struct store_stats stats[2];
    for (size_t i = 0; i < 2; i++) {
        struct store_view *v = NULL;
        struct bench *b = both[i];
        assert_int_equal(store_view_begin(b->s, b->all, STORE_ONE_READ, &v, &b->e), 0);
        assert_int_equal(store_match(v, plan, 2, &w->a, &match[i], &b->e), 0);
        assert_int_equal(store_count(v, plan->type, &count[i], &b->e), 0);
        assert_int_equal(store_stats(v, &stats[i], &b->e), 0);
        assert_int_equal(store_scan(v, T(""), 10000, 1 << 28, T(""), &w->a, &scan[i], &b->e), 0);
        store_view_end(v);
    }
    assert_int_equal(match[0].count, match[1].count);
    assert_int_equal(match[0].more, match[1].more);
    assert_int_equal(count[0], count[1]);
    assert_int_equal(stats[0].resources, stats[1].resources);
    assert_int_equal(scan[0].count, scan[1].count);
}

/* --- versions ------------------------------------------------------------------------------ */

/* Reading by name is asked with the right to read, not to search. */
static void read_versions(struct world *w)
{
    struct store_view *v = NULL;
    struct version found;
    struct history_scope scope = {.since_ms = INT64_MIN, .at_ms = INT64_MIN};
    struct versions history;
    uint64_t total = 0;
    size_t seen = 0;
    assert_int_equal(store_view_begin(w->b->s, w->g, STORE_SNAPSHOT, &v, &w->b->e), 0);
    for (size_t i = 0; i < w->count; i++) {
        const struct known *k = &w->all[i];
        int rc = store_vread(v, k->v.type, k->v.id, k->v.vid, &w->a, &found, &w->b->e);
        assert_int_equal(rc, k->seen ? 0 : ERR_NOT_FOUND);
        if (k->current) {
            rc = store_read(v, k->v.type, k->v.id, &w->a, &found, &w->b->e);
            assert_int_equal(rc, k->seen ? 0 : ERR_NOT_FOUND);
        }
    }
    assert_int_equal(store_history(v, &scope, 10000, T(""), &w->a, &history, &total, &w->b->e), 0);
    store_view_end(v);
    for (size_t i = 0; i < w->count; i++) {
        if (w->all[i].seen) {
            assert_true(seen < history.count && history.items[seen].t == w->all[i].v.t);
            seen++;
        }
    }
    assert_int_equal(history.count, seen);
    assert_int_equal(total, seen);
}

/* --- somebody ------------------------------------------------------------------------------ */

/* With searching goes reading, so that one answer holds for both. */
static const char *const scope_lists[] = {
    "user/*.rs",
    ("user/Observation.rs?code=c1 user/Observation.rs?status=final user/Patient.rs "
     "user/Encounter.rs"),
    "user/Observation.rs user/Practitioner.rs user/Consent.rs?status=active",
    "system/*.rs system/Observation.rs",
};

static const struct grant *somebody(struct world *w)
{
    struct actor *actor = arena_zalloc(&w->a, 1, sizeof *actor);
    struct scopes *scopes = arena_zalloc(&w->a, 1, sizeof *scopes);
    text *parties = arena_zalloc(&w->a, 8, sizeof *parties);
    unsigned kind = any(w, 4);
    text own = arena_printf(&w->a, "p%u", any(w, PATIENTS));
    *actor = (struct actor){.kind = ACTOR_PROFESSIONAL,
                            .account = T("somebody"),
                            .parties = parties,
                            .purpose = PURPOSE_TREAT,
                            .activities = any(w, 3) ? UINT64_MAX >> 1 : prng_next(&w->p)};
    if (kind == 0) {
        actor->kind = ACTOR_PERSON;
        actor->purpose = PURPOSE_PATIENT;
        actor->patient = own;
        parties[actor->party_count++] = arena_printf(&w->a, "Patient/%.*s", TEXT_ARG(own));
    } else if (kind == 1) {
        actor->kind = ACTOR_SYSTEM;
        actor->purpose = PURPOSE_OPERATIONS;
    } else {
        parties[actor->party_count++] = arena_printf(&w->a, "Practitioner/d%u", any(w, 3));
    }
    struct grant_config config = {
        .actor = actor, .key = store_policy_key(w->b->s), .now_ms = (int64_t)NOW * 1000};
    if (kind == 1 || any(w, 2)) {
        const char *list = scope_lists[any(w, sizeof scope_lists / sizeof *scope_lists)];
        assert_int_equal(scopes_parse(text_of(list), &w->a, scopes, &w->b->e), 0);
        assert_int_equal(scopes_plan(scopes, &w->rules, &w->a, &w->b->e), 0);
        config.scopes = scopes;
    }
    return grant_make(&config, &w->a);
}

static void one_actor(struct world *w)
{
    w->g = somebody(w);
    find_seen(w);
    fill_other(w);
    w->b->all = w->g;
    for (unsigned i = 0; i < QUERIES; i++) {
        const char *question = questions[any(w, sizeof questions / sizeof *questions)];
        ask(w, question, 1 + any(w, 12));
        if (any(w, 4) == 0) {
            ask_otherwise(w, question);
        }
    }
    read_versions(w);
    w->b->all = policy_local_administrator();
    void *state = w->other;
    assert_int_equal(bench_down(&state), 0);
}

static void hidden_is_as_absent(void **state)
{
    (void)state;
    const char *given = getenv("KITH_SEED");
    const char *stores = getenv("KITH_STORES");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 1;
    uint64_t last = seed + (stores ? strtoull(stores, NULL, 10) : given ? 1 : STORES);
    for (; seed < last; seed++) {
        void *made = NULL;
        print_message("KITH_SEED=%llu\n", (unsigned long long)seed);
        assert_int_equal(bench_up(&made), 0);
        struct world w = {.b = made, .seed = seed};
        prng_seed(&w.p, seed);
        arena_init(&w.a, (size_t)2 << 30);
        populate(&w);
        assert_int_equal(bench_check(w.b, NULL, 0), 0);
        load(&w);
        for (unsigned i = 0; i < ACTORS; i++) {
            one_actor(&w);
        }
        arena_done(&w.a);
        assert_int_equal(bench_down(&made), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hidden_is_as_absent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
