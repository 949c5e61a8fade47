/*
 * What the day brings whoever works at a node of the demonstration: the appointments of the day on
 * which it starts, and the lists of codes that forms offer (docs/portal.md, "Codes while you
 * type").
 */
#include "base/clock.h"
#include "format/json.h"
#include "node/demo_int.h"
#include "synth/conditions.h"

enum {
    PEOPLE_MOST = 60,
    BUNDLE_MOST = 256 * 1024,
    SLOT_MINUTES = 15,
    FIRST_MINUTE = 8 * 60 + 30,
    STORY_SLOT = 6, /* of the patient whom the story is about: ten o'clock */
};

#define MINUTE_MS (INT64_C(60) * 1000)
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define SNOMED_SYSTEM "http://snomed.info/sct"
#define PICK "https://kith.care/fhir/ValueSet/pick-"

/* --- codes --------------------------------------------------------------------------------------
 */

struct pick {
    const char *code;
    const char *words;
};

#define PICK_ROW(name, code, display, ...) {code, display},
static const struct pick picked_problems[] = {
    CONDITION_TABLE(PICK_ROW){"54150009", "Upper respiratory infection"},
    {"68566005", "Urinary tract infection"},
    {"65363002", "Otitis media"},
    {"90176007", "Tonsillitis"},
    {"25064002", "Headache"},
    {"49727002", "Cough"},
    {"21522001", "Abdominal pain"},
    {"386661006", "Fever"}};
#undef PICK_ROW

/* Substances, so that an allergy and a medicine that are the same one have the same code. */
static const struct pick picked_medicines[] = {
    {"387135004", "Allopurinol"},
    {"372726002", "Amitriptyline"},
    {"386864001", "Amlodipine"},
    {"372687004", "Amoxicillin"},
    {"387458008", "Aspirin"},
    {"373444002", "Atorvastatin"},
    {"386868003", "Bisoprolol"},
    {"372523007", "Cetirizine"},
    {"386952008", "Clopidogrel"},
    {"387494007", "Codeine"},
    {"18414002", "Colecalciferol"},
    {"386855006", "Donepezil"},
    {"372478003", "Doxycycline"},
    {"387402000", "Ferrous sulfate"},
    {"386963006", "Finasteride"},
    {"387544009", "Flucloxacillin"},
    {"63718003", "Folic acid"},
    {"317972000", "Furosemide 40mg tablets"},
    {"395731004", "Gliclazide"},
    {"387207008", "Ibuprofen"},
    {"411529005", "Insulin glargine"},
    {"387562000", "Lamotrigine"},
    {"386926002", "Latanoprost"},
    {"387000003", "Levetiracetam"},
    {"710809001", "Levothyroxine"},
    {"373567002", "Losartan"},
    {"372567009", "Metformin"},
    {"387381009", "Methotrexate"},
    {"386847004", "Mirtazapine"},
    {"372588000", "Naproxen"},
    {"373543005", "Nitrofurantoin"},
    {"386849001", "Olanzapine"},
    {"387137007", "Omeprazole"},
    {"322236009", "Paracetamol 500mg tablets"},
    {"325427002", "Prednisolone 5mg tablets"},
    {"372772003", "Propranolol"},
    {"386872004", "Ramipril"},
    {"372897005", "Salbutamol"},
    {"372594008", "Sertraline"},
    {"423307000", "Sitagliptin"},
    {"387078006", "Spironolactone"},
    {"372509009", "Tamsulosin"},
    {"409169006", "Tiotropium"},
    {"372756006", "Warfarin"},
};

static const struct pick picked_allergies[] = {
    {"91936005", "Allergy to penicillin"},
    {"293586001", "Allergy to aspirin"},
    {"300916003", "Latex allergy"},
    {"91935009", "Allergy to peanuts"},
    {"91934008", "Allergy to nuts"},
    {"91930004", "Allergy to eggs"},
    {"300913006", "Allergy to shellfish"},
    {"232347008", "Allergy to animal dander"},
    {"716186003", "No known allergy"},
    {"372687004", "Amoxicillin"},
    {"387458008", "Aspirin"},
    {"387494007", "Codeine"},
    {"372478003", "Doxycycline"},
    {"387544009", "Flucloxacillin"},
    {"387207008", "Ibuprofen"},
    {"372588000", "Naproxen"},
    {"373543005", "Nitrofurantoin"},
    {"386872004", "Ramipril"},
};

