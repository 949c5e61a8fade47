#include "base/clock.h"
#include "base/pace.h"
#include "fhir/value_set_int.h"

/* A value set's compose (R4 valueset.html#compositions) compiled to parts. */

enum { DEPTH_MOST = 64, LOOK_EVERY = 64, MAKING_MS = 2000 };

int value_set_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the value set needs more memory than it may have");
}

int64_t value_set_making_ends(void)
{
    return clock_mono_ns() + (int64_t)MAKING_MS * 1000000;
}

int value_set_in_time(int64_t deadline, struct err *e)
{
    pace_give_way();
    return deadline == 0 || clock_mono_ns() < deadline
               ? 0
               : err_set(e, ERR_TOO_COSTLY,
                         "the value set takes more time than it may: it has too many includes, "
                         "excludes or regular expressions");
}

const struct err *value_set_problem(const struct value_set *s)
{
    return &s->problem;
}

static void missing(struct value_set *s, text *what, text canonical, const struct err *why)
{
    if (!what->n) {
        *what = canonical;
    }
    if (!s->problem.code) {
        s->problem = *why;
    }
}

static bool may_be_missing(int rc)
{
    return rc == ERR_NOT_FOUND || rc == ERR_NOT_SUPPORTED;
}

/* --- rules about versions --------------------------------------------------------------------- */

int value_set_version_of(struct value_set_rules rules, text system, text said, text *ret_version,
                         struct err *e)
{
    text version = said;
    for (size_t i = 0; i < rules.count; i++) {
        const struct value_set_rule *rule = &rules.items[i];
        if (!text_eq(rule->url, system)) {
            continue;
        }
        if (rule->kind == VALUE_SET_FORCE) {
            version = rule->version;
            break;
        }
        if (rule->kind == VALUE_SET_DEFAULT && version.n == 0) {
            version = rule->version;
        }
        if (rule->kind == VALUE_SET_CHECK && version.n && !text_eq(version, rule->version)) {
            return err_set(e, ERR_INVALID,
                           "The version '%.*s' is not allowed for system '%.*s': required to be "
                           "'%.*s' by a version-check parameter",
                           TEXT_ARG(text_short(version, 60)), TEXT_ARG(text_short(system, 200)),
                           TEXT_ARG(text_short(rule->version, 60)));
        }
        if (rule->kind == VALUE_SET_CHECK && version.n == 0) {
            version = rule->version;
        }
    }
    *ret_version = version;
    return 0;
}

static bool is_left_out(struct value_set_rules rules, text system)
{
    for (size_t i = 0; i < rules.count; i++) {
        if (rules.items[i].kind == VALUE_SET_EXCLUDE && text_eq(rules.items[i].url, system)) {
            return true;
        }
    }
    return false;
}

/* --- imports ---------------------------------------------------------------------------------- */

static const yyjson_val *contained(const yyjson_val *holder, text id)
{
    const yyjson_val *list = json_get(holder, T("contained"));
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0; left;
         left--, item = json_after(item)) {
        if (text_eq(json_text(json_get(item, T("id"))), id) &&
            text_eq(json_text(json_get(item, T("resourceType"))), T("ValueSet"))) {
            return item;
        }
    }
    return NULL;
}

static text with_default_version(const struct value_set_making *m, text canonical)
{
    for (size_t i = 0; i < m->rules.count; i++) {
        const struct value_set_rule *rule = &m->rules.items[i];
        if (rule->kind == VALUE_SET_DEFAULT_SET && text_eq(rule->url, canonical)) {
            return arena_printf(m->arena, "%.*s|%.*s", TEXT_ARG(canonical),
                                TEXT_ARG(rule->version));
        }
    }
    return canonical;
}

