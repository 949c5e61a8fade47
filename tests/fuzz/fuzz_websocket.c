/*
 * What a client sends as frames: whatever the bytes are, a frame lies within them, keeps the rules
 * of RFC 6455, and is the same when its bytes come one by one; what a frame is made of comes back.
 */
#include "net/websocket.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { MOST = 4096, INPUT_MOST = 16384 };

static void check_frame(const struct ws_frame *f, const char *in, size_t taken)
{
    bool control = f->opcode & 8;
    CHECK(taken >= 6 && f->payload.n <= MOST && f->payload.n + 6 <= taken);
    CHECK(f->payload.p >= in && f->payload.p + f->payload.n == in + taken);
    CHECK(!control || (f->last && f->payload.n <= WS_CONTROL_MAX));
    CHECK(f->opcode <= WS_BINARY || (f->opcode >= WS_CLOSE && f->opcode <= WS_PONG));
}

/* With fewer bytes it is never another frame. */
static void check_slowly(const char *bytes, size_t taken, enum ws_result whole)
{
    char *part = malloc(taken + 1);
    CHECK(part);
    for (size_t i = 0; i < taken && i < 64; i++) {
        struct ws_frame f;
        size_t used = 0;
        int why = 0;
        memcpy(part, bytes, i);
        enum ws_result r = ws_read(part, i, MOST, &f, &used, &why);
        CHECK(whole == WS_FRAME ? r == WS_MORE : r != WS_FRAME);
    }
    free(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    n = n < INPUT_MOST ? n : INPUT_MOST;
    char *in = malloc(n + 1);
    char *original = malloc(n + 1);
    CHECK(in && original);
    memcpy(in, data, n);
    memcpy(original, data, n);
    size_t at = 0;
    enum ws_result r = WS_FRAME;
    while (r == WS_FRAME && at < n) {
        struct ws_frame f;
        size_t taken = 0;
        int why = 0;
        r = ws_read(in + at, n - at, MOST, &f, &taken, &why);
        if (r == WS_FRAME) {
            check_frame(&f, in + at, taken);
            check_slowly(original + at, taken, r);
            at += taken;
        } else {
            CHECK(r == WS_MORE || why == WS_PROTOCOL || why == WS_TOO_LARGE);
        }
    }
    struct buf out;
    buf_init(&out, INPUT_MOST + WS_HEAD_MAX);
    ws_print(WS_TEXT, text_make((const char *)data, n), &out);
    CHECK(!buf_failed(&out) && out.n >= n + 2 && out.n <= n + 10);
    CHECK(n == 0 || memcmp(out.p + out.n - n, data, n) == 0);
    buf_done(&out);
    free(in);
    free(original);
    return 0;
}
