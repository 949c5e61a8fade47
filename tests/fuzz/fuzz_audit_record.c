/* A record of the journal, first as it comes, then with its length and checksum made to fit. */
#include "audit/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

static void try_record(char *bytes, size_t n)
{
    struct record r;
    struct leaf l;
    if (record_read(text_make(bytes, n), &r) != NULL) {
        return;
    }
    CHECK(r.data.n == LEAF_SIZE && r.line.n <= RECORD_LINE_MAX);
    if (leaf_read(r.data, &l)) {
        char data[LEAF_SIZE];
        leaf_write(&l, data);
        CHECK(text_eq(text_make(data, sizeof data), r.data));
    }
    if (!(r.flags & RECORD_ERASED)) {
        char *again = malloc(n);
        CHECK(again && record_write(&r, again) == n && memcmp(again, bytes, n) == 0);
        free(again);
    }
    record_erase(bytes, n);
    CHECK(record_read(text_make(bytes, n), &r) == NULL && r.flags & RECORD_ERASED && !r.line.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *copy = malloc(n ? n : 1);
    CHECK(copy);
    memcpy(copy, data, n);
    CHECK(record_length(text_make(copy, n)) <= RECORD_MAX);
    try_record(copy, n);
    memcpy(copy, data, n);
    if (n >= RECORD_HEAD) {
        put32(copy, (uint32_t)n);
        put32(copy + 4, crc_of(text_make(copy + 8, n - 8)));
        try_record(copy, n);
    }
    free(copy);
    return 0;
}