/* One that is not kept on the shelf: contained, or compiled by the rules of a request. */
static int make_here(const struct value_set_making *m, text canonical,
                     const struct value_set **ret_set, struct err *e)
{
    const yyjson_val *root = NULL;
    yyjson_val *implicit;
    struct value_set *made;
    struct value_set_making inner = *m;
    inner.depth++;
    if (text_starts(canonical, T("#"))) {
        root = contained(m->holder, text_from(canonical, 1));
        if (!root) {
            return err_set(e, ERR_NOT_FOUND, "the value set contains no '%.*s'",
                           TEXT_ARG(text_short(canonical, 80)));
        }
    } else {
        int rc = defs_resource(m->defs, fhir_type_of(T("ValueSet")), canonical, &root, e);
        if (rc == ERR_NOT_FOUND) {
            rc = value_set_implicit_tree(canonical, m->arena, &implicit, e);
            root = rc ? NULL : implicit;
        }
        if (rc) {
            return rc;
        }
        inner.holder = root;
    }
    int rc = value_set_make(&inner, root, &made, e);
    if (!rc) {
        made->is_contained = text_starts(canonical, T("#"));
        *ret_set = made;
    }
    return rc;
}

static int import(const struct value_set_making *m, text canonical, const struct value_set **ret,
                  struct err *e)
{
    if (m->depth >= VALUE_SET_DEPTH_MOST || ++*m->imports > VALUE_SET_IMPORTS_MOST) {
        return err_set(e, ERR_INVALID,
                       "value sets import each other deeper than %d, or more than %d of them: one "
                       "of them imports itself, perhaps '%.*s'",
                       VALUE_SET_DEPTH_MOST, VALUE_SET_IMPORTS_MOST,
                       TEXT_ARG(text_short(canonical, 200)));
    }
    text which = with_default_version(m, canonical);
    return which.p ? make_here(m, which, ret, e) : value_set_no_memory(e);
}

static int imports_of(const struct value_set_making *m, struct value_set *s,
                      struct value_set_part *p, const yyjson_val *list, struct err *e)
{
    size_t count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *item = list ? list + 1 : NULL;
    p->imports = arena_zalloc(m->arena, count + 1, sizeof *p->imports);
    if (!p->imports) {
        return value_set_no_memory(e);
    }
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        struct err why = {0};
        text canonical = json_text(item);
        const struct value_set *found = NULL;
        int rc = import(m, canonical, &found, &why);
        if (rc && !may_be_missing(rc)) {
            *e = why;
            return rc;
        }
        if (rc) {
            missing(s, &s->missing_set, canonical, &why);
        } else if (found && found->problem.code) {
            missing(s, &s->missing_set, found->missing_set, &found->problem);
            missing(s, &s->missing_system, found->missing_system, &found->problem);
        }
        if (found && found->depth >= s->depth) {
            s->depth = found->depth + 1;
        }
        p->imports[p->import_count++] = found;
    }
    return 0;
}

/* --- includes --------------------------------------------------------------------------------- */

static int system_of(const struct value_set_making *m, struct value_set *s,
                     struct value_set_part *p, const yyjson_val *include, struct err *e)
{
    struct err why = {0};
    p->system = json_text(json_get(include, T("system")));
    if (p->system.n == 0) {
        return 0;
    }
    int rc = value_set_version_of(m->rules, p->system, json_text(json_get(include, T("version"))),
                                  &p->version, e);
    if (rc) {
        return rc;
    }
    rc = defs_codes(m->defs, p->system, p->version, &p->codes, &why);
    if (rc && !may_be_missing(rc)) {
        *e = why;
        return rc;
    }
    if (rc) {
        p->codes = NULL;
    }
    if (p->codes && codes_about(p->codes)->content == CODES_NOT_PRESENT) {
        p->codes = NULL;
        rc = err_set(&why, ERR_NOT_FOUND,
                     "of the code system '%.*s' only its name is here, none of its codes",
                     TEXT_ARG(text_short(p->system, 200)));
    }
    if (rc && codes_by_grammar(p->system, T("x"), m->arena) == CODES_UNKNOWN) {
        text canonical = p->version.n ? arena_printf(m->arena, "%.*s|%.*s", TEXT_ARG(p->system),
                                                     TEXT_ARG(p->version))
                                      : p->system;
        missing(s, &s->missing_system, canonical, &why);
        p->kind = VALUE_SET_MISSING;
    }
    return 0;
}

static bool is_list(const yyjson_val *v)
{
    return json_type(v) == YYJSON_TYPE_ARR && json_len(v) > 0;
}

