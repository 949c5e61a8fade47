#include "fhir/ecl.h"
#include "fhir/path_regex.h"
#include "fhir/ucum.h"
#include "fhir/value_set_int.h"

/* The filters of an include (R4 valueset-filter-operator, and those of R5 that are written with the
 * extension for it) as a bit a concept. */

enum { REGEX_WORK_MOST = 200 * 1000 * 1000, LOOK_EVERY = 256, VALUES_MOST = 100000 };

struct filter {
    const struct codes *codes;
    text system;
    text property, op, value;
    text place; /* ValueSet.compose.include[0].filter[1] */
    uint32_t count;
    uint64_t *bits;
    struct arena *arena;
    int64_t deadline;
};

static void set(struct filter *f, uint32_t concept)
{
    if (concept < f->count) {
        f->bits[concept / 64] |= (uint64_t)1 << (concept % 64);
    }
}

static void set_all(struct filter *f, const uint32_t *concepts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        set(f, concepts[i]);
    }
}

static void invert(struct filter *f)
{
    for (size_t i = 0; i < ((size_t)f->count + 63) / 64; i++) {
        f->bits[i] = ~f->bits[i];
    }
    if (f->count % 64) {
        f->bits[f->count / 64] &= ((uint64_t)1 << (f->count % 64)) - 1;
    }
}

static int wrong(const struct filter *f, const char *why, struct err *e)
{
    return err_at(e, ERR_INVALID, f->place, "the filter '%.*s %.*s %.*s' %s",
                  TEXT_ARG(text_short(f->property, 60)), TEXT_ARG(text_short(f->op, 30)),
                  TEXT_ARG(text_short(f->value, 200)), why);
}

/* --- hierarchy -------------------------------------------------------------------------------- */

/* Everything below, by a stack: each concept once. leaves: only those with nothing below. */
static int set_below(struct filter *f, uint32_t top, bool leaves, struct err *e)
{
    uint32_t *stack = NULL;
    size_t depth = 0;
    size_t capacity = 0;
    uint64_t *seen = arena_zalloc(f->arena, (size_t)f->count / 64 + 1, sizeof *seen);
    uint32_t at = top;
    if (!seen) {
        return value_set_no_memory(e);
    }
    for (;;) {
        size_t count;
        const uint32_t *children = codes_children(f->codes, at, &count);
        if (at != top && (!leaves || count == 0)) {
            set(f, at);
        }
        for (size_t i = 0; i < count; i++) {
            uint32_t child = children[i];
            if (value_set_bit(seen, child)) {
                continue;
            }
            seen[child / 64] |= (uint64_t)1 << (child % 64);
            stack = arena_grow(f->arena, stack, depth, &capacity, sizeof *stack);
            if (!stack) {
                return value_set_no_memory(e);
            }
            stack[depth++] = child;
        }
        if (depth == 0) {
            return 0;
        }
        at = stack[--depth];
    }
}

static int by_hierarchy(struct filter *f, struct err *e)
{
    size_t count;
    const uint32_t *list;
    uint32_t concept = codes_find(f->codes, f->value);
    bool is_not = text_eq(f->op, T("is-not-a"));
    int rc = 0;
    if (concept == CODES_NONE) {
        if (is_not) {
            invert(f);
        }
        return 0; /* nothing is below what is not there */
    }
    if (text_eq(f->op, T("generalizes"))) {
        list = codes_ancestors(f->codes, concept, &count);
        set_all(f, list, count);
        set(f, concept);
    } else if (text_eq(f->op, T("child-of"))) {
        list = codes_children(f->codes, concept, &count);
        set_all(f, list, count);
    } else {
        rc = set_below(f, concept, text_eq(f->op, T("descendent-leaf")), e);
        if (is_not || text_eq(f->op, T("is-a"))) {
            set(f, concept);
        }
        if (is_not) {
            invert(f);
        }
    }
    return rc;
}

/* --- codes ------------------------------------------------------------------------------------ */

