/* Content codings, both ways (RFC 9110, 8.4 and 12.5.3). */
#include "base/random.h"
#include "net_kit.h"

#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define H "Host: a\r\n"

struct negotiation {
    const char *accept; /* NULL: no field */
    const char *coding; /* "": none */
};

static const struct negotiation negotiations[] = {
    {NULL, ""},
    {"", ""},
    {"gzip", "gzip"},
    {"zstd", "zstd"},
    {"GZIP", "gzip"},
    {"x-gzip", "gzip"},
    {"gzip, zstd", "zstd"},
    {"gzip;q=1.0, zstd;q=0.5", "gzip"},
    {"gzip;q=0.5, zstd;q=0.500", "zstd"},
    {"gzip;q=0", ""},
    {"gzip;q=0.000, zstd;q=0", ""},
    {"gzip;q=0.001", "gzip"},
    {"br, deflate", ""},
    {"br;q=1.0, gzip;q=0.8, *;q=0.1", "gzip"},
    {"*", "gzip"},
    {"*;q=0", ""},
    {"gzip;q=0, *", ""},
    {"zstd;q=0, *", "gzip"},
    {"identity", ""},
    {"identity;q=0, gzip ; q=0.3", "gzip"},
    {"gzip;Q=0", ""},
    {" , ,gzip,", "gzip"},
    {"gzip;q=abc", ""},
    {"gzip;q=", "gzip"},
};

static void decode(const char *coding, const struct buf *in, char *out, size_t n)
{
    if (strcmp(coding, "zstd") == 0) {
        assert_int_equal(ZSTD_decompress(out, n, in->p, in->n), n);
        return;
    }
    if (strcmp(coding, "gzip") == 0) {
        z_stream z = {.next_in = (Bytef *)in->p,
                      .avail_in = (uInt)in->n,
                      .next_out = (Bytef *)out,
                      .avail_out = (uInt)n};
        assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
        assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
        assert_int_equal(z.total_out, n);
        (void)inflateEnd(&z);
        return;
    }
    assert_int_equal(in->n, n);
    memcpy(out, in->p, n);
}

static void ask(int fd, const char *path, const char *accept)
{
    struct buf q;
    buf_init(&q, 10000);
    buf_printf(&q, "GET %s HTTP/1.1\r\n" H, path);
    if (accept) {
        buf_printf(&q, "Accept-Encoding: %s\r\n", accept);
    }
    buf_add(&q, T("\r\n"));
    kit_send(fd, buf_text(&q));
    buf_done(&q);
}

static void check_coding(const struct kit_reply *r, const struct negotiation *n)
{
    struct buf field;
    buf_init(&field, 100);
    buf_printf(&field, "Content-Encoding: %s\r\n", n->coding);
    buf_addc(&field, '\0');
    bool ok = *n->coding ? kit_has(r, field.p) : !kit_has(r, "Content-Encoding");
    buf_done(&field);
    if (!ok || !kit_has(r, "Vary: Accept-Encoding\r\n")) {
        fail_msg("%s: %.*s", n->accept ? n->accept : "(none)", TEXT_ARG(buf_text(&r->head)));
    }
}

static void replies_are_coded_as_asked(void **state)
{
    struct kit *k = *state;
    static char plain[KIT_BIG];
    static char expected[KIT_BIG];
    for (size_t i = 0; i < sizeof negotiations / sizeof *negotiations; i++) {
        struct kit_reply r;
        int fd = kit_connect(k);
        ask(fd, "/big", negotiations[i].accept);
        assert_true(kit_read(fd, &r, false));
        check_coding(&r, &negotiations[i]);
        decode(negotiations[i].coding, &r.body, plain, sizeof plain);
        if (i == 0) {
            memcpy(expected, plain, sizeof plain);
        }
        assert_memory_equal(plain, expected, sizeof plain);
        kit_reply_done(&r);
        (void)close(fd);
    }
}

static void several_fields_count_as_one(void **state)
{
    struct kit *k = *state;
    struct kit_reply r;
    int fd = kit_connect(k);
    kit_send(fd,
             T("GET /big HTTP/1.1\r\n" H "Accept-Encoding: br\r\naccept-encoding: zstd\r\n\r\n"));
    assert_true(kit_read(fd, &r, false));
    assert_true(kit_has(&r, "Content-Encoding: zstd\r\n"));
    kit_reply_done(&r);
    (void)close(fd);
}

static void streams_are_coded(void **state)
{
    static const char *const codings[] = {"gzip", "zstd", ""};
    struct kit *k = *state;
    size_t n = 30 * KIT_PIECE;
    char *plain = test_malloc(n);
    int fd = kit_connect(k);
    for (int i = 0; i < 3; i++) {
        struct kit_reply r;
        ask(fd, "/stream/30", *codings[i] ? codings[i] : NULL);
        assert_true(kit_read(fd, &r, false));
        assert_true(r.chunked);
        assert_false(r.broken);
        assert_true(*codings[i] ? r.body.n < n / 10 : r.body.n == n);
        if (i == 1) { /* without its size in the frame: ZSTD_decompress() takes that too */
            assert_true(kit_has(&r, "Content-Encoding: zstd\r\n"));
        }
        decode(codings[i], &r.body, plain, n);
        for (size_t at = 0; at < n; at += 1001) {
            assert_int_equal(plain[at], 'a' + at % KIT_PIECE % 23);
        }
        kit_reply_done(&r);
    }
    test_free(plain);
    (void)close(fd);
}

