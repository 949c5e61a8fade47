#include "fhir/ecl_attribute.h"

/* The reference sets that say what replaced an inactive concept, in the order of enum ecl_history:
 * each profile has those of the ones before it too. */
static const struct {
    text code;
    enum ecl_history from;
} associations[] = {
    {{"900000000000527005", 18}, ECL_HISTORY_MIN}, /* same as */
    {{"900000000000526001", 18}, ECL_HISTORY_MOD}, /* replaced by */
    {{"900000000000528000", 18}, ECL_HISTORY_MOD}, /* was a */
    {{"1186924009", 10}, ECL_HISTORY_MOD},         /* partially equivalent to */
    {{"900000000000523009", 18}, ECL_HISTORY_MAX}, /* possibly equivalent to */
    {{"1186921001", 10}, ECL_HISTORY_MAX},         /* possibly replaced by */
    {{"900000000000530003", 18}, ECL_HISTORY_MAX}, /* alternative */
    {{"900000000000524003", 18}, ECL_HISTORY_MAX}, /* moved to */
    {{"900000000000525002", 18}, ECL_HISTORY_MAX}, /* moved from */
    {{"900000000000529008", 18}, ECL_HISTORY_MAX}, /* similar to */
    {{"900000000000531004", 18}, ECL_HISTORY_MAX}, /* refers to */
};

struct attribute {
    text code;
    uint32_t concept;
};

enum { CACHE = 1024 }; /* a power of two */

/* Codes of properties lie once in an image, so where they lie tells which it is. */
struct known {
    const char *p;
    uint32_t number; /* or CODES_NONE: no attribute */
};

struct ecl_attributes {
    struct attribute *rows;
    size_t count;
    size_t words;
    struct known *cache;
};

static bool is_association(const struct ecl_run *r, text code, uint32_t concept)
{
    uint32_t sets = codes_find(r->codes, T("900000000000455006")); /* reference set */
    for (size_t i = 0; i < sizeof associations / sizeof *associations; i++) {
        if (text_eq(associations[i].code, code)) {
            return true;
        }
    }
    return sets != CODES_NONE && codes_is_below(r->codes, concept, sets);
}

int ecl_attributes_open(struct ecl_run *r)
{
    size_t definitions = codes_property_definitions(r->codes);
    struct ecl_attributes *a = arena_zalloc(r->arena, 1, sizeof *a);
    if (a) {
        a->rows = arena_zalloc(r->arena, definitions + 1, sizeof *a->rows);
        a->cache = arena_zalloc(r->arena, CACHE, sizeof *a->cache);
    }
    if (!a || !a->rows || !a->cache) {
        return err_set(r->e, ERR_MEMORY, "there is no memory for the constraint expression");
    }
    for (size_t i = 0; i < definitions; i++) {
        text code = codes_property_definition(r->codes, i).code;
        uint32_t concept = codes_find(r->codes, code);
        if (concept != CODES_NONE && !is_association(r, code, concept)) {
            a->rows[a->count++] = (struct attribute){code, concept};
        }
    }
    a->words = a->count / 64 + 1;
    r->attributes = a;
    return 0;
}

static uint32_t number_of(const struct ecl_attributes *a, text code)
{
    struct known *k = &a->cache[((uintptr_t)code.p ^ ((uintptr_t)code.p >> 10)) & (CACHE - 1)];
    if (k->p == code.p) {
        return k->number;
    }
    *k = (struct known){code.p, CODES_NONE};
    for (size_t i = 0; i < a->count && k->number == CODES_NONE; i++) {
        k->number = text_eq(a->rows[i].code, code) ? (uint32_t)i : CODES_NONE;
    }
    return k->number;
}

int ecl_facts(struct ecl_run *r, uint32_t concept, const struct ecl_fact **ret_facts,
              size_t *ret_count)
{
    size_t properties = codes_property_count(r->codes, concept);
    struct ecl_fact *facts = arena_alloc(r->arena, (properties + 1) * sizeof *facts);
    size_t n = 0;
    if (!facts) {
        return err_set(r->e, ERR_MEMORY, "there is no memory for the constraint expression");
    }
    for (size_t i = 0; i < properties; i++) {
        struct codes_property p = codes_property(r->codes, concept, i);
        uint32_t number = number_of(r->attributes, p.code);
        if (number != CODES_NONE) {
            facts[n++] = (struct ecl_fact){number, p.concept, p.group, p.kind, p.value};
        }
    }
    *ret_facts = facts;
    *ret_count = n;
    return ecl_worked(r, properties);
}

int ecl_attribute_names(struct ecl_run *r, const struct ecl_node *name, uint64_t **ret_names)
{
    const struct ecl_attributes *a = r->attributes;
    uint64_t *names = arena_zalloc(r->arena, a->words, sizeof *names);
    uint64_t *concepts = ecl_bits(r);
    if (!names || !concepts) {
        return err_set(r->e, ERR_MEMORY, "there is no memory for the constraint expression");
    }
    int rc = ecl_run_node(r, name, concepts);
    for (uint32_t i = 0; !rc && i < a->count; i++) {
        if (ecl_bit(concepts, a->rows[i].concept)) {
            ecl_bit_set(names, i);
        }
    }
    *ret_names = names;
    return rc;
}

size_t ecl_attribute_count(const struct ecl_run *r, const uint64_t *names)
{
    size_t count = 0;
    for (size_t i = 0; i < r->attributes->words; i++) {
        count += (size_t)__builtin_popcountll(names[i]);
    }
    return count;
}

bool ecl_attribute_next(const struct ecl_run *r, const uint64_t *names, size_t *at, text *ret_code)
{
    for (; *at < r->attributes->count; (*at)++) {
        if (ecl_bit(names, (uint32_t)*at)) {
            *ret_code = r->attributes->rows[(*at)++].code;
            return true;
        }
    }
    return false;
}

/* --- history ------------------------------------------------------------------------------- */

static bool is_wanted(struct ecl_run *r, const struct ecl_node *n, const uint64_t *sets, text code)
{
    if (n->history == ECL_HISTORY_SUBSET) {
        uint32_t set = codes_find(r->codes, code);
        return set != CODES_NONE && ecl_bit(sets, set);
    }
    for (size_t i = 0; i < sizeof associations / sizeof *associations; i++) {
        if (associations[i].from <= n->history && text_eq(associations[i].code, code)) {
            return true;
        }
    }
    return false;
}

/* Inactive concepts that one of the result took the place of. */
int ecl_run_history(struct ecl_run *r, const struct ecl_node *n, uint64_t *out)
{
    uint64_t *sets = ecl_bits(r);
    uint64_t *now = ecl_bits(r);
    int rc = sets && now ? ecl_run_node(r, n->left, now) : ERR_MEMORY;
    if (!rc && n->right) {
        rc = ecl_run_node(r, n->right, sets);
    }
    if (!rc) {
        memcpy(out, now, r->words * sizeof *out);
    }
    for (uint32_t old = 0; !rc && old < r->universe; old++) {
        if (!(codes_flags(r->codes, old) & CODES_INACTIVE)) {
            continue;
        }
        size_t count = codes_property_count(r->codes, old);
        for (size_t i = 0; i < count; i++) {
            struct codes_property p = codes_property(r->codes, old, i);
            if (p.concept != CODES_NONE && ecl_bit(now, p.concept) &&
                is_wanted(r, n, sets, p.code)) {
                ecl_bit_set(out, old);
            }
        }
        rc = ecl_worked(r, count + 1);
    }
    return rc;
}