static void set_listed(struct filter *f)
{
    text rest = f->value;
    text code;
    while (text_cut(&rest, ',', &code)) {
        uint32_t concept = codes_find(f->codes, text_trim(code));
        if (concept != CODES_NONE) {
            set(f, concept);
        }
    }
}

/* SNOMED CT writes  concept in REFSET. */
static bool set_members(struct filter *f)
{
    size_t count;
    uint32_t concept = codes_find(f->codes, f->value);
    const uint32_t *members =
        concept == CODES_NONE ? NULL : codes_members(f->codes, concept, &count);
    if (members) {
        set_all(f, members, count);
    }
    return members != NULL;
}

/* --- texts and properties --------------------------------------------------------------------- */

static bool is_listed(text list, text value)
{
    text item;
    while (text_cut(&list, ',', &item)) {
        if (text_eq(text_trim(item), value)) {
            return true;
        }
    }
    return false;
}

enum test { TEST_EQUAL, TEST_IN, TEST_REGEX, TEST_EXISTS };

static int tell(const struct filter *f, enum test test, struct path_regex *regex, text value,
                bool *ret_does, struct err *e)
{
    switch (test) {
    case TEST_EQUAL:
        *ret_does = text_eq(value, f->value);
        return 0;
    case TEST_IN:
        *ret_does = is_listed(f->value, value);
        return 0;
    case TEST_EXISTS:
        *ret_does = true;
        return 0;
    case TEST_REGEX:
        break;
    }
    return path_regex_matches(regex, value, true, ret_does, e);
}

/* Facts that every concept has, whether or not a property says them. */
static text own_fact(const struct filter *f, uint32_t concept)
{
    unsigned flags = codes_flags(f->codes, concept);
    if (text_eq(f->property, T("concept")) || text_eq(f->property, T("code"))) {
        return codes_code(f->codes, concept);
    }
    if (text_eq(f->property, T("display"))) {
        return codes_display(f->codes, concept);
    }
    if (text_eq(f->property, T("definition"))) {
        return codes_definition(f->codes, concept);
    }
    if (text_eq(f->property, T("inactive"))) {
        return flags & CODES_INACTIVE ? T("true") : T("false");
    }
    if (text_eq(f->property, T("notSelectable"))) {
        return flags & CODES_ABSTRACT ? T("true") : T("false");
    }
    return (text){0};
}

static int test_concept(const struct filter *f, enum test test, struct path_regex *regex,
                        uint32_t concept, bool *ret_does, struct err *e)
{
    text fact = own_fact(f, concept);
    size_t count = fact.p ? 0 : codes_property_count(f->codes, concept);
    int rc = fact.n ? tell(f, test, regex, fact, ret_does, e) : 0;
    for (size_t i = 0; !rc && !*ret_does && i < count; i++) {
        struct codes_property p = codes_property(f->codes, concept, i);
        if (text_eq(p.code, f->property)) {
            rc = tell(f, test, regex, p.value, ret_does, e);
        }
    }
    if (!rc && !*ret_does && text_eq(f->property, T("status"))) {
        text status = codes_status(f->codes, concept);
        rc = status.n ? tell(f, test, regex, status, ret_does, e) : 0;
    }
    return rc;
}

static int by_value(struct filter *f, enum test test, struct err *e)
{
    struct path_regex regex = {
        .pattern = f->value, .work_left = REGEX_WORK_MOST, .deadline = f->deadline};
    for (uint32_t i = 0; i < f->count; i++) {
        bool does = false;
        int rc = i % LOOK_EVERY ? 0 : value_set_in_time(f->deadline, e);
        rc = rc ? rc : test_concept(f, test, &regex, i, &does, e);
        if (rc) {
            return test == TEST_REGEX && rc == ERR_INVALID
                       ? wrong(f, "has a regular expression that is not one", e)
                       : rc;
        }
        if (does) {
            set(f, i);
        }
    }
    return 0;
}

