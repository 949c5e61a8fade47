/*
 * The rates of what needs no node: validation, FHIRPath's invariants, XML, terminology. One thread;
 * the figures are of its own time on the processor, which other programs disturb less than the
 * clock on the wall: by sharing caches and cores. bench/run asks it.
 *
 *   rules MODE [--definitions FOLDER]... [--profiles START] [--concepts N] [--seconds N]
 *         [--parameter NAME=VALUE]... FILE|FOLDER...
 *
 * --profiles: against the profile whose address is START and the name of the type, where there is
 * one. --concepts: with code systems for SNOMED CT and LOINC of so many invented concepts, and
 * those that the resources have.
 *
 * Prints one JSON object. Modes:
 *   read      JSON text -> tree
 *   check     ... -> resource_check()
 *   write     ... -> what every write is held to
 *   base      ... -> validate_tree() without meta.profile
 *   validate  ... -> validate_tree() with everything
 *   rules     the invariants of R4 with severity error by FHIRPath alone, on parsed resources
 *   xml-read, xml-write
 *   codes     --parameter NAME=VALUE...: ValueSet/$validate-code
 *   expand    the same for $expand
 */
#include "rules.h"

#include "base/clock.h"
#include "fhir/resource.h"
#include "fhir/terminology.h"
#include "fhir/validate.h"
#include "fhir/xml.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECONDS = 3, ROUND = 64, PARAMETERS_MOST = 16 };
#define WORK_MOST ((size_t)1 << 30)

struct rules {
    const char *mode;
    struct samples samples;
    struct samples definitions;
    struct defs *defs;
    struct arena kept;
    struct arena arena;
    struct term_parameter parameters[PARAMETERS_MOST];
    size_t parameter_count;
    text profiles;     /* the beginning of their addresses; empty: those of meta.profile */
    uint64_t concepts; /* of the invented code systems; 0: none */
    struct systems systems;
    uint64_t profiled; /* resources that had one */
    double seconds;
    uint64_t errors; /* findings */
    uint64_t warnings;
    uint64_t failures; /* what the samples should not have */
    uint64_t asked;    /* evaluations */
};

/* --- one resource in each mode -------------------------------------------------------------- */

static void count(struct rules *b, const struct issues *found)
{
    b->errors += found->errors;
    b->warnings += found->count - (found->errors < found->count ? found->errors : found->count);
}

static int check(struct rules *b, const struct sample *s, const struct validate_ask *ask)
{
    yyjson_val *root;
    struct resource r;
    struct issues found;
    issues_init(&found, &b->arena);
    int rc = json_read(s->json, SAMPLES_DEPTH, &b->arena, &root, NULL);
    if (rc) {
        return rc;
    }
    rc = resource_check(root, true, &b->arena, &found, &r);
    rc = rc || !ask ? rc : validate_checked(b->defs, root, ask, &b->arena, &found, NULL);
    count(b, &found);
    return rc == ERR_INVALID ? 0 : rc;
}

static int do_read(struct rules *b, const struct sample *s)
{
    yyjson_val *root;
    return json_read(s->json, SAMPLES_DEPTH, &b->arena, &root, NULL);
}

static int do_check(struct rules *b, const struct sample *s)
{
    return check(b, s, NULL);
}

static int do_write(struct rules *b, const struct sample *s)
{
    const struct validate_ask ask = {
        .no_meta_profiles = true,
        .options = {.no_bindings = true, .no_unknown = true, .no_warnings = true}};
    return check(b, s, &ask);
}

static int do_base(struct rules *b, const struct sample *s)
{
    const struct validate_ask ask = {.no_meta_profiles = true};
    return check(b, s, &ask);
}

static int do_validate(struct rules *b, const struct sample *s)
{
    const struct validate_ask ask = {.profiles = &s->profile, .profile_count = s->profile.n > 0};
    b->profiled += s->has_profile;
    return check(b, s, &ask);
}

static int do_xml_read(struct rules *b, const struct sample *s)
{
    struct buf json;
    buf_init(&json, WORK_MOST);
    int rc = fhir_xml_read(s->xml, SAMPLES_DEPTH, &b->arena, &json, NULL);
    buf_done(&json);
    return rc;
}

