#include "rest/terms.h"

/*
 * What a ValueSet means (R4 valueset.html#compositions): the union of its includes without its
 * excludes. An item without a code stands for every code of its system: so a value set of a whole
 * system needs nothing of that system here.
 */

static text key_of(text system, text code, struct arena *a)
{
    return arena_printf(a, "%.*s\x1F%.*s", TEXT_ARG(system), TEXT_ARG(code));
}

static int add(struct terms_set *s, text system, text code, struct err *e)
{
    bool is_new;
    text key = key_of(system, code, s->arena);
    if (!key.p || !map_put(&s->seen, key, &is_new)) {
        return terms_no_memory(e);
    }
    if (!is_new) {
        return 0;
    }
    if (s->codes.count == TERMS_CODES_MOST) {
        return err_set(e, ERR_TOO_COSTLY,
                       "a value set of the query has more than %d codes; use a smaller one, or a "
                       "whole system",
                       TERMS_CODES_MOST);
    }
    struct search_code *items =
        arena_grow(s->arena, s->codes.items, s->codes.count, &s->capacity, sizeof *items);
    if (!items) {
        return terms_no_memory(e);
    }
    s->codes.items = items;
    items[s->codes.count++] = (struct search_code){system, code};
    return 0;
}

static int add_all(struct terms_set *s, const struct search_codes *codes, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < codes->count; i++) {
        rc = add(s, codes->items[i].system, codes->items[i].code, e);
    }
    return rc;
}

/* 1: it has the code, itself or with its whole system; 0: not; -1: no memory. */
static int has(const struct terms_set *s, const struct search_code *c)
{
    text own = key_of(c->system, c->code, s->arena);
    text whole = key_of(c->system, T(""), s->arena);
    if (!own.p || !whole.p) {
        return -1;
    }
    return map_get(&s->seen, own) || map_get(&s->seen, whole);
}

/* --- one include --------------------------------------------------------------------------- */

static int add_listed(yyjson_val *list, text system, struct terms_set *s, struct err *e)
{
    int rc = 0;
    yyjson_val *item = list + 1;
    for (size_t left = json_len(list); !rc && left; left--, item = json_after(item)) {
        text code = json_text(json_get(item, T("code")));
        rc = code.n ? add(s, system, code, e) : 0;
    }
    return rc;
}

static int add_filtered(struct terms *t, yyjson_val *include, text system, struct terms_set *s,
                        struct err *e)
{
    const struct terms_system *known;
    unsigned char *marks;
    text version = json_text(json_get(include, T("version")));
    int rc = terms_system(t, system, version, s->arena, &known, e);
    rc = rc ? rc : terms_filter(t, known, json_get(include, T("filter")), s->arena, &marks, e);
    for (size_t i = 0; !rc && i < known->count; i++) {
        rc = marks[i] ? add(s, system, known->concepts[i].code, e) : 0;
    }
    return rc;
}

static bool is_list(yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_ARR && json_len(v);
}

/* The codes of its system that an include names. */
static int add_system(struct terms *t, yyjson_val *include, struct terms_set *s, struct err *e)
{
    text system = json_text(json_get(include, T("system")));
    yyjson_val *concepts = json_get(include, T("concept"));
    if (is_list(concepts)) {
        return add_listed(concepts, system, s, e);
    }
    return is_list(json_get(include, T("filter"))) ? add_filtered(t, include, system, s, e)
                                                   : add(s, system, T(""), e);
}

/* What is in both; where one side has the whole system, what the other has of it. */
static int intersect(struct terms_set *s, const struct terms_set *with, struct err *e)
{
    struct terms_set both = {.arena = s->arena};
    const struct terms_set *sides[] = {s, with};
    int rc = 0;
    map_init(&both.seen);
    for (int side = 0; side < 2; side++) {
        const struct search_codes *codes = &sides[side]->codes;
        for (size_t i = 0; !rc && i < codes->count; i++) {
            int found = has(sides[1 - side], &codes->items[i]);
            rc = found < 0 ? terms_no_memory(e)
                 : found   ? add(&both, codes->items[i].system, codes->items[i].code, e)
                           : 0;
        }
    }
    map_done(&s->seen);
    *s = both;
    return rc;
}

static int import(struct terms *t, text name, const struct terms_import *in, struct terms_set *ret,
                  struct err *e)
{
    yyjson_val *root;
    struct terms_import next = {.up = in, .name = name, .depth = in->depth + 1};
    for (const struct terms_import *up = in; up; up = up->up) {
        if (text_eq(up->name, name)) {
            return err_set(e, ERR_NOT_SUPPORTED,
                           "the value set '%.*s' imports itself, so it cannot be worked out",
                           TEXT_ARG(text_short(name, 200)));
        }
    }
    if (next.depth > TERMS_DEPTH_MOST) {
        return err_set(e, ERR_TOO_COSTLY, "value sets import each other more than %d deep",
                       TERMS_DEPTH_MOST);
    }
    if (++t->imports > TERMS_IMPORTS_MOST) {
        return err_set(e, ERR_TOO_COSTLY,
                       "the value sets of the query import others more than %d times",
                       TERMS_IMPORTS_MOST);
    }
    int rc = terms_value_set(t, name, ret->arena, &root, e);
    return rc ? rc : terms_expand(t, root, &next, ret, e);
}

