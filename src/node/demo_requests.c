/*
 * What people have asked before somebody opens the demonstration, and what waits for the surgery
 * (docs/requests.md): a correction, a repeat medicine, an answered question, feedback, a result, a
 * letter and something to do. Dated from the day on which they are written.
 */
#include "audit/note.h"
#include "base/clock.h"
#include "format/json.h"
#include "node/demo_int.h"
#include "policy/facts.h"

enum { BUNDLE_MOST = 256 * 1024, INSTANT_DAY = 10 };

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define OWN "https://kith.care/fhir/CodeSystem/"

enum who { PATIENT, GP, SURGERY };

static const struct asked {
    const char *id, *kind, *title, *words;
    const char *focus; /* NULL: the record as a whole */
    enum who by, owner;
    int days_ago, due_days; /* due: from today; behind: overdue */
    const char *outcome;    /* NULL: it waits */
    const char *answer;
    const char *page;
    bool internal;
} all_asked[] = {
    {.id = "demo-correction",
     .kind = "correction",
     .title = "Something in the record is wrong",
     .words = "It says that I smoke. I stopped in the spring of last year.",
     .focus = "Observation/demo-smoking",
     .by = PATIENT,
     .owner = SURGERY,
     .days_ago = 3,
     .due_days = 25},
    {.id = "demo-repeat",
     .kind = "repeat",
     .title = "A repeat medicine",
     .words = "I have enough for four more days.",
     .focus = "MedicationRequest/demo-cream",
     .by = PATIENT,
     .owner = SURGERY,
     .days_ago = 1,
     .due_days = 6},
    {.id = "demo-question",
     .kind = "question",
     .title = "A question",
     .words = "Can I have the flu jab although I have a cold?",
     .by = PATIENT,
     .owner = GP,
     .days_ago = 40,
     .due_days = -12,
     .outcome = "answered",
     .answer = "Yes, a cold is no problem. If you have a high temperature, wait until you are well "
               "again."},
    {.id = "demo-feedback",
     .kind = "feedback",
     .title = "Feedback about a page",
     .words = "I did not find where to see my old letters.",
     .by = PATIENT,
     .owner = SURGERY,
     .days_ago = 12,
     .due_days = 16,
     .page = "#/home"},
    {.id = "demo-result",
     .kind = "result",
     .title = "A result to look at",
     .words = "Slightly raised. Talk about it at the appointment.",
     .focus = "Observation/demo-held",
     .by = GP,
     .owner = GP,
     .days_ago = 2,
     .due_days = 5},
    {.id = "demo-letter",
     .kind = "letter",
     .title = "A letter to look at",
     .focus = "DocumentReference/demo-letter",
     .by = GP,
     .owner = SURGERY,
     .days_ago = 9,
     .due_days = -2},
    {.id = "demo-task",
     .kind = "task",
     .title = "Something to do",
     .words = "Call to change the appointment: the room is being painted.",
     .by = GP,
     .owner = SURGERY,
     .days_ago = 1,
     .due_days = 4,
     .internal = true},
};

/* --- what they are about ------------------------------------------------------------------------
 */

struct telling {
    const struct demo_cast *cast;
    int64_t now_ms;
    struct buf out;
    size_t count;
};

static const struct demo_person *party(const struct telling *t, enum who who)
{
    return who == PATIENT ? &t->cast->patient : who == GP ? &t->cast->gp : &t->cast->practice;
}

static void put_day(struct telling *t, const char *name, int days, bool day_only)
{
    char at[CLOCK_INSTANT_SIZE];
    int64_t ms = t->now_ms + days * DAY_MS;
    clock_instant(ms - ms % DAY_MS + DAY_MS / 24 * 9, at);
    at[day_only ? INSTANT_DAY : CLOCK_INSTANT_SIZE - 1] = '\0';
    bool first = t->out.n && t->out.p[t->out.n - 1] == '{';
    buf_printf(&t->out, "%s\"%s\":\"%s\"", first ? "" : ",", name, at);
}

