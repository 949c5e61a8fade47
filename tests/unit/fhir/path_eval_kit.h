/* A patient, and tables of expressions with what they give on it. */
#ifndef KITH_TESTS_PATH_EVAL_KIT_H
#define KITH_TESTS_PATH_EVAL_KIT_H

#include "fhir/path.h"
#include "fhir_kit.h"

/* Behind the headers, whose arenas are called as its own is. */
#include "arena_kit.h"

static const char patient[] =
    "{'resourceType':'Patient','id':'p','active':true,"
    "'_active':{'extension':[{'url':'http://a','valueBoolean':false}]},"
    "'identifier':[{'system':'http://s','value':'1'},{'system':'http://s','value':'2'}],"
    "'name':[{'use':'official','family':'Chalmers','given':['Peter',null,'James'],"
    "'_given':[null,{'extension':[{'url':'http://g','valueCode':'masked'}]},"
    "{'id':'j'}]},{'use':'usual','given':['Jim']}],"
    "'gender':'male','birthDate':'1974-12-25','deceasedBoolean':false,"
    "'_multipleBirthInteger':{'extension':[{'url':'http://m','valueString':'x'}]},"
    "'contact':[{'gender':'female','name':{'family':'du Marché'}}],"
    "'managingOrganization':{'reference':'#o'},"
    "'contained':[{'resourceType':'Organization','id':'o','name':'Org',"
    "'partOf':{'reference':'#'}}],"
    "'extension':[{'url':'http://age','valueAge':{'value':44,'code':'a','system':"
    "'http://unitsofmeasure.org'}},{'url':'http://c','valueCanonical':'http://x|1'},"
    "{'url':'http://t','valueTiming':{'repeat':{'count':2}}}]}";

/* What an expression gives, with blanks between the items: System values as toString() has them,
 * elements that are no primitives as <Type>. */
static inline text show(const struct path_items *items)
{
    text all = T("");
    for (size_t i = 0; i < items->count; i++) {
        const struct path_item *item = &items->items[i];
        text space;
        text name;
        path_type_of(item, &space, &name);
        text one = path_string(item, &a);
        if (!one.p || item->kind == PATH_TYPE) {
            text type = item->kind == PATH_TYPE ? item->u.type.name : name;
            one = arena_printf(&a, "<%.*s>", TEXT_ARG(type));
        }
        all = arena_printf(&a, "%.*s%s%.*s", TEXT_ARG(all), i ? " " : "", TEXT_ARG(one));
        assert_non_null(all.p);
    }
    return all;
}

static inline int evaluate(const char *expression, const struct path_items *focus,
                           const struct path_env *env, struct path_items *ret, struct err *e)
{
    const struct path *path;
    *e = (struct err){.code = 0};
    int code = path_compile(arena_copy(&a, text_of(expression)), &a, &path, e);
    if (code) {
        fail_msg("%s: %s", expression, e->detail);
    }
    return path_eval(path, env, focus, &a, ret, e);
}

struct path_case {
    const char *expression;
    const char *result; /* NULL: ERR_INVALID */
};

static inline struct path_item item_of(const char *json)
{
    struct path_item item;
    struct err e;
    if (path_of_resource(kit_read(json, &a), &a, &item, &e)) {
        fail_msg("%s: %s", json, e.detail);
    }
    return item;
}

static inline void check_env(const char *json, const struct path_env *env,
                             const struct path_case *cases, size_t count)
{
    struct path_item item = item_of(json);
    struct path_items focus = {&item, 1};
    for (size_t i = 0; i < count; i++) {
        struct path_items items;
        struct err e;
        int code = evaluate(cases[i].expression, &focus, env, &items, &e);
        if (!cases[i].result) {
            if (code != ERR_INVALID) {
                fail_msg("%s: %s instead of an error", cases[i].expression, err_info(code)->name);
            }
            /* What is wrong, and in which expression. */
            assert_non_null(strstr(e.detail, "`"));
            continue;
        }
        if (code) {
            fail_msg("%s: %s", cases[i].expression, e.detail);
        }
        text got = show(&items);
        if (!text_eq(got, text_of(cases[i].result))) {
            fail_msg("%s: got %.*s, not %s", cases[i].expression, TEXT_ARG(got), cases[i].result);
        }
    }
}

#define CHECK(json, cases) check_env(json, NULL, cases, sizeof(cases) / sizeof(*(cases)))

#endif
