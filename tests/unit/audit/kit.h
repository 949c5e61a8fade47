/* What the tests of the access log share. */
#ifndef KITH_TESTS_AUDIT_KIT_H
#define KITH_TESTS_AUDIT_KIT_H

#include "audit/audit.h"
#include "audit/verify.h"
#include "audit/watch.h"
#include "base/arena.h"

#define KIT_ORIGIN "kith.test/log/Y1"

/* A new folder below TMPDIR, its name NUL-terminated into out. */
void kit_folder(char out[128]);
void kit_remove(const char *folder);
/* Copies all files below a folder to another, which is emptied before. */
void kit_copy(const char *from, const char *to);
text kit_load(const char *folder, const char *name, struct arena *a);
void kit_save(const char *folder, const char *name, text bytes);

struct audit *kit_open(const char *folder, bool writes);
/* The i-th of a series of events about one of `patients` patients, or none. */
struct audit_event kit_event(uint64_t i, unsigned patients, char id[16]);
/* Appends so many, in small batches, waits for all, with a checkpoint now and then. */
void kit_fill(struct audit *a, uint64_t from, uint64_t count, unsigned patients);

int kit_verify(const char *folder, struct err *e);

/* A test's own log in a folder of its own. */
struct kit_log {
    char folder[128];
    struct arena arena;
    struct audit *log;
    struct err e;
};
int kit_setup(void **state);
int kit_teardown(void **state);

/* In a test with a `struct kit_log *f`, and cmocka. */
#define KIT_GOOD(call)                                  \
    do {                                                \
        if ((call) != 0) {                              \
            fail_msg("%s: %s", #call, err_text(&f->e)); \
        }                                               \
    } while (0)

#endif
