/*
 * A pattern, a subject and a substitution, each ended by a line's end: what is refused has a
 * reason, and nothing takes more than its budget.
 */
#include "fhir/path_regex.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { BYTES_MAX = 8 * 1024, MEMORY = 64 * 1024 * 1024, WORK = 200 * 1000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct err e = {0};
    text rest = {(const char *)data, n};
    text pattern = {0};
    text subject = {0};
    text with = {0};
    text made = {0};
    bool does = false;
    if (n > BYTES_MAX || !n) {
        return 0;
    }
    (void)text_cut(&rest, '\n', &pattern);
    (void)text_cut(&rest, '\n', &subject);
    (void)text_cut(&rest, '\n', &with);
    arena_init(&a, MEMORY);
    for (int whole = 0; whole < 2; whole++) {
        struct path_regex r = {.pattern = pattern, .work_left = WORK};
        int code = path_regex_matches(&r, subject, whole, &does, &e);
        CHECK(!code || (code == e.code && e.detail[0]));
        CHECK(r.work_left <= WORK);
    }
    struct path_regex r = {.pattern = pattern, .work_left = WORK};
    int code = path_regex_replace(&r, subject, with, &a, &made, &e);
    CHECK(code ? code == e.code && e.detail[0] : made.n <= PATH_REGEX_RESULT_MAX);
    arena_done(&a);
    return 0;
}
