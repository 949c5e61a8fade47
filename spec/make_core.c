/*
 * Packs the definitions of spec/core/ into one C file (src/fhir/core_data.h): all lines in the
 * order of url and type, compressed, and where each starts. Run when Kith is built.
 *
 * usage: make_core OUTPUT.c FILE.ndjson...
 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <zstd.h>

enum { LINES_MAX = 20000, BYTES_MAX = 64 << 20, LEVEL = 19 };

struct line {
    text json; /* with its line feed */
    text type;
    text url;
};

struct lines {
    struct line *items;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    const struct line *x = a;
    const struct line *y = b;
    int by_url = text_cmp(x->url, y->url);
    return by_url ? by_url : text_cmp(x->type, y->type);
}

/* What stands between the quotes behind `start`, with which *rest begins. */
static bool take(text *rest, text start, text *ret)
{
    if (!text_starts(*rest, start)) {
        return false;
    }
    *rest = text_from(*rest, start.n);
    *ret = text_first(*rest, text_find(*rest, '"'));
    *rest = text_from(*rest, ret->n);
    return ret->n && text_find(*ret, '\\') == ret->n && rest->n;
}

static bool read_file(const char *name, struct buf *all)
{
    FILE *file = fopen(name, "rb");
    char piece[65536];
    size_t n;
    if (!file) {
        return false;
    }
    while ((n = fread(piece, 1, sizeof piece, file)) > 0) {
        buf_add(all, text_make(piece, n));
    }
    bool fine = !ferror(file) && !buf_failed(all);
    return fclose(file) == 0 && fine;
}

static bool split(text all, struct lines *lines)
{
    while (all.n) {
        struct line *line = &lines->items[lines->count++];
        line->json = text_first(all, text_find(all, '\n') + 1);
        all = text_from(all, line->json.n);
        text rest = line->json;
        if (lines->count == LINES_MAX || !text_ends(line->json, T("}\n")) ||
            !take(&rest, T("{\"resourceType\":\""), &line->type) ||
            !take(&rest, T("\",\"url\":\""), &line->url)) {
            fprintf(stderr, "make_core: not a definition: %.*s\n",
                    TEXT_ARG(text_first(line->json, 80)));
            return false;
        }
    }
    qsort(lines->items, lines->count, sizeof *lines->items, compare);
    for (size_t i = 1; i < lines->count; i++) {
        if (compare(&lines->items[i - 1], &lines->items[i]) == 0) {
            fprintf(stderr, "make_core: twice: %.*s\n", TEXT_ARG(lines->items[i].url));
            return false;
        }
    }
    return true;
}

static bool write_lines(FILE *out, const struct lines *lines, struct buf *sorted)
{
    fprintf(out, "#include \"fhir/core_data.h\"\n\nconst uint32_t core_lines[] = {");
    for (size_t i = 0; i < lines->count; i++) {
        fprintf(out, "%s%zu,", i % 12 ? "" : "\n", sorted->n);
        buf_add(sorted, lines->items[i].json);
    }
    fprintf(out, "%zu};\nconst size_t core_line_count = %zu;\nconst size_t core_size = %zu;\n",
            sorted->n, lines->count, sorted->n);
    return !buf_failed(sorted);
}

static bool write_packed(FILE *out, text sorted)
{
    size_t room = ZSTD_compressBound(sorted.n);
    unsigned char *packed = malloc(room);
    size_t n = packed ? ZSTD_compress(packed, room, sorted.p, sorted.n, LEVEL) : 0;
    if (!packed || ZSTD_isError(n)) {
        free(packed);
        return false;
    }
    fprintf(out, "const size_t core_packed_size = %zu;\nconst unsigned char core_packed[] = {", n);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "%s%u,", i % 24 ? "" : "\n", packed[i]);
    }
    fprintf(out, "};\n");
    free(packed);
    return true;
}

int main(int argc, char **argv)
{
    struct buf all;
    struct buf sorted;
    struct lines lines = {.items = calloc(LINES_MAX, sizeof *lines.items)};
    buf_init(&all, BYTES_MAX);
    buf_init(&sorted, BYTES_MAX);
    FILE *out = argc > 2 ? fopen(argv[1], "wb") : NULL;
    bool fine = out && lines.items;
    for (int i = 2; fine && i < argc; i++) {
        fine = read_file(argv[i], &all);
    }
    fine = fine && split(buf_text(&all), &lines) && write_lines(out, &lines, &sorted) &&
           write_packed(out, buf_text(&sorted));
    fine = out && fclose(out) == 0 && fine;
    if (!fine) {
        fprintf(stderr,
                "usage: make_core OUTPUT.c FILE.ndjson... (all could be read and written)\n");
    }
    free(lines.items);
    buf_done(&sorted);
    buf_done(&all);
    return fine ? 0 : 1;
}
