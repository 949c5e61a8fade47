#include "rest/access.h"

#include "base/clock.h"

/*
 * {Type}/{id}/$seal, $unseal, $release: labels by hand on one entry (meta.security), each as a new
 * version. Labels that a version ever had go on ruling the versions before it.
 */

#define PARTY KITH_STRUCTURE "label-party"
#define BY KITH_STRUCTURE "label-by"
#define UNTIL KITH_STRUCTURE "label-until"
#define PARTIES "Organization Practitioner PractitionerRole CareTeam HealthcareService"

enum { HOLD_DAYS_MAX = 366, DAY_MS = 24 * 60 * 60 * 1000 };

struct entry {
    struct version version;
    yyjson_val *root;
    text name; /* "Observation/5" */
};

/* --- the entry
 * ------------------------------------------------------------------------------------ */

/* What the record and its rules themselves stand on. */
static bool is_sealable(fhir_type type)
{
    static const char *const never[] = {"Patient", "Consent", "AuditEvent", "RelatedPerson"};
    bool is = fhir_type_in_patient_compartment(type);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        is = is && !text_eq(fhir_type_name(type), text_of(never[i]));
    }
    return is;
}

static int read_entry(struct access *a, struct entry *x, struct err *e)
{
    const struct route *r = &a->call->route;
    uint64_t compartment;
    text patient = {0};
    int rc = access_read(a, r->type, r->id, &x->version, &x->root, e);
    if (rc) {
        return rc;
    }
    x->name =
        arena_printf(a->arena, "%.*s/%.*s", TEXT_ARG(fhir_type_name(r->type)), TEXT_ARG(r->id));
    if (!is_sealable(r->type) || policy_keeps(r->type, x->root) ||
        !store_patients_compartment(x->version.rid, &compartment) ||
        store_patient_of(a->view, compartment, &patient)) {
        return err_set(e, ERR_BUSINESS_RULE,
                       "%.*s is not an entry of a person's record that can be sealed or held back",
                       TEXT_ARG(fhir_type_name(r->type)));
    }
    return access_about(a, patient, e);
}

static bool is_label(const yyjson_val *coding, const char *code)
{
    return text_eq(json_text(json_get(coding, T("system"))), T(LABEL_SYSTEM_KITH)) &&
           text_eq(json_text(json_get(coding, T("code"))), text_of(code));
}

static bool is_seal(const yyjson_val *coding)
{
    return is_label(coding, "sealed") || is_label(coding, "sealed-and-locked");
}

static const yyjson_val *labels_of(const struct entry *x)
{
    return json_get(json_get(x->root, T("meta")), T("security"));
}

static bool has_label(const struct entry *x, bool (*is)(const yyjson_val *))
{
    const yyjson_val *list = labels_of(x);
    const yyjson_val *item = tree_first(list);
    bool has = false;
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        has = has || is(item);
    }
    return has;
}

/* The labels without those of a kind, and with one more (empty: none). */
static int relabel(struct access *a, struct entry *x, bool (*drop)(const yyjson_val *), text more,
                   text reason, struct err *e)
{
    struct buf out;
    const yyjson_val *list = labels_of(x);
    const yyjson_val *item = tree_first(list);
    text labels = {0};
    text meta = {0};
    struct access_write w = {.type = x->version.type, .id = x->version.id, .vid = x->version.vid};
    buf_init(&out, (size_t)a->call->rest->limits->resource_bytes);
    buf_addc(&out, '[');
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        if (!drop(item)) {
            put_comma(&out);
            json_write(item, &out);
        }
    }
    if (more.n) {
        put_comma(&out);
        buf_add(&out, more);
    }
    buf_addc(&out, ']');
    int rc = access_text(a, &out, &labels, e);
    const struct tree_change security = {"security", labels.n > 2 ? labels : (text){0}};
    rc = rc ? rc : tree_change(a, json_get(x->root, T("meta")), &security, 1, &meta, e);
    const struct tree_change changed = {"meta", meta};
    rc = rc ? rc : tree_change(a, x->root, &changed, 1, &w.json, e);
    w.event = EVENT_SEAL;
    w.reason = reason;
    rc = rc ? rc : access_commit(a, &w, 1, e);
    if (rc == ERR_PRECONDITION) {
        return err_set(e, ERR_CONFLICT, "somebody else has changed %.*s just now; do it again",
                       TEXT_ARG(x->name));
    }
    return rc;
}