/* One include or exclude: its system's codes and its imports, together. `s` is empty. */
static int add_include(struct terms *t, yyjson_val *include, const struct terms_import *in,
                       struct terms_set *s, struct err *e)
{
    yyjson_val *imports = json_get(include, T("valueSet"));
    bool any = json_get(include, T("system")) != NULL;
    if (!any && !is_list(imports)) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "the value set '%.*s' has an include without a system and without a value "
                       "set (R4 vsd-1)",
                       TEXT_ARG(text_short(in->name, 200)));
    }
    int rc = any ? add_system(t, include, s, e) : 0;
    yyjson_val *item = is_list(imports) ? imports + 1 : NULL;
    for (size_t left = item ? json_len(imports) : 0; !rc && left; left--, item = json_after(item)) {
        struct terms_set other = {.arena = s->arena};
        map_init(&other.seen);
        rc = import(t, json_text(item), in, &other, e);
        rc = rc ? rc : any ? intersect(s, &other, e) : add_all(s, &other.codes, e);
        map_done(&other.seen);
        any = true;
    }
    return rc;
}

/* --- the whole ----------------------------------------------------------------------------- */

static int add_includes(struct terms *t, yyjson_val *list, const struct terms_import *in,
                        struct terms_set *s, struct err *e)
{
    int rc = 0;
    yyjson_val *item = is_list(list) ? list + 1 : NULL;
    for (size_t left = item ? json_len(list) : 0; !rc && left; left--, item = json_after(item)) {
        struct terms_set one = {.arena = s->arena};
        map_init(&one.seen);
        rc = terms_in_time(t, e);
        rc = rc ? rc : add_include(t, item, in, &one, e);
        rc = rc ? rc : add_all(s, &one.codes, e);
        map_done(&one.seen);
    }
    return rc;
}

/* A whole system of which something is to be taken away becomes the list of its codes. */
static int add_kept(struct terms *t, const struct search_code *c, const struct terms_set *without,
                    struct terms_set *kept, struct err *e)
{
    const struct terms_system *known;
    bool touched = false;
    int found = has(without, c);
    for (size_t i = 0; !found && !c->code.n && i < without->codes.count; i++) {
        touched |= text_eq(without->codes.items[i].system, c->system);
    }
    if (found || !touched) {
        return found < 0 ? terms_no_memory(e) : found ? 0 : add(kept, c->system, c->code, e);
    }
    int rc = terms_system(t, c->system, T(""), kept->arena, &known, e);
    for (size_t i = 0; !rc && i < known->count; i++) {
        struct search_code one = {c->system, known->concepts[i].code};
        found = has(without, &one);
        rc = found < 0 ? terms_no_memory(e) : found ? 0 : add(kept, one.system, one.code, e);
    }
    return rc;
}

static int exclude(struct terms *t, yyjson_val *list, const struct terms_import *in,
                   struct terms_set *s, struct err *e)
{
    struct terms_set without = {.arena = s->arena};
    struct terms_set kept = {.arena = s->arena};
    map_init(&without.seen);
    map_init(&kept.seen);
    int rc = add_includes(t, list, in, &without, e);
    for (size_t i = 0; !rc && i < s->codes.count; i++) {
        rc = add_kept(t, &s->codes.items[i], &without, &kept, e);
    }
    map_done(&without.seen);
    map_done(&s->seen);
    *s = kept;
    return rc;
}

static int add_expansion(yyjson_val *list, unsigned depth, struct terms_set *s, struct err *e)
{
    int rc = 0;
    yyjson_val *item = is_list(list) ? list + 1 : NULL;
    if (depth > TERMS_DEPTH_MOST) {
        return err_set(e, ERR_TOO_COSTLY, "the expansion of a value set is more than %d deep",
                       TERMS_DEPTH_MOST);
    }
    for (size_t left = item ? json_len(list) : 0; !rc && left; left--, item = json_after(item)) {
        text code = json_text(json_get(item, T("code")));
        yyjson_val *abstract = json_get(item, T("abstract"));
        if (code.n && !(abstract && yyjson_is_true(abstract))) {
            rc = add(s, json_text(json_get(item, T("system"))), code, e);
        }
        rc = rc ? rc : add_expansion(json_get(item, T("contains")), depth + 1, s, e);
    }
    return rc;
}

int terms_expand(struct terms *t, yyjson_val *root, const struct terms_import *in,
                 struct terms_set *ret, struct err *e)
{
    yyjson_val *compose = json_get(root, T("compose"));
    yyjson_val *expansion = json_get(root, T("expansion"));
    if (!compose && !expansion) {
        return err_set(e, ERR_NOT_SUPPORTED,
                       "the value set '%.*s' says neither what it is made of (compose) nor which "
                       "codes it has (expansion)",
                       TEXT_ARG(text_short(in->name, 200)));
    }
    if (!compose) {
        return add_expansion(json_get(expansion, T("contains")), 0, ret, e);
    }
    yyjson_val *excludes = json_get(compose, T("exclude"));
    int rc = add_includes(t, json_get(compose, T("include")), in, ret, e);
    return rc || !is_list(excludes) ? rc : exclude(t, excludes, in, ret, e);
}
