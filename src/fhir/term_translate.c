#include "base/clock.h"
#include "base/pace.h"
#include "fhir/term_int.h"

/* $translate (R4 conceptmap-operation-translate.html). */

enum { OTHER_MAPS_MOST = 8, MATCHES_MOST = 10000, LOOK_EVERY = 1024 };

static const char known[] =
    "url\0conceptMap\0conceptMapVersion\0code\0system\0version\0source\0coding\0codeableConcept\0"
    "target\0targetsystem\0targetSystem\0dependency\0reverse\0";

struct match {
    const char *equivalence_of; /* NULL: as `equivalence` says */
    text equivalence, system, version, code, display, comment, map;
    const yyjson_val *products;
};

struct translation {
    struct term *term;
    text target_system; /* empty: any */
    bool reverse;
    struct match *matches;
    size_t count;
    size_t capacity;
    unsigned maps;   /* that led to each other */
    uint64_t worked; /* elements and targets that were looked at */
};

struct coded {
    text system, version, code, display;
};

static bool is_array(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_ARR && json_len(v) > 0;
}

/* --- conditions ------------------------------------------------------------------------------- */

/* The value of a dependency: a Coding or a CodeableConcept of Parameters. */
static bool concept_has(const yyjson_val *value, text system, text code)
{
    const yyjson_val *list = json_get(value, T("coding"));
    if (!list) {
        return text_eq(json_text(json_get(value, T("code"))), code) &&
               (system.n == 0 || text_eq(json_text(json_get(value, T("system"))), system));
    }
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = is_array(list) ? json_len(list) : 0; left; left--, item = json_after(item)) {
        if (concept_has(item, system, code)) {
            return true;
        }
    }
    return false;
}

static bool dependency_says(const yyjson_val *dependency, const yyjson_val *wanted)
{
    const yyjson_val *parts = json_get(dependency, T("part"));
    const yyjson_val *part = parts ? parts + 1 : NULL;
    text element = {0};
    bool has = false;
    for (size_t left = is_array(parts) ? json_len(parts) : 0; left;
         left--, part = json_after(part)) {
        const yyjson_val *concept = json_get(part, T("valueCodeableConcept"));
        concept = concept ? concept : json_get(part, T("valueCoding"));
        if (text_eq(json_text(json_get(part, T("name"))), T("element"))) {
            element = json_text(json_get(part, T("valueUri")));
        } else if (concept) {
            has |= concept_has(concept, json_text(json_get(wanted, T("system"))),
                               json_text(json_get(wanted, T("value"))));
        }
    }
    return has && text_eq(element, json_text(json_get(wanted, T("property"))));
}

/* Each dependsOn of a target has to be among the dependencies that the request states. */
static bool conditions_hold(const struct translation *t, const yyjson_val *target)
{
    const yyjson_val *list = json_get(target, T("dependsOn"));
    const yyjson_val *wanted = list ? list + 1 : NULL;
    for (size_t left = is_array(list) ? json_len(list) : 0; left;
         left--, wanted = json_after(wanted)) {
        bool holds = false;
        const struct term_ask *ask = t->term->ask;
        for (size_t i = 0; !holds && i < ask->count; i++) {
            holds = text_eq(ask->parameters[i].name, T("dependency")) &&
                    dependency_says(ask->parameters[i].tree, wanted);
        }
        if (!holds) {
            return false;
        }
    }
    return true;
}

/* --- matches ---------------------------------------------------------------------------------- */