static int compile_include(const struct value_set_making *m, struct value_set *s,
                           struct value_set_part *p, const yyjson_val *include, text place,
                           struct err *e)
{
    const yyjson_val *concepts = json_get(include, T("concept"));
    const yyjson_val *filters = json_get(include, T("filter"));
    int rc = imports_of(m, s, p, json_get(include, T("valueSet")), e);
    rc = rc ? rc : system_of(m, s, p, include, e);
    if (rc || p->system.n == 0) {
        return rc;
    }
    p->hierarchic = p->import_count == 0;
    if (is_list(concepts)) {
        p->kind = VALUE_SET_LIST;
        p->hierarchic = false;
        rc = value_set_list(p, concepts, m->arena, e);
    } else if (is_list(filters)) {
        rc = value_set_filters(m, p, filters, place, e);
    }
    return rc;
}

static int compile_parts(const struct value_set_making *m, struct value_set *s,
                         const yyjson_val *compose, text name, struct value_set_part **ret_parts,
                         size_t *ret_count, struct err *e)
{
    const yyjson_val *list = json_get(compose, name);
    size_t count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    const yyjson_val *item = list ? list + 1 : NULL;
    struct value_set_part *parts = arena_zalloc(m->arena, count + 1, sizeof *parts);
    *ret_count = 0;
    if (!parts) {
        return value_set_no_memory(e);
    }
    for (size_t i = 0; i < count; i++, item = json_after(item)) {
        text place = arena_printf(m->arena, "ValueSet.compose.%.*s[%zu]", TEXT_ARG(name), i);
        if (!place.p) {
            return value_set_no_memory(e);
        }
        if (is_left_out(m->rules, json_text(json_get(item, T("system"))))) {
            continue;
        }
        int rc = i % LOOK_EVERY ? 0 : value_set_in_time(m->deadline, e);
        rc = rc ? rc : compile_include(m, s, &parts[*ret_count], item, place, e);
        if (rc) {
            return rc;
        }
        ++*ret_count;
    }
    *ret_parts = parts;
    return 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

int value_set_make(const struct value_set_making *m, const yyjson_val *root,
                   struct value_set **ret_set, struct err *e)
{
    struct value_set *s = arena_zalloc(m->arena, 1, sizeof *s);
    const yyjson_val *compose = json_get(root, T("compose"));
    if (!s) {
        return value_set_no_memory(e);
    }
    s->root = root;
    s->url = json_text(json_get(root, T("url")));
    s->version = json_text(json_get(root, T("version")));
    if (!compose) {
        int rc = value_set_stated(s, json_get(root, T("expansion")), m->arena, e);
        if (!rc) {
            *ret_set = s;
        }
        return rc;
    }
    const yyjson_val *inactive = json_get(compose, T("inactive"));
    s->active_only = inactive && !json_is_true(inactive);
    int rc = compile_parts(m, s, compose, T("include"), &s->includes, &s->include_count, e);
    rc = rc ? rc : compile_parts(m, s, compose, T("exclude"), &s->excludes, &s->exclude_count, e);
    if (!rc) {
        *ret_set = s;
    }
    return rc;
}

int value_set_compile(struct defs *d, const yyjson_val *root, struct arena *a,
                      const struct value_set **ret_set, struct err *e)
{
    unsigned imports = 0;
    struct value_set *made;
    struct value_set_making m = {.defs = d,
                                 .arena = a,
                                 .holder = root,
                                 .imports = &imports,
                                 .deadline = value_set_making_ends()};
    int rc = value_set_make(&m, root, &made, e);
    if (!rc) {
        *ret_set = made;
    }
    return rc;
}

/* --- by address alone ------------------------------------------------------------------------- */

struct implicit {
    const char *property, *op; /* NULL: everything */
    text system, value;
};

/* The part behind ?fhir_vs. */
static int snomed_of(text query, struct implicit *ret, struct err *e)
{
    ret->property = "concept";
    if (query.n == 0) {
        ret->property = NULL;
    } else if (text_starts(query, T("=isa/"))) {
        ret->op = "is-a";
        ret->value = text_from(query, 5);
    } else if (text_eq(query, T("=refset"))) {
        ret->property = "constraint";
        ret->op = "=";
        ret->value = T("<< 900000000000455006");
    } else if (text_starts(query, T("=refset/"))) {
        ret->op = "in";
        ret->value = text_from(query, 8);
    } else if (text_starts(query, T("=ecl/"))) {
        ret->property = "constraint";
        ret->op = "=";
        ret->value = text_from(query, 5);
    } else {
        return err_set(e, ERR_INVALID,
                       "'?fhir_vs%.*s' is no value set of SNOMED CT: write ?fhir_vs, "
                       "?fhir_vs=isa/CODE, ?fhir_vs=refset, ?fhir_vs=refset/CODE or "
                       "?fhir_vs=ecl/EXPRESSION",
                       TEXT_ARG(text_short(query, 100)));
    }
    return ret->property && ret->value.n == 0
               ? err_set(e, ERR_INVALID,
                         "the address of the value set ends where a code or an "
                         "expression has to follow")
               : 0;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* An expression in an address is often escaped, and as often not. */
static text unescape(text in, struct arena *a)
{
    char *p = arena_alloc(a, in.n + 1);
    size_t n = 0;
    for (size_t i = 0; p && i < in.n; i++) {
        int high = in.p[i] == '%' && i + 2 < in.n ? hex(in.p[i + 1]) : -1;
        int low = high >= 0 ? hex(in.p[i + 2]) : -1;
        p[n++] = low >= 0 ? (char)(high << 4 | low) : in.p[i];
        i += low >= 0 ? 2 : 0;
    }
    return (text){p, n};
}

static int read_address(text canonical, struct implicit *ret, text *ret_version, struct err *e)
{
    size_t bar = text_find(canonical, '|');
    size_t mark = text_find(canonical, '?');
    if (text_starts(canonical, T(SNOMED)) && mark < canonical.n &&
        text_starts(text_from(canonical, mark), T("?fhir_vs"))) {
        /* |: of ECL, not a version */
        text edition = text_first(canonical, mark);
        ret->system = T(SNOMED);
        *ret_version = edition.n > sizeof SNOMED - 1 ? edition : (text){0};
        return snomed_of(text_from(canonical, mark + 8), ret, e);
    }
    text whole = text_first(canonical, bar);
    *ret_version = text_from(canonical, bar + 1);
    if (text_eq(whole, T(LOINC "/vs"))) {
        ret->system = T(LOINC);
        return 0;
    }
    if (text_starts(whole, T(LOINC "/vs/")) && whole.n > sizeof LOINC + 3) {
        ret->system = T(LOINC);
        ret->value = text_from(whole, sizeof LOINC + 3);
        ret->property = text_starts(ret->value, T("LL")) ? "LIST" : "concept";
        ret->op = text_starts(ret->value, T("LL")) ? "=" : "is-a";
        return 0;
    }
    return err_set(e, ERR_NOT_FOUND, "no value set '%.*s' is here",
                   TEXT_ARG(text_short(canonical, 300)));
}

int value_set_implicit_tree(text canonical, struct arena *a, yyjson_val **ret_root, struct err *e)
{
    struct implicit what = {0};
    struct buf out;
    text version;
    int rc = read_address(canonical, &what, &version, e);
    if (rc) {
        return rc;
    }
    what.value = unescape(what.value, a);
    if (!what.value.p) {
        return value_set_no_memory(e);
    }
    buf_init(&out, canonical.n * 8 + 1024);
    buf_add(&out, T("{\"resourceType\":\"ValueSet\",\"url\":"));
    json_write_string(canonical, &out);
    buf_add(&out, T(",\"status\":\"active\",\"compose\":{\"include\":[{\"system\":"));
    json_write_string(what.system, &out);
    if (version.n) {
        buf_add(&out, T(",\"version\":"));
        json_write_string(version, &out);
    }
    if (what.property) {
        buf_printf(&out,
                   ",\"filter\":[{\"property\":\"%s\",\"op\":\"%s\",\"value\":", what.property,
                   what.op);
        json_write_string(what.value, &out);
        buf_add(&out, T("}]"));
    }
    buf_add(&out, T("}]}}"));
    text kept = buf_failed(&out) ? (text){0} : arena_copy(a, buf_text(&out));
    buf_done(&out);
    return kept.p ? json_read(kept, DEPTH_MOST, a, ret_root, e) : value_set_no_memory(e);
}

int value_set_implicit(struct defs *d, text canonical, struct arena *a,
                       const struct value_set **ret_set, struct err *e)
{
    yyjson_val *root;
    int rc = value_set_implicit_tree(canonical, a, &root, e);
    return rc ? rc : value_set_compile(d, root, a, ret_set, e);
}
