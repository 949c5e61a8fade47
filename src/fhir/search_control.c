#include "fhir/search_parse.h"

static int twice(struct search_reader *r, text name)
{
    return err_set(r->e, ERR_DUPLICATE, "%.*s stands twice in the query; give it once",
                   TEXT_ARG(name));
}

static int bad(struct search_reader *r, text name, text value, const char *right)
{
    return err_set(r->e, ERR_INVALID, "%.*s: '%.*s' is not %s", TEXT_ARG(name),
                   TEXT_ARG(text_first(value, 200)), right);
}

static int control_count(struct search_reader *r, text name, text value)
{
    uint64_t count;
    if (r->has_count) {
        return twice(r, name);
    }
    if (!text_to_u64(value, &count)) {
        return bad(r, name, value, "a whole number, 0 or more");
    }
    r->has_count = r->search->count_given = true;
    r->search->count = count < r->limits->page_entries ? count : r->limits->page_entries;
    return 0;
}

static int control_total(struct search_reader *r, text name, text value)
{
    static const char *const words[] = {"none", "estimate", "accurate"};
    if (r->has_total) {
        return twice(r, name);
    }
    for (unsigned i = 0; i < 3; i++) {
        if (text_eq(value, text_of(words[i]))) {
            r->search->total = (enum search_total)i;
            r->has_total = r->search->total_given = true;
            return 0;
        }
    }
    return bad(r, name, value, "none, estimate or accurate");
}

static int control_summary(struct search_reader *r, text name, text value)
{
    if (r->has_summary) {
        return twice(r, name);
    }
    r->has_summary = true;
    if (text_eq(value, T("count"))) {
        r->search->summary = SUMMARY_COUNT;
        return 0;
    }
    if (text_eq(value, T("false"))) {
        return 0;
    }
    if (text_eq(value, T("true")) || text_eq(value, T("text")) || text_eq(value, T("data"))) {
        return err_set(r->e, ERR_NOT_SUPPORTED,
                       "_summary=%.*s is not answered yet: use count or false; a later release "
                       "gives the other summaries",
                       TEXT_ARG(value));
    }
    return bad(r, name, value, "count or false");
}

static int control_pretty(struct search_reader *r, text name, text value)
{
    if (r->has_pretty) {
        return twice(r, name);
    }
    r->has_pretty = true;
    r->search->pretty = text_eq(value, T("true"));
    return r->search->pretty || text_eq(value, T("false")) ? 0
                                                           : bad(r, name, value, "true or false");
}

/* One of _format and _page. */
static int control_text(struct search_reader *r, text name, text value, text *ret)
{
    if (ret->n) {
        return twice(r, name);
    }
    *ret = value;
    return 0;
}

/* --- _sort (R4 search.html#sort) ----------------------------------------------------------- */

static int sort_param(struct search_reader *r, text name, uint16_t *ret)
{
    if (text_eq(name, T("_id"))) {
        *ret = 0;
        return 0;
    }
    if (text_eq(name, T("_lastUpdated"))) {
        *ret = (uint16_t)(r->type << 8 | INDEX_LAST_UPDATED);
        return 0;
    }
    const struct search_param *param = search_param_of(r->type, name);
    if (!param) {
        return err_set(
            r->e, ERR_INVALID,
            "_sort: %.*s has no search parameter '%.*s'; write names with commas between "
            "them, and '-' before one for descending order",
            TEXT_ARG(fhir_type_name(r->type)), TEXT_ARG(text_first(name, 100)));
    }
    if (!param->indexed) {
        return err_set(r->e, ERR_NOT_SUPPORTED, "_sort: sorting by '%.*s' is not possible yet",
                       TEXT_ARG(name));
    }
    *ret = param->number;
    return 0;
}

static int control_sort(struct search_reader *r, text name, text value)
{
    text item;
    if (r->has_sort) {
        return twice(r, name);
    }
    r->has_sort = true;
    while (text_cut(&value, ',', &item)) {
        struct plan_sort sort = {.descending = item.n && item.p[0] == '-'};
        int code = sort_param(r, text_from(item, sort.descending ? 1 : 0), &sort.param);
        if (code) {
            return code;
        }
        struct plan *plan = &r->search->plan;
        struct plan_sort *sorts =
            arena_grow(r->arena, plan->sorts, plan->sort_count, &r->sort_capacity, sizeof(*sorts));
        if (!sorts) {
            return search_no_memory(r->e);
        }
        plan->sorts = sorts;
        sorts[plan->sort_count++] = sort;
    }
    return 0;
}

/* --- _include and _revinclude (R4 search.html#revinclude) ---------------------------------- */

static bool may_target(const struct search_param *param, fhir_type type)
{
    const fhir_type *t = param->targets;
    while (t && *t && *t != type) {
        t++;
    }
    return !t || *t;
}

