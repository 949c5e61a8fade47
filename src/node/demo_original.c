#include "node/demo_original.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <zlib.h>

static int no_memory(struct err *e)
{
    return err_set(e, ERR_MEMORY, "no memory");
}

/* --- PDF ------------------------------------------------------------------------------------ */

enum { OBJECTS = 5, CONTENT_MOST = 16 * 1024, LINE_MOST = 88 };

/* The first character of *t, which is taken off, in WinAnsi: of one that it lacks the letter
 * without its marks, else a question mark. */
static char take_character(text *t)
{
    utf8proc_int32_t code = 0;
    utf8proc_int32_t parts[4];
    int class = 0;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)t->p, (utf8proc_ssize_t)t->n, &code);
    *t = text_from(*t, n > 0 ? (size_t)n : 1);
    if (n <= 0) {
        return '?';
    }
    if (code == 0x141 || code == 0x142) { /* a stroke is no mark of Unicode's */
        return code == 0x141 ? 'L' : 'l';
    }
    if (code > 0xFF && utf8proc_decompose_char(code, parts, 4, UTF8PROC_DECOMPOSE, &class) > 0) {
        code = parts[0];
    }
    return code <= 0xFF ? (char)code : '?';
}

static void put_string(struct buf *out, text t)
{
    buf_addc(out, '(');
    while (t.n) {
        char c = take_character(&t);
        if (c == '(' || c == ')' || c == '\\') {
            buf_addc(out, '\\');
        }
        buf_addc(out, c);
    }
    buf_addc(out, ')');
}

/* The next piece of a line: up to the last space that fits. */
static text take_piece(text *line)
{
    size_t end = line->n;
    if (end > LINE_MOST) {
        end = LINE_MOST;
        while (end > 1 && line->p[end] != ' ') {
            end--;
        }
    }
    text piece = text_first(*line, end);
    *line = text_from(*line, end + (end < line->n));
    return piece;
}

static void put_content(const char *heading, text lines, struct buf *out)
{
    text line;
    buf_add(out, T("BT /F1 16 Tf 56 780 Td "));
    put_string(out, text_of(heading));
    buf_add(out, T(" Tj /F1 11 Tf 0 -30 Td 15 TL\n"));
    while (text_cut(&lines, '\n', &line)) {
        do {
            put_string(out, take_piece(&line));
            buf_add(out, T(" Tj T*\n"));
        } while (line.n);
    }
    buf_add(out, T("ET\n"));
}

int original_pdf(const char *heading, text lines, struct buf *out, struct err *e)
{
    static const char *const objects[OBJECTS] = {
        "<< /Type /Catalog /Pages 2 0 R /Lang (en-GB) >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        "/Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        NULL,
    };
    size_t places[OBJECTS];
    struct buf content;
    buf_init(&content, CONTENT_MOST);
    put_content(heading, lines, &content);
    size_t start = out->n;
    buf_add(out, T("%PDF-1.4\n%\xE2\xE3\xCF\xD3\n"));
    for (size_t i = 0; i < OBJECTS; i++) {
        places[i] = out->n - start;
        buf_printf(out, "%zu 0 obj\n", i + 1);
        if (objects[i]) {
            buf_add(out, text_of(objects[i]));
        } else {
            buf_printf(out, "<< /Length %zu >>\nstream\n", content.n);
            buf_add(out, buf_text(&content));
            buf_add(out, T("endstream"));
        }
        buf_add(out, T("\nendobj\n"));
    }
    size_t table = out->n - start;
    buf_printf(out, "xref\n0 %d\n0000000000 65535 f \n", OBJECTS + 1);
    for (size_t i = 0; i < OBJECTS; i++) {
        buf_printf(out, "%010zu 00000 n \n", places[i]);
    }
    buf_printf(out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", OBJECTS + 1,
               table);
    bool failed = buf_failed(&content) || buf_failed(out);
    buf_done(&content);
    return failed ? no_memory(e) : 0;
}

