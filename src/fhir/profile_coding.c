/* A coding against its own code system (R4 terminologies.html#4.1, datatypes.html#Coding). */
#include "fhir/profile_binding.h"
#include "fhir/ucum.h"

struct coding profile_coding_of(const struct path_node *at)
{
    bool is_coding = at->type == MODEL_CODING;
    struct coding c = {.system = T(""), .is_quantity = !is_coding};
    const yyjson_val *v = at->value;
    size_t left = json_type(v) == YYJSON_TYPE_OBJ ? json_len(v) : 0;
    const yyjson_val *key = left ? v + 1 : NULL;
    for (; left; left--, key = json_after(key + 1)) {
        text name = json_text(key);
        if (text_eq(name, T("system"))) {
            c.system = json_text(key + 1);
        } else if (text_eq(name, T("code"))) {
            c.code = json_text(key + 1);
        } else if (is_coding && text_eq(name, T("display"))) {
            c.display = json_text(key + 1);
        } else if (is_coding && text_eq(name, T("version"))) {
            c.version = json_text(key + 1);
        }
    }
    c.system = c.system.p ? c.system : T("");
    return c;
}

static void warn_once(struct profile_run *run, int code, const struct path_node *at, text words)
{
    if (run->silent || run->options.no_warnings || !run->issues) {
        return;
    }
    for (size_t i = 0; i < run->issues->count; i++) {
        const struct issue *said = &run->issues->items[i];
        if (said->severity == ISSUE_WARNING && text_eq(said->details, words)) {
            return;
        }
    }
    profile_issue(run, ISSUE_WARNING, code, at, "%.*s", TEXT_ARG(words));
}

void profile_issue_once(struct profile_run *run, int code, const struct path_node *at, text words)
{
    if (!run->options.no_unknown) {
        warn_once(run, code, at, words);
    }
}

/* --- the system ---------------------------------------------------------------------------- */

/* A letter, then letters, digits, + - . up to a colon (RFC 3986, 3.1). */
static bool is_absolute(text uri)
{
    size_t n = text_find(uri, ':');
    if (n == 0 || n == uri.n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char c = uri.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !other)) {
            return false;
        }
    }
    return true;
}

static bool has_part(text t, text part)
{
    return t.n >= part.n && memmem(t.p, t.n, part.p, part.n) != NULL;
}

/* Whether the system is what it must be; says so where it is not. */
static bool is_system(struct profile_run *run, const struct coding *c, const struct path_node *at)
{
    text shown = text_short(c->system, SYSTEM_MOST);
    if (c->system.n == 0) {
        if (c->code.n && !c->is_quantity) {
            profile_issue(run, ISSUE_WARNING, ERR_CODE_INVALID, at,
                          "the code \"%.*s\" has no system, so that nobody can tell what it means; "
                          "add the system",
                          TEXT_ARG(text_short(c->code, CODE_MOST)));
        }
        return false;
    }
    if (!is_absolute(c->system)) {
        profile_issue(run, ISSUE_ERROR, ERR_CODE_INVALID, at,
                      "\"%.*s\" is no absolute URI; a system is known by its URI, as "
                      "http://loinc.org or urn:oid:...",
                      TEXT_ARG(shown));
        return false;
    }
    const yyjson_val *root;
    struct err e = {.code = 0};
    fhir_type type = fhir_type_of(T("ValueSet"));
    if (has_part(c->system, T("/ValueSet/")) &&
        defs_resource(run->defs, type, c->system, &root, &e) == 0) {
        profile_issue(
            run, ISSUE_ERROR, ERR_CODE_INVALID, at,
            "\"%.*s\" is a value set, which has no codes of its own; give the code system "
            "that the code is from",
            TEXT_ARG(shown));
        return false;
    }
    return true;
}

/* What was asked for last, where it is the same system. */
static const struct codes *kept_codes(struct profile_found *found, const struct coding *c)
{
    const struct codes *codes = found && !c->version.n ? atomic_load(&found->codes) : NULL;
    return codes && text_eq(codes_about(codes)->url, c->system) ? codes : NULL;
}

