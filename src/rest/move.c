#include "rest/move.h"

#include "policy/scope.h"
#include "rest/operation.h"

/* Patient/{id}/$move: POST begins it, GET says how far it has come. */

/* What the token leaves of it: an app that was let read does not take a record elsewhere. */
static int needs(const struct call *c, struct err *e)
{
    const struct caller *who = c->caller;
    bool limited = false, may = false;
    if (who->actor.kind == ACTOR_PERSON && who->scopes) {
        bool about = text_eq(who->scopes->patient, c->route.id);
        uint8_t rights = scopes_rights(who->scopes, fhir_type_of(T("Consent")), about, &limited);
        may = (rights & MAY_CREATE) && (rights & MAY_UPDATE) && !limited;
    } else if (who->actor.kind == ACTOR_PERSON) {
        may = true;
    } else if (who->actor.kind == ACTOR_SYSTEM) {
        may = grant_can(c->grant, ACTIVITY_MANAGE_NODE) &&
              (grant_rights(c->grant, fhir_type_of(T("Consent"))) & MAY_CREATE);
    } else {
        may = grant_can(c->grant, ACTIVITY_REGISTER_PATIENTS) ||
              (grant_rights(c->grant, fhir_type_of(T("Patient"))) & MAY_UPDATE);
    }
    return may ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "you may not move this record: it is for the patient (in an app with the "
                         "scope patient/Consent.cruds), for staff who register patients, and for "
                         "the node's administrator");
}

static int begin(struct call *c, struct err *e)
{
    static const char *const names[] = {"to", "from", NULL};
    const struct move_source *source = &c->rest->move;
    struct operation_parameter *ps;
    size_t count;
    text id;
    int rc = operation_parameters(c, false, &ps, &count, e);
    rc = rc ? rc : operation_only(ps, count, names, e);
    if (rc) {
        return rc;
    }
    const struct operation_parameter *to = operation_parameter(ps, count, "to");
    const struct operation_parameter *from = operation_parameter(ps, count, "from");
    if (!to == !from || !(to ? to : from)->value.n) {
        return err_set(e, ERR_REQUIRED,
                       "$move takes 'to' (the ODS code of the member that gets the record) or "
                       "'from' (the one that has it, when the patient has registered here)");
    }
    const struct move_ask ask = {.caller = c->caller,
                                 .patient = c->route.id,
                                 .to = to ? to->value : (text){0},
                                 .from = from ? from->value : (text){0}};
    rc = source->begin(source->context, &ask, c->arena, &id, e);
    return rc;
}

int do_move(struct call *c, struct err *e)
{
    const struct move_source *source = &c->rest->move;
    struct buf out;
    text json;
    if (!source->begin || !c->caller) {
        return err_set(e, ERR_NOT_SUPPORTED, "this node moves no records");
    }
    int rc = operation_touch(c, c->route.id, e);
    rc = rc || c->method != HTTP_POST ? rc : needs(c, e);
    rc = rc || c->method != HTTP_POST ? rc : begin(c, e);
    rc = rc ? rc : source->show(source->context, c->caller, c->route.id, c->arena, &json, e);
    if (rc) {
        return rc;
    }
    buf_init(&out, (size_t)65536);
    buf_add(&out, json);
    rc = operation_reply(c, &out, e);
    c->answer.status = c->method == HTTP_POST ? 202 : 200;
    return rc;
}
