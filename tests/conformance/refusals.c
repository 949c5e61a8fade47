#include "refusals.h"

#include "base/err.h"

#include <stddef.h>
#include <string.h>

/* The official examples of R4. */
static const struct refusal r_hl7_fhir_r4_examples_4_0_1_dev[] = {
    {"DeviceUseStatement-example.json", ERR_INVALID,
     "DeviceUseStatement.reasonReference[0].reference"},
    {"ImplementationGuide-fhir.json", ERR_VALUE,
     "ImplementationGuide.manifest.resource[11904].reference.reference"},
    {"MedicationRequest-medrx0301.json", ERR_INVALID,
     "MedicationRequest.dispenseRequest.performer.reference"},
    {"Observation-clinical-gender.json", ERR_INVALID, "Observation.performer[0].reference"},
    {"ig-r4.json", ERR_VALUE, "ImplementationGuide.manifest.resource[11904].reference.reference"},
};

/* The official definitions of R4. */
static const struct refusal r_hl7_fhir_r4_core_4_0_1[] = {
    {"SearchParameter-codesystem-extensions-CodeSystem-author.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-effective.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-end.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-keyword.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"SearchParameter-codesystem-extensions-CodeSystem-workflow.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json",
     ERR_VALUE, "SearchParameter.id"},
    {"SearchParameter-valueset-extensions-ValueSet-author.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"SearchParameter-valueset-extensions-ValueSet-effective.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"SearchParameter-valueset-extensions-ValueSet-end.json", ERR_REQUIRED, "SearchParameter.base"},
    {"SearchParameter-valueset-extensions-ValueSet-keyword.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"SearchParameter-valueset-extensions-ValueSet-workflow.json", ERR_REQUIRED,
     "SearchParameter.base"},
    {"package.json", ERR_REQUIRED, ""},
};

/* The Electronic Prescription Service of NHS England. */
static const struct refusal r_eps_examples_dev[] = {
    {"secondary-care/community/acute/nominated-pharmacy/clinical-practitioner/"
     "1-Process-Request-Cancel-200_OK.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.focus"},
    {"signature.json", ERR_REQUIRED, ""},
    {"spec/errors/prescription-order-update/bundle-success.json", ERR_VALUE,
     "Bundle.entry[4].resource.code[0].coding[0].display"},
};

/* Booking and Referral Standard. Some files are templates. */
static const struct refusal r_bars_examples_dev[] = {
    {"examples/document_reference/GET-success-empty.json", ERR_SYNTAX, "Bundle.entry"},
    {"examples/invalid-base64.json", ERR_CODE_INVALID, "OperationOutcome.issue[0].code"},
    {"examples/message_definition/MessageDefinition_ServiceRequest-request_CaseTransfer.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.useContext[0].code"},
    {"examples/process_message/POST-success.json", ERR_VALUE,
     "Bundle.entry[0].resource.destination[0].receiver.reference"},
    {"examples/process_message/response/Booking (HTTP Response) .json", ERR_VALUE,
     "Bundle.entry[0].resource.destination[0].receiver.reference"},
    {"examples/service_request/GET-success.json", ERR_SYNTAX, "Bundle.entry[0]"},
    {"examples1.4.0/Endpoint/post_Endpoint_Atomic.json", ERR_SYNTAX, "Endpoint.identifier[0]"},
    {"examples1.4.0/Endpoint/post_Endpoint_template.json", ERR_SYNTAX, "Endpoint.connectionType"},
    {"examples1.4.0/Endpoint/success_Endpoint_Atomic.json", ERR_SYNTAX, "Endpoint.identifier[0]"},
    {"examples1.4.0/Endpoint/success_Endpoint_template.json", ERR_SYNTAX,
     "Endpoint.connectionType"},
    {"examples1.4.0/HealthcareService/post_HealthcareService_Atomic.json", ERR_SYNTAX,
     "HealthcareService.providedBy"},
    {"examples1.4.0/HealthcareService/success_HealthcareService_Atomic.json", ERR_SYNTAX,
     "HealthcareService.providedBy"},
    {"examples1.4.0/HealthcareService/success_bundle.json", ERR_SYNTAX,
     "Bundle.entry[0].resource.providedBy"},
    {"examples1.4.0/document_reference/GET-success.json", ERR_SYNTAX, ""},
    {"examples1.4.0/document_reference/POST-body.json", ERR_REQUIRED, "DocumentReference.status"},
    {"examples1.4.0/document_reference/POST-success.json", ERR_REQUIRED,
     "DocumentReference.status"},
    {"examples1.4.0/document_reference/id/PUT-body.json", ERR_VALUE, "DocumentReference.id"},
    {"examples1.4.0/invalid-base64.json", ERR_CODE_INVALID, "OperationOutcome.issue[0].code"},
    {"examples1.4.0/message_definition/MessageDefinition_ServiceRequest-request_CaseTransfer.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.useContext[0].code"},
    {"examples1.4.0/process_message/POST-success.json", ERR_VALUE,
     "Bundle.entry[0].resource.destination[0].receiver.reference"},
    {"examples1.4.0/process_message/response/Booking (HTTP Response) .json", ERR_VALUE,
     "Bundle.entry[0].resource.destination[0].receiver.reference"},
    {"examples1.4.0/service_request/GET-success.json", ERR_SYNTAX, "Bundle.entry[0]"},
    {"examples1.4.0/service_request/PUT-body.json", ERR_SYNTAX, "ServiceRequest.basedOn"},
};

