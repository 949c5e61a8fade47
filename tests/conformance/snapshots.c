/*
 * Every profile and extension of a folder gets a snapshot from its differential, in which each
 * element that the differential speaks of has its place; and where the definition was published
 * with a snapshot, the two say the same (prose apart), but for what `known` lists.
 *
 *     snapshots FOLDER LEAST      at least so many must be made
 */
#include "conformance_kit.h"

#include "fhir/snapshot.h"
#include "fhir/xml.h"

#include <stdio.h>
#include <stdlib.h>

enum { MEMORY_MOST = 1024 * 1024 * 1024, DEFINITIONS_MOST = 2000, MADE_DEPTH = 256 };

struct run {
    struct arena arena;
    struct buf json;
    struct defs_shelf *shelf;
    struct defs *defs;
    const yyjson_val *definitions[DEFINITIONS_MOST];
    size_t count;
    unsigned made;
    unsigned compared;
    unsigned failed;
};

/* Where the published snapshots, or differentials, are not as the standard says, or say the same in
 * another way. what NULL: it is refused. */
static const struct {
    const char *url; /* behind http://hl7.org/fhir/StructureDefinition/ */
    const char *id;  /* elements whose id starts so; empty: all */
    const char *what;
} known[] = {
    /* slices of what is not sliced */
    {"catalog", "", NULL},
    {"familymemberhistory-genetic", "", NULL},
    /* valueQuantity, which constrains value[x] there and is a slice of it everywhere else */
    {"bp", "Observation.component:SystolicBP.value[x]", ""},
    {"bp", "Observation.component:DiastolicBP.value[x]", ""},
    /* the rules of SimpleQuantity, copied to an element that names it */
    {"cholesterol", "Observation.referenceRange.high", "constraint"},
    {"ldlcholesterol", "Observation.referenceRange.high", "constraint"},
    {"hdlcholesterol", "Observation.referenceRange.low", "constraint"},
    /* made without the rules and types of the base */
    {"structuredefinition-json-type", "", ""},
    {"structuredefinition-rdf-type", "", ""},
    {"structuredefinition-xml-type", "", ""},
    /* a reference to a slice; what is said of all agents holds for the slice too */
    {"provenance-relevant-history", "Provenance.entity.agent", "contentReference"},
    {"provenance-relevant-history", "Provenance.agent:Author.type", "binding"},
    /* unfolded, although nothing is said of what is in it */
    {"elementdefinition-de", "ElementDefinition.extension:", "less"},
    /* the extension's own definition says 0..1 */
    {"clinicaldocument", "Composition.extension:versionNumber", "max"},
};

static bool is_known(const yyjson_val *definition, text id, const char *what)
{
    text url = json_text(json_get(definition, T("url")));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (text_starts(url, T(DEFS_BASE)) &&
            text_eq(text_from(url, sizeof DEFS_BASE - 1), text_of(known[i].url)) &&
            text_starts(id, text_of(known[i].id)) &&
            (what && known[i].what ? !*known[i].what || strcmp(what, known[i].what) == 0
                                   : what == known[i].what)) {
            return true;
        }
    }
    return false;
}

static void differs(struct run *run, const yyjson_val *definition, text id, const char *what)
{
    if (!is_known(definition, id, what)) {
        run->failed++;
        (void)printf("FAILED %.*s %.*s: %s\n", TEXT_ARG(json_text(json_get(definition, T("url")))),
                     TEXT_ARG(id), what);
    }
}

/* --- reading -------------------------------------------------------------------------------- */

static void take(void *ctx, text path, text bytes)
{
    struct run *run = ctx;
    struct err e = {0};
    yyjson_val *root = NULL;
    bool taken = false;
    buf_clear(&run->json);
    if (text_ends(path, T(".xml"))) {
        if (fhir_xml_read(bytes, KIT_DEPTH, &run->arena, &run->json, &e)) {
            return; /* another test's */
        }
        bytes = buf_text(&run->json);
    }
    if (json_read(bytes, KIT_DEPTH, &run->arena, &root, &e) ||
        !text_eq(json_text(json_get(root, T("resourceType"))), T("StructureDefinition"))) {
        return;
    }
    if (defs_shelf_add(run->shelf, root, &taken, &e) || run->count == DEFINITIONS_MOST) {
        run->failed++;
        return;
    }
    if (text_eq(json_text(json_get(root, T("derivation"))), T("constraint")) &&
        json_get(root, T("differential"))) {
        run->definitions[run->count++] = root;
    }
}

/* --- comparing ------------------------------------------------------------------------------ */

static const yyjson_val *elements_of(const yyjson_val *definition, text part)
{
    return json_get(json_get(definition, part), T("element"));
}

static text id_of(const yyjson_val *element)
{
    return json_text(json_get(element, T("id")));
}

static bool has_key(const yyjson_val *list, text key)
{
    const yyjson_val *item = list + 1;
    for (size_t left = json_len(list); left; left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("key"))), key)) {
            return true;
        }
    }
    return false;
}

/* The same rules, in any order. */
static bool same_rules(const yyjson_val *a, const yyjson_val *b)
{
    if (!a || !b || json_len(a) != json_len(b)) {
        return a == b;
    }
    const yyjson_val *item = a + 1;
    for (size_t left = json_len(a); left; left--, item = json_after(item)) {
        if (!has_key(b, json_text(json_get(item, T("key"))))) {
            return false;
        }
    }
    return true;
}

static bool same_member(const yyjson_val *a, const yyjson_val *b, text name)
{
    const yyjson_val *x = json_get(a, name);
    const yyjson_val *y = json_get(b, name);
    return x && y ? json_same(x, y) : x == y;
}