static void put_party(struct telling *t, const char *name, enum who who)
{
    const struct demo_person *p = party(t, who);
    buf_printf(&t->out, ",\"%s\":{\"reference\":", name);
    json_write_string(p->reference, &t->out);
    buf_add(&t->out, T(",\"display\":"));
    json_write_string(p->name, &t->out);
    buf_addc(&t->out, '}');
}

static void begin(struct telling *t, const char *type, const char *id)
{
    buf_printf(&t->out,
               "%s{\"request\":{\"method\":\"PUT\",\"url\":\"%s/%s\"},\"resource\":{"
               "\"resourceType\":\"%s\",\"id\":\"%s\"",
               t->count++ ? "," : "", type, id, type, id);
}

static void end(struct telling *t)
{
    buf_add(&t->out, T("}}"));
}

static void put_entries(struct telling *t)
{
    begin(t, "Observation", "demo-smoking");
    buf_add(&t->out, T(",\"status\":\"final\",\"category\":[{\"coding\":[{\"system\":"
                       "\"http://terminology.hl7.org/CodeSystem/observation-category\","
                       "\"code\":\"social-history\"}]}],\"code\":{\"coding\":[{\"system\":"
                       "\"http://loinc.org\",\"code\":\"72166-2\",\"display\":"
                       "\"Tobacco smoking status\"}],\"text\":\"Smoking\"},"
                       "\"valueCodeableConcept\":{\"coding\":[{\"system\":"
                       "\"http://snomed.info/sct\",\"code\":\"77176002\",\"display\":\"Smoker\"}],"
                       "\"text\":\"Smoker\"}"));
    put_day(t, "effectiveDateTime", -200, false);
    put_party(t, "subject", PATIENT);
    end(t);
    begin(t, "MedicationRequest", "demo-cream");
    buf_add(&t->out,
            T(",\"status\":\"active\",\"intent\":\"order\",\"medicationCodeableConcept\":{"
              "\"coding\":[{\"system\":\"http://snomed.info/sct\",\"code\":\"42056511000001102\","
              "\"display\":\"Hydrocortisone 1% cream\"}],\"text\":\"Hydrocortisone 1% cream\"},"
              "\"dosageInstruction\":[{\"text\":\"Use thinly on the dry skin, twice a day\"}]"));
    put_day(t, "authoredOn", -60, false);
    put_party(t, "subject", PATIENT);
    put_party(t, "requester", GP);
    end(t);
    begin(t, "DocumentReference", "demo-letter");
    buf_add(&t->out, T(",\"status\":\"current\",\"description\":\"Letter from the hospital\","
                       "\"content\":[{\"attachment\":{\"contentType\":\"text/plain\",\"title\":"
                       "\"Letter from the hospital\",\"data\":\""));
    base64_print(T("Dear colleague, thank you for asking about the sore knee. The X-ray shows "
                   "nothing to worry about. We suggest exercises, and would see them again in "
                   "three months if it does not get better."),
                 &t->out);
    buf_add(&t->out, T("\"}}]"));
    put_day(t, "date", -10, false);
    put_party(t, "subject", PATIENT);
    end(t);
}

/* --- what was asked, and answered ---------------------------------------------------------------
 */

static void put_outcome(struct telling *t, const struct asked *x)
{
    buf_printf(&t->out,
               ",\"businessStatus\":{\"coding\":[{\"system\":\"" OWN "request-outcome\","
               "\"code\":\"%s\"}]},\"output\":[{\"type\":{\"coding\":[{\"system\":\"" OWN
               "task-output\",\"code\":\"outcome\"}]},\"valueCodeableConcept\":{\"coding\":[{"
               "\"system\":\"" OWN "request-outcome\",\"code\":\"%s\"}]}},{\"type\":{\"coding\":[{"
               "\"system\":\"" OWN "task-output\",\"code\":\"words\"}]},\"valueString\":",
               x->outcome, x->outcome);
    json_write_string(text_of(x->answer), &t->out);
    buf_add(&t->out, T("}]"));
}

