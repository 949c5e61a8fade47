/* Bindings of elements to value sets (R4 terminologies.html#strength, elementdefinition.html). */
#include "fhir/profile_binding.h"

#define BASE_SETS "http://hl7.org/fhir/ValueSet/"
#define MAX_SET DEFS_BASE "elementdefinition-maxValueSet"

/* --- compiling ----------------------------------------------------------------------------- */

static bool read_strength(text t, enum profile_strength *ret)
{
    static const struct {
        text name;
        enum profile_strength strength;
    } strengths[] = {
        {T("example"), STRENGTH_EXAMPLE},
        {T("preferred"), STRENGTH_PREFERRED},
        {T("extensible"), STRENGTH_EXTENSIBLE},
        {T("required"), STRENGTH_REQUIRED},
    };
    for (size_t i = 0; i < sizeof strengths / sizeof strengths[0]; i++) {
        if (text_eq(t, strengths[i].name)) {
            *ret = strengths[i].strength;
            return true;
        }
    }
    return false;
}

static text max_set_of(const yyjson_val *binding)
{
    const yyjson_val *extensions = json_get(binding, T("extension"));
    size_t left = json_type(extensions) == YYJSON_TYPE_ARR ? json_len(extensions) : 0;
    const yyjson_val *one = left ? extensions + 1 : NULL;
    for (; left; left--, one = json_after(one)) {
        if (text_eq(json_text(json_get(one, T("url"))), T(MAX_SET))) {
            text set = json_text(json_get(one, T("valueCanonical")));
            return set.n ? set : json_text(json_get(one, T("valueUri")));
        }
    }
    return T("");
}

/* R4 calls the media types by the address of their specification too, which is no value set's. */
static text known_set(text canonical)
{
    return text_eq(canonical, T("http://www.rfc-editor.org/bcp/bcp13.txt"))
               ? T(BASE_SETS "mimetypes|4.0.1")
               : canonical;
}

int profile_binding_compile(const yyjson_val *binding, struct arena *a,
                            const struct profile_binding **ret_binding, struct err *e)
{
    text strength = json_text(json_get(binding, T("strength")));
    struct profile_binding b = {
        .value_set = known_set(json_text(json_get(binding, T("valueSet")))),
        .max_value_set = known_set(max_set_of(binding)),
    };
    if (!read_strength(strength, &b.strength)) {
        return err_set(
            e, ERR_INVALID,
            "\"%.*s\" is no strength of a binding; it is required, extensible, preferred "
            "or example",
            TEXT_ARG(text_short(strength, CODE_MOST)));
    }
    bool has_set = b.value_set.n && b.strength != STRENGTH_EXAMPLE;
    if (!has_set && !b.max_value_set.n) {
        *ret_binding = NULL;
        return 0;
    }
    /* The definitions of R4 name their own version where a binding is required. */
    b.is_base = text_starts(b.value_set, T(BASE_SETS)) && text_ends(b.value_set, T("|4.0.1"));
    b.found = arena_zalloc(a, 1, sizeof *b.found);
    struct profile_binding *kept = arena_alloc(a, sizeof *kept);
    if (!b.found || !kept) {
        return err_set(e, ERR_MEMORY, "no memory for a binding");
    }
    *kept = b;
    *ret_binding = kept;
    return 0;
}

/* --- the sets ------------------------------------------------------------------------------ */

/* One value set that is asked, and what it means not to be in it. */
struct demand {
    text canonical;
    const struct value_set *set;
    enum profile_strength strength;
    bool is_max;
};

static void say_unknown(struct profile_run *run, text canonical, const struct err *why,
                        const struct path_node *at)
{
    if (run->silent || run->options.no_warnings || run->options.no_unknown) {
        return;
    }
    text words = arena_printf(run->arena, "codes of the value set %.*s were not checked: %s",
                              TEXT_ARG(text_short(canonical, SYSTEM_MOST)),
                              why ? err_text(why) : "its definition is not enough to tell");
    if (words.p) {
        profile_issue_once(run, ERR_NOT_FOUND, at, words);
    }
}

