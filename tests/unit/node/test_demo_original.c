/* Originals of the demonstration's letters are files that other programs can open. */
#include "node/demo_original.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

static uint32_t u32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

/* ISO 32000-1, 7.5.4: each entry of the table is the place of its object, and startxref that of the
 * table. */
static void test_pdf(void **state)
{
    struct err e = {0};
    struct buf out;
    (void)state;
    buf_init(&out, 1 << 16);
    assert_int_equal(
        original_pdf("A (good) letter",
                     T("One \\ two\nDr Ewa \xC5\x81ukaszewicz, H\xC3\xAAmin, \xC5\xB4yn and thirty "
                       "more people whose names make this line too long\nThree"),
                     &out, &e),
        0);
    text pdf = buf_text(&out);
    assert_true(text_starts(pdf, T("%PDF-1.4\n")) && text_ends(pdf, T("%%EOF\n")));
    buf_addc(&out, '\0');
    const char *start = strstr(out.p, "startxref\n");
    assert_non_null(start);
    const char *table = out.p + strtoul(start + 10, NULL, 10);
    assert_memory_equal(table, "xref\n0 6\n", 9);
    for (size_t i = 1; i < 6; i++) {
        char name[16];
        const char *entry = table + 9 + 20 * i;
        int n = snprintf(name, sizeof name, "%zu 0 obj\n", i);
        assert_memory_equal(entry + 10, " 00000 n \n", 10);
        assert_memory_equal(out.p + strtoul(entry, NULL, 10), name, (size_t)n);
    }
    const char *length = strstr(out.p, "/Length ");
    assert_non_null(length);
    const char *stream = strstr(length, "stream\n");
    assert_non_null(stream);
    assert_memory_equal(stream + 7 + strtoul(length + 8, NULL, 10), "endstream", 9);
    assert_non_null(strstr(stream, "(A \\(good\\) letter) Tj"));
    assert_non_null(strstr(stream, "(One \\\\ two) Tj T*\n(Dr Ewa Lukaszewicz, H\xEAmin, Wyn and "
                                   "thirty more people whose names make this line too) Tj "
                                   "T*\n(long) Tj T*\n(Three) Tj T*"));
    buf_done(&out);
}

/* RFC 2083: chunks with their sums, and rows of 800 points of two bits. */
static void test_png(void **state)
{
    static unsigned char rows[201 * 240 + 1];
    struct err e = {0};
    struct buf out;
    uLongf n = sizeof rows;
    size_t chunks = 0;
    (void)state;
    buf_init(&out, 1 << 16);
    assert_int_equal(original_png(&out, &e), 0);
    assert_memory_equal(out.p, "\x89PNG\r\n\x1A\n", 8);
    for (size_t at = 8; at < out.n; chunks++) {
        uint32_t length = u32(out.p + at);
        const char *type = out.p + at + 4;
        uLong sum = crc32(0, (const Bytef *)type, (uInt)(length + 4));
        assert_int_equal(sum, u32(type + 4 + length));
        if (memcmp(type, "IHDR", 4) == 0) {
            assert_int_equal(u32(type + 4), 800);
            assert_int_equal(u32(type + 8), 240);
            assert_int_equal(type[12], 2);
        } else if (memcmp(type, "IDAT", 4) == 0) {
            assert_int_equal(uncompress(rows, &n, (const Bytef *)type + 4, length), Z_OK);
        }
        at += length + 12;
    }
    assert_int_equal(chunks, 3);
    assert_int_equal(n, 201 * 240);
    buf_done(&out);
}

static void test_no_room(void **state)
{
    struct err e = {0};
    struct buf out;
    (void)state;
    buf_init(&out, 100);
    assert_int_equal(original_pdf("x", T("y"), &out, &e), ERR_MEMORY);
    buf_done(&out);
    buf_init(&out, 100);
    assert_int_equal(original_png(&out, &e), ERR_MEMORY);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pdf),
        cmocka_unit_test(test_png),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
