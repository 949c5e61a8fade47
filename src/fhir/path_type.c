/* Which type a value is of, and which types that is a subtype of (R4 fhirpath.html#types). */
#include "fhir/model_tables.h"
#include "fhir/path_run.h"

static const char *const system_names[] = {
    [PATH_BOOLEAN] = "Boolean", [PATH_STRING] = "String",     [PATH_INTEGER] = "Integer",
    [PATH_DECIMAL] = "Decimal", [PATH_DATE] = "Date",         [PATH_DATE_TIME] = "DateTime",
    [PATH_TIME] = "Time",       [PATH_QUANTITY] = "Quantity", [PATH_TYPE] = "TypeInfo",
};

text path_kind_name(enum path_kind kind)
{
    size_t count = sizeof system_names / sizeof system_names[0];
    return (size_t)kind < count && system_names[kind] ? text_of(system_names[kind]) : T("Any");
}

bool path_is_primitive(uint16_t type)
{
    return type >= MODEL_BASE64_BINARY && type <= MODEL_XHTML;
}

static text type_text(uint16_t type)
{
    return model_text(model_types[type].name);
}

/* A part of a resource or datatype has a path as its name; what R4 calls its type is told by
 * whether it may hold modifier extensions. */
static text fhir_name(uint16_t type)
{
    text name = type_text(type);
    if (text_find(name, '.') == name.n) {
        return name;
    }
    return model_find(&model_types[type], T("modifierExtension")) ? T("BackboneElement")
                                                                  : T("Element");
}

/* The supertypes of FHIR types that are more than Element, BackboneElement, DomainResource and
 * Resource. */
static const struct {
    const char *name;
    const char *base;
} bases[] = {
    {"code", "string"},
    {"id", "string"},
    {"markdown", "string"},
    {"url", "uri"},
    {"canonical", "uri"},
    {"uuid", "uri"},
    {"oid", "uri"},
    {"unsignedInt", "integer"},
    {"positiveInt", "integer"},
    {"Age", "Quantity"},
    {"Count", "Quantity"},
    {"Distance", "Quantity"},
    {"Duration", "Quantity"},
    {"BackboneElement", "Element"},
    {"DomainResource", "Resource"},
};

/* The supertype of a FHIR type; empty for Element and Resource, which have none. */
static text base_of(uint16_t type, text name)
{
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (text_eq(text_of(bases[i].name), name)) {
            return text_of(bases[i].base);
        }
    }
    if (text_eq(name, T("Element")) || text_eq(name, T("Resource"))) {
        return (text){NULL, 0};
    }
    const struct model_type *of = &model_types[type];
    if (type <= MODEL_RESOURCE_LAST) {
        return model_find(of, T("contained")) ? T("DomainResource") : T("Resource");
    }
    return text_eq(name, type_text(type)) && model_find(of, T("modifierExtension"))
               ? T("BackboneElement")
               : T("Element");
}

static bool fhir_is(uint16_t type, text name)
{
    for (text at = fhir_name(type); at.n; at = base_of(type, at)) {
        if (text_eq(at, name)) {
            return true;
        }
    }
    return false;
}

uint16_t path_type_number(text name)
{
    uint16_t type = fhir_type_of(name);
    for (unsigned i = MODEL_RESOURCE_LAST + 1; !type && i < model_type_count; i++) {
        text found = type_text((uint16_t)i);
        if (text_find(found, '.') < found.n) {
            return 0; /* the parts of types come last */
        }
        type = text_eq(found, name) ? (uint16_t)i : 0;
    }
    return type;
}

static bool is_fhir_type(text name)
{
    return path_type_number(name) || text_eq(name, T("BackboneElement")) ||
           text_eq(name, T("DomainResource"));
}

static bool is_system_type(text name)
{
    for (size_t i = 0; i < sizeof system_names / sizeof system_names[0]; i++) {
        if (system_names[i] && text_eq(text_of(system_names[i]), name)) {
            return true;
        }
    }
    return text_eq(name, T("Any"));
}

bool path_is(const struct path_item *item, text space, text name, bool *ret_known)
{
    bool in_fhir = is_fhir_type(name);
    bool in_system = is_system_type(name);
    bool fhir = !space.n || text_eq(space, T("FHIR"));
    bool system = !space.n || text_eq(space, T("System"));
    /* System.Patient is no type, but what is asked can be answered: nothing is one. */
    *ret_known = (fhir || system) && (in_fhir || in_system);
    if (item->kind == PATH_NODE) {
        return fhir && in_fhir && fhir_is(item->u.node->type, name);
    }
    return system && in_system &&
           (text_eq(name, T("Any")) || text_eq(path_kind_name(item->kind), name));
}

bool path_is_exactly(const struct path_item *item, text space, text name, bool *ret_known)
{
    bool is = path_is(item, space, name, ret_known);
    if (!is || item->kind != PATH_NODE || !path_is_primitive(item->u.node->type)) {
        return is;
    }
    return text_eq(type_text(item->u.node->type), name);
}

void path_type_of(const struct path_item *item, text *ret_space, text *ret_name)
{
    bool node = item->kind == PATH_NODE;
    *ret_space = node ? T("FHIR") : T("System");
    *ret_name = node ? fhir_name(item->u.node->type) : path_kind_name(item->kind);
}

text path_item_name(const struct path_item *item)
{
    text space;
    text name;
    path_type_of(item, &space, &name);
    return name;
}
