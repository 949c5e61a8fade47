#include "base/clock.h"
#include "fhir/term_int.h"

/* What a call of an operation asks for: its parameters, the definitions that it brings along, the
 * value set and the languages that it means. */

enum { OWN_MEMORY = 256 * 1024 * 1024, RULES_MOST = 1000 };

int term_no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "the request needs more memory than it may have");
}

/* --- parameters ------------------------------------------------------------------------------- */

const struct term_parameter *term_parameter(const struct term *t, text name)
{
    for (size_t i = 0; i < t->ask->count; i++) {
        if (text_eq(t->ask->parameters[i].name, name)) {
            return &t->ask->parameters[i];
        }
    }
    return NULL;
}

text term_text(const struct term *t, text name)
{
    const struct term_parameter *p = term_parameter(t, name);
    return p ? p->value : (text){0};
}

const yyjson_val *term_tree(const struct term *t, text name)
{
    const struct term_parameter *p = term_parameter(t, name);
    return p ? p->tree : NULL;
}

int term_bool(const struct term *t, text name, bool if_absent, bool *ret, struct err *e)
{
    const struct term_parameter *p = term_parameter(t, name);
    bool is_true = p && text_eq(p->value, T("true"));
    if (p && !is_true && !text_eq(p->value, T("false"))) {
        return err_at(e, ERR_VALUE, name, "the parameter '%.*s' is true or false, not '%.*s'",
                      TEXT_ARG(name), TEXT_ARG(text_short(p->value, 60)));
    }
    *ret = p ? is_true : if_absent;
    return 0;
}

int term_number(const struct term *t, text name, bool *ret_given, uint64_t *ret, struct err *e)
{
    const struct term_parameter *p = term_parameter(t, name);
    *ret_given = p != NULL;
    return !p || text_to_u64(p->value, ret)
               ? 0
               : err_at(e, ERR_VALUE, name,
                        "the parameter '%.*s' is a whole number from 0 on, not '%.*s'",
                        TEXT_ARG(name), TEXT_ARG(text_short(p->value, 60)));
}

/* Of every operation: what has no bearing on a reply that is made anew each time. */
static const char common[] = "_format\0_pretty\0_summary\0_elements\0tx-resource\0cache-id\0uuid\0"
                             "profile-url\0x-system-cache-id\0";

static bool is_among(const char *names, text name)
{
    for (; *names; names += strlen(names) + 1) {
        if (text_eq(text_of(names), name)) {
            return true;
        }
    }
    return false;
}

static int check_names(const struct term *t, const char *known, struct err *e)
{
    for (size_t i = 0; i < t->ask->count; i++) {
        text name = t->ask->parameters[i].name;
        if (!is_among(known, name) && !is_among(common, name)) {
            return err_set(e, ERR_INVALID,
                           "this operation has no parameter '%.*s'; leave it out, since it would "
                           "be ignored",
                           TEXT_ARG(text_short(name, 60)));
        }
    }
    return 0;
}

/* --- rules about versions --------------------------------------------------------------------- */

static int rule_kind(text name)
{
    static const struct {
        const char *name;
        enum value_set_rule_kind kind;
    } names[] = {
        {"system-version", VALUE_SET_DEFAULT},
        {"check-system-version", VALUE_SET_CHECK},
        {"force-system-version", VALUE_SET_FORCE},
        {"default-valueset-version", VALUE_SET_DEFAULT_SET},
        {"exclude-system", VALUE_SET_EXCLUDE},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (text_eq(name, text_of(names[i].name))) {
            return (int)names[i].kind;
        }
    }
    return -1;
}

static int take_rules(struct term *t, struct err *e)
{
    struct value_set_rule *items = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < t->ask->count; i++) {
        const struct term_parameter *p = &t->ask->parameters[i];
        int kind = rule_kind(p->name);
        if (kind < 0) {
            continue;
        }
        size_t bar = text_find(p->value, '|');
        text version = text_from(p->value, bar + 1);
        if (version.n == 0 && kind != VALUE_SET_EXCLUDE) {
            return err_at(e, ERR_VALUE, p->name,
                          "the parameter '%.*s' is an address and a version, as in "
                          "http://loinc.org|2.77",
                          TEXT_ARG(p->name));
        }
        items = t->rules.count < RULES_MOST
                    ? arena_grow(t->arena, items, t->rules.count, &capacity, sizeof *items)
                    : NULL;
        if (!items) {
            return term_no_memory(e);
        }
        items[t->rules.count++] = (struct value_set_rule){(enum value_set_rule_kind)kind,
                                                          text_first(p->value, bar), version};
    }
    t->rules.items = items;
    return 0;
}

/* --- definitions that the call brings --------------------------------------------------------- */

