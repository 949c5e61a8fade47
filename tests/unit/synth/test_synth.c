/* The invented population: repeatable, valid in its references, and lawful in its identifiers. */
#include "base/clock.h"
#include "base/hash.h"
#include "base/map.h"
#include "synth/synth.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <yyjson.h>

static const struct hash_key fixed_key = {1, 2};

/* Chains the hash of every bundle and file name; keeps those of the first people. */
struct digest {
    uint64_t all;
    uint64_t person[40];
    uint64_t bundles;
};

static int digest_write(void *ctx, const char *file, text bundle, struct err *e)
{
    struct digest *d = ctx;
    uint64_t parts[3] = {d->all, hash_text(fixed_key, text_of(file)), hash_text(fixed_key, bundle)};
    (void)e;
    d->all = hash_text(fixed_key, (text){(const char *)parts, sizeof parts});
    if (d->bundles > 0 && d->bundles <= 40) {
        d->person[d->bundles - 1] = parts[2];
    }
    d->bundles++;
    return 0;
}

static struct digest digest_of(uint64_t patients, uint64_t seed, int64_t today)
{
    struct synth_options o = {.patients = patients, .seed = seed, .today_days = today};
    struct digest d = {0};
    struct synth_sink sink = {digest_write, &d};
    struct synth_counts counts;
    struct err e;
    assert_int_equal(synth_population(&o, &sink, &counts, &e), 0);
    assert_int_equal(counts.people, patients);
    assert_int_equal(counts.bundles, patients + 1);
    return d;
}

static void same_seed_same_bytes(void **state)
{
    (void)state;
    struct digest a = digest_of(120, 7, 0);
    struct digest b = digest_of(120, 7, SYNTH_TODAY);
    assert_true(a.all == b.all);
    assert_true(a.all != digest_of(120, 8, 0).all);
    assert_true(a.all != digest_of(120, 7, SYNTH_TODAY + 400).all);
}

/* Another compiler or machine must not change a byte. When the content is changed on purpose, put
 * the number that this prints here. */
static void bytes_are_the_agreed_ones(void **state)
{
    (void)state;
    struct digest d = digest_of(60, 1, 0);
    print_message("digest 0x%016llx\n", (unsigned long long)d.all);
    assert_true(d.all == 0xf5dc47bce11d08c2U);
}

static void person_does_not_depend_on_size(void **state)
{
    (void)state;
    struct digest few = digest_of(40, 11, 0);
    struct digest many = digest_of(90, 11, 0);
    assert_memory_equal(few.person, many.person, sizeof few.person);
}

static void options_are_checked(void **state)
{
    (void)state;
    struct digest d = {0};
    struct synth_sink sink = {digest_write, &d};
    struct synth_counts counts;
    struct err e;
    struct synth_options many = {.patients = SYNTH_PATIENTS_MAX + 1};
    struct synth_options early = {.patients = 1, .today_days = 5};
    assert_int_equal(synth_population(&many, &sink, &counts, &e), ERR_VALUE);
    assert_int_equal(synth_population(&early, &sink, &counts, &e), ERR_VALUE);
    assert_int_equal(d.bundles, 0);
}

static int full_write(void *ctx, const char *file, text bundle, struct err *e)
{
    int *left = ctx;
    (void)file;
    (void)bundle;
    return --*left ? 0 : err_set(e, ERR_FULL, "no room");
}

static void sink_error_ends_it(void **state)
{
    (void)state;
    int left = 3;
    struct synth_sink sink = {full_write, &left};
    struct synth_options o = {.patients = 50, .seed = 1};
    struct synth_counts counts = {.people = 77};
    struct err e;
    assert_int_equal(synth_population(&o, &sink, &counts, &e), ERR_FULL);
    assert_int_equal(left, 0);
    assert_int_equal(counts.people, 77);
}

/* ---- every bundle parsed ---- */

