/* Properties and designations as a CodeSystem resource has them, and what properties mean. */
#include "fhir/codes_int.h"

#include <stdlib.h>

static const struct {
    text name;
    uint32_t role;
} roles_by_name[] = {
    {{"parent", 6}, CODES_ROLE_PARENT},
    {{"subsumedBy", 10}, CODES_ROLE_PARENT},
    {{"child", 5}, CODES_ROLE_CHILD},
    {{"inactive", 8}, CODES_ROLE_INACTIVE},
    {{"status", 6}, CODES_ROLE_STATUS},
    {{"notSelectable", 13}, CODES_ROLE_NOT_SELECTABLE},
    {{"deprecated", 10}, CODES_ROLE_DEPRECATED},
    {{"deprecationDate", 15}, CODES_ROLE_DEPRECATED},
};

static uint32_t role_by_name(text name)
{
    for (size_t i = 0; i < sizeof roles_by_name / sizeof *roles_by_name; i++) {
        if (text_eq(roles_by_name[i].name, name)) {
            return roles_by_name[i].role;
        }
    }
    return CODES_ROLE_NONE;
}

static const struct {
    text name;
    enum codes_kind kind;
} kinds[] = {
    {{"code", 4}, CODES_CODE},       {{"Coding", 6}, CODES_CODING},
    {{"string", 6}, CODES_STRING},   {{"integer", 7}, CODES_INTEGER},
    {{"boolean", 7}, CODES_BOOLEAN}, {{"dateTime", 8}, CODES_DATE_TIME},
    {{"decimal", 7}, CODES_DECIMAL},
};

/* The type of a property, or what follows `value` in the name of a value; -1: none of them. */
static int kind_of(text name, bool of_value)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (of_value ? text_eq_nocase(kinds[i].name, name) : text_eq(kinds[i].name, name)) {
            return (int)kinds[i].kind;
        }
    }
    return -1;
}

bool codes_take_definition(const yyjson_val *v, struct codes_property_definition *ret_definition)
{
    int kind = kind_of(json_text(json_get(v, T("type"))), false);
    *ret_definition = (struct codes_property_definition){
        .code = json_text(json_get(v, T("code"))),
        .uri = json_text(json_get(v, T("uri"))),
        .kind = kind < 0 ? CODES_STRING : (enum codes_kind)kind,
    };
    return ret_definition->code.n != 0;
}

int codes_roles_make(struct codes_build *b, const yyjson_val *definitions,
                     struct codes_roles *ret_roles)
{
    static const text meanings = {"http://hl7.org/fhir/concept-properties#", 39};
    struct codes_roles *r = ret_roles;
    int failed = 0;
    *r = (struct codes_roles){0};
    codes_texts_init(&r->codes);
    size_t left = json_type(definitions) == YYJSON_TYPE_ARR ? json_len(definitions) : 0;
    for (const yyjson_val *v = left ? definitions + 1 : NULL; !failed && left;
         left--, v = json_after(v)) {
        struct codes_property_definition d;
        uint32_t number, role = CODES_ROLE_NONE;
        if (!codes_take_definition(v, &d)) {
            continue;
        }
        codes_build_property_definition(b, &d);
        if (text_starts(d.uri, meanings)) {
            role = role_by_name(text_from(d.uri, meanings.n));
        }
        if (role != CODES_ROLE_NONE && codes_texts_find(&r->codes, d.code) == CODES_NONE) {
            failed = codes_texts_put(&r->codes, d.code, &number);
            failed = failed ? failed : codes_rows_add(&r->role, &role, 1);
        }
    }
    return failed;
}

void codes_roles_done(struct codes_roles *roles)
{
    codes_texts_done(&roles->codes);
    free(roles->role.p);
    roles->role = (struct codes_rows){0};
}

enum codes_role codes_role_of(const struct codes_roles *roles, text code)
{
    uint32_t number = codes_texts_find(&roles->codes, code);
    return (enum codes_role)(number < roles->role.n ? roles->role.p[number] : role_by_name(code));
}

bool codes_take_property(const yyjson_val *v, struct codes_property *ret_property)
{
    struct codes_property p = {.concept = CODES_NONE};
    bool found = false;
    size_t left = json_type(v) == YYJSON_TYPE_OBJ ? json_len(v) : 0;
    for (const yyjson_val *name = left ? v + 1 : NULL; left; left--, name = json_after(name + 1)) {
        text t = json_text(name);
        const yyjson_val *value = name + 1;
        int kind = text_starts(t, T("value")) ? kind_of(text_from(t, 5), true) : -1;
        if (text_eq(t, T("code"))) {
            p.code = json_text(value);
        }
        if (kind < 0) {
            continue;
        }
        found = true;
        p.kind = (enum codes_kind)kind;
        p.value = json_text(value);
        if (kind == CODES_CODING) {
            p.value = json_text(json_get(value, T("code")));
            p.system = json_text(json_get(value, T("system")));
            p.display = json_text(json_get(value, T("display")));
        } else if (json_type(value) == YYJSON_TYPE_BOOL) {
            p.value =
                (value->tag & YYJSON_SUBTYPE_MASK) == YYJSON_SUBTYPE_TRUE ? T("true") : T("false");
        }
    }
    *ret_property = p;
    return found && p.code.n;
}

void codes_take_properties(struct codes_build *b, uint32_t concept, const yyjson_val *list)
{
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    struct codes_property p;
    for (const yyjson_val *v = left ? list + 1 : NULL; left; left--, v = json_after(v)) {
        if (codes_take_property(v, &p)) {
            codes_build_property(b, concept, &p);
        }
    }
}

void codes_take_designations(struct codes_build *b, uint32_t concept, const yyjson_val *list)
{
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    for (const yyjson_val *v = left ? list + 1 : NULL; left; left--, v = json_after(v)) {
        const yyjson_val *use = json_get(v, T("use"));
        const struct codes_designation d = {
            .language = json_text(json_get(v, T("language"))),
            .use_system = json_text(json_get(use, T("system"))),
            .use_code = json_text(json_get(use, T("code"))),
            .use_display = json_text(json_get(use, T("display"))),
            .value = json_text(json_get(v, T("value"))),
        };
        if (d.value.n) {
            codes_build_designation(b, concept, &d);
        }
    }
}
