#include "fhir/term_validate.h"

/* $validate-code: displays, states of definitions, and the reply. */

/* --- displays --------------------------------------------------------------------------------- */

/* Without white space that is too much. p == NULL: no memory. */
static text squeeze(text in, struct arena *a)
{
    char *p = arena_alloc(a, in.n + 1);
    size_t n = 0;
    text t = text_trim(in);
    for (size_t i = 0; p && i < t.n; i++) {
        bool space = t.p[i] == ' ' || t.p[i] == '\t' || t.p[i] == '\n' || t.p[i] == '\r';
        if (!space) {
            p[n++] = t.p[i];
        } else if (n && p[n - 1] != ' ') {
            p[n++] = ' ';
        }
    }
    return (text){p, n};
}

enum fit { FIT_NONE, FIT_SPACE, FIT_SAME };

/* Case does not matter to a display, white space does. */
static enum fit compare(text given, text display, struct arena *a)
{
    if (text_eq(given, display) || text_eq_nocase(given, display)) {
        return FIT_SAME;
    }
    text one = squeeze(given, a);
    text other = squeeze(display, a);
    return one.p && other.p && text_eq_nocase(one, other) ? FIT_SPACE : FIT_NONE;
}

static bool is_wanted(const struct term_languages *l, text language)
{
    for (size_t i = 0; i < l->count; i++) {
        if (text_eq(l->items[i].tag, T("*")) || language.n == 0 ||
            term_language_fits(l->items[i].tag, language)) {
            return true;
        }
    }
    return l->count == 0;
}

struct displays {
    struct term_designation *list;
    size_t count;
    text first; /* of those that are wanted */
    size_t wanted;
    enum fit fit, fit_of_default;
};

static void compare_all(struct validate_call *v, const struct validate_coding *c,
                        struct displays *d)
{
    struct arena *a = v->term->arena;
    text own = codes_about(c->codes)->language;
    for (size_t i = 0; i < d->count; i++) {
        text language = d->list[i].language.n ? d->list[i].language : own;
        enum fit fit = compare(c->display, d->list[i].value, a);
        bool is_default = d->list[i].is_display || text_eq_nocase(language, own);
        if (is_wanted(&v->term->languages, language)) {
            d->fit = fit > d->fit ? fit : d->fit;
            d->first = d->wanted++ ? d->first : d->list[i].value;
        }
        if (is_default && fit > d->fit_of_default) {
            d->fit_of_default = fit;
        }
    }
}

static void wrong_display(struct validate_call *v, const struct validate_coding *c,
                          const struct displays *d)
{
    struct arena *a = v->term->arena;
    text echo = v->term->languages.echo;
    text language = echo.n ? echo : codes_about(c->codes)->language;
    const char *id = d->fit == FIT_SPACE ? "Display_Name_WS_for__should_be_one_of__instead_of"
                                         : "Display_Name_for__should_be_one_of__instead_of";
    const char *severity = v->lenient ? "warning" : "error";
    text words;
    if (d->wanted == 0 && d->fit_of_default == FIT_SAME) {
        severity = "information";
        id = "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_OK";
        words = arena_printf(a,
                             "There are no valid display names found for the code %.*s#%.*s for "
                             "language(s) '%.*s'. The display is '%.*s' which is a valid display "
                             "for the default language",
                             TEXT_ARG(c->system), TEXT_ARG(c->code), TEXT_ARG(echo),
                             TEXT_ARG(c->display));
    } else if (d->wanted == 0) {
        id = "NO_VALID_DISPLAY_FOUND_NONE_FOR_LANG_ERR";
        words = arena_printf(a,
                             "Wrong Display Name '%.*s' for %.*s#%.*s. There are no valid display "
                             "names found for language(s) '%.*s'. Default display is '%.*s'",
                             TEXT_ARG(c->display), TEXT_ARG(c->system), TEXT_ARG(c->code),
                             TEXT_ARG(echo), TEXT_ARG(codes_display(c->codes, c->concept)));
    } else {
        words = arena_printf(
            a,
            "Wrong %s '%.*s' for %.*s#%.*s. Valid display is '%.*s' (for the language(s) '%.*s')",
            d->fit == FIT_SPACE ? "whitespace in display" : "Display Name", TEXT_ARG(c->display),
            TEXT_ARG(c->system), TEXT_ARG(c->code), TEXT_ARG(d->first),
            TEXT_ARG(language.n ? language : T("--")));
    }
    validate_add(v, (struct validate_issue){severity, "invalid", "invalid-display", id,
                                            validate_place(v, c, PLACE_DISPLAY), words, false});
}

