#include "rest/joined.h"

#include "fhir/reference.h"
#include "policy/scope.h"
#include "policy/touched.h"
#include "rest/access.h"
#include "rest/bulk/job.h"

/*
 * Patient/{id}/$joined, and searches within a patient with _joined=true: what is asked of every
 * place that holds something of a person. docs/locality.md, "The joined record".
 *
 * What each place is asked is made of parameters that have been understood here: $everything for a
 * whole record, a search for one type. The own entry of the access log is about the patient; those
 * of what others were asked are made where they are asked.
 */

#define PLACE "{patient}"

enum { HOLDER_PAGE = 1000, JOINED_COUNT_MOST = 1000 };

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* --- a query, piece by piece --------------------------------------------------------------------
 */

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~:,@!$*", c));
}

static void add_encoded(struct buf *out, text t)
{
    for (size_t i = 0; i < t.n; i++) {
        if (plain(t.p[i])) {
            buf_addc(out, t.p[i]);
        } else {
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)t.p[i]);
        }
    }
}

static void add_pair(struct buf *out, text name, text value)
{
    bool first = !memchr(out->p ? out->p : "", '?', out->n);
    buf_addc(out, first ? '?' : '&');
    add_encoded(out, name);
    buf_addc(out, '=');
    add_encoded(out, value);
}

static int take_text(struct call *c, struct buf *from, text *ret, struct err *e)
{
    *ret = buf_failed(from) ? (text){0} : arena_copy(c->arena, buf_text(from));
    buf_done(from);
    return ret->p ? 0 : no_memory(e);
}

/* --- to whom, and by whom -----------------------------------------------------------------------
 */

static int refuse_here(struct call *c, struct err *e)
{
    if (!c->http || !c->caller) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "a joined record is asked for by itself, not in a bundle");
    }
    return c->rest->joined.answer
               ? 0
               : err_set(e, ERR_NOT_SUPPORTED,
                         "this node cannot ask other places; leave out _joined, or ask for "
                         "Patient/[id]/$everything");
}

static int answer(struct call *c, struct joined_ask *ask, struct err *e)
{
    const struct joined_source *source = &c->rest->joined;
    struct buf out;
    ask->caller = c->caller;
    ask->base = c->base;
    ask->deadline_ms = (int64_t)c->rest->limits->joined_ms;
    ask->kept_bytes = c->rest->limits->joined_kept;
    buf_init(&out, (size_t)c->rest->limits->request_memory);
    int rc = source->answer(source->context, ask, c->arena, &out, e);
    rc = rc ? rc : operation_touch(c, ask->patient, e);
    if (rc) {
        buf_done(&out);
        return rc;
    }
    return operation_reply(c, &out, e);
}

/* --- $joined ------------------------------------------------------------------------------------
 */

struct joined_words {
    text types, since, category, token;
    uint64_t count;
    fhir_type type;   /* of `types`, where it is one */
    bool wanted[256]; /* of `types`, by fhir_type */
};

static int bad(struct err *e, const struct operation_param *p, const char *right)
{
    return err_set(e, ERR_INVALID, "the parameter %.*s=%.*s is not understood: %s",
                   TEXT_ARG(p->name), TEXT_ARG(text_short(p->value, 60)), right);
}

static int take_types(struct call *c, struct joined_words *w, const struct operation_param *p,
                      struct err *e)
{
    text rest = p->value, item;
    size_t count = 0;
    while (text_cut(&rest, ',', &item)) {
        w->type = fhir_type_of(text_trim(item));
        count++;
        if (!w->type) {
            return bad(e, p, "it must be names of resource types of R4, with commas between them");
        }
        w->wanted[w->type] = true;
    }
    w->type = w->types.n || count > 1 ? 0 : w->type;
    w->types = w->types.n
                   ? arena_printf(c->arena, "%.*s,%.*s", TEXT_ARG(w->types), TEXT_ARG(p->value))
                   : p->value;
    return w->types.p ? 0 : no_memory(e);
}

