/*
 * What becomes visible or invisible by the clock alone does so at that very moment, whatever was
 * decided before and is still kept: grants, refusals and proxies that begin and end, birthdays,
 * delayed release. The moments come in any order, with choices that are taken back between them.
 * A failing seed is repeated with KITH_SEED=n.
 */
#include "base/clock.h"
#include "base/random.h"
#include "bench.h"
#include "policy/grant.h"
#include "store/inner.h"

#include <stdio.h>
#include <stdlib.h>

enum { PATIENTS = 40, CHILDREN = 24, HELD = 12, TURNS = 400, PAGE = 7 };
#define BASE_MS INT64_C(1790035200000) /* a midnight */
#define DAY_MS INT64_C(86400000)

#define ACT "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#define KIND "https://kith.care/fhir/CodeSystem/consent-kind"

struct world {
    struct bench *b;
    struct prng p;
    struct arena a;
    struct index_rules rules;
    bool ended[PATIENTS]; /* the Consent was taken back */
};

static unsigned any(struct world *w, unsigned n)
{
    return (unsigned)prng_below(&w->p, n);
}

static const char *instant(struct world *w, int64_t ms)
{
    char at[CLOCK_INSTANT_SIZE];
    clock_instant(ms, at);
    return arena_printf(&w->a, "%s", at).p;
}

static const char *day(struct world *w, int64_t ms, int years_before)
{
    int year, month, of_month;
    clock_civil(ms / DAY_MS, &year, &month, &of_month);
    return arena_printf(&w->a, "%04d-%02d-%02d", year - years_before, month, of_month).p;
}

/* --- a population -------------------------------------------------------------------------- */

static void put_patient(struct world *w, const char *id, const char *born)
{
    bench_put(w->b, "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"birthDate\":\"%s\"}", id, born);
}

static void put_observation(struct world *w, const char *id, const char *patient,
                            const char *security)
{
    bench_put(w->b,
              "{\"resourceType\":\"Observation\",\"id\":\"%s\"%s%s%s,\"status\":\"final\",\"code\":"
              "{\"coding\":[{\"system\":\"urn:l\",\"code\":\"c\"}]},\"subject\":{\"reference\":"
              "\"Patient/%s\"}}",
              id, security ? ",\"meta\":{\"security\":[" : "", security ? security : "",
              security ? "]}" : "", patient);
}

static void put_consent(struct world *w, const char *id, const char *patient, const char *kind,
                        const char *more)
{
    bench_put(w->b,
              "{\"resourceType\":\"Consent\",\"id\":\"%s\",\"status\":\"active\",\"scope\":{"
              "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\","
              "\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":\"" KIND
              "\",\"code\":\"%s\"}]}],\"patient\":{\"reference\":\"Patient/%s\"},%s}",
              id, kind, patient, more);
}

static const char *provision(struct world *w, bool permit, const char *party, const char *period)
{
    return arena_printf(&w->a,
                        "\"provision\":{\"type\":\"%s\",\"actor\":[{\"role\":{\"coding\":[{"
                        "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ParticipationType\","
                        "\"code\":\"IRCP\"}]},\"reference\":{\"reference\":\"%s\"}}]%s",
                        permit ? "permit" : "deny", party, period)
        .p;
}

/* What ends at second i ends with the one before. */
static const char *period(struct world *w, bool ends, int64_t ms)
{
    return ends ? arena_printf(&w->a, ",\"period\":{\"end\":\"%.19sZ\"}", instant(w, ms - 1000)).p
                : arena_printf(&w->a, ",\"period\":{\"start\":\"%.19sZ\"}", instant(w, ms)).p;
}

/* By i % 4: a grant that ends or begins at second i, a grant with a refusal that begins or ends
 * then. */
static void put_patients(struct world *w)
{
    for (unsigned i = 0; i < PATIENTS; i++) {
        char id[32], other[32];
        const char *moment = period(w, i % 4 == 0 || i % 4 == 3, BASE_MS + (int64_t)i * 1000);
        (void)snprintf(id, sizeof id, "p%u", i);
        put_patient(w, id, "1980-02-03");
        put_observation(w, id, id, NULL);
        (void)snprintf(other, sizeof other, "grant%u", i);
        put_consent(w, other, id, "grant",
                    arena_printf(&w->a, "%s}",
                                 provision(w, true, "Practitioner/gp", i % 4 < 2 ? moment : ""))
                        .p);
        if (i % 4 >= 2) {
            (void)snprintf(other, sizeof other, "refusal%u", i);
            put_consent(
                w, other, id, "sharing",
                arena_printf(&w->a, "%s}", provision(w, false, "Practitioner/gp", moment)).p);
        }
    }
}

static bool gp_sees(const struct world *w, unsigned i, int64_t second)
{
    bool before = i % 4 == 0 || i % 4 == 2;
    return !w->ended[i] && (before ? second < (int64_t)i : second >= (int64_t)i);
}

/* Half of them are sixteen on day i, the others eleven; each has a plain entry and one that is
 * about mental health. */
