#include "fhir/ecl_attribute.h"

/* What a refinement asks of one attribute, ready to be compared. */
struct leaf {
    uint64_t *names;  /* of attributes */
    uint64_t *values; /* concepts; NULL: a value of another kind */
    uint32_t *counts; /* of a reversed one: by concept, from how many it comes */
};

/* The attributes of a concept that count: all, those of one group, or a single one without group.
 */
struct unit {
    bool all;
    uint32_t group;
    size_t single;
};

struct refining {
    struct ecl_run *run;
    struct leaf *leaves;
    const struct ecl_fact *facts; /* of the concept in hand */
    size_t count;
};

static bool holds(struct refining *f, const struct ecl_refinement *x, const struct ecl_fact *fact)
{
    const struct leaf *leaf = &f->leaves[x->leaf];
    bool unequal = x->comparison == ECL_NOT_EQUAL;
    bool ok = false;
    if (!ecl_bit(leaf->names, fact->attribute)) {
        return false;
    }
    switch (x->value_kind) {
    case ECL_VALUE_EXPRESSION:
        return fact->concept != CODES_NONE && ecl_bit(leaf->values, fact->concept) != unequal;
    case ECL_VALUE_NUMBER: {
        int compared = ecl_decimal_compare(fact->value, x->literal, &ok);
        return ok && (fact->kind == CODES_INTEGER || fact->kind == CODES_DECIMAL) &&
               ecl_holds(x->comparison, compared);
    }
    case ECL_VALUE_BOOLEAN:
        return fact->kind == CODES_BOOLEAN && text_eq(fact->value, x->literal) != unequal;
    case ECL_VALUE_STRINGS: {
        struct arena_mark mark = arena_mark(f->run->arena);
        text folded = fact->kind == CODES_STRING ? ecl_fold(fact->value, f->run->arena) : (text){0};
        ok = folded.p && ecl_any_matches(folded, x->strings) != unequal;
        arena_rewind(f->run->arena, mark);
        return ok;
    }
    }
    return false;
}

static bool in_unit(const struct unit *u, const struct ecl_fact *fact, size_t i)
{
    return u->all || (u->group ? fact->group == u->group : i == u->single);
}

static bool attribute_holds(struct refining *f, const struct ecl_refinement *x, uint32_t concept,
                            const struct unit *u)
{
    uint32_t count = 0;
    if (x->reverse) {
        count = f->leaves[x->leaf].counts[concept];
    } else {
        for (size_t i = 0; i < f->count; i++) {
            count += in_unit(u, &f->facts[i], i) && holds(f, x, &f->facts[i]);
        }
    }
    return count >= x->least && count <= x->most;
}

static bool refinement_holds(struct refining *f, const struct ecl_refinement *x, uint32_t concept,
                             const struct unit *u);

/* An attribute without group is a group of its own. */
static bool group_holds(struct refining *f, const struct ecl_refinement *x, uint32_t concept)
{
    uint32_t count = 0;
    for (size_t i = 0; i < f->count; i++) {
        struct unit u = {.group = f->facts[i].group, .single = i};
        bool seen = false;
        for (size_t k = 0; u.group && k < i && !seen; k++) {
            seen = f->facts[k].group == u.group;
        }
        count += !seen && refinement_holds(f, x->first, concept, &u);
    }
    return count >= x->least && count <= x->most;
}

/* As deep as the brackets of the expression. */
static bool refinement_holds(struct refining *f, const struct ecl_refinement *x, uint32_t concept,
                             const struct unit *u)
{
    if (x->kind == ECL_REF_ATTRIBUTE) {
        return attribute_holds(f, x, concept, u);
    }
    if (x->kind == ECL_REF_GROUP) {
        return group_holds(f, x, concept);
    }
    bool any = x->kind == ECL_REF_OR;
    for (const struct ecl_refinement *part = x->first; part; part = part->next) {
        if (refinement_holds(f, part, concept, u) == any) {
            return any;
        }
    }
    return !any;
}

/* --- preparing ----------------------------------------------------------------------------- */

/* How often each concept is the value of one of the attributes, from concepts of the value. */
static int count_targets(struct refining *f, const struct ecl_refinement *x, struct leaf *leaf)
{
    struct ecl_run *r = f->run;
    leaf->counts = arena_zalloc(r->arena, (size_t)r->universe + 1, sizeof *leaf->counts);
    int rc = leaf->counts ? 0 : err_set(r->e, ERR_MEMORY, "there is no memory for the constraint");
    for (uint32_t source = 0; !rc && source < r->universe; source++) {
        if (ecl_bit(leaf->values, source) == (x->comparison == ECL_NOT_EQUAL) ||
            !ecl_counts(r, source)) {
            continue;
        }
        struct arena_mark mark = arena_mark(r->arena);
        const struct ecl_fact *facts = NULL;
        size_t count = 0;
        rc = ecl_facts(r, source, &facts, &count);
        for (size_t i = 0; !rc && i < count; i++) {
            if (facts[i].concept != CODES_NONE && ecl_bit(leaf->names, facts[i].attribute)) {
                leaf->counts[facts[i].concept]++;
            }
        }
        arena_rewind(r->arena, mark);
    }
    return rc;
}

