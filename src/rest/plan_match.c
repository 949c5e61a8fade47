#include "rest/bundle.h"

/* A plan against one resource in memory: a transaction's conditional references may mean what it
 * creates itself. */

static bool system_fits(const struct plan_atom *atom, text system)
{
    switch (atom->system_mode) {
    case PLAN_SYSTEM_ANY:
        return true;
    case PLAN_SYSTEM_NONE:
        return system.n == 0;
    case PLAN_SYSTEM_GIVEN:
        return text_eq(system, atom->system);
    }
    return false;
}

static bool entry_fits(const struct plan_atom *atom, const struct index_entry *entry)
{
    switch (atom->kind) {
    case PLAN_VALUE:
        return entry->kind == INDEX_BYTES && text_eq(entry->value, atom->value);
    case PLAN_TOKEN:
        return entry->kind == INDEX_TOKEN && text_eq(entry->value, atom->value) &&
               system_fits(atom, entry->system);
    case PLAN_SYSTEM:
        return entry->kind == INDEX_TOKEN && text_eq(entry->system, atom->system);
    case PLAN_RANGE:
        return entry->kind == INDEX_BYTES && text_cmp(entry->value, atom->low) >= 0 &&
               (atom->high.n == 0 || text_cmp(entry->value, atom->high) < 0) &&
               plan_atom_accepts(atom, entry->value);
    case PLAN_REFERENCE:
        return entry->kind == INDEX_REFERENCE && entry->target == atom->target &&
               text_eq(entry->value, atom->value);
    default:
        return false;
    }
}

static bool has_exception(const struct index *index, uint16_t param)
{
    for (size_t i = 0; i < index->count; i++) {
        const struct index_entry *entry = &index->entries[i];
        if (entry->param == param && entry->kind == INDEX_BYTES && entry->value.n == 1 &&
            entry->value.p[0] == '\0') {
            return true;
        }
    }
    return false;
}

static bool in_compartment(const struct index *index, text patient)
{
    bool found = text_eq(index->home, patient);
    for (size_t i = 0; !found && i < index->member_count; i++) {
        found = text_eq(index->members[i], patient);
    }
    return found;
}

static bool atom_matches(const struct plan_atom *atom, text id, const struct index *index)
{
    switch (atom->kind) {
    case PLAN_ALL:
        return true;
    case PLAN_ID:
        return text_eq(atom->value, id);
    case PLAN_HOME:
        return text_eq(index->home, atom->value) && !has_exception(index, atom->param);
    case PLAN_COMPARTMENT:
        return in_compartment(index, atom->value);
    default:
        break;
    }
    for (size_t i = 0; i < index->count; i++) {
        if (index->entries[i].param == atom->param && entry_fits(atom, &index->entries[i])) {
            return true;
        }
    }
    return false;
}

bool plan_matches(const struct plan *plan, fhir_type type, text id, const struct index *index)
{
    if (plan->type != type) {
        return false;
    }
    for (size_t t = 0; t < plan->term_count; t++) {
        bool any = false;
        for (size_t a = 0; !any && a < plan->terms[t].count; a++) {
            any = atom_matches(&plan->terms[t].atoms[a], id, index);
        }
        if (!any) {
            return false;
        }
    }
    return true;
}