static int take_count(const struct operation_param *p, uint64_t *ret, struct err *e)
{
    if (!text_to_u64(p->value, ret) || !*ret) {
        return bad(e, p, "it must be a whole number from 1 on; leave it out for all in one reply");
    }
    *ret = *ret < JOINED_COUNT_MOST ? *ret : JOINED_COUNT_MOST;
    return 0;
}

static int take_word(struct call *c, struct joined_words *w, const struct operation_param *p,
                     struct err *e)
{
    int64_t start, end;
    text *to = text_eq(p->name, T("_since"))     ? &w->since
               : text_eq(p->name, T("category")) ? &w->category
               : text_eq(p->name, T("_page"))    ? &w->token
                                                 : NULL;
    if (!p->value.n) {
        return err_set(e, ERR_VALUE, "the parameter '%.*s' must have a value",
                       TEXT_ARG(text_short(p->name, 60)));
    }
    if (text_eq(p->name, T("_type"))) {
        return take_types(c, w, p, e);
    }
    if (text_eq(p->name, T("_count"))) {
        return w->count ? bad(e, p, "it stands twice") : take_count(p, &w->count, e);
    }
    if (!to) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "the parameter '%.*s' is not supported on $joined; it takes _type, _since, "
                       "_count and category",
                       TEXT_ARG(text_short(p->name, 60)));
    }
    if (to->n) {
        return bad(e, p, "it stands twice");
    }
    if (to == &w->since && !index_date(p->value, &start, &end)) {
        return bad(e, p, "it must be a date or instant, such as 2026-01-31");
    }
    *to = p->value;
    return 0;
}

/* A category is of one type, and is asked of each place as a search: none gives more than was
 * asked for. */
static int category_needs_type(const struct joined_words *w, struct err *e)
{
    if (w->category.n && (!w->type || !search_param_of(NULL, w->type, T("category")) ||
                          !search_param_of(NULL, w->type, T("patient")))) {
        return err_set(e, ERR_INVALID,
                       "category is for one type that has categories, such as "
                       "$joined?_type=Observation&category=laboratory");
    }
    if (w->token.n && !w->count) {
        return err_set(e, ERR_INVALID, "_page is for pages; follow the 'next' link as it is");
    }
    return 0;
}

static int understand(struct call *c, struct joined_words *w, struct err *e)
{
    struct operation_param *params;
    size_t count;
    int rc = operation_params(c, &params, &count, e);
    for (size_t i = 0; !rc && i < count; i++) {
        rc = take_word(c, w, &params[i], e);
    }
    return rc ? rc : category_needs_type(w, e);
}

/* --- what a token leaves of it ------------------------------------------------------------------
 *
 * Other places know nothing of the scopes of an app here: so they are asked for no more than these
 * let through whole, and where a scope is about some entries of a type alone, nobody is asked.
 */

enum scope_sight { SIGHT_NONE, SIGHT_SOME, SIGHT_ALL };

static enum scope_sight sight_of(const struct scopes *s, text patient, fhir_type type,
                                 uint8_t right)
{
    enum scope_sight sight = SIGHT_NONE;
    for (size_t i = 0; i < s->count; i++) {
        const struct scope *one = &s->items[i];
        bool counts = (!one->type || one->type == type) && (one->rights & right) &&
                      (one->level != SCOPE_PATIENT || text_eq(s->patient, patient));
        if (counts) {
            enum scope_sight gives = one->query.n ? SIGHT_SOME : SIGHT_ALL;
            sight = gives > sight ? gives : sight;
        }
    }
    return sight;
}

static const text too_narrow = {
    "the scopes of this app are about a part of what is asked for, which other places cannot tell "
    "apart, so none of them was asked",
    sizeof "the scopes of this app are about a part of what is asked for, which other places "
           "cannot tell apart, so none of them was asked" -
        1};

