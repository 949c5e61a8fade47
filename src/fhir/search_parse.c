#include "fhir/search_parse.h"

#include <stdio.h>

/* --- what stands before '=' ---------------------------------------------------------------- */

static const char *const known_modifiers[] = {"missing", "exact",  "contains", "text",
                                              "not",     "above",  "below",    "in",
                                              "not-in",  "ofType", "of-type",  "identifier"};

static int unknown_param(struct search_reader *r, text name)
{
    char names[600];
    size_t n = 0, count;
    const struct search_param *params = search_params(r->type, &count);
    names[0] = '\0';
    for (size_t i = 0; i < count && n + params[i].name.n + 3 < sizeof(names); i++) {
        if (params[i].indexed) {
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%.*s", n ? ", " : "",
                                  TEXT_ARG(params[i].name));
        }
    }
    return err_set(r->e, ERR_INVALID, "%.*s has no search parameter '%.*s'. It has %s",
                   TEXT_ARG(fhir_type_name(r->type)), TEXT_ARG(text_first(name, 64)), names);
}

static int check_modifier(struct search_reader *r, const struct search_param *param, text name,
                          text modifier)
{
    if (modifier.n == 0 || (param && param->type == SEARCH_REFERENCE && fhir_type_of(modifier))) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(known_modifiers) / sizeof(known_modifiers[0]); i++) {
        if (text_eq(modifier, text_of(known_modifiers[i]))) {
            return err_set(r->e, ERR_NOT_SUPPORTED,
                           "%.*s:%.*s: this modifier is not answered yet, a later release will; "
                           "search without it",
                           TEXT_ARG(text_first(name, 100)), TEXT_ARG(modifier));
        }
    }
    return err_set(r->e, ERR_INVALID,
                   "%.*s: '%.*s' is not a modifier of this parameter; a reference takes a resource "
                   "type, as in subject:Patient=23",
                   TEXT_ARG(text_first(name, 100)), TEXT_ARG(text_first(modifier, 100)));
}

static int find_param(struct search_reader *r, text name, text whole,
                      const struct search_param **ret)
{
    const struct search_param *param = search_param_of(r->type, name);
    if (text_find(whole, '.') < whole.n) {
        return err_set(
            r->e, ERR_NOT_SUPPORTED,
            "%.*s: chains are not answered yet, a later release will: search for the other "
            "resource first, then by its id",
            TEXT_ARG(text_first(whole, 200)));
    }
    if (!param) {
        return unknown_param(r, name);
    }
    if (!param->indexed) {
        return err_set(
            r->e, ERR_NOT_SUPPORTED,
            "%.*s: %s parameters are not answered yet; search by the type's other parameters",
            TEXT_ARG(name), param->type == SEARCH_COMPOSITE ? "composite" : "such");
    }
    *ret = param;
    return 0;
}

/* --- terms --------------------------------------------------------------------------------- */

static int add_term(struct search_reader *r, const struct search_atoms *atoms)
{
    struct plan *plan = &r->search->plan;
    struct plan_term *terms =
        arena_grow(r->arena, plan->terms, plan->term_count, &r->term_capacity, sizeof(*terms));
    if (!terms) {
        return search_no_memory(r->e);
    }
    plan->terms = terms;
    terms[plan->term_count++] = (struct plan_term){atoms->items, atoms->count};
    return 0;
}

static int one_value(struct search_reader *r, const struct search_param *param, text modifier,
                     text name, text value, struct search_atoms *atoms)
{
    if (value.n == 0) {
        return err_set(
            r->e, ERR_INVALID,
            "%.*s has an empty value; give one, or leave the parameter out (a comma in a "
            "value is written \\,)",
            TEXT_ARG(text_first(name, 200)));
    }
    if (++r->values > r->limits->search_values) {
        return err_set(r->e, ERR_INVALID,
                       "the query has more than %llu values; ask in several queries",
                       (unsigned long long)r->limits->search_values);
    }
    if (text_eq(param->name, T("_id"))) {
        return search_value_id(r, value, atoms);
    }
    if (text_eq(param->name, T("_lastUpdated"))) {
        return search_value_updated(r, value, atoms);
    }
    return search_value(r, param, modifier, name, value, atoms);
}