static int do_xml_write(struct rules *b, const struct sample *s)
{
    struct buf xml;
    buf_init(&xml, WORK_MOST);
    int rc = fhir_xml_write(s->root, &b->arena, &xml, NULL);
    buf_done(&xml);
    return rc;
}

static int do_rules(struct rules *b, const struct sample *s)
{
    return samples_ask_rules(s, &b->arena, &b->asked);
}

static int ask_terms(struct rules *b, bool expansion)
{
    struct buf out;
    struct err e = {0};
    const struct term_ask ask = {
        .parameters = b->parameters, .count = b->parameter_count, .codes_most = 20000};
    buf_init(&out, WORK_MOST);
    int rc = expansion ? term_expand(b->defs, &ask, &b->arena, &out, &e)
                       : term_validate_code(b->defs, &ask, false, &b->arena, &out, &e);
    if (rc) {
        fprintf(stderr, "rules: %s\n", err_text(&e));
    }
    buf_done(&out);
    return rc;
}

static int do_codes(struct rules *b, const struct sample *s)
{
    (void)s;
    return ask_terms(b, false);
}

static int do_expand(struct rules *b, const struct sample *s)
{
    (void)s;
    return ask_terms(b, true);
}

static const struct mode {
    const char *name;
    int (*run)(struct rules *b, const struct sample *s);
    unsigned needs;
} modes[] = {
    {"read", do_read, 0},
    {"check", do_check, 0},
    {"write", do_write, 0},
    {"base", do_base, 0},
    {"validate", do_validate, 0},
    {"rules", do_rules, SAMPLES_TREES | SAMPLES_RULES},
    {"xml-read", do_xml_read, SAMPLES_XML},
    {"xml-write", do_xml_write, SAMPLES_TREES},
    {"codes", do_codes, SAMPLES_NONE},
    {"expand", do_expand, SAMPLES_NONE},
};

/* --- measuring ------------------------------------------------------------------------------ */

static void once(struct rules *b, const struct mode *m)
{
    for (size_t i = 0; i < b->samples.count; i++) {
        b->failures += m->run(b, &b->samples.items[i]) != 0;
        arena_reset(&b->arena);
    }
}

static void print(const struct rules *b, uint64_t rounds, double spent)
{
    double resources = (double)(rounds * b->samples.count);
    double bytes = (double)rounds * (double)b->samples.bytes;
    printf("{\"mode\":\"%s\",\"samples\":%zu,\"rounds\":%llu,\"per_second\":%.1f,\"us_each\":%.3f,"
           "\"mb_per_second\":%.2f,\"bytes_each\":%.0f,\"evaluations_per_second\":%.0f,"
           "\"profiled\":%llu,\"errors\":%llu,\"warnings\":%llu,\"failures\":%llu}\n",
           b->mode, b->samples.count, (unsigned long long)rounds, resources / spent,
           spent * 1e6 / resources, bytes / spent / 1e6, bytes / resources,
           (double)b->asked / spent, (unsigned long long)(b->profiled / rounds),
           (unsigned long long)(b->errors / rounds), (unsigned long long)(b->warnings / rounds),
           (unsigned long long)b->failures);
}

static void measure(struct rules *b, const struct mode *m)
{
    once(b, m); /* what is compiled when first asked for */
    b->errors = b->warnings = b->failures = b->asked = b->profiled = 0;
    uint64_t rounds = 0;
    int64_t begin = clock_thread_cpu_ns();
    int64_t spent = 0;
    while (spent < (int64_t)(b->seconds * 1e9) || !rounds) {
        once(b, m);
        rounds++;
        spent = clock_thread_cpu_ns() - begin;
    }
    print(b, rounds, (double)spent / 1e9);
}

/* --- the command ---------------------------------------------------------------------------- */

static bool take_parameter(struct rules *b, const char *word)
{
    text whole = text_of(word);
    size_t equals = text_find(whole, '=');
    if (b->parameter_count == PARAMETERS_MOST || equals == whole.n) {
        return false;
    }
    b->parameters[b->parameter_count++] = (struct term_parameter){
        .name = text_first(whole, equals), .value = text_from(whole, equals + 1)};
    return true;
}

