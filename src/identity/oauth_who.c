#include "identity/inner.h"
#include "identity/oauth_int.h"

int oauth_person(struct oauth_call *c, struct caller *ret_caller, struct session *ret_session,
                 struct err *e)
{
    static const char words[] = "sign in first, then go on here";
    int code = identity_page_caller(c->o->id, c->request, ret_caller, e);
    if (code) {
        return code;
    }
    enum actor_kind kind = ret_caller->actor.kind;
    if ((kind != ACTOR_PERSON && kind != ACTOR_PROFESSIONAL) || !ret_caller->session.n) {
        return err_set(e, ERR_LOGIN, words);
    }
    text cookie = session_cookie(c->o->id, c->request);
    code = session_find(c->o->sessions, cookie, c->a, ret_session, e);
    if (!code && (ret_session->step != SESSION_SIGNED_IN ||
                  !text_eq(ret_session->hash, ret_caller->session))) {
        return err_set(e, ERR_LOGIN, words);
    }
    return code;
}

bool oauth_person_or_refuse(struct oauth_call *c, struct caller *ret_caller,
                            struct session *ret_session)
{
    struct err e = {0};
    int code = oauth_person(c, ret_caller, ret_session, &e);
    if (code) {
        auth_refuse(c, err_info(code)->status, code == ERR_LOGIN ? "login" : "refused",
                    err_text(&e));
    }
    return !code;
}

int oauth_patient(struct oauth_call *c, const struct actor *actor, text patient, text *ret_name,
                  struct err *e)
{
    const struct identity_world *world = &c->o->config->world;
    if (actor->kind == ACTOR_PERSON && actor->patient.n && text_eq(actor->patient, patient)) {
        *ret_name = actor->name;
        return 0;
    }
    if (!patient.n || !world->sees) {
        return err_set(e, ERR_NOT_FOUND, "there is no such record that you may see");
    }
    return world->sees(world->context, actor, patient, c->a, ret_name, e);
}

int oauth_note(struct oauth_call *c, enum event_kind kind, enum event_outcome outcome,
               const struct actor *actor, const struct client *client, text patient,
               const char *why, struct err *e)
{
    struct audit_event event = {
        .at_ms = c->now_ms, .kind = kind, .outcome = outcome, .why = text_of(why)};
    event.access = ACCESS_SYSTEM;
    event.patient = patient;
    if (actor) {
        bool own = actor->kind == ACTOR_PERSON && text_eq(actor->patient, patient);
        event.access = actor->kind == ACTOR_PROFESSIONAL ? ACCESS_PERSON
                       : actor->kind == ACTOR_SYSTEM     ? ACCESS_SYSTEM
                       : own || !patient.n               ? ACCESS_SELF
                                                         : ACCESS_PROXY;
        event.account = actor->account;
        event.who = actor->party_count ? actor->parties[0] : T("");
        event.name = actor->name;
        event.role = actor->role;
        event.role_name = actor->role_name;
        event.organisation = actor->organisation;
        event.organisation_name = actor->organisation_name;
    }
    if (client) {
        event.client = client->id;
        event.client_name = client->name;
    }
    return identity_record(c->o->id, &event, e);
}