/* *ret_set NULL: not here, which has been said. */
static int set_of(struct profile_run *run, const struct profile_binding *b, bool max,
                  const struct path_node *at, const struct value_set **ret_set)
{
    text canonical = max ? b->max_value_set : b->value_set;
    const struct value_set *set = NULL;
    if (b->found) {
        set = atomic_load(max ? &b->found->max : &b->found->set);
    }
    if (!set) {
        struct err why = {.code = 0};
        int code = defs_value_set(run->defs, canonical, &set, &why);
        if (code == ERR_MEMORY || code == ERR_TOO_COSTLY) {
            return err_set(run->e, code, "%s", err_text(&why));
        }
        if (code) {
            set = NULL;
            say_unknown(run, canonical, &why, at);
        } else if (b->found) {
            atomic_store(max ? &b->found->max : &b->found->set, set);
        }
    }
    *ret_set = set;
    return 0;
}

/* R4 takes short names where a format is asked for, although it binds the element to media types:
 * CapabilityStatement.format is "xml | json | ttl | mime type". */
static bool is_short_format(const struct demand *d, const struct coding *c)
{
    return !c->system.p && text_starts(d->canonical, T(BASE_SETS "mimetypes")) &&
           (text_eq(c->code, T("xml")) || text_eq(c->code, T("json")) ||
            text_eq(c->code, T("ttl")));
}

/* The types of FHIRPath, which R4 gives to ids and urls in its own definitions (sdf-19). */
static bool is_system_type(const struct demand *d, const struct coding *c)
{
    return text_starts(d->canonical, T(BASE_SETS "defined-types")) &&
           text_starts(c->code, T("http://hl7.org/fhirpath/System."));
}

static enum value_set_answer ask(struct profile_run *run, const struct demand *d,
                                 const struct coding *c)
{
    if (is_short_format(d, c) || is_system_type(d, c)) {
        return VALUE_SET_YES;
    }
    struct arena_mark mark = arena_mark(run->arena);
    enum value_set_answer answer =
        value_set_has(d->set, c->system, c->version, c->code, run->arena);
    arena_rewind(run->arena, mark);
    return answer;
}

/* --- telling ------------------------------------------------------------------------------- */

static enum issue_severity severity_of(const struct demand *d)
{
    if (d->is_max || d->strength == STRENGTH_REQUIRED) {
        return ISSUE_ERROR;
    }
    return d->strength == STRENGTH_EXTENSIBLE ? ISSUE_WARNING : ISSUE_INFORMATION;
}

static const char *advice_of(const struct demand *d)
{
    if (d->is_max || d->strength == STRENGTH_REQUIRED) {
        return "choose a code of it";
    }
    return d->strength == STRENGTH_EXTENSIBLE
               ? "use a code of it if there is one that says the same"
               : "it is the one to use where it can be used";
}

static void say_not_in(struct profile_run *run, const struct demand *d, const struct coding *c,
                       const struct path_node *at)
{
    bool is_code = json_type(at->value) != YYJSON_TYPE_OBJ; /* its system is that of the set */
    if (!is_code && !c->is_quantity && !c->system.n && severity_of(d) != ISSUE_ERROR) {
        return; /* that it has no system has been said */
    }
    text system = c->system.p ? text_short(c->system, SYSTEM_MOST) : T("");
    profile_issue(run, severity_of(d), ERR_CODE_INVALID, at,
                  "the code \"%.*s\"%s%.*s is not in the value set %.*s; %s",
                  TEXT_ARG(text_short(c->code, CODE_MOST)), system.n ? " of " : "",
                  TEXT_ARG(system), TEXT_ARG(text_short(d->canonical, SYSTEM_MOST)), advice_of(d));
}

static void say_no_code(struct profile_run *run, const struct demand *d, const struct path_node *at)
{
    profile_issue(run, severity_of(d), ERR_CODE_INVALID, at,
                  "there is no code here, but one of the value set %.*s is required; add a coding",
                  TEXT_ARG(text_short(d->canonical, SYSTEM_MOST)));
}

static bool needs_code(const struct demand *d)
{
    return d->is_max || d->strength == STRENGTH_REQUIRED;
}

/* --- checking ------------------------------------------------------------------------------ */

