/* Compartments (R4 compartmentdefinition.html). */
#include "fhir/search_parse.h"

static const uint8_t *ordinals_of(fhir_type compartment, fhir_type type)
{
    for (unsigned i = 0; i < SEARCH_COMPARTMENTS; i++) {
        if (search_compartments[i] == compartment) {
            return search_types[type].compartments[i];
        }
    }
    return NULL;
}

bool search_in_compartment(fhir_type compartment, fhir_type type)
{
    return ordinals_of(compartment, type) != NULL;
}

static int add_param(struct search_reader *r, fhir_type type, uint16_t number,
                     struct search_nodes *any)
{
    const struct search_param *param = search_param_by_number(NULL, number), *part;
    int code = 0;
    for (size_t i = 0; param && code == 0 && (part = search_part(r, param, i)); i++) {
        struct search_about about = {.type = type, .param = part};
        struct plan_node node = search_leaf(&about, PLAN_REFERENCE);
        node.target = r->q->in.type;
        node.value = r->q->in.id;
        code = search_add(r, PLAN_OR, any, &node);
    }
    return code;
}

int search_compartment(struct search_reader *r, fhir_type type, struct plan_node *ret)
{
    struct search_compartment in = r->q->in;
    struct search_nodes any = {0};
    const uint8_t *ordinals = ordinals_of(in.type, type);
    struct plan_node node = {
        .kind = PLAN_COMPARTMENT, .type = type, .target = in.type, .value = in.id};
    int code = 0;
    if (!ordinals) {
        return err_set(r->e, ERR_NOT_FOUND, "a %.*s is never in the compartment of a %.*s",
                       TEXT_ARG(fhir_type_name(type)), TEXT_ARG(fhir_type_name(in.type)));
    }
    if (in.type == FHIR_PATIENT) {
        *ret = node;
        return 0;
    }
    for (size_t i = 0; ordinals[i] != SEARCH_COMPARTMENT_END && code == 0; i++) {
        if (ordinals[i] == SEARCH_COMPARTMENT_SELF) {
            node.kind = PLAN_ID;
            code = search_add(r, PLAN_OR, &any, &node);
        } else {
            code = add_param(r, type, (uint16_t)(type << 8 | ordinals[i]), &any);
        }
    }
    if (code) {
        return code;
    }
    *ret = search_join(type, PLAN_OR, &any);
    return 0;
}
