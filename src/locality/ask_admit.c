/* A member's person as a caller of the own policy: A3, A4. */
#include "locality/ask_int.h"

#include "policy/facts.h"

#include <openssl/sha.h>

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define CONSENT_KIND "https://kith.care/fhir/CodeSystem/consent-kind"

enum { ORGANISATIONS_MAX = 20, PARTIES_MAX = ORGANISATIONS_MAX + 1 };

/* In words alike, whatever the reason, so that nobody finds out who is here. */
static int nothing(struct err *e)
{
    return err_set(e, ERR_NOT_FOUND, "nothing is held here that may be shown");
}

/* --- the own record, as the node itself ---------------------------------------------------------
 */

static int own_get(const struct loc_world *w, text path, struct arena *a, yyjson_val **ret,
                   struct err *e)
{
    struct own_call call = {.method = T("GET"), .path = path};
    int rc = path.p ? w->own(w->context, NULL, &call, a, e) : ask_no_memory(e);
    if (!rc && call.status != 200) {
        rc = err_set(e, call.status == 404 || call.status == 410 ? ERR_NOT_FOUND : ERR_IO,
                     "the own record answered with %d when a member asked", call.status);
    }
    return rc ? rc : json_read(call.answer, ASK_DEPTH, a, ret, e);
}

static const yyjson_val *first_of(const yyjson_val *list)
{
    return json_type(list) == YYJSON_TYPE_ARR && json_len(list) ? list + 1 : NULL;
}

/* The asker's organisation, as often as it stands in the record here. */
static int find_organisations(const struct loc_world *w, const struct member *asker,
                              struct arena *a, text *parties, size_t *count, struct err *e)
{
    yyjson_val *bundle = NULL;
    int rc = own_get(w,
                     arena_printf(a, "Organization?identifier=" ODS_SYSTEM "%%7C%.*s&_count=%d",
                                  TEXT_ARG(asker->ods), ORGANISATIONS_MAX),
                     a, &bundle, e);
    const yyjson_val *entries = json_get(bundle, T("entry")), *at = first_of(entries);
    for (size_t left = at ? json_len(entries) : 0; !rc && left && *count < ORGANISATIONS_MAX;
         left--, at = json_after(at)) {
        const yyjson_val *one = json_get(at, T("resource"));
        if (text_eq(json_text(json_get(one, T("resourceType"))), T("Organization"))) {
            text party =
                arena_printf(a, "Organization/%.*s", TEXT_ARG(json_text(json_get(one, T("id")))));
            rc = party.p ? 0 : ask_no_memory(e);
            parties[(*count)++] = party;
        }
    }
    return rc;
}

/* --- a patient of their own node ----------------------------------------------------------------
 */

static bool has_kind(const yyjson_val *consent, text kind)
{
    const yyjson_val *all = json_get(consent, T("category")), *one = first_of(all);
    for (size_t left = one ? json_len(all) : 0; left; left--, one = json_after(one)) {
        const yyjson_val *codes = json_get(one, T("coding")), *code = first_of(codes);
        for (size_t n = code ? json_len(codes) : 0; n; n--, code = json_after(code)) {
            if (text_eq(json_text(json_get(code, T("system"))), T(CONSENT_KIND)) &&
                text_eq(json_text(json_get(code, T("code"))), kind)) {
                return true;
            }
        }
    }
    return false;
}

/* Whether the patient has chosen one of these organisations as their home, now. */
static bool is_home(const yyjson_val *consent, const text *orgs, size_t count, int64_t now_ms)
{
    const yyjson_val *provision = json_get(consent, T("provision"));
    const yyjson_val *actors = json_get(provision, T("actor")), *actor = first_of(actors);
    int64_t from, until;
    text type = json_text(json_get(provision, T("type")));
    if (!text_eq(json_text(json_get(consent, T("status"))), T("active")) ||
        !has_kind(consent, T("home")) || (type.n && !text_eq(type, T("permit"))) ||
        json_get(consent, T("modifierExtension")) || json_get(consent, T("implicitRules")) ||
        !policy_period(json_get(provision, T("period")), &from, &until) || now_ms < from ||
        now_ms >= until) {
        return false;
    }
    for (size_t left = actor ? json_len(actors) : 0; left; left--, actor = json_after(actor)) {
        text who = json_text(json_get(json_get(actor, T("reference")), T("reference")));
        for (size_t i = 0; i < count; i++) {
            if (text_eq(who, orgs[i])) {
                return true;
            }
        }
    }
    return false;
}

