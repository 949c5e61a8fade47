#include "fhir/search_custom.h"
#include "fhir/search_parse.h"

#include <stdio.h>

/* --- parameters ---------------------------------------------------------------------------- */

/* Of all resources, but no parameters that a resource is found by: both stand alone in a query. */
static bool is_language(text name)
{
    return text_eq(name, T("_filter")) || text_eq(name, T("_query"));
}

static void list_name(char *names, size_t size, size_t *n, text name)
{
    if (!is_language(name) && *n + name.n + 3 < size) {
        *n += (size_t)snprintf(names + *n, size - *n, "%s%.*s", *n ? ", " : "", TEXT_ARG(name));
    }
}

static int unknown(struct search_reader *r, fhir_type type, text name)
{
    char names[560] = "";
    size_t n = 0, count;
    const struct search_param *params = search_params(type, &count);
    for (size_t i = 0; i < count; i++) {
        list_name(names, sizeof(names), &n, params[i].name);
    }
    const struct search_custom *const *customs =
        search_customs_of(r->q->rules->customs, type, &count);
    for (size_t i = 0; i < count; i++) {
        list_name(names, sizeof(names), &n, customs[i]->param.name);
    }
    r->unknown = true;
    text where = text_eq(text_first(r->where, text_find(r->where, ':')), name) ? T("") : r->where;
    return err_set(r->e, ERR_INVALID, "%.*s%s%.*s has no search parameter '%.*s'. It has %s",
                   TEXT_ARG(text_short(where, 100)), where.n ? ": " : "",
                   TEXT_ARG(fhir_type_name(type)), TEXT_ARG(text_short(name, 64)), names);
}

int search_find(struct search_reader *r, fhir_type type, text name, const struct search_param **ret)
{
    const struct search_param *param = search_param_of(r->q->rules->customs, type, name);
    if (!param) {
        return unknown(r, type, name);
    }
    if (is_language(name)) {
        return search_bad(r,
                          "'%.*s' cannot be used like this; write _filter=... alone, or behind a "
                          "chain",
                          TEXT_ARG(name));
    }
    if ((param->number & 0xFF) >= SEARCH_CUSTOM_FIRST) {
        const struct search_custom *custom = search_custom_find(r->q->rules->customs, type, name);
        if (custom && !custom->usable) {
            r->unknown = true; /* lenient: it is not there yet */
            return search_fail(r, ERR_BUSY,
                               "this parameter was added, and its index is still being built: "
                               "SearchParameter/%.*s/$status says how far it is; ask again later",
                               TEXT_ARG(custom->id));
        }
    }
    *ret = param;
    return 0;
}

const struct search_param *search_part(const struct search_reader *r,
                                       const struct search_param *param, size_t n)
{
    if (!param->parts) {
        return n == 0 ? param : NULL;
    }
    return param->parts[n] ? search_param_by_number(r->q->rules->customs, param->parts[n]) : NULL;
}

static bool is_own(const struct search_param *param)
{
    return text_eq(param->name, T("_id")) || text_eq(param->name, T("_lastUpdated"));
}

/* --- :missing ------------------------------------------------------------------------------ */

int search_missing(struct search_reader *r, const struct search_about *about, bool missing,
                   struct plan_node *ret)
{
    struct search_nodes any = {0};
    const struct search_param *part;
    struct plan_node node = {.kind = PLAN_ALL, .type = about->type};
    int code = 0;
    for (size_t i = 0; !is_own(about->param) && code == 0; i++) {
        part = search_part(r, about->param, i);
        if (!part) {
            break;
        }
        struct search_about of = {.type = about->type, .param = part};
        node = search_leaf(&of, PLAN_EXISTS);
        code = search_add(r, PLAN_OR, &any, &node);
        if (part->implied && code == 0) {
            node = search_leaf(&of, PLAN_HOMED);
            code = search_add(r, PLAN_OR, &any, &node);
        }
    }
    if (code) {
        return code;
    }
    *ret = any.count ? search_join(about->type, PLAN_OR, &any) : node;
    return missing ? search_negate(r, ret) : 0;
}

static int missing(struct search_reader *r, const struct search_about *about, text value,
                   struct plan_node *ret)
{
    bool is_true = text_eq(value, T("true"));
    if (!is_true && !text_eq(value, T("false"))) {
        return search_bad(r, "'%.*s' is not true or false", TEXT_ARG(text_short(value, 100)));
    }
    int code = search_count_value(r);
    return code ? code : search_missing(r, about, is_true, ret);
}