static int prepare(struct refining *f, const struct ecl_refinement *x)
{
    int rc = 0;
    for (const struct ecl_refinement *part = x->first; part && !rc; part = part->next) {
        rc = prepare(f, part);
    }
    if (rc || x->kind != ECL_REF_ATTRIBUTE) {
        return rc;
    }
    struct leaf *leaf = &f->leaves[x->leaf];
    rc = ecl_attribute_names(f->run, x->name, &leaf->names);
    if (!rc && x->value_kind == ECL_VALUE_EXPRESSION) {
        leaf->values = ecl_bits(f->run);
        rc = leaf->values ? ecl_run_node(f->run, x->value, leaf->values) : ERR_MEMORY;
    }
    return !rc && x->reverse ? count_targets(f, x, leaf) : rc;
}

/* --- fewer candidates ---------------------------------------------------------------------- */

enum { SEEKS_MOST = 20000 };

/* Where an attribute must have one of few values, only concepts that have it are looked at. */
static int narrow_attribute(struct refining *f, const struct ecl_refinement *x, uint64_t *out)
{
    struct ecl_run *r = f->run;
    const struct leaf *leaf = &f->leaves[x->leaf];
    size_t values = 0;
    for (size_t i = 0; i < r->words; i++) {
        values += (size_t)__builtin_popcountll(leaf->values[i]);
    }
    size_t names = ecl_attribute_count(r, leaf->names);
    if (names && values > SEEKS_MOST / names) {
        return 0;
    }
    uint64_t *some = ecl_bits(r);
    int rc = some ? 0 : ERR_MEMORY;
    for (uint32_t value = 0; !rc && ecl_bit_next(r, leaf->values, &value); value++) {
        size_t at = 0;
        text name;
        while (ecl_attribute_next(r, leaf->names, &at, &name)) {
            size_t count = 0;
            const uint32_t *having = codes_with(r->codes, name, value, &count);
            for (size_t i = 0; having && i < count; i++) {
                ecl_bit_set(some, having[i]);
            }
        }
        rc = ecl_worked(r, 16 * names + 1);
    }
    for (size_t i = 0; !rc && i < r->words; i++) {
        out[i] &= some[i];
    }
    return rc;
}

static int narrow(struct refining *f, const struct ecl_refinement *x, uint64_t *out)
{
    if (x->kind == ECL_REF_ATTRIBUTE) {
        bool can = x->value_kind == ECL_VALUE_EXPRESSION && x->comparison == ECL_EQUAL &&
                   !x->reverse && x->least;
        return can ? narrow_attribute(f, x, out) : 0;
    }
    int rc = 0;
    bool all = x->kind == ECL_REF_AND || (x->kind == ECL_REF_GROUP && x->least);
    for (const struct ecl_refinement *part = all ? x->first : NULL; part && !rc;
         part = part->next) {
        rc = narrow(f, part, out);
    }
    return rc;
}

int ecl_run_refined(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    struct refining f = {.run = r};
    const struct ecl_attributes *outer = r->attributes; /* of a refinement around this one */
    f.leaves = arena_zalloc(r->arena, (size_t)r->ecl->leaves + 1, sizeof *f.leaves);
    int rc = f.leaves ? ecl_attributes_open(r) : err_set(r->e, ERR_MEMORY, "there is no memory");
    rc = rc ? rc : ecl_run_node(r, n->left, out);
    rc = rc ? rc : prepare(&f, n->refinement);
    rc = rc ? rc : narrow(&f, n->refinement, out);
    static const struct unit whole = {.all = true};
    for (uint32_t concept = 0; !rc && ecl_bit_next(r, out, &concept); concept ++) {
        struct arena_mark mark = arena_mark(r->arena);
        rc = ecl_facts(r, concept, &f.facts, &f.count);
        if (!rc && !refinement_holds(&f, n->refinement, concept, &whole)) {
            out[concept / 64] &= ~((uint64_t)1 << (concept % 64));
        }
        rc = rc ? rc : ecl_worked(r, f.count * 8);
        arena_rewind(r->arena, mark);
    }
    r->attributes = outer;
    return rc;
}

int ecl_run_dotted(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    const struct ecl_attributes *outer = r->attributes;
    uint64_t *names = NULL;
    uint64_t *from = ecl_bits(r);
    int rc = from ? ecl_attributes_open(r) : ERR_MEMORY;
    rc = rc ? rc : ecl_run_node(r, n->left, from);
    rc = rc ? rc : ecl_attribute_names(r, n->right, &names);
    for (uint32_t concept = 0; !rc && ecl_bit_next(r, from, &concept); concept ++) {
        struct arena_mark mark = arena_mark(r->arena);
        const struct ecl_fact *facts = NULL;
        size_t count = 0;
        rc = ecl_facts(r, concept, &facts, &count);
        for (size_t i = 0; !rc && i < count; i++) {
            if (ecl_bit(names, facts[i].attribute) && facts[i].concept != CODES_NONE &&
                ecl_counts(r, facts[i].concept)) {
                ecl_bit_set(out, facts[i].concept);
            }
        }
        arena_rewind(r->arena, mark);
    }
    r->attributes = outer;
    return rc;
}