struct check {
    struct map shared; /* "Type/id" of the locality */
    struct map own;    /* of the bundle */
    struct map nhs;
    char *keys[200000]; /* owned copies: NHS numbers and locality */
    size_t key_count;
    uint64_t references;
    uint64_t dead;
    bool first;
};

static const char *keep(struct check *c, const char *s)
{
    assert_true(c->key_count < sizeof c->keys / sizeof *c->keys);
    char *copy = strdup(s);
    assert_non_null(copy);
    c->keys[c->key_count++] = copy;
    return copy;
}

static const char *get(yyjson_val *object, const char *name)
{
    return yyjson_get_str(yyjson_obj_get(object, name));
}

static void check_nhs(struct check *c, const char *number)
{
    assert_int_equal(strlen(number), 10);
    assert_memory_equal(number, "999", 3);
    int sum = 0;
    for (int i = 0; i < 9; i++) {
        sum += (number[i] - '0') * (10 - i);
    }
    int digit = (11 - sum % 11) % 11;
    assert_int_not_equal(digit, 10);
    assert_int_equal(number[9] - '0', digit);
    bool fresh = false;
    assert_non_null(map_put(&c->nhs, text_of(keep(c, number)), &fresh));
    assert_true(fresh);
}

static void check_references(struct check *c, yyjson_val *v)
{
    size_t i;
    size_t n;
    yyjson_val *key;
    yyjson_val *item;
    if (yyjson_is_arr(v)) {
        yyjson_arr_foreach(v, i, n, item)
        {
            check_references(c, item);
        }
    }
    if (!yyjson_is_obj(v)) {
        return;
    }
    yyjson_obj_foreach(v, i, n, key, item)
    {
        if (yyjson_is_str(item) && strcmp(yyjson_get_str(key), "reference") == 0) {
            text to = text_of(yyjson_get_str(item));
            c->references++;
            if (!map_get(&c->own, to) && !map_get(&c->shared, to)) {
                fail_msg("%.*s is nowhere", TEXT_ARG(to));
            }
        } else {
            check_references(c, item);
        }
    }
}

/* Dates compare as text. What is planned may lie ahead; what happened or was written may not. */
static void check_within_life(yyjson_val *resource, const char *birth, const char *death)
{
    static const char *const names[] = {"onsetDateTime",
                                        "abatementDateTime",
                                        "recordedDate",
                                        "effectiveDateTime",
                                        "issued",
                                        "authoredOn",
                                        "date",
                                        "performedDateTime",
                                        "occurrenceDateTime",
                                        "recorded",
                                        "authored",
                                        "created"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *at = get(resource, names[i]);
        if (at && (strncmp(at, birth, 10) < 0 || strncmp(at, death, 10) > 0)) {
            fail_msg("%s.%s %s is not in the life %s to %s", get(resource, "resourceType"),
                     names[i], at, birth, death);
        }
    }
    if (strcmp(get(resource, "resourceType"), "Encounter") == 0) {
        yyjson_val *period = yyjson_obj_get(resource, "period");
        assert_true(strncmp(get(period, "start"), birth, 10) >= 0);
        assert_true(strncmp(get(period, "start"), get(period, "end"), 16) < 0);
        assert_true(strncmp(get(period, "end"), death, 10) <= 0);
    }
}

static void check_patient(struct check *c, yyjson_val *patient)
{
    yyjson_val *identifier = yyjson_arr_get_first(yyjson_obj_get(patient, "identifier"));
    assert_string_equal(get(identifier, "system"), "https://fhir.nhs.uk/Id/nhs-number");
    check_nhs(c, get(identifier, "value"));
    const char *death = get(patient, "deceasedDateTime");
    c->dead += death ? 1 : 0;
    if (death) {
        assert_true(strcmp(get(patient, "birthDate"), death) < 0);
    }
    yyjson_val *address = yyjson_arr_get_first(yyjson_obj_get(patient, "address"));
    assert_memory_equal(get(address, "postalCode"), "WX", 2);
}