static int answer(struct access *a, text words, struct err *e)
{
    struct buf out;
    buf_init(&out, 16 * 1024);
    access_params_open(&out);
    part_text(&out, "words", "String", words);
    access_params_close(&out);
    return operation_reply(a->call, &out, e);
}

/* --- seals
 * ------------------------------------------------------------------------------------------- */

/* A seal that the patient put on is the patient's to take off; another's is its party's, too. */
static bool may_break(const struct access *a, const yyjson_val *seal)
{
    const yyjson_val *by = tree_extension(seal, BY, "valueReference");
    const yyjson_val *list = json_get(seal, T("extension"));
    const yyjson_val *item = tree_first(list);
    bool is = a->self;
    if (text_starts(json_text(json_get(by, T("reference"))), T("Patient/"))) {
        return is;
    }
    for (size_t left = tree_items(list); !is && left; left--, item = json_after(item)) {
        text party = json_text(json_get(json_get(item, T("valueReference")), T("reference")));
        is = text_eq(json_text(json_get(item, T("url"))), T(PARTY)) && actor_is(a->actor, party);
    }
    return is;
}

static int may_break_all(const struct access *a, const struct entry *x, struct err *e)
{
    const yyjson_val *list = labels_of(x);
    const yyjson_val *item = tree_first(list);
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        if (is_seal(item) && !may_break(a, item)) {
            return err_set(e, ERR_FORBIDDEN,
                           "%.*s has been sealed by somebody else: only they, or the person "
                           "themself, can change that",
                           TEXT_ARG(x->name));
        }
    }
    return 0;
}

static int take_team(struct access *a, const struct access_input *in, text *ret_team, struct err *e)
{
    int rc = input_reference(a, in, "team", PARTIES, ret_team, e);
    if (rc || a->self) {
        return rc;
    }
    *ret_team = ret_team->n ? *ret_team : a->actor->organisation;
    return actor_is(a->actor, *ret_team)
               ? 0
               : err_set(e, ERR_FORBIDDEN,
                         "you can seal for a team or an organisation that you belong to; name it "
                         "with the parameter team");
}

static int print_seal(struct access *a, text level, text team, text *ret_json, struct err *e)
{
    struct buf out;
    text by = actor_reference(a->actor);
    buf_init(&out, 16 * 1024);
    buf_addc(&out, '{');
    if (team.n || by.n) {
        buf_add(&out, T("\"extension\":["));
        if (team.n) {
            buf_add(&out, T("{\"url\":\"" PARTY "\""));
            put_reference(&out, "valueReference", team, (text){0});
            buf_addc(&out, '}');
        }
        if (by.n) {
            put_comma(&out);
            buf_add(&out, T("{\"url\":\"" BY "\""));
            put_reference(&out, "valueReference", by, (text){0});
            buf_addc(&out, '}');
        }
        buf_addc(&out, ']');
    }
    put_text(&out, "system", T(LABEL_SYSTEM_KITH));
    put_text(&out, "code", level);
    put_text(&out, "display", text_eq(level, T("sealed")) ? T("sealed") : T("sealed and locked"));
    buf_addc(&out, '}');
    return access_text(a, &out, ret_json, e);
}

static int run_seal(struct access *a, struct err *e)
{
    static const char *const names[] = {"level", "team", NULL};
    struct access_input in;
    struct entry x = {0};
    text level = {0};
    text team = {0};
    text label = {0};
    int rc = read_entry(a, &x, e);
    rc = rc ? rc : access_allow(a, BY_SELF | BY_ACTIVITY | BY_CHANGING, ACTIVITY_SEAL, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_code(&in, "level", &level, e);
    if (!rc && !text_eq(level, T("sealed")) && !text_eq(level, T("sealed-and-locked"))) {
        rc = err_set(e, level.p ? ERR_CODE_INVALID : ERR_REQUIRED,
                     "say how: level, sealed or sealed-and-locked");
    }
    rc = rc ? rc : take_team(a, &in, &team, e);
    rc = rc ? rc : may_break_all(a, &x, e);
    rc = rc ? rc : print_seal(a, level, team, &label, e);
    rc = rc ? rc : relabel(a, &x, is_seal, label, level, e);
    return rc ? rc
              : answer(a,
                       text_eq(level, T("sealed"))
                           ? T("This entry is sealed now. Others are told that something is "
                               "withheld, and can open it in an emergency.")
                           : T("This entry is sealed and locked now. Others neither see it nor are "
                               "told that it is there."),
                       e);
}

int do_seal(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, (text){0}, &a, e);
    rc = rc ? rc : run_seal(&a, e);
    access_close(&a);
    return rc;
}

