/*
 * Files of terminology releases. The first byte says of which kind: SNOMED CT, LOINC or dm+d, and
 * which file; what is refused has a reason, what is taken becomes an image that opens.
 */
#include "fhir/dmd.h"
#include "fhir/loinc.h"
#include "fhir/rf2.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static const char concepts[] = "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n"
                               "100001\t20200101\t1\t900000\t900000000000074008\n"
                               "100002\t20200101\t1\t900000\t900000000000074008\n";

static int into_buf(void *context, text bytes, struct err *e)
{
    (void)e;
    buf_add(context, bytes);
    return 0;
}

static void check_image(struct codes_build *b)
{
    struct arena a;
    struct buf image;
    struct err e = {0};
    const struct codes *c = NULL;
    arena_init(&a, (size_t)1 << 24);
    buf_init(&image, (size_t)1 << 26);
    int rc = codes_build_end(b, true, into_buf, &image, &e);
    CHECK(rc ? e.detail[0] != 0 : codes_open(buf_text(&image), &a, &c, &e) == 0);
    codes_build_drop(b);
    buf_done(&image);
    arena_done(&a);
}

static void snomed(unsigned kind, text bytes)
{
    struct rf2_options options = {.version = T("v")};
    struct rf2 *r = rf2_begin(&options);
    struct err e = {0};
    struct codes_build *b = NULL;
    struct codes_about about;
    struct rf2_counts counts;
    CHECK(r);
    bool late = kind > RF2_CONCEPTS; /* concepts first, so that the others are about some */
    int rc = late ? rf2_file(r, RF2_CONCEPTS, T("f"), &e) : 0;
    rc = rc || !late ? rc : rf2_bytes(r, text_make(concepts, sizeof concepts - 1), &e);
    rc = rc ? rc : rf2_file(r, (enum rf2_kind)kind, T("f"), &e);
    rc = rc ? rc : rf2_bytes(r, text_first(bytes, bytes.n / 2), &e);
    rc = rc ? rc : rf2_bytes(r, text_from(bytes, bytes.n / 2), &e);
    rc = rc ? rc : rf2_file_end(r, &e);
    rc = rc ? rc : rf2_end(r, &b, &about, &counts, &e);
    CHECK(!rc || e.detail[0]);
    if (!rc) {
        check_image(b);
    }
    rf2_drop(r);
}

static void loinc(unsigned kind, text bytes)
{
    struct loinc_options options = {.version = T("v")};
    struct loinc *l = NULL;
    struct err e = {0};
    struct codes_build *b = NULL;
    struct codes_about about;
    CHECK(loinc_begin(&options, &l, &e) == 0);
    int rc = loinc_file(l, (enum loinc_kind)kind, T("f"), &e);
    rc = rc ? rc : loinc_bytes(l, text_first(bytes, bytes.n / 2), &e);
    rc = rc ? rc : loinc_bytes(l, text_from(bytes, bytes.n / 2), &e);
    rc = rc ? rc : loinc_file_end(l, &e);
    rc = rc ? rc : loinc_end(l, &b, &about, &e);
    CHECK(!rc || e.detail[0]);
    if (!rc) {
        check_image(b);
    }
    loinc_drop(l);
}

static void dmd(unsigned kind, text bytes)
{
    struct dmd_options options = {.version = T("v")};
    struct dmd *d = NULL;
    struct err e = {0};
    struct codes_build *b = NULL;
    struct codes_about about;
    CHECK(dmd_begin(&options, &d, &e) == 0);
    int rc = dmd_file(d, (enum dmd_kind)kind, T("f"), &e);
    rc = rc ? rc : dmd_bytes(d, text_first(bytes, bytes.n / 2), &e);
    rc = rc ? rc : dmd_bytes(d, text_from(bytes, bytes.n / 2), &e);
    rc = rc ? rc : dmd_file_end(d, &e);
    rc = rc ? rc : dmd_end(d, &b, &about, &e);
    CHECK(!rc || e.detail[0]);
    if (!rc) {
        check_image(b);
    }
    dmd_drop(d);
}

/* 'A' and on: SNOMED CT; 'a' and on: LOINC; '0' and on: dm+d. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n == 0 || n > 64UL * 1024) {
        return 0;
    }
    text bytes = text_make((const char *)data + 1, n - 1);
    unsigned kind = data[0];
    if (kind >= 'A' && kind < 'A' + RF2_OTHER) {
        snomed(kind - 'A', bytes);
    } else if (kind >= 'a' && kind < 'a' + LOINC_OTHER) {
        loinc(kind - 'a', bytes);
    } else if (kind >= '0' && kind < '0' + DMD_OTHER) {
        dmd(kind - '0', bytes);
    }
    return 0;
}
