#include "fhir/term_expand.h"

/* What an expansion says of each code, and of itself. */

enum { NESTED_MOST = 48, IMPORTS_MOST = 1000, LOOK_EVERY = 64 };

#define PROPERTY                                                                         \
    "{\"url\":\"http://hl7.org/fhir/5.0/StructureDefinition/"                            \
    "extension-ValueSet.expansion.contains.property\",\"extension\":[{\"url\":\"code\"," \
    "\"valueCode\":"

/* --- parameters ------------------------------------------------------------------------------- */

struct listing {
    struct expand *x;
    text *done; /* what was said already */
    size_t count;
    size_t capacity;
    unsigned imports;
};

static void say(struct listing *l, const char *name, text canonical)
{
    struct arena *a = l->x->term->arena;
    text key = arena_printf(a, "%s %.*s", name, TEXT_ARG(canonical));
    for (size_t i = 0; i < l->count; i++) {
        if (text_eq(l->done[i], key)) {
            return;
        }
    }
    text *done = arena_grow(a, l->done, l->count, &l->capacity, sizeof *done);
    if (done && key.p) {
        l->done = done;
        done[l->count++] = key;
        term_out(l->x->out, name, "Uri", canonical);
    }
}

/* What to be careful with: definitions that are withdrawn, deprecated, experimental or drafts,
 * where the value set that was asked for is not as much itself. */
static void say_state(struct listing *l, text canonical, text standards, bool experimental,
                      text status)
{
    const yyjson_val *root = l->x->set->root;
    bool set_is_experimental = term_is_true(json_get(root, T("experimental")));
    text set_status = json_text(json_get(root, T("status")));
    if (text_eq(standards, T("withdrawn"))) {
        say(l, "warning-withdrawn", canonical);
    } else if (text_eq(standards, T("deprecated"))) {
        say(l, "warning-deprecated", canonical);
    } else if (text_eq(status, T("retired")) && !text_eq(set_status, status)) {
        say(l, "warning-retired", canonical);
    } else if (experimental && !set_is_experimental) {
        say(l, "warning-experimental", canonical);
    } else if (text_eq(status, T("draft")) && !text_eq(set_status, status)) {
        say(l, "warning-draft", canonical);
    }
}

static void say_codes(struct listing *l, const struct codes *codes)
{
    const struct codes_about *about = codes_about(codes);
    text canonical = term_canonical(l->x->term, about->url, about->version);
    say(l, "used-codesystem", canonical);
    say_state(l, canonical, about->standards_status, about->experimental, about->status);
}

static void say_set(struct listing *l, const struct value_set *set, bool is_imported);

/* As deep as value sets import each other, which the compiler limits. */
static void say_parts(struct listing *l, const struct value_set_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (parts[i].codes) {
            say_codes(l, parts[i].codes);
        }
        for (size_t j = 0; j < parts[i].import_count && l->imports < IMPORTS_MOST; j++) {
            l->imports++;
            if (parts[i].imports[j]) {
                say_set(l, parts[i].imports[j], true);
            }
        }
    }
}

static void say_set(struct listing *l, const struct value_set *set, bool is_imported)
{
    text canonical = term_canonical(l->x->term, set->url, set->version);
    if (is_imported && !set->is_contained) {
        say(l, "used-valueset", canonical);
    }
    if (canonical.n) {
        say_state(l, canonical, term_standards_status(set->root),
                  term_is_true(json_get(set->root, T("experimental"))),
                  json_text(json_get(set->root, T("status"))));
    }
    say_parts(l, set->includes, set->include_count);
    say_parts(l, set->excludes, set->exclude_count);
}

