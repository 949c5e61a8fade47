#include "rest/match.h"

#include "rest/operation.h"
#include "rest/patch.h"
#include "rest/write.h"

#include <stdlib.h>

/*
 * Patient/$match (R4 patient-operation-match.html): candidates (match_find.c), each compared in
 * full (fhir/match.h), the likeliest first, with the reasons in words.
 */

enum { COUNT_DEFAULT = 20 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
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

static void choose(struct matching *m)
{
    if (m->count) {
        qsort(m->items, m->count, sizeof *m->items, by_score);
    }
    if (m->certain_only) {
        size_t certain = 0;
        while (certain < m->count && m->items[certain].match.grade == MATCH_CERTAIN) {
            certain++;
        }
        /* Two who are both certain cannot both be: then neither is, and a person has to look. */
        m->rivals = certain > 1;
        m->count = m->rivals ? 0 : certain;
    }
    m->total = m->count;
    m->count = m->count < m->most ? m->count : m->most;
}

#define ENTRIES ",\"entry\":["

static int print_candidate(const struct matching *m, const struct candidate *one, size_t at,
                           struct buf *out, struct err *e)
{
    struct call *c = m->call;
    buf_printf(out, "%s{\"fullUrl\":\"%.*s/Patient/%.*s\",\"resource\":", at ? "," : ENTRIES,
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
    if (m->rivals) {
        issues_add(&why, ISSUE_WARNING, ERR_MULTIPLE, T(""),
                   "more than one patient matches with certainty, so none is; ask again without "
                   "onlyCertainMatches and have somebody look");
    }
    if (m->total > m->count) {
        issues_add(&why, ISSUE_INFORMATION, ERR_OK, T(""),
                   "%zu more match less well and are left out; ask for more with count",
                   m->total - m->count);
    }
    if (m->passed_over.n) {
        issues_add(&why, ISSUE_WARNING, ERR_TOO_COSTLY, T(""),
                   "more than %d patients share %.*s, so they were not looked at for that alone; "
                   "tell more about the person",
                   MATCH_BLOCK_MOST, TEXT_ARG(m->passed_over));
    }
    if (why.count) {
        buf_printf(out, "%s{\"resource\":", m->count ? "," : ENTRIES);
        outcome_print(&why, out);
        buf_add(out, T(",\"search\":{\"mode\":\"outcome\"}}"));
        buf_addc(out, ']');
    }
    return 0;
}

static int print(struct matching *m, struct err *e)
{
    struct call *c = m->call;
    struct buf out;
    uint64_t total = m->total;
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

static int take_count(struct matching *m, const struct operation_parameter *p, struct err *e)
{
    uint64_t number;
    size_t page = (size_t)m->call->rest->limits->page_entries;
    if (m->most) {
        return err_set(e, ERR_DUPLICATE, "count is given twice; give it once");
    }
    if (!operation_is_of(p, "Integer PositiveInt UnsignedInt") || !text_to_u64(p->value, &number) ||
        number == 0) {
        return err_set(e, ERR_VALUE, "count must be a valueInteger from 1 on");
    }
    m->most = number < page ? (size_t)number : page;
    return 0;
}

static int take_certain(struct matching *m, const struct operation_parameter *p, struct err *e)
{
    bool yes = text_eq(p->value, T("true"));
    if (m->certain_asked) {
        return err_set(e, ERR_DUPLICATE, "onlyCertainMatches is given twice; give it once");
    }
    if (!operation_is_of(p, "Boolean") || (!yes && !text_eq(p->value, T("false")))) {
        return err_set(e, ERR_VALUE, "onlyCertainMatches must be a valueBoolean");
    }
    m->certain_asked = true;
    m->certain_only = yes;
    return 0;
}

static int take_resource(struct matching *m, const struct operation_parameter *p, struct err *e)
{
    text type = json_text(json_get(p->tree, T("resourceType")));
    if (m->asked) {
        return err_set(e, ERR_DUPLICATE,
                       "resource is given twice; one person can be asked for at a time");
    }
    if (json_type(p->tree) != YYJSON_TYPE_OBJ || !text_eq(type, T("Patient"))) {
        return err_set(e, ERR_INVALID,
                       "the parameter resource must be a Patient, in the member resource%s%.*s",
                       type.n ? "; this is of type " : "", TEXT_ARG(text_short(type, 60)));
    }
    m->asked = p->tree;
    return 0;
}

static int take_one(struct matching *m, const struct operation_parameter *p, struct err *e)
{
    return text_eq(p->name, T("count"))                ? take_count(m, p, e)
           : text_eq(p->name, T("onlyCertainMatches")) ? take_certain(m, p, e)
           : text_eq(p->name, T("resource"))
               ? take_resource(m, p, e)
               : err_set(e, ERR_INVALID,
                         "$match takes resource (a Patient), onlyCertainMatches and count; not "
                         "'%.*s'",
                         TEXT_ARG(text_short(p->name, 60)));
}

/* A valid instance, but it need not be a whole patient. */
static int take_person(struct matching *m, struct err *e)
{
    struct call *c = m->call;
    struct resource r;
    struct match_person *person;
    if (resource_check((yyjson_val *)(uintptr_t)m->asked, true, c->arena, &c->issues, &r)) {
        return err_set(e, ERR_INVALID, "the patient is not valid FHIR R4");
    }
    if (match_person_make(m->asked, c->arena, &person)) {
        return no_memory(e);
    }
    m->person = person;
    return match_person_says(person)
               ? 0
               : err_set(e, ERR_REQUIRED,
                         "nothing is said that a person could be found by; send an identifier, a "
                         "name, a birth date, a telephone number or an e-mail address");
}

static int take_question(struct matching *m, struct err *e)
{
    struct operation_parameter *given;
    size_t count;
    int rc = operation_parameters(m->call, true, &given, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take_one(m, &given[i], e);
    }
    if (!rc && !m->asked) {
        rc = err_set(e, ERR_REQUIRED,
                     "send what is known of the person: Parameters with the parameter resource, a "
                     "Patient");
    }
    m->most = m->most ? m->most : COUNT_DEFAULT;
    return rc ? rc : take_person(m, e);
}

int do_match(struct call *c, struct err *e)
{
    struct matching m = {.call = c, .passed_over = T("")};
    int rc = take_question(&m, e);
    rc = rc ? rc : store_view_begin(c->rest->store, c->grant, STORE_SNAPSHOT, &m.view, e);
    if (rc) {
        return rc;
    }
    map_init(&m.known);
    rc = match_find(&m, e);
    map_done(&m.known);
    store_view_end(m.view);
    if (rc) {
        return rc;
    }
    choose(&m);
    return print(&m, e);
}
