/* The command terminology: how the files of a release are read, whatever release it is. */
#ifndef KITH_CLI_TERMINOLOGY_H
#define KITH_CLI_TERMINOLOGY_H

#include "cli/cli.h"
#include "fhir/codes.h"

struct release_options {
    text version;
    bool fragment;
    bool axes; /* LOINC: there is a table of the parts of terms */
    void (*wrong)(void *context, text file, uint64_t line, const char *why);
    void *context;
};

/* One row a kind of release: thin faces of fhir/rf2.h, loinc.h, dmd.h. */
struct release_kind {
    const char *name; /* --kind */
    const char *title;
    const char *version_of;       /* what --version has to be */
    int needed;                   /* the file without which it is no such release */
    int (*place)(text file_name); /* in the order of reading; -1: not of this kind */
    int (*begin)(const struct release_options *options, void **ret_reader, struct err *e);
    int (*file)(void *reader, int place, text file_name, struct err *e);
    int (*bytes)(void *reader, text bytes, struct err *e);
    int (*file_end)(void *reader, struct err *e);
    int (*end)(void *reader, struct codes_build **ret_build, struct codes_about *ret_about,
               struct err *e);
    void (*drop)(void *reader);
};

extern const struct release_kind release_kinds[];
extern const int release_kind_count;

#endif
