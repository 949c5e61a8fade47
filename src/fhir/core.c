#include "fhir/core.h"
#include "fhir/core_data.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <zstd.h>

/*
 * The definitions are a constant that is kept small: unpacked when first asked for, by whoever asks
 * first, and then the same for everybody until the program ends. So it may be global.
 */
static _Atomic(const char *) unpacked;
static pthread_mutex_t unpacking = PTHREAD_MUTEX_INITIALIZER;

/* NULL: no memory now; the next call tries again. */
static const char *unpack(void)
{
    const char *text_of_all = atomic_load(&unpacked);
    if (text_of_all) {
        return text_of_all;
    }
    (void)pthread_mutex_lock(&unpacking);
    text_of_all = atomic_load(&unpacked);
    if (!text_of_all) {
        char *memory = malloc(core_size);
        if (memory &&
            ZSTD_decompress(memory, core_size, core_packed, core_packed_size) != core_size) {
            free(memory);
            memory = NULL;
        }
        atomic_store(&unpacked, memory);
        text_of_all = memory;
    }
    (void)pthread_mutex_unlock(&unpacking);
    return text_of_all;
}

struct line {
    text json;
    text type;
    text url;
};

/* Each line starts {"resourceType":"TYPE","url":"URL" and neither has an escape: make_core.c sees
 * to it. */
static struct line line_at(const char *all, size_t at)
{
    struct line line = {.json = {all + core_lines[at], core_lines[at + 1] - core_lines[at] - 1}};
    text rest = text_from(line.json, sizeof "{\"resourceType\":\"" - 1);
    line.type = text_first(rest, text_find(rest, '"'));
    rest = text_from(rest, line.type.n + sizeof "\",\"url\":\"" - 1);
    line.url = text_first(rest, text_find(rest, '"'));
    return line;
}

bool core_find(fhir_type type, text url, text *ret_json)
{
    const char *all = unpack();
    size_t low = 0;
    size_t high = all ? core_line_count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (text_cmp(line_at(all, middle).url, url) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; all && low < core_line_count; low++) {
        struct line line = line_at(all, low);
        if (!text_eq(line.url, url)) {
            return false;
        }
        if (text_eq(line.type, fhir_type_name(type))) {
            *ret_json = line.json;
            return true;
        }
    }
    return false;
}

bool core_next(size_t *at, fhir_type *ret_type, text *ret_url, text *ret_json)
{
    const char *all = unpack();
    if (!all || *at >= core_line_count) {
        return false;
    }
    struct line line = line_at(all, (*at)++);
    *ret_type = fhir_type_of(line.type);
    *ret_url = line.url;
    *ret_json = line.json;
    return true;
}
