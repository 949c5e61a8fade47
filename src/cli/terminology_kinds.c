#include "cli/terminology.h"

#include "fhir/dmd.h"
#include "fhir/loinc.h"
#include "fhir/rf2.h"

/* --- SNOMED CT ----------------------------------------------------------------------------- */

static int snomed_place(text name)
{
    enum rf2_kind kind = rf2_kind_of(name);
    return kind == RF2_OTHER ? -1 : (int)kind;
}

static int snomed_begin(const struct release_options *o, void **ret_reader, struct err *e)
{
    struct rf2_options options = {o->version, o->fragment, o->wrong, o->context};
    struct rf2 *r = rf2_begin(&options);
    *ret_reader = r;
    return r ? 0 : err_set(e, ERR_MEMORY, "there is no memory for the release");
}

static int snomed_file(void *reader, int place, text name, struct err *e)
{
    return rf2_file(reader, (enum rf2_kind)place, name, e);
}

static int snomed_bytes(void *reader, text bytes, struct err *e)
{
    return rf2_bytes(reader, bytes, e);
}

static int snomed_file_end(void *reader, struct err *e)
{
    return rf2_file_end(reader, e);
}

static int snomed_end(void *reader, struct codes_build **ret_build, struct codes_about *ret_about,
                      struct err *e)
{
    struct rf2_counts counts;
    return rf2_end(reader, ret_build, ret_about, &counts, e);
}

static void snomed_drop(void *reader)
{
    rf2_drop(reader);
}

/* --- LOINC --------------------------------------------------------------------------------- */

static int loinc_place(text name)
{
    enum loinc_kind kind = loinc_kind_of(name);
    return kind == LOINC_OTHER ? -1 : (int)kind;
}

static int loinc_open(const struct release_options *o, void **ret_reader, struct err *e)
{
    struct loinc_options options = {o->version, o->fragment, o->axes, o->wrong, o->context};
    struct loinc *l = NULL;
    int rc = loinc_begin(&options, &l, e);
    *ret_reader = l;
    return rc;
}

static int loinc_next(void *reader, int place, text name, struct err *e)
{
    return loinc_file(reader, (enum loinc_kind)place, name, e);
}

static int loinc_take(void *reader, text bytes, struct err *e)
{
    return loinc_bytes(reader, bytes, e);
}

static int loinc_close(void *reader, struct err *e)
{
    return loinc_file_end(reader, e);
}

static int loinc_finish(void *reader, struct codes_build **ret_build, struct codes_about *ret_about,
                        struct err *e)
{
    return loinc_end(reader, ret_build, ret_about, e);
}

static void loinc_free(void *reader)
{
    loinc_drop(reader);
}

/* --- dm+d ---------------------------------------------------------------------------------- */

static int dmd_place(text name)
{
    enum dmd_kind kind = dmd_kind_of(name);
    return kind == DMD_OTHER ? -1 : (int)kind;
}

static int dmd_open(const struct release_options *o, void **ret_reader, struct err *e)
{
    struct dmd_options options = {o->version, o->fragment, o->wrong, o->context};
    struct dmd *d = NULL;
    int rc = dmd_begin(&options, &d, e);
    *ret_reader = d;
    return rc;
}

static int dmd_next(void *reader, int place, text name, struct err *e)
{
    return dmd_file(reader, (enum dmd_kind)place, name, e);
}

static int dmd_take(void *reader, text bytes, struct err *e)
{
    return dmd_bytes(reader, bytes, e);
}

static int dmd_close(void *reader, struct err *e)
{
    return dmd_file_end(reader, e);
}

static int dmd_finish(void *reader, struct codes_build **ret_build, struct codes_about *ret_about,
                      struct err *e)
{
    return dmd_end(reader, ret_build, ret_about, e);
}

static void dmd_free(void *reader)
{
    dmd_drop(reader);
}

const struct release_kind release_kinds[] = {
    {"snomed", "SNOMED CT", "http://snomed.info/sct/MODULE/version/DATE", RF2_CONCEPTS,
     snomed_place, snomed_begin, snomed_file, snomed_bytes, snomed_file_end, snomed_end,
     snomed_drop},
    {"loinc", "LOINC", "its number, such as 2.77", LOINC_TERMS, loinc_place, loinc_open, loinc_next,
     loinc_take, loinc_close, loinc_finish, loinc_free},
    {"dmd", "dm+d", "the date of the release, such as 2025-01-06", DMD_VMP, dmd_place, dmd_open,
     dmd_next, dmd_take, dmd_close, dmd_finish, dmd_free},
};
const int release_kind_count = sizeof release_kinds / sizeof *release_kinds;