static int chosen_home(const struct loc_world *w, text patient, const text *orgs, size_t count,
                       struct arena *a, bool *ret, struct err *e)
{
    yyjson_val *bundle = NULL;
    int rc = own_get(
        w, arena_printf(a, "Consent?patient=%.*s&status=active&_count=100", TEXT_ARG(patient)), a,
        &bundle, e);
    const yyjson_val *entries = json_get(bundle, T("entry")), *at = first_of(entries);
    *ret = false;
    for (size_t left = at ? json_len(entries) : 0; !rc && left && !*ret;
         left--, at = json_after(at)) {
        *ret = is_home(json_get(at, T("resource")), orgs, count, w->now_ms(w->context));
    }
    return rc;
}

/* --- who they are here --------------------------------------------------------------------------
 */

/* The same person of a member is always the same Practitioner here, whether or not it is there. */
static text person_party(const struct statement *s, struct arena *a)
{
    text member = person_member(s->asker, s->account, a);
    return member.p ? person_practitioner(member, a) : member;
}

static void be_professional(const struct statement *s, const struct job_role *role,
                            struct actor *actor)
{
    actor->kind = ACTOR_PROFESSIONAL;
    actor->role = text_of(role->code);
    actor->role_name = text_of(role->name);
    actor->activities = role->activities;
    actor->purpose = s->purpose;
}

/* What is read is one patient's, and nothing is written. */
static int limit_to(text patient, struct arena *a, struct caller *c, struct err *e)
{
    c->scopes = arena_zalloc(a, 1, sizeof *c->scopes);
    int rc = c->scopes ? scopes_parse(T("patient/*.rs"), a, c->scopes, e) : ask_no_memory(e);
    if (!rc) {
        c->scopes->patient = patient;
        c->launch_patient = patient;
    }
    return rc;
}

static int allowed_role(const struct statement *s, const struct member *asker,
                        const struct job_role **ret, struct err *e)
{
    *ret = NULL;
    if (s->purpose == PURPOSE_PATIENT && !s->role.n) {
        return 0;
    }
    if (s->purpose != PURPOSE_TREAT && s->purpose != PURPOSE_EMERGENCY) {
        return err_set(e, ERR_FORBIDDEN,
                       "members are asked for the care of a patient, or by the patient; not for "
                       "%s",
                       purpose_words(s->purpose));
    }
    *ret = ask_role(asker->kind, s->role);
    return *ret ? 0
                : err_set(e, ERR_FORBIDDEN,
                          "a %s is not asked for by somebody with this role; the roles that may "
                          "ask stand in the guide to localities",
                          member_kind_words(asker->kind));
}

static int decide(const struct loc_world *w, struct admission *ad, struct err *e)
{
    memset(&ad->decision, 0, sizeof ad->decision);
    return w->decide(w->context, &ad->caller, ad->patient, &ad->decision, e);
}

static bool sees(const struct decision *d)
{
    return d->reads && !d->demographics_only && d->relation != RELATION_NONE;
}

