#include "leaks.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * The access log as AuditEvents. A's log has what others did to all that there is; B's has what the
 * actor is told of it, by docs/audit.md: a privacy officer all; a person of their own record each
 * entry, without what it is about where they may not see that; of one for whom they act only the
 * entries about what they see; nobody else anything.
 */

enum { EVENTS_MOST = 400 };
static const int64_t first_ms = INT64_C(1577836800000); /* 2020 */
static const int64_t far_ms = INT64_C(4102444800000);   /* 2100 */
static const int64_t hour_ms = INT64_C(3600000);

enum sight { SIGHT_NONE, SIGHT_ALL, SIGHT_OWN, SIGHT_PROXY };

static enum sight sight_of(const struct world *w, const char *patient)
{
    const struct actor *actor = &w->caller.actor;
    if (grant_can(w->g, ACTIVITY_VIEW_AUDIT)) {
        return SIGHT_ALL;
    }
    if (actor->kind == ACTOR_PERSON && actor->patient.n && patient &&
        text_eq(actor->patient, text_of(patient))) {
        return SIGHT_OWN;
    }
    for (size_t i = 0; patient && i < w->standing_count; i++) {
        if (w->standings[i].proxy && strcmp(w->standings[i].patient, patient) == 0) {
            return SIGHT_PROXY;
        }
    }
    return SIGHT_NONE;
}

/* Whether the actor may know of what an event is about. */
static bool knows(const struct world *w, const struct op *op, bool of_type)
{
    fhir_type type = fhir_type_of(text_of(op->type));
    return !fhir_type_in_patient_compartment(type) ||
           (of_type ? (grant_rights(w->g, type) & MAY_READ) != 0 : op->seen);
}

static struct audit_event event_of(struct world *w, const struct op *op, struct prng *p, size_t n,
                                   bool of_type)
{
    static const enum event_kind kinds[] = {EVENT_READ,   EVENT_HISTORY,  EVENT_CREATE,
                                            EVENT_UPDATE, EVENT_OVERRIDE, EVENT_SEAL,
                                            EVENT_EXPORT, EVENT_REFUSED};
    struct audit_event event = {
        .at_ms = first_ms + (int64_t)n * hour_ms,
        .kind = of_type ? EVENT_SEARCH : kinds[prng_below(p, sizeof kinds / sizeof *kinds)],
        .access = prng_below(p, 3) ? ACCESS_PERSON : ACCESS_SYSTEM,
        .patient = op->patient ? text_of(op->patient) : (text){0},
        .what = of_type ? text_of(op->type) : arena_printf(&w->a, "%s/%s", op->type, op->id),
        .query = of_type ? T("code=13746004") : (text){0},
        .version_t = prng_below(p, 2) * 7,
        .count = prng_below(p, 3),
        .account = T("somebody"),
        .who =
            prng_below(p, 2) ? T("Practitioner/Practitioner-1") : T("Practitioner/Practitioner-2"),
        .name = arena_printf(&w->a, "Event %zu", n),
        .role_name = T("Nurse"),
        .relation = text_of(relationship_words(RELATION_REGISTRATION)), /* no secret of anybody */
        .purpose = T("TREAT"),
        .reason = prng_below(p, 3) ? (text){0} : arena_printf(&w->a, "because of %s", op->id),
        .disclose_after_ms = prng_below(p, 6)   ? 0
                             : prng_below(p, 2) ? far_ms
                                                : first_ms};
    if (event.kind == EVENT_REFUSED) {
        event.outcome = EVENT_MINOR;
        event.why = arena_printf(&w->a, "not %s", op->id);
    }
    return event;
}

/* What the actor is told of it. False: nothing. */
static bool told_of(const struct world *w, const struct op *op, bool of_type,
                    const struct audit_event *event, struct audit_event *ret_told)
{
    enum sight sight = sight_of(w, op->patient);
    bool known = sight == SIGHT_ALL || knows(w, op, of_type);
    struct audit_event told = *event;
    if (sight == SIGHT_NONE || (sight == SIGHT_PROXY && !known)) {
        return false;
    }
    if (sight != SIGHT_ALL && event->disclose_after_ms == far_ms) {
        told = (struct audit_event){.at_ms = event->at_ms,
                                    .kind = EVENT_OPERATION,
                                    .access = ACCESS_LEGAL,
                                    .patient = event->patient,
                                    .disclose_after_ms = far_ms};
    } else if (!known || sight == SIGHT_PROXY) {
        told.what = known ? event->what : (text){0};
        told.query = told.reason = told.why = (text){0};
        told.version_t = told.count = 0;
    }
    *ret_told = told;
    return true;
}

static void append(struct side *s, const struct audit_event *events, size_t count)
{
    struct err e = {0};
    uint64_t ticket = 0;
    if (count &&
        (audit_append(s->audit, events, count, &ticket, &e) || audit_wait(s->audit, ticket, &e))) {
        (void)fprintf(stderr, "audit_append: %s\n", err_text(&e));
        abort();
    }
}