/* Personal Demographics Service. Templates, JSON patches and tests of bad input among them. */
static const struct refusal r_pds_examples_dev[] = {
    {"karate/patients/healthcareWorker/createNewPdsRecordAtBirth/MissingValuesPayload/"
     "create-pds-record-at-birth-missing-address.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.name[0].given"},
    {"karate/patients/healthcareWorker/createNewPdsRecordAtBirth/MissingValuesPayload/"
     "create-pds-record-at-birth-missing-birthdate.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.name[0].given"},
    {"karate/patients/healthcareWorker/createNewPdsRecordAtBirth/MissingValuesPayload/"
     "create-pds-record-at-birth-missing-birthweight-value.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.name[0].given"},
    {"karate/patients/healthcareWorker/createNewPdsRecordAtBirth/MissingValuesPayload/"
     "create-pds-record-at-birth-missing-ethnicity-extension.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.name[0].given"},
    {"karate/patients/healthcareWorker/createNewPdsRecordAtBirth/MissingValuesPayload/"
     "create-pds-record-at-birth-missing-gender.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.name[0].given"},
    {"karate/patients/healthcareWorker/createNewPdsRecordAtBirth/"
     "create-pds-record-at-birth-maximal.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.name[0].given"},
    {"karate/patients/healthcareWorker/createNewPdsRecordAtBirth/"
     "create_record_at_birth_response_template.json",
     ERR_SYNTAX, "Patient.address"},
    {"karate/patients/healthcareWorker/createPatient/post-patient-request.json", ERR_SYNTAX,
     "Patient.name[0].given"},
    {"karate/patients/patientAccess/updateCoverageRequests/"
     "update-patient-coverage-request-missing-beneficiary-identifier-value.json",
     ERR_SYNTAX, "Coverage.beneficiary.identifier"},
    {"karate/patients/patientAccess/updateCoverageRequests/"
     "update-patient-coverage-request-missing-cardnumber.json",
     ERR_VALUE, "Coverage.period.end"},
    {"karate/patients/patientAccess/updateCoverageRequests/update-patient-coverage-request.json",
     ERR_VALUE, "Coverage.period.end"},
    {"karate/patients/requestDetails/add/emergencyContact.json", ERR_REQUIRED, ""},
    {"karate/patients/requestDetails/add/placeOfBirth.json", ERR_REQUIRED, ""},
    {"sandbox/mocks/Personal_Details_RelatedPersonBundle.json", ERR_SYNTAX,
     "Bundle.entry[0].resource.patient"},
    {"specification/components/examples/requests/PatientPatch/add-deceased-date-time.json",
     ERR_REQUIRED, ""},
    {"specification/components/examples/requests/PatientPatch/add-extension.json", ERR_REQUIRED,
     ""},
    {"specification/components/examples/requests/PatientPatch/delete-extension.json", ERR_REQUIRED,
     ""},
    {"specification/components/examples/requests/PatientPatch/delete-gender.json", ERR_REQUIRED,
     ""},
    {"specification/components/examples/requests/PatientPatch/delete-name-alternative.json",
     ERR_REQUIRED, ""},
    {"specification/components/examples/requests/PatientPatch/delete-name.json", ERR_REQUIRED, ""},
    {"specification/components/examples/requests/PatientPatch/update-address-alternative.json",
     ERR_REQUIRED, ""},
    {"specification/components/examples/requests/PatientPatch/update-address.json", ERR_REQUIRED,
     ""},
    {"specification/components/examples/requests/PatientPatch/update-gender.json", ERR_REQUIRED,
     ""},
    {"tests/functional/data/responses/valid_patient_post_response.json", ERR_VALUE, "Patient.id"},
};

