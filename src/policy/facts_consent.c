/*
 * What a Consent says. A refusal that is not understood in full counts without the limit that was
 * not understood, so that it refuses more; a permission that is not understood in full does not
 * count.
 */
#include "policy/actor.h"
#include "policy/facts_int.h"
#include "policy/label_rules.h"

#define URL "https://kith.care/fhir/StructureDefinition/"
#define KIND_SYSTEM "https://kith.care/fhir/CodeSystem/consent-kind"
#define FUNCTION_SYSTEM "https://kith.care/fhir/CodeSystem/proxy-function"
#define REASON_SYSTEM "http://terminology.hl7.org/CodeSystem/v3-ActReason"
#define PARTICIPATION_SYSTEM "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
#define SCOPE_SYSTEM_CONSENT "http://terminology.hl7.org/CodeSystem/consentscope"

enum consent_kind { KIND_SHARING, KIND_GRANT, KIND_OVERRIDE, KIND_CLAIM, KIND_PROXY, KIND_OTHER };
enum { NESTED_MOST = 2 };

/* What a provision limits itself to; a nested one keeps the limits of those around it. */
struct provision {
    int64_t from;
    int64_t until;
    uint32_t categories; /* 0: no limit */
    uint32_t purposes;   /* 0: no limit */
    const yyjson_val *actors;
    const yyjson_val *data;
    const yyjson_val *actions;
    bool understood;
    bool permit;
};

struct consent {
    struct facts_writer *w;
    struct err *e;
    enum consent_kind kind;
    uint8_t flags; /* CHOICE_FIRM, CHOICE_BY_SELF */
};

static bool is_true(const yyjson_val *v)
{
    return v && v->tag == (YYJSON_TYPE_BOOL | YYJSON_SUBTYPE_TRUE);
}

static enum consent_kind kind_of(const yyjson_val *root)
{
    static const char *const names[] = {"sharing", "grant", "override", "claim", "proxy"};
    text code;
    if (look_concept(json_get(root, T("category")), T(KIND_SYSTEM), &code)) {
        for (unsigned i = 0; i < KIND_OTHER; i++) {
            if (text_eq(code, text_of(names[i]))) {
                return (enum consent_kind)i;
            }
        }
    }
    return look_concept(json_get(root, T("scope")), T(SCOPE_SYSTEM_CONSENT), &code) &&
                   text_eq(code, T("patient-privacy"))
               ? KIND_SHARING
               : KIND_OTHER;
}

/* --- the limits of one provision -------------------------------------------------------------- */

static uint32_t categories_of(const yyjson_val *labels, bool *all_known)
{
    uint32_t categories = 0;
    struct look all = look_items(labels);
    for (const yyjson_val *c = look_next(&all); c; c = look_next(&all)) {
        text system = json_text(json_get(c, T("system")));
        uint32_t one = label_category(json_text(json_get(c, T("code"))));
        bool is_kith = one == LABEL_SOCIAL_CARE || one == LABEL_SAFEGUARDING;
        bool known = one && text_eq(system, is_kith ? T(LABEL_SYSTEM_KITH) : T(LABEL_SYSTEM_ACT));
        categories |= known ? one : 0;
        *all_known = *all_known && known;
    }
    return categories;
}

static uint32_t purposes_of(const yyjson_val *purposes, bool *all_known)
{
    uint32_t bits = 0;
    struct look all = look_items(purposes);
    for (const yyjson_val *c = look_next(&all); c; c = look_next(&all)) {
        enum purpose p = PURPOSE_TREAT;
        bool known = look_is(json_get(c, T("system")), T(REASON_SYSTEM)) &&
                     purpose_find(json_text(json_get(c, T("code"))), &p);
        bits |= known ? 1U << p : 0;
        *all_known = *all_known && known;
    }
    return bits;
}

