#include "fhir/term_validate.h"

#include <stdarg.h>
#include <stdio.h>

/* $validate-code: whether one coding is in the value set and known to its system. */

static text print(const struct validate_call *v, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static text print(const struct validate_call *v, const char *format, ...)
{
    va_list list;
    char room[4096];
    va_start(list, format);
    int n = vsnprintf(room, sizeof room, format, list);
    va_end(list);
    size_t length = n < 0 ? 0 : (size_t)n;
    bool cut = length >= sizeof room; /* then perhaps within a character */
    text said =
        cut ? text_short((text){room, sizeof room - 1}, sizeof room - 2) : (text){room, length};
    return arena_copy(v->term->arena, said);
}

/* --- issues ----------------------------------------------------------------------------------- */

/* A concept says of each of its codings only that it is not the one. */
static void not_in_set(struct validate_call *v, const struct validate_coding *c)
{
    bool one_of_many = v->form == FORM_CONCEPT;
    text version = term_canonical(v->term, c->system, c->version);
    text words =
        c->display.n
            ? print(v,
                    "The provided code '%.*s#%.*s ('%.*s')' was not found in the value "
                    "set '%.*s'",
                    TEXT_ARG(version), TEXT_ARG(c->code), TEXT_ARG(c->display),
                    TEXT_ARG(validate_set_name(v)))
            : print(v, "The provided code '%.*s#%.*s' was not found in the value set '%.*s'",
                    TEXT_ARG(version), TEXT_ARG(c->code), TEXT_ARG(validate_set_name(v)));
    validate_add(v, (struct validate_issue){one_of_many ? "information" : "error", "code-invalid",
                                            one_of_many ? "this-code-not-in-vs" : "not-in-vs",
                                            "None_of_the_provided_codes_are_in_the_value_set_one",
                                            validate_place(v, c, PLACE_CODE), words, one_of_many});
}

static void unknown_system(struct validate_call *v, const struct validate_coding *c, bool quoted,
                           bool is_cause)
{
    const char *quote = quoted ? "'" : "";
    v->unknown_system = term_canonical(v->term, c->system, c->version);
    v->unknown_is_cause = is_cause;
    validate_add(v, (struct validate_issue){
                        "error", "not-found", "not-found", "UNKNOWN_CODESYSTEM",
                        validate_place(v, c, PLACE_SYSTEM),
                        print(v,
                              "A definition for CodeSystem %s%.*s%s could not be found, so the "
                              "code cannot be validated",
                              quote, TEXT_ARG(c->system), quote),
                        false});
}

static void unknown_code(struct validate_call *v, const struct validate_coding *c)
{
    const struct codes_about *about = codes_about(c->codes);
    bool fragment = about->content != CODES_COMPLETE;
    text version = about->version.n ? print(v, " version '%.*s'", TEXT_ARG(about->version)) : T("");
    text words = print(v, "Unknown code '%.*s' in the CodeSystem '%.*s'%.*s%s", TEXT_ARG(c->code),
                       TEXT_ARG(about->url), TEXT_ARG(version),
                       fragment ? " - note that the code system is labeled as a fragment, so the "
                                  "code may be valid in some other fragment"
                                : "");
    validate_add(v, (struct validate_issue){
                        fragment ? "warning" : "error", "code-invalid", "invalid-code",
                        fragment ? "UNKNOWN_CODE_IN_FRAGMENT" : "Unknown_Code_in_Version",
                        validate_place(v, c, PLACE_CODE), words, false});
}

/* --- the system ------------------------------------------------------------------------------- */

static bool is_absolute(text system)
{
    return text_find(system, ':') < system.n;
}

static bool is_value_set(const struct validate_call *v, text address)
{
    const yyjson_val *root;
    struct err ignored;
    return defs_resource(v->term->defs, fhir_type_of(T("ValueSet")), address, &root, &ignored) == 0;
}

static void unknown_version(struct validate_call *v, const struct validate_coding *c)
{
    const struct codes_about *about = codes_about(c->codes);
    v->unknown_system = term_canonical(v->term, c->system, c->version);
    validate_add(
        v, (struct validate_issue){
               "error", "not-found", "not-found", "UNKNOWN_CODESYSTEM_VERSION",
               validate_place(v, c, PLACE_SYSTEM),
               print(v,
                     "A definition for CodeSystem '%.*s' version '%.*s' could not be found, so the "
                     "code cannot be validated. Valid versions: %.*s",
                     TEXT_ARG(c->system), TEXT_ARG(c->version), TEXT_ARG(about->version)),
               false});
}

/* Whether a code that stands alone is one of its system; the issues say why not. */
static void look_at_system(struct validate_call *v, struct validate_coding *c)
{
    if (c->codes) {
        if (c->concept == CODES_NONE) {
            unknown_code(v, c);
        }
        return;
    }
    enum codes_answer grammar = codes_by_grammar(c->system, c->code, v->term->arena);
    if (grammar == CODES_YES) {
        return;
    }
    if (grammar == CODES_NO) {
        validate_add(
            v, (struct validate_issue){"error", "code-invalid", "invalid-code",
                                       "Unknown_Code_in_Version", validate_place(v, c, PLACE_CODE),
                                       print(v, "Unknown code '%.*s' in the CodeSystem '%.*s'",
                                             TEXT_ARG(c->code), TEXT_ARG(c->system)),
                                       false});
        return;
    }
    if (!is_absolute(c->system)) {
        validate_add(v, (struct validate_issue){
                            "error", "invalid", "invalid-data", "Terminology_TX_System_Relative",
                            validate_place(v, c, PLACE_SYSTEM),
                            T("Coding.system must be an absolute reference, not a local reference"),
                            false});
    } else if (is_value_set(v, c->system)) {
        validate_add(v,
                     (struct validate_issue){
                         "error", "invalid", "invalid-data", "Terminology_TX_System_ValueSet2",
                         validate_place(v, c, PLACE_SYSTEM),
                         print(v, "The Coding references a value set, not a code system ('%.*s')",
                               TEXT_ARG(c->system)),
                         false});
        return;
    }
    unknown_system(v, c, !is_absolute(c->system), false);
}

/* The codes of the version that was given, or else of the newest. */
static int find_codes(struct validate_call *v, struct validate_coding *c, struct err *e)
{
    struct err why;
    text version = c->version;
    c->concept = CODES_NONE;
    if (c->in == VALUE_SET_YES && c->found.codes) {
        c->codes = c->found.codes;
    }
    if (!c->codes && c->found.part && c->found.part->version.n && !version.n) {
        version = c->found.part->version;
    }
    if (!c->codes) {
        int rc = term_codes(v->term, c->system, version, &c->codes, &why);
        if (rc == ERR_NOT_FOUND && version.n) {
            rc = term_codes(v->term, c->system, T(""), &c->codes, &why);
            if (!rc && !v->members_only) {
                unknown_version(v, c);
            }
        }
        if (rc && rc != ERR_NOT_FOUND && rc != ERR_NOT_SUPPORTED) {
            *e = why;
            return rc;
        }
        if (rc || codes_about(c->codes)->content == CODES_NOT_PRESENT) {
            c->codes = NULL;
        }
    }
    if (c->codes) {
        c->concept = codes_find(c->codes, c->code);
    }
    return 0;
}

/* --- a system that is to be found ------------------------------------------------------------- */

enum { SYSTEMS_MOST = 200 };

struct systems {
    text items[SYSTEMS_MOST];
    size_t count;
};

/* As deep as value sets import each other, which the compiler limits. */
static void list_systems(const struct value_set *s, struct systems *list)
{
    for (size_t i = 0; i < s->include_count; i++) {
        const struct value_set_part *p = &s->includes[i];
        bool is_new = p->system.n > 0 && list->count < SYSTEMS_MOST;
        for (size_t j = 0; is_new && j < list->count; j++) {
            is_new = !text_eq(list->items[j], p->system);
        }
        if (is_new) {
            list->items[list->count++] = p->system;
        }
        for (size_t j = 0; j < p->import_count && list->count < SYSTEMS_MOST; j++) {
            if (p->imports[j]) {
                list_systems(p->imports[j], list);
            }
        }
    }
}

static void cannot_infer(struct validate_call *v, struct validate_coding *c,
                         const struct systems *all, const struct systems *matching)
{
    const char *id = "UNABLE_TO_INFER_CODESYSTEM";
    text words;
    text set = validate_set_name(v);
    if (matching->count) {
        text list = print(v, "%.*s", TEXT_ARG(matching->items[0]));
        for (size_t i = 1; i < matching->count; i++) {
            list = print(v, "%.*s, %.*s", TEXT_ARG(list), TEXT_ARG(matching->items[i]));
        }
        id = "Unable_to_resolve_system__value_set_has_multiple_matches";
        words = print(v,
                      "The System URI could not be determined for the code '%.*s' in the ValueSet "
                      "'%.*s': value set expansion has multiple matches: [%.*s]",
                      TEXT_ARG(c->code), TEXT_ARG(set), TEXT_ARG(list));
    } else if (all->count == 1) {
        words = print(v,
                      "The provided code '%.*s' is not known to belong to the inferred code system "
                      "'%.*s'",
                      TEXT_ARG(c->code), TEXT_ARG(all->items[0]));
    } else {
        words = print(v,
                      "The System URI could not be determined for the code '%.*s' in the ValueSet "
                      "'%.*s'",
                      TEXT_ARG(c->code), TEXT_ARG(set));
    }
    not_in_set(v, c);
    validate_add(v, (struct validate_issue){"error", "not-found", "cannot-infer", id,
                                            validate_place(v, c, PLACE_CODE), words, false});
}

/* False: there is none, or more than one; the issues say so. */
static bool infer(struct validate_call *v, struct validate_coding *c)
{
    struct systems all = {.count = 0};
    struct systems matching = {.count = 0};
    list_systems(v->set, &all);
    for (size_t i = 0; i < all.count; i++) {
        struct value_set_found f;
        if (value_set_find(v->set, all.items[i], c->version, c->code, v->term->arena, &f) ==
            VALUE_SET_YES) {
            matching.items[matching.count++] = all.items[i];
        }
    }
    if (matching.count == 1) {
        c->system = matching.items[0];
        return true;
    }
    cannot_infer(v, c, &all, &matching);
    return false;
}

/* --- one -------------------------------------------------------------------------------------- */

static bool same_address(text canonical, text url)
{
    return text_eq(text_first(canonical, text_find(canonical, '|')), url);
}

/* What the value set is built on is not here. True: nothing more can be said. */
static bool lacks_definition(struct validate_call *v, struct validate_coding *c)
{
    const struct value_set *s = v->set;
    if (c->in != VALUE_SET_UNKNOWN) {
        return false;
    }
    if (s->missing_set.n) {
        validate_add(v, (struct validate_issue){
                            "error",
                            "not-found",
                            "not-found",
                            "Unable_to_resolve_value_Set_",
                            {0},
                            print(v, "A definition for the value Set '%.*s' could not be found",
                                  TEXT_ARG(s->missing_set)),
                            false});
        return true;
    }
    if (s->missing_system.n && same_address(s->missing_system, c->system)) {
        unknown_system(v, c, true, true);
        v->unknown_system = s->missing_system;
        return true;
    }
    return false;
}

static void no_system(struct validate_call *v, struct validate_coding *c)
{
    not_in_set(v, c);
    validate_add(v,
                 (struct validate_issue){
                     "warning", "invalid", "invalid-data", "Coding_has_no_system__cannot_validate",
                     validate_place(v, c, PLACE_WHOLE),
                     T("Coding has no system. A code with no system has no defined meaning, and it "
                       "cannot be validated. A system should be provided"),
                     false});
}

static void tell_inactive(struct validate_call *v, const struct validate_coding *c, bool refused)
{
    text status = codes_status(c->codes, c->concept);
    bool other = status.n && !text_eq(status, T("inactive")) && !text_eq(status, T("active"));
    if (refused) {
        validate_add(
            v, (struct validate_issue){
                   "error", "business-rule", "code-rule", "STATUS_CODE_WARNING_CODE",
                   validate_place(v, c, PLACE_CODE),
                   print(v, "The concept '%.*s' is valid but is not active", TEXT_ARG(c->code)),
                   false});
    }
    validate_add(
        v, (struct validate_issue){
               "warning", "business-rule", "code-comment", "INACTIVE_CONCEPT_FOUND",
               validate_place(v, c, PLACE_WHOLE),
               print(v,
                     "The concept '%.*s' has a status of %.*s%sinactive and its use "
                     "should be reviewed",
                     TEXT_ARG(c->code), TEXT_ARG(other ? status : T("")), other ? " and " : ""),
               false});
}

static void tell_abstract(struct validate_call *v, const struct validate_coding *c)
{
    validate_add(v, (struct validate_issue){
                        "error", "business-rule", "code-rule", "ABSTRACT_CODE_NOT_ALLOWED",
                        validate_place(v, c, PLACE_CODE),
                        print(v, "Code '%.*s#%.*s' is abstract, and not allowed in this context",
                              TEXT_ARG(c->system), TEXT_ARG(c->code)),
                        false});
}

/* A list may mark a concept as one to leave behind. */
static void tell_marked(struct validate_call *v, const struct validate_coding *c)
{
    const yyjson_val *list =
        c->found.entry ? json_get(c->found.entry->value, T("extension")) : NULL;
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0; left;
         left--, item = json_after(item)) {
        text url = json_text(json_get(item, T("url")));
        bool deprecated = text_eq(url, T(DEFS_BASE "valueset-deprecated")) ||
                          (text_eq(url, T(DEFS_BASE "structuredefinition-standards-status")) &&
                           text_eq(json_text(json_get(item, T("valueCode"))), T("deprecated")));
        if (deprecated) {
            validate_add(
                v,
                (struct validate_issue){
                    "warning", "business-rule", "code-comment", "CONCEPT_DEPRECATED_IN_VALUESET",
                    validate_place(v, c, PLACE_CODE),
                    print(v,
                          "The presence of the concept '%.*s' in the system '%.*s' in the value "
                          "set %.*s is marked with a status of deprecated and its use should be "
                          "reviewed",
                          TEXT_ARG(c->code), TEXT_ARG(c->system), TEXT_ARG(validate_set_name(v))),
                    true});
        }
    }
}