static int include_parts(struct search_reader *r, text name, text value, struct search_include *in)
{
    text rest = value, source = T(""), code = T(""), target = T("");
    text_cut(&rest, ':', &source);
    text_cut(&rest, ':', &code);
    text_cut(&rest, ':', &target);
    if (text_eq(source, T("*")) || text_eq(code, T("*"))) {
        return err_set(r->e, ERR_NOT_SUPPORTED,
                       "%.*s: '*' is not answered yet; name each parameter as Type:parameter",
                       TEXT_ARG(name));
    }
    in->source = fhir_type_of(source);
    in->param = in->source ? search_param_of(in->source, code) : NULL;
    in->target = fhir_type_of(target);
    if (rest.p || !in->param || in->param->type != SEARCH_REFERENCE || (target.n && !in->target)) {
        return bad(
            r, name, value,
            "of the form Type:parameter or Type:parameter:Target, with a reference parameter");
    }
    if (in->target && !may_target(in->param, in->target)) {
        return err_set(r->e, ERR_INVALID, "%.*s: %.*s:%.*s never refers to a %.*s", TEXT_ARG(name),
                       TEXT_ARG(source), TEXT_ARG(code), TEXT_ARG(target));
    }
    return 0;
}

/* An included reference leads away from the type that is searched, a reverse one to it. */
static int include_fits(struct search_reader *r, text name, const struct search_include *in)
{
    text type = fhir_type_name(r->type);
    if (!in->reverse && in->source != r->type) {
        return err_set(r->e, ERR_INVALID,
                       "%.*s: write %.*s: before the parameter, the type searched for",
                       TEXT_ARG(name), TEXT_ARG(type));
    }
    if (in->reverse && ((in->target && in->target != r->type) || !may_target(in->param, r->type))) {
        return err_set(r->e, ERR_INVALID, "%.*s: the parameter does not refer to a %.*s",
                       TEXT_ARG(name), TEXT_ARG(type));
    }
    return 0;
}

static int control_include(struct search_reader *r, text name, text modifier, text value)
{
    struct search_include in = {.reverse = text_eq(name, T("_revinclude"))};
    if (text_eq(modifier, T("iterate")) || text_eq(modifier, T("recurse"))) {
        return err_set(r->e, ERR_NOT_SUPPORTED,
                       "%.*s:%.*s is not answered yet; ask again for what was included",
                       TEXT_ARG(name), TEXT_ARG(modifier));
    }
    int code = include_parts(r, name, value, &in);
    code = code ? code : include_fits(r, name, &in);
    if (code) {
        return code;
    }
    struct search *s = r->search;
    for (size_t i = 0; i < s->include_count; i++) {
        if (s->includes[i].reverse == in.reverse && s->includes[i].param == in.param &&
            s->includes[i].target == in.target) {
            return 0;
        }
    }
    struct search_include *includes = arena_grow(r->arena, s->includes, s->include_count,
                                                 &r->include_capacity, sizeof(*includes));
    if (!includes) {
        return search_no_memory(r->e);
    }
    s->includes = includes;
    includes[s->include_count++] = in;
    return 0;
}

/* --- */

static const struct {
    const char *name;
    const char *instead;
} later[] = {
    {"_has", "search for the resources that refer to this one, then for this one by _id"},
    {"_filter", "write the conditions as parameters"},
    {"_list", "read the List, then search by _id"},
    {"_text", "search by the parameters of the type"},
    {"_content", "search by the parameters of the type"},
    {"_type", "search each type at its own address"},
    {"_elements", "leave it out: whole resources are returned"},
    {"_query", "search by the parameters of the type"},
    {"_contained", "leave it out: contained resources are not searched"},
    {"_containedType", "leave it out: contained resources are not searched"},
    {"_score", "leave it out"},
};

static int control_later(struct search_reader *r, text name, bool *ret_known)
{
    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        if (text_eq(name, text_of(later[i].name))) {
            *ret_known = true;
            return err_set(r->e, ERR_NOT_SUPPORTED,
                           "%s is not answered yet, a later release will: %s", later[i].name,
                           later[i].instead);
        }
    }
    *ret_known = false;
    return 0;
}

int search_control(struct search_reader *r, text name, text modifier, text value, bool *ret_known)
{
    *ret_known = true;
    if (text_eq(name, T("_include")) || text_eq(name, T("_revinclude"))) {
        if (modifier.n == 0 || text_eq(modifier, T("iterate")) || text_eq(modifier, T("recurse"))) {
            return control_include(r, name, modifier, value);
        }
    }
    if (text_eq(name, T("_count"))) {
        return control_count(r, name, value);
    }
    if (text_eq(name, T("_sort"))) {
        return control_sort(r, name, value);
    }
    if (text_eq(name, T("_total"))) {
        return control_total(r, name, value);
    }
    if (text_eq(name, T("_summary"))) {
        return control_summary(r, name, value);
    }
    if (text_eq(name, T("_pretty"))) {
        return control_pretty(r, name, value);
    }
    if (text_eq(name, T("_format"))) {
        return control_text(r, name, value, &r->search->format);
    }
    if (text_eq(name, T("_page"))) {
        return control_text(r, name, value, &r->search->page);
    }
    return control_later(r, name, ret_known);
}