void events_fill(struct world *w, struct side *a, struct side *b)
{
    struct audit_event *of_a = arena_zalloc(&w->a, EVENTS_MOST, sizeof *of_a);
    struct audit_event *of_b = arena_zalloc(&w->a, EVENTS_MOST, sizeof *of_b);
    size_t count_a = 0;
    size_t count_b = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct op *op = &w->ops[i];
        struct prng p;
        prng_seed(&p, w->seed * 1000 + op->tag); /* the same, whatever else was left out */
        bool of_type = prng_below(&p, 5) == 0;
        if (!op->vid || !op->current || op->dropped || count_a == EVENTS_MOST ||
            prng_below(&p, 3) == 0) {
            continue;
        }
        of_a[count_a] = event_of(w, op, &p, op->tag, of_type);
        count_b += told_of(w, op, of_type, &of_a[count_a], &of_b[count_b]);
        w->ops[i].leaf = (int64_t)count_a++;
    }
    append(a, of_a, count_a);
    append(b, of_b, count_b);
}

/* --- asking ---------------------------------------------------------------------------------- */

/* An app has to have the whole of AuditEvent. */
static bool app_may(const struct world *w, const char *patient)
{
    bool limited = false;
    const struct caller *c = &w->caller;
    if (!c->scopes || c->actor.kind != ACTOR_PERSON) {
        return true;
    }
    uint8_t rights = scopes_rights(c->scopes, fhir_type_of(T("AuditEvent")),
                                   text_eq(c->scopes->patient, text_of(patient)), &limited);
    return (rights & MAY_SEARCH) && (rights & MAY_READ) && !limited;
}

/* From `from` through the next `to`, wherever it stands. */
static text without(struct world *w, text t, const char *from, const char *to)
{
    struct buf out;
    text whole = arena_copy(&w->a, t);
    const char *p = whole.p;
    buf_init(&out, 1 << 26);
    for (const char *at = p ? strstr(p, from) : NULL; at; at = strstr(p, from)) {
        const char *end = strstr(at + strlen(from), to);
        buf_add(&out, text_make(p, (size_t)(at - p)));
        p = end ? end + strlen(to) : at + strlen(at);
    }
    buf_add(&out, text_of(p ? p : ""));
    text made = arena_copy(&w->a, buf_text(&out));
    buf_done(&out);
    return made.p ? made : T("");
}

/* Places in the log are others in B, and of the chain, too, where some of it was left out. */
static text without_places(struct world *w, text t, enum sight sight)
{
#define PLACE "{url:\"https://kith.care/fhir/StructureDefinition/audit-"
    t = without(w, t, PLACE "leaf\"", "},");
    t = without(w, t, "http://localhost/fhir/AuditEvent/", " ");
    t = without(w, t, "{resourceType:\"AuditEvent\",id:", ",");
    return sight == SIGHT_PROXY ? without(w, t, PLACE "chain-number\"", "},") : t;
}

static const char *compare(struct world *w, struct side *a, struct side *b, const struct ask *for_a,
                           const struct ask *for_b, enum sight sight)
{
    const char *why, *ignored;
    int status_a, status_b;
    text of_a = answer_text(w, a, for_a, true, for_a, &status_a, &why);
    if (sight == SIGHT_NONE) {
        bool refused = status_a == 403 || (for_b == NULL && status_a == 404);
        return refused ? NULL : arena_printf(&w->a, "told: %.*s", TEXT_ARG(of_a)).p;
    }
    if (for_b == NULL) {
        return status_a == 404 ? NULL : arena_printf(&w->a, "told: %.*s", TEXT_ARG(of_a)).p;
    }
    text of_b = answer_text(w, b, for_b, false, for_b, &status_b, &ignored);
    if (why) {
        return why;
    }
    of_a = without_places(w, of_a, sight);
    of_b = without_places(w, of_b, sight);
    if (!text_eq(of_a, of_b)) {
        return arena_printf(&w->a, "A: %.*s\nB: %.*s", TEXT_ARG(of_a), TEXT_ARG(of_b)).p;
    }
    return NULL;
}

/* One event by its id. B's has another, which is found by its time. */
static const char *read_one(struct world *w, struct side *a, struct side *b, const char **ret_words)
{
    const struct op *op = &w->ops[any(w, (unsigned)w->count)];
    const char *patient = op->patient ? op->patient : "";
    struct err e = {0};
    struct ask for_b = {.method = HTTP_GET};
    if (!op->vid || op->leaf < 0) {
        return NULL;
    }
    struct ask for_a = {.method = HTTP_GET,
                        .path = arena_printf(&w->a, "AuditEvent/%lld", (long long)op->leaf).p};
    *ret_words = arena_printf(&w->a, "%s (of %s)", for_a.path, op->id).p;
    for (uint64_t leaf = 0; leaf < audit_size(b->audit); leaf++) {
        struct audit_entry entry;
        struct arena_mark mark = arena_mark(&w->a);
        bool is = audit_read(b->audit, leaf, &w->a, &entry, &e) == 0 &&
                  entry.event.at_ms == first_ms + (int64_t)op->tag * hour_ms;
        arena_rewind(&w->a, mark);
        if (is) {
            for_b.path = arena_printf(&w->a, "AuditEvent/%llu", (unsigned long long)leaf).p;
        }
    }
    bool may =
        (grant_rights(w->g, fhir_type_of(T("AuditEvent"))) & MAY_READ) && app_may(w, patient);
    enum sight sight = may ? sight_of(w, op->patient) : SIGHT_NONE;
    return compare(w, a, b, &for_a, sight && for_b.path ? &for_b : NULL, sight);
}

