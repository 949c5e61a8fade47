#include "rest/request.h"

#include "base/clock.h"
#include "fhir/reference.h"

/* POST $ask: somebody asks, and from that moment on somebody owns the answer. */

#define ODS_SYSTEM "https://fhir.nhs.uk/Id/ods-organization-code"
#define WAITING "&status=requested,in-progress"

#define DAY_MS (INT64_C(24) * 60 * 60 * 1000)
enum { NAME_MAX_BYTES = 64 };

/* --- about what -------------------------------------------------------------------------------
 */

/* Who may not see that the person is here is told that nobody is. */
static int find_patient(struct access *a, text id, struct err *e)
{
    struct version v;
    yyjson_val *root;
    int rc = access_about(a, id, e);
    return rc || a->self || a->proxy ? rc : access_read(a, FHIR_PATIENT, id, &v, &root, e);
}

static int not_of_a_record(const struct access *a, struct err *e)
{
    return err_set(e, ERR_BUSINESS_RULE,
                   "%.*s is not an entry of a person's record that something can be asked about",
                   TEXT_ARG(fhir_type_name(a->call->route.type)));
}

int request_about(struct access *a, text *ret_focus, yyjson_val **ret_root, struct err *e)
{
    const struct route *r = &a->call->route;
    struct version v;
    uint64_t compartment;
    text patient = {0};
    *ret_focus = (text){0};
    if (r->type == 0 || r->type == FHIR_PATIENT) {
        return r->type ? find_patient(a, r->id, e) : 0;
    }
    int rc = access_read(a, r->type, r->id, &v, ret_root, e);
    if (rc) {
        return rc;
    }
    if (!store_patients_compartment(v.rid, &compartment) ||
        store_patient_of(a->view, compartment, &patient)) {
        return not_of_a_record(a, e);
    }
    *ret_focus =
        arena_printf(a->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(r->type)), TEXT_ARG(r->id));
    return ret_focus->p ? access_about(a, patient, e) : access_no_memory(e);
}

/* --- who --------------------------------------------------------------------------------------
 */

/* What a token leaves; a session of the portal has no token. */
static bool scope_leaves(const struct access *a, const struct request_kind *kind)
{
    const struct caller *caller = a->call->caller;
    bool limited = false;
    if (!caller || !caller->scopes) {
        return true;
    }
    fhir_type type = fhir_type_of(kind->days ? T("Task") : T("Communication"));
    bool about = a->patient.n && text_eq(caller->scopes->patient, a->patient);
    return (scopes_rights(caller->scopes, type, about, &limited) & MAY_CREATE) && !limited;
}

static int may_as_staff(const struct access *a, const struct request_kind *kind, struct err *e)
{
    bool may = a->sees && !a->self && !a->proxy &&
               grant_writes(a->call->grant, &a->decision, a->sheet, fhir_type_of(T("Task")), 0,
                            true, MAY_CREATE);
    return may ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "'%s' is for staff and programs that may write in this record",
                         kind->code);
}

static int may_ask(const struct access *a, const struct request_kind *kind, struct err *e)
{
    bool mine = a->self || (a->proxy && (a->decision.functions & kind->function));
    if (a->call->route.type == 0) { /* about nobody's record: whoever has signed in */
        mine = a->actor->kind == ACTOR_PERSON || a->actor->kind == ACTOR_PROFESSIONAL;
    } else if (kind->by_staff) {
        return may_as_staff(a, kind, e);
    }
    if (!mine) {
        return err_set(e, ERR_FORBIDDEN,
                       "'%s' is asked by the person themself, or by somebody whom they let do that "
                       "for them (%s)",
                       kind->code,
                       kind->function == PROXY_ORDER  ? "the function order"
                       : kind->function == PROXY_VIEW ? "the function view"
                                                      : "the function message");
    }
    return scope_leaves(a, kind)
               ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "this app may not ask for you: it needs the scope patient/%s.c; do it on "
                         "this node's own pages",
                         kind->days ? "Task" : "Communication");
}