static void index_entries(struct check *c, yyjson_val *entries)
{
    size_t i;
    size_t n;
    yyjson_val *entry;
    yyjson_arr_foreach(entries, i, n, entry)
    {
        yyjson_val *resource = yyjson_obj_get(entry, "resource");
        yyjson_val *request = yyjson_obj_get(entry, "request");
        char url[128];
        bool fresh = false;
        assert_non_null(get(resource, "resourceType"));
        assert_int_equal(strlen(get(resource, "id")), 36);
        assert_int_equal(get(resource, "id")[14], '8'); /* the version of the UUID */
        (void)snprintf(url, sizeof url, "%s/%s", get(resource, "resourceType"),
                       get(resource, "id"));
        assert_string_equal(get(request, "method"), "PUT");
        assert_string_equal(get(request, "url"), url);
        text key = c->first ? text_of(keep(c, url)) : text_of(get(request, "url"));
        assert_non_null(map_put(c->first ? &c->shared : &c->own, key, &fresh));
        assert_true(fresh);
    }
}

static int check_write(void *ctx, const char *file, text bundle, struct err *e)
{
    struct check *c = ctx;
    (void)e;
    yyjson_doc *doc = yyjson_read(bundle.p, bundle.n, 0);
    assert_non_null(doc);
    assert_null(memchr(bundle.p, '\n', bundle.n));
    yyjson_val *root = yyjson_doc_get_root(doc);
    assert_string_equal(get(root, "resourceType"), "Bundle");
    assert_string_equal(get(root, "type"), "transaction");
    assert_true(c->first == (strcmp(file, "000-locality.json") == 0));
    yyjson_val *entries = yyjson_obj_get(root, "entry");
    map_init(&c->own);
    index_entries(c, entries);
    check_references(c, root);
    if (!c->first) {
        yyjson_val *patient = yyjson_obj_get(yyjson_arr_get_first(entries), "resource");
        const char *death = get(patient, "deceasedDateTime");
        assert_string_equal(get(patient, "resourceType"), "Patient");
        check_patient(c, patient);
        size_t i;
        size_t n;
        yyjson_val *entry;
        yyjson_arr_foreach(entries, i, n, entry)
        {
            check_within_life(yyjson_obj_get(entry, "resource"), get(patient, "birthDate"),
                              death ? death : "2026-01-01");
        }
    }
    map_done(&c->own);
    c->first = false;
    yyjson_doc_free(doc);
    return 0;
}

static void bundles_are_sound(void **state)
{
    (void)state;
    struct check *c = calloc(1, sizeof *c);
    assert_non_null(c);
    c->first = true;
    map_init(&c->shared);
    map_init(&c->nhs);
    struct synth_options o = {.patients = 2000, .seed = 20260101};
    struct synth_sink sink = {check_write, c};
    struct synth_counts counts;
    struct err e;
    assert_int_equal(synth_population(&o, &sink, &counts, &e), 0);
    assert_int_equal(c->nhs.count, 2000);
    assert_true(c->references > 4 * counts.resources / 2);
    assert_in_range(c->dead, 20, 300);
    assert_int_equal(counts.of_type[SYNTH_Patient], 2000);
    for (int i = 0; i < SYNTH_TYPE_COUNT; i++) {
        if (counts.of_type[i] == 0) {
            fail_msg("no %s", synth_type_name((enum synth_type)i));
        }
    }
    uint64_t each = counts.resources / counts.people;
    assert_in_range(each, 60, 130);
    assert_true(counts.largest > 500 && counts.largest < 3000);
    assert_true(counts.of_type[SYNTH_Observation] > 5 * counts.of_type[SYNTH_DiagnosticReport]);
    assert_true(counts.of_type[SYNTH_Encounter] > 5 * counts.of_type[SYNTH_Patient]);
    map_done(&c->shared);
    map_done(&c->nhs);
    for (size_t i = 0; i < c->key_count; i++) {
        free(c->keys[i]);
    }
    free(c);
}

