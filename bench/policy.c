/*
 * What policy costs a query: policy FOLDER [quick]. Two scratch stores are made below FOLDER. With
 * ONLY=text in the environment nothing but the questions whose group and name have it: "open
 * everyone by code".
 *
 * "open": 1,000 patients of 31 entries each and a professional with a relationship to each; the
 * same questions as the local administrator asks them, who needs no decision. "many": another
 * professional, who looks after 100 of them, where there are 10 choices and 100 relationships,
 * against where there are 20,000 choices (half of them one patient's) and 100,000 relationships.
 *
 * Each figure is the median of interleaved rounds, by the processor's time of the one thread.
 * Prints JSON: a line a question, microseconds each.
 */
#include "policy.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS = 15,
    ROUNDS_QUICK = 3,
    ROUND_US = 4000, /* of one side, about */
    VARIANTS = 40,   /* patients that a question is asked about in turn */
    PAGE = 20,
};

enum about { EVERYONE, ONE_PATIENT, ONE_ENTRY, BURDENED };
static const char *const abouts[] = {"everyone", "patient", "read", "burdened"};

struct question {
    enum about about;
    const char *name;
    const char *type;
    const char *query; /* with %u for the patient's number; of ONE_ENTRY the id */
    size_t count;
    bool total;
};

