/*
 * Measures the store on public test data: store_speed FOLDER BUNDLE... (FHIR transaction bundles).
 * BULK=n in the environment adds n invented Observations; STEPS=1 shows how searches are run;
 * ONLY=text measures nothing but the searches that have the text.
 * Not a test.
 */
#include "base/clock.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/random.h"
#include "format/json.h"
#include "samples.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TX = 500, THREADS_MAX = 64, CREATES = 20000 };

struct names {
    struct {
        fhir_type type;
        char id[65];
    } *items;
    size_t count;
    size_t capacity;
};

static struct names names;
static struct store *store;
static const struct grant *all;

static void remember(fhir_type type, text id)
{
    if (names.count == names.capacity) {
        names.capacity = names.capacity ? names.capacity * 2 : 1024;
        names.items = realloc(names.items, names.capacity * sizeof *names.items);
        if (!names.items) {
            abort();
        }
    }
    names.items[names.count].type = type;
    (void)snprintf(names.items[names.count++].id, 65, "%.*s", TEXT_ARG(id));
}

static double seconds_since(int64_t start)
{
    return (double)(clock_mono_ns() - start) / 1e9;
}

static char *read_file(const char *path, size_t *ret_n)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st) != 0) {
        return NULL;
    }
    char *p = malloc((size_t)st.st_size + 1);
    *ret_n = p ? fread(p, 1, (size_t)st.st_size, f) : 0;
    (void)fclose(f);
    return p;
}

/* urn:uuid references become local ones, as the transaction would make them. */
static void relink(yyjson_val *v, const struct map *urls, struct arena *a)
{
    size_t i;
    size_t n;
    yyjson_val *key;
    yyjson_val *item;
    if (yyjson_is_str(v)) {
        text t = json_text(v);
        uint64_t *to = text_starts(t, T("urn:uuid:")) ? map_get(urls, t) : NULL;
        if (to) {
            text local = arena_printf(a, "%.*s/%.*s", TEXT_ARG(fhir_type_name((fhir_type)*to)),
                                      TEXT_ARG(text_from(t, 9)));
            json_set_string(v, local);
        }
    } else if (yyjson_is_arr(v)) {
        yyjson_arr_foreach(v, i, n, item)
        {
            relink(item, urls, a);
        }
    } else if (yyjson_is_obj(v)) {
        yyjson_obj_foreach(v, i, n, key, item)
        {
            relink(item, urls, a);
        }
    }
}

static size_t raw_bytes;
static size_t index_rows;

static size_t load_bundle(const char *path, struct arena *a, struct write *writes, size_t most)
{
    size_t n = 0;
    char *bytes = read_file(path, &n);
    yyjson_val *root = NULL;
    struct err e;
    size_t count = 0;
    if (!bytes || json_read(text_make(bytes, n), 64, a, &root, &e)) {
        free(bytes);
        return 0;
    }
    free(bytes);
    raw_bytes += n;
    struct map urls;
    map_init(&urls);
    size_t i;
    size_t length;
    yyjson_val *entry;
    yyjson_val *entries = json_get(root, T("entry"));
    yyjson_arr_foreach(entries, i, length, entry)
    {
        bool is_new;
        yyjson_val *resource = json_get(entry, T("resource"));
        uint64_t *place = map_put(&urls, json_text(json_get(entry, T("fullUrl"))), &is_new);
        *place = fhir_type_of(json_text(json_get(resource, T("resourceType"))));
    }
    yyjson_arr_foreach(entries, i, length, entry)
    {
        yyjson_val *resource = json_get(entry, T("resource"));
        relink(resource, &urls, a);
        if (count < most && sample_from_tree(resource, a, &writes[count], &e)) {
            index_rows += writes[count].index->count + 1;
            count++;
        }
    }
    map_done(&urls);
    return count;
}

static void load(int argc, char **argv)
{
    static struct write writes[100000];
    double busy = 0;
    double busy_max = 0;
    size_t resources = 0;
    size_t transactions = 0;
    for (int f = 2; f < argc; f++) {
        struct arena a;
        arena_init(&a, (size_t)2 << 30);
        size_t count = load_bundle(argv[f], &a, writes, 100000);
        for (size_t at = 0; at < count; at += TX) {
            size_t n = count - at < TX ? count - at : TX;
            struct write_request request = {.writes = writes + at, .write_count = n};
            int64_t start = clock_mono_ns();
            store_commit(store, all, &request, 1);
            double took = seconds_since(start);
            busy += took;
            busy_max = took > busy_max ? took : busy_max;
            transactions++;
            if (request.result) {
                (void)fprintf(stderr, "%s: %s\n", argv[f], err_text(&request.err));
                exit(1);
            }
        }
        for (size_t i = 0; i < count; i++) {
            remember(writes[i].type, writes[i].id);
        }
        resources += count;
        arena_done(&a);
    }
    if (transactions) {
        (void)printf("load: %zu resources, %.1f index rows each, %zu transactions of <= %d\n",
                     resources, (double)index_rows / (double)resources, transactions, TX);
        (void)printf("load: %.0f resources/s, %.1f transactions/s, longest %.1f ms\n",
                     (double)resources / busy, (double)transactions / busy, busy_max * 1000);
    }
}

