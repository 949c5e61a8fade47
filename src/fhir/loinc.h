/*
 * The tables of a LOINC release (quoted CSV, columns found by the names of the header) into a code
 * system (codes.h; R4 loinc.html says which properties). Pure: the caller opens the files.
 *
 * Loinc.csv is needed; parts, answers and the hierarchy where their files are there. Members of an
 * answer list (LL...) are its answers (LA...), as of a reference set.
 */
#ifndef KITH_FHIR_LOINC_H
#define KITH_FHIR_LOINC_H

#include "base/buf.h"
#include "fhir/codes.h"

/* In the order in which files must come. */
enum loinc_kind {
    LOINC_TERMS,        /* Loinc.csv */
    LOINC_PARTS,        /* Part.csv */
    LOINC_PART_LINKS,   /* LoincPartLink_Primary.csv */
    LOINC_ANSWERS,      /* AnswerList.csv */
    LOINC_ANSWER_LINKS, /* LoincAnswerListLink.csv */
    LOINC_HIERARCHY,    /* MultiAxialHierarchy.csv, ComponentHierarchyBySystem.csv */
    LOINC_OTHER,
};
enum loinc_kind loinc_kind_of(text file_name);

struct loinc;
struct loinc_options {
    text version; /* as "2.77"; needed */
    bool fragment;
    bool part_links; /* such a file will come: the axes are Codings of parts, not texts */
    void (*wrong)(void *context, text file, uint64_t line, const char *why);
    void *context;
};
int loinc_begin(const struct loinc_options *options, struct loinc **ret_loinc, struct err *e);
void loinc_drop(struct loinc *l);
int loinc_file(struct loinc *l, enum loinc_kind kind, text file_name, struct err *e);
/* ERR_INVALID: a column is missing, a row is too long, a quotation does not end. */
int loinc_bytes(struct loinc *l, text bytes, struct err *e);
int loinc_file_end(struct loinc *l, struct err *e);
int loinc_end(struct loinc *l, struct codes_build **ret_build, struct codes_about *ret_about,
              struct err *e);

#endif