static int fits(const struct access *a, const struct request_kind *kind, text focus, struct err *e)
{
    text type = focus.n ? text_first(focus, text_find(focus, '/')) : T("Patient");
    bool nobody = a->call->route.type == 0;
    bool fit = nobody    ? text_eq(text_of(kind->code), T("feedback"))
               : focus.n ? !kind->types || text_is_among(type, kind->types)
                         : kind->whole;
    if (fit) {
        return 0;
    }
    return nobody ? err_set(e, ERR_BUSINESS_RULE,
                            "about no record only feedback can be sent; ask about a record or one "
                            "of its entries: Patient/{id}/$ask, {Type}/{id}/$ask")
                  : err_set(e, ERR_BUSINESS_RULE, "'%s' cannot be asked about %.*s; it is about %s",
                            kind->code, TEXT_ARG(type), kind->types ? kind->types : "an entry");
}

/* --- who answers, and by when ------------------------------------------------------------------
 */

static int party_of(struct access *node, text reference, struct request_party *ret, struct err *e)
{
    struct reference r = reference_parse(reference, node->call->base);
    if (ret->reference.n || r.kind != REFERENCE_LOCAL ||
        !text_eq(fhir_type_name(r.type), T("Organization"))) {
        return 0;
    }
    ret->reference = arena_printf(node->arena, "Organization/%.*s", TEXT_ARG(r.id));
    return ret->reference.p ? access_name(node, ret->reference, (text){0}, &ret->name, e)
                            : access_no_memory(e);
}

/* The practice, where the node's own organisation does not stand in its directory. */
static int practice_of(struct access *node, struct request_party *ret, struct err *e)
{
    struct version v;
    yyjson_val *root = NULL;
    if (!node->patient.n || ret->reference.n) {
        return 0;
    }
    int rc = access_read(node, FHIR_PATIENT, node->patient, &v, &root, e);
    const yyjson_val *at = json_get(root, T("managingOrganization"));
    rc = rc ? rc : party_of(node, json_text(json_get(at, T("reference"))), ret, e);
    const yyjson_val *list = json_get(root, T("generalPractitioner"));
    at = tree_first(list);
    for (size_t left = tree_items(list); !rc && left; left--, at = json_after(at)) {
        rc = party_of(node, json_text(json_get(at, T("reference"))), ret, e);
    }
    return rc;
}

/* Who keeps the entry: this node's own organisation. */
static int find_owner(struct access *a, struct request_party *ret, struct err *e)
{
    const struct identity_config *config =
        a->call->rest->identity ? identity_config(a->call->rest->identity) : NULL;
    struct access node;
    struct request_party owner = {0};
    int rc = request_as_node(a, &node, e);
    rc = rc || !config ? rc : party_of(&node, config->organisation_reference, &owner, e);
    rc = rc ? rc : practice_of(&node, &owner, e);
    request_node_done(&node);
    if (!rc && !owner.reference.n) {
        rc = err_set(e, ERR_BUSINESS_RULE,
                     "nobody would own this: the organisation that runs this node is not in its "
                     "directory; tell those who look after it (an Organization with its ODS code)");
    }
    *ret = owner;
    return rc;
}

/* 1970-01-01 was a Thursday. */
static bool is_weekend(int64_t ms)
{
    int64_t day = (ms / DAY_MS + 4) % 7; /* 0: Sunday */
    return day == 0 || day == 6;
}

static text due_of(struct access *a, const struct request_kind *kind)
{
    char at[CLOCK_INSTANT_SIZE];
    int64_t ms = a->now_ms;
    for (int left = kind->days; left; left -= !kind->working_days || !is_weekend(ms)) {
        ms += DAY_MS;
    }
    clock_instant(ms, at);
    at[10] = '\0';
    return arena_copy(a->arena, text_of(at));
}

/* --- input ------------------------------------------------------------------------------------
 */

static int short_text(const struct access_input *in, const char *name, text *ret, struct err *e)
{
    int rc = input_words(in, name, ret, e);
    return !rc && ret->n > REQUEST_PLACE_MAX
               ? err_set(e, ERR_TOO_LARGE, "%s has more than %d characters", name,
                         REQUEST_PLACE_MAX)
               : rc;
}

