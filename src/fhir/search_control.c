#include "fhir/search_parse.h"

static int twice(struct search_reader *r)
{
    return search_fail(r, ERR_DUPLICATE, "stands twice in the query; give it once");
}

/* One of some words, each once in a query. */
static int one_of(struct search_reader *r, text value, const char *const *words, unsigned count,
                  bool *given, unsigned *ret)
{
    char list[100] = "";
    if (*given) {
        return twice(r);
    }
    *given = true;
    for (unsigned i = 0; i < count; i++) {
        if (text_eq(value, text_of(words[i]))) {
            *ret = i;
            return 0;
        }
        strncat(list,
                i == 0           ? ""
                : i + 1 == count ? " or "
                                 : ", ",
                sizeof(list) - strlen(list) - 1);
        strncat(list, words[i], sizeof(list) - strlen(list) - 1);
    }
    return search_bad(r, "'%.*s' is not %s", TEXT_ARG(text_short(value, 100)), list);
}

static const char *const true_or_false[] = {"true", "false"};

static int control_count(struct search_reader *r, text value)
{
    uint64_t count;
    if (r->has_count) {
        return twice(r);
    }
    if (!text_to_u64(value, &count)) {
        return search_bad(r, "'%.*s' is not a whole number, 0 or more",
                          TEXT_ARG(text_short(value, 100)));
    }
    r->has_count = r->search->count_given = true;
    r->search->count = count < r->q->limits->page_entries ? count : r->q->limits->page_entries;
    return 0;
}

static int control_total(struct search_reader *r, text value)
{
    static const char *const words[] = {"none", "estimate", "accurate"};
    unsigned n;
    int code = one_of(r, value, words, 3, &r->has_total, &n);
    if (code == 0) {
        r->search->total = (enum search_total)n;
        r->search->total_given = true;
    }
    return code;
}

static int control_summary(struct search_reader *r, text value)
{
    static const char *const words[] = {"false", "true", "text", "data", "count"};
    unsigned n;
    int code = one_of(r, value, words, 5, &r->has_summary, &n);
    if (code == 0) {
        r->search->summary = (enum search_summary)n;
    }
    return code;
}

static int control_pretty(struct search_reader *r, text value)
{
    unsigned n;
    return one_of(r, value, true_or_false, 2, &r->has_pretty, &n);
}

static int control_explain(struct search_reader *r, text value)
{
    unsigned n;
    int code = one_of(r, value, true_or_false, 2, &r->has_explain, &n);
    r->search->explain = code == 0 && n == 0;
    return code;
}

static int control_contained(struct search_reader *r, text value)
{
    static const char *const words[] = {"false", "true", "both"};
    unsigned n;
    int code = one_of(r, value, words, 3, &r->has_contained, &n);
    if (code == 0) {
        r->search->contained = (enum search_contained)n;
    }
    return code;
}

static int control_contained_type(struct search_reader *r, text value)
{
    static const char *const words[] = {"container", "contained"};
    unsigned n;
    int code = one_of(r, value, words, 2, &r->has_contained_type, &n);
    r->search->contained_only = code == 0 && n == 1;
    return code;
}

/* One of _format and _page. */
static int control_text(struct search_reader *r, text value, text *ret)
{
    if (ret->n) {
        return twice(r);
    }
    *ret = value;
    return 0;
}

static int control_format(struct search_reader *r, text value)
{
    return control_text(r, value, &r->search->format);
}

static int control_page(struct search_reader *r, text value)
{
    return control_text(r, value, &r->search->page);
}

/* --- _sort (R4 search.html#sort) ----------------------------------------------------------- */

static int sort_param(struct search_reader *r, text name, struct plan_sort *sort)
{
    if (text_eq(name, T("_id"))) {
        return 0;
    }
    if (text_eq(name, T("_lastUpdated"))) {
        sort->own = INDEX_LAST_UPDATED;
        return 0;
    }
    if (name.n == 0) {
        return search_bad(r, "write names of search parameters with commas between them, and '-' "
                             "before one for descending order");
    }
    if (r->type_count > 1) {
        return search_bad(r,
                          "a search of several types is sorted by _lastUpdated and _id, not by "
                          "'%.*s'",
                          TEXT_ARG(text_short(name, 64)));
    }
    int code = search_find(r, r->types[0], name, &sort->param);
    if (code) {
        /* known or not: without the order the pages would be others */
        r->unknown = false;
        return code;
    }
    bool words = text_eq(name, T("_text")) || text_eq(name, T("_content"));
    if (words || sort->param->type == SEARCH_COMPOSITE || sort->param->type == SEARCH_SPECIAL) {
        return search_bad(r, "values of '%.*s' have no order; sort by another parameter",
                          TEXT_ARG(name));
    }
    return 0;
}

