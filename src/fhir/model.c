#include "fhir/model_tables.h"

static uint64_t load(const char *p, size_t n)
{
    uint64_t x = 0;
    memcpy(&x, p, n);
    return x;
}

/* Ends of a name suffice: the generator makes sure that no two of one type share both. */
static inline uint64_t model_hash(text name, uint64_t seed)
{
    uint64_t head;
    uint64_t tail = 0;
    if (name.n >= 8) {
        head = load(name.p, 8);
        tail = load(name.p + name.n - 8, 8);
    } else if (name.n >= 4) {
        head = load(name.p, 4);
        tail = load(name.p + name.n - 4, 4);
    } else {
        head = (uint64_t)(uint8_t)name.p[0] | (uint64_t)(uint8_t)name.p[name.n / 2] << 8 |
               (uint64_t)(uint8_t)name.p[name.n - 1] << 16;
    }
    uint64_t h = head ^ ((tail + name.n) * 0x9E3779B97F4A7C15U);
    h ^= h >> 32;
    return h * seed;
}

const struct model_element *model_find(const struct model_type *type, text name)
{
    if (name.n == 0 || type->count == 0) {
        return NULL;
    }
    const uint16_t *slots = model_slots + type->first_slot;
    size_t mask = ((size_t)1 << type->slot_bits) - 1;
    size_t at = (size_t)(model_hash(name, type->seed) >> (64 - type->slot_bits));
    for (; slots[at]; at = (at + 1) & mask) {
        const struct model_element *el = &model_elements[type->first + slots[at] - 1];
        if (text_eq(model_text(el->name), name)) {
            return el;
        }
    }
    return NULL;
}

fhir_type fhir_type_of(text name)
{
    if (name.n == 0) {
        return 0;
    }
    size_t mask = ((size_t)1 << MODEL_RESOURCE_SLOT_BITS) - 1;
    size_t at = (size_t)(model_hash(name, model_resource_seed) >> (64 - MODEL_RESOURCE_SLOT_BITS));
    for (; model_resource_slots[at]; at = (at + 1) & mask) {
        fhir_type type = model_resource_slots[at];
        if (text_eq(fhir_type_name(type), name)) {
            return type;
        }
    }
    return 0;
}

text fhir_type_name(fhir_type type)
{
    if (type == 0 || type > MODEL_RESOURCE_LAST) {
        return (text){NULL, 0};
    }
    return model_text(model_types[type].name);
}

unsigned fhir_type_count(void)
{
    return MODEL_RESOURCE_LAST + 1;
}

bool fhir_type_in_patient_compartment(fhir_type type)
{
    return model_in_set(model_patient_compartment, type);
}

bool fhir_target_ok(uint16_t targets, fhir_type type)
{
    return targets == 0 || model_in_set(model_targets[targets], type);
}

static bool in_system(const struct model_system *system, text code)
{
    size_t low = 0;
    size_t high = system->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = text_cmp(code, model_text(model_codes[system->first + middle]));
        if (order == 0) {
            return true;
        }
        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return false;
}

bool model_has_code(uint16_t code_set, text system, text code)
{
    const struct model_code_set *set = &model_code_sets[code_set];
    for (size_t i = 0; i < set->count; i++) {
        const struct model_system *s = &model_systems[set->first + i];
        if ((!system.p || text_eq(model_text(s->url), system)) && in_system(s, code)) {
            return true;
        }
    }
    return false;
}

bool model_has_system(uint16_t code_set, text system)
{
    const struct model_code_set *set = &model_code_sets[code_set];
    for (size_t i = 0; i < set->count; i++) {
        if (text_eq(model_text(model_systems[set->first + i].url), system)) {
            return true;
        }
    }
    return false;
}
