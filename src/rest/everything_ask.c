#include "rest/bulk/job.h"
#include "rest/everything.h"

/* The parameters of $everything, and what they mean for one resource. */

static int bad(struct err *e, const struct operation_param *p, const char *right)
{
    return err_set(e, ERR_INVALID, "the parameter %.*s=%.*s is not understood: %s",
                   TEXT_ARG(p->name), TEXT_ARG(text_short(p->value, 60)), right);
}

/* A parameter of the self link; dates need no escape but '+', names of types none. */
static int add_self(struct call *c, struct everything_ask *ask, text name, text value,
                    struct err *e)
{
    size_t plus = text_find(value, '+');
    ask->self = arena_printf(c->arena, "%.*s&%.*s=%.*s%s%.*s", TEXT_ARG(ask->self), TEXT_ARG(name),
                             TEXT_ARG(text_first(value, plus)), plus < value.n ? "%2B" : "",
                             TEXT_ARG(text_from(value, plus + 1)));
    return ask->self.p ? 0
                       : err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

static int take_time(struct call *c, struct everything_ask *ask, const struct operation_param *p,
                     struct err *e)
{
    int64_t start;
    int64_t end;
    if (!index_date(p->value, &start, &end)) {
        return bad(e, p, "it must be a date or instant, such as 2026-01-31");
    }
    if (text_eq(p->name, T("_since"))) {
        ask->since_ms = index_ms_to_1970(start);
    } else {
        ask->dated = true;
        ask->start = text_eq(p->name, T("start")) ? start : ask->start;
        ask->end = text_eq(p->name, T("end")) ? end : ask->end;
    }
    return add_self(c, ask, p->name, p->value, e);
}

/* Names with commas between them; the parameter may repeat, and then they add up. */
static int take_types(struct call *c, struct everything_ask *ask, bool *types,
                      const struct operation_param *p, struct err *e)
{
    text rest = p->value;
    text item;
    while (text_cut(&rest, ',', &item)) {
        fhir_type type = fhir_type_of(text_trim(item));
        if (!type) {
            return bad(e, p, "it must be names of resource types of R4, with commas between them");
        }
        types[type] = true;
    }
    ask->types = types;
    return add_self(c, ask, p->name, p->value, e);
}

static int take_count(struct call *c, struct everything_ask *ask, const struct operation_param *p,
                      struct err *e)
{
    uint64_t number;
    size_t most = (size_t)c->rest->limits->page_entries;
    if (!text_to_u64(p->value, &number) || number == 0) {
        return bad(e, p, "it must be a whole number from 1 on; leave it out for the whole record");
    }
    ask->count = number < most ? (size_t)number : most;
    return add_self(c, ask, p->name, arena_printf(c->arena, "%zu", ask->count), e);
}

static int take(struct call *c, struct everything_ask *ask, bool *types,
                const struct operation_param *p, struct err *e)
{
    if (!p->value.p) {
        return err_at(e, ERR_VALUE, T("Parameters.parameter"),
                      "the parameter '%.*s' must have a value", TEXT_ARG(text_short(p->name, 60)));
    }
    if (text_eq(p->name, T("_since")) || text_eq(p->name, T("start")) ||
        text_eq(p->name, T("end"))) {
        return take_time(c, ask, p, e);
    }
    if (text_eq(p->name, T("_type"))) {
        return take_types(c, ask, types, p, e);
    }
    if (text_eq(p->name, T("_count"))) {
        return take_count(c, ask, p, e);
    }
    if (text_eq(p->name, T("_page")) && p->value.n) {
        ask->page = p->value;
        return 0;
    }
    return err_set(e, ERR_NOT_SUPPORTED,
                   "the parameter '%.*s' is not supported on $everything; it takes start, end, "
                   "_since, _type and _count",
                   TEXT_ARG(text_short(p->name, 60)));
}

static int no_repeats(const struct operation_param *params, size_t at, struct err *e)
{
    for (size_t i = 0; i < at && !text_eq(params[at].name, T("_type")); i++) {
        if (text_eq(params[i].name, params[at].name)) {
            return err_set(e, ERR_DUPLICATE, "the parameter %.*s stands twice; give it once",
                           TEXT_ARG(text_short(params[at].name, 60)));
        }
    }
    return 0;
}

int everything_understand(struct call *c, struct everything_ask *ret_ask, struct err *e)
{
    struct operation_param *params;
    size_t count;
    struct everything_ask ask = {
        .since_ms = INT64_MIN, .start = INT64_MIN, .end = INT64_MAX, .self = T("")};
    bool *types = arena_zalloc(c->arena, fhir_type_count(), sizeof *types);
    int rc = types ? operation_params(c, &params, &count, e)
                   : err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    for (size_t i = 0; !rc && i < count; i++) {
        rc = no_repeats(params, i, e);
        rc = rc ? rc : take(c, &ask, types, &params[i], e);
    }
    if (!rc && ask.dated && ask.start >= ask.end) {
        rc = err_set(e, ERR_INVALID, "start is later than end, so nothing could be between them");
    }
    if (!rc && ask.page.n && !ask.count) {
        rc = err_set(e, ERR_INVALID, "_page is for pages; follow the 'next' link as it is");
    }
    *ret_ask = ask;
    return rc;
}

/* Their date tells of a beginning; they last until somebody ends them. */
static bool goes_on(fhir_type type)
{
    static const char *const names[] = {"AllergyIntolerance", "Condition", "Goal"};
    size_t i = 0;
    while (i < sizeof names / sizeof *names && !text_eq(fhir_type_name(type), text_of(names[i]))) {
        i++;
    }
    return i < sizeof names / sizeof *names;
}

/* The type's principal date (Observation.date, Encounter.date, Condition.onset-date ...). A birth
 * is no care that was given to the record's person. NULL: none. */
static const struct search_param *care_date(fhir_type type)
{
    uint16_t number = search_when(type);
    const struct search_param *param = number ? search_param_by_number(NULL, number) : NULL;
    return param && !text_eq(param->name, T("birthdate")) ? param : NULL;
}

int everything_in_time(const struct everything_ask *ask, const struct rest *rest, text base,
                       const struct version *v, struct arena *a, bool *ret_yes, struct err *e)
{
    const struct search_param *param = ask->dated ? care_date(v->type) : NULL;
    struct resource r = {.type = v->type, .id = v->id};
    struct index_rules rules = rules_now(rest, base);
    struct index_entry *entries;
    size_t count;
    bool lasts = goes_on(v->type);
    bool has_date = false;
    bool yes = false;
    if (!param) {
        *ret_yes = true;
        return 0;
    }
    int rc = version_tree(v, rest->limits, a, &r.root, e);
    if (!rc && index_extract_one(&r, &rules, param, a, &entries, &count)) {
        rc = err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
    }
    for (size_t i = 0; !rc && i < count; i++) {
        int64_t start;
        int64_t end;
        if (index_date_read(entries[i].value, &start, &end)) {
            has_date = true;
            yes = yes || (start < ask->end && (end > ask->start || lasts));
        }
    }
    *ret_yes = yes || !has_date;
    return rc;
}
