#include "fhir/match.h"

#include "base/pace.h"
#include "fhir/reference.h"
#include "rest/operation.h"
#include "rest/patch.h"
#include "rest/write.h"

#include <stdlib.h>

/*
 * Patient/$match (R4 patient-operation-match.html). Candidates are those who share something that
 * few people share: the NHS number, the birth date (also with day and month changed round), the
 * whole name, a telephone number or e-mail address, a postcode and the beginning of a name. Each is
 * then compared in full (fhir/match.h).
 */

enum { A_BLOCK_MOST = 500, CANDIDATES_MOST = 2000, COUNT_DEFAULT = 20, VALUES_MOST = 8 };

struct candidate {
    struct version version;
    yyjson_val *root;
    struct match match;
};

struct matching {
    struct call *call;
    const yyjson_val *asked;
    struct store_view *view;
    struct candidate *items;
    size_t count;
    size_t capacity;
    bool certain_only;
    size_t most;
    text passed_over; /* things that too many people share */
};

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* --- candidates ----------------------------------------------------------------------------- */

static bool is_known(const struct matching *m, const struct version *v)
{
    for (size_t i = 0; i < m->count; i++) {
        if (text_eq(m->items[i].version.id, v->id)) {
            return true;
        }
    }
    return false;
}

static int add(struct matching *m, const struct version *v, struct err *e)
{
    struct call *c = m->call;
    if (is_known(m, v) || m->count == CANDIDATES_MOST) {
        return 0;
    }
    struct candidate *items = arena_grow(c->arena, m->items, m->count, &m->capacity, sizeof *items);
    if (!items) {
        return no_memory(e);
    }
    m->items = items;
    struct candidate *to = &items[m->count];
    *to = (struct candidate){.version = *v};
    int rc = version_tree(v, c->rest->limits, c->arena, &to->root, e);
    m->count += rc == 0;
    return rc;
}

/* Those who answer to all of the pairs. Too many: what they share says nothing about who they are.
 */
static int look_for(struct matching *m, const struct search_pair *pairs, size_t count,
                    const char *shared, struct err *e)
{
    struct call *c = m->call;
    struct plan plan = {0};
    struct versions found = {0};
    struct index_rules rules = call_rules(c);
    struct search_question q = {.types = &FHIR_PATIENT,
                                .type_count = 1,
                                .pairs = pairs,
                                .count = count,
                                .rules = &rules,
                                .limits = c->rest->limits};
    int rc = search_parse_criteria(&q, c->arena, &plan, e);
    rc = rc ? rc
            : store_search(m->view, &plan, A_BLOCK_MOST + 1, (text){0}, c->arena, &found, NULL,
                           NULL, e);
    if (!rc && found.count > A_BLOCK_MOST) {
        m->passed_over = arena_printf(c->arena, "%.*s%s%s", TEXT_ARG(m->passed_over),
                                      m->passed_over.n ? ", " : "", shared);
        return m->passed_over.p ? 0 : no_memory(e);
    }
    for (size_t i = 0; !rc && i < found.count; i++) {
        pace_give_way();
        rc = add(m, &found.items[i], e);
    }
    return rc;
}

/* One value of the asked patient as a pair; an empty value gives none. */
static bool pair_of(const struct matching *m, struct search_pair *pair, text name, text value)
{
    *pair = (struct search_pair){name, search_escape(value, m->call->arena)};
    return value.n && pair->value.p;
}

static const yyjson_val *item_of(const yyjson_val *object, text name, size_t at)
{
    const yyjson_val *array = json_get(object, name);
    if (json_type(array) != YYJSON_TYPE_ARR || at >= json_len(array)) {
        return NULL;
    }
    const yyjson_val *item = array + 1;
    for (; at; at--) {
        item = json_after(item);
    }
    return item;
}

static int by_numbers(struct matching *m, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < VALUES_MOST; i++) {
        const yyjson_val *identifier = item_of(m->asked, T("identifier"), i);
        text system = search_escape(json_text(json_get(identifier, T("system"))), m->call->arena);
        text value = search_escape(json_text(json_get(identifier, T("value"))), m->call->arena);
        if (!value.n) {
            continue;
        }
        struct search_pair pair = {
            T("identifier"),
            system.n ? arena_printf(m->call->arena, "%.*s|%.*s", TEXT_ARG(system), TEXT_ARG(value))
                     : value};
        rc = pair.value.p ? look_for(m, &pair, 1, "an identifier", e) : no_memory(e);
    }
    return rc;
}

