#include "rest/access.h"

#include "base/clock.h"
#include "fhir/reference.h"
#include "rest/write.h"

#include <stdlib.h>

/* Consents: the stored form of what a patient chooses, and of what opens a record. */

#define KIND_SYSTEM KITH_SYSTEM "consent-kind"
#define FIRM KITH_STRUCTURE "consent-firm"
#define REASON KITH_STRUCTURE "consent-reason"
#define BASIS KITH_STRUCTURE "proxy-basis"

static const char *const kinds[] = {"sharing", "grant", "override", "claim", "proxy"};

/* --- reading --------------------------------------------------------------------------------- */

/* The code of the first coding of a system in a list of CodeableConcepts. */
static text code_in(const yyjson_val *concepts, text system)
{
    const yyjson_val *concept = tree_first(concepts);
    for (size_t left = tree_items(concepts); left; left--, concept = json_after(concept)) {
        const yyjson_val *codings = json_get(concept, T("coding"));
        const yyjson_val *coding = tree_first(codings);
        for (size_t n = tree_items(codings); n; n--, coding = json_after(coding)) {
            if (text_eq(json_text(json_get(coding, T("system"))), system)) {
                return json_text(json_get(coding, T("code")));
            }
        }
    }
    return (text){0};
}

static enum consent_kind kind_of(const yyjson_val *root)
{
    text code = code_in(json_get(root, T("category")), T(KIND_SYSTEM));
    size_t i = 0;
    while (i < sizeof kinds / sizeof *kinds && !text_eq(code, text_of(kinds[i]))) {
        i++;
    }
    return i < sizeof kinds / sizeof *kinds ? (enum consent_kind)i : CONSENT_SHARING;
}

static bool has_kind(const yyjson_val *root, const char *kind)
{
    const yyjson_val *concepts = json_get(root, T("category"));
    const yyjson_val *concept = tree_first(concepts);
    for (size_t left = tree_items(concepts); left; left--, concept = json_after(concept)) {
        const yyjson_val *codings = json_get(concept, T("coding"));
        const yyjson_val *coding = tree_first(codings);
        for (size_t n = tree_items(codings); n; n--, coding = json_after(coding)) {
            if (text_eq(json_text(json_get(coding, T("system"))), T(KIND_SYSTEM)) &&
                text_eq(json_text(json_get(coding, T("code"))), text_of(kind))) {
                return true;
            }
        }
    }
    return false;
}

int consent_check(const struct call *c, const struct resource *r, struct err *e)
{
    static const struct {
        const char *kind;
        const char *operation;
    } made[] = {{"override", "$open"}, {"claim", "$claim"}, {"proxy", "$proxies"}};
    if (r->type != fhir_type_of(T("Consent")) || grant_trusted(c->grant)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        if (has_kind(r->root, made[i].kind)) {
            return err_at(e, ERR_FORBIDDEN, T("Consent.category"),
                          "a Consent of kind '%s' is made by POST Patient/[id]/%s, which sees to "
                          "what belongs to it",
                          made[i].kind, made[i].operation);
        }
    }
    return 0;
}

static void read_period(const yyjson_val *period, struct consent *c)
{
    int64_t start;
    int64_t end;
    c->from_ms = INT64_MIN;
    c->until_ms = INT64_MAX;
    if (index_date(json_text(json_get(period, T("start"))), &start, &end)) {
        c->from_ms = index_ms_to_1970(start);
    }
    if (index_date(json_text(json_get(period, T("end"))), &start, &end)) {
        c->until_ms = index_ms_to_1970(end);
    }
}

int consent_read(struct access *a, const struct version *v, struct consent *ret_consent,
                 struct err *e)
{
    yyjson_val *root;
    int rc = version_tree(v, a->call->rest->limits, a->arena, &root, e);
    if (rc) {
        return rc;
    }
    const yyjson_val *provision = json_get(root, T("provision"));
    const yyjson_val *reason = tree_extension(root, REASON, "valueCodeableConcept");
    struct consent c = {.kind = kind_of(root),
                        .version = v,
                        .root = root,
                        .provision = provision,
                        .active = text_eq(json_text(json_get(root, T("status"))), T("active")),
                        .firm = tree_true(tree_extension(root, FIRM, "valueBoolean")),
                        .has_exceptions = tree_items(json_get(provision, T("provision"))) > 0,
                        .basis = json_text(tree_extension(root, BASIS, "valueCode")),
                        .reason = tree_first(json_get(reason, T("coding"))),
                        .words = json_text(json_get(reason, T("text")))};
    text type = json_text(json_get(provision, T("type")));
    text rule = code_in(json_get(root, T("policyRule")),
                        T("http://terminology.hl7.org/CodeSystem/v3-ActCode"));
    c.permit = type.n ? text_eq(type, T("permit")) : text_eq(rule, T("OPTIN"));
    read_period(json_get(provision, T("period")), &c);
    *ret_consent = c;
    return 0;
}