static int run_unseal(struct access *a, struct err *e)
{
    static const char *const names[] = {NULL};
    struct access_input in;
    struct entry x = {0};
    int rc = read_entry(a, &x, e);
    rc = rc ? rc : access_allow(a, BY_SELF | BY_ACTIVITY | BY_CHANGING, ACTIVITY_SEAL, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    if (!rc && !has_label(&x, is_seal)) {
        rc = err_set(e, ERR_BUSINESS_RULE, "%.*s is not sealed", TEXT_ARG(x.name));
    }
    rc = rc ? rc : may_break_all(a, &x, e);
    rc = rc ? rc : relabel(a, &x, is_seal, (text){0}, T("unsealed"), e);
    return rc ? rc : answer(a, T("This entry is not sealed any more."), e);
}

int do_unseal(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, (text){0}, &a, e);
    rc = rc ? rc : run_unseal(&a, e);
    access_close(&a);
    return rc;
}

/* --- delayed release
 * ---------------------------------------------------------------------------------- */

static bool is_held(const yyjson_val *coding)
{
    return is_label(coding, "held");
}

static int print_hold(struct access *a, const struct access_date *hold, text *ret_json,
                      struct err *e)
{
    struct buf out;
    buf_init(&out, 16 * 1024);
    buf_add(&out, T("{\"extension\":[{\"url\":\"" UNTIL "\""));
    put_text(&out, "valueDateTime", hold->as_written);
    buf_add(&out, T("}]"));
    put_text(&out, "system", T(LABEL_SYSTEM_KITH));
    put_text(&out, "code", T("held"));
    put_text(&out, "display", T("not released to the patient yet"));
    buf_addc(&out, '}');
    return access_text(a, &out, ret_json, e);
}

static int take_hold(struct access *a, struct access_date *hold, text *reason, struct err *e)
{
    static const char *const names[] = {"hold", "reason", NULL};
    struct access_input in;
    int rc = access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_date(&in, "hold", hold, e);
    rc = rc ? rc : input_words(&in, "reason", reason, e);
    if (rc || !hold->as_written.p) {
        return rc;
    }
    if (hold->from_ms <= a->now_ms) {
        return err_set(e, ERR_VALUE, "hold must be a time to come; leave it out to release now");
    }
    if (hold->from_ms > a->now_ms + HOLD_DAYS_MAX * (int64_t)DAY_MS) {
        return err_set(e, ERR_VALUE,
                       "an entry can be held back for %d days at most; choose an "
                       "earlier day",
                       HOLD_DAYS_MAX);
    }
    return reason->n ? 0
                     : err_set(e, ERR_REQUIRED,
                               "say why the person is to wait, with the parameter reason");
}

static int run_release(struct access *a, struct err *e)
{
    struct entry x = {0};
    struct access_date hold = {0};
    text reason = {0};
    text label = {0};
    int rc = read_entry(a, &x, e);
    rc = rc ? rc : access_allow(a, BY_ACTIVITY, ACTIVITY_WRITE_RECORD, e);
    if (!rc && !grant_writes(a->call->grant, &a->decision, a->sheet, x.version.type, x.version.rid,
                             false, MAY_UPDATE)) {
        rc = err_set(e, ERR_FORBIDDEN, "you may not change %.*s", TEXT_ARG(x.name));
    }
    rc = rc ? rc : take_hold(a, &hold, &reason, e);
    bool holds = hold.as_written.p != NULL;
    if (!rc && !holds && !has_label(&x, is_held)) {
        return err_set(e, ERR_BUSINESS_RULE, "%.*s is not held back", TEXT_ARG(x.name));
    }
    rc = rc || !holds ? rc : print_hold(a, &hold, &label, e);
    text said = holds ? arena_printf(a->arena, "held until %.*s: %.*s", TEXT_ARG(hold.as_written),
                                     TEXT_ARG(reason))
                      : T("released");
    rc = rc ? rc : relabel(a, &x, is_held, label, said, e);
    return rc ? rc
              : answer(a,
                       holds ? T("The person does not see this entry before that time. They are "
                                 "told that something is held back, and until when.")
                             : T("The person can see this entry now."),
                       e);
}

int do_release(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, (text){0}, &a, e);
    rc = rc ? rc : run_release(&a, e);
    access_close(&a);
    return rc;
}
