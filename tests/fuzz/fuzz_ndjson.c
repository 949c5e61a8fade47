/*
 * A file of lines, as $import reads it: the first byte chooses the size of units and the longest
 * line, the rest is the file. Every line must come once, with its number and its bytes; and reading
 * on from the end of any unit must give the same lines again.
 */
#include "rest/bulk/import.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { FILE_MOST = 1 << 20 };

static int open_file(text bytes)
{
    int fd = memfd_create("ndjson", MFD_CLOEXEC);
    CHECK(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    return fd;
}

/* The line of that number. */
static text line_of(text file, uint64_t number)
{
    text rest = file;
    text line = {0};
    for (uint64_t i = 0; i < number; i++) {
        size_t n = text_find(rest, '\n');
        line = text_first(rest, n);
        CHECK(rest.n);
        rest = text_from(rest, n + 1);
    }
    return line;
}

/* From a place to the end; returns how many lines have something in them. *ret_middle is where
 * some unit ends. */
static size_t read_all(text file, uint64_t offset, uint64_t line, size_t most, size_t unit,
                       struct import_unit *middle)
{
    struct import_source s;
    struct err e = {0};
    size_t found = 0;
    uint64_t last = line;
    struct import_unit *u = calloc(1, sizeof *u);
    CHECK(u);
    buf_init(&u->bytes, (size_t)64 << 20);
    CHECK(import_source_open(&s, open_file(file), offset, line, most, &e) == 0);
    do {
        u->most = unit;
        CHECK(import_source_read(&s, u, &e) == 0);
        for (size_t i = 0; i < u->count; i++) {
            const struct import_line *at = &u->lines[i];
            CHECK(at->number > last);
            last = at->number;
            text is = line_of(file, at->number);
            CHECK(at->bad ? is.n > most : text_eq(is, at->json) && text_trim(is).n);
            found++;
        }
        CHECK(u->end_offset <= file.n && u->end_line >= last);
        if (middle && (found < 200 || middle->end_offset == 0)) {
            middle->end_offset = u->end_offset;
            middle->end_line = u->end_line;
            middle->count = found;
        }
    } while (!u->ends_file);
    CHECK(u->end_offset == file.n);
    import_source_close(&s);
    buf_done(&u->bytes);
    free(u);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    bool gzip = n > 2 && data[1] == 0x1f && data[2] == 0x8b;
    if (n < 2 || n > FILE_MOST || gzip) {
        return 0;
    }
    text file = {(const char *)data + 1, n - 1};
    size_t most = (size_t)data[0] * 64;
    size_t unit = data[0] & 1 ? 5 : UNIT_LINES - 1;
    struct import_unit *middle = calloc(1, sizeof *middle);
    CHECK(middle);
    size_t wanted = 0;
    text rest = file;
    text line;
    while (rest.n && text_cut(&rest, '\n', &line)) {
        wanted += text_trim(line).n != 0;
    }
    CHECK(read_all(file, 0, 0, most, unit, middle) == wanted);
    CHECK(read_all(file, middle->end_offset, middle->end_line, most, unit, NULL) ==
          wanted - middle->count);
    free(middle);
    return 0;
}
