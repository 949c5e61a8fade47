/* The image's room, its lists, its bytes. */
#include "fhir/codes_int.h"

#include <stdlib.h>

void *codes_image_room(struct codes_image *image, enum codes_section s, size_t n)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, codes_row_size[s], &bytes)) {
        return NULL;
    }
    free(image->section[s].own);
    image->section[s].own = calloc(bytes ? bytes : 1, 1);
    image->section[s].p = image->section[s].own;
    image->header.section[s].n = n;
    return image->section[s].own;
}

void codes_image_done(struct codes_image *image)
{
    for (size_t s = 0; s < CODES_SECTIONS; s++) {
        free(image->section[s].own);
        image->section[s].own = NULL;
    }
}

void codes_group(const uint32_t *rows, size_t count, size_t width, size_t keys, uint32_t *ret_at,
                 uint32_t *ret_rows)
{
    memset(ret_at, 0, (keys + 1) * sizeof *ret_at);
    for (size_t i = 0; i < count; i++) {
        ret_at[rows[i * width] + 1]++;
    }
    for (size_t k = 0; k < keys; k++) {
        ret_at[k + 1] += ret_at[k];
    }
    /* Each row goes to where its key's next one does; then every beginning has become an end. */
    for (size_t i = 0; i < count; i++) {
        uint32_t to = ret_at[rows[i * width]]++;
        memcpy(ret_rows + (size_t)to * (width - 1), rows + i * width + 1,
               (width - 1) * sizeof *rows);
    }
    memmove(ret_at + 1, ret_at, keys * sizeof *ret_at);
    ret_at[0] = 0;
}

/* Lists that ascend, with each number once. Returns how many are left. */
static size_t drop_repeated(uint32_t *at, size_t keys, uint32_t *list)
{
    size_t n = 0;
    uint32_t begin = 0;
    for (size_t k = 0; k < keys; k++) {
        uint32_t end = at[k + 1];
        for (uint32_t i = begin; i < end; i++) {
            if (i == begin || list[i] != list[i - 1]) {
                /* What is written is never behind what is read. */
                uint32_t number = list[i];
                list[n] = number;
                n++;
            }
        }
        begin = end;
        at[k + 1] = (uint32_t)n;
    }
    return n;
}

int codes_group_pairs(struct codes_image *image, enum codes_section at, const uint32_t *pairs,
                      size_t count, size_t below)
{
    enum codes_section list = (enum codes_section)(at + 1);
    uint32_t *ret_at = codes_image_room(image, at, below + 1);
    uint32_t *ret_list = codes_image_room(image, list, count);
    uint32_t *swapped = malloc((count * 2 + 1) * sizeof *swapped);
    uint32_t *sorted = malloc((count + 1) * sizeof *sorted);
    if (!ret_at || !ret_list || !swapped || !sorted) {
        free(swapped);
        free(sorted);
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        swapped[i * 2] = pairs[i * 2 + 1];
        swapped[i * 2 + 1] = pairs[i * 2];
    }
    codes_group(swapped, count, 2, below, ret_at, sorted);
    for (size_t value = 0; value < below; value++) {
        for (uint32_t i = ret_at[value]; i < ret_at[value + 1]; i++) {
            swapped[(size_t)i * 2] = sorted[i];
            swapped[(size_t)i * 2 + 1] = (uint32_t)value;
        }
    }
    codes_group(swapped, count, 2, below, ret_at, ret_list);
    image->header.section[list].n = drop_repeated(ret_at, below, ret_list);
    free(swapped);
    free(sorted);
    return 0;
}

int codes_image_write(const struct codes_image *image,
                      int (*write)(void *context, text bytes, struct err *e), void *context,
                      struct err *e)
{
    static const char zeros[8] = {0};
    size_t at = sizeof image->header;
    int failed = write(context, text_make((const char *)&image->header, at), e);
    for (size_t s = 0; !failed && s < CODES_SECTIONS; s++) {
        size_t gap = (size_t)image->header.section[s].at - at;
        size_t bytes = (size_t)image->header.section[s].n * codes_row_size[s];
        failed = gap ? write(context, text_make(zeros, gap), e) : 0;
        if (!failed && bytes) {
            failed = write(context, text_make(image->section[s].p, bytes), e);
        }
        at += gap + bytes;
    }
    return failed;
}
