/*
 * The FHIR R4 (4.0.1) model as tables, generated from the official definitions by spec/gen_model.py
 * into model_tables.c: types, elements, cardinality, choice types, reference targets, required code
 * lists.
 *
 * Everything is constant; indices are small integers. Resource types are numbered alphabetically
 * from 1 among the 146 concrete R4 resource types; the numbers are part of what a store keeps and
 * never change.
 */
#ifndef KITH_FHIR_MODEL_H
#define KITH_FHIR_MODEL_H

#include "base/text.h"

/* A concrete resource type: 1 .. FHIR_TYPE_COUNT-1; 0 is none. */
typedef uint8_t fhir_type;

/* 0 when the name is no concrete resource type of R4. */
fhir_type fhir_type_of(text name);
/* Empty for 0 or a number that is out of range. */
text fhir_type_name(fhir_type type);
/* One more than the greatest type. */
unsigned fhir_type_count(void);
/* Whether resources of this type can be part of one patient's record: those of
 * CompartmentDefinition/patient, and some that R4 leaves out of it (Task, Device, Binary ...). */
bool fhir_type_in_patient_compartment(fhir_type type);

/*
 * Whether a reference with these allowed targets (see struct resource_link) may point to a resource
 * of this type.
 */
bool fhir_target_ok(uint16_t targets, fhir_type type);

extern const fhir_type FHIR_PATIENT, FHIR_ENCOUNTER, FHIR_PRACTITIONER, FHIR_BUNDLE, FHIR_BINARY,
    FHIR_GROUP, FHIR_LIST, FHIR_DEVICE, FHIR_RELATED_PERSON, FHIR_OPERATION_OUTCOME,
    FHIR_PARAMETERS, FHIR_SEARCH_PARAMETER;

#endif
