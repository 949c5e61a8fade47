/* What the targets of a locality share: a check that ends the run, and a key that signs. */
#ifndef KITH_TESTS_FUZZ_KIT_H
#define KITH_TESTS_FUZZ_KIT_H

#include "audit/note.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

/* Made once; `name` is a constant, the same at each call. */
static inline struct note_signer *known_signer(text name)
{
    static struct note_signer *signer;
    struct buf key;
    struct err e;
    if (!signer) {
        buf_init(&key, 4096);
        CHECK(note_signer_make(name, &key, &e) == 0);
        CHECK(note_signer_read(buf_text(&key), &signer, &e) == 0);
        buf_done(&key);
    }
    return signer;
}

#endif