static int by_birth(struct matching *m, struct err *e)
{
    struct search_pair pairs[2];
    text date = json_text(json_get(m->asked, T("birthDate")));
    text family = json_text(json_get(item_of(m->asked, T("name"), 0), T("family")));
    if (date.n != 10) {
        return 0;
    }
    char swapped[11];
    memcpy(swapped, date.p, 5);
    memcpy(swapped + 5, date.p + 8, 2);
    swapped[7] = '-';
    memcpy(swapped + 8, date.p + 5, 2);
    swapped[10] = '\0';
    int rc = pair_of(m, &pairs[0], T("birthdate"), date)
                 ? look_for(m, pairs, 1, "the birth date", e)
                 : 0;
    bool is_date = memcmp(swapped + 5, "12", 2) <= 0 && !text_eq(text_of(swapped), date);
    if (!rc && is_date && pair_of(m, &pairs[0], T("birthdate"), text_of(swapped)) &&
        pair_of(m, &pairs[1], T("family"), family)) {
        rc = look_for(m, pairs, 2, "the name", e);
    }
    return rc;
}

static int by_names(struct matching *m, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < VALUES_MOST; i++) {
        struct search_pair pairs[3];
        const yyjson_val *name = item_of(m->asked, T("name"), i);
        text family = json_text(json_get(name, T("family")));
        text given = json_text(item_of(name, T("given"), 0));
        text postcode = json_text(json_get(item_of(m->asked, T("address"), 0), T("postalCode")));
        if (pair_of(m, &pairs[0], T("family"), family) &&
            pair_of(m, &pairs[1], T("given"), given)) {
            rc = look_for(m, pairs, 2, "the name", e);
        }
        if (!rc && given.n && pair_of(m, &pairs[0], T("address-postalcode"), postcode) &&
            pair_of(m, &pairs[1], T("name"), text_first(given, 1))) {
            rc = look_for(m, pairs, 2, "the postcode", e);
        }
    }
    return rc;
}

static int by_contacts(struct matching *m, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < VALUES_MOST; i++) {
        struct search_pair pair;
        text value = json_text(json_get(item_of(m->asked, T("telecom"), i), T("value")));
        if (pair_of(m, &pair, T("telecom"), value)) {
            rc = look_for(m, &pair, 1, "a telephone number or e-mail address", e);
        }
    }
    return rc;
}

/* --- the answer ----------------------------------------------------------------------------- */

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->match.score != y->match.score) {
        return x->match.score < y->match.score ? 1 : -1;
    }
    return text_cmp(x->version.id, y->version.id);
}

static int compare(struct matching *m, struct err *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        struct candidate *one = &m->items[i];
        pace_give_way();
        if (match_patients(m->asked, one->root, m->call->arena, &one->match)) {
            return no_memory(e);
        }
        enum match_grade least = m->certain_only ? MATCH_CERTAIN : MATCH_POSSIBLE;
        if (one->match.grade >= least) {
            m->items[kept++] = *one;
        }
    }
    m->count = kept;
    if (kept) {
        qsort(m->items, kept, sizeof *m->items, by_score);
    }
    /* Two who are both certain cannot both be: then neither is, and a person has to look. */
    if (m->certain_only && kept > 1) {
        m->count = 0;
    }
    m->count = m->count < m->most ? m->count : m->most;
    return 0;
}

static int print_candidate(const struct matching *m, const struct candidate *one, size_t at,
                           struct buf *out, struct err *e)
{
    struct call *c = m->call;
    buf_printf(out, "%s{\"fullUrl\":\"%.*s/Patient/%.*s\",\"resource\":", at ? "," : "",
               TEXT_ARG(c->base), TEXT_ARG(one->version.id));
    int rc = print_version(&one->version, out, e);
    buf_printf(out,
               ",\"search\":{\"extension\":[{\"url\":"
               "\"http://hl7.org/fhir/StructureDefinition/match-grade\",\"valueCode\":\"%s\"}],"
               "\"mode\":\"match\",\"score\":%u.%03u}}",
               match_grade_code(one->match.grade), one->match.score / 1000,
               one->match.score % 1000);
    return rc;
}