/* NULL: not here. */
static const struct codes *codes_of(struct profile_run *run, struct profile_found *found,
                                    const struct coding *c, struct err *e)
{
    const struct codes *codes;
    if (defs_codes(run->defs, c->system, c->version, &codes, e)) {
        return NULL;
    }
    if (found && !c->version.n) {
        atomic_store(&found->codes, codes);
    }
    return codes;
}

static void say_no_system(struct profile_run *run, const struct coding *c,
                          const struct path_node *at, const struct err *why)
{
    if (run->silent || run->options.no_warnings || run->options.no_unknown) {
        return;
    }
    text words =
        arena_printf(run->arena, "codes of the system %.*s%s%.*s were not checked: %s",
                     TEXT_ARG(text_short(c->system, SYSTEM_MOST)), c->version.n ? " version " : "",
                     TEXT_ARG(text_short(c->version, CODE_MOST)),
                     why->code == ERR_NOT_FOUND ? "it is not here; load the package that has it"
                                                : err_text(why));
    if (words.p) {
        profile_issue_once(run, ERR_NOT_FOUND, at, words);
    }
}

/* --- the display --------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Each run of white space as one blank, none at the ends. p == NULL: no memory. */
static text squeeze(text t, struct arena *a)
{
    char *out = arena_alloc(a, t.n + 1);
    size_t n = 0;
    t = text_trim(t);
    for (size_t i = 0; out && i < t.n; i++) {
        bool blank = is_blank(t.p[i]);
        if (!blank || !is_blank(t.p[i - 1])) {
            out[n++] = blank ? ' ' : t.p[i];
        }
    }
    return (text){out, out ? n : 0};
}

/* Without regard to case and white space. */
static bool is_same_term(text a, text b, struct arena *s)
{
    if (text_eq(a, b)) {
        return true;
    }
    struct arena_mark mark = arena_mark(s);
    struct path_item x = {.kind = PATH_STRING};
    struct path_item y = {.kind = PATH_STRING};
    x.u.string = squeeze(a, s);
    y.u.string = squeeze(b, s);
    bool same = x.u.string.p && y.u.string.p && path_equivalent(&x, &y, s);
    arena_rewind(s, mark);
    return same;
}

static void check_display(struct profile_run *run, const struct codes *codes, uint32_t concept,
                          const struct coding *c, const struct path_node *at)
{
    text right = codes_display(codes, concept);
    if (!c->display.n || run->silent || run->options.no_warnings) {
        return;
    }
    if (is_same_term(c->display, right, run->arena)) {
        return;
    }
    size_t count = codes_designation_count(codes, concept);
    for (size_t i = 0; i < count; i++) {
        if (is_same_term(c->display, codes_designation(codes, concept, i).value, run->arena)) {
            return;
        }
    }
    if (!right.n && !count) {
        return;
    }
    right = right.n ? right : codes_designation(codes, concept, 0).value;
    /* A sender writes the same display everywhere. */
    text words = arena_printf(
        run->arena,
        "\"%.*s\" is none of the terms of the code %.*s of %.*s; its display is \"%.*s\"",
        TEXT_ARG(text_short(c->display, SYSTEM_MOST)), TEXT_ARG(text_short(c->code, CODE_MOST)),
        TEXT_ARG(text_short(c->system, SYSTEM_MOST)), TEXT_ARG(text_short(right, SYSTEM_MOST)));
    if (words.p) {
        warn_once(run, ERR_CODE_INVALID, at, words);
    }
}

/* --- the code ------------------------------------------------------------------------------ */

static void say_no_code(struct profile_run *run, const struct codes *codes, const struct coding *c,
                        const struct path_node *at)
{
    enum codes_content content = codes_about(codes)->content;
    if (content != CODES_COMPLETE && content != CODES_FRAGMENT) {
        return; /* an example, or nothing at all, knows no codes for certain */
    }
    text code = text_short(c->code, CODE_MOST);
    text system = text_short(c->system, SYSTEM_MOST);
    if (content == CODES_COMPLETE) {
        profile_issue(run, ISSUE_ERROR, ERR_CODE_INVALID, at,
                      "the code system %.*s has no code \"%.*s\"; choose one that it has",
                      TEXT_ARG(system), TEXT_ARG(code));
    } else {
        profile_issue(run, ISSUE_WARNING, ERR_CODE_INVALID, at,
                      "the code \"%.*s\" is not in the part of the code system %.*s that is here",
                      TEXT_ARG(code), TEXT_ARG(system));
    }
}