static int filter_pair(struct search_reader *r, text name, text modifier,
                       const struct search_pair *pair)
{
    const struct search_param *param = NULL;
    int code = find_param(r, name, pair->name, &param);
    code = code ? code : check_modifier(r, param, pair->name, modifier);
    struct search_atoms atoms = {0};
    text rest = pair->value.p ? pair->value : T(""), item;
    while (code == 0 && search_cut(&rest, ',', &item)) {
        code = one_value(r, param, modifier, pair->name, item, &atoms);
    }
    return code ? code : add_term(r, &atoms);
}

static int read_pair(struct search_reader *r, const struct search_pair *pair)
{
    size_t colon = text_find(pair->name, ':');
    text name = text_first(pair->name, colon);
    text modifier = text_from(pair->name, colon + 1);
    bool known;
    int code = search_control(r, name, modifier, pair->value, &known);
    if (code == 0 && known && pair->value.n == 0) {
        return err_set(r->e, ERR_INVALID, "%.*s has an empty value; give one, or leave it out",
                       TEXT_ARG(name));
    }
    if (known) {
        bool include = text_starts(name, T("_include")) || text_starts(name, T("_revinclude"));
        return code || include ? code : check_modifier(r, NULL, name, modifier);
    }
    return filter_pair(r, name, modifier, pair);
}

/* --- compartments (R4 compartmentdefinition.html) ------------------------------------------ */

static int compartment_unknown(struct search_reader *r, fhir_type type)
{
    return err_set(r->e, ERR_NOT_FOUND,
                   "there is no compartment of type %.*s; there are those of Patient, Encounter, "
                   "Practitioner, RelatedPerson and Device",
                   TEXT_ARG(fhir_type_name(type)));
}

static int compartment_atom(struct search_reader *r, struct search_compartment in, uint8_t ordinal,
                            struct search_atoms *atoms)
{
    struct plan_atom atom = {.target = in.type, .value = in.id};
    if (in.type == FHIR_PATIENT) {
        atom.kind = PLAN_COMPARTMENT;
    } else if (ordinal == SEARCH_COMPARTMENT_SELF) {
        atom.kind = PLAN_ID;
    } else {
        atom.kind = PLAN_REFERENCE;
        atom.param = search_types[r->type].params[ordinal].number;
    }
    return search_atom_add(r, atoms, atom);
}

static int add_compartment(struct search_reader *r, struct search_compartment in)
{
    unsigned at = 0;
    struct search_atoms atoms = {0};
    while (at < SEARCH_COMPARTMENTS && search_compartments[at] != in.type) {
        at++;
    }
    if (at == SEARCH_COMPARTMENTS) {
        return compartment_unknown(r, in.type);
    }
    const uint8_t *ordinals = search_types[r->type].compartments[at];
    if (!ordinals) {
        return err_set(r->e, ERR_NOT_FOUND, "a %.*s is never in the compartment of a %.*s",
                       TEXT_ARG(fhir_type_name(r->type)), TEXT_ARG(fhir_type_name(in.type)));
    }
    if (!reference_id_ok(in.id)) {
        return err_set(r->e, ERR_INVALID, "'%.*s' is not the id of a resource",
                       TEXT_ARG(text_first(in.id, 200)));
    }
    for (size_t i = 0; ordinals[i] != SEARCH_COMPARTMENT_END; i++) {
        int code = compartment_atom(r, in, ordinals[i], &atoms);
        if (code) {
            return code;
        }
        if (in.type == FHIR_PATIENT) {
            break;
        }
    }
    return add_term(r, &atoms);
}

int search_parse(fhir_type type, struct search_compartment in, const struct search_pair *pairs,
                 size_t count, text base, const struct limits *limits, struct arena *a,
                 struct search *ret_search, struct err *e)
{
    struct search result = {.plan = {.type = type}};
    struct search_reader r = {
        .type = type, .base = base, .limits = limits, .arena = a, .search = &result, .e = e};
    if (type == 0 || type >= search_type_count) {
        return err_set(e, ERR_NOT_FOUND, "this is not a resource type of FHIR R4");
    }
    if (count > limits->search_parameters) {
        return err_set(e, ERR_INVALID, "the query has more than %llu parameters; send fewer",
                       (unsigned long long)limits->search_parameters);
    }
    result.count =
        SEARCH_COUNT_DEFAULT < limits->page_entries ? SEARCH_COUNT_DEFAULT : limits->page_entries;
    int code = in.type ? add_compartment(&r, in) : 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        code = read_pair(&r, &pairs[i]);
    }
    code = code ? code : search_self(&r, pairs, count);
    if (code) {
        return code;
    }
    if (result.count == 0) {
        result.summary = SUMMARY_COUNT;
    }
    *ret_search = result;
    return 0;
}
