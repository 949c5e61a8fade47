/* The index of the words of terms. */
#include "fhir/codes_int.h"
#include "fhir/index.h"

#include <stdlib.h>

/* --- the index ----------------------------------------------------------------------------- */

static int add_term(struct codes_build *b, text term, uint32_t number, struct arena *a)
{
    text rest = index_fold(term, a), word;
    int failed = rest.p ? 0 : ERR_MEMORY;
    while (!failed && text_cut(&rest, ' ', &word)) {
        uint32_t row[2] = {0, number};
        if (word.n) {
            failed = codes_texts_put(&b->words, word, &row[0]);
            failed = failed ? failed : codes_rows_add(&b->word_postings, row, 2);
        }
    }
    return failed;
}

/* Every term of every concept; one that is the display again is not counted twice. */
static int add_terms(struct codes_build *b, struct codes_image *image)
{
    const struct codes_concept_row *rows = (const void *)b->concepts.p;
    const uint32_t *at = image->section[CODES_DESIGNATION_AT].p;
    const struct codes_designation_row *designations = image->section[CODES_DESIGNATION].p;
    struct arena a;
    int failed = 0;
    arena_init(&a, (size_t)1 << 28);
    for (uint32_t c = 0; !failed && c < codes_build_count(b); c++) {
        uint32_t number = c + at[c];
        failed = add_term(b, codes_texts_get(&b->texts, rows[c].display), number, &a);
        for (uint32_t i = at[c]; !failed && i < at[c + 1]; i++) {
            number++;
            if (designations[i].value != rows[c].display) {
                failed = add_term(b, codes_texts_get(&b->texts, designations[i].value), number, &a);
            }
        }
        arena_reset(&a);
    }
    arena_done(&a);
    return failed;
}

static int by_bytes(const void *x, const void *y, void *context)
{
    const struct codes_build *b = context;
    const uint32_t *i = x, *k = y;
    return text_cmp(codes_texts_get(&b->words, *i), codes_texts_get(&b->words, *k));
}

/* The words in the order of their bytes: order[new] is the old number. */
static int write_words(struct codes_build *b, struct codes_image *image, uint32_t *order)
{
    size_t n = b->words.n;
    char *heap = codes_image_room(image, CODES_WORD_HEAP, b->words.heap_n);
    uint32_t *at = codes_image_room(image, CODES_WORD_AT, n + 1);
    uint32_t end = 0;
    if (!heap || !at) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        order[i] = (uint32_t)i;
    }
    qsort_r(order, n, sizeof *order, by_bytes, b);
    for (size_t i = 0; i < n; i++) {
        text word = codes_texts_get(&b->words, order[i]);
        at[i] = end;
        memcpy(heap + end, word.p, word.n);
        end += (uint32_t)word.n;
    }
    at[n] = end;
    return 0;
}

static int write_postings(struct codes_build *b, struct codes_image *image, const uint32_t *order)
{
    size_t words = b->words.n, count = b->word_postings.n / 2, n = 0;
    uint32_t *at = codes_image_room(image, CODES_POSTING_AT, words + 1);
    uint32_t *list = codes_image_room(image, CODES_POSTING, count);
    uint32_t *old_at = malloc((words + 1) * sizeof *old_at);
    uint32_t *old = malloc((count + 1) * sizeof *old);
    bool failed = !at || !list || !old_at || !old || count > UINT32_MAX;
    if (!failed) {
        codes_group(b->word_postings.p, count, 2, words, old_at, old);
        for (size_t i = 0; i < words; i++) {
            uint32_t begin = old_at[order[i]], end = old_at[order[i] + 1];
            for (uint32_t k = begin; k < end; k++) {
                if (k == begin || old[k] != old[k - 1]) {
                    list[n++] = old[k];
                }
            }
            at[i + 1] = (uint32_t)n;
        }
        image->header.section[CODES_POSTING].n = n;
    }
    free(old_at);
    free(old);
    return failed ? ERR_MEMORY : 0;
}

int codes_words_make(struct codes_build *b, struct codes_image *image)
{
    codes_texts_done(&b->words);
    codes_texts_init(&b->words);
    b->word_postings.n = 0;
    int failed = add_terms(b, image);
    uint32_t *order = failed ? NULL : malloc((b->words.n + 1) * sizeof *order);
    failed = failed || order ? failed : ERR_MEMORY;
    failed = failed ? failed : write_words(b, image, order);
    failed = failed ? failed : write_postings(b, image, order);
    free(order);
    codes_texts_done(&b->words);
    free(b->word_postings.p);
    b->word_postings = (struct codes_rows){0};
    return failed;
}