static void put_task(struct telling *t, const struct asked *x)
{
    begin(t, "Task", x->id);
    if (x->internal) {
        buf_add(&t->out, T(",\"meta\":{\"security\":[{\"system\":\"" LABEL_SYSTEM_ACT
                           "\",\"code\":\"NOPAT\"}]}"));
    }
    buf_printf(&t->out,
               ",\"status\":\"%s\",\"intent\":\"order\",\"code\":{\"coding\":[{\"system\":"
               "\"" KEPT_REQUESTS "\",\"code\":\"%s\"}],\"text\":\"%s\"}",
               x->outcome ? "completed" : "requested", x->kind, x->title);
    if (x->words) {
        buf_add(&t->out, T(",\"description\":"));
        json_write_string(text_of(x->words), &t->out);
    }
    if (x->focus) {
        buf_printf(&t->out, ",\"focus\":{\"reference\":\"%s\"}", x->focus);
    }
    if (x->page) {
        buf_printf(&t->out,
                   ",\"input\":[{\"type\":{\"coding\":[{\"system\":\"" OWN
                   "task-input\",\"code\":\"page\"}]},\"valueString\":\"%s\"}]",
                   x->page);
    }
    put_party(t, "for", PATIENT);
    put_day(t, "authoredOn", -x->days_ago, false);
    put_day(t, "lastModified", x->outcome ? 2 - x->days_ago : -x->days_ago, false);
    put_party(t, "requester", x->by);
    put_party(t, "owner", x->owner);
    buf_add(&t->out, T(",\"restriction\":{\"period\":{"));
    put_day(t, "end", x->due_days, true);
    buf_add(&t->out, T("}}"));
    if (x->outcome) {
        put_outcome(t, x);
    }
    end(t);
}

static void put_answer(struct telling *t, const struct asked *x)
{
    begin(t, "Communication", "demo-answer");
    buf_printf(&t->out,
               ",\"meta\":{\"security\":[{\"system\":\"" LABEL_SYSTEM_KITH
               "\",\"code\":\"not-proxy\"}]},\"status\":\"completed\",\"category\":[{\"coding\":[{"
               "\"system\":\"http://terminology.hl7.org/CodeSystem/communication-category\","
               "\"code\":\"notification\"}]},{\"coding\":[{\"system\":\"" KEPT_REQUESTS
               "\",\"code\":\"answer\"}]}],\"about\":[{\"reference\":\"Task/%s\"}],\"payload\":[{"
               "\"contentString\":",
               x->id);
    json_write_string(text_of(x->answer), &t->out);
    buf_add(&t->out, T("}]"));
    put_day(t, "sent", 2 - x->days_ago, false);
    put_party(t, "subject", PATIENT);
    put_party(t, "sender", x->owner);
    end(t);
}

int demo_requests(struct world *w, const struct rest *rest, const struct demo_cast *cast,
                  struct arena *a, struct err *e)
{
    struct telling t = {.cast = cast, .now_ms = clock_real_ms()};
    struct rest here = *rest;
    struct rest_item item = {0};
    yyjson_val *before = NULL;
    if (!cast->patient.reference.n || !cast->gp.reference.n || !cast->practice.reference.n) {
        return 0;
    }
    int rc = world_read(w, T("Task/demo-correction"), a, &before, e);
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    here.local = true;
    buf_init(&t.out, BUNDLE_MOST);
    buf_add(&t.out, T("{\"resourceType\":\"Bundle\",\"type\":\"transaction\",\"entry\":["));
    put_entries(&t);
    for (size_t i = 0; i < sizeof all_asked / sizeof *all_asked; i++) {
        put_task(&t, &all_asked[i]);
        if (all_asked[i].answer) {
            put_answer(&t, &all_asked[i]);
        }
    }
    buf_add(&t.out, T("]}"));
    item.json = buf_text(&t.out);
    rest_take(&here, policy_local_administrator(), &item, 1, a);
    rc = buf_failed(&t.out) ? err_set(e, ERR_MEMORY, "no memory")
         : item.result
             ? err_set(e, item.result, "the requests of the demonstration: %s", err_text(&item.err))
             : 0;
    buf_done(&t.out);
    return rc;
}