static void *read_many(void *context)
{
    struct prng p;
    struct arena a;
    prng_seed(&p, (uint64_t)(uintptr_t)context);
    arena_init(&a, (size_t)1 << 26);
    for (size_t i = 0; i < 300000; i++) {
        struct store_view *v = NULL;
        struct version version;
        struct err e;
        size_t at = prng_below(&p, names.count);
        if (store_view_begin(store, all, STORE_ONE_READ, &v, &e) ||
            store_read(v, names.items[at].type, text_of(names.items[at].id), &a, &version, &e)) {
            (void)fprintf(stderr, "read: %s\n", err_text(&e));
            exit(1);
        }
        store_view_end(v);
        arena_reset(&a);
    }
    arena_done(&a);
    return NULL;
}

static void reads(size_t threads)
{
    pthread_t t[THREADS_MAX];
    int64_t start = clock_mono_ns();
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_create(&t[i], NULL, read_many, (void *)(uintptr_t)(i + 1));
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(t[i], NULL);
    }
    double took = seconds_since(start);
    (void)printf("reads, %zu threads: %.0f/s\n", threads, (double)(300000 * threads) / took);
}

static void *create_many(void *context)
{
    size_t count = (size_t)(uintptr_t)context;
    for (size_t i = 0; i < count; i++) {
        struct arena a;
        struct write write;
        struct err e;
        char id[UUID_SIZE];
        arena_init(&a, (size_t)1 << 26);
        random_uuid(id);
        text json = arena_printf(
            &a,
            "{\"resourceType\":\"Observation\",\"id\":\"%s\",\"status\":\"final\",\"code\":{"
            "\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"%u\"}]},\"subject\":{"
            "\"reference\":\"Patient/%s\"},\"effectiveDateTime\":\"2020-01-%02uT10:00:00Z\","
            "\"valueQuantity\":{\"value\":%u.5,\"unit\":\"mmHg\",\"system\":"
            "\"http://unitsofmeasure.org\",\"code\":\"mm[Hg]\"}}",
            id, (unsigned)i % 50, names.count ? names.items[0].id : "p", (unsigned)i % 28 + 1,
            (unsigned)i);
        if (!sample_make(json.p, json.n, &a, &write, &e)) {
            exit(1);
        }
        struct write_request request = {.writes = &write, .write_count = 1};
        store_commit(store, all, &request, 1);
        if (request.result) {
            (void)fprintf(stderr, "create: %s\n", err_text(&request.err));
            exit(1);
        }
        arena_done(&a);
    }
    return NULL;
}

static void creates(size_t threads, size_t count)
{
    pthread_t t[THREADS_MAX];
    int64_t commits = metric_get(METRIC_store_commits_total);
    int64_t start = clock_mono_ns();
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_create(&t[i], NULL, create_many, (void *)(uintptr_t)(count / threads));
    }
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(t[i], NULL);
    }
    double took = seconds_since(start);
    commits = metric_get(METRIC_store_commits_total) - commits;
    (void)printf("creates, %zu threads: %.0f/s, %.1f a commit\n", threads, (double)count / took,
                 (double)count / (double)commits);
}

/* --- searches ------------------------------------------------------------------------------ */

static void understand(const char *type, const char *query, struct arena *a, struct plan *ret_plan)
{
    static const struct index_rules rules;
    struct limits limits = limits_default();
    fhir_type types[1] = {fhir_type_of(text_of(type))};
    struct search_pair *pairs = NULL;
    struct search_question q = {
        .types = types, .type_count = 1, .rules = &rules, .limits = &limits};
    struct search *search = arena_zalloc(a, 1, sizeof *search);
    struct err e = {0};
    if (!search || search_decode(text_of(query), &limits, a, &pairs, &q.count, &e)) {
        exit(1);
    }
    q.pairs = pairs;
    if (search_parse(&q, a, search, &e)) {
        (void)fprintf(stderr, "%s?%s: %s\n", type, query, err_text(&e));
        exit(1);
    }
    *ret_plan = search->plan;
}