/* --- values -------------------------------------------------------------------------------- */

int search_count_value(struct search_reader *r)
{
    if (++r->values > r->q->limits->search_values) {
        return search_over(r, "the query has more than %llu values; ask in several queries",
                           (unsigned long long)r->q->limits->search_values);
    }
    return 0;
}

static int by_modifier(struct search_reader *r, const struct search_about *about, text value,
                       struct search_nodes *out)
{
    switch (about->modifier) {
    case MODIFIER_EXACT:
        return search_value_exact(r, about, value, out);
    case MODIFIER_CONTAINS:
        return search_value_contains(r, about, value, out);
    case MODIFIER_TEXT:
        return search_value_text(r, about, value, out);
    case MODIFIER_ABOVE:
    case MODIFIER_BELOW:
        if (about->param->type == SEARCH_URI) {
            return search_value_uri_path(r, about, about->modifier == MODIFIER_ABOVE, value, out);
        }
        return search_value_related(r, about, about->modifier == MODIFIER_ABOVE, value, out);
    case MODIFIER_IN:
    case MODIFIER_NOT_IN:
        return search_value_members(r, about, value, out);
    case MODIFIER_OF_TYPE:
        return search_value_of_type(r, about, value, out);
    case MODIFIER_NONE:
    case MODIFIER_NOT:
    case MODIFIER_IDENTIFIER:
    case MODIFIER_TYPE:
    case MODIFIER_MISSING:
        break;
    }
    return about->param->composite ? search_value_composite(r, about, value, out)
                                   : search_value(r, about, value, out);
}

int search_one(struct search_reader *r, const struct search_about *about, text value,
               struct search_nodes *out)
{
    int code = 0;
    if (value.n == 0) {
        return search_bad(r, "a value is empty; give one, or leave the parameter out (a comma in a "
                             "value is written \\,)");
    }
    for (size_t i = 0; code == 0; i++) {
        struct search_about part = *about;
        part.param = search_part(r, about->param, i);
        if (!part.param) {
            break;
        }
        code = by_modifier(r, &part, value, out);
    }
    return code;
}

int search_values(struct search_reader *r, const struct search_about *about, text value,
                  struct plan_node *ret)
{
    struct search_nodes any = {0};
    text rest = value.p ? value : T(""), item;
    int code = 0;
    while (code == 0 && search_cut(&rest, ',', &item)) {
        code = search_count_value(r);
        code = code ? code : search_one(r, about, item, &any);
    }
    if (code) {
        return code;
    }
    *ret = search_join(about->type, PLAN_OR, &any);
    bool opposite = about->modifier == MODIFIER_NOT || about->modifier == MODIFIER_NOT_IN;
    return opposite ? search_negate(r, ret) : 0;
}

/* --- one criterion ------------------------------------------------------------------------- */

static int read_param(struct search_reader *r, fhir_type type, text name, text value,
                      struct plan_node *ret)
{
    size_t colon = text_find(name, ':');
    struct search_about about = {.type = type};
    int code = search_find(r, type, text_first(name, colon), &about.param);
    if (code == 0 && colon < name.n) {
        code = search_modifier_read(r, about.param, text_from(name, colon + 1), &about);
    }
    if (code) {
        return code;
    }
    if (about.modifier == MODIFIER_MISSING) {
        return missing(r, &about, value, ret);
    }
    return search_values(r, &about, value, ret);
}

static int read_leg(struct search_reader *r, fhir_type type, const struct search_leg *leg,
                    unsigned depth, struct plan_node *ret)
{
    return search_criterion(r, type, leg->name, leg->value, depth, ret);
}

int search_criterion(struct search_reader *r, fhir_type type, text name, text value, unsigned depth,
                     struct plan_node *ret)
{
    int code = search_deep(r, depth);
    if (code) {
        return code;
    }
    if (text_starts(name, T("_has:"))) {
        return search_has(r, type, text_from(name, 5), value, depth, ret);
    }
    size_t dot = text_find(name, '.');
    if (dot < name.n) {
        struct search_leg leg = {read_leg, text_from(name, dot + 1), value};
        return search_chain(r, type, text_first(name, dot), &leg, depth, ret);
    }
    if (text_eq(name, T("_filter"))) {
        return search_filter(r, type, value, depth, ret);
    }
    if (text_eq(name, T("_list"))) {
        return search_list(r, type, value, ret);
    }
    return read_param(r, type, name, value, ret);
}