void consent_queries(struct access *a, text ret_queries[CONSENT_QUERIES])
{
    char now[CLOCK_INSTANT_SIZE];
    clock_instant(a->now_ms, now);
    ret_queries[0] = T("status=active&period:missing=true");
    ret_queries[1] = arena_printf(a->arena, "status=active&period=ge%s", now);
}

static int by_rid(const void *x, const void *y)
{
    const struct consent *a = x;
    const struct consent *b = y;
    return a->version->rid < b->version->rid ? -1 : a->version->rid > b->version->rid;
}

int consents_read(struct access *a, enum consent_kind kind, struct consent **ret_consents,
                  size_t *ret_count, struct err *e)
{
    struct versions found[CONSENT_QUERIES] = {0};
    text queries[CONSENT_QUERIES] = {T("status=active&category=" KIND_SYSTEM "|override")};
    size_t query_count = 1;
    size_t count = 0;
    size_t n = 0;
    int rc = 0;
    if (kind != CONSENT_OVERRIDE) {
        consent_queries(a, queries);
        query_count = CONSENT_QUERIES;
    }
    for (size_t i = 0; !rc && i < query_count; i++) {
        rc = !queries[i].p ? access_no_memory(e)
                           : access_find(a, fhir_type_of(T("Consent")), queries[i], &found[i], e);
        count += found[i].count;
    }
    struct consent *all = rc ? NULL : arena_zalloc(a->arena, count + 1, sizeof *all);
    if (!rc && !all) {
        rc = access_no_memory(e);
    }
    for (size_t i = 0; !rc && i < query_count; i++) {
        for (size_t k = 0; !rc && k < found[i].count; k++) {
            rc = consent_read(a, &found[i].items[k], &all[n], e);
            bool wanted = !rc && all[n].active && all[n].kind == kind &&
                          (kind == CONSENT_OVERRIDE || all[n].until_ms > a->now_ms);
            n += wanted;
        }
    }
    if (!rc && n) {
        qsort(all, n, sizeof *all, by_rid);
    }
    *ret_consents = all;
    *ret_count = n;
    return rc;
}

text consent_party(const struct consent *c, size_t at, text *ret_display)
{
    const yyjson_val *list = json_get(c->provision, T("actor"));
    const yyjson_val *item = tree_first(list);
    *ret_display = (text){0};
    for (size_t i = 0; i < tree_items(list); i++, item = json_after(item)) {
        if (i == at) {
            const yyjson_val *reference = json_get(item, T("reference"));
            *ret_display = json_text(json_get(reference, T("display")));
            return json_text(json_get(reference, T("reference")));
        }
    }
    return (text){0};
}

/* --- writing --------------------------------------------------------------------------------- */

static void put_coding(struct buf *out, const char *system, text code, const char *display)
{
    buf_add(out, T("{\"coding\":[{"));
    put_text(out, "system", text_of(system));
    put_text(out, "code", code);
    put_text(out, "display", text_of(display));
    buf_add(out, T("}]}"));
}

static void put_extensions(const struct consent_draft *d, struct buf *out)
{
    if (!d->firm && !d->reason && !d->basis.n) {
        return;
    }
    put_comma(out);
    buf_add(out, T("\"extension\":["));
    if (d->firm) {
        buf_add(out, T("{\"url\":\"" FIRM "\",\"valueBoolean\":true}"));
    }
    if (d->reason) {
        put_comma(out);
        buf_add(out, T("{\"url\":\"" REASON "\",\"valueCodeableConcept\":{\"coding\":[{"));
        put_text(out, "system", T(KITH_SYSTEM "access-reason"));
        put_text(out, "code", d->reason->code);
        put_text(out, "display", text_of(d->reason->display));
        buf_add(out, T("}]"));
        put_text(out, "text", d->reason->words);
        buf_add(out, T("}}"));
    }
    if (d->basis.n) {
        put_comma(out);
        buf_add(out, T("{\"url\":\"" BASIS "\""));
        put_text(out, "valueCode", d->basis);
        buf_addc(out, '}');
    }
    buf_addc(out, ']');
}

