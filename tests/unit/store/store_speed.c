/*
 * Measures the store on public test data: store_speed FOLDER BUNDLE... (FHIR transaction bundles).
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

static void searches(const char *name, struct plan *plan, size_t count, bool total, size_t times)
{
    uint64_t matches = 0;
    struct versions found = {0};
    int64_t start = clock_mono_ns();
    for (size_t i = 0; i < times; i++) {
        struct arena a;
        struct store_view *v = NULL;
        struct err e = {0};
        arena_init(&a, (size_t)1 << 28);
        if (store_view_begin(store, all, STORE_ONE_READ, &v, &e) ||
            store_search(v, plan, count, T(""), &a, &found, total ? &matches : NULL, &e)) {
            (void)printf("search %s: %s\n", name, err_text(&e));
            exit(1);
        }
        store_view_end(v);
        arena_done(&a);
    }
    double took = seconds_since(start);
    (void)printf("search %s: %zu on the page, total %llu: %.1f us\n", name, found.count,
                 (unsigned long long)matches, took / (double)times * 1e6);
}

static void all_searches(void)
{
    fhir_type observation = fhir_type_of(T("Observation"));
    const struct search_param *code = search_param_of(observation, T("code"));
    const struct search_param *date = search_param_of(observation, T("date"));
    const struct search_param *subject = search_param_of(observation, T("subject"));
    if (!code || !date || !names.count) {
        return;
    }
    text patient = {0};
    for (size_t i = 0; i < names.count && !patient.n; i++) {
        if (names.items[i].type == FHIR_PATIENT) {
            patient = text_of(names.items[i].id);
        }
    }
    struct plan_atom home = {.kind = PLAN_HOME, .param = subject->number, .value = patient};
    struct plan_atom token = {.kind = PLAN_TOKEN,
                              .param = code->number,
                              .value = T("8302-2"),
                              .system = T("http://loinc.org"),
                              .system_mode = PLAN_SYSTEM_GIVEN};
    struct plan_term terms[2] = {{&home, 1}, {&token, 1}};
    struct plan_sort by_date = {.param = date->number, .descending = true};
    struct plan plan = {.type = observation, .terms = terms, .term_count = 2};
    searches("patient+code", &plan, 20, true, 5000);
    token.system_mode = PLAN_SYSTEM_ANY;
    searches("patient+code any system", &plan, 20, true, 5000);
    plan.term_count = 1;
    searches("patient", &plan, 20, true, 1000);
    plan.sorts = &by_date;
    plan.sort_count = 1;
    searches("patient sorted by date", &plan, 20, true, 20);
    plan.terms = &terms[1];
    searches("code sorted by date", &plan, 20, true, 20);
    plan.sort_count = 0;
    searches("code", &plan, 20, false, 200);
    searches("code, count only", &plan, 0, true, 200);
    plan.term_count = 0;
    searches("all", &plan, 20, true, 200);
    plan.sort_count = 1;
    searches("all sorted by date", &plan, 20, false, 200);
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
    load(argc, argv);
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
    if (names.count) {
        reads(1);
        reads(2);
    }
    creates(1, 300);
    creates(64, CREATES);
    store_close(store);
    return 0;
}
