/* A shared file as somebody sends it. What is taken has five parts, and of the right size. */
#include "rest/links_jwe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {0};
    text jwe = text_make((const char *)data, n);
    arena_init(&a, 1 << 20);
    int rc = jwe_check(jwe, &a, &e);
    CHECK(rc == 0 || (rc == e.code && e.detail[0]));
    if (rc == 0) {
        size_t dots = 0;
        for (size_t i = 0; i < n; i++) {
            dots += data[i] == '.';
        }
        CHECK(dots == 4 && n > 40 + 4);
        CHECK(data[n - 23] == '.'); /* a tag of 22 */
    }
    arena_done(&a);
    return 0;
}