static bool take_words(struct rules *b, int count, char **words)
{
    bool fine = true;
    for (int i = 2; fine && i < count; i++) {
        bool more = i + 1 < count;
        if (more && strcmp(words[i], "--definitions") == 0) {
            fine = samples_read(&b->definitions, words[++i], &b->kept);
        } else if (more && strcmp(words[i], "--seconds") == 0) {
            b->seconds = strtod(words[++i], NULL);
        } else if (more && strcmp(words[i], "--profiles") == 0) {
            b->profiles = text_of(words[++i]);
        } else if (more && strcmp(words[i], "--concepts") == 0) {
            fine = text_to_u64(text_of(words[++i]), &b->concepts);
        } else if (more && strcmp(words[i], "--parameter") == 0) {
            fine = take_parameter(b, words[++i]);
        } else {
            fine = samples_read(&b->samples, words[i], &b->kept);
        }
    }
    return fine;
}

/* Of a resource the profile that it is measured with, where its type has one. */
static void name_profile(struct rules *b, struct sample *s)
{
    yyjson_val *root;
    const struct profile *p;
    struct err e = {0};
    if (json_read(s->json, SAMPLES_DEPTH, &b->arena, &root, &e) == 0) {
        const yyjson_val *named = json_get(json_get(root, T("meta")), T("profile"));
        text type = json_text(json_get(root, T("resourceType")));
        text url = b->profiles.n
                       ? arena_printf(&b->kept, "%.*s%.*s", TEXT_ARG(b->profiles), TEXT_ARG(type))
                       : (text){0};
        bool found = url.n && defs_profile(b->defs, url, &p, &e) == 0;
        s->profile = found ? url : T("");
        s->has_profile = found || named;
    }
    arena_reset(&b->arena);
}

static bool open_definitions(struct rules *b, struct defs_shelf **shelf)
{
    struct err e = {0};
    bool taken;
    int rc = defs_shelf_make(&b->kept, shelf, &e);
    for (size_t i = 0; !rc && i < b->definitions.count; i++) {
        yyjson_val *root;
        rc = json_read(b->definitions.items[i].json, SAMPLES_DEPTH, &b->kept, &root, &e);
        rc = rc ? rc : defs_shelf_add(*shelf, root, &taken, &e);
    }
    struct defs_source sources[2] = {systems_source(&b->systems)};
    if (!rc) {
        sources[1] = defs_shelf_source(*shelf);
        rc = defs_make(sources, 2, SAMPLES_MEMORY, &b->defs, &e);
    }
    for (size_t i = 0; !rc && i < b->samples.count; i++) {
        name_profile(b, &b->samples.items[i]);
    }
    if (rc) {
        fprintf(stderr, "rules: %s\n", err_text(&e));
    }
    return rc == 0;
}

static const struct mode *mode_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(name, modes[i].name) == 0) {
            return &modes[i];
        }
    }
    return NULL;
}

int main(int count, char **words)
{
    struct rules b = {.mode = count > 1 ? words[1] : NULL, .seconds = SECONDS};
    struct defs_shelf *shelf = NULL;
    const struct mode *m = mode_of(b.mode);
    arena_init(&b.kept, SAMPLES_MEMORY);
    arena_init(&b.arena, WORK_MOST);
    bool fine = m && take_words(&b, count, words);
    if (fine && m->needs == SAMPLES_NONE) {
        samples_none(&b.samples, ROUND, &b.kept);
    }
    fine = fine && b.samples.count &&
           (!b.concepts || systems_make(&b.systems, b.concepts, &b.samples, &b.kept)) &&
           open_definitions(&b, &shelf) && samples_prepare(&b.samples, m->needs, &b.kept);
    if (fine) {
        measure(&b, m);
    } else {
        fprintf(stderr, "rules: MODE [--definitions FOLDER]... [--seconds N] FILE|FOLDER...; "
                        "the modes stand in bench/rules.c\n");
    }
    defs_free(b.defs);
    defs_shelf_done(shelf);
    systems_done(&b.systems);
    arena_done(&b.arena);
    arena_done(&b.kept);
    return fine ? 0 : 1;
}
