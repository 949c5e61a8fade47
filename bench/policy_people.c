#include "policy.h"
#include "samples.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 500, OBSERVATIONS = 20, CONDITIONS = 5, ENCOUNTERS = 5, TEAM = 100 };

/* Resources on their way into the store, some hundred in a transaction. */
struct filling {
    struct people *people;
    struct arena a;
    struct write writes[BATCH];
    size_t count;
};

static void fail(const char *what, const struct err *e)
{
    (void)fprintf(stderr, "policy: %s: %s\n", what, err_text(e));
    exit(1);
}

static void flush(struct filling *f)
{
    struct write_request request = {.writes = f->writes, .write_count = f->count};
    if (f->count) {
        store_commit(f->people->s, policy_local_administrator(), &request, 1);
    }
    if (request.result) {
        fail("a write", &request.err);
    }
    f->count = 0;
    arena_reset(&f->a);
}

__attribute__((format(printf, 2, 3))) static void put(struct filling *f, const char *format, ...)
{
    struct err e = {0};
    va_list args;
    va_start(args, format);
    char *json = NULL;
    int n = vasprintf(&json, format, args);
    va_end(args);
    if (n < 0 || !sample_make(json, (size_t)n, &f->a, &f->writes[f->count], &e)) {
        fail(json, &e);
    }
    free(json);
    if (++f->count == BATCH) {
        flush(f);
    }
}

static struct filling *begin(struct people *p)
{
    struct filling *f = calloc(1, sizeof *f);
    if (!f) {
        abort();
    }
    f->people = p;
    arena_init(&f->a, (size_t)1 << 30);
    return f;
}

static void end(struct filling *f)
{
    flush(f);
    arena_done(&f->a);
    free(f);
}

/* --- records ------------------------------------------------------------------------------- */

/* One entry in fifteen has a label, as the rules on codes give them. */
static const char *label_of(unsigned i)
{
    return i % 15 ? ""
                  : ",\"meta\":{\"security\":[{\"system\":"
                    "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"MH\"}]}";
}

static void put_record(struct filling *f, unsigned patient)
{
    static const char *const codes[] = {"8867-4",  "8480-6",  "8462-4", "8310-5",
                                        "29463-7", "85354-9", "2339-0", "718-7"};
    static const char *const problems[] = {"38341003", "73211009", "195967001", "44054006"};
    put(f,
        "{\"resourceType\":\"Patient\",\"id\":\"p%u\",\"name\":[{\"family\":\"Ash%u\"}],"
        "\"birthDate\":\"%u-01-02\",\"gender\":\"%s\"}",
        patient, patient % 40, 1940 + patient % 60, patient % 2 ? "male" : "female");
    for (unsigned i = 0; i < OBSERVATIONS; i++) {
        unsigned n = patient * 7 + i * 11;
        put(f,
            "{\"resourceType\":\"Observation\",\"id\":\"o%u-%u\"%s,\"status\":\"final\",\"code\":{"
            "\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"%s\"}]},\"subject\":{"
            "\"reference\":\"Patient/p%u\"},\"effectiveDateTime\":\"202%u-%02u-%02u\","
            "\"valueQuantity\":{\"value\":%u,\"unit\":\"1\"}}",
            patient, i, label_of(n), codes[i % 8], patient, n % 5, 1 + n % 12, 1 + n % 28,
            30 + n % 90);
    }
    for (unsigned i = 0; i < CONDITIONS; i++) {
        put(f,
            "{\"resourceType\":\"Condition\",\"id\":\"c%u-%u\"%s,\"subject\":{\"reference\":"
            "\"Patient/p%u\"},\"code\":{\"coding\":[{\"system\":\"http://snomed.info/sct\","
            "\"code\":\"%s\"}]},\"recordedDate\":\"202%u-03-04\"}",
            patient, i, label_of(patient + i), patient, problems[(patient + i) % 4], i);
    }
    for (unsigned i = 0; i < ENCOUNTERS; i++) {
        put(f,
            "{\"resourceType\":\"Encounter\",\"id\":\"e%u-%u\",\"status\":\"finished\",\"class\":{"
            "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"AMB\"},"
            "\"subject\":{\"reference\":\"Patient/p%u\"},\"period\":{\"start\":\"2020-0%u-01\","
            "\"end\":\"2020-0%u-02\"}}",
            patient, i, patient, 1 + i, 1 + i);
    }
}

static void open_store(struct people *p)
{
    struct store_config config = {.dir = p->dir, .mode = STORE_SERVE};
    struct err e = {0};
    if (store_open(&config, &p->s, &e)) {
        fail(p->dir, &e);
    }
}

/* What was written is at rest: while the log is long, no view keeps its transaction, and each
 * question pays for one. */
static void settle(struct people *p)
{
    store_settle(p->s);
    store_close(p->s);
    open_store(p);
}

/* --- relationships and choices ------------------------------------------------------------- */

void people_relate(struct people *p, const char *who, unsigned count)
{
    struct filling *f = begin(p);
    for (unsigned i = 0; i < count; i++) {
        put(f,
            "{\"resourceType\":\"EpisodeOfCare\",\"id\":\"%s-%u\",\"status\":\"active\","
            "\"patient\":{\"reference\":\"Patient/p%u\"},\"period\":{\"start\":\"2020-01-01\"},"
            "\"careManager\":{\"reference\":\"Practitioner/%s\"}}",
            who, i, i, who);
    }
    end(f);
    settle(p);
}

