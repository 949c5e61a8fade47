#include "rest/access.h"

/* Patient/{id}/$sharing, $sharing-end, $grant-access: "who can see my record". */

#define SHARES (1u << CONSENT_SHARING | 1u << CONSENT_GRANT)
enum { TYPE_BIT = 20, /* of a key: store/store.h */ CATEGORY_BITS = 16 };
#define DIRECTORY "Organization Practitioner PractitionerRole CareTeam HealthcareService"

/* --- what is told ------------------------------------------------------------------------------
 */

/* What a proxy may not see is not told of by the choices about it. */
static bool hidden_choice(const struct access *a, const struct consent *c)
{
    const yyjson_val *list = json_get(c->provision, T("securityLabel"));
    const yyjson_val *item = tree_first(list);
    bool hidden = false;
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        const struct access_category *about = access_category(json_text(json_get(item, T("code"))));
        hidden = hidden || (about && (about->label & a->decision.hidden));
    }
    return hidden && a->proxy;
}

static void print_codings(struct buf *out, const char *name, const yyjson_val *list)
{
    const yyjson_val *item = tree_first(list);
    for (size_t left = tree_items(list); left; left--, item = json_after(item)) {
        put_comma(out);
        buf_printf(out, "{\"name\":\"%s\",\"valueCoding\":", name);
        json_write(item, out);
        buf_addc(out, '}');
    }
}

static int print_parties(struct access *a, struct buf *out, const struct consent *c, struct err *e)
{
    size_t count = tree_items(json_get(c->provision, T("actor")));
    int rc = 0;
    for (size_t i = 0; !rc && i < count; i++) {
        text display;
        text name;
        text party = consent_party(c, i, &display);
        rc = access_name(a, party, display, &name, e);
        if (!rc && party.n) {
            part_reference(out, "party", party, name);
        }
    }
    return rc;
}

static int print_choice(struct access *a, struct buf *out, const struct consent *c, struct err *e)
{
    text words;
    int rc = consent_words(a, c, &words, e);
    if (rc) {
        return rc;
    }
    part_open(out, "choice");
    part_text(out, "id", "Id", c->version->id);
    part_flag(out, "permit", c->permit);
    part_flag(out, "firm", c->firm);
    rc = print_parties(a, out, c, e);
    print_codings(out, "category", json_get(c->provision, T("securityLabel")));
    print_codings(out, "purpose", json_get(c->provision, T("purpose")));
    part_time(out, "start", c->from_ms);
    part_time(out, "end", c->until_ms);
    part_text(out, "words", "String", words);
    part_close(out);
    return rc;
}

static int print_override(struct access *a, struct buf *out, const struct consent *c, struct err *e)
{
    text display;
    text name;
    text party = consent_party(c, 0, &display);
    int rc = access_name(a, party, display, &name, e);
    if (rc) {
        return rc;
    }
    text because = json_text(json_get(c->reason, T("display")));
    text words =
        arena_printf(a->arena, "%.*s opened %s record, which was closed to them%s%.*s%s%.*s",
                     TEXT_ARG(name), a->self ? "your" : "the", because.n ? ": " : "",
                     TEXT_ARG(because), c->words.n ? ". " : "", TEXT_ARG(c->words));
    part_open(out, "override");
    part_text(out, "id", "Id", c->version->id);
    part_reference(out, "party", party, name);
    if (c->reason) {
        print_codings(out, "reason", c->reason);
    }
    part_time(out, "start", c->from_ms);
    part_time(out, "end", c->until_ms);
    part_text(out, "words", "String", words);
    part_close(out);
    return 0;
}

static int print_consents(struct access *a, struct buf *out, enum consent_kind kind, struct err *e)
{
    struct consent *all;
    size_t count;
    int rc = consents_read(a, kind, &all, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        const struct consent *c = &all[i];
        if (!hidden_choice(a, c)) {
            rc = kind == CONSENT_OVERRIDE ? print_override(a, out, c, e)
                                          : print_choice(a, out, c, e);
        }
    }
    return rc;
}

/* Of entries without labels nothing is counted, so that a long record costs no more. A type of
 * which the scopes leave a part alone is left out. */
static bool is_counted(const struct access *a, uint64_t rid)
{
    const struct grant *g = a->call->grant;
    fhir_type type = (fhir_type)(rid >> TYPE_BIT & 0xff);
    size_t limits[2];
    (void)grant_only(g, type, MAY_READ, &limits[0]);
    (void)grant_only(g, type, MAY_SEARCH, &limits[1]);
    return !limits[0] && !limits[1] && grant_sees(g, &a->decision, a->sheet, type, rid, false);
}

