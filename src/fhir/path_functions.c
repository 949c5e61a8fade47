#include "fhir/path_int.h"

/* In the order in which they are asked; a name stands in one of them only. */
static const struct path_function *(*const tables[])(size_t *) = {
    path_functions_collections, path_functions_strings,     path_functions_math,
    path_functions_fhir,        path_functions_definitions,
};

static const struct path_function *search(text name, bool (*same)(text a, text b))
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
        size_t count;
        const struct path_function *table = tables[i](&count);
        for (size_t k = 0; k < count; k++) {
            if (same(text_of(table[k].name), name)) {
                return &table[k];
            }
        }
    }
    return NULL;
}

static bool same_exactly(text a, text b)
{
    return text_eq(a, b);
}

const struct path_function *path_function_of(text name)
{
    return search(name, same_exactly);
}

const struct path_function *path_function_like(text name)
{
    return search(name, text_eq_nocase);
}