/* Summary Care Record. Parts of resources and arrays among them. */
static const struct refusal r_scr_examples_dev[] = {
    {"family_history/as_bundle.json", ERR_VALUE,
     "Bundle.entry[5].resource.participant[0].period.start"},
    {"family_history/example.json", ERR_SYNTAX, ""},
    {"family_history/year_and_month.json", ERR_VALUE, "Observation.effective.ofType(Period).start"},
    {"gp_summary/additional_information_gp_summary_1.json", ERR_REQUIRED,
     "Bundle.entry[0].resource.title"},
    {"gp_summary/from/fhir/additionalinfo/advice.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/events.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/investigations.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/one-risk-to-patient-third-party-communication.json",
     ERR_VALUE, "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/one-risk-to-patient.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/patientcarercorrespondence.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/preferences.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/problemsandissues.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/riskstopatient.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/treatments-plus-risks-to-patient.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/from/fhir/additionalinfo/withheld-information-and-additional.json", ERR_VALUE,
     "Bundle.entry[0].resource.meta.lastUpdated"},
    {"gp_summary/partials/additional_information_gp_summary_1_composition.json", ERR_REQUIRED,
     "Composition.title"},
    {"gp_summary/partials/standard_gp_summary_composition.json", ERR_REQUIRED, "Composition.title"},
    {"html_parser/empty_h2.json", ERR_REQUIRED, "Composition.status"},
    {"html_parser/example.json", ERR_REQUIRED, "Composition.status"},
    {"html_parser/example_withheld.json", ERR_REQUIRED, "Composition.status"},
    {"lifestyle/example.json", ERR_SYNTAX, ""},
    {"lifestyle/partials/related_person.json", ERR_REQUIRED, "RelatedPerson.patient"},
    {"problem/example-1.json", ERR_REQUIRED, "Condition.subject"},
    {"treatments/example.json", ERR_REQUIRED, "Procedure.subject"},
};

/* Immunisation API. Tests of bad input among them. */
static const struct refusal r_immunisation_examples_dev[] = {
    {"lambdas/delta_backend/tests/sample_data/fhir_sample.json", ERR_CODE_INVALID,
     "Immunization.contained[1].name[0].use"},
    {"lambdas/delta_backend/tests/sample_data/vaccination6.json", ERR_SYNTAX,
     "Immunization.vaccineCode.coding[1].userSelected"},
    {"lambdas/delta_backend/tests/sample_data/vaccination7.json", ERR_SYNTAX,
     "Immunization.vaccineCode.coding[0].userSelected"},
    {"lambdas/shared/tests/test_common/sample_data/"
     "completed_covid_immunization_event_filtered_for_search_using_bundle_patient_resource.json",
     ERR_VALUE, "Immunization.patient.reference"},
    {"lambdas/shared/tests/test_common/sample_data/sample_immunization_response _for "
     "_not_done_event.json",
     ERR_SYNTAX, "Bundle.entry[0].resource.primarySource"},
    {"specification/components/examples/Immunization/"
     "completed_covid_immunization_event_filtered_for_search.json",
     ERR_VALUE, "Immunization.patient.reference"},
};

static const struct collection collections[] = {
    {"hl7.fhir.r4.examples-4.0.1-dev", r_hl7_fhir_r4_examples_4_0_1_dev, 5, 3162},
    {"hl7.fhir.r4.core-4.0.1", r_hl7_fhir_r4_core_4_0_1, 12, 4534},
    {"synthea-r4-2021-dev", NULL, 0, 43304},
    {"synthea-r4-2019-dev", NULL, 0, 51356},
    {"sample-bulk-10-patients-partial", NULL, 0, 7160},
    {"sample-bulk-1000-demographics-dev", NULL, 0, 5444},
    {"eps-examples-dev", r_eps_examples_dev, 3, 772},
    {"bars-examples-dev", r_bars_examples_dev, 23, 107},
    {"pds-examples-dev", r_pds_examples_dev, 24, 123},
    {"scr-examples-dev", r_scr_examples_dev, 24, 18},
    {"immunisation-examples-dev", r_immunisation_examples_dev, 6, 9},
    {"ers-r4-examples-dev", NULL, 0, 17},
};

const struct collection *collection_of(const char *name)
{
    for (size_t i = 0; i < sizeof collections / sizeof collections[0]; i++) {
        if (strcmp(collections[i].name, name) == 0) {
            return &collections[i];
        }
    }
    return NULL;
}
