/* Bodies that go elsewhere as they arrive: whole, in order, in pieces, and the end of each sink. */
#include "base/random.h"
#include "net_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define H "Host: a\r\n"

enum { SENT = 3000000, MOST = 4000000, PIECE_MOST = 1 << 20 };

static struct {
    char bytes[SENT];
    struct kit kit;
    _Atomic int begun;
    _Atomic int done;
    _Atomic int handled;
    size_t largest;
    size_t fails_at; /* 0: never */
} t;

struct test_sink {
    struct http_sink sink;
    size_t n;
    bool differs;
};

static int take(struct http_sink *sink, text bytes)
{
    struct test_sink *s = (struct test_sink *)sink;
    s->differs |= s->n + bytes.n > SENT || memcmp(t.bytes + s->n, bytes.p, bytes.n) != 0;
    s->n += bytes.n;
    t.largest = bytes.n > t.largest ? bytes.n : t.largest;
    return t.fails_at && s->n >= t.fails_at ? ERR_FULL : 0;
}

static void done(struct http_sink *sink)
{
    free(sink);
    t.done++;
}

static struct http_sink *open_sink(void *context, const struct http_request *head)
{
    (void)context;
    if (!text_eq(head->path, T("/sink"))) {
        return NULL;
    }
    struct test_sink *s = calloc(1, sizeof *s);
    assert_non_null(s);
    assert_true(text_eq(http_field(head, T("X-Mark")), T("here")));
    s->sink = (struct http_sink){MOST, take, done};
    t.begun++;
    return &s->sink;
}

static void handle(void *context, const struct http_request *request, struct http_reply *reply)
{
    (void)context;
    const struct test_sink *s = (const struct test_sink *)request->sink;
    t.handled++;
    reply->status = 200;
    reply->content_type = "text/plain";
    if (!s) {
        buf_printf(&reply->body, "memory %zu", request->body.n);
        return;
    }
    buf_printf(&reply->body, "sink %zu%s%s", s->n, s->differs ? " differs" : "",
               request->body.n ? " and memory" : "");
}

static int set_up(void **state)
{
    struct prng random;
    (void)state;
    prng_seed(&random, 1);
    for (size_t i = 0; i < SENT; i++) {
        t.bytes[i] = (char)prng_below(&random, 256);
    }
    kit_init(&t.kit);
    t.kit.limits.body_bytes = 1024;
    t.kit.limits.body_memory = 2 << 20;
    t.kit.config.handle = handle;
    t.kit.config.sink = open_sink;
    kit_start(&t.kit);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    kit_stop(&t.kit);
    return 0;
}

static void head_of(struct buf *q, const char *path, size_t n, const char *more)
{
    buf_printf(q, "POST %s HTTP/1.1\r\n" H "X-Mark: here\r\n%s", path, more);
    if (n != SIZE_MAX) {
        buf_printf(q, "Content-Length: %zu\r\n", n);
    }
    buf_add(q, T("\r\n"));
}

static void add_chunks(struct buf *q, size_t n, size_t step)
{
    for (size_t at = 0; at < n;) {
        size_t now = n - at < step ? n - at : step;
        buf_printf(q, "%zx\r\n", now);
        buf_add(q, text_make(t.bytes + at, now));
        buf_add(q, T("\r\n"));
        at += now;
    }
    buf_add(q, T("0\r\n\r\n"));
}

static void expect(int fd, int status, const char *words)
{
    struct kit_reply r;
    assert_true(kit_read(fd, &r, false));
    assert_int_equal(r.status, status);
    if (words && !text_eq(buf_text(&r.body), text_of(words))) {
        fail_msg("%.*s instead of %s", TEXT_ARG(buf_text(&r.body)), words);
    }
    kit_reply_done(&r);
}

/* Until every sink has ended. */
static void expect_done(void)
{
    for (int i = 0; i < 500 && t.done != t.begun; i++) {
        (void)usleep(10000);
    }
    assert_int_equal(t.done, t.begun);
}

