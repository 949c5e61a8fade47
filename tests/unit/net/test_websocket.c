/* Frames of RFC 6455, with the examples of its section 5.7, and the key of its section 1.3. */
#include "net/websocket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum ws_result read_bytes(const char *bytes, size_t n, struct ws_frame *f, size_t *taken,
                                 int *why)
{
    static char copy[1 << 17];
    memcpy(copy, bytes, n);
    return ws_read(copy, n, 70000, f, taken, why);
}

static void examples(void **state)
{
    (void)state;
    struct ws_frame f;
    size_t taken = 0;
    int why = 0;
    const char hello[] = "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_true(read_bytes(hello, 11, &f, &taken, &why) == WS_FRAME);
    assert_true(f.opcode == WS_TEXT && f.last && taken == 11);
    assert_true(text_eq(f.payload, T("Hello")));
    for (size_t i = 0; i < 11; i++) {
        assert_true(read_bytes(hello, i, &f, &taken, &why) == WS_MORE);
    }
    assert_true(read_bytes("\x81\x05Hello", 7, &f, &taken, &why) == WS_BAD && why == WS_PROTOCOL);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        int why;
    } rows[] = {
        {"\xc1\x80\0\0\0\0", 6, WS_PROTOCOL},                 /* a reserved bit */
        {"\x83\x80\0\0\0\0", 6, WS_PROTOCOL},                 /* no such opcode */
        {"\x09\x80\0\0\0\0", 6, WS_PROTOCOL},                 /* a ping in parts */
        {"\x89\xfe\0\x7e", 4, WS_PROTOCOL},                   /* a ping of 126 bytes */
        {"\x81\xfe\0\x7d", 4, WS_PROTOCOL},                   /* a length in a longer form */
        {"\x81\xff\0\0\0\0\0\0\xff\xff", 10, WS_PROTOCOL},    /* likewise */
        {"\x81\xff\x80\0\0\0\0\0\0\0", 10, WS_PROTOCOL},      /* the highest bit */
        {"\x81\xff\0\0\0\0\0\x01\x11\x71", 10, WS_TOO_LARGE}, /* 70,001 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ws_frame f;
        size_t taken = 0;
        int why = 0;
        assert_true(read_bytes(rows[i].bytes, rows[i].n, &f, &taken, &why) == WS_BAD);
        assert_int_equal(why, rows[i].why);
    }
}

static void printed(void **state)
{
    (void)state;
    static char long_one[70000];
    static const size_t sizes[] = {0, 125, 126, 65535, 65536};
    static const size_t heads[] = {2, 2, 4, 4, 10};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buf out;
        buf_init(&out, 1 << 20);
        ws_print(WS_TEXT, text_make(long_one, sizes[i]), &out);
        assert_int_equal(out.n, heads[i] + sizes[i]);
        assert_true((unsigned char)out.p[0] == 0x81 && !(out.p[1] & 0x80));
        buf_done(&out);
    }
}

static void key(void **state)
{
    (void)state;
    char accept[29];
    assert_true(ws_accept(T("dGhlIHNhbXBsZSBub25jZQ=="), accept));
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_true(!ws_accept(T("dGhlIHNhbXBsZSBub25jZQ="), accept));
    assert_true(!ws_accept(T("dGhlIHNhbXBsZSBub25j\nQ=="), accept));
    assert_true(!ws_accept(T(""), accept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples), cmocka_unit_test(refused),
                                       cmocka_unit_test(printed), cmocka_unit_test(key)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