static bool is_name(text t)
{
    bool is = t.n > 0 && t.n <= NAME_MAX_BYTES;
    for (size_t i = 0; is && i < t.n; i++) {
        char c = t.p[i];
        is = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '-';
    }
    return is;
}

/* The same person's same name for it about the same record leads to the same place, so that what is
 * sent twice is made once. */
static int take_name(struct access *a, const struct access_input *in, struct request_draft *d,
                     struct err *e)
{
    struct hash_key key = store_policy_key(a->call->rest->store);
    int rc = input_words(in, "id", &d->name, e);
    if (rc || !d->name.n) {
        d->id = access_id(a);
        return rc ? rc : d->id.p ? 0 : access_no_memory(e);
    }
    if (!is_name(d->name)) {
        return err_set(e, ERR_VALUE,
                       "id is your own name for what you send: at most %d letters, digits, dots "
                       "and hyphens",
                       NAME_MAX_BYTES);
    }
    text who = a->actor->account.n ? a->actor->account : actor_reference(a->actor);
    text one = arena_printf(a->arena, "ask %.*s %.*s %.*s", TEXT_ARG(who), TEXT_ARG(a->patient),
                            TEXT_ARG(d->name));
    text two = arena_printf(a->arena, "again %.*s", TEXT_ARG(one));
    d->id = request_uuid(a, hash_text(key, one), hash_text(key, two));
    return one.p && two.p && d->id.p ? 0 : access_no_memory(e);
}

/* What staff may say besides. */
static int take_staff(struct access *a, const struct access_input *in, struct request_draft *d,
                      struct err *e)
{
    static const char *const names[] = {"to", "due", "internal"};
    struct access_date due;
    if (!d->kind->by_staff) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (operation_parameter(in->items, in->count, names[i])) {
                return err_set(e, ERR_INVALID, "the parameter %s is for staff: leave it out",
                               names[i]);
            }
        }
        return 0;
    }
    int rc = request_to(a, in, &d->owner, e);
    rc = rc ? rc : input_flag(in, "internal", false, &d->internal, e);
    rc = rc ? rc : input_date(in, "due", &due, e);
    if (rc || !due.as_written.p) {
        return rc;
    }
    d->due = text_first(due.as_written, 10);
    return due.until_ms > a->now_ms && due.from_ms < a->now_ms + REQUEST_DUE_DAYS_MAX * DAY_MS &&
                   due.as_written.n >= 10
               ? 0
               : err_set(e, ERR_VALUE,
                         "due must be a day to come, such as 2027-01-31, at most %d days ahead",
                         REQUEST_DUE_DAYS_MAX);
}

static int take_input(struct access *a, text focus, struct request_draft *d, struct err *e)
{
    static const char *const names[] = {"kind", "words",    "element", "page",  "id", "to",
                                        "due",  "internal", "place",   "entry", NULL};
    struct access_input in;
    text code;
    int rc = access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_code(&in, "kind", &code, e);
    d->kind = rc ? NULL : request_kind(code);
    if (!rc && !d->kind) {
        rc = err_set(e, code.p ? ERR_CODE_INVALID : ERR_REQUIRED,
                     "say what it is: kind, one of correction, comment, repeat, question and "
                     "feedback; staff: result, letter and task");
    }
    rc = rc ? rc : request_place(a, &in, d, e);
    rc = rc || d->place.n ? rc : fits(a, d->kind, focus, e);
    rc = rc ? rc : may_ask(a, d->kind, e);
    rc = rc ? rc : request_words(&in, d->kind->needs_words, &d->words, e);
    rc = rc ? rc : short_text(&in, "element", &d->element, e);
    rc = rc ? rc : short_text(&in, "page", &d->page, e);
    rc = rc ? rc : take_name(a, &in, d, e);
    rc = rc ? rc : take_staff(a, &in, d, e);
    d->focus = focus;
    return rc;
}

/* --- once, and not without end -----------------------------------------------------------------
 */

static bool is_there(struct access *node, fhir_type type, text id, int *ret_rc, struct err *e)
{
    struct version v;
    struct err ignored = {0};
    int rc = store_read(node->view, type, id, node->arena, &v, &ignored);
    if (rc && rc != ERR_NOT_FOUND) {
        *e = ignored;
        *ret_rc = rc;
    }
    return !rc && !v.deleted;
}