int validate_display(struct validate_call *v, struct validate_coding *c, struct err *e)
{
    struct displays d = {0};
    struct term_concept concept = {c->codes, c->concept, c->found.entry};
    if (c->display.n == 0) {
        return 0;
    }
    d.count = term_designations(&concept, v->term->arena, &d.list, e);
    if (d.count == SIZE_MAX) {
        return ERR_MEMORY;
    }
    if (d.count) {
        compare_all(v, c, &d);
        if (d.fit != FIT_SAME) {
            wrong_display(v, c, &d);
        }
    }
    return 0;
}

/* --- states ----------------------------------------------------------------------------------- */

static void add_state(struct validate_call *v, const char *state, const char *id, const char *type,
                      text canonical)
{
    struct arena *a = v->term->arena;
    text words = arena_printf(a, "Reference to %s %s %.*s", state, type, TEXT_ARG(canonical));
    for (size_t i = 0; i < v->issue_count; i++) {
        if (text_eq(v->issues[i].words, words)) {
            return;
        }
    }
    validate_add(v, (struct validate_issue){
                        "information", "business-rule", "status-check", id, {0}, words, true});
}

static void state_of(struct validate_call *v, const char *type, text canonical, text standards,
                     bool experimental, text status)
{
    const yyjson_val *root = v->set->root;
    if (text_eq(standards, T("withdrawn"))) {
        add_state(v, "withdrawn", "MSG_WITHDRAWN", type, canonical);
    } else if (text_eq(standards, T("deprecated"))) {
        add_state(v, "deprecated", "MSG_DEPRECATED", type, canonical);
    } else if (experimental && !term_is_true(json_get(root, T("experimental")))) {
        add_state(v, "experimental", "MSG_EXPERIMENTAL", type, canonical);
    } else if (text_eq(status, T("draft")) &&
               !text_eq(json_text(json_get(root, T("status"))), status)) {
        add_state(v, "draft", "MSG_DRAFT", type, canonical);
    }
}

/* As deep as value sets import each other, which the compiler limits. */
static void state_of_set(struct validate_call *v, const struct value_set *s)
{
    state_of(v, "ValueSet", term_canonical(v->term, s->url, s->version),
             term_standards_status(s->root), term_is_true(json_get(s->root, T("experimental"))),
             json_text(json_get(s->root, T("status"))));
    for (size_t i = 0; i < s->include_count && v->issue_count < VALIDATE_ISSUES_MOST; i++) {
        const struct value_set_part *p = &s->includes[i];
        for (size_t j = 0; j < p->import_count; j++) {
            if (p->imports[j]) {
                state_of_set(v, p->imports[j]);
            }
        }
    }
}

void validate_states(struct validate_call *v)
{
    state_of_set(v, v->set);
    for (size_t i = 0; i < v->count; i++) {
        const struct validate_coding *c = &v->codings[i];
        if (c->codes && c->in == VALUE_SET_YES) {
            const struct codes_about *about = codes_about(c->codes);
            state_of(v, "CodeSystem", term_canonical(v->term, about->url, about->version),
                     about->standards_status, about->experimental, about->status);
        }
    }
}

/* --- the reply -------------------------------------------------------------------------------- */

