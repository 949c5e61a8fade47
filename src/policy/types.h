/* Every resource type of R4, in the order of its number (fhir/model.h): X(Type, class, whether
 * people who are no professionals may read it where it is in no record). */
#ifndef KITH_POLICY_TYPES_H
#define KITH_POLICY_TYPES_H

#include "policy/roles.h"

#define TYPE_TABLE(X)                                      \
    X(Account, FINANCE, false)                             \
    X(ActivityDefinition, DEFINITION, false)               \
    X(AdverseEvent, RECORD, false)                         \
    X(AllergyIntolerance, ALLERGY, false)                  \
    X(Appointment, BOOKING, false)                         \
    X(AppointmentResponse, BOOKING, false)                 \
    X(AuditEvent, AUDIT, false)                            \
    X(Basic, RECORD, false)                                \
    X(Binary, RECORD, false)                               \
    X(BiologicallyDerivedProduct, RECORD, false)           \
    X(BodyStructure, RECORD, false)                        \
    X(Bundle, RECORD, false)                               \
    X(CapabilityStatement, DEFINITION, false)              \
    X(CarePlan, RECORD, false)                             \
    X(CareTeam, CARE, false)                               \
    X(CatalogEntry, CATALOGUE, false)                      \
    X(ChargeItem, FINANCE, false)                          \
    X(ChargeItemDefinition, FINANCE, false)                \
    X(Claim, FINANCE, false)                               \
    X(ClaimResponse, FINANCE, false)                       \
    X(ClinicalImpression, RECORD, false)                   \
    X(CodeSystem, DEFINITION, false)                       \
    X(Communication, MESSAGE, false)                       \
    X(CommunicationRequest, MESSAGE, false)                \
    X(CompartmentDefinition, DEFINITION, false)            \
    X(Composition, RECORD, false)                          \
    X(ConceptMap, DEFINITION, false)                       \
    X(Condition, RECORD, false)                            \
    X(Consent, CONSENT, false)                             \
    X(Contract, FINANCE, false)                            \
    X(Coverage, FINANCE, false)                            \
    X(CoverageEligibilityRequest, FINANCE, false)          \
    X(CoverageEligibilityResponse, FINANCE, false)         \
    X(DetectedIssue, RECORD, false)                        \
    X(Device, RECORD, false)                               \
    X(DeviceDefinition, CATALOGUE, false)                  \
    X(DeviceMetric, RECORD, false)                         \
    X(DeviceRequest, RECORD, false)                        \
    X(DeviceUseStatement, RECORD, false)                   \
    X(DiagnosticReport, RECORD, false)                     \
    X(DocumentManifest, RECORD, false)                     \
    X(DocumentReference, RECORD, false)                    \
    X(EffectEvidenceSynthesis, DEFINITION, false)          \
    X(Encounter, CARE, false)                              \
    X(Endpoint, DIRECTORY, false)                          \
    X(EnrollmentRequest, FINANCE, false)                   \
    X(EnrollmentResponse, FINANCE, false)                  \
    X(EpisodeOfCare, CARE, false)                          \
    X(EventDefinition, DEFINITION, false)                  \
    X(Evidence, DEFINITION, false)                         \
    X(EvidenceVariable, DEFINITION, false)                 \
    X(ExampleScenario, DEFINITION, false)                  \
    X(ExplanationOfBenefit, FINANCE, false)                \
    X(FamilyMemberHistory, RECORD, false)                  \
    X(Flag, RECORD, false)                                 \
    X(Goal, RECORD, false)                                 \
    X(GraphDefinition, DEFINITION, false)                  \
    X(Group, RECORD, false)                                \
    X(GuidanceResponse, RECORD, false)                     \
    X(HealthcareService, DIRECTORY, true)                  \
    X(ImagingStudy, RECORD, false)                         \
    X(Immunization, RECORD, false)                         \
    X(ImmunizationEvaluation, RECORD, false)               \
    X(ImmunizationRecommendation, RECORD, false)           \
    X(ImplementationGuide, DEFINITION, false)              \
    X(InsurancePlan, FINANCE, false)                       \
    X(Invoice, FINANCE, false)                             \
    X(Library, DEFINITION, false)                          \
    X(Linkage, RECORD, false)                              \
    X(List, RECORD, false)                                 \
    X(Location, DIRECTORY, true)                           \
    X(Measure, DEFINITION, false)                          \
    X(MeasureReport, RECORD, false)                        \
    X(Media, RECORD, false)                                \
    X(Medication, CATALOGUE, true)                         \
    X(MedicationAdministration, MEDICINES, false)          \
    X(MedicationDispense, SUPPLY, false)                   \
    X(MedicationKnowledge, CATALOGUE, false)               \
    X(MedicationRequest, PRESCRIPTION, false)              \
    X(MedicationStatement, MEDICINES, false)               \
    X(MedicinalProduct, CATALOGUE, false)                  \
    X(MedicinalProductAuthorization, CATALOGUE, false)     \
    X(MedicinalProductContraindication, CATALOGUE, false)  \
    X(MedicinalProductIndication, CATALOGUE, false)        \
    X(MedicinalProductIngredient, CATALOGUE, false)        \
    X(MedicinalProductInteraction, CATALOGUE, false)       \
    X(MedicinalProductManufactured, CATALOGUE, false)      \
    X(MedicinalProductPackaged, CATALOGUE, false)          \
    X(MedicinalProductPharmaceutical, CATALOGUE, false)    \
    X(MedicinalProductUndesirableEffect, CATALOGUE, false) \
    X(MessageDefinition, DEFINITION, false)                \
    X(MessageHeader, RECORD, false)                        \
    X(MolecularSequence, RECORD, false)                    \
    X(NamingSystem, DEFINITION, false)                     \
    X(NutritionOrder, RECORD, false)                       \
    X(Observation, RECORD, false)                          \
    X(ObservationDefinition, CATALOGUE, false)             \
    X(OperationDefinition, DEFINITION, false)              \
    X(OperationOutcome, RECORD, false)                     \
    X(Organization, DIRECTORY, true)                       \
    X(OrganizationAffiliation, DIRECTORY, false)           \
    X(Parameters, RECORD, false)                           \
    X(Patient, PATIENT, false)                             \
    X(PaymentNotice, FINANCE, false)                       \
    X(PaymentReconciliation, FINANCE, false)               \
    X(Person, RELATED, false)                              \
    X(PlanDefinition, DEFINITION, false)                   \
    X(Practitioner, DIRECTORY, true)                       \
    X(PractitionerRole, DIRECTORY, true)                   \
    X(Procedure, RECORD, false)                            \
    X(Provenance, PROVENANCE, false)                       \
    X(Questionnaire, FORM, true)                           \
    X(QuestionnaireResponse, RECORD, false)                \
    X(RelatedPerson, RELATED, false)                       \
    X(RequestGroup, RECORD, false)                         \
    X(ResearchDefinition, DEFINITION, false)               \
    X(ResearchElementDefinition, DEFINITION, false)        \
    X(ResearchStudy, DEFINITION, false)                    \
    X(ResearchSubject, RECORD, false)                      \
    X(RiskAssessment, RECORD, false)                       \
    X(RiskEvidenceSynthesis, DEFINITION, false)            \
    X(Schedule, BOOKING, false)                            \
    X(SearchParameter, DEFINITION, false)                  \
    X(ServiceRequest, REFERRAL, false)                     \
    X(Slot, BOOKING, false)                                \
    X(Specimen, RECORD, false)                             \
    X(SpecimenDefinition, CATALOGUE, false)                \
    X(StructureDefinition, DEFINITION, false)              \
    X(StructureMap, DEFINITION, false)                     \
    X(Subscription, NODE, false)                           \
    X(Substance, CATALOGUE, false)                         \
    X(SubstanceNucleicAcid, CATALOGUE, false)              \
    X(SubstancePolymer, CATALOGUE, false)                  \
    X(SubstanceProtein, CATALOGUE, false)                  \
    X(SubstanceReferenceInformation, CATALOGUE, false)     \
    X(SubstanceSourceMaterial, CATALOGUE, false)           \
    X(SubstanceSpecification, CATALOGUE, false)            \
    X(SupplyDelivery, RECORD, false)                       \
    X(SupplyRequest, RECORD, false)                        \
    X(Task, TASK, false)                                   \
    X(TerminologyCapabilities, DEFINITION, false)          \
    X(TestReport, DEFINITION, false)                       \
    X(TestScript, DEFINITION, false)                       \
    X(ValueSet, DEFINITION, false)                         \
    X(VerificationResult, RECORD, false)                   \
    X(VisionPrescription, RECORD, false)

enum type_number {
    TYPE_NONE,
#define TYPE_ENUM(name, class, outside) TYPE_##name,
    TYPE_TABLE(TYPE_ENUM)
#undef TYPE_ENUM
        TYPE_COUNT
};

#endif
