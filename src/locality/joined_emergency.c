#include "locality/joined_int.h"

#include "policy/facts.h"

/*
 * A8: whoever has opened the record here in an emergency asks the others in the same way, with the
 * reason that they gave. Each holder decides, notes and tells by its own $open.
 */

#define KIND "https://kith.care/fhir/CodeSystem/consent-kind"
#define REASON "https://kith.care/fhir/StructureDefinition/consent-reason"

static bool names_caller(const yyjson_val *provision, const struct actor *actor)
{
    const yyjson_val *all = json_get(provision, T("actor")), *one = joined_first(all);
    for (size_t left = one ? json_len(all) : 0; left; left--, one = json_after(one)) {
        text who = json_text(json_get(json_get(one, T("reference")), T("reference")));
        for (size_t i = 0; i < actor->party_count; i++) {
            if (text_eq(who, actor->parties[i])) {
                return true;
            }
        }
    }
    return false;
}

static text reason_of(const yyjson_val *consent)
{
    const yyjson_val *all = json_get(consent, T("extension")), *one = joined_first(all);
    for (size_t left = one ? json_len(all) : 0; left; left--, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("url"))), T(REASON))) {
            const yyjson_val *concept = json_get(one, T("valueCodeableConcept"));
            return json_text(json_get(joined_first(json_get(concept, T("coding"))), T("code")));
        }
    }
    return (text){0};
}

/* The code of an emergency that the caller has opened and that lasts; empty: this is none. */
static text emergency_of(const struct gathering *g, const yyjson_val *consent)
{
    const yyjson_val *provision = json_get(consent, T("provision"));
    int64_t from, until;
    bool holds = policy_period(json_get(provision, T("period")), &from, &until) &&
                 g->now_ms >= from && g->now_ms < until;
    return holds && names_caller(provision, &g->ask->caller->actor) ? reason_of(consent)
                                                                    : (text){0};
}

int joined_emergency(struct gathering *g, struct err *e)
{
    const struct loc_world *w = g->j->config.world;
    yyjson_val *bundle = NULL;
    text code = {0};
    g->caller = *g->ask->caller;
    if (!g->decision.overridden) {
        return 0;
    }
    struct own_call call = {
        .method = T("GET"),
        .path = arena_printf(g->a,
                             "Consent?patient=%.*s&category=" KIND
                             "%%7Coverride&status=active&_sort=-_lastUpdated&_count=50",
                             TEXT_ARG(g->ask->patient))};
    int rc = call.path.p ? w->own(w->context, NULL, &call, g->a, e) : joined_no_memory(e);
    if (!rc && call.status == 200) {
        rc = json_read(call.answer, JOINED_DEPTH, g->a, &bundle, e);
    }
    const yyjson_val *all = json_get(bundle, T("entry")), *one = joined_first(all);
    for (size_t left = !rc && one ? json_len(all) : 0; left && !code.n;
         left--, one = json_after(one)) {
        code = emergency_of(g, json_get(one, T("resource")));
    }
    if (code.n) { /* what was written in haste is for the reviewers here */
        g->caller.actor.purpose = PURPOSE_EMERGENCY;
        g->reason = arena_printf(g->a, "%.*s: opened at %.*s", TEXT_ARG(code), TEXT_ARG(g->self));
        rc = g->reason.p ? 0 : joined_no_memory(e);
    }
    return rc;
}