/* --- PNG ------------------------------------------------------------------------------------ */

enum {
    WIDTH = 800,
    HEIGHT = 240,
    ROW = WIDTH / 4 + 1, /* two bits a point, behind the filter of the row */
    SQUARE = 20,         /* of the paper */
    BEAT = 160,          /* points from one beat to the next */
    BASELINE = 150,
    WHITE = 3,
    GREY = 2,
    BLACK = 0,
};

static void put_u32(struct buf *out, uint32_t n)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        buf_addc(out, (char)(n >> shift & 0xFF));
    }
}

static void put_chunk(struct buf *out, const char *type, text data)
{
    uLong sum = crc32(0, (const Bytef *)type, 4);
    sum = data.n ? crc32(sum, (const Bytef *)data.p, (uInt)data.n) : sum;
    put_u32(out, (uint32_t)data.n);
    buf_add(out, text_make(type, 4));
    buf_add(out, data);
    put_u32(out, (uint32_t)sum);
}

static void set_point(unsigned char *rows, int x, int y, unsigned grey)
{
    if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT) {
        unsigned char *at = &rows[y * ROW + 1 + x / 4];
        unsigned shift = 6 - 2 * (unsigned)(x % 4);
        *at = (unsigned char)((*at & ~(3u << shift)) | grey << shift);
    }
}

/* P, Q, R, S and T: each a bump of its own width and height (points up) around its place. */
static int height_at(int x)
{
    static const struct {
        double at, width, up;
    } waves[] = {{30, 8, 14}, {52, 3, -12}, {58, 4, 110}, {65, 4, -26}, {100, 14, 28}};
    double up = 0;
    for (size_t i = 0; i < sizeof waves / sizeof *waves; i++) {
        double away = (x % BEAT - waves[i].at) / waves[i].width;
        up += waves[i].up * exp(-away * away);
    }
    return BASELINE - (int)lround(up);
}

static void draw(unsigned char *rows)
{
    for (int y = 0; y < HEIGHT; y++) {
        memset(rows + y * ROW, 0xFF, ROW);
        rows[y * ROW] = 0; /* no filter */
        for (int x = 0; x < WIDTH; x++) {
            set_point(rows, x, y, x % SQUARE == 0 || y % SQUARE == 0 ? GREY : WHITE);
        }
    }
    for (int x = 1; x < WIDTH; x++) {
        int from = height_at(x - 1);
        int to = height_at(x);
        int step = from < to ? 1 : -1;
        for (int y = from; y != to + step; y += step) {
            set_point(rows, x, y, BLACK);
            set_point(rows, x, y + 1, BLACK);
        }
    }
}

int original_png(struct buf *out, struct err *e)
{
    static const char signature[] = "\x89PNG\r\n\x1A\n";
    static const char head[] = {0, 0, WIDTH >> 8, WIDTH & 0xFF, 0, 0, 0, (char)HEIGHT, 2, 0,
                                0, 0, 0};
    uLongf n = compressBound(ROW * HEIGHT);
    unsigned char *rows = malloc(ROW * HEIGHT);
    unsigned char *packed = malloc(n);
    int rc = rows && packed ? 0 : no_memory(e);
    if (!rc) {
        draw(rows);
        rc = compress2(packed, &n, rows, ROW * HEIGHT, Z_BEST_COMPRESSION) == Z_OK ? 0
                                                                                   : no_memory(e);
    }
    if (!rc) {
        buf_add(out, text_make(signature, sizeof signature - 1));
        put_chunk(out, "IHDR", text_make(head, sizeof head));
        put_chunk(out, "IDAT", text_make((const char *)packed, n));
        put_chunk(out, "IEND", (text){0});
        rc = buf_failed(out) ? no_memory(e) : 0;
    }
    free(rows);
    free(packed);
    return rc;
}
