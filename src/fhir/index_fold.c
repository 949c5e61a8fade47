#include "fhir/index.h"

#include <utf8proc.h>

/* What a character becomes beyond its case: a letter, a space between words, or nothing. */
enum fold_class { FOLD_KEEP, FOLD_SPACE, FOLD_DROP };

struct folder {
    char *out;
    size_t n;
    size_t room;
    bool space; /* one is due before the next letter */
};

static const uint8_t ascii_class[128] = {
    /* 0x00 .. 0x1F are spaces, apostrophes and full stops vanish, other punctuation parts words */
    FOLD_SPACE,         FOLD_SPACE,          FOLD_SPACE,         FOLD_SPACE,
    FOLD_SPACE,         FOLD_SPACE,          FOLD_SPACE,         FOLD_SPACE,
    FOLD_SPACE,         FOLD_SPACE,          FOLD_SPACE,         FOLD_SPACE,
    FOLD_SPACE,         FOLD_SPACE,          FOLD_SPACE,         FOLD_SPACE,
    FOLD_SPACE,         FOLD_SPACE,          FOLD_SPACE,         FOLD_SPACE,
    FOLD_SPACE,         FOLD_SPACE,          FOLD_SPACE,         FOLD_SPACE,
    FOLD_SPACE,         FOLD_SPACE,          FOLD_SPACE,         FOLD_SPACE,
    FOLD_SPACE,         FOLD_SPACE,          FOLD_SPACE,         FOLD_SPACE,
    [' '] = FOLD_SPACE, ['!'] = FOLD_SPACE,  ['"'] = FOLD_SPACE, ['\''] = FOLD_DROP,
    ['`'] = FOLD_DROP,  ['('] = FOLD_SPACE,  [')'] = FOLD_SPACE, ['*'] = FOLD_SPACE,
    [','] = FOLD_SPACE, ['-'] = FOLD_SPACE,  ['.'] = FOLD_DROP,  ['/'] = FOLD_SPACE,
    [':'] = FOLD_SPACE, [';'] = FOLD_SPACE,  ['?'] = FOLD_SPACE, ['['] = FOLD_SPACE,
    [']'] = FOLD_SPACE, ['{'] = FOLD_SPACE,  ['}'] = FOLD_SPACE, ['\\'] = FOLD_SPACE,
    ['_'] = FOLD_SPACE, [0x7F] = FOLD_SPACE,
};

/* Letters that Unicode does not take apart but people write without their stroke. */
static const struct {
    int32_t from;
    const char *to;
} fold_letters[] = {
    {0x00E6, "ae"}, {0x00F0, "d"}, {0x00F8, "o"},  {0x00FE, "th"}, {0x0111, "d"}, {0x0127, "h"},
    {0x0131, "i"},  {0x0142, "l"}, {0x0153, "oe"}, {0x0167, "t"},  {0x0180, "b"}, {0x0268, "i"},
};

static bool folder_room(struct folder *f, size_t n, struct arena *a)
{
    if (f->room - f->n >= n) {
        return true;
    }
    size_t room = f->room * 2 + n;
    char *more = arena_alloc(a, room);
    if (!more) {
        return false;
    }
    if (f->n) {
        memcpy(more, f->out, f->n);
    }
    f->out = more;
    f->room = room;
    return true;
}

/* The caller has made room for n + 1 bytes. */
static void folder_put(struct folder *f, const char *p, size_t n)
{
    if (f->space && f->n) {
        f->out[f->n++] = ' ';
    }
    f->space = false;
    memcpy(f->out + f->n, p, n);
    f->n += n;
}

static inline void fold_ascii(struct folder *f, char c)
{
    switch (ascii_class[(unsigned char)c]) {
    case FOLD_SPACE:
        f->space = true;
        break;
    case FOLD_DROP:
        break;
    default:
        if (f->space && f->n) {
            f->out[f->n++] = ' ';
        }
        f->space = false;
        f->out[f->n++] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
}

/* The ASCII characters that t begins with; how many. They take at most a byte each, and one. */
static size_t fold_ascii_run(struct folder *f, text t)
{
    size_t i = 0;
    for (; i < t.n && (unsigned char)t.p[i] < 0x80; i++) {
        fold_ascii(f, t.p[i]);
    }
    return i;
}

static enum fold_class fold_class_of(int32_t c)
{
    if (c == 0x2019 || c == 0x2018 || c == 0x02BC || c == 0x02B9 || c == 0x00B4 || c == 0x2032) {
        return FOLD_DROP; /* the apostrophes of O'Brien */
    }
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
        return FOLD_SPACE;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
        return FOLD_DROP;
    default:
        return FOLD_KEEP;
    }
}

static void fold_put_code_point(struct folder *f, int32_t c)
{
    for (size_t i = 0; i < sizeof(fold_letters) / sizeof(fold_letters[0]); i++) {
        if (fold_letters[i].from == c) {
            folder_put(f, fold_letters[i].to, strlen(fold_letters[i].to));
            return;
        }
    }
    unsigned char bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char(c, bytes);
    folder_put(f, (const char *)bytes, n > 0 ? (size_t)n : 0);
}

enum { EXPANSION_MAX = 64 }; /* code points of one that is taken apart; Unicode's longest has 18 */

static bool fold_wide(struct folder *f, int32_t c, struct arena *a)
{
    static const utf8proc_option_t options =
        (utf8proc_option_t)(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                            UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
    int32_t parts[EXPANSION_MAX];
    int boundary = 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, EXPANSION_MAX, options, &boundary);
    if (count < 0 || count > EXPANSION_MAX) {
        return true;
    }
    if (!folder_room(f, (size_t)count * 5 + 5, a)) {
        return false;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        if (parts[i] < 0x80) {
            fold_ascii(f, (char)parts[i]);
            continue;
        }
        switch (fold_class_of(parts[i])) {
        case FOLD_SPACE:
            f->space = true;
            break;
        case FOLD_DROP:
            break;
        case FOLD_KEEP:
            fold_put_code_point(f, parts[i]);
        }
    }
    return true;
}

text index_fold(text value, struct arena *a)
{
    struct folder f = {0};
    if (!folder_room(&f, value.n + 1, a)) {
        return (text){0};
    }
    for (size_t i = 0; i < value.n;) {
        if ((unsigned char)value.p[i] < 0x80) {
            if (!folder_room(&f, value.n - i + 1, a)) {
                return (text){0};
            }
            i += fold_ascii_run(&f, text_from(value, i));
            continue;
        }
        int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const unsigned char *)value.p + i,
                                              (utf8proc_ssize_t)(value.n - i), &c);
        if (n <= 0) {
            i++; /* not UTF-8: whoever read the text should have refused it */
            continue;
        }
        i += (size_t)n;
        if (!fold_wide(&f, c, a)) {
            return (text){0};
        }
    }
    return text_make(f.out, f.n);
}