static void write_issue(struct buf *out, const struct validate_issue *i)
{
    buf_printf(out,
               "%s{\"extension\":[{\"url\":\"" DEFS_BASE "operationoutcome-message-id\","
               "\"valueString\":\"%s\"}],\"severity\":\"%s\",\"code\":\"%s\",\"details\":{"
               "\"coding\":[{\"system\":\"http://hl7.org/fhir/tools/CodeSystem/tx-issue-type\","
               "\"code\":\"%s\"}],\"text\":",
               out->p[out->n - 1] == '[' ? "" : ",", i->id, i->severity, i->code, i->kind);
    json_write_string(i->words, out);
    buf_addc(out, '}');
    if (i->place.n) {
        /* Clients of such services look at `location`, which R4 still has, too. */
        buf_add(out, T(",\"location\":["));
        json_write_string(i->place, out);
        buf_add(out, T("],\"expression\":["));
        json_write_string(i->place, out);
        buf_addc(out, ']');
    }
    buf_addc(out, '}');
}

static void write_issues(const struct validate_call *v, struct buf *out)
{
    if (v->issue_count == 0) {
        return;
    }
    buf_add(out, T(",{\"name\":\"issues\",\"resource\":{\"resourceType\":\"OperationOutcome\","
                   "\"issue\":["));
    for (size_t i = 0; i < v->issue_count && !buf_failed(out); i++) {
        write_issue(out, &v->issues[i]);
    }
    buf_add(out, T("]}}"));
}

/* The words of all that matters, in the order of their letters. */
static void write_message(const struct validate_call *v, struct buf *out)
{
    struct buf words;
    text before = {0};
    buf_init(&words, 1024 * 1024);
    for (;;) {
        const struct validate_issue *next = NULL;
        for (size_t i = 0; i < v->issue_count; i++) {
            const struct validate_issue *one = &v->issues[i];
            if (!one->quiet && (!before.p || text_cmp(one->words, before) > 0) &&
                (!next || text_cmp(one->words, next->words) < 0)) {
                next = one;
            }
        }
        if (!next) {
            break;
        }
        before = next->words;
        buf_add(&words, words.n ? T("; ") : T(""));
        buf_add(&words, before);
    }
    if (!buf_failed(&words)) {
        term_out(out, "message", "String", buf_text(&words));
    }
    buf_done(&words);
}

/* Which coding the reply tells of: of several the first that is in the value set. */
static const struct validate_coding *told(const struct validate_call *v)
{
    if (v->form != FORM_CONCEPT) {
        return &v->codings[0];
    }
    for (size_t i = 0; i < v->count; i++) {
        if (v->codings[i].in == VALUE_SET_YES && v->codings[i].system.n) {
            return &v->codings[i];
        }
    }
    return NULL;
}

static void write_coding(const struct validate_call *v, const struct validate_coding *c,
                         struct buf *out)
{
    struct term_concept concept = {c->codes, c->concept, c->found.entry};
    bool known = c->codes && c->concept != CODES_NONE;
    bool inactive = known && (codes_flags(c->codes, c->concept) & CODES_INACTIVE);
    text status = inactive ? codes_status(c->codes, c->concept) : (text){0};
    term_out(out, "code", "Code", c->code);
    term_out(out, "system", "Uri", c->system);
    if (c->codes) {
        term_out(out, "version", "String", codes_about(c->codes)->version);
    }
    if (!known) {
        return;
    }
    text display = term_display(v->term, &concept);
    term_out(out, "display", "String", display.n ? display : codes_display(c->codes, c->concept));
    if (inactive) {
        term_out_bool(out, "inactive", true);
        term_out(out, "status", "Code", status);
    }
}

void validate_write(const struct validate_call *v, struct buf *out)
{
    const struct validate_coding *c = told(v);
    buf_add(out, T("{\"resourceType\":\"Parameters\",\"parameter\":["));
    term_out_bool(out, "result", !validate_has_errors(v));
    if (c) {
        write_coding(v, c, out);
    }
    if (v->concept) {
        buf_add(out, T(",{\"name\":\"codeableConcept\",\"valueCodeableConcept\":"));
        json_write(v->concept, out);
        buf_addc(out, '}');
    }
    term_out(out, v->unknown_is_cause ? "x-caused-by-unknown-system" : "x-unknown-system",
             "Canonical", v->unknown_system);
    write_message(v, out);
    write_issues(v, out);
    buf_add(out, T("]}"));
}