/* The types that all places may be asked for; where that is each type, nothing changes. */
static int limit_types(struct call *c, struct joined_words *w, struct joined_ask *ask,
                       struct err *e)
{
    const struct scopes *s = c->caller ? c->caller->scopes : NULL;
    struct buf out;
    bool all = true;
    if (!s) {
        return 0;
    }
    buf_init(&out, 65536);
    for (unsigned t = 1; t < fhir_type_count(); t++) {
        enum scope_sight sight = !w->types.n || w->wanted[t]
                                     ? sight_of(s, ask->patient, (fhir_type)t, MAY_READ)
                                     : SIGHT_NONE;
        all = all && (sight == SIGHT_ALL || (w->types.n && !w->wanted[t]));
        ask->alone = sight == SIGHT_SOME ? too_narrow : ask->alone;
        if (sight == SIGHT_ALL) {
            buf_add(&out, out.n ? T(",") : T(""));
            buf_add(&out, fhir_type_name((fhir_type)t));
        }
    }
    ask->alone = !out.n && !all ? too_narrow : ask->alone;
    if (all || ask->alone.n) {
        buf_done(&out);
        return 0;
    }
    return take_text(c, &out, &w->types, e);
}

static int record_path(struct call *c, const struct joined_words *w, struct joined_ask *ask,
                       struct err *e)
{
    struct buf out;
    buf_init(&out, 65536);
    ask->has_pages = w->category.n;
    ask->record = !w->category.n && !w->since.n;
    ask->types = w->types;
    if (w->category.n) {
        buf_printf(&out, "%.*s?patient=" PLACE, TEXT_ARG(fhir_type_name(w->type)));
        add_pair(&out, T("category"), w->category);
        if (w->since.n) {
            add_pair(&out, T("_lastUpdated"), arena_printf(c->arena, "ge%.*s", TEXT_ARG(w->since)));
        }
        buf_printf(&out, "&_count=%d", HOLDER_PAGE);
    } else {
        buf_add(&out, T("Patient/" PLACE "/$everything"));
        if (w->types.n) {
            add_pair(&out, T("_type"), w->types);
        }
        if (w->since.n) {
            add_pair(&out, T("_since"), w->since);
        }
    }
    return take_text(c, &out, &ask->path, e);
}

static int record_self(struct call *c, const struct joined_words *w, struct joined_ask *ask,
                       struct err *e)
{
    struct buf out;
    buf_init(&out, 65536);
    buf_printf(&out, "Patient/%.*s/$joined", TEXT_ARG(ask->patient));
    if (w->types.n) {
        add_pair(&out, T("_type"), w->types);
    }
    if (w->category.n) {
        add_pair(&out, T("category"), w->category);
    }
    if (w->since.n) {
        add_pair(&out, T("_since"), w->since);
    }
    if (w->count) {
        add_pair(&out, T("_count"), arena_printf(c->arena, "%llu", (unsigned long long)w->count));
    }
    return take_text(c, &out, &ask->self, e);
}

int do_joined(struct call *c, struct err *e)
{
    struct joined_words w = {.count = 0};
    struct joined_ask ask = {.patient = c->route.id};
    int rc = refuse_here(c, e);
    rc = rc ? rc : understand(c, &w, e);
    ask.token = w.token;
    ask.count = w.count;
    rc = rc ? rc : record_self(c, &w, &ask, e);
    rc = rc ? rc : limit_types(c, &w, &ask, e);
    rc = rc ? rc : record_path(c, &w, &ask, e);
    return rc ? rc : answer(c, &ask, e);
}

/* --- _joined=true -------------------------------------------------------------------------------
 */

/* A search as it goes to the others: whose it is, and all that may be asked of everyone alike. */
struct wide {
    struct call *call;
    struct search_pair *pairs; /* those that every place is asked */
    size_t count;
    text patient, token;
    text about; /* the name of the parameter that says whose: "patient" */
};

int joined_wanted(const struct call *c, bool *ret_wanted, struct err *e)
{
    struct search_pair *pairs;
    size_t count;
    bool wanted = false;
    int rc = call_pairs(c, &pairs, &count, e);
    for (size_t i = 0, said = 0; !rc && i < count; i++) {
        if (text_eq(pairs[i].name, T("_joined")) && said++) {
            rc = err_set(e, ERR_VALUE, "_joined stands twice; say once whether others are asked");
        } else if (text_eq(pairs[i].name, T("_joined"))) {
            wanted = text_eq(pairs[i].value, T("true"));
            rc = wanted || text_eq(pairs[i].value, T("false"))
                     ? 0
                     : err_set(e, ERR_VALUE, "_joined must be true or false");
        }
    }
    *ret_wanted = wanted;
    return rc;
}