static void put_children(struct world *w)
{
    for (unsigned i = 0; i < CHILDREN; i++) {
        char id[32], other[32];
        (void)snprintf(id, sizeof id, "child%u", i);
        put_patient(w, id, day(w, BASE_MS + (int64_t)i * DAY_MS, i % 2 ? 16 : 11));
        put_observation(w, id, id, NULL);
        (void)snprintf(other, sizeof other, "mental%u", i);
        put_observation(w, other, id, "{\"system\":\"" ACT "\",\"code\":\"MH\"}");
        (void)snprintf(other, sizeof other, "parent%u", i);
        put_consent(
            w, other, id, "proxy",
            arena_printf(
                &w->a,
                "\"dateTime\":\"2026-01-01\",\"extension\":[{\"url\":\"https://kith.care/fhir/"
                "StructureDefinition/proxy-basis\",\"valueCode\":\"parent\"}],%s,\"action\":[{"
                "\"coding\":[{\"system\":\"https://kith.care/fhir/CodeSystem/proxy-function\","
                "\"code\":\"view\"}]}]}",
                provision(w, true, "Patient/mother", ""))
                .p);
    }
}

static uint64_t mother_sees(int64_t today)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < CHILDREN; i++) {
        bool before = today < (int64_t)i;
        n += i % 2 ? before : before ? 2 : 1; /* of who is nearly 16 nothing mental is seen */
    }
    return n;
}

/* The patient's own, held back until second i. */
static void put_held(struct world *w)
{
    put_patient(w, "own", "1970-01-01");
    for (unsigned i = 0; i < HELD; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "held%u", i);
        put_observation(
            w, id, "own",
            arena_printf(&w->a,
                         "{\"extension\":[{\"url\":\"https://kith.care/fhir/StructureDefinition/"
                         "label-until\",\"valueDateTime\":\"%.19sZ\"}],\"system\":\"https://"
                         "kith.care/fhir/CodeSystem/label\",\"code\":\"held\"}",
                         instant(w, BASE_MS + (int64_t)i * 1000))
                .p);
    }
}

/* --- asking -------------------------------------------------------------------------------- */

enum who { GP, OTHER, MOTHER, OWN };

static const struct grant *grant_at(struct world *w, enum who who, int64_t now_ms)
{
    struct actor *actor = arena_zalloc(&w->a, 1, sizeof *actor);
    text *party = arena_zalloc(&w->a, 1, sizeof *party);
    bool staff = who == GP || who == OTHER;
    *party = who == GP       ? T("Practitioner/gp")
             : who == OTHER  ? T("Practitioner/other")
             : who == MOTHER ? T("Patient/mother")
                             : T("Patient/own");
    *actor = (struct actor){.kind = staff ? ACTOR_PROFESSIONAL : ACTOR_PERSON,
                            .purpose = staff ? PURPOSE_TREAT : PURPOSE_PATIENT,
                            .activities = staff ? ACTIVITY_BIT(ACTIVITY_VIEW_RECORD) : 0,
                            .patient = staff ? T("") : text_from(*party, T("Patient/").n),
                            .parties = party,
                            .party_count = 1};
    return grant_make(
        &(struct grant_config){.actor = actor, .key = store_policy_key(w->b->s), .now_ms = now_ms},
        &w->a);
}

static const struct plan *by_code(struct world *w)
{
    struct limits *limits = arena_zalloc(&w->a, 1, sizeof *limits);
    struct search *search = arena_zalloc(&w->a, 1, sizeof *search);
    struct search_pair *pairs = NULL;
    fhir_type type = fhir_type_of(T("Observation"));
    struct search_question q = {
        .types = &type, .type_count = 1, .rules = &w->rules, .limits = limits};
    *limits = limits_default();
    assert_int_equal(search_decode(T("code=urn:l|c"), limits, &w->a, &pairs, &q.count, &w->b->e),
                     0);
    q.pairs = pairs;
    assert_int_equal(search_parse(&q, &w->a, search, &w->b->e), 0);
    return &search->plan;
}

static void expect_read(struct world *w, struct store_view *v, const char *id, bool seen)
{
    struct version one;
    int rc = store_read(v, fhir_type_of(T("Observation")), text_of(id), &w->a, &one, &w->b->e);
    assert_int_equal(rc, seen ? 0 : ERR_NOT_FOUND);
}

