/* A system with its supplements: what it has goes back into a builder, then what they add. */
#include "fhir/codes_int.h"

static void copy_concept(struct codes_build *b, const struct codes *c, uint32_t concept)
{
    size_t count;
    const uint32_t *parents = codes_parents(c, concept, &count);
    codes_build_display(b, concept, codes_display(c, concept));
    codes_build_definition(b, concept, codes_definition(c, concept));
    codes_build_flags(b, concept, codes_flags(c, concept), codes_status(c, concept));
    for (size_t i = 0; i < count; i++) {
        codes_build_parent(b, concept, parents[i]);
    }
    for (size_t i = 0; i < codes_designation_count(c, concept); i++) {
        struct codes_designation d = codes_designation(c, concept, i);
        codes_build_designation(b, concept, &d);
    }
    for (size_t i = 0; i < codes_property_count(c, concept); i++) {
        struct codes_property p = codes_property(c, concept, i);
        codes_build_property(b, concept, &p);
    }
}

static void copy(struct codes_build *b, const struct codes *c)
{
    bool is_new;
    size_t count;
    for (uint32_t i = 0; i < c->about.count; i++) {
        (void)codes_build_concept(b, codes_code(c, i), &is_new);
    }
    for (uint32_t i = 0; i < c->about.count; i++) {
        copy_concept(b, c, i);
    }
    for (size_t i = 0; i < c->n[CODES_DEFINITION]; i++) {
        struct codes_property_definition d = codes_property_definition(c, i);
        codes_build_property_definition(b, &d);
    }
    for (size_t i = 0; i < c->n[CODES_SET]; i++) {
        uint32_t set = c->numbers[CODES_SET][i];
        const uint32_t *members = codes_members(c, set, &count);
        for (size_t k = 0; k < count; k++) {
            codes_build_member(b, set, members[k]);
        }
    }
}

static bool is_defined(const struct codes *c, text code)
{
    for (size_t i = 0; i < c->n[CODES_DEFINITION]; i++) {
        if (text_eq(codes_property_definition(c, i).code, code)) {
            return true;
        }
    }
    return false;
}

/* Definitions of properties that the system has not; the first of two supplements counts. */
static void add_definitions(struct codes_build *b, const struct codes *c, const yyjson_val *root)
{
    const yyjson_val *list = json_get(root, T("property"));
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    for (const yyjson_val *v = left ? list + 1 : NULL; left; left--, v = json_after(v)) {
        struct codes_property_definition d;
        if (codes_take_definition(v, &d) && !is_defined(c, d.code)) {
            codes_build_property_definition(b, &d);
        }
    }
}

/* A supplement may nest its concepts as its system does; the hierarchy is the system's. */
static int add_concepts(struct codes_build *b, const struct codes *c, const yyjson_val *list,
                        size_t depth, struct err *e)
{
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    int failed = 0;
    if (left && depth > CODES_DEPTH_MOST) {
        return err_set(e, ERR_TOO_LARGE,
                       "the concepts of a supplement are nested deeper than %d levels: list them "
                       "side by side",
                       (int)CODES_DEPTH_MOST);
    }
    for (const yyjson_val *v = left ? list + 1 : NULL; !failed && left; left--, v = json_after(v)) {
        uint32_t concept = codes_find(c, json_text(json_get(v, T("code"))));
        if (concept != CODES_NONE) {
            codes_take_designations(b, concept, json_get(v, T("designation")));
            codes_take_properties(b, concept, json_get(v, T("property")));
        }
        failed = add_concepts(b, c, json_get(v, T("concept")), depth + 1, e);
    }
    return failed;
}

int codes_with_supplements(const struct codes *c, const yyjson_val *const *supplements,
                           size_t count, struct arena *a, const struct codes **ret_codes,
                           struct err *e)
{
    if (count == 0) {
        *ret_codes = c;
        return 0;
    }
    struct codes_build *b = codes_build_begin(&c->about);
    int failed = 0;
    if (!b) {
        return err_set(e, ERR_MEMORY, "no memory to add supplements to a code system");
    }
    copy(b, c);
    for (size_t i = 0; !failed && i < count; i++) {
        add_definitions(b, c, supplements[i]);
        failed = add_concepts(b, c, json_get(supplements[i], T("concept")), 1, e);
    }
    failed = failed ? failed : codes_build_into(b, c->n[CODES_WORD_AT] != 0, a, ret_codes, e);
    codes_build_drop(b);
    return failed;
}