static void check_concept(struct profile_run *run, const struct codes *codes,
                          const struct coding *c, const struct path_node *at)
{
    uint32_t concept = codes_find(codes, c->code);
    if (concept == CODES_NONE) {
        say_no_code(run, codes, c, at);
        return;
    }
    check_display(run, codes, concept, c, at);
    unsigned flags = codes_flags(codes, concept);
    if (flags & (CODES_INACTIVE | CODES_DEPRECATED)) {
        profile_issue(run, ISSUE_INFORMATION, ERR_CODE_INVALID, at,
                      "the code \"%.*s\" of %.*s is %s; use the one that took its place, if there "
                      "is one",
                      TEXT_ARG(text_short(c->code, CODE_MOST)),
                      TEXT_ARG(text_short(c->system, SYSTEM_MOST)),
                      flags & CODES_INACTIVE ? "no longer active" : "deprecated");
    }
}

static int coding_own(struct profile_run *run, struct profile_found *found, const struct coding *c,
                      const struct path_node *at)
{
    int code = profile_step(run);
    const struct codes *codes = c->code.n ? kept_codes(found, c) : NULL;
    if (!code && codes) {
        check_concept(run, codes, c, at);
        return 0;
    }
    if (code || (!c->code.n && !c->system.n) || !is_system(run, c, at) || !c->code.n) {
        return code;
    }
    struct arena_mark mark = arena_mark(run->arena);
    enum codes_answer answer = codes_by_grammar(c->system, c->code, run->arena);
    arena_rewind(run->arena, mark);
    if (answer == CODES_NO) {
        bool unit = text_eq(c->system, T(UCUM_SYSTEM));
        bool uri = text_eq(c->system, T("urn:ietf:rfc:3986"));
        profile_issue(run, ISSUE_ERROR, ERR_CODE_INVALID, at, "\"%.*s\" is no %s%.*s; correct it%s",
                      TEXT_ARG(text_short(c->code, CODE_MOST)), unit ? "unit of UCUM" : "code of ",
                      TEXT_ARG(unit ? T("") : text_short(c->system, SYSTEM_MOST)),
                      uri ? ", its codes are URIs, as urn:oid:1.2.3 or https://example.org/x" : "");
    }
    if (answer != CODES_UNKNOWN) {
        return 0;
    }
    struct err why = {.code = 0};
    codes = codes_of(run, found, c, &why);
    if (!codes && why.code == ERR_MEMORY) {
        return err_set(run->e, ERR_MEMORY, "%s", err_text(&why));
    }
    if (codes) {
        check_concept(run, codes, c, at);
    } else {
        say_no_system(run, c, at, &why);
    }
    return 0;
}

/* --- of an element ------------------------------------------------------------------------- */

int profile_codings_own(struct profile_run *run, struct profile_found *found,
                        const struct path_node *at)
{
    if (at->type != MODEL_CODEABLE_CONCEPT) {
        struct coding c = profile_coding_of(at);
        return coding_own(run, found, &c, at);
    }
    const yyjson_val *codings = json_get(at->value, T("coding"));
    size_t count = json_type(codings) == YYJSON_TYPE_ARR ? json_len(codings) : 0;
    const yyjson_val *item = count ? codings + 1 : NULL;
    int code = 0;
    for (size_t i = 0; !code && i < count; i++, item = json_after(item)) {
        const struct path_node node = {.value = item,
                                       .type = MODEL_CODING,
                                       .name = T("coding"),
                                       .index = (uint32_t)i,
                                       .repeats = true,
                                       .parent = at};
        struct coding c = profile_coding_of(&node);
        code = coding_own(run, found, &c, &node);
    }
    return code;
}

int profile_coding_check(struct profile_run *run, const struct path_node *at)
{
    bool wanted = json_type(at->value) == YYJSON_TYPE_OBJ && !run->options.no_bindings;
    return wanted ? profile_codings_own(run, NULL, at) : 0;
}