static void put_provision(const struct consent_draft *d, struct buf *out)
{
    put_comma(out);
    buf_printf(out, "\"provision\":{\"type\":\"%s\"", d->permit ? "permit" : "deny");
    if (d->start.n || d->end.n) {
        put_comma(out);
        buf_add(out, T("\"period\":{"));
        put_text(out, "start", d->start);
        put_text(out, "end", d->end);
        buf_addc(out, '}');
    }
    if (d->party.n) {
        buf_add(out, T(",\"actor\":[{\"role\":"));
        put_coding(out, "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", T("IRCP"),
                   "information recipient");
        put_reference(out, "reference", d->party, d->party_display);
        buf_add(out, T("}]"));
    }
    for (size_t i = 0; i < d->function_count; i++) {
        buf_add(out, i ? T(",") : T(",\"action\":["));
        put_coding(out, KITH_SYSTEM "proxy-function", d->functions[i], "");
        buf_add(out, i + 1 == d->function_count ? T("]") : T(""));
    }
    if (d->category) {
        buf_add(out, T(",\"securityLabel\":[{"));
        put_text(out, "system", text_of(d->category->system));
        put_text(out, "code", text_of(d->category->code));
        put_text(out, "display", text_of(d->category->words));
        buf_add(out, T("}]"));
    }
    if (d->purpose.n) {
        buf_add(out, T(",\"purpose\":[{\"system\":"
                       "\"http://terminology.hl7.org/CodeSystem/v3-ActReason\""));
        put_text(out, "code", d->purpose);
        buf_add(out, T("}]"));
    }
    buf_addc(out, '}');
}

int consent_print(struct access *a, text id, const struct consent_draft *d, text *ret_json,
                  struct err *e)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    buf_add(&out, T("{\"resourceType\":\"Consent\""));
    put_text(&out, "id", id);
    put_extensions(d, &out);
    buf_add(&out, T(",\"status\":\"active\",\"scope\":"));
    put_coding(&out, "http://terminology.hl7.org/CodeSystem/consentscope", T("patient-privacy"),
               "Privacy Consent");
    buf_add(&out, T(",\"category\":["));
    put_coding(&out, KIND_SYSTEM, text_of(kinds[d->kind]), "");
    buf_addc(&out, ']');
    put_reference(&out, "patient", arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient)),
                  (text){0});
    access_put_time(&out, "dateTime", a->now_ms);
    if (d->performer.n) {
        buf_add(&out, T(",\"performer\":[{"));
        put_text(&out, "reference", d->performer);
        buf_add(&out, T("}]"));
    }
    if (text_starts(a->actor->organisation, T("Organization/"))) {
        buf_add(&out, T(",\"organization\":[{"));
        put_text(&out, "reference", a->actor->organisation);
        put_text(&out, "display", a->actor->organisation_name);
        buf_add(&out, T("}]"));
    }
    buf_add(&out, T(",\"policyRule\":"));
    put_coding(&out, "http://terminology.hl7.org/CodeSystem/v3-ActCode",
               d->permit ? T("OPTIN") : T("OPTOUT"), d->permit ? "opt-in" : "opt-out");
    put_provision(d, &out);
    buf_addc(&out, '}');
    return access_text(a, &out, ret_json, e);
}

int consent_end(struct access *a, text id, unsigned consent_kinds, struct access_write *ret_write,
                struct consent *ret_consent, struct err *e)
{
    static const struct tree_change ended = {"status", {"\"inactive\"", 10}};
    struct version v = {0};
    yyjson_val *root;
    struct consent c = {0};
    text about = arena_printf(a->arena, "Patient/%.*s", TEXT_ARG(a->patient));
    if (!reference_id_ok(id)) {
        return err_set(e, ERR_REQUIRED, "say which one is to end, with its id in the parameter id");
    }
    int rc = access_read(a, fhir_type_of(T("Consent")), id, &v, &root, e);
    struct version *kept = arena_alloc(a->arena, sizeof *kept);
    if (!kept) {
        return access_no_memory(e);
    }
    *kept = v;
    rc = rc ? rc : consent_read(a, kept, &c, e);
    if (!rc &&
        (!(consent_kinds & 1u << c.kind) ||
         !text_eq(json_text(json_get(json_get(c.root, T("patient")), T("reference"))), about))) {
        rc = err_set(e, ERR_NOT_FOUND, "there is no Consent/%.*s of this kind for this person",
                     TEXT_ARG(id));
    }
    if (!rc && !c.active) {
        rc = err_set(e, ERR_BUSINESS_RULE, "this has ended already");
    }
    *ret_write = (struct access_write){.type = v.type, .id = v.id, .vid = v.vid};
    *ret_consent = c;
    return rc ? rc : tree_change(a, c.root, &ended, 1, &ret_write->json, e);
}

