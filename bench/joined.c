/*
 * What a joined record costs the asker, per entry, without network, log and store: answers that
 * have come are read, checked, merged and printed.
 *
 *   bench_joined [--entries N] [--places N] [--rounds N]
 *
 * One thread; the figures are of its own time on the processor. Prints one JSON object:
 * microseconds per entry of each step, milliseconds of a record, and records a second of one
 * processor.
 */
#include "locality/joined.h"
#include "base/clock.h"
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLACES_MOST = 40, ROUNDS = 50, ARENA = 1 << 30 };

enum step { STEP_JSON, STEP_CHECK, STEP_MERGE, STEP_PRINT, STEPS };
static const char *const step_names[STEPS] = {"json", "check", "merge", "print"};

struct bench {
    size_t entries, places, rounds;
    struct buf answers[PLACES_MOST];
    double ns[STEPS];
    size_t bytes, given;
};

static const struct subject anna = {.nhs_number = {"9000000009", 10},
                                    .family = {"Weir", 4},
                                    .given = {"Anna", 4},
                                    .birth_date = {"1950-03-04", 10}};

static int fail(const char *what, const struct err *e)
{
    (void)fprintf(stderr, "bench_joined: %s: %s\n", what, err_text(e));
    return 1;
}

/* --- answers as they come -----------------------------------------------------------------------
 */

static void add_result(struct buf *out, struct prng *r, size_t id, const char *at)
{
    buf_printf(out,
               "{\"resourceType\":\"Observation\",\"id\":\"r%zu\",\"meta\":{\"versionId\":\"1\","
               "\"lastUpdated\":\"%sT10:00:00.000Z\"},\"identifier\":[{\"system\":"
               "\"https://lab.example/result\",\"value\":\"L%zu\"}],\"status\":\"final\","
               "\"category\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
               "observation-category\",\"code\":\"laboratory\"}]}],\"code\":{\"coding\":[{"
               "\"system\":\"http://snomed.info/sct\",\"code\":\"10228040000%u\",\"display\":"
               "\"Haemoglobin concentration\"}]},\"subject\":{\"reference\":\"Patient/p\"},"
               "\"effectiveDateTime\":\"%sT09:30:00Z\",\"performer\":[{\"reference\":"
               "\"Practitioner/5\",\"display\":\"Dr A\"}],\"valueQuantity\":{\"value\":%u.%u,"
               "\"unit\":\"g/L\",\"system\":\"http://unitsofmeasure.org\",\"code\":\"g/L\"},"
               "\"referenceRange\":[{\"low\":{\"value\":115},\"high\":{\"value\":165}}]}",
               id, at, id, (unsigned)prng_below(r, 40), at, (unsigned)prng_below(r, 90) + 80,
               (unsigned)prng_below(r, 10));
}

static void add_medicine(struct buf *out, struct prng *r, size_t id, const char *at)
{
    buf_printf(out,
               "{\"resourceType\":\"MedicationRequest\",\"id\":\"m%zu\",\"meta\":{\"versionId\":"
               "\"2\",\"lastUpdated\":\"%sT10:00:00.000Z\"},\"status\":\"active\",\"intent\":"
               "\"order\",\"medicationCodeableConcept\":{\"coding\":[{\"system\":"
               "\"https://dmd.nhs.uk\",\"code\":\"3188%u\",\"display\":\"Amlodipine 5mg "
               "tablets\"}]},\"subject\":{\"reference\":\"Patient/p\"},\"authoredOn\":\"%s\","
               "\"dosageInstruction\":[{\"text\":\"One a day\",\"timing\":{\"repeat\":{"
               "\"frequency\":1,\"period\":1,\"periodUnit\":\"d\"}}}]}",
               id, at, (unsigned)prng_below(r, 30), at);
}

static void add_visit(struct buf *out, size_t id, const char *at)
{
    buf_printf(out,
               "{\"resourceType\":\"Encounter\",\"id\":\"v%zu\",\"meta\":{\"versionId\":\"1\","
               "\"lastUpdated\":\"%sT10:00:00.000Z\"},\"status\":\"finished\",\"class\":{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"AMB\"},"
               "\"subject\":{\"reference\":\"Patient/p\"},\"period\":{\"start\":\"%sT09:00:00Z\","
               "\"end\":\"%sT09:10:00Z\"},\"serviceProvider\":{\"reference\":\"Organization/1\","
               "\"display\":\"Riverside\"}}",
               id, at, at, at);
}

