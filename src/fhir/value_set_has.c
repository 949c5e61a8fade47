#include "fhir/ucum.h"
#include "fhir/value_set_int.h"

/* Whether a compiled value set has a code, and which codes it has. */

static bool version_fits(text wanted, text version)
{
    return wanted.n == 0 || version.n == 0 || text_eq(wanted, version);
}

static enum value_set_answer unit_has(const struct value_set_part *p, text code, struct arena *a)
{
    const struct ucum_unit *unit;
    struct err ignored = {0};
    return ucum_parse(code, a, &unit, &ignored) == 0 && text_eq(ucum_base(unit, a), p->units)
               ? VALUE_SET_YES
               : VALUE_SET_NO;
}

/* Of an include's own system, without its imports. */
static enum value_set_answer own_has(const struct value_set_part *p, text code, struct arena *a,
                                     struct value_set_found *f)
{
    uint32_t concept = p->codes ? codes_find(p->codes, code) : CODES_NONE;
    bool complete = p->codes && codes_about(p->codes)->content == CODES_COMPLETE;
    *f = (struct value_set_found){
        .part = p, .codes = p->codes, .concept = concept, .system = p->system};
    switch (p->kind) {
    case VALUE_SET_LIST:
        f->entry = value_set_entry(p, concept != CODES_NONE ? codes_code(p->codes, concept) : code);
        if (!f->entry && concept != CODES_NONE) {
            f->entry = value_set_entry(p, code);
        }
        /* A list may name what its system does not have: nobody can mean that. */
        return f->entry && (!complete || concept != CODES_NONE) ? VALUE_SET_YES : VALUE_SET_NO;
    case VALUE_SET_BITS:
        return concept != CODES_NONE && value_set_bit(p->bits, concept) ? VALUE_SET_YES
               : complete || concept != CODES_NONE                      ? VALUE_SET_NO
                                                                        : VALUE_SET_UNKNOWN;
    case VALUE_SET_UNITS:
        return unit_has(p, code, a);
    case VALUE_SET_WHOLE:
        break;
    case VALUE_SET_MISSING:
        return VALUE_SET_UNKNOWN;
    }
    if (p->codes) {
        return concept != CODES_NONE ? VALUE_SET_YES : complete ? VALUE_SET_NO : VALUE_SET_UNKNOWN;
    }
    enum codes_answer by_grammar = codes_by_grammar(p->system, code, a);
    return by_grammar == CODES_YES  ? VALUE_SET_YES
           : by_grammar == CODES_NO ? VALUE_SET_NO
                                    : VALUE_SET_UNKNOWN;
}

/* Imports of one include are met; the recursion is as deep as value sets import each other, which
 * the compiler limits. */
static enum value_set_answer imports_have(const struct value_set_part *p, text system, text version,
                                          text code, struct arena *a, struct value_set_found *f)
{
    enum value_set_answer all = VALUE_SET_YES;
    for (size_t i = 0; i < p->import_count; i++) {
        struct value_set_found one = {0};
        enum value_set_answer has =
            p->imports[i] ? value_set_find(p->imports[i], system, version, code, a, &one)
                          : VALUE_SET_UNKNOWN;
        if (has == VALUE_SET_NO) {
            return VALUE_SET_NO;
        }
        if (has == VALUE_SET_UNKNOWN) {
            all = VALUE_SET_UNKNOWN;
        } else if (!f->part) {
            *f = one;
            system = one.system;
        }
    }
    return all;
}

enum value_set_answer value_set_part_has(const struct value_set_part *p, text system, text version,
                                         text code, struct arena *a,
                                         struct value_set_found *ret_found)
{
    struct value_set_found f = {0};
    enum value_set_answer own = VALUE_SET_YES;
    if (p->system.n || p->from_expansion) {
        if ((system.p && !text_eq(system, p->system)) || !version_fits(p->version, version)) {
            return VALUE_SET_NO;
        }
        own = own_has(p, code, a, &f);
        system = p->system;
    }
    if (own == VALUE_SET_NO || p->import_count == 0) {
        *ret_found = f;
        own = f.part ? own : VALUE_SET_NO; /* an include of nothing */
        return own;
    }
    enum value_set_answer imported = imports_have(p, system, version, code, a, &f);
    *ret_found = f;
    return imported == VALUE_SET_YES ? own : imported;
}

