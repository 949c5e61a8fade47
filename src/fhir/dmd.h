/*
 * The files of a release of the NHS dictionary of medicines and devices (dm+d; XML) into one code
 * system, https://dmd.nhs.uk. Pure: the caller opens the files.
 *
 * The hierarchy is VTM - VMP - AMP and VMP - VMPP - AMPP, AMP - AMPP. Property "class": VTM, VMP,
 * AMP, VMPP, AMPP, ING; properties VTM, VMP, AMP, VMPP: the links as codes; ING: ingredients of
 * a VMP; FORM, ROUTE, SUPPLIER, PRES_STAT, UOM: as the lookups name them. What is invalid in dm+d
 * is inactive; a former identifier (VTMIDPREV, VPIDPREV) is an inactive concept with "replacedBy".
 */
#ifndef KITH_FHIR_DMD_H
#define KITH_FHIR_DMD_H

#include "base/buf.h"
#include "fhir/codes.h"

/* In the order in which files must come. */
enum dmd_kind {
    DMD_LOOKUP,
    DMD_INGREDIENT,
    DMD_VTM,
    DMD_VMP,
    DMD_AMP,
    DMD_VMPP,
    DMD_AMPP,
    DMD_OTHER,
};
enum dmd_kind dmd_kind_of(text file_name);

struct dmd;
struct dmd_options {
    text version; /* needed: the date of the release */
    bool fragment;
    void (*wrong)(void *context, text file, uint64_t line, const char *why);
    void *context;
};
int dmd_begin(const struct dmd_options *options, struct dmd **ret_dmd, struct err *e);
void dmd_drop(struct dmd *d);
int dmd_file(struct dmd *d, enum dmd_kind kind, text file_name, struct err *e);
/* Each record is parsed as an XML element of its own when it is whole. */
int dmd_bytes(struct dmd *d, text bytes, struct err *e);
int dmd_file_end(struct dmd *d, struct err *e);
int dmd_end(struct dmd *d, struct codes_build **ret_build, struct codes_about *ret_about,
            struct err *e);

#endif