/* parent = X: what stands right below X; child = X: what stands right above it. */
static bool by_relation(struct filter *f)
{
    size_t count;
    bool parent = text_eq(f->property, T("parent"));
    if (!parent && !text_eq(f->property, T("child"))) {
        return false;
    }
    uint32_t concept = codes_find(f->codes, f->value);
    if (concept != CODES_NONE) {
        const uint32_t *list = parent ? codes_children(f->codes, concept, &count)
                                      : codes_parents(f->codes, concept, &count);
        set_all(f, list, count);
    }
    return true;
}

static int by_equality(struct filter *f, struct err *e)
{
    size_t count;
    uint32_t concept = codes_find(f->codes, f->value);
    if (by_relation(f)) {
        return 0;
    }
    /* By the index of relationships where the value is a concept that has one. */
    const uint32_t *list =
        concept == CODES_NONE ? NULL : codes_with(f->codes, f->property, concept, &count);
    if (list && count) {
        set_all(f, list, count);
        return 0;
    }
    return by_value(f, TEST_EQUAL, e);
}

/* parent exists: whether there is any. */
static int by_existence(struct filter *f, struct err *e)
{
    bool parent = text_eq(f->property, T("parent"));
    bool wanted = text_eq(f->value, T("true"));
    int rc = 0;
    if (!wanted && !text_eq(f->value, T("false"))) {
        return wrong(f, "needs the value true or false", e);
    }
    if (parent || text_eq(f->property, T("child"))) {
        for (uint32_t i = 0; i < f->count; i++) {
            size_t count;
            (void)(parent ? codes_parents(f->codes, i, &count)
                          : codes_children(f->codes, i, &count));
            if (count) {
                set(f, i);
            }
        }
    } else {
        rc = by_value(f, TEST_EXISTS, e);
    }
    if (!wanted) {
        invert(f);
    }
    return rc;
}

/* --- SNOMED CT -------------------------------------------------------------------------------- */

static int by_constraint(struct filter *f, struct err *e)
{
    const struct ecl *x;
    struct ecl_set found;
    if (!text_eq(f->op, T("="))) {
        return wrong(f, "must be written with the operator =", e);
    }
    int rc = ecl_parse(f->value, f->arena, &x, e);
    if (rc) {
        return rc;
    }
    rc = ecl_evaluate(x, f->codes, f->deadline, f->arena, &found, e);
    for (uint32_t i = 0; !rc && i < f->count; i++) {
        if (ecl_set_has(&found, i)) {
            set(f, i);
        }
    }
    return rc;
}

/* --- one filter ------------------------------------------------------------------------------- */

static bool is_hierarchy(text op)
{
    static const char *const ops[] = {"is-a",        "is-not-a", "descendent-of",
                                      "generalizes", "child-of", "descendent-leaf"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        if (text_eq(op, text_of(ops[i]))) {
            return true;
        }
    }
    return false;
}

static int by_operator(struct filter *f, struct err *e)
{
    bool snomed = text_eq(f->system, T(SNOMED));
    bool on_codes = text_eq(f->property, T("concept")) || text_eq(f->property, T("code"));
    bool not_in = text_eq(f->op, T("not-in"));
    int rc = 0;
    if (snomed && text_eq(f->property, T("constraint"))) {
        return by_constraint(f, e);
    }
    if (snomed && text_eq(f->property, T("expressions"))) {
        invert(f); /* which expressions count says nothing about concepts */
        return 0;
    }
    if (is_hierarchy(f->op)) {
        return by_hierarchy(f, e);
    }
    if (text_eq(f->op, T("="))) {
        return by_equality(f, e);
    }
    if (text_eq(f->op, T("exists"))) {
        return by_existence(f, e);
    }
    if (text_eq(f->op, T("regex"))) {
        return by_value(f, TEST_REGEX, e);
    }
    if (!not_in && !text_eq(f->op, T("in"))) {
        return wrong(f, "has an operator that FHIR does not have", e);
    }
    if (!on_codes) {
        rc = by_value(f, TEST_IN, e);
    } else if (!snomed || !set_members(f)) {
        set_listed(f);
    }
    if (not_in) {
        invert(f);
    }
    return rc;
}