static const char *const searches[] = {
    "AuditEvent?patient=Patient/P&D",
    "AuditEvent?patient=Patient/P&D&_count=<1|2|3>",
    "AuditEvent?patient=P&D&_count=<1|2>&_sort=-date",
    "AuditEvent?patient=Patient/P&D&action=<R|E|U|C>&_count=<1|5>",
    "AuditEvent?patient=Patient/P&D&agent=Practitioner/Practitioner-<1|2>&_count=<1|2>",
    "AuditEvent?patient=Patient/P&D&type=<rest|110113|110106|110110>&_count=<1|20>",
    "AuditEvent?patient=Patient/P&D&subtype=<read|search|operation|history|seal>",
    "AuditEvent?patient=Patient/P&D&outcome=<0|4>&_count=2",
    "Patient/P/AuditEvent?D&_count=<1|4|50>",
    "AuditEvent?agent=Practitioner/Practitioner-<1|2>&_count=<2|50>",
    "AuditEvent?agent=Practitioner/Practitioner-1&action=<R|E|U>&_count=3",
};

/* P: the patient, D: until when, so that what the actor does now is not among it. */
static const char *put_in(struct world *w, const char *template, const char *patient)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    for (const char *p = template; *p; p++) {
        bool alone = p > template && strchr("/=?&", p[-1]) && (!p[1] || strchr("&/?", p[1]));
        if (alone && *p == 'P') {
            buf_add(&out, text_of(patient));
        } else if (alone && *p == 'D') {
            buf_add(&out, T("date=<lt2025-01-01|lt2025|ge2020-01-02&date=lt2020-01-05>"));
        } else {
            buf_addc(&out, *p);
        }
    }
    const char *made = fill(w, arena_copy(&w->a, buf_text(&out)).p, "", 0, 0);
    buf_done(&out);
    return made;
}

/* Of somebody who is here, and of nobody: who may not ask is told the same. */
static const char *refused_alike(struct world *w, struct side *a, const char *template,
                                 const char *patient)
{
    struct answered got[2];
    const char *people[] = {patient, "never-was"};
    for (size_t i = 0; i < 2; i++) {
        struct ask ask = {.method = HTTP_GET, .path = put_in(w, template, people[i])};
        side_ask(w, a, &ask, true, &got[i]);
    }
    return got[0].status == got[1].status &&
                   text_eq(canonical(w, got[0].body), canonical(w, got[1].body))
               ? NULL
               : arena_printf(&w->a, "of %s: %d %.*s\nof nobody: %d %.*s", patient, got[0].status,
                              TEXT_ARG(got[0].body), got[1].status, TEXT_ARG(got[1].body))
                     .p;
}

const char *ask_events(struct world *w, struct side *a, struct side *b, const char **ret_words)
{
    const struct actor *actor = &w->caller.actor;
    const char *patient = fill(w, "<#Patient>", "", 0, 0);
    if (any(w, 3) == 0) {
        return read_one(w, a, b, ret_words);
    }
    if (actor->patient.n && any(w, 3) == 0) {
        patient = arena_copy(&w->a, actor->patient).p;
    }
    const char *template = searches[any(w, sizeof searches / sizeof *searches)];
    bool of_all = strstr(template, "AuditEvent?agent") != NULL;
    struct ask for_a = {.method = HTTP_GET, .path = put_in(w, template, patient), .ordered = true};
    struct ask for_b = for_a;
    bool own = of_all && actor->kind == ACTOR_PERSON;
    *ret_words = for_a.path;
    if (own) {
        patient = arena_copy(&w->a, actor->patient).p;
        for_b.path = arena_printf(&w->a, "%s&patient=%s", for_a.path, patient ? patient : "").p;
    }
    bool may = (grant_rights(w->g, fhir_type_of(T("AuditEvent"))) & MAY_SEARCH) &&
               app_may(w, patient ? patient : "");
    enum sight sight = may ? sight_of(w, of_all && !own ? NULL : patient) : SIGHT_NONE;
    const char *why = compare(w, a, b, &for_a, &for_b, sight);
    bool stranger = !of_all && sight_of(w, patient) == SIGHT_NONE;
    return why || !stranger ? why : refused_alike(w, a, template, patient);
}