/* A second repeat of the same medicine while the first waits. */
static int is_waited_for(struct access *node, const struct request_draft *d, struct err *e)
{
    struct versions found;
    yyjson_val *root;
    text query = arena_printf(node->arena, "code=" KEPT_REQUESTS "|repeat" WAITING "&focus=%.*s",
                              TEXT_ARG(d->focus));
    if (!d->focus.n || !text_eq(text_of(d->kind->code), T("repeat"))) {
        return 0;
    }
    int rc = query.p ? request_find(node, fhir_type_of(T("Task")), query, &found, e)
                     : access_no_memory(e);
    if (rc || !found.count) {
        return rc;
    }
    rc = version_tree(&found.items[0], node->call->rest->limits, node->arena, &root, e);
    text due =
        rc ? (text){0}
           : json_text(json_get(json_get(json_get(root, T("restriction")), T("period")), T("end")));
    return rc ? rc
              : err_set(e, ERR_CONFLICT,
                        "this medicine has been asked for already, and will be answered by %.*s",
                        TEXT_ARG(due));
}

static int has_room(struct access *node, struct err *e)
{
    struct versions waiting = {0};
    int rc = request_find(node, fhir_type_of(T("Task")), T("code=" KEPT_REQUESTS "|" WAITING),
                          &waiting, e);
    return !rc && waiting.count >= REQUEST_WAITING_MAX
               ? err_set(e, ERR_TOO_MANY,
                         "%d requests about this record wait for an answer already; wait until "
                         "some are answered, or withdraw those that are not needed any more",
                         REQUEST_WAITING_MAX)
               : rc;
}

/* *ret_again: the same was sent before. */
static int look_before(struct access *a, const struct request_draft *d, fhir_type type,
                       bool *ret_again, struct err *e)
{
    struct access node;
    int rc = request_as_node(a, &node, e);
    *ret_again = !rc && d->name.n && is_there(&node, type, d->id, &rc, e);
    if (!rc && !*ret_again && a->patient.n && d->kind->days) {
        rc = is_waited_for(&node, d, e);
        rc = rc ? rc : has_room(&node, e);
    }
    request_node_done(&node);
    return rc;
}

static int run(struct access *a, struct err *e)
{
    struct request_draft d = {0};
    text focus;
    yyjson_val *root = NULL;
    bool again = false;
    int rc = request_about(a, &focus, &root, e);
    if (!rc && focus.n && policy_keeps(a->call->route.type, root)) {
        rc = not_of_a_record(a, e);
    }
    rc = rc ? rc : take_input(a, focus, &d, e);
    if (rc) {
        return rc;
    }
    fhir_type type = fhir_type_of(d.kind->days ? T("Task") : T("Communication"));
    rc = look_before(a, &d, type, &again, e);
    if (!rc && !again && d.kind->days) {
        d.due = d.due.n ? d.due : due_of(a, d.kind);
        rc = d.owner.reference.n || d.owner.ods.n ? 0 : find_owner(a, &d.owner, e);
        rc = rc || d.due.p ? rc : access_no_memory(e);
    }
    if (!rc && !again) {
        struct access_write w = {.type = type, .id = d.id, .event = EVENT_CREATE};
        rc = request_print(a, &d, &w.json, e);
        rc = rc || !d.place.n ? rc : request_send(a, &d, w.json, e);
        rc = rc ? rc : access_commit(a, &w, 1, e);
        again = (rc == ERR_PRECONDITION || rc == ERR_CONFLICT) && d.name.n; /* sent twice at once */
        rc = again ? 0 : rc;
    }
    return rc ? rc : request_reply(a, type, d.id, again ? 200 : 201, e);
}

int do_ask(struct call *c, struct err *e)
{
    struct access a;
    if (c->method == HTTP_GET || c->method == HTTP_HEAD) {
        return request_list(c, e);
    }
    int rc = access_open(c, (text){0}, &a, e);
    rc = rc ? rc : run(&a, e);
    access_close(&a);
    return rc;
}