/* "1", "Patient/1", "[base]/Patient/1": the id; empty: something else. */
static text patient_id(const struct call *c, text value)
{
    if (reference_id_ok(value)) {
        return value;
    }
    struct reference r = reference_parse(value, c->base);
    return r.kind == REFERENCE_LOCAL && r.type == FHIR_PATIENT && !r.version.n ? r.id : (text){0};
}

static bool is_about(text name)
{
    return text_eq(name, T("patient")) || text_eq(name, T("subject")) ||
           text_eq(name, T("patient:Patient")) || text_eq(name, T("subject:Patient"));
}

static int take_about(struct wide *w, const struct search_pair *p, struct err *e)
{
    text id = patient_id(w->call, p->value);
    if (!id.n || w->patient.n) {
        return err_set(e, ERR_INVALID,
                       "a joined search is about one patient, named once, such as patient=123; "
                       "'%.*s' is not one",
                       TEXT_ARG(text_short(p->value, 60)));
    }
    w->patient = id;
    w->about = text_first(p->name, text_find(p->name, ':'));
    return 0;
}

/* Whether an entry is meant by its id, which each place has given for itself. */
static bool names_entry(const struct wide *w, const struct search_pair *p, text head)
{
    struct index_rules rules = call_rules(w->call);
    const struct search_param *param = search_param_of(rules.customs, w->call->route.type, head);
    text modifier = text_from(p->name, head.n + 1), rest = p->value, one;
    bool names = false;
    if (!param || param->type == SEARCH_COMPOSITE) {
        return param && text_eq(head, T("relationship")); /* of documents: with a reference */
    }
    if (param->type != SEARCH_REFERENCE || text_eq(modifier, T("identifier")) ||
        text_eq(modifier, T("missing"))) {
        return false;
    }
    while (!names && text_cut(&rest, ',', &one)) {
        struct reference r = reference_parse(one, w->call->base);
        names = r.kind != REFERENCE_URI;
    }
    return names;
}

/* What would mean something else at each place, or cannot be put together. */
static int check_pair(const struct wide *w, const struct search_pair *p, struct err *e)
{
    static const char *const never[] = {
        "_include", "_revinclude", "_summary", "_elements",      "_total", "_contained", "_has",
        "_filter",  "_explain",    "_query",   "_containedType", "_list",  "_id",        "_source"};
    text head = text_first(p->name, text_find(p->name, ':'));
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (text_eq(head, text_of(never[i]))) {
            return err_set(e, ERR_NOT_SUPPORTED,
                           "%s cannot be asked of several places at once; leave it out, or leave "
                           "out _joined",
                           never[i]);
        }
    }
    if (text_find(p->name, '.') < p->name.n) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "a chained parameter (%.*s) cannot be asked of several places at once",
                       TEXT_ARG(text_short(p->name, 60)));
    }
    return names_entry(w, p, head)
               ? err_set(e, ERR_NOT_SUPPORTED,
                         "%.*s=%.*s names an entry by its id, which is "
                         "another one at each place; name it by a business "
                         "identifier (%.*s:identifier=system|value), or leave "
                         "out _joined",
                         TEXT_ARG(text_short(p->name, 60)), TEXT_ARG(text_short(p->value, 60)),
                         TEXT_ARG(text_short(head, 60)))
               : 0;
}

static bool is_own(text name)
{
    return text_eq(name, T("_joined")) || text_eq(name, T("_format")) ||
           text_eq(name, T("_pretty"));
}

static int sort_out(struct wide *w, const struct search_pair *pairs, size_t count, struct err *e)
{
    const struct search_compartment *in = &w->call->route.compartment;
    int rc = 0;
    w->pairs = arena_zalloc(w->call->arena, count + 1, sizeof *w->pairs);
    if (!w->pairs) {
        return no_memory(e);
    }
    if (in->type == FHIR_PATIENT) {
        w->patient = in->id;
        w->about =
            search_param_of(NULL, w->call->route.type, T("patient")) ? T("patient") : T("subject");
    }
    for (size_t i = 0; !rc && i < count; i++) {
        const struct search_pair *p = &pairs[i];
        if (text_eq(p->name, T("_page"))) {
            w->token = p->value;
        } else if (is_about(p->name)) {
            rc = take_about(w, p, e);
        } else if (!is_own(p->name)) {
            rc = check_pair(w, p, e);
            w->pairs[w->count++] = *p;
        }
    }
    return rc;
}

