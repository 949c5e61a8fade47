#include "fhir/term_int.h"

/* $lookup and $subsumes (R4 codesystem-operations.html). */

/* --- which concept ---------------------------------------------------------------------------- */

struct asked {
    text system, version, code;
    const struct codes *codes;
    uint32_t concept;
};

static int unknown_code(const struct asked *q, struct err *e)
{
    const struct codes_about *about = codes_about(q->codes);
    return err_set(e, ERR_NOT_FOUND, "Unknown code '%.*s' in the CodeSystem '%.*s'%s%.*s%s",
                   TEXT_ARG(text_short(q->code, 200)), TEXT_ARG(text_short(about->url, 200)),
                   about->version.n ? " version '" : "", TEXT_ARG(text_short(about->version, 60)),
                   about->version.n ? "'" : "");
}

static int find(const struct term *t, struct asked *q, struct err *e)
{
    if (q->code.n == 0 || q->system.n == 0) {
        return err_set(e, ERR_REQUIRED,
                       "a code and its system are needed: as 'code' and 'system', or as a Coding");
    }
    int rc = term_system_uri(t, &q->system, e);
    rc = rc ? rc : term_codes(t, q->system, q->version, &q->codes, e);
    if (rc) {
        return rc;
    }
    q->concept = codes_find(q->codes, q->code);
    return q->concept == CODES_NONE ? unknown_code(q, e) : 0;
}

static struct asked from_coding(const yyjson_val *coding)
{
    return (struct asked){.system = json_text(json_get(coding, T("system"))),
                          .version = json_text(json_get(coding, T("version"))),
                          .code = json_text(json_get(coding, T("code")))};
}

/* The system of /CodeSystem/[id]/$lookup. */
static text system_of(const struct term *t)
{
    text system = term_text(t, T("system"));
    return system.n || !t->ask->instance ? system : json_text(json_get(t->ask->instance, T("url")));
}

/* --- $lookup ---------------------------------------------------------------------------------- */

static const char lookup_known[] = "code\0system\0version\0coding\0date\0displayLanguage\0property"
                                   "\0useSupplement\0system-version\0"
                                   "check-system-version\0force-system-version\0";

static bool is_asked(const struct term *t, text property)
{
    bool any = false;
    for (size_t i = 0; i < t->ask->count; i++) {
        const struct term_parameter *p = &t->ask->parameters[i];
        if (!text_eq(p->name, T("property"))) {
            continue;
        }
        any = true;
        if (text_eq(p->value, property) || text_eq(p->value, T("*"))) {
            return true;
        }
    }
    return !any;
}

static void open_property(struct buf *out, text code)
{
    buf_add(out, T(",{\"name\":\"property\",\"part\":["));
    term_out(out, "code", "Code", code);
}

/* parent and child, with the display of what they lead to. */
static void write_relatives(const struct term *t, const struct asked *q, text code,
                            const uint32_t *list, size_t count, struct buf *out)
{
    for (size_t i = 0; is_asked(t, code) && i < count && !buf_failed(out); i++) {
        struct term_concept other = {q->codes, list[i], NULL};
        open_property(out, code);
        term_out(out, "value", "Code", codes_code(q->codes, list[i]));
        term_out(out, "description", "String", term_display(t, &other));
        buf_add(out, T("]}"));
    }
}

static void write_value(const struct codes_property *p, struct buf *out)
{
    static const char *const types[] = {
        [CODES_CODE] = "Code",       [CODES_CODING] = "Coding",   [CODES_STRING] = "String",
        [CODES_INTEGER] = "Integer", [CODES_BOOLEAN] = "Boolean", [CODES_DATE_TIME] = "DateTime",
        [CODES_DECIMAL] = "Decimal"};
    buf_printf(out, ",{\"name\":\"value\",\"value%s\":", types[p->kind]);
    if (p->kind == CODES_CODING) {
        buf_addc(out, '{');
        term_member(out, "system", p->system);
        term_member(out, "code", p->value);
        term_member(out, "display", p->display);
        buf_addc(out, '}');
    } else if (p->kind == CODES_INTEGER || p->kind == CODES_BOOLEAN || p->kind == CODES_DECIMAL) {
        buf_add(out, p->value);
    } else {
        json_write_string(p->value, out);
    }
    buf_addc(out, '}');
}

static void write_properties(const struct term *t, const struct asked *q, struct buf *out)
{
    size_t count;
    const uint32_t *list = codes_parents(q->codes, q->concept, &count);
    write_relatives(t, q, T("parent"), list, count, out);
    list = codes_children(q->codes, q->concept, &count);
    write_relatives(t, q, T("child"), list, count, out);
    if (is_asked(t, T("inactive"))) {
        open_property(out, T("inactive"));
        term_out_bool(out, "value", codes_flags(q->codes, q->concept) & CODES_INACTIVE);
        buf_add(out, T("]}"));
    }
    count = codes_property_count(q->codes, q->concept);
    for (size_t i = 0; i < count && !buf_failed(out); i++) {
        struct codes_property p = codes_property(q->codes, q->concept, i);
        bool said = text_eq(p.code, T("parent")) || text_eq(p.code, T("child")) ||
                    text_eq(p.code, T("inactive"));
        if (said || !is_asked(t, p.code)) {
            continue;
        }
        open_property(out, p.code);
        write_value(&p, out);
        if (p.kind == CODES_CODE && p.concept != CODES_NONE) {
            struct term_concept other = {q->codes, p.concept, NULL};
            term_out(out, "description", "String", term_display(t, &other));
        }
        buf_add(out, T("]}"));
    }
}