static int decide_professional(const struct loc_world *w, const struct statement *s,
                               const struct member *asker, struct arena *a, struct admission *ad,
                               struct err *e)
{
    int rc = decide(w, ad, e);
    enum relationship stated = ask_stated(asker->kind, s->relation);
    ad->relation = text_of(relationship_words((enum relationship)ad->decision.relation));
    if (!rc && stated != RELATION_NONE &&
        (!sees(&ad->decision) || ad->decision.relation == RELATION_OVERRIDE)) {
        ad->caller.actor.stated = (uint8_t)stated;
        rc = decide(w, ad, e);
        ad->relation =
            arena_printf(a, "%s, as %.*s says", relationship_words(stated), TEXT_ARG(asker->ods));
        rc = rc || ad->relation.p ? rc : ask_no_memory(e);
    }
    ad->opens = s->reason.n && s->purpose == PURPOSE_EMERGENCY && !ad->decision.overridden &&
                (ad->caller.actor.activities & ACTIVITY_BIT(ACTIVITY_OVERRIDE));
    return rc;
}

/* By the patient's choice of a home; a practice is one by registration, too. */
static int decide_patient(const struct loc_world *w, const struct statement *s,
                          const struct member *asker, struct arena *a, struct admission *ad,
                          struct err *e)
{
    struct actor *actor = &ad->caller.actor;
    const text *orgs = actor->parties + 1;
    size_t count = actor->party_count - 1;
    bool home = false;
    /* Who acts for a patient is none: which part they may see is known where that was said. */
    bool is_self = text_eq(s->relation, text_of(relationship_words(RELATION_SELF)));
    int rc = chosen_home(w, ad->patient, orgs, count, a, &home, e);
    if (!rc && !home && asker->kind == MEMBER_GP) {
        const struct statement as = {.purpose = PURPOSE_TREAT};
        be_professional(&as, job_role_find(T("R0260")), actor);
        rc = decide(w, ad, e);
        home = !rc && sees(&ad->decision) && ad->decision.relation == RELATION_REGISTRATION;
    }
    text *self = arena_zalloc(a, 1, sizeof *self);
    if (rc || !self) {
        return rc ? rc : ask_no_memory(e);
    }
    *self = arena_printf(a, "Patient/%.*s", TEXT_ARG(ad->patient));
    *actor = (struct actor){.kind = ACTOR_PERSON,
                            .account = actor->account,
                            .name = actor->name,
                            .organisation = actor->organisation,
                            .organisation_name = actor->organisation_name,
                            .parties = self,
                            .party_count = 1,
                            .patient = ad->patient,
                            .purpose = PURPOSE_PATIENT};
    ad->relation = text_of(relationship_words(RELATION_SELF));
    if (!home || !is_self) {
        ad->decision = (struct decision){0};
        return self->p ? 0 : ask_no_memory(e);
    }
    return self->p ? decide(w, ad, e) : ask_no_memory(e);
}

/* The id, or one that nobody has: what follows is the same work, so that the time tells nothing. */
static int find_person(const struct loc_world *w, const struct statement *s, struct arena *a,
                       struct admission *ad, bool *ret_found, bool *ret_conflict, struct err *e)
{
    struct err why = {0};
    int rc = person_find(w, &s->subject, a, &ad->patient, &why);
    *ret_found = !rc;
    *ret_conflict = rc == ERR_CONFLICT;
    if (rc == ERR_CONFLICT) {
        ad->conflict = ad->patient;
        ad->conflict_why = arena_copy(a, text_of(err_text(&why)));
    }
    if (rc == ERR_NOT_FOUND || rc == ERR_CONFLICT) {
        ad->patient = T("nobody");
        rc = 0;
    } else if (rc) {
        *e = why;
    }
    return rc;
}