static void print_categories(const struct access *a, struct buf *out)
{
    uint64_t counts[CATEGORY_BITS] = {0};
    uint64_t rid;
    for (size_t i = 0; (rid = sheet_marked(a->sheet, i)) != 0; i++) {
        uint32_t labels = is_counted(a, rid) ? sheet_labels(a->sheet, rid) : 0;
        for (unsigned bit = 0; bit < CATEGORY_BITS; bit++) {
            counts[bit] += labels >> bit & 1;
        }
    }
    for (const struct access_category *at = access_categories; at->code; at++) {
        unsigned bit = (unsigned)__builtin_ctz(at->label);
        if (a->proxy && (at->label & a->decision.hidden)) {
            continue;
        }
        part_open(out, "category");
        part_text(out, "code", "Code", text_of(at->code));
        part_text(out, "words", "String", text_of(at->words));
        part_count(out, "count", counts[bit]);
        part_close(out);
    }
}

/* Where else the record is kept, for the patient alone: that somebody has anything is private. */
static int print_elsewhere(const struct access *a, struct buf *out, struct err *e)
{
    const struct choice_feed *f = &a->call->rest->choices;
    struct elsewhere *all = NULL;
    size_t count = 0;
    int rc = f->elsewhere && a->self
                 ? f->elsewhere(f->context, a->patient, a->arena, &all, &count, e)
                 : 0;
    for (size_t i = 0; !rc && i < count; i++) {
        const struct elsewhere *x = &all[i];
        text words = arena_printf(
            a->arena, "%.*s %s%s", TEXT_ARG(x->name),
            x->since_ms ? "keeps a copy of your record, because you chose it"
                        : "has no copy that it may show",
            x->waiting ? "; it has not confirmed the latest change yet. Until it does, it may show "
                         "what it had for five minutes at most"
                       : "");
        part_open(out, "elsewhere");
        part_text(out, "ods", "Code", x->ods);
        part_text(out, "name", "String", x->name);
        if (x->since_ms) {
            part_time(out, "start", x->since_ms);
        }
        part_count(out, "waiting", x->waiting);
        if (x->waiting) {
            part_time(out, "waiting-since", x->waiting_since_ms);
        }
        part_text(out, "words", "String", words);
        part_close(out);
        rc = words.p ? 0 : access_no_memory(e);
    }
    return rc;
}

/* Somebody who was left out by what they have just written down sees no more of it. */
static int answer(struct access *a, struct err *e)
{
    struct buf out;
    struct err ignored = {0};
    bool sees =
        !access_allow(a, BY_SELF | BY_PROXY | BY_ACTIVITY, ACTIVITY_RECORD_CONSENT, &ignored);
    int rc = 0;
    buf_init(&out, (size_t)a->call->rest->limits->body_bytes);
    access_params_open(&out);
    if (sees) {
        rc = print_consents(a, &out, CONSENT_SHARING, e);
        rc = rc ? rc : relations_print(a, &out, e);
        rc = rc ? rc : print_consents(a, &out, CONSENT_OVERRIDE, e);
        print_categories(a, &out);
        rc = rc ? rc : print_elsewhere(a, &out, e);
    } else {
        part_text(&out, "words", "String",
                  T("This has been noted. You may not see the record any more."));
    }
    access_params_close(&out);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(a->call, &out, e);
}

/* --- choices ------------------------------------------------------------------------------------
 */

/* A name that nobody has would be a choice about nobody. */
static int party_exists(struct access *a, text party, struct err *e)
{
    size_t slash = text_find(party, '/');
    fhir_type type = fhir_type_of(text_first(party, slash));
    struct err ignored = {0};
    struct version v;
    bool directory =
        text_starts(party, T("Organization/")) || text_starts(party, T("Practitioner/")) ||
        text_starts(party, T("PractitionerRole/")) || text_starts(party, T("HealthcareService/"));
    if (!directory || !(grant_rights(a->call->grant, type) & MAY_READ)) {
        return 0;
    }
    int rc = store_read(a->view, type, text_from(party, slash + 1), a->arena, &v, &ignored);
    if (rc == ERR_NOT_FOUND || (!rc && v.deleted)) {
        return err_set(e, ERR_VALUE, "nobody here is %.*s; choose somebody from the list",
                       TEXT_ARG(text_short(party, 100)));
    }
    if (rc) {
        *e = ignored;
    }
    return rc;
}

static int take_choice(struct access *a, const struct access_input *in, struct consent_draft *d,
                       struct err *e)
{
    text code;
    struct access_date start;
    struct access_date end;
    enum purpose purpose;
    int rc = input_flag(in, "permit", false, &d->permit, e);
    if (!rc && !operation_parameter(in->items, in->count, "permit")) {
        rc = err_set(e, ERR_REQUIRED, "say whether they may see it: permit, true or false");
    }
    rc = rc ? rc : input_flag(in, "firm", false, &d->firm, e);
    if (!rc && d->firm && d->permit) {
        rc = err_set(e, ERR_VALUE,
                     "firm is for what is not to be seen in an emergency either: permit=false");
    }
    rc = rc ? rc
            : input_reference(a, in, "party", DIRECTORY " Patient RelatedPerson Device", &d->party,
                              e);
    rc = rc || !d->party.n ? rc : party_exists(a, d->party, e);
    rc = rc ? rc : input_code(in, "category", &code, e);
    if (!rc && code.p) {
        d->category = access_category(code);
        rc = d->category ? 0
                         : err_set(e, ERR_CODE_INVALID,
                                   "category must be one of MH, SEX, HIV, SUD, VIO, GDIS, "
                                   "social-care and safeguarding; it is '%.*s'",
                                   TEXT_ARG(text_short(code, 60)));
    }
    rc = rc ? rc : input_code(in, "purpose", &d->purpose, e);
    if (!rc && d->purpose.p && !purpose_find(d->purpose, &purpose)) {
        rc = err_set(e, ERR_CODE_INVALID,
                     "purpose must be a code such as TREAT, ETREAT, HOPERAT or HRESCH; it is "
                     "'%.*s'",
                     TEXT_ARG(text_short(d->purpose, 60)));
    }
    rc = rc ? rc : input_period(a, in, &start, &end, e);
    if (!rc) {
        d->start = start.as_written;
        d->end = end.as_written;
    }
    return rc;
}