/* Why: an OperationOutcome beside the matches, an issue for each. */
static int print_reasons(const struct matching *m, struct buf *out, struct err *e)
{
    struct issues why;
    struct call *c = m->call;
    issues_init(&why, c->arena);
    for (size_t i = 0; i < m->count; i++) {
        text reasons = match_explain(&m->items[i].match, c->arena);
        if (!reasons.p) {
            return no_memory(e);
        }
        issues_add(&why, ISSUE_INFORMATION, ERR_OK, arena_printf(c->arena, "Bundle.entry[%zu]", i),
                   "Patient/%.*s: %.*s", TEXT_ARG(m->items[i].version.id), TEXT_ARG(reasons));
    }
    if (m->passed_over.n) {
        issues_add(&why, ISSUE_WARNING, ERR_TOO_COSTLY, T(""),
                   "more than %d patients share %.*s, so these were not looked at for that alone; "
                   "tell more about the person",
                   A_BLOCK_MOST, TEXT_ARG(m->passed_over));
    }
    if (why.count) {
        buf_add(out, m->count ? T(",{\"resource\":") : T("{\"resource\":"));
        outcome_print(&why, out);
        buf_add(out, T(",\"search\":{\"mode\":\"outcome\"}}"));
    }
    return 0;
}

static int print(struct matching *m, struct err *e)
{
    struct call *c = m->call;
    struct buf out;
    uint64_t total = m->count;
    int rc = 0;
    buf_init(&out, (size_t)c->rest->limits->body_bytes);
    bundle_open(&out, "searchset", &total, NULL, 0);
    for (size_t i = 0; !rc && i < m->count; i++) {
        rc = print_candidate(m, &m->items[i], i, &out, e);
    }
    rc = rc ? rc : print_reasons(m, &out, e);
    bundle_close(&out);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(c, &out, e);
}

/* --- the question --------------------------------------------------------------------------- */

static int take_one(struct matching *m, const struct operation_parameter *p, struct err *e)
{
    uint64_t number;
    if (text_eq(p->name, T("count"))) {
        if (!text_to_u64(p->value, &number) || number == 0) {
            return err_set(e, ERR_VALUE, "count must be a whole number from 1 on");
        }
        size_t page = (size_t)m->call->rest->limits->page_entries;
        m->most = number < page ? (size_t)number : page;
        return 0;
    }
    if (text_eq(p->name, T("onlyCertainMatches"))) {
        m->certain_only = text_eq(p->value, T("true"));
        return m->certain_only || text_eq(p->value, T("false"))
                   ? 0
                   : err_set(e, ERR_VALUE, "onlyCertainMatches must be true or false");
    }
    if (text_eq(p->name, T("resource")) && p->tree &&
        text_eq(json_text(json_get(p->tree, T("resourceType"))), T("Patient"))) {
        m->asked = p->tree;
        return 0;
    }
    return err_set(e, ERR_INVALID,
                   "$match takes resource (a Patient), onlyCertainMatches and count; not '%.*s'",
                   TEXT_ARG(text_short(p->name, 60)));
}

static int take_question(struct matching *m, struct err *e)
{
    struct operation_parameter *given;
    size_t count;
    struct call *c = m->call;
    struct resource r;
    int rc = operation_parameters(c, true, &given, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take_one(m, &given[i], e);
    }
    if (!rc && !m->asked) {
        rc = err_set(e, ERR_REQUIRED,
                     "send what is known of the person: Parameters with the parameter resource, a "
                     "Patient");
    }
    if (!rc && resource_check((yyjson_val *)(uintptr_t)m->asked, true, c->arena, &c->issues, &r)) {
        rc = err_set(e, ERR_INVALID, "the patient is not valid FHIR R4");
    }
    return rc;
}

int do_match(struct call *c, struct err *e)
{
    struct matching m = {.call = c, .most = COUNT_DEFAULT, .passed_over = T("")};
    int rc = take_question(&m, e);
    rc = rc ? rc : store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &m.view, e);
    if (rc) {
        return rc;
    }
    rc = by_numbers(&m, e);
    rc = rc ? rc : by_birth(&m, e);
    rc = rc ? rc : by_names(&m, e);
    rc = rc ? rc : by_contacts(&m, e);
    store_view_end(m.view);
    rc = rc ? rc : compare(&m, e);
    return rc ? rc : print(&m, e);
}
