/* Filters: {{ D term = "..." }}, {{ C definitionStatus = primitive }}. */
#include "fhir/ecl_int.h"

struct filtering {
    struct ecl_run *run;
    const struct ecl_filter *filters;
    uint64_t **values; /* by filter, in their order: sets of concepts */
};

/* A term of a concept. */
struct description {
    text language, type, folded;
};

static bool in_set(const struct filtering *f, const uint64_t *set, text code)
{
    uint32_t concept = codes_find(f->run->codes, code);
    return concept != CODES_NONE && ecl_bit(set, concept);
}

static bool language_is(const struct ecl_string *strings, text language)
{
    for (; strings; strings = strings->next) {
        text wanted = strings->value;
        if (text_eq_nocase(text_first(language, wanted.n), wanted) &&
            (language.n == wanted.n || (language.n > wanted.n && language.p[wanted.n] == '-'))) {
            return true;
        }
    }
    return false;
}

static bool description_holds(const struct filtering *f, const struct ecl_filter *x, size_t i,
                              const struct description *d)
{
    bool found = false;
    switch (x->kind) {
    case ECL_FILTER_TERM:
        found = ecl_any_matches(d->folded, x->strings);
        break;
    case ECL_FILTER_LANGUAGE:
        found = language_is(x->strings, d->language);
        break;
    case ECL_FILTER_TYPE:
        for (const struct ecl_string *s = x->strings; s; s = s->next) {
            found |= text_eq(s->value, d->type);
        }
        break;
    case ECL_FILTER_TYPE_ID:
        found = in_set(f, f->values[i], d->type);
        break;
    default: /* active: only those are kept */
        found = text_eq(x->literal, T("true"));
        break;
    }
    return found == (x->comparison == ECL_EQUAL);
}

/* All filters of one {{ }} hold of this description. */
static bool all_hold(const struct filtering *f, unsigned constraint, const struct description *d)
{
    size_t i = 0;
    for (const struct ecl_filter *x = f->filters; x; x = x->next, i++) {
        if (x->of_descriptions && x->constraint == constraint && !description_holds(f, x, i, d)) {
            return false;
        }
    }
    return true;
}

static int some_description(const struct filtering *f, uint32_t concept, unsigned constraint,
                            bool *ret_some)
{
    struct ecl_run *r = f->run;
    const struct codes *c = r->codes;
    size_t count = codes_designation_count(c, concept);
    *ret_some = false;
    for (size_t i = 0; i <= count && !*ret_some; i++) {
        struct codes_designation term = {.language = codes_about(c)->language,
                                         .use_code = T(ECL_SYNONYM),
                                         .value = codes_display(c, concept)};
        if (i) {
            term = codes_designation(c, concept, i - 1);
        }
        struct description d = {term.language, term.use_code, ecl_fold(term.value, r->arena)};
        if (!d.folded.p) {
            return err_set(r->e, ERR_MEMORY, "there is no memory for the constraint expression");
        }
        *ret_some = all_hold(f, constraint, &d);
    }
    return ecl_worked(r, 64 * (count + 1));
}

/* --- of concepts --------------------------------------------------------------------------- */

static struct codes_property property_of(const struct codes *c, uint32_t concept, text code)
{
    size_t count = codes_property_count(c, concept);
    for (size_t i = 0; i < count; i++) {
        struct codes_property p = codes_property(c, concept, i);
        if (text_eq(p.code, code)) {
            return p;
        }
    }
    return (struct codes_property){.concept = CODES_NONE};
}

/* 2020-01-31 as 20200131. */
static bool time_holds(const struct ecl_filter *x, text time)
{
    char digits[9] = {0};
    size_t n = 0;
    for (size_t i = 0; i < time.n && n < 8; i++) {
        if (time.p[i] != '-') {
            digits[n++] = time.p[i];
        }
    }
    for (const struct ecl_string *s = x->strings; n && s; s = s->next) {
        if (ecl_holds(x->comparison, text_cmp(text_make(digits, n), s->value))) {
            return true;
        }
    }
    return false;
}