/* ---- many people: NHS numbers only, found by their system, without a parser ---- */

struct numbers {
    uint8_t *seen; /* by the six digits behind 999 */
    uint64_t people;
};

static int numbers_write(void *ctx, const char *file, text bundle, struct err *e)
{
    static const char key[] = "Id/nhs-number\",\"value\":\"";
    struct numbers *n = ctx;
    (void)e;
    if (strcmp(file, "000-locality.json") == 0) {
        return 0;
    }
    const char *at = memmem(bundle.p, bundle.n, key, sizeof key - 1);
    assert_non_null(at);
    at += sizeof key - 1;
    int sum = 0;
    uint64_t number = 0;
    for (int i = 0; i < 9; i++) {
        sum += (at[i] - '0') * (10 - i);
        number = number * 10 + (uint64_t)(at[i] - '0');
    }
    assert_int_equal((11 - sum % 11) % 11, at[9] - '0');
    assert_int_equal(number / 1000000, 999);
    assert_int_equal(n->seen[number % 1000000]++, 0);
    n->people++;
    return 0;
}

static void nhs_numbers_are_unique_and_it_is_fast(void **state)
{
    (void)state;
    struct numbers n = {.seen = calloc(1000000, 1)};
    assert_non_null(n.seen);
    const char *people = getenv("KITH_SYNTH_PEOPLE");
    struct synth_options o = {.patients = people ? strtoull(people, NULL, 10) : 20000, .seed = 3};
    struct synth_sink sink = {numbers_write, &n};
    struct synth_counts counts;
    struct err e;
    int64_t before = clock_mono_ns();
    assert_int_equal(synth_population(&o, &sink, &counts, &e), 0);
    double seconds = (double)(clock_mono_ns() - before) / 1e9;
    assert_int_equal(n.people, o.patients);
    print_message(
        "seed %llu: %llu people, %llu resources (%.1f each, most %llu), %.0f bytes a "
        "resource, %.2f s, %.0f resources/s\n",
        (unsigned long long)o.seed, (unsigned long long)counts.people,
        (unsigned long long)counts.resources, (double)counts.resources / (double)counts.people,
        (unsigned long long)counts.largest, (double)counts.bytes / (double)counts.resources,
        seconds, (double)counts.resources / seconds);
    free(n.seen);
}

static void files_are_written(void **state)
{
    (void)state;
    char folder[] = "/tmp/kith-synth-XXXXXX";
    char path[128];
    struct synth_dir d;
    struct err e;
    struct stat s;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(synth_dir_open(&d, folder, &e), 0);
    struct synth_options o = {.patients = SYNTH_PEOPLE_PER_FILE + 3, .seed = 5};
    struct synth_sink sink = {synth_dir_write, &d};
    struct synth_counts counts;
    assert_int_equal(synth_population(&o, &sink, &counts, &e), 0);
    assert_int_equal(synth_dir_close(&d, &e), 0);
    uint64_t bytes = 0;
    static const char *const files[] = {"000-locality.json", "people-0001.ndjson",
                                        "people-0002.ndjson"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        assert_int_equal(stat(path, &s), 0);
        bytes += (uint64_t)s.st_size;
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(bytes, counts.bytes + counts.bundles); /* a line end each */
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(synth_dir_open(&d, "/proc/no/such", &e), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(bytes_are_the_agreed_ones),
        cmocka_unit_test(person_does_not_depend_on_size),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(sink_error_ends_it),
        cmocka_unit_test(bundles_are_sound),
        cmocka_unit_test(nhs_numbers_are_unique_and_it_is_fast),
        cmocka_unit_test(files_are_written),
    };
    return cmocka_run_group_tests_name("synth", tests, NULL, NULL);
}
