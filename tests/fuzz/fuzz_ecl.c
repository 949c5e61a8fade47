/* An expression of SNOMED CT's constraint language: refused with a reason, or evaluated on a small
 * code system, where the single question agrees with the set. */
#include "fhir/ecl.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static int into_buf(void *context, text bytes, struct err *e)
{
    (void)e;
    buf_add(context, bytes);
    return 0;
}

/* Nine concepts in a tree; each has the attribute 100002 with a value of the next. */
static const struct codes *sample(struct buf *image, struct arena *a)
{
    static const text codes[] = {{"100000", 6}, {"100001", 6}, {"100002", 6},
                                 {"100003", 6}, {"100004", 6}, {"100005", 6},
                                 {"100006", 6}, {"100007", 6}, {"900000000000527005", 18}};
    enum { COUNT = sizeof codes / sizeof *codes };
    struct codes_about about = {.url = T("http://snomed.info/sct"), .case_sensitive = true};
    struct codes_build *b = codes_build_begin(&about);
    struct err e = {0};
    const struct codes *c = NULL;
    bool fresh;
    CHECK(b);
    for (uint32_t i = 0; i < COUNT; i++) {
        CHECK(codes_build_concept(b, codes[i], &fresh) == i);
        codes_build_display(b, i, T("Some term"));
    }
    codes_build_property_definition(
        b, &(struct codes_property_definition){codes[2], T(""), CODES_CODE});
    for (uint32_t i = 1; i < COUNT; i++) {
        codes_build_parent(b, i, i / 2);
        codes_build_property(b, i,
                             &(struct codes_property){.code = codes[2],
                                                      .kind = CODES_CODE,
                                                      .value = codes[i - 1],
                                                      .concept = i - 1,
                                                      .group = i % 3});
    }
    codes_build_member(b, 3, 5);
    codes_build_flags(b, 7, CODES_INACTIVE, T(""));
    CHECK(codes_build_end(b, true, into_buf, image, &e) == 0);
    codes_build_drop(b);
    CHECK(codes_open(buf_text(image), a, &c, &e) == 0);
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct buf image;
    struct err e = {0};
    const struct ecl *x = NULL;
    struct ecl_set set = {0};
    arena_init(&a, (size_t)1 << 26);
    buf_init(&image, (size_t)1 << 20);
    if (ecl_parse(text_make((const char *)data, n), &a, &x, &e)) {
        CHECK(e.code && e.detail[0]);
    } else {
        const struct codes *c = sample(&image, &a);
        int rc = ecl_evaluate(x, c, 0, &a, &set, &e);
        CHECK(rc == 0 || rc == ERR_MEMORY);
        uint32_t count = 0;
        for (uint32_t i = 0; !rc && i < codes_about(c)->count; i++) {
            bool has = false;
            CHECK(ecl_has(x, c, i, 0, &a, &has, &e) || has == ecl_set_has(&set, i));
            count += ecl_set_has(&set, i);
        }
        CHECK(rc || count == set.count);
    }
    buf_done(&image);
    arena_done(&a);
    return 0;
}
