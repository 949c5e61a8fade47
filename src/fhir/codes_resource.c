/*
 * A CodeSystem resource as an image. Two walks over its concepts: the first numbers them, so that
 * the second finds the parents that are defined further on.
 */
#include "fhir/codes_int.h"

#include <stdlib.h>

#define STANDARDS_STATUS \
    "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status"

struct walk {
    struct codes_build *b;
    struct codes_roles roles;
    struct err *e;
};

/* Of an object with extensions; empty: none. */
static text standards_status(const yyjson_val *v)
{
    const yyjson_val *list = json_get(v, T("extension"));
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    for (const yyjson_val *x = left ? list + 1 : NULL; left; left--, x = json_after(x)) {
        if (text_eq(json_text(json_get(x, T("url"))), T(STANDARDS_STATUS))) {
            return json_text(json_get(x, T("valueCode")));
        }
    }
    return (text){0};
}

static enum codes_content content_of(text content)
{
    static const text names[] = {
        {"complete", 8}, {"fragment", 8}, {"example", 7}, {"not-present", 11}, {"supplement", 10}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_eq(names[i], content)) {
            return (enum codes_content)i;
        }
    }
    return CODES_FRAGMENT; /* nothing is said: then a code that is not there may still be one */
}

static struct codes_about about_of(const yyjson_val *root)
{
    return (struct codes_about){
        .url = json_text(json_get(root, T("url"))),
        .version = json_text(json_get(root, T("version"))),
        .name = json_text(json_get(root, T("name"))),
        .title = json_text(json_get(root, T("title"))),
        .status = json_text(json_get(root, T("status"))),
        .language = json_text(json_get(root, T("language"))),
        .value_set = json_text(json_get(root, T("valueSet"))),
        .hierarchy_meaning = json_text(json_get(root, T("hierarchyMeaning"))),
        .standards_status = standards_status(root),
        .content = content_of(json_text(json_get(root, T("content")))),
        .case_sensitive = yyjson_is_true(json_get(root, T("caseSensitive"))),
        .experimental = yyjson_is_true(json_get(root, T("experimental"))),
        .version_needed = yyjson_is_true(json_get(root, T("versionNeeded"))),
    };
}

/* --- the first walk: codes, and who stands within whom ------------------------------------- */

static int number_concepts(struct walk *w, const yyjson_val *list, uint32_t parent, size_t depth)
{
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    if (left && depth > CODES_DEPTH_MOST) {
        return err_set(
            w->e, ERR_TOO_LARGE,
            "CodeSystem.concept is nested deeper than %d levels: use the property parent",
            (int)CODES_DEPTH_MOST);
    }
    for (const yyjson_val *v = left ? list + 1 : NULL; left; left--, v = json_after(v)) {
        bool is_new;
        text code = json_text(json_get(v, T("code")));
        if (code.n == 0) {
            return err_at(w->e, ERR_INVALID, T("CodeSystem.concept.code"),
                          "a concept of the code system has no code: give it one");
        }
        uint32_t concept = codes_build_concept(w->b, code, &is_new);
        if (!is_new && !w->b->failed) {
            return err_at(w->e, ERR_INVALID, T("CodeSystem.concept.code"),
                          "the code '%.*s' is defined twice: take one of its concepts out",
                          TEXT_ARG(text_short(code, 100)));
        }
        if (parent != CODES_NONE) {
            codes_build_parent(w->b, concept, parent);
        }
        int failed = number_concepts(w, json_get(v, T("concept")), concept, depth + 1);
        if (failed) {
            return failed;
        }
    }
    return 0;
}

/* --- the second: what each has ------------------------------------------------------------- */

struct state {
    unsigned flags;
    text status;
};

