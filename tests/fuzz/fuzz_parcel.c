/*
 * The manifest of a parcel and the lines in its pieces (locality/parcel.h). The first byte chooses:
 * `m` the text of a manifest, signed here by the right key; `f` the head of a file; else lines.
 */
#include "signer.h"

#include "locality/parcel.h"

#define MEMBER T("kith.care/member/RXX")

/* What is read can be written again, and is then the same, letter by letter. */
static void fuzz_manifest(text in, struct arena *a)
{
    struct buf note, again;
    struct parcel_manifest m;
    struct err e = {0};
    buf_init(&note, 2 * PARCEL_MANIFEST_MAX);
    buf_init(&again, 2 * PARCEL_MANIFEST_MAX);
    if (note_sign(known_signer(MEMBER), in, &note, &e) == 0 &&
        parcel_manifest_read(buf_text(&note), note_signer_key(known_signer(MEMBER)), a, &m, &e) ==
            0) {
        uint64_t sum = 0;
        for (size_t i = 0; i < m.piece_count; i++) {
            CHECK(m.pieces[i].bytes && m.pieces[i].bytes <= PARCEL_PIECE_MAX);
            sum += m.pieces[i].bytes;
        }
        CHECK(sum == m.bytes && m.piece_count <= PARCEL_PIECES_MAX && m.id.n <= PARCEL_ID_MAX);
        CHECK(parcel_manifest_print(&m, known_signer(MEMBER), &again, &e) == 0);
        CHECK(text_eq(buf_text(&note), buf_text(&again)));
    }
    buf_done(&note);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {0};
    text in = text_make((const char *)data + (n ? 1 : 0), n ? n - 1 : 0);
    arena_init(&a, (size_t)64 << 20);
    if (n && data[0] == 'm') {
        fuzz_manifest(in, &a);
    } else if (n && data[0] == 'f') {
        size_t head = 0, note = 0;
        CHECK(parcel_file_read(in, &head, &note, &e) ||
              (head <= PARCEL_FILE_HEAD_MAX && note <= PARCEL_MANIFEST_MAX));
    } else if (n) {
        const struct parcel_manifest m = {.log = T("kith.care/log/Y90001+85f3412d+"
                                                   "AeWxPT6xdyrlyNWGR8YG/Dzyo2zKK6FgIddGh/PcafZh")};
        struct parcel_count count = {0};
        (void)parcel_lines_check(&m, in, &count, &e);
        CHECK(count.versions + count.log_entries <= count.lines);
    }
    arena_done(&a);
    return 0;
}