static bool concept_holds(const struct filtering *f, const struct ecl_filter *x, size_t i,
                          uint32_t concept)
{
    const struct codes *c = f->run->codes;
    bool found = false;
    switch (x->kind) {
    case ECL_FILTER_DEFINED: {
        text defined = property_of(c, concept, T("sufficientlyDefined")).value;
        found = text_eq(defined, T("true")) == text_eq(x->literal, T("true"));
        break;
    }
    case ECL_FILTER_MODULE: {
        text module = property_of(c, concept, T("moduleId")).value;
        found = in_set(f, f->values[i], module);
        break;
    }
    case ECL_FILTER_TIME:
        return time_holds(x, property_of(c, concept, T("effectiveTime")).value);
    default: {
        bool active = !(codes_flags(c, concept) & CODES_INACTIVE);
        found = active == text_eq(x->literal, T("true"));
        break;
    }
    }
    return found == (x->comparison == ECL_EQUAL);
}

static int holds(const struct filtering *f, uint32_t concept, bool *ret_holds)
{
    struct arena_mark mark = arena_mark(f->run->arena);
    unsigned done = 0; /* a constraint of descriptions: its filters follow one another */
    bool all = true;
    int rc = 0;
    size_t i = 0;
    for (const struct ecl_filter *x = f->filters; x && all && !rc; x = x->next, i++) {
        if (!x->of_descriptions) {
            all = concept_holds(f, x, i, concept);
        } else if (x->constraint != done) {
            done = x->constraint;
            rc = some_description(f, concept, x->constraint, &all);
        }
    }
    arena_rewind(f->run->arena, mark);
    *ret_holds = all;
    return rc ? rc : ecl_worked(f->run, 8);
}

/* --- the whole ----------------------------------------------------------------------------- */

/* Words are looked up in the index of words first, where one is. */
static int search(struct ecl_run *r, const struct ecl_filter *x, uint64_t *out)
{
    uint64_t *some = ecl_bits(r);
    int rc = some ? 0 : ERR_MEMORY;
    for (const struct ecl_string *s = x->strings; s && !rc; s = s->next) {
        uint32_t *concepts = NULL;
        size_t count = 0;
        if (s->search == ECL_WILD || x->comparison != ECL_EQUAL) {
            return 0;
        }
        rc = codes_search(r->codes, s->value, r->arena, &concepts, &count, r->e);
        for (size_t i = 0; !rc && i < count; i++) {
            ecl_bit_set(some, concepts[i]);
        }
    }
    for (size_t i = 0; !rc && i < r->words; i++) {
        out[i] &= some[i];
    }
    return rc;
}

int ecl_run_filters(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    struct filtering f = {.run = r, .filters = n->filters};
    size_t count = 0;
    bool inactive = r->inactive;
    for (const struct ecl_filter *x = n->filters; x; x = x->next, count++) {
        r->inactive |= x->kind == ECL_FILTER_ACTIVE && !x->of_descriptions;
    }
    int rc = ecl_run_node(r, n->left, out);
    r->inactive = inactive;
    f.values = arena_zalloc(r->arena, count + 1, sizeof *f.values);
    if (!rc && !f.values) {
        rc = err_set(r->e, ERR_MEMORY, "there is no memory for the constraint expression");
    }
    size_t i = 0;
    for (const struct ecl_filter *x = n->filters; x && !rc; x = x->next, i++) {
        if (x->kind == ECL_FILTER_TERM) {
            rc = search(r, x, out);
        } else if (x->value) {
            f.values[i] = ecl_bits(r);
            rc = f.values[i] ? ecl_run_node(r, x->value, f.values[i]) : ERR_MEMORY;
        }
    }
    for (uint32_t concept = 0; !rc && ecl_bit_next(r, out, &concept); concept ++) {
        bool keep = false;
        rc = holds(&f, concept, &keep);
        if (!keep) {
            out[concept / 64] &= ~((uint64_t)1 << (concept % 64));
        }
    }
    return rc;
}
