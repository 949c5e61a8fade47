#include "fhir/term_validate.h"

/* $validate-code of value sets and code systems (R4 valueset-operation-validate-code.html): the
 * call. The words of issues are those that the ecosystem of terminology servers agreed on, since
 * clients show them. */

static const char known[] =
    "url\0valueSet\0valueSetVersion\0codeSystem\0context\0code\0system\0systemVersion\0version\0"
    "display\0coding\0codeableConcept\0date\0abstract\0displayLanguage\0inferSystem\0activeOnly\0"
    "lenient-display-validation\0valueset-membership-only\0system-version\0check-system-version\0"
    "force-system-version\0default-valueset-version\0exclude-system\0includeDesignations\0"
    "mode\0diagnostics\0";

text validate_place(const struct validate_call *v, const struct validate_coding *c,
                    enum validate_place place)
{
    static const char *const parts[] = {"", ".code", ".system", ".display"};
    struct arena *a = v->term->arena;
    switch (v->form) {
    case FORM_CODE:
        return place == PLACE_WHOLE ? T("code") : text_of(parts[place] + 1);
    case FORM_CODING:
        return arena_printf(a, "Coding%s", parts[place]);
    case FORM_CONCEPT:
        break;
    }
    return arena_printf(a, "CodeableConcept.coding[%zu]%s", c->at, parts[place]);
}

void validate_add(struct validate_call *v, struct validate_issue issue)
{
    if (v->issue_count < VALIDATE_ISSUES_MOST) {
        v->issues[v->issue_count++] = issue;
    }
}

bool validate_has_errors(const struct validate_call *v)
{
    for (size_t i = 0; i < v->issue_count; i++) {
        if (strcmp(v->issues[i].severity, "error") == 0) {
            return true;
        }
    }
    return false;
}

text validate_set_name(const struct validate_call *v)
{
    return v->set->url.n ? term_canonical(v->term, v->set->url, v->set->version)
                         : T("(unidentified)");
}

/* --- what is asked ---------------------------------------------------------------------------- */

static struct validate_coding coding_of(const yyjson_val *coding, size_t at)
{
    return (struct validate_coding){.system = json_text(json_get(coding, T("system"))),
                                    .version = json_text(json_get(coding, T("version"))),
                                    .code = json_text(json_get(coding, T("code"))),
                                    .display = json_text(json_get(coding, T("display"))),
                                    .at = at};
}

static int take_concept(struct validate_call *v, const yyjson_val *concept, struct err *e)
{
    const yyjson_val *list = json_get(concept, T("coding"));
    size_t count = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    if (count == 0 || count > VALIDATE_CODINGS_MOST) {
        return err_at(e, ERR_INVALID, T("codeableConcept"),
                      "a concept to validate has from 1 to %d codings", VALIDATE_CODINGS_MOST);
    }
    v->form = FORM_CONCEPT;
    v->concept = concept;
    v->codings = arena_zalloc(v->term->arena, count, sizeof *v->codings);
    if (!v->codings) {
        return term_no_memory(e);
    }
    const yyjson_val *item = list ? list + 1 : NULL;
    for (; v->count < count; item = json_after(item)) {
        v->codings[v->count] = coding_of(item, v->count);
        v->count++;
    }
    return 0;
}

/* CodeSystem: url and version are the system's. */
static int take_code(struct validate_call *v, struct err *e)
{
    const struct term *t = v->term;
    struct validate_coding *c = v->codings;
    bool infer;
    int rc = term_bool(t, T("inferSystem"), false, &infer, e);
    c->code = term_text(t, T("code"));
    c->display = term_text(t, T("display"));
    c->system = term_text(t, v->set ? T("system") : T("url"));
    c->version = term_text(t, v->set ? T("systemVersion") : T("version"));
    c->inferred = v->set && c->system.n == 0;
    if (!v->set && t->ask->instance) {
        c->system = json_text(json_get(t->ask->instance, T("url")));
        c->version = json_text(json_get(t->ask->instance, T("version")));
    }
    if (!rc && c->system.n == 0 && (!v->set || !infer)) {
        return err_set(e, ERR_REQUIRED,
                       v->set ? "the parameter 'code' needs 'system' beside it, or "
                                "inferSystem=true where it is to be found from the value set"
                              : "of which code system? Give its address as the parameter 'url'");
    }
    return rc;
}