/* Fastest of several runs, as one that nothing disturbed. */
static void searches(const char *type, const char *query, size_t count, bool total)
{
    struct arena plans;
    struct plan plan;
    uint64_t matches = 0;
    struct versions found = {0};
    struct store_explain explain = {0};
    int64_t least = INT64_MAX;
    int64_t until = clock_mono_ns() + 300000000;
    unsigned runs = 0;
    arena_init(&plans, (size_t)1 << 26);
    understand(type, query, &plans, &plan);
    do {
        struct arena a;
        struct store_view *v = NULL;
        struct err e = {0};
        arena_init(&a, (size_t)1 << 28);
        int64_t start = clock_mono_ns();
        if (store_view_begin(store, all, STORE_ONE_READ, &v, &e) ||
            store_search(v, &plan, count, T(""), &a, &found, total ? &matches : NULL, NULL, &e)) {
            (void)printf("search %s?%s: %s\n", type, query, err_text(&e));
            store_view_end(v);
            arena_done(&a);
            break;
        }
        int64_t took = clock_mono_ns() - start;
        least = took < least ? took : least;
        (void)store_search(v, &plan, count, T(""), &a, &found, NULL, &explain, &e);
        store_view_end(v);
        arena_done(&a);
    } while (++runs < 3 || clock_mono_ns() < until);
    (void)printf("search %s?%s: %zu on the page, total %llu, visited %llu: %.1f us\n", type, query,
                 found.count, (unsigned long long)matches, (unsigned long long)explain.visited,
                 (double)least / 1e3);
    if (getenv("STEPS")) {
        struct arena a;
        struct store_view *v = NULL;
        struct err e = {0};
        arena_init(&a, (size_t)1 << 28);
        if (!store_view_begin(store, all, STORE_ONE_READ, &v, &e) &&
            !store_search(v, &plan, count, T(""), &a, &found, total ? &matches : NULL, &explain,
                          &e)) {
            for (size_t i = 0; i < explain.count; i++) {
                const struct store_explain_step *step = &explain.steps[i];
                (void)printf("  %*s%.*s: estimate %lld, visited %llu, kept %llu, %.1f us\n",
                             (int)step->depth * 2, "", TEXT_ARG(step->what),
                             (long long)step->estimate, (unsigned long long)step->visited,
                             (unsigned long long)step->kept, (double)step->ns / 1e3);
            }
        }
        store_view_end(v);
        arena_done(&a);
    }
    arena_done(&plans);
}

static void all_searches(void)
{
    static const struct {
        const char *type;
        const char *query; /* $ is a patient's id */
        size_t count;
        bool total;
    } cases[] = {
        {"Observation", "patient=$&code=http://loinc.org|8302-2", 20, true},
        {"Observation", "patient=$&code=8302-2", 20, true},
        {"Observation", "patient=$", 20, true},
        {"Observation", "patient=$&_sort=-date", 20, false},
        {"Observation", "patient=$&date=ge2015", 20, false},
        {"Observation", "patient=$&code=8302-2&date=ge2010&status=final", 20, true},
        {"Observation", "code=8302-2", 20, false},
        {"Observation", "code=http://loinc.org|8302-2", 0, true},
        {"Observation", "code=8302-2&date=ge2015", 0, true},
        {"Observation", "code=8302-2&status=final", 0, true},
        {"Observation", "code=8302-2&_sort=-date", 20, false},
        {"Observation", "status=final&category=vital-signs", 0, true},
        {"Observation", "status=final&category=vital-signs", 20, false},
        {"Observation", "date=ge2019-03-01&date=lt2019-04-01", 20, true},
        {"Observation", "date=ge2000", 20, false},
        {"Observation", "_sort=-date", 20, false},
        {"Observation", "code=8302-2&value-quantity=gt170||cm", 20, true},
        {"Observation", "patient.gender=female&code=8302-2", 20, true},
        {"Observation", "patient.gender=female", 20, false},
        {"Observation", "encounter.class=AMB&code=8302-2", 20, true},
        {"Patient", "_has:Observation:patient:code=8302-2", 20, true},
        {"Patient", "_has:Observation:patient:code=8302-2&gender=male", 20, true},
        {"Patient", "_sort=family", 20, false},
        {"Patient", "gender=male&_sort=-birthdate", 20, true},
        {"Condition", "code:text=diabetes", 20, true},
        {"Condition", "code=44054006,73211009&onset-date=ge2000", 20, true},
        {"Encounter", "_has:Observation:encounter:code=8302-2", 20, true},
    };
    const char *patient = "none";
    const char *only = getenv("ONLY");
    for (size_t i = 0; i < names.count; i++) {
        if (names.items[i].type == FHIR_PATIENT) {
            patient = names.items[i].id;
        }
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char query[512];
        const char *at = strchr(cases[i].query, '$');
        size_t n = at ? (size_t)(at - cases[i].query) : strlen(cases[i].query);
        (void)snprintf(query, sizeof query, "%.*s%s%s", (int)n, cases[i].query, at ? patient : "",
                       at ? at + 1 : "");
        if (!only || strstr(query, only)) {
            searches(cases[i].type, query, cases[i].count, cases[i].total);
        }
    }
}

