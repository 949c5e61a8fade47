#include "net/http_int.h"

#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum {
    CODERS_KEPT = 4,
    OUT_STEP = 16 * 1024,
    RATIO_MAX = 100,
    RATIO_FREE = 1024 * 1024, /* bytes that any input may grow to */
    ZSTD_WINDOW_LOG = 17,     /* 128 kB: enough for resources, little memory a stream */
};

struct coder {
    struct coder *next;
    enum http_coding coding;
    z_stream gzip;
    bool gzip_ready;
    ZSTD_CCtx *zstd;
};

static void coder_free(struct coder *c)
{
    if (c->gzip_ready) {
        deflateEnd(&c->gzip);
    }
    ZSTD_freeCCtx(c->zstd);
    free(c);
}

void coder_free_all(struct coder *c)
{
    while (c) {
        struct coder *next = c->next;
        coder_free(c);
        c = next;
    }
}

static bool coder_prepare(struct coder *c, enum http_coding coding)
{
    c->coding = coding;
    if (coding == CODING_ZSTD) {
        if (!c->zstd) {
            c->zstd = ZSTD_createCCtx();
            return c->zstd &&
                   !ZSTD_isError(ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_compressionLevel, 1)) &&
                   !ZSTD_isError(
                       ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_windowLog, ZSTD_WINDOW_LOG));
        }
        return !ZSTD_isError(ZSTD_CCtx_reset(c->zstd, ZSTD_reset_session_only));
    }
    if (!c->gzip_ready) {
        c->gzip_ready =
            deflateInit2(&c->gzip, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK;
        return c->gzip_ready;
    }
    return deflateReset(&c->gzip) == Z_OK;
}

struct coder *coder_take(struct http_server *s, enum http_coding coding)
{
    pthread_mutex_lock(&s->pool_lock);
    struct coder *c = s->coders;
    if (c) {
        s->coders = c->next;
        s->coder_count--;
    }
    pthread_mutex_unlock(&s->pool_lock);
    if (!c) {
        c = calloc(1, sizeof *c);
    }
    if (c && !coder_prepare(c, coding)) {
        coder_free(c);
        return NULL;
    }
    return c;
}

void coder_give(struct http_server *s, struct coder *c)
{
    pthread_mutex_lock(&s->pool_lock);
    if (s->coder_count < CODERS_KEPT) {
        c->next = s->coders;
        s->coders = c;
        s->coder_count++;
        c = NULL;
    }
    pthread_mutex_unlock(&s->pool_lock);
    if (c) {
        coder_free(c);
    }
}

static bool run_zstd(struct coder *c, text piece, bool last, struct buf *out)
{
    ZSTD_inBuffer in = {piece.p, piece.n, 0};
    for (;;) {
        char *to = buf_reserve(out, OUT_STEP);
        if (!to) {
            return false;
        }
        ZSTD_outBuffer o = {to, OUT_STEP, 0};
        size_t left = ZSTD_compressStream2(c->zstd, &o, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        out->n += o.pos;
        if (ZSTD_isError(left)) {
            return false;
        }
        if (last ? left == 0 : in.pos == in.size) {
            return true;
        }
    }
}

static bool run_gzip(struct coder *c, text piece, bool last, struct buf *out)
{
    union {
        const char *in;
        Bytef *next;
    } from = {piece.p}; /* zlib's type has no const, but it only reads */
    z_stream *z = &c->gzip;
    size_t left = piece.n;
    z->next_in = from.next;
    z->avail_in = 0;
    for (;;) {
        char *to = buf_reserve(out, OUT_STEP);
        if (!to) {
            return false;
        }
        if (z->avail_in == 0) {
            uInt some = left > 0x40000000 ? 0x40000000 : (uInt)left;
            z->avail_in = some;
            left -= some;
        }
        z->next_out = (Bytef *)to;
        z->avail_out = OUT_STEP;
        int r = deflate(z, last && left == 0 ? Z_FINISH : Z_NO_FLUSH);
        out->n += OUT_STEP - z->avail_out;
        if (r == Z_STREAM_ERROR) {
            return false;
        }
        if (last ? r == Z_STREAM_END : z->avail_in == 0 && left == 0 && z->avail_out != 0) {
            return true;
        }
    }
}

bool coder_run(struct coder *c, text piece, bool last, struct buf *out)
{
    return c->coding == CODING_ZSTD ? run_zstd(c, piece, last, out) : run_gzip(c, piece, last, out);
}

static int refuse(struct refusal *ret_why, int code, const char *detail)
{
    *ret_why = (struct refusal){0, code, detail};
    return code;
}

static int inflate_all(z_stream *z, size_t in_n, struct buf *out, bool (*charge)(void *state),
                       void *state, struct refusal *ret_why)
{
    static const char too_large[] =
        "the body without its Content-Encoding is larger than this node takes";
    for (;;) {
        size_t step = out->max - out->n < OUT_STEP ? out->max - out->n : OUT_STEP;
        if (step == 0) {
            return refuse(ret_why, ERR_TOO_LARGE, too_large);
        }
        char *to = buf_reserve(out, step);
        if (!to || !charge(state)) {
            return refuse(ret_why, to ? ERR_BUSY : ERR_MEMORY, "there is no memory for the body");
        }
        z->next_out = (Bytef *)to;
        z->avail_out = (uInt)step;
        int r = inflate(z, Z_NO_FLUSH);
        out->n += step - z->avail_out;
        if (out->n > RATIO_FREE && out->n / RATIO_MAX > in_n) {
            return refuse(ret_why, ERR_TOO_LARGE, "the body is compressed too well to be taken");
        }
        if (r == Z_STREAM_END) {
            if (out->n == out->max) {
                return refuse(ret_why, ERR_TOO_LARGE, too_large);
            }
            return z->avail_in == 0
                       ? 0
                       : refuse(ret_why, ERR_SYNTAX, "bytes stand behind the end of the gzip body");
        }
        if (r != Z_OK || (z->avail_in == 0 && z->avail_out != 0)) {
            return refuse(ret_why, ERR_SYNTAX, "the gzip body is malformed or cut off");
        }
    }
}

int gzip_inflate(text in, struct buf *out, bool (*charge)(void *state), void *state,
                 struct refusal *ret_why)
{
    union {
        const char *in;
        Bytef *next;
    } from = {in.p};
    z_stream z = {.next_in = from.next, .avail_in = (uInt)in.n};
    if (in.n > UINT32_MAX || inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
        return refuse(ret_why, ERR_MEMORY, "there is no memory for the body");
    }
    int r = inflate_all(&z, in.n, out, charge, state, ret_why);
    inflateEnd(&z);
    return r;
}