static bool sorted_by(const struct plan *plan, const struct plan_sort *sort)
{
    for (size_t i = 0; i < plan->sort_count; i++) {
        if (plan->sorts[i].param == sort->param && plan->sorts[i].own == sort->own) {
            return true;
        }
    }
    return false;
}

static int control_sort(struct search_reader *r, text value)
{
    struct plan *plan = &r->search->plan;
    text item;
    if (r->has_sort) {
        return twice(r);
    }
    r->has_sort = true;
    while (text_cut(&value, ',', &item)) {
        struct plan_sort sort = {.descending = item.n && item.p[0] == '-'};
        int code = sort_param(r, text_from(item, sort.descending ? 1 : 0), &sort);
        if (code) {
            return code;
        }
        if (sorted_by(plan, &sort)) {
            return search_fail(r, ERR_DUPLICATE, "'%.*s' stands twice; give it once",
                               TEXT_ARG(text_short(item, 64)));
        }
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

/* --- */

static int control_elements(struct search_reader *r, text value)
{
    if (r->has_elements) {
        return twice(r);
    }
    r->has_elements = true;
    return search_elements(r, value);
}

static int control_query(struct search_reader *r, text value)
{
    r->unknown = true; /* not known here: may be left out */
    return search_fail(r, ERR_NOT_SUPPORTED,
                       "there is no query named '%.*s' here; search by the parameters of the type",
                       TEXT_ARG(text_short(value, 64)));
}

static int control_score(struct search_reader *r, text value)
{
    (void)value;
    r->unknown = true;
    return search_fail(r, ERR_NOT_SUPPORTED,
                       "matches are not ranked here: all match; leave it out");
}

static const struct {
    const char *name;
    int (*read)(struct search_reader *r, text value);
} controls[] = {
    {"_count", control_count},
    {"_sort", control_sort},
    {"_total", control_total},
    {"_summary", control_summary},
    {"_elements", control_elements},
    {"_contained", control_contained},
    {"_containedType", control_contained_type},
    {"_explain", control_explain},
    {"_format", control_format},
    {"_pretty", control_pretty},
    {"_page", control_page},
    {"_query", control_query},
    {"_score", control_score},
};

static int check_control(struct search_reader *r, text modifier, text value)
{
    if (r->criteria) {
        return search_bad(r,
                          "a condition takes criteria alone, which say what is looked for; leave "
                          "this parameter out");
    }
    if (modifier.n) {
        return search_bad(r, "'%.*s' is not a modifier of this parameter; it takes none",
                          TEXT_ARG(text_short(modifier, 64)));
    }
    return value.n ? 0 : search_bad(r, "the value is empty; give one, or leave it out");
}

int search_control(struct search_reader *r, text name, text modifier, text value, bool *ret_known)
{
    *ret_known = true;
    if (text_eq(name, T("_include")) || text_eq(name, T("_revinclude"))) {
        int code = check_control(r, T(""), value);
        return code ? code : search_include(r, name, modifier, value);
    }
    for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
        if (text_eq(name, text_of(controls[i].name))) {
            int code = check_control(r, modifier, value);
            return code ? code : controls[i].read(r, value);
        }
    }
    *ret_known = false;
    return 0;
}

int search_controls_done(struct search_reader *r)
{
    struct search *s = r->search;
    if (s->count == 0) {
        s->summary = SUMMARY_COUNT;
    }
    if (r->has_contained_type && s->contained == CONTAINED_FALSE) {
        r->where = T("_containedType");
        return search_bad(r, "it has a meaning with _contained=true or both alone");
    }
    bool others = s->summary != SUMMARY_FALSE && s->summary != SUMMARY_COUNT;
    if (s->element_count && others) {
        r->where = T("_elements");
        return search_bad(r, "_elements and _summary both choose what is shown; give one of them");
    }
    for (size_t i = 0; s->contained != CONTAINED_FALSE && i < s->plan.sort_count; i++) {
        if (s->plan.sorts[i].param) {
            r->where = T("_sort");
            return search_bad(r, "with _contained the matches are of many types, sorted by "
                                 "_lastUpdated and _id alone");
        }
    }
    return 0;
}