#define LOINC "code=http://loinc.org|8867-4"
static const struct question questions[] = {
    {EVERYONE, "by code", "Observation", LOINC, PAGE, false},
    {EVERYONE, "by code, all of them", "Observation", LOINC, 5000, false},
    {EVERYONE, "by code, counted", "Observation", LOINC, PAGE, true},
    {EVERYONE, "by code, sorted by date", "Observation", LOINC "&_sort=-date", PAGE, false},
    {EVERYONE, "the newest", "Observation", "_sort=-_lastUpdated", PAGE, false},
    {EVERYONE, "by name, counted", "Patient", "family=ash1", PAGE, true},
    {EVERYONE, "by code and date, counted", "Condition", "code=38341003&recorded-date=ge2024", PAGE,
     true},
    {EVERYONE, "by code, of patients by name", "Condition",
     "code=38341003&subject:Patient.family=ash1", PAGE, true},
    {ONE_PATIENT, "by code", "Observation", "patient=Patient/p%u&" LOINC, PAGE, false},
    {ONE_PATIENT, "by code, counted", "Observation", "patient=Patient/p%u&" LOINC, PAGE, true},
    {ONE_PATIENT, "the newest", "Observation", "patient=Patient/p%u&_sort=-date", PAGE, false},
    {ONE_PATIENT, "all of a type", "Condition", "patient=Patient/p%u", PAGE, true},
    {ONE_ENTRY, "an observation", "Observation", "o%u-3", 0, false},
    {ONE_ENTRY, "the patient", "Patient", "p%u", 0, false},
    {BURDENED, "by code", "Observation", "patient=Patient/p%u&" LOINC, PAGE, false},
    {BURDENED, "the newest", "Observation", "patient=Patient/p%u&_sort=-date", PAGE, false},
    {BURDENED, "an observation", "Observation", "o%u-3", 0, false},
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

/* A question, understood, once for each patient that it is asked about. */
struct asking {
    const struct question *q;
    fhir_type type;
    const struct plan *plans[VARIANTS];
    text ids[VARIANTS];
    size_t count;
};

struct side {
    struct people *people;
    const struct grant *g;
};

static void fail(const char *what, const struct err *e)
{
    (void)fprintf(stderr, "policy: %s: %s\n", what, err_text(e));
    exit(1);
}

static double cpu_us(void)
{
    return (double)clock_thread_cpu_ns() / 1e3;
}

/* --- asking -------------------------------------------------------------------------------- */

static const struct plan *understand(fhir_type type, text query, struct arena *a)
{
    static const struct index_rules rules;
    struct limits *limits = arena_zalloc(a, 1, sizeof *limits);
    struct search *search = arena_zalloc(a, 1, sizeof *search);
    struct search_pair *pairs = NULL;
    struct search_question q = {.types = &type, .type_count = 1, .rules = &rules, .limits = limits};
    struct err e = {0};
    if (!limits || !search) {
        abort();
    }
    *limits = limits_default();
    if (search_decode(query, limits, a, &pairs, &q.count, &e)) {
        fail(query.p, &e);
    }
    q.pairs = pairs;
    if (search_parse(&q, a, search, &e)) {
        fail(query.p, &e);
    }
    return &search->plan;
}

static void prepare(struct asking *asking, const struct question *q, struct arena *a)
{
    *asking = (struct asking){.q = q, .type = fhir_type_of(text_of(q->type))};
    asking->count = q->about == ONE_PATIENT || q->about == ONE_ENTRY ? VARIANTS : 1;
    for (size_t i = 0; i < asking->count; i++) {
        char words[256];
        unsigned patient = q->about == BURDENED ? PEOPLE_BURDENED : (unsigned)i;
        const char *at = strstr(q->query, "%u");
        int before = at ? (int)(at - q->query) : (int)strlen(q->query);
        (void)snprintf(words, sizeof words, "%.*s", before, q->query);
        if (at) {
            (void)snprintf(words + before, sizeof words - (size_t)before, "%u%s", patient, at + 2);
        }
        text kept = arena_printf(a, "%s", words);
        asking->ids[i] = kept;
        if (q->count) {
            asking->plans[i] = understand(asking->type, kept, a);
        }
    }
}

/* One request: a view of its own. Returns how much came. */
static uint64_t ask(const struct side *side, const struct asking *asking, size_t turn,
                    struct arena *a)
{
    struct store_view *v = NULL;
    struct err e = {0};
    struct versions found = {0};
    struct version one;
    uint64_t total = 0;
    size_t at = turn % asking->count;
    int rc = store_view_begin(side->people->s, side->g, STORE_ONE_READ, &v, &e);
    if (!rc && asking->q->count) {
        rc = store_search(v, asking->plans[at], asking->q->count, T(""), a, &found,
                          asking->q->total ? &total : NULL, NULL, &e);
    } else if (!rc) {
        rc = store_read(v, asking->type, asking->ids[at], a, &one, &e);
        total = 1;
    }
    if (rc) {
        fail(asking->q->name, &e);
    }
    store_view_end(v);
    arena_reset(a);
    return total + found.count;
}

static double round_of(const struct side *side, const struct asking *asking, size_t times,
                       struct arena *a)
{
    double began = cpu_us();
    for (size_t i = 0; i < times; i++) {
        (void)ask(side, asking, i, a);
    }
    return (cpu_us() - began) / (double)times;
}

static int by_size(const void *x, const void *y)
{
    double a = *(const double *)x;
    double b = *(const double *)y;
    return a < b ? -1 : a > b;
}

/* Both sides in turn; medians of what each took, and of what the second took of the first. */
static void measure(const char *group, const struct side sides[2], const struct asking *asking,
                    size_t rounds, bool *comma)
{
    double took[2][ROUNDS];
    double ratios[ROUNDS];
    struct arena a;
    char name[128];
    const char *only = getenv("ONLY");
    (void)snprintf(name, sizeof name, "%s %s %s", group, abouts[asking->q->about], asking->q->name);
    if (only && !strstr(name, only)) {
        return;
    }
    arena_init(&a, (size_t)1 << 28);
    for (size_t i = 0; i < asking->count; i++) {
        if (ask(&sides[0], asking, i, &a) != ask(&sides[1], asking, i, &a)) {
            (void)fprintf(stderr, "policy: %s: the two sides see different things\n",
                          asking->q->name);
            exit(1);
        }
    }
    double once = round_of(&sides[0], asking, asking->count, &a);
    double round_us = ROUND_US;
    size_t times = once < round_us ? (size_t)(round_us / (once + 1)) + 1 : 1;
    times = times < asking->count ? asking->count : times;
    for (size_t i = 0; i < rounds; i++) {
        took[i % 2][i] = round_of(&sides[i % 2], asking, times, &a);
        took[1 - i % 2][i] = round_of(&sides[1 - i % 2], asking, times, &a);
        ratios[i] = took[1][i] / took[0][i];
    }
    qsort(took[0], rounds, sizeof **took, by_size);
    qsort(took[1], rounds, sizeof **took, by_size);
    qsort(ratios, rounds, sizeof *ratios, by_size);
    printf("%s  {\"group\": \"%s\", \"about\": \"%s\", \"name\": \"%s\", \"before_us\": %.2f, "
           "\"after_us\": %.2f, \"times\": %.3f}",
           *comma ? ",\n" : "", group, abouts[asking->q->about], asking->q->name,
           took[0][rounds / 2], took[1][rounds / 2], ratios[rounds / 2]);
    *comma = true;
    (void)fflush(stdout);
    arena_done(&a);
}

/* --- single costs -------------------------------------------------------------------------- */

/* What a request needs before it asks. */
static double grant_us(struct people *people, const char *who)
{
    enum { TIMES = 2000 };
    struct arena a;
    arena_init(&a, (size_t)1 << 24);
    double began = cpu_us();
    for (size_t i = 0; i < TIMES; i++) {
        (void)people_grant(people, who, &a);
        arena_reset(&a);
    }
    double took = (cpu_us() - began) / (double)TIMES;
    arena_done(&a);
    return took;
}

/* The first request about a patient after a choice has changed: their sheet is made anew. */
static double first_us(const struct side *side, unsigned patient)
{
    enum { TIMES = 5 };
    const struct question q = {ONE_ENTRY, "after a change", "Observation", "", 0, false};
    double took[TIMES];
    struct arena a;
    arena_init(&a, (size_t)1 << 24);
    for (size_t i = 0; i < TIMES; i++) {
        char id[32];
        (void)snprintf(id, sizeof id, "o%u-3", patient);
        struct asking asking = {
            .q = &q, .type = fhir_type_of(T("Observation")), .ids = {text_of(id)}, .count = 1};
        people_choose(side->people, patient, 1, "again");
        double began = cpu_us();
        (void)ask(side, &asking, 0, &a);
        took[i] = cpu_us() - began;
    }
    qsort(took, TIMES, sizeof *took, by_size);
    arena_done(&a);
    return took[TIMES / 2];
}

int main(int argc, char **argv)
{
    bool quick = argc > 2 && strcmp(argv[2], "quick") == 0;
    size_t rounds = quick ? ROUNDS_QUICK : ROUNDS;
    static struct asking askings[QUESTIONS];
    struct people few, many;
    struct arena a;
    bool comma = false;
    if (argc < 2) {
        (void)fprintf(stderr, "usage: policy FOLDER [quick]\n");
        return 2;
    }
    arena_init(&a, (size_t)1 << 28);
    people_make(&few, argv[1], "few");
    people_make(&many, argv[1], "many");
    for (size_t i = 0; i < QUESTIONS; i++) {
        prepare(&askings[i], &questions[i], &a);
    }
    printf("{\"questions\": [\n");
    people_relate(&many, "all", PEOPLE);
    struct side open[2] = {{&many, policy_local_administrator()},
                           {&many, people_grant(&many, "all", &a)}};
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (askings[i].q->about != BURDENED) {
            measure("open", open, &askings[i], rounds, &comma);
        }
    }
    people_crowd(&many);
    struct side crowds[2] = {{&few, people_grant(&few, "some", &a)},
                             {&many, people_grant(&many, "some", &a)}};
    for (size_t i = 0; i < QUESTIONS; i++) {
        measure("many", crowds, &askings[i], rounds, &comma);
    }
    printf("],\n\"grant_us\": %.2f, \"first_after_a_change_us\": %.1f, "
           "\"first_after_a_change_burdened_us\": %.1f}\n",
           grant_us(&many, "some"), first_us(&crowds[0], 1), first_us(&crowds[1], PEOPLE_BURDENED));
    people_done(&few);
    people_done(&many);
    arena_done(&a);
    return 0;
}