static int tell(struct validate_call *v, struct validate_coding *c, struct err *e)
{
    bool has_concept = c->codes && c->concept != CODES_NONE;
    unsigned flags = has_concept ? codes_flags(c->codes, c->concept) : 0;
    bool inactive = flags & CODES_INACTIVE;
    bool only_active = v->active_only || (v->set && v->set->active_only);
    bool refused = inactive && only_active && v->set;
    if (refused) {
        c->in = VALUE_SET_NO;
    }
    if (v->set && (c->in == VALUE_SET_NO || (c->in == VALUE_SET_UNKNOWN && v->set->problem.code))) {
        not_in_set(v, c);
    }
    if (v->members_only) {
        return 0;
    }
    if (!has_concept || !v->set) {
        look_at_system(v, c);
    }
    if (!has_concept) {
        return 0;
    }
    if (inactive) {
        tell_inactive(v, c, refused);
    }
    if ((flags & CODES_ABSTRACT) && !v->abstract_ok) {
        tell_abstract(v, c);
    }
    tell_marked(v, c);
    return validate_display(v, c, e);
}

int validate_one(struct validate_call *v, struct validate_coding *c, struct err *e)
{
    if (c->system.n == 0 && c->inferred && !infer(v, c)) {
        return 0;
    }
    if (c->system.n == 0) {
        if (v->set) {
            no_system(v, c);
        }
        return 0;
    }
    c->in = VALUE_SET_YES;
    if (v->set) {
        c->in = value_set_find(v->set, c->system, c->version, c->code, v->term->arena, &c->found);
        if (lacks_definition(v, c)) {
            return 0;
        }
    }
    int rc = find_codes(v, c, e);
    return rc ? rc : tell(v, c, e);
}
