#include "rest/access.h"

#include "fhir/reference.h"
#include "rest/access_rollup.h"

/*
 * Who is told what of the access log. The list of a patient has every entry of their chain; what
 * they may not see of the record is not named in it. Those who act for a patient are told of no
 * entry that is about something hidden from them, nor how many there are.
 */

enum { TYPE_BIT = 20 }; /* of a key: store/store.h */

static bool scope_leaves(const struct access *a)
{
    const struct caller *caller = a->call->caller;
    bool limited = false;
    if (!caller || !caller->scopes || a->actor->kind != ACTOR_PERSON) {
        return true;
    }
    bool about = text_eq(caller->scopes->patient, a->patient);
    uint8_t rights = scopes_rights(caller->scopes, fhir_type_of(T("AuditEvent")), about, &limited);
    return (rights & MAY_SEARCH) && (rights & MAY_READ) && !limited;
}

int log_sight(const struct access *a, enum log_sight *ret_sight, struct err *e)
{
    bool all = grant_can(a->call->grant, ACTIVITY_VIEW_AUDIT);
    bool proxy = a->proxy && (a->decision.functions & PROXY_VIEW);
    if (!all && !a->self && !proxy) {
        return err_set(e, ERR_FORBIDDEN,
                       "who looked at a record is told to the person themself, to those who act "
                       "for them, and to privacy officers (activity '%s')",
                       activity_info(ACTIVITY_VIEW_AUDIT)->code);
    }
    if (!scope_leaves(a)) {
        return err_set(e, ERR_FORBIDDEN,
                       "this app may not see who looked at the record (scope "
                       "patient/AuditEvent.rs)");
    }
    *ret_sight = all ? LOG_ALL : a->self ? LOG_OWN : LOG_PROXY;
    return 0;
}

/* "Observation/5" of "Observation/5" or "Observation/5/$seal". */
static text entry_of(text what)
{
    size_t slash = text_find(what, '/');
    text rest = text_from(what, slash + 1);
    return slash == what.n ? what : text_first(what, slash + 1 + text_find(rest, '/'));
}

/* Whether the asker may know of what an event names. */
static bool may_know(struct access *a, text what)
{
    struct reference r = reference_parse(entry_of(what), (text){0});
    fhir_type type = r.kind == REFERENCE_LOCAL ? r.type : fhir_type_of(what);
    struct version v;
    struct err ignored = {0};
    if (!what.n || !type || text_eq(fhir_type_name(type), T("AuditEvent"))) {
        return true;
    }
    if (!fhir_type_in_patient_compartment(type)) {
        return true;
    }
    if (r.kind != REFERENCE_LOCAL) {
        return grant_rights(a->call->grant, type) & MAY_READ;
    }
    /* Not the request's arena, taken back: what the grant notes of whom it touches stands there. */
    struct arena scratch;
    arena_init(&scratch, (size_t)a->call->rest->limits->request_memory);
    int rc = store_read(a->view, r.type, r.id, &scratch, &v, &ignored);
    arena_done(&scratch);
    return rc == 0;
}

/* Everything that makes relationships of this kind, of which there is something. */
static bool sees_all_of(struct access *a, enum relationship relation)
{
    bool any = false;
    bool all = true;
    for (size_t i = 0; all && a->sheet && i < sheet_count(a->sheet); i++) {
        const struct sheet_entry *s = sheet_entry(a->sheet, i);
        fhir_type type = (fhir_type)(s->rid >> TYPE_BIT & 0xff);
        if (s->kind == SHEET_RELATIONSHIP && s->relation == relation) {
            any = true;
            all = grant_sees(a->call->grant, &a->decision, a->sheet, type, s->rid, false);
        }
    }
    return any && all;
}

/*
 * Whether a proxy may know that somebody looked: who opened the record in an emergency, or comes to
 * it by an entry that is hidden from the proxy, would tell where the patient has been.
 */
static bool proxy_may_know(struct access *a, const struct audit_event *event)
{
    enum relationship relation = RELATION_NONE;
    bool staff = event->access != ACCESS_SELF && event->access != ACCESS_PROXY &&
                 event->access != ACCESS_SYSTEM;
    while (staff && relation < RELATION_COUNT &&
           !text_eq(event->relation, text_of(relationship_words(relation)))) {
        relation++;
    }
    switch (staff ? relation : RELATION_SELF) {
    case RELATION_SELF:
    case RELATION_PROXY:
    case RELATION_REGISTRATION:
    case RELATION_DUTY:
        return true;
    case RELATION_REFERRAL:
    case RELATION_ADMISSION:
    case RELATION_CARE_TEAM:
    case RELATION_APPOINTMENT:
        return sees_all_of(a, relation);
    default:
        return false;
    }
}

bool log_show(struct access *a, enum log_sight sight, const struct audit_event *event,
              struct audit_event *ret_shown, bool *ret_whole)
{
    struct audit_event shown = *event;
    bool knows = sight == LOG_ALL || may_know(a, event->what);
    knows = knows && (sight != LOG_PROXY || proxy_may_know(a, event));
    bool whole = knows && sight != LOG_PROXY;
    if (sight != LOG_ALL && rollup_withholds(event, a->now_ms)) {
        shown = (struct audit_event){.at_ms = event->at_ms,
                                     .kind = EVENT_OPERATION,
                                     .access = ACCESS_LEGAL,
                                     .patient = event->patient,
                                     .disclose_after_ms = event->disclose_after_ms};
        whole = false;
    } else if (!whole) {
        shown.what = knows ? event->what : (text){0};
        shown.query = shown.reason = shown.why = (text){0};
        shown.version_t = 0;
        shown.count = 0;
    }
    *ret_shown = shown;
    if (ret_whole) {
        *ret_whole = whole;
    }
    return sight != LOG_PROXY || knows;
}
