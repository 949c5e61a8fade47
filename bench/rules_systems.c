#include "rules.h"

#include "fhir/codes.h"

#include <stdio.h>

static const text urls[SYSTEMS] = {T("http://snomed.info/sct"), T("http://loinc.org")};

#define IMAGE_MOST ((size_t)2 << 30)
#define FIRST_CODE 900000001U
#define ROOT_CODE "138875005" /* SNOMED CT's own */

/* --- what the samples have ------------------------------------------------------------------- */

static void take_coding(struct codes_build *b, uint32_t root, text url, const yyjson_val *coding)
{
    bool is_new;
    text code = json_text(json_get(coding, T("code")));
    if (code.n && text_eq(json_text(json_get(coding, T("system"))), url)) {
        uint32_t concept = codes_build_concept(b, code, &is_new);
        if (is_new) {
            codes_build_display(b, concept, json_text(json_get(coding, T("display"))));
            codes_build_parent(b, concept, root);
        }
    }
}

static void take_codings(struct codes_build *b, uint32_t root, text url,
                         const struct samples *samples, struct arena *a)
{
    for (size_t i = 0; i < samples->count; i++) {
        yyjson_val *tree;
        struct arena_mark mark = arena_mark(a);
        if (json_read(samples->items[i].json, SAMPLES_DEPTH, a, &tree, NULL) == 0) {
            const yyjson_val *end = json_after(tree);
            for (const yyjson_val *v = tree; v < end; v++) {
                if (json_type(v) == YYJSON_TYPE_OBJ) {
                    take_coding(b, root, url, v);
                }
            }
        }
        arena_rewind(a, mark);
    }
}

/* --- what is invented ------------------------------------------------------------------------ */

static text word_of(uint64_t n, char room[32])
{
    static const char syllables[16][4] = {"ka", "lo", "mi", "nu", "pe", "ra", "so", "ti",
                                          "vu", "za", "be", "do", "fi", "gu", "he", "ja"};
    size_t at = 0;
    for (int i = 0; i < 4; i++, n /= 16) {
        memcpy(room + at, syllables[n % 16], 2);
        at += 2;
    }
    return text_make(room, at);
}

static void invent(struct codes_build *b, uint32_t root, uint64_t count)
{
    bool is_new;
    for (uint64_t i = 0; i < count; i++) {
        char code[32];
        char first[32];
        char second[32];
        char display[128];
        int n = snprintf(code, sizeof code, "%llu", (unsigned long long)(FIRST_CODE + i));
        text one = word_of(i % 9973 * 7, first);
        text two = word_of(i % 4999 * 13, second);
        int m =
            snprintf(display, sizeof display, "%.*s %.*s disorder", TEXT_ARG(one), TEXT_ARG(two));
        uint32_t concept = codes_build_concept(b, text_make(code, (size_t)n), &is_new);
        codes_build_display(b, concept, text_make(display, (size_t)m));
        codes_build_parent(b, concept, root);
    }
}

static int write_image(void *context, text bytes, struct err *e)
{
    struct buf *image = context;
    buf_add(image, bytes);
    return buf_failed(image) ? err_set(e, ERR_MEMORY, "no memory for a code system") : 0;
}

static bool make_one(struct buf *image, text url, uint64_t concepts, const struct samples *samples,
                     struct arena *a)
{
    bool is_new;
    struct err e = {0};
    const struct codes_about about = {.url = url,
                                      .version = T("bench"),
                                      .status = T("active"),
                                      .content = CODES_COMPLETE,
                                      .case_sensitive = true};
    struct codes_build *b = codes_build_begin(&about);
    if (!b) {
        return false;
    }
    uint32_t root = codes_build_concept(b, T(ROOT_CODE), &is_new);
    codes_build_display(b, root, T("everything"));
    take_codings(b, root, url, samples, a);
    invent(b, root, concepts);
    buf_init(image, IMAGE_MOST);
    int rc = codes_build_end(b, true, write_image, image, &e);
    codes_build_drop(b);
    if (rc) {
        fprintf(stderr, "rules: %s\n", err_text(&e));
    }
    return rc == 0;
}

bool systems_make(struct systems *s, uint64_t concepts, const struct samples *samples,
                  struct arena *a)
{
    bool fine = true;
    for (size_t i = 0; fine && i < SYSTEMS; i++) {
        fine = make_one(&s->images[i], urls[i], concepts, samples, a);
    }
    return fine;
}

void systems_done(struct systems *s)
{
    for (size_t i = 0; i < SYSTEMS; i++) {
        buf_done(&s->images[i]);
    }
}

static int find_image(void *context, text system, text version, text *ret_image, struct err *e)
{
    struct systems *s = context;
    (void)e;
    for (size_t i = 0; i < SYSTEMS; i++) {
        if (s->images[i].n && text_eq(system, urls[i]) && version.n == 0) {
            *ret_image = buf_text(&s->images[i]);
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

struct defs_source systems_source(struct systems *s)
{
    return (struct defs_source){.codes = find_image, .context = s};
}