static void take_status(struct state *s, text status)
{
    s->status = status;
    if (text_eq(status, T("retired")) || text_eq(status, T("inactive")) ||
        text_eq(status, T("withdrawn"))) {
        s->flags |= CODES_INACTIVE;
    }
    if (text_eq(status, T("deprecated")) || text_eq(status, T("withdrawn"))) {
        s->flags |= CODES_DEPRECATED;
    }
}

static void take_link(struct walk *w, uint32_t concept, text other, bool other_is_parent)
{
    uint32_t found = codes_build_find(w->b, other);
    if (found != CODES_NONE) {
        codes_build_parent(w->b, other_is_parent ? concept : found,
                           other_is_parent ? found : concept);
    }
}

static void take_meaning(struct walk *w, uint32_t concept, const struct codes_property *p,
                         struct state *s)
{
    bool is_true = text_eq(p->value, T("true"));
    switch (codes_role_of(&w->roles, p->code)) {
    case CODES_ROLE_PARENT:
        take_link(w, concept, p->value, true);
        break;
    case CODES_ROLE_CHILD:
        take_link(w, concept, p->value, false);
        break;
    case CODES_ROLE_INACTIVE:
        s->flags |= is_true ? (unsigned)CODES_INACTIVE : 0;
        break;
    case CODES_ROLE_NOT_SELECTABLE:
        s->flags |= is_true ? (unsigned)CODES_ABSTRACT : 0;
        break;
    case CODES_ROLE_DEPRECATED:
        s->flags |= is_true || p->kind == CODES_DATE_TIME ? (unsigned)CODES_DEPRECATED : 0;
        break;
    case CODES_ROLE_STATUS:
        take_status(s, p->value);
        break;
    case CODES_ROLE_NONE:
        break;
    }
}

static void take_concept(struct walk *w, const yyjson_val *v, uint32_t concept)
{
    struct state s = {0};
    text status = standards_status(v);
    const yyjson_val *properties = json_get(v, T("property"));
    size_t left = json_type(properties) == YYJSON_TYPE_ARR ? json_len(properties) : 0;
    struct codes_property p;
    if (status.n) {
        take_status(&s, status);
    }
    for (const yyjson_val *x = left ? properties + 1 : NULL; left; left--, x = json_after(x)) {
        if (codes_take_property(x, &p)) {
            codes_build_property(w->b, concept, &p);
            take_meaning(w, concept, &p, &s);
        }
    }
    codes_build_display(w->b, concept, json_text(json_get(v, T("display"))));
    codes_build_definition(w->b, concept, json_text(json_get(v, T("definition"))));
    codes_build_flags(w->b, concept, s.flags, s.status);
    codes_take_designations(w->b, concept, json_get(v, T("designation")));
}

/* In the order of the first walk; *next: the number of the next concept. */
static void take_concepts(struct walk *w, const yyjson_val *list, uint32_t *next)
{
    size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    for (const yyjson_val *v = left ? list + 1 : NULL; left; left--, v = json_after(v)) {
        take_concept(w, v, (*next)++);
        take_concepts(w, json_get(v, T("concept")), next);
    }
}

int codes_of_resource(const yyjson_val *root, struct arena *a, const struct codes **ret_codes,
                      struct err *e)
{
    struct codes_about about = about_of(root);
    struct walk w = {.b = codes_build_begin(&about), .e = e};
    const yyjson_val *concepts = json_get(root, T("concept"));
    uint32_t next = 0;
    if (!w.b) {
        return err_set(e, ERR_MEMORY, "no memory to read a code system");
    }
    int failed = codes_roles_make(w.b, json_get(root, T("property")), &w.roles);
    failed = failed ? err_set(e, failed, "no memory to read a code system")
                    : number_concepts(&w, concepts, CODES_NONE, 1);
    if (!failed) {
        take_concepts(&w, concepts, &next);
        failed = codes_build_into(w.b, next >= CODES_WORDS_FROM, a, ret_codes, e);
    }
    codes_roles_done(&w.roles);
    codes_build_drop(w.b);
    return failed;
}