static int make_own(struct term *t, struct err *e)
{
    bool any = false;
    bool taken;
    int rc = 0;
    for (size_t i = 0; !rc && i < t->ask->count; i++) {
        const struct term_parameter *p = &t->ask->parameters[i];
        if (!text_eq(p->name, T("tx-resource"))) {
            continue;
        }
        if (json_type(p->tree) != YYJSON_TYPE_OBJ) {
            return err_at(e, ERR_INVALID, p->name, "the parameter 'tx-resource' is a resource");
        }
        rc = t->shelf ? 0 : defs_shelf_make(t->arena, &t->shelf, e);
        rc = rc ? rc : defs_shelf_add(t->shelf, (yyjson_val *)(uintptr_t)p->tree, &taken, e);
        any = true;
    }
    if (rc || !any) {
        return rc;
    }
    struct defs_source source = defs_shelf_source(t->shelf);
    rc = defs_make_over(t->defs, &source, 1, OWN_MEMORY, &t->own, e);
    t->defs = rc ? t->defs : t->own;
    return rc;
}

int term_begin(struct term *t, struct defs *d, const struct term_ask *ask, const char *known,
               struct arena *a, struct err *e)
{
    *t = (struct term){.defs = d, .ask = ask, .arena = a};
    int rc = check_names(t, known, e);
    rc = rc ? rc : take_rules(t, e);
    rc = rc ? rc : make_own(t, e);
    if (rc) {
        term_end(t);
    }
    return rc;
}

void term_end(struct term *t)
{
    defs_free(t->own);
    defs_shelf_done(t->shelf);
    t->own = NULL;
    t->shelf = NULL;
}

/* --- the value set ---------------------------------------------------------------------------- */

static int compile_here(struct term *t, const yyjson_val *root, const struct value_set **ret_set,
                        struct err *e)
{
    unsigned imports = 0;
    struct value_set *made;
    struct value_set_making m = {.defs = t->defs,
                                 .arena = t->arena,
                                 .rules = t->rules,
                                 .holder = root,
                                 .imports = &imports,
                                 .deadline = t->ask->deadline};
    int rc = value_set_make(&m, root, &made, e);
    if (!rc) {
        *ret_set = made;
    }
    return rc;
}

static text default_version(const struct term *t, text url)
{
    for (size_t i = 0; i < t->rules.count; i++) {
        if (t->rules.items[i].kind == VALUE_SET_DEFAULT_SET &&
            text_eq(t->rules.items[i].url, url)) {
            return t->rules.items[i].version;
        }
    }
    return (text){0};
}

static int by_url(struct term *t, text url, const struct value_set **ret_set, struct err *e)
{
    const yyjson_val *root = NULL;
    yyjson_val *implicit = NULL;
    text version = term_text(t, T("valueSetVersion"));
    version = version.n ? version : default_version(t, url);
    text canonical = term_canonical(t, url, version);
    if (!canonical.p) {
        return term_no_memory(e);
    }
    int rc = t->rules.count
                 ? defs_resource(t->defs, fhir_type_of(T("ValueSet")), canonical, &root, e)
                 : defs_value_set(t->defs, canonical, ret_set, e);
    if (rc == ERR_NOT_FOUND && t->rules.count) {
        rc = value_set_implicit_tree(canonical, t->arena, &implicit, e);
        root = rc ? NULL : implicit;
    }
    if (rc == ERR_NOT_FOUND) {
        return err_set(e, rc,
                       "A definition for the value Set '%.*s' could not be found; load the package "
                       "that has it, or store it as a resource",
                       TEXT_ARG(text_short(canonical, 400)));
    }
    return rc || !root ? rc : compile_here(t, root, ret_set, e);
}

int term_value_set(struct term *t, const struct value_set **ret_set, struct err *e)
{
    const yyjson_val *root = term_tree(t, T("valueSet"));
    text url = term_text(t, T("url"));
    root = root ? root : t->ask->instance;
    if (root) {
        return text_eq(json_text(json_get(root, T("resourceType"))), T("ValueSet"))
                   ? compile_here(t, root, ret_set, e)
                   : err_at(e, ERR_INVALID, T("valueSet"),
                            "the parameter 'valueSet' is a ValueSet resource");
    }
    return url.n ? by_url(t, url, ret_set, e)
                 : err_set(e, ERR_REQUIRED,
                           "which value set is meant? Give its address as the parameter 'url', or "
                           "itself as 'valueSet', or ask at /ValueSet/[id]");
}

int term_codes(const struct term *t, text system, text version, const struct codes **ret_codes,
               struct err *e)
{
    text wanted;
    int rc = value_set_version_of(t->rules, system, version, &wanted, e);
    return rc ? rc : defs_codes(t->defs, system, wanted, ret_codes, e);
}