/* Two requests and one without a sink on the same connection. */
static void post(size_t n, size_t chunk, const char *more)
{
    struct buf q;
    char words[64];
    buf_init(&q, (size_t)64 << 20);
    for (int i = 0; i < 2; i++) {
        head_of(&q, "/sink", chunk ? SIZE_MAX : n, more);
        if (chunk) {
            add_chunks(&q, n, chunk);
        } else {
            buf_add(&q, text_make(t.bytes, n));
        }
    }
    head_of(&q, "/other", 5, "");
    buf_add(&q, T("12345"));
    int fd = kit_connect(&t.kit);
    kit_send(fd, buf_text(&q));
    (void)snprintf(words, sizeof words, "sink %zu", n);
    expect(fd, 200, words);
    expect(fd, 200, words);
    expect(fd, 200, "memory 5");
    (void)close(fd);
    buf_done(&q);
    expect_done();
}

static void bodies_arrive_whole(void **state)
{
    (void)state;
    t.largest = 0;
    post(1, 0, "");
    post(1000, 0, "");
    post(5000, 0, "");
    post(SENT, 0, "");
    post(1000, 100, "Transfer-Encoding: chunked\r\n");
    post(100000, 1, "Transfer-Encoding: chunked\r\n");
    post(SENT, 7777, "Transfer-Encoding: chunked\r\n");
    post(SENT, SENT, "Transfer-Encoding: chunked\r\n");
    assert_true(t.largest > 100000 && t.largest < PIECE_MOST);
}

static void content_codings_stay(void **state)
{
    (void)state;
    post(2000, 0, "Content-Encoding: gzip\r\n");
    post(SENT, 60000, "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n");
}

static void others_are_collected(void **state)
{
    struct buf q;
    (void)state;
    buf_init(&q, 1 << 20);
    head_of(&q, "/other", 1025, "");
    assert_int_equal(kit_status(&t.kit, buf_text(&q)), 413);
    buf_done(&q);
}

static void refused(int status, text request)
{
    int handled = t.handled;
    int fd = kit_connect(&t.kit);
    kit_send(fd, request);
    expect(fd, status, NULL);
    (void)close(fd);
    expect_done();
    assert_int_equal(t.handled, handled);
}

static void too_much_is_refused(void **state)
{
    struct buf q;
    (void)state;
    buf_init(&q, (size_t)64 << 20);
    head_of(&q, "/sink", MOST + 1, "");
    refused(413, buf_text(&q));
    buf_clear(&q);
    head_of(&q, "/sink", SIZE_MAX, "Transfer-Encoding: chunked\r\n");
    buf_printf(&q, "%x\r\n", MOST + 1);
    buf_add(&q, text_make(t.bytes, SENT));
    buf_add(&q, text_make(t.bytes, MOST + 1 - SENT));
    refused(413, buf_text(&q));
    buf_done(&q);
}

static void a_sink_can_refuse(void **state)
{
    struct buf q;
    (void)state;
    buf_init(&q, (size_t)64 << 20);
    for (int i = 0; i < 2; i++) {
        t.fails_at = i ? SENT : 1;
        buf_clear(&q);
        head_of(&q, "/sink", SENT, "");
        buf_add(&q, text_make(t.bytes, i ? SENT : 600000));
        refused(507, buf_text(&q));
    }
    t.fails_at = 0;
    buf_done(&q);
}

static void what_breaks_off_ends_its_sink(void **state)
{
    struct buf q;
    (void)state;
    buf_init(&q, (size_t)64 << 20);
    int begun = t.begun;
    int handled = t.handled;
    for (int i = 0; i < 2; i++) {
        buf_clear(&q);
        head_of(&q, "/sink", i ? SENT : SIZE_MAX, i ? "" : "Transfer-Encoding: chunked\r\n");
        buf_add(&q, i ? text_make(t.bytes, 1000000) : T("5\r\nabc"));
        int fd = kit_connect(&t.kit);
        kit_send(fd, buf_text(&q));
        (void)close(fd);
        for (int k = 0; k < 500 && t.begun == begun + i; k++) {
            (void)usleep(10000);
        }
        assert_int_equal(t.begun, begun + i + 1);
        expect_done();
    }
    assert_int_equal(t.handled, handled);
    buf_done(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_arrive_whole),  cmocka_unit_test(content_codings_stay),
        cmocka_unit_test(others_are_collected), cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(a_sink_can_refuse),    cmocka_unit_test(what_breaks_off_ends_its_sink),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