static int write_draft(struct access *a, struct consent_draft *d, struct err *e)
{
    struct access_write w = {
        .type = fhir_type_of(T("Consent")), .id = access_id(a), .event = EVENT_CONSENT};
    d->performer = arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient));
    int rc = w.id.p && d->performer.p ? 0 : access_no_memory(e);
    rc = rc || !d->party.n ? rc : access_name(a, d->party, (text){0}, &d->party_display, e);
    rc = rc ? rc : consent_print(a, w.id, d, &w.json, e);
    rc = rc ? rc : consent_by_another(a, NULL, w.json, e);
    rc = rc ? rc : access_commit(a, &w, 1, e);
    return rc ? rc : access_again(a, e);
}

static int choose(struct access *a, struct err *e)
{
    static const char *const names[] = {"permit", "party", "category", "purpose",
                                        "firm",   "start", "end",      NULL};
    struct access_input in;
    struct consent_draft d = {.kind = CONSENT_SHARING};
    int rc = access_allow(a, BY_SELF | BY_ACTIVITY | BY_CHANGING, ACTIVITY_RECORD_CONSENT, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : take_choice(a, &in, &d, e);
    return rc ? rc : write_draft(a, &d, e);
}

static int show(struct access *a, struct err *e)
{
    static const char *const names[] = {NULL};
    struct access_input in;
    int rc = access_allow(a, BY_SELF | BY_PROXY | BY_ACTIVITY, ACTIVITY_RECORD_CONSENT, e);
    return rc ? rc : access_input(a->call, names, NULL, &in, e);
}

int do_sharing(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : c->method == HTTP_POST ? choose(&a, e) : show(&a, e);
    rc = rc ? rc : answer(&a, e);
    access_close(&a);
    return rc;
}

/* --- ends ---------------------------------------------------------------------------------------
 */

static int end_one(struct access *a, struct err *e)
{
    static const char *const names[] = {"id", NULL};
    struct access_input in;
    struct access_write w = {0};
    struct consent c;
    text id = {0};
    int rc = access_allow(a, BY_SELF | BY_ACTIVITY | BY_CHANGING, ACTIVITY_RECORD_CONSENT, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_code(&in, "id", &id, e);
    for (int i = 0; !rc; i++) {
        rc = consent_end(a, id, SHARES, &w, &c, e);
        rc = rc ? rc : consent_by_another(a, c.root, w.json, e);
        w.event = EVENT_CONSENT;
        w.reason = T("ended");
        int written = rc ? rc : access_commit(a, &w, 1, e);
        rc = written;
        if (!access_retry(written, i)) {
            break;
        }
        rc = access_again(a, e);
    }
    return rc ? rc : access_again(a, e);
}

int do_sharing_end(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : end_one(&a, e);
    rc = rc ? rc : answer(&a, e);
    access_close(&a);
    return rc;
}

/* --- a relationship by the patient's word --------------------------------------------------------
 */

static int grant_one(struct access *a, struct err *e)
{
    static const char *const names[] = {"party", "start", "end", NULL};
    struct access_input in;
    struct access_date start = {0};
    struct access_date end = {0};
    struct consent_draft d = {.kind = CONSENT_GRANT, .permit = true};
    int rc = access_allow(a, BY_SELF | BY_ACTIVITY | BY_CHANGING, ACTIVITY_RECORD_CONSENT, e);
    rc = rc ? rc : access_input(a->call, names, NULL, &in, e);
    rc = rc ? rc : input_reference(a, &in, "party", DIRECTORY, &d.party, e);
    if (!rc && !d.party.n) {
        rc = err_set(e, ERR_REQUIRED, "say who may see the record, with the parameter party");
    }
    rc = rc ? rc : party_exists(a, d.party, e);
    rc = rc ? rc : input_period(a, &in, &start, &end, e);
    d.start = start.as_written;
    d.end = end.as_written;
    return rc ? rc : write_draft(a, &d, e);
}

int do_grant_access(struct call *c, struct err *e)
{
    struct access a;
    int rc = access_open(c, c->route.id, &a, e);
    rc = rc ? rc : grant_one(&a, e);
    rc = rc ? rc : answer(&a, e);
    access_close(&a);
    return rc;
}