int consent_by_another(struct access *a, const yyjson_val *before, text after, struct err *e)
{
    fhir_type type = fhir_type_of(T("Consent"));
    yyjson_val *root = NULL;
    text was = {0};
    text is = {0};
    if (a->self) {
        return 0;
    }
    int rc = json_read(after, (size_t)a->call->rest->limits->json_depth, a->arena, &root, e);
    rc = rc ? rc : policy_facts(type, root, NULL, a->arena, &is, e);
    /* policy_facts() changes nothing; it takes what the parser made. */
    rc = rc || !before
             ? rc
             : policy_facts(type, (yyjson_val *)(uintptr_t)before, NULL, a->arena, &was, e);
    if (!rc && !grant_notes(a->call->grant, &a->decision, was, is)) {
        rc = err_set(e, ERR_FORBIDDEN,
                     "this is about your own access, so you cannot write it down; ask a colleague "
                     "whom it is not about, or let the patient do it in their own record");
    }
    return rc;
}

/* --- words ----------------------------------------------------------------------------------- */

/* "A, B and C" grows from the left. */
static void list_word(struct buf *out, size_t at, size_t count, text word)
{
    buf_add(out, at == 0 ? T("") : at + 1 == count ? T(" and ") : T(", "));
    buf_add(out, word);
}

static int party_words(struct access *a, const struct consent *c, struct buf *out, struct err *e)
{
    size_t count = tree_items(json_get(c->provision, T("actor")));
    if (count == 0) {
        buf_add(out, c->permit ? T("Everybody who looks after ") : T("Nobody who looks after "));
        buf_add(out, a->self ? T("you") : T("this person"));
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        text display;
        text name;
        text party = consent_party(c, i, &display);
        int rc = access_name(a, party, display, &name, e);
        if (rc) {
            return rc;
        }
        list_word(out, i, count, name);
    }
    return 0;
}

static void category_words(const struct consent *c, struct buf *out)
{
    const yyjson_val *list = json_get(c->provision, T("securityLabel"));
    const yyjson_val *item = tree_first(list);
    size_t count = tree_items(list);
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        text code = json_text(json_get(item, T("code")));
        text display = json_text(json_get(item, T("display")));
        const struct access_category *category = access_category(code);
        list_word(out, i, count, category ? text_of(category->words) : display.n ? display : code);
    }
}

static void purpose_list(const struct consent *c, struct buf *out)
{
    const yyjson_val *list = json_get(c->provision, T("purpose"));
    const yyjson_val *item = tree_first(list);
    size_t count = tree_items(list);
    if (count) {
        buf_add(out, T(", for "));
    }
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        enum purpose purpose;
        text code = json_text(json_get(item, T("code")));
        list_word(out, i, count,
                  purpose_find(code, &purpose) ? text_of(purpose_words(purpose)) : code);
    }
}

static void day_words(struct buf *out, const char *before, int64_t ms)
{
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    int year;
    int month;
    int day;
    if (ms != INT64_MIN && ms != INT64_MAX) {
        int64_t days = ms / 86400000 - (ms % 86400000 < 0);
        clock_civil(days, &year, &month, &day);
        buf_printf(out, "%s%d %s %d", before, day, months[month - 1], year);
    }
}

int consent_words(struct access *a, const struct consent *c, text *ret_words, struct err *e)
{
    struct buf out;
    bool nobody = !c->permit && tree_items(json_get(c->provision, T("actor"))) == 0;
    buf_init(&out, 16 * 1024);
    int rc = party_words(a, c, &out, e);
    buf_add(&out, c->permit || nobody ? T(" may see ") : T(" may not see "));
    if (tree_items(json_get(c->provision, T("data")))) {
        buf_add(&out, T("some entries of "));
    }
    buf_add(&out, a->self ? T("your record") : T("the record"));
    if (tree_items(json_get(c->provision, T("securityLabel")))) {
        buf_add(&out, T(" as far as it is about "));
        category_words(c, &out);
    }
    purpose_list(c, &out);
    day_words(&out, ", from ", c->from_ms);
    day_words(&out, ", until ", c->until_ms == INT64_MAX ? INT64_MAX : c->until_ms - 1);
    buf_add(&out, c->firm ? T(". This holds in an emergency, too") : T(""));
    buf_add(&out, c->has_exceptions ? T(". There are exceptions to this") : T(""));
    buf_addc(&out, '.');
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return access_text(a, &out, ret_words, e);
}