static int take_question(struct validate_call *v, struct err *e)
{
    const yyjson_val *concept = term_tree(v->term, T("codeableConcept"));
    const yyjson_val *coding = term_tree(v->term, T("coding"));
    if (concept) {
        return take_concept(v, concept, e);
    }
    v->count = 1;
    v->codings = arena_zalloc(v->term->arena, 1, sizeof *v->codings);
    if (!v->codings) {
        return term_no_memory(e);
    }
    v->form = coding ? FORM_CODING : FORM_CODE;
    if (coding) {
        v->codings[0] = coding_of(coding, 0);
    } else {
        int rc = take_code(v, e);
        if (rc) {
            return rc;
        }
    }
    return v->codings[0].code.n
               ? 0
               : err_set(e, ERR_REQUIRED,
                         "which code is to be validated? Give 'code' with 'system', or 'coding', "
                         "or 'codeableConcept'");
}

static int take_systems(struct validate_call *v, struct err *e)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < v->count; i++) {
        rc = term_system_uri(v->term, &v->codings[i].system, e);
    }
    return rc;
}

static int take_options(struct validate_call *v, struct err *e)
{
    const struct term *t = v->term;
    int rc = term_bool(t, T("activeOnly"), false, &v->active_only, e);
    rc = rc ? rc : term_bool(t, T("lenient-display-validation"), false, &v->lenient, e);
    rc = rc ? rc : term_bool(t, T("valueset-membership-only"), false, &v->members_only, e);
    return rc ? rc : term_bool(t, T("abstract"), true, &v->abstract_ok, e);
}

/* A code system that comes along counts before those that are here. */
static int take_code_system(struct validate_call *v, struct err *e)
{
    struct term *t = v->term;
    const yyjson_val *root = term_tree(t, T("codeSystem"));
    const struct codes *codes;
    if (!root) {
        return 0;
    }
    int rc = codes_of_resource(root, t->arena, &codes, e);
    for (size_t i = 0; !rc && i < v->count; i++) {
        v->codings[i].system =
            v->codings[i].system.n ? v->codings[i].system : json_text(json_get(root, T("url")));
        v->codings[i].codes = codes;
    }
    return rc;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* What is missing decides alone: nothing else can be said. */
static bool is_undecided(const struct validate_call *v, const struct validate_coding *c)
{
    return v->set && c->in == VALUE_SET_UNKNOWN && (v->set->missing_set.n || v->unknown_is_cause);
}

static void judge_concept(struct validate_call *v)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->codings[i].in == VALUE_SET_YES || is_undecided(v, &v->codings[i])) {
            return;
        }
    }
    validate_add(
        v, (struct validate_issue){
               "error",
               "code-invalid",
               "not-in-vs",
               "TX_GENERAL_CC_ERROR_MESSAGE",
               {0},
               arena_printf(v->term->arena, "No valid coding was found for the value set '%.*s'",
                            TEXT_ARG(validate_set_name(v))),
               false});
}

/* An unknown system beside a coding that is known is no error. */
static void soften(struct validate_call *v)
{
    bool any = false;
    for (size_t i = 0; i < v->count; i++) {
        any |= v->codings[i].in == VALUE_SET_YES;
    }
    for (size_t i = 0; any && i < v->issue_count; i++) {
        if (strcmp(v->issues[i].id, "UNKNOWN_CODESYSTEM") == 0) {
            v->issues[i].severity = "warning";
        }
    }
}

static int judge(struct validate_call *v, struct err *e)
{
    int rc = 0;
    v->issues = arena_zalloc(v->term->arena, VALIDATE_ISSUES_MOST, sizeof *v->issues);
    if (!v->issues) {
        return term_no_memory(e);
    }
    for (size_t i = 0; !rc && i < v->count; i++) {
        rc = validate_one(v, &v->codings[i], e);
        if (!rc && is_undecided(v, &v->codings[i])) {
            return 0;
        }
    }
    if (!rc && v->form == FORM_CONCEPT && v->set) {
        judge_concept(v);
        soften(v);
    }
    if (!rc && v->set) {
        validate_states(v);
    }
    return rc;
}

static int validate(struct term *t, bool of_system, struct buf *out, struct err *e)
{
    struct validate_call v = {.term = t};
    int rc = of_system ? 0 : term_value_set(t, &v.set, e);
    rc = rc ? rc : take_options(&v, e);
    rc = rc ? rc : take_question(&v, e);
    rc = rc ? rc : take_systems(&v, e);
    rc = rc ? rc : take_code_system(&v, e);
    rc = rc ? rc : term_take_languages(t, v.set ? v.set->root : NULL, e);
    rc = rc ? rc : judge(&v, e);
    if (rc) {
        return rc;
    }
    validate_write(&v, out);
    return buf_failed(out) ? term_no_memory(e) : 0;
}

int term_validate_code(struct defs *d, const struct term_ask *ask, bool of_system, struct arena *a,
                       struct buf *out, struct err *e)
{
    struct term t;
    int rc = term_begin(&t, d, ask, known, a, e);
    if (!rc) {
        rc = validate(&t, of_system, out, e);
        term_end(&t);
    }
    return rc;
}