static void write_designation(const struct term_designation *d, struct buf *out)
{
    if (d->is_display && d->language.n == 0) {
        return;
    }
    buf_add(out, T(",{\"name\":\"designation\",\"part\":["));
    term_out(out, "language", "Code", d->language);
    if (d->is_display) {
        buf_add(out, T(",{\"name\":\"use\",\"valueCoding\":{\"system\":"
                       "\"http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra\",\"code\":"
                       "\"preferredForLanguage\",\"display\":\"Preferred For Language\"}}"));
    } else if (d->use_code.n) {
        buf_add(out, out->p[out->n - 1] == '[' ? T("{\"name\":\"use\",\"valueCoding\":{")
                                               : T(",{\"name\":\"use\",\"valueCoding\":{"));
        term_member(out, "system", d->use_system);
        term_member(out, "code", d->use_code);
        term_member(out, "display", d->use_display);
        buf_add(out, T("}}"));
    }
    term_out(out, "value", "String", d->value);
    buf_add(out, T("]}"));
}

static int write_lookup(const struct term *t, const struct asked *q, struct buf *out, struct err *e)
{
    const struct codes_about *about = codes_about(q->codes);
    struct term_concept concept = {q->codes, q->concept, NULL};
    struct term_designation *list;
    size_t count = term_designations(&concept, t->arena, &list, e);
    if (count == SIZE_MAX) {
        return ERR_MEMORY;
    }
    text display = term_display(t, &concept);
    buf_add(out, T("{\"resourceType\":\"Parameters\",\"parameter\":["));
    term_out(out, "name", "String", about->name.n ? about->name : about->url);
    term_out(out, "version", "String", about->version);
    term_out(out, "display", "String",
             display.n                               ? display
             : codes_display(q->codes, q->concept).n ? codes_display(q->codes, q->concept)
                                                     : codes_code(q->codes, q->concept));
    term_out(out, "code", "Code", codes_code(q->codes, q->concept));
    term_out(out, "system", "Uri", about->url);
    term_out(out, "definition", "String", codes_definition(q->codes, q->concept));
    term_out_bool(out, "abstract", codes_flags(q->codes, q->concept) & CODES_ABSTRACT);
    for (size_t i = 0; i < count && is_asked(t, T("designation")); i++) {
        write_designation(&list[i], out);
    }
    write_properties(t, q, out);
    buf_add(out, T("]}"));
    return buf_failed(out) ? term_no_memory(e) : 0;
}

int term_lookup(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                struct err *e)
{
    struct term t;
    int rc = term_begin(&t, d, ask, lookup_known, a, e);
    if (rc) {
        return rc;
    }
    const yyjson_val *coding = term_tree(&t, T("coding"));
    struct asked q = coding ? from_coding(coding)
                            : (struct asked){.system = system_of(&t),
                                             .version = term_text(&t, T("version")),
                                             .code = term_text(&t, T("code"))};
    rc = term_take_languages(&t, NULL, e);
    rc = rc ? rc : find(&t, &q, e);
    rc = rc ? rc : write_lookup(&t, &q, out, e);
    term_end(&t);
    return rc;
}

/* --- $subsumes -------------------------------------------------------------------------------- */

static const char subsumes_known[] =
    "codeA\0codeB\0system\0version\0codingA\0codingB\0system-version\0check-system-version\0"
    "force-system-version\0";

static int find_one(struct term *t, const char *code, const char *coding, struct asked *q,
                    struct err *e)
{
    const yyjson_val *tree = term_tree(t, text_of(coding));
    *q = tree ? from_coding(tree)
              : (struct asked){.system = system_of(t),
                               .version = term_text(t, T("version")),
                               .code = term_text(t, text_of(code))};
    return find(t, q, e);
}

static int subsumes(struct term *t, struct buf *out, struct err *e)
{
    struct asked a;
    struct asked b;
    int rc = find_one(t, "codeA", "codingA", &a, e);
    rc = rc ? rc : find_one(t, "codeB", "codingB", &b, e);
    if (rc) {
        return rc;
    }
    if (!text_eq(a.system, b.system) || a.codes != b.codes) {
        return err_set(e, ERR_INVALID,
                       "the two codes are of different code systems (or versions); only codes of "
                       "one system can be above or below each other");
    }
    const char *outcome = a.concept == b.concept                          ? "equivalent"
                          : codes_is_below(a.codes, b.concept, a.concept) ? "subsumes"
                          : codes_is_below(a.codes, a.concept, b.concept) ? "subsumed-by"
                                                                          : "not-subsumed";
    buf_add(out, T("{\"resourceType\":\"Parameters\",\"parameter\":["));
    term_out(out, "outcome", "Code", text_of(outcome));
    buf_add(out, T("]}"));
    return buf_failed(out) ? term_no_memory(e) : 0;
}

int term_subsumes(struct defs *d, const struct term_ask *ask, struct arena *a, struct buf *out,
                  struct err *e)
{
    struct term t;
    int rc = term_begin(&t, d, ask, subsumes_known, a, e);
    if (!rc) {
        rc = subsumes(&t, out, e);
        term_end(&t);
    }
    return rc;
}
