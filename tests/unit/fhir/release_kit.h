/* A release that is read from texts, and what became of it. */
#ifndef KITH_TESTS_RELEASE_KIT_H
#define KITH_TESTS_RELEASE_KIT_H

#include "fhir/codes.h"

#include "arena_kit.h"

#include <stdio.h>
#include <stdlib.h>

static unsigned wrong_count;
static char wrong_last[200];

static void on_wrong(void *context, text file, uint64_t line, const char *why)
{
    (void)context;
    wrong_count++;
    (void)snprintf(wrong_last, sizeof wrong_last, "%.*s:%llu %s", TEXT_ARG(file),
                   (unsigned long long)line, why);
}

static int into_buf(void *context, text bytes, struct err *e)
{
    (void)e;
    buf_add(context, bytes);
    return 0;
}

static const struct codes *opened(struct codes_build *b)
{
    struct buf image;
    struct err e = {0};
    const struct codes *c = NULL;
    buf_init(&image, 1 << 24);
    if (codes_build_end(b, true, into_buf, &image, &e)) {
        fail_msg("%s", err_text(&e));
    }
    codes_build_drop(b);
    char *kept = arena_alloc(&a, image.n);
    assert_non_null(kept);
    memcpy(kept, image.p, image.n);
    if (codes_open(text_make(kept, image.n), &a, &c, &e)) {
        fail_msg("%s", err_text(&e));
    }
    buf_done(&image);
    return c;
}

/* "display flags; parent parent; code=value ...; language value / ..." */
static void shows(const struct codes *c, const char *code, const char *expected)
{
    struct buf out;
    uint32_t n = codes_find(c, text_of(code));
    size_t count = 0;
    if (n == CODES_NONE) {
        fail_msg("%s is not there", code);
    }
    buf_init(&out, 1 << 16);
    buf_printf(&out, "%.*s %u;", TEXT_ARG(codes_display(c, n)), codes_flags(c, n));
    const uint32_t *parents = codes_parents(c, n, &count);
    for (size_t i = 0; i < count; i++) {
        buf_printf(&out, " %.*s", TEXT_ARG(codes_code(c, parents[i])));
    }
    buf_addc(&out, ';');
    for (size_t i = 0; i < codes_property_count(c, n); i++) {
        struct codes_property p = codes_property(c, n, i);
        buf_printf(&out, " %.*s=%.*s", TEXT_ARG(p.code), TEXT_ARG(p.value));
        if (p.group) {
            buf_printf(&out, "@%u", p.group);
        }
    }
    buf_addc(&out, ';');
    for (size_t i = 0; i < codes_designation_count(c, n); i++) {
        struct codes_designation d = codes_designation(c, n, i);
        buf_printf(&out, " %.*s:%.*s", TEXT_ARG(d.language), TEXT_ARG(d.value));
    }
    if (!text_eq(buf_text(&out), text_of(expected))) {
        fail_msg("%s:\n%.*s\nnot\n%s", code, TEXT_ARG(buf_text(&out)), expected);
    }
    buf_done(&out);
}

#endif