/* An invented population of Observations: 250 for each patient, 50 codes. */
static void bulk(size_t count)
{
    enum { PIECE = 5000 };
    static struct write writes[PIECE + 32];
    for (size_t at = 0; at < count; at += PIECE) {
        struct arena a;
        struct err e;
        size_t n = 0;
        arena_init(&a, (size_t)1 << 30);
        for (size_t i = at; i < at + PIECE; i++) {
            size_t p = i / 250;
            text json = {0};
            if (i % 250 == 0) {
                json = arena_printf(&a,
                                    "{\"resourceType\":\"Patient\",\"id\":\"bulk%zu\",\"gender\":"
                                    "\"%s\",\"birthDate\":\"19%02zu-01-01\",\"name\":[{\"family\":"
                                    "\"F%zu\"}]}",
                                    p, p % 2 ? "male" : "female", 10 + p % 80, p * 7919 % 100003);
                if (!sample_make(json.p, json.n, &a, &writes[n++], &e)) {
                    exit(1);
                }
                remember(FHIR_PATIENT, writes[n - 1].id);
            }
            json = arena_printf(
                &a,
                "{\"resourceType\":\"Observation\",\"id\":\"bulk%zu\",\"status\":\"%s\","
                "\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                "observation-category\",\"code\":\"%s\"}]}],\"code\":{\"coding\":[{\"system\":"
                "\"http://loinc.org\",\"code\":\"%s%zu\"}]},\"subject\":{\"reference\":"
                "\"Patient/bulk%zu\"},\"effectiveDateTime\":\"20%02zu-%02zu-%02zuT10:00:00Z\","
                "\"valueQuantity\":{\"value\":%zu.5,\"unit\":\"cm\",\"system\":"
                "\"http://unitsofmeasure.org\",\"code\":\"cm\"}}",
                i, i % 17 ? "final" : "amended", i % 3 ? "vital-signs" : "laboratory",
                i % 50 == 2 ? "8302-" : "9000-", i % 50, p, i % 21, i % 12 + 1, i % 28 + 1,
                i % 200);
            if (!sample_make(json.p, json.n, &a, &writes[n++], &e)) {
                exit(1);
            }
        }
        struct write_request request = {.writes = writes, .write_count = n};
        store_commit(store, all, &request, 1);
        if (request.result) {
            (void)fprintf(stderr, "bulk: %s\n", err_text(&request.err));
            exit(1);
        }
        arena_done(&a);
    }
}

static void open_store(const char *dir)
{
    struct err e = {0};
    struct store_config config = {.dir = dir, .mode = STORE_SERVE};
    struct store_identity identity = {T("X00"), T("Speed")};
    int64_t start = clock_mono_ns();
    (void)store_create(dir, &identity, &e);
    if (store_open(&config, &store, &e)) {
        (void)fprintf(stderr, "%s\n", err_text(&e));
        exit(1);
    }
    (void)printf("open: %.1f ms\n", seconds_since(start) * 1000);
}

int main(int argc, char **argv)
{
    all = policy_local_administrator();
    if (argc < 2) {
        (void)fprintf(stderr, "store_speed FOLDER BUNDLE...\n");
        return 2;
    }
    open_store(argv[1]);
    const char *observations = getenv("BULK"); /* so many invented ones besides */
    load(argc, argv);
    bulk(observations ? strtoul(observations, NULL, 10) : 0);
    (void)sleep(4); /* the dictionary is trained and older bodies are packed anew */
    store_close(store);
    open_store(argv[1]);
    struct store_view *v = NULL;
    struct store_stats stats = {0};
    if (store_view_begin(store, all, STORE_ONE_READ, &v, NULL) || store_stats(v, &stats, NULL)) {
        return 1;
    }
    store_view_end(v);
    if (stats.resources) {
        (void)printf("size: %llu resources, %.0f bytes each (%.1f MB; raw bundles %.1f MB)\n",
                     (unsigned long long)stats.resources,
                     (double)stats.bytes / (double)stats.resources, (double)stats.bytes / 1e6,
                     (double)raw_bytes / 1e6);
    }
    all_searches();
    if (getenv("ONLY")) {
        store_close(store);
        return 0;
    }
    if (names.count) {
        reads(1);
        reads(2);
    }
    creates(1, 300);
    creates(64, CREATES);
    store_close(store);
    return 0;
}
