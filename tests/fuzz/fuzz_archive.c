/*
 * Bytes from outside as a .tgz: what is refused has a reason; what is handed out has a name that
 * stays where it is and no more bytes than allowed. What is no gzip is packed first, so that the
 * tar is reached past the checksum.
 */
#include "base/buf.h"
#include "format/archive.h"

#include <stdlib.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static const struct archive_limits limits = {
    .files = 100, .file_bytes = 1 << 20, .all_bytes = 32 << 20, .ratio = 50};

struct seen {
    size_t files;
    uint64_t bytes;
};

static int visit(void *context, text name, text bytes, struct err *e)
{
    struct seen *seen = context;
    text part;
    (void)e;
    CHECK(name.n && name.n <= ARCHIVE_NAME_MAX && name.p[0] != '/');
    while (text_cut(&name, '/', &part)) {
        CHECK(part.n && !text_eq(part, T(".")) && !text_eq(part, T("..")));
    }
    CHECK(++seen->files <= limits.files && bytes.n <= limits.file_bytes);
    seen->bytes += bytes.n;
    for (size_t i = 0; i < bytes.n; i++) {
        seen->bytes += bytes.p[i] == '\0' ? 0 : 1; /* every byte is there to be read */
    }
    return 0;
}

static void check(text bytes)
{
    struct seen seen = {0};
    struct err e = {0};
    int rc = archive_visit_bytes(bytes, &limits, visit, &seen, &e);
    CHECK(rc == e.code && (rc == 0) == (e.detail[0] == '\0'));
    CHECK(seen.bytes <= 2 * limits.all_bytes);
}

static void pack(text bytes, struct buf *out)
{
    z_stream z = {0};
    CHECK(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t room = deflateBound(&z, bytes.n);
    char *to = buf_reserve(out, room);
    CHECK(to);
    z.next_in = (Bytef *)(uintptr_t)bytes.p;
    z.avail_in = (unsigned)bytes.n;
    z.next_out = (Bytef *)to;
    z.avail_out = (unsigned)room;
    CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out->n += z.total_out;
    (void)deflateEnd(&z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    text bytes = {(const char *)data, n};
    struct buf packed;
    if (n > 256UL * 1024) {
        return 0;
    }
    buf_init(&packed, 1 << 20);
    if (!text_starts(bytes, T("\x1F\x8B"))) {
        pack(bytes, &packed);
        bytes = buf_text(&packed);
    }
    check(bytes);
    buf_done(&packed);
    return 0;
}