/* Which of the two is said of the whole: a YES of one include is enough. */
static enum value_set_answer among(const struct value_set_part *parts, size_t count, text system,
                                   text version, text code, struct arena *a,
                                   struct value_set_found *ret_found)
{
    enum value_set_answer said = VALUE_SET_NO;
    for (size_t i = 0; i < count; i++) {
        struct value_set_found f;
        enum value_set_answer has = value_set_part_has(&parts[i], system, version, code, a, &f);
        if (has == VALUE_SET_YES) {
            *ret_found = f;
            return has;
        }
        said = has == VALUE_SET_UNKNOWN ? has : said;
    }
    return said;
}

static bool is_inactive(const struct value_set_found *f)
{
    return f->codes && f->concept != CODES_NONE &&
           (codes_flags(f->codes, f->concept) & CODES_INACTIVE);
}

enum value_set_answer value_set_find(const struct value_set *s, text system, text version,
                                     text code, struct arena *a, struct value_set_found *ret_found)
{
    struct value_set_found f = {0};
    struct value_set_found out = {0};
    enum value_set_answer in = among(s->includes, s->include_count, system, version, code, a, &f);
    if (in == VALUE_SET_NO || (in == VALUE_SET_YES && s->active_only && is_inactive(&f))) {
        return VALUE_SET_NO;
    }
    if (s->exclude_count) {
        text where = in == VALUE_SET_YES && f.system.n ? f.system : system;
        enum value_set_answer not=
            among(s->excludes, s->exclude_count, where, version, code, a, &out);
        if (not== VALUE_SET_YES) {
            return VALUE_SET_NO;
        }
        in = not == VALUE_SET_UNKNOWN ? not : in;
    }
    *ret_found = f;
    return in;
}

enum value_set_answer value_set_has(const struct value_set *s, text system, text version, text code,
                                    struct arena *a)
{
    struct value_set_found f;
    return value_set_find(s, system, version, code, a, &f);
}

/* --- all of them ------------------------------------------------------------------------------ */

struct walk {
    const struct value_set *set;
    const struct value_set_part *part; /* the include that is being listed */
    struct arena *arena;
    int (*visit)(void *context, const struct value_set_member *m, struct err *e);
    void *context;
    int64_t deadline;
    size_t work; /* since the last look at the clock */
};

enum { WORK_MOST = 4096 };

/* Whether an include before this one has had it, or an exclude takes it away. */
static bool is_new(const struct walk *w, const struct value_set_member *m)
{
    struct value_set_found f;
    const struct value_set *s = w->set;
    if (s->active_only && is_inactive(&m->found)) {
        return false;
    }
    for (const struct value_set_part *p = s->includes; p < w->part; p++) {
        if (value_set_part_has(p, m->system, m->version, m->code, w->arena, &f) == VALUE_SET_YES) {
            return false;
        }
    }
    return among(s->excludes, s->exclude_count, m->system, m->version, m->code, w->arena, &f) !=
           VALUE_SET_YES;
}

static int take(struct walk *w, const struct value_set_member *m, struct err *e)
{
    struct value_set_found f = {0};
    struct arena_mark mark = arena_mark(w->arena);
    w->work += 1 + (size_t)(w->part - w->set->includes) + w->set->exclude_count;
    if (w->work > WORK_MOST) {
        int rc = value_set_in_time(w->deadline, e);
        w->work = 0;
        if (rc) {
            return rc;
        }
    }
    bool wanted = is_new(w, m) && imports_have(w->part, m->system, m->version, m->code, w->arena,
                                               &f) == VALUE_SET_YES;
    if (mark.chunk) {
        arena_rewind(w->arena, mark);
    }
    return wanted ? w->visit(w->context, m, e) : 0;
}