/* What fixes or bounds a value is under many names. */
static bool same_values(const yyjson_val *a, const yyjson_val *b)
{
    static const text stems[] = {{"fixed", 5}, {"pattern", 7}, {"minValue", 8}, {"maxValue", 8}};
    const yyjson_val *key = a + 1;
    for (size_t left = json_len(a); left; left--, key = json_after(key + 1)) {
        for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
            if (text_starts(json_text(key), stems[i]) && !same_member(a, b, json_text(key))) {
                return false;
            }
        }
    }
    return true;
}

static void compare_element(struct run *run, const yyjson_val *definition, const yyjson_val *a,
                            const yyjson_val *b)
{
    static const char *const members[] = {
        "path", "sliceName",        "min",         "max",        "type",
        "base", "contentReference", "mustSupport", "isModifier", "maxLength"};
    const yyjson_val *bound[] = {json_get(a, T("binding")), json_get(b, T("binding"))};
    const yyjson_val *sliced[] = {json_get(a, T("slicing")), json_get(b, T("slicing"))};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (!same_member(a, b, text_of(members[i]))) {
            differs(run, definition, id_of(a), members[i]);
        }
    }
    if (!same_values(a, b) || !same_values(b, a)) {
        differs(run, definition, id_of(a), "fixed, pattern or range");
    }
    if (!same_member(bound[0], bound[1], T("strength")) ||
        !same_member(bound[0], bound[1], T("valueSet"))) {
        differs(run, definition, id_of(a), "binding");
    }
    if (!same_member(sliced[0], sliced[1], T("discriminator")) ||
        !same_member(sliced[0], sliced[1], T("rules"))) {
        differs(run, definition, id_of(a), "slicing");
    }
    if (!same_rules(json_get(a, T("constraint")), json_get(b, T("constraint")))) {
        differs(run, definition, id_of(a), "constraint");
    }
}

static void compare(struct run *run, const yyjson_val *definition, const yyjson_val *made)
{
    const yyjson_val *a = elements_of(definition, T("snapshot"));
    const yyjson_val *b = elements_of(made, T("snapshot"));
    size_t a_left = json_len(a);
    size_t b_left = json_len(b);
    for (a++, b++; a_left && b_left; a_left--, b_left--, a = json_after(a), b = json_after(b)) {
        while (b_left > 1 && !text_eq(id_of(a), id_of(b)) &&
               is_known(definition, id_of(b), "more")) {
            b = json_after(b);
            b_left--;
        }
        while (a_left > 1 && !text_eq(id_of(a), id_of(b)) &&
               is_known(definition, id_of(a), "less")) {
            a = json_after(a);
            a_left--;
        }
        if (!text_eq(id_of(a), id_of(b))) {
            differs(run, definition, id_of(a), "another element stands in its place");
            return;
        }
        compare_element(run, definition, a, b);
    }
    if (a_left || b_left) {
        differs(run, definition, T(""), "one has more elements");
    }
    run->compared++;
}

/* --- making --------------------------------------------------------------------------------- */

static bool has_element(const yyjson_val *list, const yyjson_val *wanted)
{
    const yyjson_val *el = list + 1;
    for (size_t left = json_len(list); left; left--, el = json_after(el)) {
        if (text_eq_nocase(id_of(el), id_of(wanted))) {
            return true;
        }
    }
    return false;
}

/* Choices by their type stand under another id. */
static bool is_shortcut(text path)
{
    static const char *const names[] = {".valueQuantity", ".moduleUri", ".effectiveDateTime"};
    bool is = false;
    for (size_t i = 0; !is && i < sizeof names / sizeof *names; i++) {
        is = path.n && strstr(path.p, names[i]);
    }
    return is;
}

static void look_for_all(struct run *run, const yyjson_val *definition, const yyjson_val *made)
{
    const yyjson_val *said = elements_of(definition, T("differential"));
    const yyjson_val *list = elements_of(made, T("snapshot"));
    const yyjson_val *el = said + 1;
    for (size_t left = json_len(said); left; left--, el = json_after(el)) {
        if (!is_shortcut(json_text(json_get(el, T("path")))) && !has_element(list, el)) {
            differs(run, definition, id_of(el), "it is not in the snapshot");
        }
    }
}

static void make(struct run *run, const yyjson_val *definition)
{
    struct err e = {0};
    yyjson_val *made = NULL;
    if (snapshot_make(run->defs, definition, &run->arena, &made, &e)) {
        if (!is_known(definition, T(""), NULL)) {
            differs(run, definition, T(""), err_text(&e));
        }
        return;
    }
    run->made++;
    look_for_all(run, definition, made);
    if (json_get(definition, T("snapshot"))) {
        compare(run, definition, made);
    }
}

int main(int argc, char **argv)
{
    static struct run run;
    struct err e = {0};
    if (argc != 3) {
        (void)fprintf(stderr, "snapshots FOLDER LEAST\n");
        return 2;
    }
    arena_init(&run.arena, MEMORY_MOST);
    buf_init(&run.json, MEMORY_MOST);
    bool right = defs_shelf_make(&run.arena, &run.shelf, &e) == 0 && kit_visit(argv[1], take, &run);
    struct defs_source source = {0};
    if (right) {
        source = defs_shelf_source(run.shelf);
        right = defs_make(&source, 1, MEMORY_MOST, &run.defs, &e) == 0;
    }
    for (size_t i = 0; right && i < run.count; i++) {
        make(&run, run.definitions[i]);
    }
    (void)printf("%zu definitions, %u snapshots made, %u compared, %u failures\n", run.count,
                 run.made, run.compared, run.failed);
    right = right && !run.failed && run.made >= strtoul(argv[2], NULL, 10);
    defs_free(run.defs);
    defs_shelf_done(run.shelf);
    buf_done(&run.json);
    arena_done(&run.arena);
    return right ? 0 : 1;
}