/* Counted, page by page, matched and scanned: each a request of its own. */
static void expect(struct world *w, enum who who, int64_t now_ms, uint64_t expected)
{
    const struct plan *plan = by_code(w);
    struct store_view *v = NULL;
    struct versions page = {0}, all = {0};
    uint64_t total = 0, scanned = 0, paged = 0;
    text from = {0};
    assert_int_equal(
        store_view_begin(w->b->s, grant_at(w, who, now_ms), STORE_ONE_READ, &v, &w->b->e), 0);
    assert_int_equal(store_search(v, plan, 0, from, &w->a, &page, &total, NULL, &w->b->e), 0);
    store_view_end(v);
    do {
        assert_int_equal(
            store_view_begin(w->b->s, grant_at(w, who, now_ms), STORE_ONE_READ, &v, &w->b->e), 0);
        assert_int_equal(store_search(v, plan, PAGE, from, &w->a, &page, NULL, NULL, &w->b->e), 0);
        store_view_end(v);
        paged += page.count;
        from = page.next;
    } while (page.more);
    assert_int_equal(
        store_view_begin(w->b->s, grant_at(w, who, now_ms), STORE_SNAPSHOT, &v, &w->b->e), 0);
    assert_int_equal(store_match(v, plan, 1000, &w->a, &all, &w->b->e), 0);
    assert_int_equal(store_scan(v, T(""), 10000, 1 << 28, T(""), &w->a, &page, &w->b->e), 0);
    for (size_t i = 0; i < page.count; i++) {
        scanned += page.items[i].type == plan->type;
    }
    store_view_end(v);
    assert_int_equal(total, expected);
    assert_int_equal(paged, expected);
    assert_int_equal(all.count, expected);
    assert_int_equal(scanned, expected);
}

static void ask_gp(struct world *w, int64_t ms)
{
    uint64_t expected = 0;
    struct store_view *v = NULL;
    int64_t second = (ms - BASE_MS) / 1000;
    for (unsigned i = 0; i < PATIENTS; i++) {
        expected += gp_sees(w, i, second);
    }
    expect(w, GP, ms, expected);
    assert_int_equal(store_view_begin(w->b->s, grant_at(w, GP, ms), STORE_ONE_READ, &v, &w->b->e),
                     0);
    for (unsigned i = 0; i < PATIENTS; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "p%u", i);
        expect_read(w, v, id, gp_sees(w, i, second));
    }
    store_view_end(v);
}

/* A grant is taken back, or given again: what was kept of this patient counts no more. */
static void change_one(struct world *w)
{
    unsigned i = any(w, PATIENTS / 4) * 4 + any(w, 2);
    char id[32], patient[32];
    (void)snprintf(id, sizeof id, "grant%u", i);
    (void)snprintf(patient, sizeof patient, "p%u", i);
    w->ended[i] = !w->ended[i];
    if (w->ended[i]) {
        bench_delete(w->b, "Consent", id);
    } else {
        put_consent(w, id, patient, "grant",
                    arena_printf(&w->a, "%s}",
                                 provision(w, true, "Practitioner/gp",
                                           period(w, i % 4 == 0, BASE_MS + (int64_t)i * 1000)))
                        .p);
    }
}

/* A view that began before the change goes on with what it saw, also when a later one has left what
 * it decided. */
static void change_beside(struct world *w, int64_t ms)
{
    struct store_view *v = NULL;
    struct versions page = {0};
    uint64_t before = 0, after = 0;
    const struct plan *plan = by_code(w);
    for (unsigned i = 0; i < PATIENTS; i++) {
        before += gp_sees(w, i, (ms - BASE_MS) / 1000);
    }
    assert_int_equal(store_view_begin(w->b->s, grant_at(w, GP, ms), STORE_SNAPSHOT, &v, &w->b->e),
                     0);
    change_one(w);
    ask_gp(w, ms);
    assert_int_equal(store_search(v, plan, 0, T(""), &w->a, &page, &after, NULL, &w->b->e), 0);
    store_view_end(v);
    assert_int_equal(after, before);
}

static void one_turn(struct world *w)
{
    /* At the moment, and one millisecond before: mostly a little later, at times much earlier. */
    int64_t second = (int64_t)any(w, PATIENTS + 1);
    ask_gp(w, BASE_MS + second * 1000);
    expect(w, OTHER, BASE_MS + second * 1000, 0);
    if (any(w, 4) == 0) {
        change_beside(w, BASE_MS + second * 1000);
    }
    ask_gp(w, BASE_MS + second * 1000 + 999);
    int64_t today = (int64_t)any(w, CHILDREN + 1);
    expect(w, MOTHER, BASE_MS + today * DAY_MS, mother_sees(today));
    expect(w, MOTHER, BASE_MS + today * DAY_MS + DAY_MS - 1, mother_sees(today));
    uint64_t released = (uint64_t)any(w, HELD);
    expect(w, OWN, BASE_MS + (int64_t)released * 1000, released + 1);
    expect(w, OWN, BASE_MS + (int64_t)released * 1000 - 1, released);
}

static void the_clock_alone_counts(void **state)
{
    const char *given = getenv("KITH_SEED");
    struct world w = {.b = *state};
    uint64_t seed = given ? strtoull(given, NULL, 10) : 1;
    print_message("KITH_SEED=%llu\n", (unsigned long long)seed);
    prng_seed(&w.p, seed);
    arena_init(&w.a, (size_t)2 << 30);
    put_patients(&w);
    put_children(&w);
    put_held(&w);
    for (unsigned i = 0; i < TURNS; i++) {
        one_turn(&w);
        if (i % 16 == 0) { /* the clock goes on */
            for (int64_t s = 0; s <= PATIENTS; s++) {
                ask_gp(&w, BASE_MS + s * 1000);
            }
        }
    }
    arena_done(&w.a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_clock_alone_counts, bench_up, bench_down)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