static void make_answers(struct bench *b)
{
    struct prng r;
    prng_seed(&r, 6);
    for (size_t p = 0; p < b->places; p++) {
        struct buf *out = &b->answers[p];
        buf_init(out, 1 << 28);
        buf_add(out, T("{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":["));
        size_t count = b->entries / b->places + (p < b->entries % b->places);
        for (size_t i = 0; i < count; i++) {
            char at[24];
            size_t id = p * 100000 + i;
            uint64_t kind = prng_below(&r, 10);
            (void)snprintf(at, sizeof at, "20%02u-%02u-%02u", (unsigned)prng_below(&r, 10) + 16,
                           (unsigned)prng_below(&r, 12) + 1, (unsigned)prng_below(&r, 28) + 1);
            buf_add(out, i ? T(",{\"resource\":") : T("{\"resource\":"));
            if (kind < 5) {
                add_result(out, &r, id, at);
            } else if (kind < 7) {
                add_medicine(out, &r, id, at);
            } else {
                add_visit(out, id, at);
            }
            buf_add(out, T(",\"search\":{\"mode\":\"match\"}}"));
        }
        buf_add(out, T("]}"));
        b->bytes += out->n;
    }
}

/* --- a record -----------------------------------------------------------------------------------
 */

static int64_t lap(struct bench *b, enum step step, int64_t *at)
{
    int64_t now = clock_thread_cpu_ns();
    b->ns[step] += (double)(now - *at);
    *at = now;
    return now;
}

static int read_part(struct bench *b, size_t i, struct joined_part *part, struct arena *a,
                     int64_t *at, struct err *e)
{
    static const char *const bases[] = {"https://a.example/fhir", "https://b.example/fhir"};
    struct joined_reading reading;
    yyjson_val *tree;
    *part = (struct joined_part){
        .ods = arena_printf(a, "A%zu", i), .name = T("A place"), .until_ms = INT64_MAX};
    part->base = i ? arena_printf(a, "https://n%zu.example/fhir", i) : text_of(bases[0]);
    part->bundles = arena_zalloc(a, 1, sizeof *part->bundles);
    int rc = part->bundles ? json_read(buf_text(&b->answers[i]), 64, a, &tree, e) : ERR_MEMORY;
    (void)lap(b, STEP_JSON, at);
    rc = rc ? rc : joined_read(tree, &anna, T("p"), part->base, a, &reading, e);
    (void)lap(b, STEP_CHECK, at);
    if (!rc) {
        part->bundles[part->bundle_count++] = reading.bundle;
    }
    return rc;
}

static int one(struct bench *b, struct arena *a, const struct note_signer *signer, struct err *e)
{
    struct joined_part parts[PLACES_MOST];
    struct joined_entry *entries = NULL;
    struct buf out;
    size_t count = 0;
    int64_t at = clock_thread_cpu_ns();
    int rc = 0;
    for (size_t i = 0; !rc && i < b->places; i++) {
        rc = read_part(b, i, &parts[i], a, &at, e);
    }
    rc = rc ? rc : joined_merge(parts, b->places, NULL, 0, a, &entries, &count, e);
    (void)lap(b, STEP_MERGE, &at);
    struct joined_print print = {.parts = parts,
                                 .part_count = b->places,
                                 .entries = entries,
                                 .entry_count = count,
                                 .most = count,
                                 .self_link = T("https://a.example/fhir/Patient/p/$joined"),
                                 .self = T("A0"),
                                 .patient = T("p"),
                                 .signer = signer,
                                 .now_ms = clock_real_ms()};
    buf_init(&out, 1 << 28);
    rc = rc ? rc : joined_print(&print, a, &out, e);
    buf_done(&out);
    (void)lap(b, STEP_PRINT, &at);
    b->given = count;
    return rc;
}

static void report(const struct bench *b)
{
    double all = 0;
    double entries = (double)b->entries * (double)b->rounds;
    printf("{\"entries\":%zu,\"places\":%zu,\"given\":%zu,\"bytes\":%zu", b->entries, b->places,
           b->given, b->bytes);
    for (int i = 0; i < STEPS; i++) {
        printf(",\"%s_us\":%.2f", step_names[i], b->ns[i] / 1e3 / entries);
        all += b->ns[i];
    }
    printf(",\"entry_us\":%.2f,\"record_ms\":%.2f,\"records_s\":%.0f}\n", all / 1e3 / entries,
           all / 1e6 / (double)b->rounds, (double)b->rounds / (all / 1e9));
}

static int read_options(int argc, char **argv, struct bench *b)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        size_t value = strtoul(argv[i + 1], NULL, 10);
        size_t *to = strcmp(argv[i], "--entries") == 0  ? &b->entries
                     : strcmp(argv[i], "--places") == 0 ? &b->places
                     : strcmp(argv[i], "--rounds") == 0 ? &b->rounds
                                                        : NULL;
        if (!to || !value) {
            return 2;
        }
        *to = value;
    }
    return argc % 2 == 0 || b->places > PLACES_MOST ? 2 : 0;
}

int main(int argc, char **argv)
{
    struct bench b = {.entries = 1000, .places = 5, .rounds = ROUNDS};
    struct note_signer *signer = NULL;
    struct buf key;
    struct arena a;
    struct err e = {0};
    if (read_options(argc, argv, &b)) {
        (void)fputs("usage: bench_joined [--entries N] [--places 1..40] [--rounds N]\n", stderr);
        return 2;
    }
    make_answers(&b);
    buf_init(&key, 4096);
    int rc = note_signer_make(T("kith.care/member/A0"), &key, &e);
    rc = rc ? rc : note_signer_read(buf_text(&key), &signer, &e);
    buf_done(&key);
    arena_init(&a, ARENA);
    for (size_t i = 0; !rc && i < b.rounds; i++) {
        rc = one(&b, &a, signer, &e);
        arena_reset(&a);
    }
    arena_done(&a);
    for (size_t i = 0; i < b.places; i++) {
        buf_done(&b.answers[i]);
    }
    note_signer_free(signer);
    if (rc) {
        return fail("a record could not be made", &e);
    }
    report(&b);
    return 0;
}
