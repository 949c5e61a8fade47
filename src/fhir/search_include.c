/* _include and _revinclude (R4 search.html#revinclude), _elements (search.html#elements). */
#include "fhir/search_parse.h"
#include "fhir/subset.h"

static bool is_searched(const struct search_reader *r, fhir_type type)
{
    for (size_t i = 0; i < r->type_count; i++) {
        if (r->types[i] == type) {
            return true;
        }
    }
    return false;
}

static int form(struct search_reader *r, text value)
{
    return search_bad(r,
                      "'%.*s' is not of the form Type:parameter, Type:parameter:Target or Type:*, "
                      "with a reference parameter",
                      TEXT_ARG(text_short(value, 200)));
}

static int include_parts(struct search_reader *r, text value, struct search_include *in)
{
    text rest = value, source = T(""), name = T(""), target = T("");
    if (text_eq(value, T("*"))) {
        bool any = in->reverse || in->iterate || r->type_count > 1;
        in->source = any ? 0 : r->types[0];
        return 0;
    }
    text_cut(&rest, ':', &source);
    text_cut(&rest, ':', &name);
    text_cut(&rest, ':', &target);
    in->source = fhir_type_of(source);
    in->target = fhir_type_of(target);
    if (rest.p || !in->source || name.n == 0 || (target.n && !in->target)) {
        return form(r, value);
    }
    if (text_eq(name, T("*"))) {
        return 0;
    }
    int code = search_find(r, in->source, name, &in->param);
    if (code) {
        r->unknown = false; /* _include itself is known */
        return code;
    }
    if (in->param->type != SEARCH_REFERENCE) {
        return form(r, value);
    }
    if (in->target && !search_may_target(in->param, in->target)) {
        return search_bad(r, "%.*s:%.*s never refers to a %.*s", TEXT_ARG(source), TEXT_ARG(name),
                          TEXT_ARG(target));
    }
    return 0;
}

/* An included reference leads away from a type that is searched, a reverse one to it. What is
 * included again and again may begin anywhere. */
static int include_fits(struct search_reader *r, const struct search_include *in)
{
    text type = fhir_type_name(r->types[0]);
    if (in->iterate) {
        return 0;
    }
    if (!in->reverse) {
        if (in->source == 0 || is_searched(r, in->source)) {
            return 0;
        }
        return search_bad(r,
                          "write %.*s: before the parameter, the type searched for; what included "
                          "resources refer to comes with :iterate",
                          TEXT_ARG(type));
    }
    for (size_t i = 0; i < r->type_count; i++) {
        if ((!in->target || in->target == r->types[i]) &&
            (!in->param || search_may_target(in->param, r->types[i]))) {
            return 0;
        }
    }
    return search_bad(r, "the parameter does not refer to a %.*s", TEXT_ARG(type));
}

static bool same(const struct search_include *a, const struct search_include *b)
{
    return a->reverse == b->reverse && a->iterate == b->iterate && a->source == b->source &&
           a->param == b->param && a->target == b->target;
}

int search_include(struct search_reader *r, text name, text modifier, text value)
{
    struct search *s = r->search;
    struct search_include in = {.reverse = text_eq(name, T("_revinclude"))};
    /* R4 says iterate; earlier versions said recurse */
    in.iterate = text_eq(modifier, T("iterate")) || text_eq(modifier, T("recurse"));
    if (modifier.n && !in.iterate) {
        return search_bad(r, "'%.*s' is not a modifier of this parameter; it takes iterate",
                          TEXT_ARG(text_short(modifier, 64)));
    }
    int code = include_parts(r, value, &in);
    code = code ? code : include_fits(r, &in);
    if (code) {
        return code;
    }
    for (size_t i = 0; i < s->include_count; i++) {
        if (same(&s->includes[i], &in)) {
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

/* --- _elements ----------------------------------------------------------------------------- */

static int element_known(struct search_reader *r, text item)
{
    size_t dot = text_find(item, '.');
    if (dot < item.n) {
        fhir_type type = fhir_type_of(text_first(item, dot));
        if (type && subset_has_element(type, text_from(item, dot + 1))) {
            return 0;
        }
        return search_bad(
            r,
            "'%.*s' is not an element of a resource; elements inside others cannot be "
            "chosen",
            TEXT_ARG(text_short(item, 100)));
    }
    for (size_t i = 0; item.n && i < r->type_count; i++) {
        if (subset_has_element(r->types[i], item)) {
            return 0;
        }
    }
    return search_bad(r,
                      "%.*s has no element '%.*s'; write names of elements with commas between "
                      "them",
                      TEXT_ARG(fhir_type_name(r->types[0])), TEXT_ARG(text_short(item, 100)));
}

int search_elements(struct search_reader *r, text value)
{
    struct search *s = r->search;
    text item;
    while (text_cut(&value, ',', &item)) {
        int code = element_known(r, item);
        bool again = false;
        if (code) {
            return code;
        }
        for (size_t i = 0; i < s->element_count; i++) {
            again = again || text_eq(s->elements[i], item);
        }
        if (again) {
            continue;
        }
        text *elements = arena_grow(r->arena, s->elements, s->element_count, &r->element_capacity,
                                    sizeof(*elements));
        if (!elements) {
            return search_no_memory(r->e);
        }
        s->elements = elements;
        elements[s->element_count++] = item;
    }
    return 0;
}
