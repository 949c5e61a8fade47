/*
 * The files of a SNOMED CT release (Release Format 2, Snapshot): lines of tab-separated columns
 * into a code system (codes.h). Pure: the caller opens the files and hands over their bytes.
 *
 * Several modules go into one code system, as the UK's clinical and drug extensions with the
 * international release. The version is that of the module that the others are needed by, from the
 * module dependency reference set. Of a concept in several modules the newest row counts; of other
 * components each that is active.
 *
 * Displays are the preferred terms of British English (of the NHS's language reference sets first),
 * where there is none of American English; further terms are designations with SNOMED CT's own use
 * codes, their language "en-GB" or "en-US" where they are preferred in that one alone. is-a is the
 * hierarchy; other relationships, concrete values, associations of inactive concepts, reasons of
 * inactivation and maps are properties whose code is the concept's; members of reference sets.
 */
#ifndef KITH_FHIR_RF2_H
#define KITH_FHIR_RF2_H

#include "base/buf.h"
#include "fhir/codes.h"

/* What a file holds, in the order in which files must come. */
enum rf2_kind {
    RF2_MODULES,
    RF2_LANGUAGE,
    RF2_CONCEPTS,
    RF2_DESCRIPTIONS,
    RF2_DEFINITIONS,
    RF2_RELATIONSHIPS,
    RF2_CONCRETE_VALUES,
    RF2_REFERENCE_SET, /* simple ones, associations, attribute values, maps */
    RF2_OTHER,         /* not read */
};
/* By the name of a file, without its folder. */
enum rf2_kind rf2_kind_of(text file_name);

struct rf2;
struct rf2_options {
    text version;  /* a URI; empty: from the release */
    bool fragment; /* a part of a release: unknown codes may be right */
    /* A line that is passed over, and why. */
    void (*wrong)(void *context, text file, uint64_t line, const char *why);
    void *context;
};

/* NULL: no memory. The options' texts must outlive it. */
struct rf2 *rf2_begin(const struct rf2_options *options);
void rf2_drop(struct rf2 *r); /* NULL: nothing */

/* The next file; file_name for messages (it must outlive the file). */
int rf2_file(struct rf2 *r, enum rf2_kind kind, text file_name, struct err *e);
/* Its bytes, cut anywhere. ERR_INVALID: the header line is not that of the kind; ERR_REQUIRED: no
 * version can be told. */
int rf2_bytes(struct rf2 *r, text bytes, struct err *e);
int rf2_file_end(struct rf2 *r, struct err *e);

struct rf2_counts {
    uint64_t lines, wrong, concepts, inactive, descriptions, relationships, members;
};
/* The code system as it stands; the caller ends and drops it. Its about stays with r. */
int rf2_end(struct rf2 *r, struct codes_build **ret_build, struct codes_about *ret_about,
            struct rf2_counts *ret_counts, struct err *e);

#endif