static void head_tells_what_get_would(void **state)
{
    struct kit *k = *state;
    struct kit_reply get;
    struct kit_reply head;
    int fd = kit_connect(k);
    kit_send(fd, T("GET /big HTTP/1.1\r\n" H "Accept-Encoding: gzip\r\n\r\n"
                   "HEAD /big HTTP/1.1\r\n" H "Accept-Encoding: gzip\r\n\r\n"));
    assert_true(kit_read(fd, &get, false));
    assert_true(kit_read(fd, &head, true));
    const char *length = strstr(get.head.p, "Content-Length: ");
    assert_non_null(length);
    assert_non_null(memmem(head.head.p, head.head.n, length, strcspn(length, "\n")));
    kit_reply_done(&get);
    kit_reply_done(&head);
    (void)close(fd);
}

static size_t gzip(const char *from, size_t n, char *to, size_t room)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)from,
                  .avail_in = (uInt)n,
                  .next_out = (Bytef *)to,
                  .avail_out = (uInt)room};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, 0), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    size_t out = z.total_out;
    (void)deflateEnd(&z);
    return out;
}

/* Posts a gzip body; cut: bytes left out at its end; more: bytes put behind it. */
static int post_gzip(const struct kit *k, const char *plain, size_t n, size_t cut, text more,
                     bool chunked)
{
    size_t room = n / 2 + 10000;
    char *packed = test_malloc(room);
    size_t packed_n = gzip(plain, n, packed, room) - cut;
    struct buf q;
    struct kit_reply r;
    buf_init(&q, room + 10000);
    buf_add(&q, T("POST /echo HTTP/1.1\r\n" H "Content-Encoding: gzip\r\n"));
    buf_printf(
        &q, chunked ? "Transfer-Encoding: chunked\r\n\r\n%zx\r\n" : "Content-Length: %zu\r\n\r\n",
        packed_n + more.n);
    buf_add(&q, (text){packed, packed_n});
    buf_add(&q, more);
    buf_add(&q, chunked ? T("\r\n0\r\n\r\n") : T(""));
    int fd = kit_connect(k);
    kit_send(fd, buf_text(&q));
    int status = kit_read(fd, &r, false) ? r.status : 0;
    if (status == 200) {
        assert_int_equal(r.body.n, n);
        assert_memory_equal(r.body.p, plain, n);
    }
    kit_reply_done(&r);
    buf_done(&q);
    test_free(packed);
    (void)close(fd);
    return status;
}

static void gzip_bodies_are_read(void **state)
{
    struct kit *k = *state;
    static char plain[2000000];
    text none = {NULL, 0};
    struct prng random;
    prng_seed(&random, 1);
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (char)('a' + prng_below(&random, 4));
    }
    assert_int_equal(post_gzip(k, plain, 10, 0, none, false), 200);
    assert_int_equal(post_gzip(k, plain, 0, 0, none, false), 200);
    assert_int_equal(post_gzip(k, plain, 100000, 0, none, false), 200);
    assert_int_equal(post_gzip(k, plain, 100000, 0, none, true), 200);
    assert_int_equal(post_gzip(k, plain, (size_t)k->limits.body_bytes, 0, none, false), 200);
    assert_int_equal(post_gzip(k, plain, (size_t)k->limits.body_bytes + 1, 0, none, false), 413);
    assert_int_equal(post_gzip(k, plain, sizeof plain, 0, none, true), 413);
    assert_int_equal(post_gzip(k, plain, 10000, 1, none, false), 400);
    assert_int_equal(post_gzip(k, plain, 10000, 0, T("x"), false), 400);
}

static void bombs_are_refused(void **state)
{
    struct kit k;
    (void)state;
    kit_init(&k); /* the default body_bytes would let 20 MB pass: the ratio does not */
    kit_start(&k);
    size_t n = 20000000;
    char *zeros = test_calloc(1, n);
    assert_int_equal(post_gzip(&k, zeros, 900000, 0, (text){NULL, 0}, false), 200);
    assert_int_equal(post_gzip(&k, zeros, n, 0, (text){NULL, 0}, false), 413);
    test_free(zeros);
    kit_stop(&k);
}

static int set_up(void **state)
{
    static struct kit k;
    kit_init(&k);
    k.limits.body_bytes = 1500000;
    kit_start(&k);
    *state = &k;
    return 0;
}

static int tear_down(void **state)
{
    kit_stop(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_coded_as_asked), cmocka_unit_test(several_fields_count_as_one),
        cmocka_unit_test(streams_are_coded),          cmocka_unit_test(head_tells_what_get_would),
        cmocka_unit_test(gzip_bodies_are_read),       cmocka_unit_test(bombs_are_refused),
    };
    return cmocka_run_group_tests_name("http: codings", tests, set_up, tear_down);
}