static int needs_patient(const struct wide *w, struct err *e)
{
    fhir_type type = w->call->route.type;
    if (!type || type == FHIR_PATIENT || !fhir_type_in_patient_compartment(type)) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "_joined=true is for one type of what a patient's record has, such as "
                       "Observation?patient=123&_joined=true; for a whole record: "
                       "Patient/123/$joined");
    }
    if (!w->patient.n || !search_param_of(NULL, type, w->about)) {
        return err_set(e, ERR_REQUIRED,
                       "_joined=true needs the patient in the search (patient=123): other places "
                       "are asked about one person, never about everyone");
    }
    return 0;
}

/* The order of the whole; and everything that is wrong with the search is said before anyone is
 * asked. */
static int parse(struct wide *w, struct search *s, struct err *e)
{
    struct call *c = w->call;
    struct index_rules rules = call_rules(c);
    struct search_question q = {.types = &c->route.type,
                                .type_count = 1,
                                .in = {FHIR_PATIENT, w->patient},
                                .pairs = w->pairs,
                                .count = w->count,
                                .rules = &rules,
                                .limits = c->rest->limits};
    return search_parse(&q, c->arena, s, e);
}

static int search_path(struct wide *w, struct joined_ask *ask, struct err *e)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_printf(&out, "%.*s?%.*s=" PLACE, TEXT_ARG(fhir_type_name(w->call->route.type)),
               TEXT_ARG(w->about));
    for (size_t i = 0; i < w->count; i++) {
        text name = w->pairs[i].name;
        if (!text_eq(name, T("_count")) && !text_eq(name, T("_sort"))) {
            add_pair(&out, name, w->pairs[i].value);
        }
    }
    buf_printf(&out, "&_count=%d", HOLDER_PAGE);
    return take_text(w->call, &out, &ask->path, e);
}

static int search_self(struct wide *w, struct joined_ask *ask, struct err *e)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    buf_printf(&out, "%.*s?%.*s=%.*s", TEXT_ARG(fhir_type_name(w->call->route.type)),
               TEXT_ARG(w->about), TEXT_ARG(w->patient));
    for (size_t i = 0; i < w->count; i++) {
        add_pair(&out, w->pairs[i].name, w->pairs[i].value);
    }
    buf_add(&out, T("&_joined=true"));
    return take_text(w->call, &out, &ask->self, e);
}

int do_joined_search(struct call *c, struct err *e)
{
    struct wide w = {.call = c};
    struct search s = {.count = 0};
    struct search_pair *pairs;
    size_t count;
    int rc = refuse_here(c, e);
    rc = rc ? rc : call_pairs(c, &pairs, &count, e);
    rc = rc ? rc : sort_out(&w, pairs, count, e);
    rc = rc ? rc : needs_patient(&w, e);
    rc = rc ? rc : parse(&w, &s, e);
    if (!rc && s.count == 0) {
        rc = err_set(e, ERR_NOT_SUPPORTED,
                     "_count=0 cannot be asked of several places: what is one thing at two of them "
                     "is known only when it is seen");
    }
    struct joined_ask ask = {.patient = w.patient,
                             .token = w.token,
                             .sorts = s.plan.sorts,
                             .sort_count = s.plan.sort_count,
                             .count = s.count,
                             .has_pages = true};
    if (!rc && c->caller->scopes &&
        sight_of(c->caller->scopes, w.patient, c->route.type, MAY_SEARCH) != SIGHT_ALL) {
        ask.alone = too_narrow;
    }
    rc = rc ? rc : search_path(&w, &ask, e);
    rc = rc ? rc : search_self(&w, &ask, e);
    return rc ? rc : answer(c, &ask, e);
}