static const struct pick picked_reactions[] = {
    {"271807003", "Rash"},       {"56018004", "Wheezing"},  {"126485001", "Urticaria"},
    {"39579001", "Anaphylaxis"}, {"422400008", "Vomiting"},
};

static const struct picks {
    const char *name;
    const char *title;
    const struct pick *rows;
    size_t count;
} all_picks[] = {
#define PICKS(name, title, rows) {name, title, rows, sizeof rows / sizeof *rows}
    PICKS("problem", "Problems", picked_problems),
    PICKS("allergy", "Allergies", picked_allergies),
    PICKS("reaction", "Reactions", picked_reactions),
    PICKS("medicine", "Medicines", picked_medicines),
#undef PICKS
};

static void put_picks(struct buf *out, const struct picks *p)
{
    buf_printf(out,
               "{\"request\":{\"method\":\"PUT\",\"url\":\"ValueSet/pick-%s\"},\"resource\":{"
               "\"resourceType\":\"ValueSet\",\"id\":\"pick-%s\",\"url\":\"" PICK "%s\","
               "\"title\":\"%s, as forms offer them\",\"status\":\"active\",\"compose\":{"
               "\"include\":[{\"system\":\"" SNOMED_SYSTEM "\",\"concept\":[",
               p->name, p->name, p->name, p->title);
    for (size_t i = 0; i < p->count; i++) {
        buf_printf(out, "%s{\"code\":\"%s\",\"display\":\"%s\"}", i ? "," : "", p->rows[i].code,
                   p->rows[i].words);
    }
    buf_add(out, T("]}]}}}"));
}

/* --- appointments -------------------------------------------------------------------------------
 */

static const char *const reasons[] = {"Blood pressure check",
                                      "Asthma review",
                                      "Sore throat",
                                      "Results of a test",
                                      "Medicines review",
                                      "Back pain",
                                      "Follow-up",
                                      "Cough for two weeks",
                                      "Low mood",
                                      "Diabetes review",
                                      "Rash"};
enum { SLOTS = sizeof reasons / sizeof *reasons };

/* What has passed is done; who is next has arrived. */
static const char *status_at(int64_t start_ms, int64_t now_ms)
{
    return start_ms + SLOT_MINUTES * MINUTE_MS < now_ms   ? "fulfilled"
           : start_ms < now_ms + SLOT_MINUTES * MINUTE_MS ? "arrived"
                                                          : "booked";
}

static void put_actor(struct buf *out, text reference, text name)
{
    buf_printf(out, "{\"actor\":{\"reference\":\"%.*s\",\"display\":", TEXT_ARG(reference));
    json_write_string(name, out);
    buf_add(out, T("},\"status\":\"accepted\"}"));
}

static void put_slot(struct buf *out, size_t slot, int64_t now_ms, const struct demo_person *who,
                     const struct demo_person *with)
{
    int64_t start_ms =
        now_ms - now_ms % DAY_MS + (FIRST_MINUTE + (int64_t)slot * SLOT_MINUTES) * MINUTE_MS;
    char start[CLOCK_INSTANT_SIZE];
    char end[CLOCK_INSTANT_SIZE];
    clock_instant(start_ms, start);
    clock_instant(start_ms + SLOT_MINUTES * MINUTE_MS, end);
    buf_printf(out,
               "{\"request\":{\"method\":\"PUT\",\"url\":\"Appointment/demo-today-%zu\"},"
               "\"resource\":{\"resourceType\":\"Appointment\",\"id\":\"demo-today-%zu\","
               "\"status\":\"%s\",\"description\":\"%s\",\"start\":\"%s\",\"end\":\"%s\","
               "\"participant\":[",
               slot, slot, status_at(start_ms, now_ms), reasons[slot], start, end);
    put_actor(out, who->reference, who->name);
    buf_add(out, T(","));
    put_actor(out, with->reference, with->name);
    buf_add(out, T("]}}"));
}

/* Who works at this node, of those who have an account here. */
static const struct demo_person *works_here(const struct demo_cast *c)
{
    return c->gp.reference.n                                      ? &c->gp
           : text_eq(c->practice.reference, c->trust.reference)   ? &c->hospital
           : text_eq(c->practice.reference, c->council.reference) ? &c->social
                                                                  : NULL;
}