static const char *type_of(text name)
{
    static const struct {
        const char *name;
        const char *type;
    } types[] = {
        {"activeOnly", "Boolean"},
        {"excludeNested", "Boolean"},
        {"excludeNotForUI", "Boolean"},
        {"excludePostCoordinated", "Boolean"},
        {"includeDesignations", "Boolean"},
        {"includeDefinition", "Boolean"},
        {"limitedExpansion", "Boolean"},
        {"count", "Integer"},
        {"offset", "Integer"},
        {"filter", "String"},
        {"designation", "String"},
        {"property", "String"},
        {"date", "DateTime"},
        {"exclude-system", "Uri"},
        {"system-version", "Uri"},
        {"check-system-version", "Uri"},
        {"force-system-version", "Uri"},
        {"default-valueset-version", "Uri"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (text_eq(name, text_of(types[i].name))) {
            return types[i].type;
        }
    }
    return NULL;
}

static void echo(struct expand *x, const struct term_parameter *p)
{
    const char *type = type_of(p->name);
    struct buf *out = x->out;
    if (!type || p->value.n == 0) {
        return;
    }
    uint64_t number = 0;
    buf_add(out, out->p[out->n - 1] == '[' ? T("{\"name\":") : T(",{\"name\":"));
    json_write_string(p->name, out);
    buf_printf(out, ",\"value%s\":", type);
    /* As it was understood: 007 is a number here, but none in JSON. */
    if (strcmp(type, "Boolean") == 0) {
        buf_add(out, text_eq(p->value, T("true")) ? T("true") : T("false"));
    } else if (strcmp(type, "Integer") == 0 && text_to_u64(p->value, &number)) {
        buf_printf(out, "%llu", (unsigned long long)number);
    } else {
        json_write_string(p->value, out);
    }
    buf_addc(out, '}');
}

void expand_parameters(struct expand *x)
{
    struct listing l = {.x = x};
    struct buf *out = x->out;
    buf_add(out, T(",\"parameter\":["));
    term_out(out, "displayLanguage", "Code", x->term->languages.echo);
    for (size_t i = 0; i < x->term->ask->count && !buf_failed(out); i++) {
        echo(x, &x->term->ask->parameters[i]);
    }
    say_set(&l, x->set, false);
    if (buf_failed(out)) {
        return;
    }
    if (out->p[out->n - 1] == '[') {
        out->n -= sizeof ",\"parameter\":[" - 1;
    } else {
        buf_addc(out, ']');
    }
}

/* --- one code --------------------------------------------------------------------------------- */

/* designation: system|code of a use, or urn:ietf:bcp:47|language. */
static bool is_wanted(const struct term *t, const struct term_designation *d)
{
    bool any = false;
    for (size_t i = 0; i < t->ask->count; i++) {
        const struct term_parameter *p = &t->ask->parameters[i];
        if (!text_eq(p->name, T("designation"))) {
            continue;
        }
        size_t bar = text_find(p->value, '|');
        text system = text_first(p->value, bar);
        text code = text_from(p->value, bar + 1);
        any = true;
        if (text_eq(system, T("urn:ietf:bcp:47"))
                ? text_eq_nocase(code, d->language)
                : text_eq(system, d->use_system) && text_eq(code, d->use_code)) {
            return true;
        }
    }
    return !any;
}

static void write_use(struct buf *out, const struct term_designation *d)
{
    if (d->is_display) {
        buf_add(out, T(",\"use\":{\"system\":"
                       "\"http://terminology.hl7.org/CodeSystem/hl7TermMaintInfra\","
                       "\"code\":\"preferredForLanguage\"}"));
    } else if (d->use_code.n || d->use_system.n) {
        buf_add(out, d->language.n ? T(",\"use\":{") : T("\"use\":{"));
        term_member(out, "system", d->use_system);
        term_member(out, "code", d->use_code);
        term_member(out, "display", d->use_display);
        buf_addc(out, '}');
    }
}

static void write_designations(struct expand *x, const struct term_designation *list, size_t count,
                               size_t chosen)
{
    struct buf *out = x->out;
    bool any = false;
    for (size_t i = 0; i < count; i++) {
        const struct term_designation *d = &list[i];
        if (i == chosen || (d->is_display && d->language.n == 0) || !is_wanted(x->term, d)) {
            continue;
        }
        buf_add(out, any ? T(",{") : T(",\"designation\":[{"));
        any = true;
        term_member(out, "language", d->language);
        write_use(out, d);
        term_member(out, "value", d->value);
        buf_addc(out, '}');
    }
    if (any) {
        buf_addc(out, ']');
    }
}

static const char *property_type(enum codes_kind kind)
{
    static const char *const types[] = {
        [CODES_CODE] = "Code",       [CODES_CODING] = "Coding",   [CODES_STRING] = "String",
        [CODES_INTEGER] = "Integer", [CODES_BOOLEAN] = "Boolean", [CODES_DATE_TIME] = "DateTime",
        [CODES_DECIMAL] = "Decimal"};
    return types[kind];
}

static void write_property(struct buf *out, const struct codes_property *p)
{
    bool bare = p->kind == CODES_INTEGER || p->kind == CODES_BOOLEAN || p->kind == CODES_DECIMAL;
    buf_add(out, T(PROPERTY));
    json_write_string(p->code, out);
    buf_printf(out, "},{\"url\":\"value\",\"value%s\":", property_type(p->kind));
    if (p->kind == CODES_CODING) {
        buf_addc(out, '{');
        term_member(out, "system", p->system);
        term_member(out, "code", p->value);
        term_member(out, "display", p->display);
        buf_addc(out, '}');
    } else if (bare) {
        buf_add(out, p->value);
    } else {
        json_write_string(p->value, out);
    }
    buf_add(out, T("}]}"));
}

static bool is_asked(const struct term *t, text property)
{
    for (size_t i = 0; i < t->ask->count; i++) {
        if (text_eq(t->ask->parameters[i].name, T("property")) &&
            (text_eq(t->ask->parameters[i].value, property) ||
             text_eq(t->ask->parameters[i].value, T("*")))) {
            return true;
        }
    }
    return false;
}

/* The marks that a list puts on its concepts. */
static void write_marks(struct buf *out, const struct value_set_entry *entry, const char **before)
{
    const yyjson_val *list = entry ? json_get(entry->value, T("extension")) : NULL;
    const yyjson_val *item = list ? list + 1 : NULL;
    for (size_t left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0; left;
         left--, item = json_after(item)) {
        text url = json_text(json_get(item, T("url")));
        if (text_eq(url, T(DEFS_BASE "valueset-deprecated")) ||
            text_eq(url, T(DEFS_BASE "structuredefinition-standards-status")) ||
            text_eq(url, T(DEFS_BASE "itemWeight")) ||
            text_eq(url, T(DEFS_BASE "valueset-conceptOrder"))) {
            buf_add(out, text_of(*before));
            json_write(item, out);
            *before = ",";
        }
    }
}

static void write_extensions(struct expand *x, const struct value_set_member *m, unsigned flags)
{
    const char *before = "\"extension\":[";
    const struct codes *codes = m->found.concept == CODES_NONE ? NULL : m->found.codes;
    struct buf *out = x->out;
    write_marks(out, m->found.entry, &before);
    bool told = false;
    for (size_t i = 0; codes && i < codes_property_count(codes, m->found.concept); i++) {
        struct codes_property p = codes_property(codes, m->found.concept, i);
        bool status = text_eq(p.code, T("status"));
        if (is_asked(x->term, p.code) || (status && flags & CODES_INACTIVE)) {
            buf_add(out, text_of(before));
            before = ",";
            write_property(out, &p);
            told |= status;
        }
    }
    if (codes && (flags & CODES_INACTIVE) && !told) {
        text said = codes_status(codes, m->found.concept);
        struct codes_property p = {
            .code = T("status"), .kind = CODES_CODE, .value = said.n ? said : T("inactive")};
        buf_add(out, text_of(before));
        before = ",";
        write_property(out, &p);
    }
    if (*before == ',') {
        buf_addc(out, ']');
    }
}

/* The object is left open, for what is nested in it. */
static int write_code(struct expand *x, const struct value_set_member *m, struct err *e)
{
    struct buf *out = x->out;
    struct term_designation *list;
    struct term_concept c = {m->found.codes, m->found.concept, m->found.entry};
    bool known = c.codes && c.concept != CODES_NONE;
    unsigned flags = known ? codes_flags(c.codes, c.concept) : 0;
    struct arena_mark mark = arena_mark(x->term->arena);
    size_t chosen;
    /* A code may have many terms, and each is compared with each that is asked for. */
    int rc = x->written++ % LOOK_EVERY ? 0 : expand_in_time(x, e);
    size_t count = rc ? 0 : term_designations(&c, x->term->arena, &list, e);
    if (rc || count == SIZE_MAX) {
        return rc ? rc : ERR_MEMORY;
    }
    buf_addc(out, '{');
    write_extensions(x, m, flags);
    term_member(out, "system", m->system);
    buf_add(out, flags & CODES_ABSTRACT ? T(",\"abstract\":true") : T(""));
    buf_add(out, flags & CODES_INACTIVE ? T(",\"inactive\":true") : T(""));
    term_member(out, "code", m->code);
    term_member(out, "display", term_choose(&x->term->languages, list, count, &chosen));
    if (x->ask.designations) {
        write_designations(x, list, count, chosen);
    }
    arena_rewind(x->term->arena, mark);
    return 0;
}

/* --- nesting ---------------------------------------------------------------------------------- */

struct frame {
    const uint32_t *children;
    size_t left;
    bool open; /* its "contains" */
};

struct nest {
    struct expand *x;
    const struct codes *codes;
    uint32_t *place; /* of a concept: its place in the page + 1; 0: not in it, or written */
    struct frame frames[NESTED_MOST];
};

/* Whether the expansion is of one system's tree, whole, so that it can be shown as one. */
static const struct value_set_part *tree_of(const struct expand *x)
{
    const struct value_set *s = x->set;
    const struct value_set_part *p = s->includes;
    bool part = x->ask.has_count || x->ask.has_offset || x->ask.filter.n;
    return !x->ask.exclude_nested && !part && s->include_count == 1 && s->exclude_count == 0 &&
                   p->hierarchic && p->codes
               ? p
               : NULL;
}

static bool has_parent_here(const struct nest *n, uint32_t concept)
{
    size_t count;
    const uint32_t *parents = codes_parents(n->codes, concept, &count);
    for (size_t i = 0; i < count; i++) {
        if (n->place[parents[i]]) {
            return true;
        }
    }
    return false;
}

static int open_code(struct nest *n, uint32_t concept, struct frame *frame, struct err *e)
{
    size_t count;
    const struct value_set_member *m = &n->x->page[n->place[concept] - 1];
    n->place[concept] = 0;
    *frame = (struct frame){.children = codes_children(n->codes, concept, &count)};
    frame->left = count;
    return write_code(n->x, m, e);
}

static int write_tree(struct nest *n, uint32_t top, struct err *e)
{
    struct buf *out = n->x->out;
    size_t depth = 1;
    int rc = open_code(n, top, &n->frames[0], e);
    while (!rc && depth) {
        struct frame *f = &n->frames[depth - 1];
        if (f->left == 0 || depth == NESTED_MOST) {
            buf_add(out, f->open ? T("]}") : T("}"));
            depth--;
            continue;
        }
        uint32_t child = *f->children++;
        f->left--;
        if (n->place[child]) {
            buf_add(out, f->open ? T(",") : T(",\"contains\":["));
            f->open = true;
            rc = open_code(n, child, &n->frames[depth++], e);
        }
    }
    return rc;
}

/* First what has nothing above it here, then what was too deep to be reached. */
static int write_nested(struct expand *x, const struct value_set_part *p, struct err *e)
{
    struct nest n = {.x = x, .codes = p->codes};
    bool any = false;
    int rc = 0;
    n.place =
        arena_zalloc(x->term->arena, (size_t)codes_about(p->codes)->count + 1, sizeof *n.place);
    uint32_t *tops = arena_zalloc(x->term->arena, x->page_count + 1, sizeof *tops);
    size_t top_count = 0;
    if (!n.place || !tops) {
        return term_no_memory(e);
    }
    for (size_t i = 0; i < x->page_count; i++) {
        n.place[x->page[i].found.concept] = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < x->page_count; i++) {
        if (!has_parent_here(&n, x->page[i].found.concept)) {
            tops[top_count++] = x->page[i].found.concept;
        }
    }
    for (size_t i = 0; !rc && i < top_count + x->page_count; i++) {
        uint32_t concept = i < top_count ? tops[i] : x->page[i - top_count].found.concept;
        if (n.place[concept]) {
            buf_add(x->out, any ? T(",") : T(""));
            any = true;
            rc = write_tree(&n, concept, e);
        }
    }
    return rc;
}

int expand_contains(struct expand *x, struct err *e)
{
    const struct value_set_part *tree = tree_of(x);
    int rc = 0;
    buf_add(x->out, T(",\"contains\":["));
    if (tree) {
        rc = write_nested(x, tree, e);
    }
    for (size_t i = 0; !tree && !rc && i < x->page_count; i++) {
        buf_add(x->out, i ? T(",") : T(""));
        rc = write_code(x, &x->page[i], e);
        buf_addc(x->out, '}');
    }
    buf_addc(x->out, ']');
    return rc;
}
