/* What the tests of profiles share: definitions from differentials, findings as one line of text.
 */
#ifndef KITH_TESTS_PROFILE_KIT_H
#define KITH_TESTS_PROFILE_KIT_H

#include "fhir/profile.h"
#include "fhir_kit.h"

#include "arena_kit.h" /* behind the others: its arena has the name of their parameters */

#define KIT_URL "http://example.org/fhir/StructureDefinition/"

/* A constraint on a base type: its name, the type, the differential's elements behind the root. */
struct kit_profile {
    const char *name;
    const char *type;
    const char *elements; /* as "{...},{...}" */
    const char *more;     /* further members of the definition, each with a comma behind it */
};

static inline yyjson_val *kit_definition(const struct kit_profile *p)
{
    struct buf json;
    buf_init(&json, 1 << 20);
    buf_printf(&json,
               "{'resourceType':'StructureDefinition','url':'" KIT_URL "%s','name':'x',"
               "'status':'active',%s'kind':'%s','abstract':false,'type':'%s','baseDefinition':"
               "'http://hl7.org/fhir/StructureDefinition/%s','derivation':'constraint',"
               "'differential':{'element':[{'id':'%s','path':'%s'}%s%s]}}",
               p->name, p->more ? p->more : "",
               fhir_type_of(text_of(p->type)) ? "resource" : "complex-type", p->type, p->type,
               p->type, p->type, *p->elements ? "," : "", p->elements);
    buf_addc(&json, 0);
    assert_false(buf_failed(&json));
    yyjson_val *root = kit_read(json.p, &a);
    buf_done(&json);
    return root;
}

static struct defs_shelf *kit_shelf; /* of the definitions made last */

static inline void kit_defs_free(struct defs *d)
{
    defs_free(d);
    defs_shelf_done(kit_shelf);
    kit_shelf = NULL;
}

static inline struct defs *kit_defs_of(yyjson_val *const *roots, size_t count)
{
    struct err e = {0};
    struct defs_shelf *shelf;
    struct defs *d;
    bool taken;
    assert_int_equal(defs_shelf_make(&a, &shelf, &e), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(defs_shelf_add(shelf, roots[i], &taken, &e), 0);
        assert_true(taken);
    }
    struct defs_source source = defs_shelf_source(shelf);
    kit_shelf = shelf;
    assert_int_equal(defs_make(&source, 1, (size_t)1 << 28, &d, &e), 0);
    return d;
}

static inline struct defs *kit_defs(const struct kit_profile *profiles, size_t count)
{
    yyjson_val *roots[64];
    assert_in_range(count, 0, 64);
    for (size_t i = 0; i < count; i++) {
        roots[i] = kit_definition(&profiles[i]);
    }
    return kit_defs_of(roots, count);
}

static inline const struct profile *kit_compiled(struct defs *d, const char *name)
{
    char url[256];
    struct err e = {0};
    const struct profile *p = NULL;
    bool is_base = fhir_type_of(text_of(name)) || strchr(name, ':');
    (void)snprintf(url, sizeof url, "%s%s", is_base ? "" : KIT_URL, name);
    if (defs_profile(d, text_of(url), &p, &e)) {
        fail_msg("%s: %s", url, e.detail);
    }
    return p;
}

/* "Patient.name[0] BUSINESS_RULE; ..." of the errors; warnings with a '?' before them. */
static inline void kit_findings(const struct issues *is, char *line, size_t size)
{
    size_t n = 0;
    line[0] = 0;
    for (size_t i = 0; i < is->count && n < size; i++) {
        const struct issue *issue = &is->items[i];
        n += (size_t)snprintf(line + n, size - n, "%s%s%.*s %s", n ? "; " : "",
                              issue->severity == ISSUE_ERROR ? "" : "?",
                              TEXT_ARG(issue->expression), err_info(issue->code)->name);
    }
}

static inline void kit_profile_expect(struct defs *d, const char *name, const char *json,
                                      const struct path_world *world, const char *expected)
{
    char line[2048];
    struct err e = {0};
    struct issues is;
    struct path_item item;
    struct resource r = kit_check(json, &a);
    const struct profile *p = kit_compiled(d, name);
    issues_init(&is, &a);
    struct profile_run run = {.defs = d,
                              .arena = &a,
                              .issues = &is,
                              .world = world,
                              .e = &e,
                              .options = {.no_bindings = true}};
    assert_int_equal(path_of_resource(r.root, &a, &item, &e), 0);
    int rc = profile_check(&run, p, item.u.node);
    kit_findings(&is, line, sizeof line);
    if (rc || strcmp(line, expected) != 0) {
        kit_show(&is);
        fail_msg("%s: %s\n  found    %s\n  expected %s %s", name, json, line, expected,
                 rc ? e.detail : "");
    }
    bool conforms = true;
    struct profile_run quiet = {
        .defs = d, .arena = &a, .e = &e, .world = world, .options = {.no_bindings = true}};
    assert_int_equal(profile_conforms(&quiet, p, item.u.node, &conforms), 0);
    if (conforms != (is.errors == 0)) {
        fail_msg("%s: %s: conforms: %d, but %zu errors", name, json, conforms, is.errors);
    }
}

#endif