/* An operator of R5 is written in R4 with an extension in its place. */
static text operator_of(const yyjson_val *filter)
{
    text op = json_text(json_get(filter, T("op")));
    const yyjson_val *list = json_get(json_get(filter, T("_op")), T("extension"));
    if (op.n || json_type(list) != YYJSON_TYPE_ARR) {
        return op;
    }
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = json_len(list); left; left--, item = json_after(item)) {
        text code = json_text(json_get(item, T("valueCode")));
        if (text_ends(json_text(json_get(item, T("url"))),
                      T("extension-ValueSet.compose.include.filter.op"))) {
            return code;
        }
    }
    return op;
}

static int check_filter(const struct filter *f, struct err *e)
{
    if (f->value.n == 0) {
        return err_at(e, ERR_INVALID, f->place,
                      "The system %.*s filter with property = %.*s, op = %.*s has no value",
                      TEXT_ARG(text_short(f->system, 200)), TEXT_ARG(text_short(f->property, 60)),
                      TEXT_ARG(text_short(f->op, 30)));
    }
    return f->property.n && f->op.n
               ? 0
               : err_at(e, ERR_INVALID, f->place, "a filter needs a property, an op and a value");
}

static int one_filter(const struct value_set_making *m, struct value_set_part *p,
                      const yyjson_val *filter, text place, struct err *e)
{
    struct arena *a = m->arena;
    struct filter f = {.codes = p->codes,
                       .system = p->system,
                       .property = json_text(json_get(filter, T("property"))),
                       .op = operator_of(filter),
                       .value = json_text(json_get(filter, T("value"))),
                       .place = place,
                       .arena = a,
                       .deadline = m->deadline};
    int rc = check_filter(&f, e);
    if (rc || !p->codes) {
        return rc;
    }
    f.count = codes_about(p->codes)->count;
    size_t words = (size_t)f.count / 64 + 1;
    f.bits = arena_zalloc(a, words, sizeof *f.bits);
    if (!f.bits) {
        return value_set_no_memory(e);
    }
    rc = by_operator(&f, e);
    for (size_t i = 0; !rc && p->bits && i < words; i++) {
        f.bits[i] &= p->bits[i];
    }
    if (!rc) {
        p->bits = f.bits;
    }
    return rc;
}

/* UCUM's property "canonical" (R4 ucum.html): the units that are so many of this one. */
static bool take_units(struct value_set_part *p, const yyjson_val *filter, struct arena *a)
{
    const struct ucum_unit *unit;
    struct err ignored = {0};
    if (!text_eq(p->system, T(UCUM_SYSTEM)) || !text_eq(operator_of(filter), T("=")) ||
        !text_eq(json_text(json_get(filter, T("property"))), T("canonical")) ||
        ucum_parse(json_text(json_get(filter, T("value"))), a, &unit, &ignored) != 0) {
        return false;
    }
    p->units = ucum_base(unit, a);
    p->kind = VALUE_SET_UNITS;
    return p->units.p != NULL;
}

int value_set_filters(const struct value_set_making *m, struct value_set_part *p,
                      const yyjson_val *filters, text place, struct err *e)
{
    struct arena *a = m->arena;
    int rc = 0;
    const yyjson_val *item = filters ? filters + 1 : NULL;
    if (!p->codes && item && json_len(filters) == 1 && take_units(p, item, a)) {
        return 0;
    }
    for (size_t i = 0; !rc && i < json_len(filters); i++, item = json_after(item)) {
        text at = arena_printf(a, "%.*s.filter[%zu]", TEXT_ARG(place), i);
        rc = at.p ? one_filter(m, p, item, at, e) : value_set_no_memory(e);
        p->hierarchic = json_len(filters) == 1 && (text_eq(operator_of(item), T("is-a")) ||
                                                   text_eq(operator_of(item), T("descendent-of")));
    }
    p->kind = p->codes ? VALUE_SET_BITS : VALUE_SET_MISSING;
    return rc;
}