/* Read from the other end. */
static const char *turned(text equivalence)
{
    static const char *const pairs[][2] = {{"wider", "narrower"},
                                           {"narrower", "wider"},
                                           {"subsumes", "specializes"},
                                           {"specializes", "subsumes"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (text_eq(equivalence, text_of(pairs[i][0]))) {
            return pairs[i][1];
        }
    }
    return NULL;
}

static int add(struct translation *t, const struct match *m, struct err *e)
{
    struct match *matches =
        t->count < MATCHES_MOST
            ? arena_grow(t->term->arena, t->matches, t->count, &t->capacity, sizeof *matches)
            : NULL;
    if (!matches) {
        return term_no_memory(e);
    }
    t->matches = matches;
    matches[t->count++] = *m;
    return 0;
}

static int add_target(struct translation *t, const yyjson_val *map, const yyjson_val *group,
                      const yyjson_val *target, struct err *e)
{
    struct match m = {.equivalence = json_text(json_get(target, T("equivalence"))),
                      .system = json_text(json_get(group, T("target"))),
                      .version = json_text(json_get(group, T("targetVersion"))),
                      .code = json_text(json_get(target, T("code"))),
                      .display = json_text(json_get(target, T("display"))),
                      .comment = json_text(json_get(target, T("comment"))),
                      .products = json_get(target, T("product")),
                      .map = json_text(json_get(map, T("url")))};
    return conditions_hold(t, target) ? add(t, &m, e) : 0;
}

static int add_source(struct translation *t, const yyjson_val *map, const yyjson_val *group,
                      const yyjson_val *element, const yyjson_val *target, struct err *e)
{
    text equivalence = json_text(json_get(target, T("equivalence")));
    struct match m = {.equivalence_of = turned(equivalence),
                      .equivalence = equivalence,
                      .system = json_text(json_get(group, T("source"))),
                      .version = json_text(json_get(group, T("sourceVersion"))),
                      .code = json_text(json_get(element, T("code"))),
                      .display = json_text(json_get(element, T("display"))),
                      .comment = json_text(json_get(target, T("comment"))),
                      .map = json_text(json_get(map, T("url")))};
    return add(t, &m, e);
}

/* A caller may bring a large map and many codings, and each is looked for in all of it. */
static int worked(struct translation *t, struct err *e)
{
    int64_t deadline = t->term->ask->deadline;
    if (++t->worked % LOOK_EVERY) {
        return 0;
    }
    pace_give_way();
    return deadline == 0 || clock_mono_ns() < deadline
               ? 0
               : err_set(e, ERR_TOO_COSTLY,
                         "the translation takes more time than it may; send fewer codings or a "
                         "smaller concept map");
}

/* *ret_mapped: an element of the group is about the code. */
static int by_element(struct translation *t, const yyjson_val *map, const yyjson_val *group,
                      const yyjson_val *element, text code, bool *ret_mapped, struct err *e)
{
    const yyjson_val *targets = json_get(element, T("target"));
    const yyjson_val *target = targets ? targets + 1 : NULL;
    bool is_source = text_eq(json_text(json_get(element, T("code"))), code);
    int rc = worked(t, e);
    *ret_mapped |= !t->reverse && is_source;
    for (size_t left = is_array(targets) ? json_len(targets) : 0; !rc && left;
         left--, target = json_after(target)) {
        rc = worked(t, e);
        if (!rc && !t->reverse && is_source) {
            rc = add_target(t, map, group, target, e);
        } else if (!rc && t->reverse && text_eq(json_text(json_get(target, T("code"))), code)) {
            *ret_mapped = true;
            rc = add_source(t, map, group, element, target, e);
        }
    }
    return rc;
}

static int by_map(struct translation *t, const yyjson_val *map, const struct coded *c,
                  struct err *e);

/* What a group says of codes that none of its elements is about. */
static int unmapped(struct translation *t, const yyjson_val *map, const yyjson_val *group,
                    const struct coded *c, struct err *e)
{
    const yyjson_val *rule = json_get(group, T("unmapped"));
    const yyjson_val *other = NULL;
    text mode = json_text(json_get(rule, T("mode")));
    text url = json_text(json_get(rule, T("url")));
    struct match m = {.equivalence = T("equivalent"),
                      .system = json_text(json_get(group, T("target"))),
                      .code = c->code,
                      .display = c->display,
                      .map = json_text(json_get(map, T("url")))};
    if (text_eq(mode, T("provided"))) {
        return add(t, &m, e);
    }
    if (text_eq(mode, T("fixed"))) {
        m.equivalence = T("relatedto");
        m.code = json_text(json_get(rule, T("code")));
        m.display = json_text(json_get(rule, T("display")));
        return add(t, &m, e);
    }
    if (!text_eq(mode, T("other-map"))) {
        return 0;
    }
    if (++t->maps > OTHER_MAPS_MOST) {
        return err_set(e, ERR_INVALID,
                       "more than %d concept maps lead to each other by unmapped.url; one of them "
                       "leads back, perhaps '%.*s'",
                       OTHER_MAPS_MOST, TEXT_ARG(text_short(url, 200)));
    }
    int rc = defs_resource(t->term->defs, fhir_type_of(T("ConceptMap")), url, &other, e);
    return rc ? rc : by_map(t, other, c, e);
}

static int by_group(struct translation *t, const yyjson_val *map, const yyjson_val *group,
                    const struct coded *c, struct err *e)
{
    text source = json_text(json_get(group, t->reverse ? T("target") : T("source")));
    text target = json_text(json_get(group, t->reverse ? T("source") : T("target")));
    const yyjson_val *elements = json_get(group, T("element"));
    const yyjson_val *element = elements ? elements + 1 : NULL;
    bool mapped = false;
    int rc = 0;
    if ((c->system.n && source.n && !text_eq(c->system, source)) ||
        (t->target_system.n && !text_eq(t->target_system, target))) {
        return 0;
    }
    for (size_t left = is_array(elements) ? json_len(elements) : 0; !rc && left;
         left--, element = json_after(element)) {
        rc = by_element(t, map, group, element, c->code, &mapped, e);
    }
    return rc || mapped || t->reverse ? rc : unmapped(t, map, group, c, e);
}

/* As deep as maps lead to each other, which `maps` limits. */
static int by_map(struct translation *t, const yyjson_val *map, const struct coded *c,
                  struct err *e)
{
    const yyjson_val *groups = json_get(map, T("group"));
    const yyjson_val *group = groups ? groups + 1 : NULL;
    int rc = 0;
    for (size_t left = is_array(groups) ? json_len(groups) : 0; !rc && left;
         left--, group = json_after(group)) {
        rc = by_group(t, map, group, c, e);
    }
    return rc;
}

/* --- what is asked ---------------------------------------------------------------------------- */

/* The value sets of the map, where the request names them, have to be these. */
static int check_sets(const struct term *t, const yyjson_val *map, const char *parameter,
                      const char *element, struct err *e)
{
    char member[32];
    text wanted = term_text(t, text_of(parameter));
    const char *const forms[] = {"Uri", "Canonical"};
    if (wanted.n == 0) {
        return 0;
    }
    text said = {0};
    for (size_t i = 0; i < 2 && said.n == 0; i++) {
        size_t n = strlen(element);
        memcpy(member, element, n);
        memcpy(member + n, forms[i], strlen(forms[i]) + 1);
        said = json_text(json_get(map, text_of(member)));
    }
    text url = text_first(wanted, text_find(wanted, '|'));
    return said.n == 0 || text_eq(text_first(said, text_find(said, '|')), url)
               ? 0
               : err_at(e, ERR_INVALID, text_of(parameter),
                        "the concept map is not for the value set '%.*s' but for '%.*s'",
                        TEXT_ARG(text_short(wanted, 200)), TEXT_ARG(text_short(said, 200)));
}

static int find_map(const struct term *t, const yyjson_val **ret_map, struct err *e)
{
    const yyjson_val *map = term_tree(t, T("conceptMap"));
    text url = term_text(t, T("url"));
    int rc = 0;
    map = map ? map : t->ask->instance;
    if (!map && url.n == 0) {
        return err_set(e, ERR_REQUIRED,
                       "which concept map? Give its address as the parameter 'url', or itself as "
                       "'conceptMap', or ask at /ConceptMap/[id]");
    }
    if (!map) {
        text canonical = term_canonical(t, url, term_text(t, T("conceptMapVersion")));
        rc = canonical.p ? defs_resource(t->defs, fhir_type_of(T("ConceptMap")), canonical, &map, e)
                         : term_no_memory(e);
    }
    rc = rc ? rc : check_sets(t, map, "source", "source", e);
    rc = rc ? rc : check_sets(t, map, "target", "target", e);
    if (!rc) {
        *ret_map = map;
    }
    return rc;
}

static struct coded coded_of(const yyjson_val *coding)
{
    return (struct coded){
        json_text(json_get(coding, T("system"))), json_text(json_get(coding, T("version"))),
        json_text(json_get(coding, T("code"))), json_text(json_get(coding, T("display")))};
}

static int translate_all(struct translation *t, const yyjson_val *map, struct err *e)
{
    const yyjson_val *concept = term_tree(t->term, T("codeableConcept"));
    const yyjson_val *coding = term_tree(t->term, T("coding"));
    const yyjson_val *list = json_get(concept, T("coding"));
    const yyjson_val *item = list ? list + 1 : NULL;
    int rc = 0;
    if (!concept) {
        struct coded c = coding ? coded_of(coding)
                                : (struct coded){term_text(t->term, T("system")),
                                                 term_text(t->term, T("version")),
                                                 term_text(t->term, T("code")),
                                                 {0}};
        rc = term_system_uri(t->term, &c.system, e);
        return rc         ? rc
               : c.code.n ? by_map(t, map, &c, e)
                          : err_set(e, ERR_REQUIRED,
                                    "what is to be translated? Give 'code' with 'system', or "
                                    "'coding', or 'codeableConcept'");
    }
    for (size_t left = is_array(list) ? json_len(list) : 0; !rc && left;
         left--, item = json_after(item)) {
        struct coded c = coded_of(item);
        rc = term_system_uri(t->term, &c.system, e);
        rc = rc || !c.code.n ? rc : by_map(t, map, &c, e);
    }
    return rc;
}

/* --- the reply -------------------------------------------------------------------------------- */

static text equivalence_of(const struct match *m)
{
    return m->equivalence_of ? text_of(m->equivalence_of) : m->equivalence;
}

/* What says that there is no translation is told, and is none. */
static bool is_translation(const struct match *m)
{
    text equivalence = equivalence_of(m);
    return m->code.n && !text_eq(equivalence, T("unmatched")) &&
           !text_eq(equivalence, T("disjoint"));
}

static void write_coding(const struct match *m, struct buf *out)
{
    buf_add(out, T("{\"name\":\"concept\",\"valueCoding\":{"));
    term_member(out, "system", m->system);
    term_member(out, "version", m->version);
    term_member(out, "code", m->code);
    term_member(out, "display", m->display);
    buf_add(out, T("}}"));
}

static void write_products(const struct match *m, struct buf *out)
{
    const yyjson_val *item = m->products ? m->products + 1 : NULL;
    for (size_t left = is_array(m->products) ? json_len(m->products) : 0; left;
         left--, item = json_after(item)) {
        struct match product = {.system = json_text(json_get(item, T("system"))),
                                .code = json_text(json_get(item, T("value"))),
                                .display = json_text(json_get(item, T("display")))};
        buf_add(out, T(",{\"name\":\"product\",\"part\":["));
        term_out(out, "element", "Uri", json_text(json_get(item, T("property"))));
        buf_addc(out, ',');
        write_coding(&product, out);
        buf_add(out, T("]}"));
    }
}

static void write_match(const struct match *m, struct buf *out)
{
    text equivalence = equivalence_of(m);
    buf_add(out, T(",{\"name\":\"match\",\"part\":["));
    term_out(out, "equivalence", "Code", equivalence.n ? equivalence : T("relatedto"));
    if (m->code.n) {
        buf_addc(out, ',');
        write_coding(m, out);
    }
    write_products(m, out);
    term_out(out, "source", "Uri", m->map);
    term_out(out, "comment", "String", m->comment);
    buf_add(out, T("]}"));
}

static void write_reply(const struct translation *t, struct buf *out)
{
    bool any = false;
    for (size_t i = 0; i < t->count; i++) {
        any |= is_translation(&t->matches[i]);
    }
    buf_add(out, T("{\"resourceType\":\"Parameters\",\"parameter\":["));
    term_out_bool(out, "result", any);
    if (!any) {
        term_out(out, "message", "String",
                 t->count ? T("the map says that the code has no translation")
                          : T("the map says nothing about the code"));
    }
    for (size_t i = 0; i < t->count && !buf_failed(out); i++) {
        write_match(&t->matches[i], out);
    }
    buf_add(out, T("]}"));
}

static int translate(struct term *t, struct buf *out, struct err *e)
{
    struct translation x = {.term = t};
    const yyjson_val *map = NULL;
    text either = term_text(t, T("targetsystem"));
    x.target_system = either.n ? either : term_text(t, T("targetSystem"));
    int rc = term_bool(t, T("reverse"), false, &x.reverse, e);
    rc = rc ? rc : term_system_uri(t, &x.target_system, e);
    rc = rc ? rc : find_map(t, &map, e);
    rc = rc ? rc : translate_all(&x, map, e);
    if (rc) {
        return rc;
    }
    write_reply(&x, out);
    return buf_failed(out) ? term_no_memory(e) : 0;
}

int term_translate(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                   struct err *e)
{
    struct term t;
    int rc = term_begin(&t, d, ask, known, a, e);
    if (!rc) {
        rc = translate(&t, out, e);
        term_end(&t);
    }
    return rc;
}