int ask_admit(const struct loc_world *w, const struct statement *s, const struct member *asker,
              struct arena *a, struct admission *ret, bool *ret_conflict, struct err *e)
{
    struct admission ad = {0};
    const struct job_role *role = NULL;
    text *parties = arena_zalloc(a, PARTIES_MAX + 1, sizeof *parties);
    size_t count = 0;
    bool found = false;
    *ret_conflict = false;
    int rc = parties ? allowed_role(s, asker, &role, e) : ask_no_memory(e);
    rc = rc ? rc : find_organisations(w, asker, a, parties + 1, &count, e);
    rc = rc ? rc : find_person(w, s, a, &ad, &found, ret_conflict, e);
    if (rc) {
        return rc;
    }
    parties[0] = person_party(s, a);
    struct actor *actor = &ad.caller.actor;
    *actor = (struct actor){.account = s->account,
                            .name = s->name,
                            .organisation = count ? parties[1] : (text){0},
                            .organisation_name = asker->name,
                            .parties = parties,
                            .party_count = count + 1};
    rc = parties[0].p ? limit_to(ad.patient, a, &ad.caller, e) : ask_no_memory(e);
    if (!rc && role) {
        be_professional(s, role, actor);
        rc = decide_professional(w, s, asker, a, &ad, e);
    } else if (!rc) {
        rc = decide_patient(w, s, asker, a, &ad, e);
    }
    if (!rc && (!found || (!sees(&ad.decision) && !ad.opens))) {
        ret->patient = found ? ad.patient : (text){0}; /* for the log here */
        ret->conflict = ad.conflict;
        ret->conflict_why = ad.conflict_why;
        rc = nothing(e);
    } else if (!rc) {
        *ret = ad;
    }
    return rc;
}

/* --- break-glass --------------------------------------------------------------------------------
 */

static int own_write(const struct loc_world *w, const struct caller *as, text method, text path,
                     struct buf *body, struct arena *a, int *ret_status, struct err *e)
{
    struct own_call call = {.method = method, .path = path};
    call.body = buf_failed(body) ? (text){0} : arena_copy(a, buf_text(body));
    buf_done(body);
    int rc = call.body.p && path.p ? w->own(w->context, as, &call, a, e) : ask_no_memory(e);
    *ret_status = call.status;
    return rc;
}

/* The Practitioner whom Consent, Task and notice name. */
static int put_person(const struct loc_world *w, const struct statement *s, text party,
                      struct arena *a, struct err *e)
{
    struct buf body;
    int status = 0;
    text of = person_member(s->asker, s->account, a);
    buf_init(&body, 16384);
    buf_add(&body, T("{\"resourceType\":\"Practitioner\",\"id\":"));
    json_write_string(text_from(party, sizeof "Practitioner/" - 1), &body);
    buf_add(&body, T(",\"identifier\":[{\"system\":\"" PERSON_MEMBER_SYSTEM "\",\"value\":"));
    json_write_string(of, &body);
    buf_add(&body, T("}],\"name\":[{\"text\":"));
    json_write_string(s->name, &body);
    buf_add(&body, T("}]}"));
    int rc = own_write(w, NULL, T("PUT"), party, &body, a, &status, e);
    if (!rc && status != 200 && status != 201) {
        rc = err_set(e, ERR_IO, "the one who asks could not be written down here (%d)", status);
    }
    return rc;
}

int ask_open(const struct loc_world *w, const struct statement *s, const struct admission *ad,
             struct arena *a, struct err *e)
{
    struct caller as = ad->caller;
    struct buf body;
    int status = 0;
    text words = s->reason, code;
    (void)text_cut(&words, ':', &code);
    words = text_trim(words);
    as.scopes = NULL; /* the one thing that is written */
    buf_init(&body, 16384);
    buf_add(&body, T("{\"resourceType\":\"Parameters\",\"parameter\":[{\"name\":\"reason\","
                     "\"valueCode\":"));
    json_write_string(text_trim(code), &body);
    if (words.n) {
        buf_add(&body, T("},{\"name\":\"words\",\"valueString\":"));
        json_write_string(words, &body);
    }
    buf_add(&body, T("}]}"));
    int rc = put_person(w, s, ad->caller.actor.parties[0], a, e);
    if (rc) {
        buf_done(&body);
        return rc;
    }
    rc = own_write(w, &as, T("POST"), arena_printf(a, "Patient/%.*s/$open", TEXT_ARG(ad->patient)),
                   &body, a, &status, e);
    if (!rc && (status < 200 || status > 299)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "this node did not open the record for the reason given; give one of its "
                     "codes, and words where it is 'other'");
    }
    return rc;
}
