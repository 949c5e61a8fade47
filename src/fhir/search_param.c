#include "fhir/search_custom.h"
#include "fhir/search_tables.h"

const struct search_param *search_params(fhir_type type, size_t *ret_count)
{
    const struct search_type_table *table = &search_types[type < search_type_count ? type : 0];
    *ret_count = table->count;
    return table->params;
}

const struct search_param *search_param_of(const struct search_customs *customs, fhir_type type,
                                           text name)
{
    size_t count;
    const struct search_param *params = search_params(type, &count);
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = text_cmp(params[middle].name, name);
        if (order == 0) {
            return &params[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct search_custom *custom = search_custom_find(customs, type, name);
    return custom ? &custom->param : NULL;
}

const struct search_param *search_param_by_number(const struct search_customs *customs,
                                                  uint16_t number)
{
    size_t count;
    const struct search_param *params = search_params((fhir_type)(number >> 8), &count);
    if ((number & 0xFF) < count) {
        return &params[number & 0xFF];
    }
    const struct search_custom *const *custom =
        search_customs_of(customs, (fhir_type)(number >> 8), &count);
    for (size_t i = 0; i < count; i++) {
        if (custom[i]->param.number == number) {
            return &custom[i]->param;
        }
    }
    return NULL;
}

bool search_may_target(const struct search_param *param, fhir_type type)
{
    const fhir_type *t = param->targets;
    while (t && *t && *t != type) {
        t++;
    }
    return !t || *t;
}

uint16_t search_when(fhir_type type)
{
    return search_types[type < search_type_count ? type : 0].when;
}
