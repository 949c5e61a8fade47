/* What a search parameter takes from an element of a type (R4 search.html#ptypes). */
#include "fhir/search_path.h"

static int take_token(unsigned type, text name)
{
    switch (type) {
    case MODEL_CODING:
        return TAKE_CODING;
    case MODEL_CODEABLE_CONCEPT:
        return TAKE_CONCEPT;
    case MODEL_CODE:
        return TAKE_CODE;
    case MODEL_BOOLEAN:
        return TAKE_BOOLEAN;
    case MODEL_STRING:
    case MODEL_MARKDOWN:
    case MODEL_ID:
    case MODEL_URI:
    case MODEL_URL:
    case MODEL_CANONICAL:
    case MODEL_OID:
    case MODEL_UUID:
        return TAKE_WORD;
    default:
        return text_eq(name, T("Identifier"))     ? TAKE_IDENTIFIER
               : text_eq(name, T("ContactPoint")) ? TAKE_CONTACT
                                                  : -1;
    }
}

static bool is_uri(unsigned type)
{
    return type == MODEL_URI || type == MODEL_URL || type == MODEL_CANONICAL || type == MODEL_OID ||
           type == MODEL_UUID;
}

static int take_date(unsigned type, text name)
{
    return type == MODEL_DATE || type == MODEL_DATE_TIME || type == MODEL_INSTANT ? TAKE_DATE
           : text_eq(name, T("Period"))                                           ? TAKE_PERIOD
           : text_eq(name, T("Timing"))                                           ? TAKE_TIMING
                                                                                  : -1;
}

static int take_quantity(text name)
{
    static const char *const kin[] = {"Quantity", "Age", "Duration", "Count", "Distance"};
    for (size_t i = 0; i < sizeof kin / sizeof kin[0]; i++) {
        if (text_eq(name, text_of(kin[i]))) {
            return TAKE_QUANTITY;
        }
    }
    return text_eq(name, T("Money")) ? TAKE_MONEY : text_eq(name, T("Range")) ? TAKE_RANGE : -1;
}

int search_take_of(enum search_type search, unsigned type)
{
    text name = model_text(model_types[type].name);
    switch (search) {
    case SEARCH_TOKEN:
        return take_token(type, name);
    case SEARCH_REFERENCE:
        return type == MODEL_REFERENCE                        ? TAKE_REFERENCE
               : type == MODEL_URI || type == MODEL_CANONICAL ? TAKE_LINK
                                                              : -1;
    case SEARCH_DATE:
        return take_date(type, name);
    case SEARCH_STRING:
        return type == MODEL_STRING || type == MODEL_MARKDOWN || type == MODEL_CODE ||
                       type == MODEL_ID || is_uri(type)
                   ? TAKE_STRING
               : text_eq(name, T("HumanName")) ? TAKE_NAME
               : text_eq(name, T("Address"))   ? TAKE_ADDRESS
                                               : -1;
    case SEARCH_NUMBER:
        return type == MODEL_DECIMAL || type == MODEL_INTEGER || type == MODEL_POSITIVE_INT ||
                       type == MODEL_UNSIGNED_INT
                   ? TAKE_NUMBER
                   : -1;
    case SEARCH_QUANTITY:
        return take_quantity(name);
    case SEARCH_URI:
        return is_uri(type) ? TAKE_URI : -1;
    case SEARCH_COMPOSITE:
    case SEARCH_SPECIAL:
        break;
    }
    return -1;
}

text search_implied_system(int take, const struct model_element *element)
{
    if (take == TAKE_BOOLEAN) {
        return T("http://terminology.hl7.org/CodeSystem/special-values");
    }
    if (take != TAKE_CODE || !element || !element->codes) {
        return T("");
    }
    const struct model_code_set *set = &model_code_sets[element->codes];
    return set->count == 1 ? model_text(model_systems[set->first].url) : T("");
}