/* The next of those found who is not the patient of the story; its id is empty when there is none.
 */
static int next_person(struct world *w, const struct demo_cast *c, const struct versions *found,
                       size_t *at, struct arena *a, struct demo_person *ret, struct err *e)
{
    while (*at < found->count) {
        yyjson_val *root = NULL;
        text id = found->items[(*at)++].id;
        text reference = arena_printf(a, "Patient/%.*s", TEXT_ARG(id));
        if (!reference.p) {
            return err_set(e, ERR_MEMORY, "no memory");
        }
        if (text_eq(id, c->patient_id)) {
            continue;
        }
        int rc = world_read(w, reference, a, &root, e);
        *ret = (struct demo_person){reference, rc ? T("") : world_name(root, a)};
        return rc;
    }
    *ret = (struct demo_person){0};
    return 0;
}

static int put_day(struct world *w, const struct demo_cast *c, const struct demo_person *with,
                   int64_t now_ms, struct arena *a, struct buf *out, struct err *e)
{
    const struct search_pair wanted[] = {{T("deceased"), T("false")},
                                         {T("general-practitioner"), with->reference}};
    struct versions found = {0};
    struct demo_person who = {0};
    size_t at = 0;
    bool own = with == &c->gp;
    int rc = world_find(w, FHIR_PATIENT, wanted, own ? 2 : 1, PEOPLE_MOST, a, &found, e);
    for (size_t slot = 0; !rc && slot < SLOTS; slot++) {
        if (own && slot == STORY_SLOT) {
            who = c->patient;
        } else {
            rc = next_person(w, c, &found, &at, a, &who, e);
        }
        if (!rc && who.reference.n) {
            buf_add(out, T(","));
            put_slot(out, slot, now_ms, &who, with);
        }
    }
    return rc;
}

/* Whether this day's appointments are written; also where the lists are, but not the day's. */
static int told(struct world *w, int64_t now_ms, struct arena *a, bool *ret, struct err *e)
{
    char day[CLOCK_INSTANT_SIZE];
    yyjson_val *root = NULL;
    clock_instant(now_ms, day);
    int rc = world_read(w, T("Appointment/demo-today-0"), a, &root, e);
    *ret = !rc && text_starts(json_text(json_get(root, T("start"))), text_make(day, 10));
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* What whoever meets the patient of the story has to know first. */
static void put_alert(struct buf *out, const struct demo_cast *c)
{
    buf_add(out, T(",{\"request\":{\"method\":\"PUT\",\"url\":\"Flag/demo-alert\"},\"resource\":{"
                   "\"resourceType\":\"Flag\",\"id\":\"demo-alert\",\"status\":\"active\","
                   "\"category\":[{\"text\":\"Communication\"}],\"code\":{\"text\":\"Hard of "
                   "hearing on the left: speak face to face\"},\"subject\":"));
    buf_printf(out, "{\"reference\":\"%.*s\"},\"period\":{\"start\":\"2025-02-11\"},\"author\":{",
               TEXT_ARG(c->patient.reference));
    buf_printf(out, "\"reference\":\"%.*s\",\"display\":", TEXT_ARG(c->gp.reference));
    json_write_string(c->gp.name, out);
    buf_add(out, T("}}}"));
}

int demo_today(struct world *w, const struct rest *rest, const struct demo_cast *cast,
               struct arena *a, struct err *e)
{
    const struct demo_person *with = works_here(cast);
    int64_t now_ms = clock_real_ms();
    bool is_told = false;
    struct buf out;
    if (!with || !with->reference.n) {
        return 0;
    }
    int rc = told(w, now_ms, a, &is_told, e);
    if (rc || is_told) {
        return rc;
    }
    buf_init(&out, BUNDLE_MOST);
    buf_add(&out, T("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
    for (size_t i = 0; i < sizeof all_picks / sizeof *all_picks; i++) {
        buf_add(&out, i ? T(",") : T(""));
        put_picks(&out, &all_picks[i]);
    }
    if (with == &cast->gp) {
        put_alert(&out, cast);
    }
    rc = put_day(w, cast, with, now_ms, a, &out, e);
    buf_add(&out, T("]}"));
    rc = !rc && buf_failed(&out) ? err_set(e, ERR_MEMORY, "no memory") : rc;
    rc = rc ? rc : demo_write(rest, buf_text(&out), a, e);
    buf_done(&out);
    return rc;
}
