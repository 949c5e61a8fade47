#include "fhir/codes_int.h"

const struct codes_about *codes_about(const struct codes *c)
{
    return &c->about;
}

/* --- finding ------------------------------------------------------------------------------- */

static inline char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

uint32_t codes_hash(struct hash_key key, text code, bool case_sensitive)
{
    if (case_sensitive) {
        return (uint32_t)hash_text(key, code);
    }
    uint64_t hash = 0;
    do {
        char folded[64];
        size_t n = code.n < sizeof folded ? code.n : sizeof folded;
        for (size_t i = 0; i < n; i++) {
            folded[i] = lower(code.p[i]);
        }
        key.k0 ^= hash;
        hash = hash_text(key, text_make(folded, n));
        code = text_from(code, n);
    } while (code.n);
    return (uint32_t)hash;
}

uint32_t codes_find(const struct codes *c, text code)
{
    const uint32_t *slots = c->numbers[CODES_SLOT];
    size_t mask = c->n[CODES_SLOT] - 1;
    uint32_t other_case = CODES_NONE;
    size_t at = codes_hash(c->key, code, c->about.case_sensitive) & mask;
    for (; slots[at]; at = (at + 1) & mask) {
        uint32_t concept = slots[at] - 1;
        text found = codes_text(c, c->concepts[concept].code);
        if (text_eq(found, code)) {
            return concept;
        }
        if (!c->about.case_sensitive && other_case == CODES_NONE && text_eq_nocase(found, code)) {
            other_case = concept;
        }
    }
    return other_case;
}

text codes_code(const struct codes *c, uint32_t concept)
{
    return codes_text(c, c->concepts[concept].code);
}

text codes_display(const struct codes *c, uint32_t concept)
{
    return codes_text(c, c->concepts[concept].display);
}

text codes_definition(const struct codes *c, uint32_t concept)
{
    return codes_text(c, c->concepts[concept].definition);
}

unsigned codes_flags(const struct codes *c, uint32_t concept)
{
    return c->concepts[concept].flags;
}

text codes_status(const struct codes *c, uint32_t concept)
{
    return codes_text(c, c->concepts[concept].status);
}

/* --- the hierarchy ------------------------------------------------------------------------- */

/* The numbers of an owner in the sections `at` and at + 1. */
static inline const uint32_t *numbers_of(const struct codes *c, enum codes_section at, size_t owner,
                                         size_t *ret_count)
{
    uint32_t begin = c->numbers[at][owner];
    *ret_count = c->numbers[at][owner + 1] - begin;
    return c->numbers[at + 1] + begin;
}

const uint32_t *codes_parents(const struct codes *c, uint32_t concept, size_t *ret_count)
{
    return numbers_of(c, CODES_PARENT_AT, concept, ret_count);
}

const uint32_t *codes_children(const struct codes *c, uint32_t concept, size_t *ret_count)
{
    return numbers_of(c, CODES_CHILD_AT, concept, ret_count);
}

const uint32_t *codes_ancestors(const struct codes *c, uint32_t concept, size_t *ret_count)
{
    return numbers_of(c, CODES_ANCESTOR_AT, concept, ret_count);
}

/* Whether `number` is among ascending ones. */
static bool has_number(const uint32_t *p, size_t n, uint32_t number)
{
    while (n) {
        size_t half = n / 2;
        if (p[half] == number) {
            return true;
        }
        if (p[half] < number) {
            p += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return false;
}

bool codes_is_below(const struct codes *c, uint32_t concept, uint32_t ancestor)
{
    size_t count;
    const uint32_t *p = codes_ancestors(c, concept, &count);
    return has_number(p, count, ancestor);
}

/* --- designations and properties ----------------------------------------------------------- */

size_t codes_designation_count(const struct codes *c, uint32_t concept)
{
    const uint32_t *at = c->numbers[CODES_DESIGNATION_AT] + concept;
    return at[1] - at[0];
}

struct codes_designation codes_designation(const struct codes *c, uint32_t concept, size_t i)
{
    const struct codes_designation_row *row =
        &c->designations[c->numbers[CODES_DESIGNATION_AT][concept] + i];
    const struct codes_use_row *use = &c->uses[row->use];
    return (struct codes_designation){
        .language = codes_text(c, use->language),
        .use_system = codes_text(c, use->system),
        .use_code = codes_text(c, use->code),
        .use_display = codes_text(c, use->display),
        .value = codes_text(c, row->value),
    };
}

size_t codes_property_definitions(const struct codes *c)
{
    return c->n[CODES_DEFINITION];
}

struct codes_property_definition codes_property_definition(const struct codes *c, size_t i)
{
    const struct codes_definition_row *row = &c->definitions[i];
    return (struct codes_property_definition){codes_text(c, row->code), codes_text(c, row->uri),
                                              (enum codes_kind)row->kind};
}

size_t codes_property_count(const struct codes *c, uint32_t concept)
{
    const uint32_t *at = c->numbers[CODES_PROPERTY_AT] + concept;
    return at[1] - at[0];
}

struct codes_property codes_property(const struct codes *c, uint32_t concept, size_t i)
{
    const struct codes_property_row *row =
        &c->properties[c->numbers[CODES_PROPERTY_AT][concept] + i];
    struct codes_property property = {
        .code = codes_text(c, c->numbers[CODES_NAME][row->name_kind >> CODES_KIND_BITS]),
        .kind = (enum codes_kind)(row->name_kind & CODES_KIND_MASK),
        .concept = CODES_NONE,
        .group = row->group,
    };
    if (row->name_kind & CODES_OF_CONCEPT) {
        property.concept = row->value;
        property.value = codes_code(c, row->value);
    } else if (property.kind == CODES_CODING) {
        const struct codes_coding_row *coding = &c->codings[row->value];
        property.value = codes_text(c, coding->code);
        property.system = codes_text(c, coding->system);
        property.display = codes_text(c, coding->display);
    } else {
        property.value = codes_text(c, row->value);
        if (property.kind == CODES_CODE) {
            /* One that is written in another case than its concept. */
            property.concept = codes_find(c, property.value);
        }
    }
    return property;
}

/* The number of a property's code, or CODES_NONE. */
static uint32_t find_name(const struct codes *c, text name)
{
    size_t low = 0, high = c->n[CODES_NAME];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_cmp(codes_text(c, c->numbers[CODES_NAME][middle]), name);
        if (order == 0) {
            return (uint32_t)middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return CODES_NONE;
}

const uint32_t *codes_with(const struct codes *c, text property, uint32_t value, size_t *ret_count)
{
    uint32_t name = find_name(c, property);
    size_t low = 0, high = name == CODES_NONE ? 0 : c->n[CODES_WITH_KEY];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct codes_with_row *key = &c->with_keys[middle];
        if (key->name == name && key->value == value) {
            return numbers_of(c, CODES_WITH_AT, middle, ret_count);
        }
        if (key->name < name || (key->name == name && key->value < value)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_count = 0;
    return NULL;
}

const uint32_t *codes_members(const struct codes *c, uint32_t reference_set, size_t *ret_count)
{
    const uint32_t *sets = c->numbers[CODES_SET];
    size_t low = 0, high = c->n[CODES_SET];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (sets[middle] == reference_set) {
            return numbers_of(c, CODES_MEMBER_AT, middle, ret_count);
        }
        low = sets[middle] < reference_set ? middle + 1 : low;
        high = sets[middle] < reference_set ? high : middle;
    }
    *ret_count = 0;
    return NULL;
}