static bool member_is_known(text name)
{
    static const char *const names[] = {
        "id",      "type",      "period",    "actor", "action", "data", "securityLabel",
        "purpose", "provision", "extension", NULL};
    for (size_t i = 0; names[i]; i++) {
        if (text_eq(name, text_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* A limit that several codes give: where the provision names some that are known and some that are
 * not, a permission is left with those that are known, and a refusal without limit. */
static bool limit(uint32_t *bits, const yyjson_val *value, uint32_t named, bool all_known,
                  bool permit)
{
    if (!value) {
        return true;
    }
    if (permit) {
        uint32_t both = *bits ? *bits & named : named;
        *bits = both;
        return both != 0;
    }
    if (all_known && named) {
        uint32_t both = *bits ? *bits & named : named;
        *bits = both ? both : named;
    }
    return true;
}

static void read_limits(const struct consent *c, const yyjson_val *v, struct provision *p)
{
    const yyjson_val *name = v + 1;
    for (size_t left = json_len(v); left; left--, name = json_after(name + 1)) {
        p->understood = p->understood && member_is_known(json_text(name));
    }
    int64_t from, until;
    if (look_period(json_get(v, T("period")), &from, &until)) {
        p->from = from > p->from ? from : p->from;
        p->until = until < p->until ? until : p->until;
    } else {
        p->understood = false;
    }
    bool known = true;
    const yyjson_val *labels = json_get(v, T("securityLabel"));
    uint32_t named = categories_of(labels, &known);
    p->understood = limit(&p->categories, labels, named, known, p->permit) && p->understood;
    known = true;
    const yyjson_val *purposes = json_get(v, T("purpose"));
    named = purposes_of(purposes, &known);
    p->understood = limit(&p->purposes, purposes, named, known, p->permit) && p->understood;
    p->actions = json_get(v, T("action"));
    p->understood = p->understood && (!p->actions || c->kind == KIND_PROXY);
}

/* --- choices ---------------------------------------------------------------------------------- */

static bool role_is_recipient(const yyjson_val *actor)
{
    text code;
    return look_concept(json_get(actor, T("role")), T(PARTICIPATION_SYSTEM), &code) &&
           (text_eq(code, T("IRCP")) || text_eq(code, T("PRCP")));
}

/* Names "Type/id" of data[]; false: something else limits it, or nothing that can be named. */
static bool instances_ok(const yyjson_val *data)
{
    struct look all = look_items(data);
    for (const yyjson_val *d = look_next(&all); d; d = look_next(&all)) {
        text name = look_party(json_get(d, T("reference")));
        if (!look_is(json_get(d, T("meaning")), T("instance")) || name.n == 0) {
            return false;
        }
    }
    return true;
}

static void add_choice(const struct consent *c, const struct provision *p, text party)
{
    bool of_entries = p->data && instances_ok(p->data);
    facts_add(c->w, &(struct fact){.kind = FACT_CHOICE,
                                   .flags = (uint8_t)(c->flags | (p->permit ? CHOICE_PERMIT : 0) |
                                                      (of_entries ? CHOICE_OF_ENTRIES : 0)),
                                   .from = p->from,
                                   .until = p->until,
                                   .categories = p->categories,
                                   .purposes = p->purposes,
                                   .name = party});
    struct look all = look_items(of_entries ? p->data : NULL);
    for (const yyjson_val *d = look_next(&all); d; d = look_next(&all)) {
        facts_add(c->w, &(struct fact){.kind = FACT_INSTANCE,
                                       .name = look_party(json_get(d, T("reference")))});
    }
}

static void add_choices(const struct consent *c, const struct provision *p)
{
    if (p->permit && (!p->understood || (p->data && !instances_ok(p->data)))) {
        return;
    }
    if (!p->actors) {
        add_choice(c, p, T(""));
        return;
    }
    struct look all = look_items(p->actors);
    for (const yyjson_val *actor = look_next(&all); actor; actor = look_next(&all)) {
        const yyjson_val *who = json_get(actor, T("reference"));
        text party = !role_is_recipient(actor) ? T("")
                     : p->permit               ? look_party(who)
                                               : look_refused(who);
        if (party.n || !p->permit) {
            add_choice(c, p, party);
        }
    }
}

static bool direction(const yyjson_val *v, bool otherwise)
{
    const yyjson_val *type = json_get(v, T("type"));
    return type ? look_is(type, T("permit")) : otherwise;
}

/* `around`: the provision that this one is in; NULL: none. */
static int take_provision(const struct consent *c, const yyjson_val *v,
                          const struct provision *around, bool permit, unsigned depth)
{
    if (depth > NESTED_MOST) {
        return err_at(c->e, ERR_NOT_SUPPORTED, T("Consent.provision.provision.provision.provision"),
                      "provisions are understood down to two levels below the first; write the "
                      "deeper ones as a Consent of their own");
    }
    struct provision p = {.from = INT64_MIN, .until = INT64_MAX, .understood = true};
    if (around) {
        p = *around;
    }
    p.permit = permit;
    /* An exception names others than what it is an exception of only in part: it then refuses
     * whom it names, and permits nobody. */
    const yyjson_val *actors = json_get(v, T("actor"));
    const yyjson_val *data = json_get(v, T("data"));
    if ((actors && p.actors) || (data && p.data)) {
        p.understood = false;
    }
    p.actors = actors ? actors : p.actors;
    p.data = data ? data : p.data;
    read_limits(c, v, &p);
    add_choices(c, &p);
    struct look all = look_items(json_get(v, T("provision")));
    for (const yyjson_val *n = look_next(&all); n; n = look_next(&all)) {
        int code = take_provision(c, n, &p, direction(n, false), depth + 1);
        if (code) {
            return code;
        }
    }
    return 0;
}

static int take_sharing(const struct consent *c, const yyjson_val *root)
{
    text rule;
    bool has_rule = look_concept(json_get(root, T("policyRule")), T(LABEL_SYSTEM_ACT), &rule);
    bool opt_in = has_rule && text_eq(rule, T("OPTIN"));
    bool opt_out = has_rule && text_eq(rule, T("OPTOUT"));
    const yyjson_val *v = json_get(root, T("provision"));
    struct provision base = {.from = INT64_MIN, .until = INT64_MAX, .understood = true};
    bool odd = json_get(root, T("modifierExtension")) || json_get(root, T("implicitRules"));
    if (!v) {
        base.permit = opt_in;
        base.understood = !odd;
        if (opt_in || opt_out) {
            add_choices(c, &base);
        }
        return 0;
    }
    bool permit = direction(v, opt_in);
    if (permit && opt_out) {
        /* A permission as exception of a refusal. */
        add_choices(c, &base);
    }
    base.understood = !odd;
    return take_provision(c, v, &base, permit, 0);
}

/* --- what opens a record, and proxies --------------------------------------------------------- */

static uint8_t functions_of(const yyjson_val *actions)
{
    static const struct {
        const char *code;
        uint8_t function;
    } rows[] = {{"view", PROXY_VIEW},
                {"book", PROXY_BOOK},
                {"order", PROXY_ORDER},
                {"message", PROXY_MESSAGE}};
    uint8_t functions = 0;
    struct look all = look_items(actions);
    for (const yyjson_val *a = look_next(&all); a; a = look_next(&all)) {
        struct look codings = look_items(json_get(a, T("coding")));
        for (const yyjson_val *k = look_next(&codings); k; k = look_next(&codings)) {
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                if (look_is(json_get(k, T("system")), T(FUNCTION_SYSTEM)) &&
                    look_is(json_get(k, T("code")), text_of(rows[i].code))) {
                    functions |= rows[i].function;
                }
            }
        }
    }
    return functions;
}

static bool basis_of(const yyjson_val *root, uint8_t *ret_basis)
{
    static const char *const names[BASIS_COUNT] = {"parent", "attorney", "deputy", "carer"};
    const yyjson_val *x = look_extension(root, T(URL "proxy-basis"), NULL);
    text basis = json_text(json_get(x, T("valueCode")));
    for (uint8_t i = 0; i < BASIS_COUNT; i++) {
        if (text_eq(basis, text_of(names[i]))) {
            *ret_basis = i;
            return true;
        }
    }
    return false;
}

static bool may_be_proxy(text party)
{
    return text_starts(party, T("RelatedPerson/")) || text_starts(party, T("Patient/"));
}

static void take_opening(const struct consent *c, const yyjson_val *root)
{
    const yyjson_val *v = json_get(root, T("provision"));
    struct provision p = {.from = INT64_MIN, .until = INT64_MAX, .understood = true};
    p.permit = direction(v, false);
    p.actors = json_get(v, T("actor"));
    if (v) {
        read_limits(c, v, &p);
    }
    size_t actors = p.actors ? json_len(p.actors) : 0;
    if (!p.permit || !p.understood || p.categories || p.purposes || json_get(v, T("data")) ||
        json_get(v, T("provision")) || json_get(root, T("modifierExtension")) ||
        json_get(root, T("implicitRules")) || (c->kind != KIND_GRANT && actors != 1)) {
        return;
    }
    struct fact f = {.kind = FACT_RELATION, .from = p.from, .until = p.until};
    f.detail = c->kind == KIND_GRANT ? RELATION_GRANT : RELATION_CLAIMED;
    if (c->kind == KIND_OVERRIDE) {
        f.kind = FACT_OVERRIDE;
        f.detail = 0;
        if (p.until == INT64_MAX) {
            return; /* an emergency ends */
        }
    } else if (c->kind == KIND_PROXY) {
        int64_t unused;
        f.kind = FACT_PROXY;
        f.detail = functions_of(p.actions);
        if (f.detail == 0 || !basis_of(root, &f.flags)) {
            return;
        }
        f.written = INT64_MIN;
        look_date(json_get(root, T("dateTime")), &f.written, &unused);
    }
    struct look all = look_items(p.actors);
    for (const yyjson_val *actor = look_next(&all); actor; actor = look_next(&all)) {
        f.name = look_party(json_get(actor, T("reference")));
        if (role_is_recipient(actor) && f.name.n &&
            (c->kind == KIND_PROXY) == may_be_proxy(f.name)) {
            facts_add(c->w, &f);
        }
    }
}

/* Written by the patient, and by nobody else. */
static bool by_self(const yyjson_val *root)
{
    text patient = look_party(json_get(root, T("patient")));
    struct look all = look_items(json_get(root, T("performer")));
    bool self = all.left != 0 && patient.n != 0;
    for (const yyjson_val *p = look_next(&all); p; p = look_next(&all)) {
        self = self && text_eq(look_party(p), patient);
    }
    return self;
}

int facts_take_consent(const yyjson_val *root, struct facts_writer *w, struct err *e)
{
    struct consent c = {.w = w, .e = e, .kind = kind_of(root)};
    if (!look_is(json_get(root, T("status")), T("active")) || c.kind == KIND_OTHER) {
        return 0;
    }
    const yyjson_val *firm = look_extension(root, T(URL "consent-firm"), NULL);
    c.flags = (uint8_t)((is_true(json_get(firm, T("valueBoolean"))) ? CHOICE_FIRM : 0) |
                        (by_self(root) ? CHOICE_BY_SELF : 0));
    if (c.kind == KIND_SHARING) {
        return take_sharing(&c, root);
    }
    take_opening(&c, root);
    return 0;
}