static void check_one(struct profile_run *run, const struct demand *d, const struct coding *c,
                      const struct path_node *at)
{
    if (!c->code.n) {
        if (d->strength == STRENGTH_REQUIRED && !d->is_max) {
            say_no_code(run, d, at);
        }
        return;
    }
    switch (ask(run, d, c)) {
    case VALUE_SET_NO:
        say_not_in(run, d, c, at);
        break;
    case VALUE_SET_UNKNOWN:
        say_unknown(run, d->canonical,
                    value_set_problem(d->set)->code ? value_set_problem(d->set) : NULL, at);
        break;
    case VALUE_SET_YES:
        break;
    }
}

/* Of a CodeableConcept one coding has to be in the set; the others may say the same otherwise. */
static void check_concept(struct profile_run *run, const struct demand *d,
                          const struct path_node *at)
{
    const yyjson_val *codings = json_get(at->value, T("coding"));
    size_t left = json_type(codings) == YYJSON_TYPE_ARR ? json_len(codings) : 0;
    const yyjson_val *item = left ? codings + 1 : NULL;
    struct coding shown = {.code = T("")};
    bool unknown = false;
    for (; left; left--, item = json_after(item)) {
        const struct path_node node = {.value = item, .type = MODEL_CODING};
        struct coding c = profile_coding_of(&node);
        enum value_set_answer answer = c.code.n ? ask(run, d, &c) : VALUE_SET_NO;
        if (answer == VALUE_SET_YES) {
            return;
        }
        unknown = unknown || answer == VALUE_SET_UNKNOWN;
        shown = shown.code.n ? shown : c;
    }
    if (unknown) {
        say_unknown(run, d->canonical,
                    value_set_problem(d->set)->code ? value_set_problem(d->set) : NULL, at);
    } else if (shown.code.n) {
        say_not_in(run, d, &shown, at);
    } else if (needs_code(d) && (!d->is_max || codings) &&
               (codings || json_get(at->value, T("text")))) {
        say_no_code(run, d,
                    at); /* words alone are no code; an extension may say why there is none */
    }
}

/* The value set of the model's own list: resource_check() has asked it of a code. Of codings it has
 * asked only those of a system of the set. */
static bool is_held(const struct profile_binding *b, const struct path_node *at)
{
    if (b->strength != STRENGTH_REQUIRED || !b->is_base ||
        json_type(at->value) == YYJSON_TYPE_OBJ) {
        return false;
    }
    const struct model_element *el = profile_node_element(at);
    text url = text_first(b->value_set, text_find(b->value_set, '|'));
    return el && el->codes && text_eq(model_text(model_code_sets[el->codes].name), url);
}

static int check_set(struct profile_run *run, const struct profile_binding *b, bool max,
                     const struct path_node *at)
{
    struct demand d = {
        .canonical = max ? b->max_value_set : b->value_set, .strength = b->strength, .is_max = max};
    bool errors_only = run->silent || run->options.no_warnings;
    if (!d.canonical.n || (!max && b->strength == STRENGTH_EXAMPLE) ||
        (errors_only && severity_of(&d) != ISSUE_ERROR) || (!max && is_held(b, at))) {
        return 0;
    }
    int code = set_of(run, b, max, at, &d.set);
    if (code || !d.set) {
        return code;
    }
    if (at->type == MODEL_CODEABLE_CONCEPT) {
        check_concept(run, &d, at);
        return 0;
    }
    struct coding c = {.code = json_text(at->value), .version = T("")};
    if (json_type(at->value) == YYJSON_TYPE_OBJ) {
        c = profile_coding_of(at);
        if (!c.code.n && !c.display.n && !c.system.n && c.is_quantity &&
            !json_get(at->value, T("value"))) {
            return 0; /* a Quantity that says by an extension why it has no value */
        }
    }
    check_one(run, &d, &c, at);
    return 0;
}

int profile_binding_check(struct profile_run *run, const struct profile_binding *binding,
                          const struct path_node *at)
{
    int code = profile_step(run);
    bool wanted =
        !run->options.no_bindings || (binding->is_base && binding->strength == STRENGTH_REQUIRED);
    if (code || !at->value || !wanted) {
        return code; /* extensions alone have no code */
    }
    size_t before = run->errors;
    if (json_type(at->value) == YYJSON_TYPE_OBJ && !run->options.no_bindings) {
        code = profile_codings_own(run, binding->found, at);
    }
    if (code || run->errors > before) {
        return code; /* a code that there is not is in no value set: once is enough */
    }
    code = check_set(run, binding, false, at);
    return code ? code : check_set(run, binding, true, at);
}