/* A team of TEAM others looks after a patient. */
static void put_team(struct filling *f, unsigned patient)
{
    struct buf members;
    buf_init(&members, 1 << 20);
    for (unsigned i = 0; i < TEAM; i++) {
        buf_printf(&members, "%s{\"member\":{\"reference\":\"Practitioner/other-%u\"}}",
                   i ? "," : "", (patient * 37 + i) % 5000);
    }
    text all = buf_text(&members);
    put(f,
        "{\"resourceType\":\"CareTeam\",\"id\":\"team-%u\",\"status\":\"active\",\"subject\":{"
        "\"reference\":\"Patient/p%u\"},\"period\":{\"start\":\"2020-01-01\"},\"participant\":["
        "%.*s]}",
        patient, patient, TEXT_ARG(all));
    buf_done(&members);
}

/* By turns: somebody else is refused, somebody else is permitted a category; what nobody here has
 * is refused to all; all is permitted for a time. */
static void put_choice(struct filling *f, unsigned patient, unsigned i, const char *name)
{
    char actor[256] = "";
    char limits[256] = "";
    char until[64] = "";
    if (i % 4 < 2) {
        (void)snprintf(actor, sizeof actor,
                       ",\"actor\":[{\"role\":{\"coding\":[{\"system\":"
                       "\"http://terminology.hl7.org/CodeSystem/v3-ParticipationType\",\"code\":"
                       "\"IRCP\"}]},\"reference\":{\"reference\":\"Practitioner/other-%u\"}}]",
                       i % 5000);
    }
    if (i % 4 == 1 || i % 4 == 2) {
        (void)snprintf(limits, sizeof limits,
                       ",\"securityLabel\":[{\"system\":"
                       "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"%s\"}]",
                       i % 4 == 1 ? "MH" : "HIV");
    }
    if (i % 8 > 3) {
        (void)snprintf(until, sizeof until, ",\"end\":\"20%02u-%02u-%02u\"", 30 + i % 60,
                       1 + i % 12, 1 + i % 28);
    }
    put(f,
        "{\"resourceType\":\"Consent\",\"id\":\"%s-%u-%u\",\"status\":\"active\",\"scope\":{"
        "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
        "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
        "\"https://kith.care/fhir/CodeSystem/consent-kind\",\"code\":\"sharing\"}]}],\"patient\":{"
        "\"reference\":\"Patient/p%u\"},\"provision\":{\"type\":\"%s\",\"period\":{\"start\":"
        "\"20%02u-%02u-%02u\"%s}%s%s}}",
        name, patient, i, patient, i % 4 == 0 || i % 4 == 2 ? "deny" : "permit", 10 + i % 14,
        1 + i % 12, 1 + i / 12 % 28, until, actor, limits);
}

void people_choose(struct people *p, unsigned patient, unsigned count, const char *name)
{
    struct filling *f = begin(p);
    static unsigned times;
    for (unsigned i = 0; i < count; i++) {
        put_choice(f, patient, count == 1 ? ++times : i, name);
    }
    end(f);
}

void people_crowd(struct people *p)
{
    struct filling *f = begin(p);
    for (unsigned i = 0; i < PEOPLE_RELATIONSHIPS / TEAM; i++) {
        put_team(f, i % PEOPLE);
    }
    for (unsigned i = 0; i < PEOPLE_CHOICES; i++) {
        put_choice(f, i % PEOPLE, i + i / PEOPLE, "spread");
    }
    end(f);
    people_choose(p, PEOPLE_BURDENED, PEOPLE_CHOICES, "burden");
    settle(p);
}

/* --- life ---------------------------------------------------------------------------------- */

void people_make(struct people *p, const char *folder, const char *name)
{
    struct err e = {0};
    struct store_identity identity = {T("Y90001"), T("Harbour Medical Centre")};
    (void)snprintf(p->dir, sizeof p->dir, "%s/%s", folder, name);
    if (store_create(p->dir, &identity, &e)) {
        fail(p->dir, &e);
    }
    open_store(p);
    struct filling *f = begin(p);
    for (unsigned i = 0; i < PEOPLE; i++) {
        put_record(f, i);
    }
    for (unsigned i = 0; i < 10; i++) {
        put_choice(f, i * 9, i, "few");
    }
    end(f);
    people_relate(p, "some", PEOPLE_SOME);
}

void people_done(struct people *p)
{
    store_close(p->s);
}

const struct grant *people_grant(const struct people *p, const char *who, struct arena *a)
{
    struct actor *actor = arena_zalloc(a, 1, sizeof *actor);
    text *parties = arena_zalloc(a, 4, sizeof *parties);
    const struct job_role *role = job_role_find(T("R8000"));
    if (!actor || !parties || !role) {
        abort();
    }
    parties[0] = arena_printf(a, "Practitioner/%s", who);
    parties[1] = arena_printf(a, "PractitionerRole/%s", who);
    parties[2] = T("Organization/Y90001");
    parties[3] = T("CareTeam/front-desk");
    *actor = (struct actor){.kind = ACTOR_PROFESSIONAL,
                            .account = text_of(who),
                            .role = T("R8000"),
                            .parties = parties,
                            .party_count = 4,
                            .activities = role->activities,
                            .purpose = PURPOSE_TREAT};
    return grant_make(&(struct grant_config){.actor = actor,
                                             .key = store_policy_key(p->s),
                                             .now_ms = INT64_C(1790000000000)},
                      a);
}