static struct value_set_member member_of(const struct value_set_part *p, uint32_t concept)
{
    return (struct value_set_member){
        .system = p->system,
        .version = codes_about(p->codes)->version,
        .code = codes_code(p->codes, concept),
        .found = {.part = p, .codes = p->codes, .concept = concept, .system = p->system}};
}

static int each_entry(struct walk *w, struct err *e)
{
    const struct value_set_part *p = w->part;
    bool complete = p->codes && codes_about(p->codes)->content == CODES_COMPLETE;
    int rc = 0;
    for (size_t i = 0; !rc && i < p->entry_count; i++) {
        const struct value_set_entry *entry = &p->entries[i];
        uint32_t concept = p->codes ? codes_find(p->codes, entry->code) : CODES_NONE;
        if ((complete && concept == CODES_NONE) || value_set_entry(p, entry->code) != entry) {
            continue;
        }
        struct value_set_member m = {.system = p->system,
                                     .version = entry->version.n ? entry->version : p->version,
                                     .code = entry->code,
                                     .found = {p, entry, p->codes, concept, p->system}};
        if (p->codes && m.version.n == 0) {
            m.version = codes_about(p->codes)->version;
        }
        rc = take(w, &m, e);
    }
    return rc;
}

static int each_concept(struct walk *w, struct err *e)
{
    const struct value_set_part *p = w->part;
    uint32_t count = codes_about(p->codes)->count;
    int rc = 0;
    for (uint32_t i = 0; !rc && i < count; i++) {
        if (p->kind == VALUE_SET_BITS && !p->bits[i / 64]) {
            i |= 63;
            continue;
        }
        if (p->kind == VALUE_SET_WHOLE || value_set_bit(p->bits, i)) {
            struct value_set_member m = member_of(p, i);
            rc = take(w, &m, e);
        }
    }
    return rc;
}

static int take_imported(void *context, const struct value_set_member *m, struct err *e)
{
    return take(context, m, e);
}

static int not_here(const struct value_set *s, struct err *e)
{
    if (s->problem.code && e) {
        *e = s->problem;
    }
    return s->problem.code ? s->problem.code
                           : err_set(e, ERR_NOT_FOUND,
                                     "a part of the value set '%.*s' is not here, so it cannot be "
                                     "expanded",
                                     TEXT_ARG(text_short(s->url, 300)));
}

static int each_of_part(struct walk *w, struct err *e)
{
    const struct value_set_part *p = w->part;
    for (size_t i = 0; i < p->import_count; i++) {
        if (!p->imports[i]) {
            return not_here(w->set, e);
        }
    }
    if (p->kind == VALUE_SET_MISSING) {
        return not_here(w->set, e);
    }
    if (p->kind == VALUE_SET_LIST) {
        return each_entry(w, e);
    }
    if (p->codes) {
        return each_concept(w, e);
    }
    if (p->system.n == 0) {
        return p->import_count
                   ? value_set_each(p->imports[0], w->deadline, w->arena, take_imported, w, e)
                   : 0;
    }
    return codes_by_grammar(p->system, T("x"), w->arena) == CODES_UNKNOWN
               ? not_here(w->set, e)
               : err_set(e, ERR_TOO_COSTLY,
                         "the codes of '%.*s' are made by a grammar and without end; they can be "
                         "validated, but not listed",
                         TEXT_ARG(text_short(p->system, 200)));
}

int value_set_each(const struct value_set *s, int64_t deadline, struct arena *a,
                   int (*visit)(void *context, const struct value_set_member *m, struct err *e),
                   void *context, struct err *e)
{
    struct walk w = {
        .set = s, .arena = a, .visit = visit, .context = context, .deadline = deadline};
    int rc = 0;
    for (size_t i = 0; !rc && i < s->include_count; i++) {
        w.part = &s->includes[i];
        rc = each_of_part(&w, e);
    }
    return rc;
}
