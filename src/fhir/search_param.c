#include "fhir/search.h"
#include "fhir/search_tables.h"

const struct search_param *search_params(fhir_type type, size_t *ret_count)
{
    const struct search_type_table *table = &search_types[type < search_type_count ? type : 0];
    *ret_count = table->count;
    return table->params;
}

const struct search_param *search_param_of(fhir_type type, text name)
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
    return NULL;
}

bool plan_atom_accepts(const struct plan_atom *atom, text value)
{
    int64_t start, end;
    switch (atom->test) {
    case PLAN_TEST_NONE:
        return true;
    case PLAN_TEST_UNIT:
        return index_quantity_accepts(value, atom->unit, atom->system);
    case PLAN_TEST_DATE:
        return index_date_read(value, &start, &end) && start >= atom->start_from &&
               start <= atom->start_to && end >= atom->end_from && end <= atom->end_to;
    }
    return false;
}
