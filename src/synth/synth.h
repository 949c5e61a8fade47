/*
 * An invented population of one English locality, for demonstrations, tests and measurements.
 *
 * Nobody in it is real. NHS numbers are of the range 999, which is never issued; postcodes are of
 * an area that does not exist; telephone numbers are those that Ofcom keeps for drama; ODS codes
 * are of an unused range. The output is FHIR R4 in the shape of UK Core.
 *
 * The same options give the same bytes on every machine: no clock and no entropy is read. Person i
 * of a seed is the same whatever `patients` is. Ids are UUIDs of version 8 (RFC 9562, section 5.8)
 * made from seed, person and serial, and every entry is a PUT, so loading twice changes nothing.
 */
#ifndef KITH_SYNTH_SYNTH_H
#define KITH_SYNTH_SYNTH_H

#include "base/err.h"

/* 2026-01-01 in days since 1970-01-01: the day on which the invented records end. */
#define SYNTH_TODAY 20454

/* There are 909,091 NHS numbers in the range 999 with a valid check digit. */
#define SYNTH_PATIENTS_MAX 900000
#define SYNTH_PEOPLE_PER_FILE 500

struct synth_options {
    uint64_t patients; /* 0 .. SYNTH_PATIENTS_MAX */
    uint64_t seed;
    uint64_t years;     /* how far back the records go at most; 0: 2 to 9 years, as it comes */
    int64_t today_days; /* since 1970-01-01, of 2010 to 2100; 0 means SYNTH_TODAY */
    bool one_practice;  /* everybody is registered with the first one */
};

/*
 * Takes one bundle (type transaction) at a time: first "000-locality.json" with what all share,
 * then one bundle a person for "people-0001.ndjson" and so on, which is to become one line of that
 * file. References point to the same bundle or to the locality. `bundle` has no line end and is
 * valid during the call only. Returns 0, or fills *e and returns its code, which ends the
 * generation.
 */
struct synth_sink {
    int (*write)(void *ctx, const char *file, text bundle, struct err *e);
    void *ctx;
};

#define SYNTH_TYPES(X)    \
    X(Organization)       \
    X(Location)           \
    X(HealthcareService)  \
    X(Practitioner)       \
    X(PractitionerRole)   \
    X(Questionnaire)      \
    X(Patient)            \
    X(RelatedPerson)      \
    X(Condition)          \
    X(AllergyIntolerance) \
    X(Encounter)          \
    X(Observation)        \
    X(DiagnosticReport)   \
    X(MedicationRequest)  \
    X(Immunization)       \
    X(Procedure)          \
    X(DocumentReference)  \
    X(ServiceRequest)     \
    X(Appointment)        \
    X(Flag)               \
    X(CarePlan)           \
    X(Goal)               \
    X(CareTeam)           \
    X(Task)               \
    X(QuestionnaireResponse)

enum synth_type {
#define SYNTH_ENUM(name) SYNTH_##name,
    SYNTH_TYPES(SYNTH_ENUM)
#undef SYNTH_ENUM
        SYNTH_TYPE_COUNT
};

struct synth_counts {
    uint64_t people;
    uint64_t bundles;
    uint64_t resources;
    uint64_t bytes;   /* of all bundles */
    uint64_t largest; /* resources of the longest record */
    uint64_t of_type[SYNTH_TYPE_COUNT];
};

/* "Patient" and so on. */
const char *synth_type_name(enum synth_type type);

/* Generates everything into the sink. ERR_VALUE for options out of their bounds, ERR_MEMORY, or the
 * sink's error. */
int synth_population(const struct synth_options *options, const struct synth_sink *sink,
                     struct synth_counts *ret, struct err *e);

/* A sink that writes the files into a folder, which is made when it is not there. */
struct synth_dir {
    const char *path; /* borrowed */
    int fd;           /* of the file being written, or -1 */
    char file[32];
};

/* ERR_IO when the folder cannot be made. */
int synth_dir_open(struct synth_dir *d, const char *path, struct err *e);
/* To be the `write` of a sink whose ctx is the struct synth_dir. */
int synth_dir_write(void *ctx, const char *file, text bundle, struct err *e);
/* Closes the last file. May be called twice. ERR_IO, or ERR_FULL when the disk is full. */
int synth_dir_close(struct synth_dir *d, struct err *e);

#endif
