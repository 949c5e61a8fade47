/* A store in a temporary folder, with short ways to write and read it. */
#ifndef KITH_TESTS_STORE_BENCH_H
#define KITH_TESTS_STORE_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"

struct bench {
    char dir[256];
    unsigned name_bits;
    size_t facets_max;
    struct store *s;
    struct arena a;
    struct err e;
    const struct grant *all;
};

/* cmocka set-up and tear-down: *state is a struct bench. */
int bench_up(void **state);
int bench_up_colliding(void **state); /* names collide: 4 bits */
int bench_down(void **state);
void bench_open(struct bench *b);
void bench_close(struct bench *b);
void bench_make_folder(struct bench *b);
void bench_remove_folder(const struct bench *b);

/* A write of the JSON, printf-like. */
__attribute__((format(printf, 2, 3))) struct write bench_write(struct bench *b, const char *format,
                                                               ...);
int bench_commit(struct bench *b, struct write *writes, size_t count);
/* Stores one resource; it must succeed. Returns the write as settled. */
__attribute__((format(printf, 2, 3))) struct write bench_put(struct bench *b, const char *format,
                                                             ...);
struct write bench_delete(struct bench *b, const char *type, const char *id);
int bench_read(struct bench *b, const char *type, const char *id, struct version *ret);
int bench_vread(struct bench *b, const char *type, const char *id, uint64_t vid,
                struct version *ret);
struct versions bench_history(struct bench *b, const char *type, const char *id, uint64_t *total);
/* Ids of all matches in order, page by page of `count`, separated by spaces. */
const char *bench_search(struct bench *b, const struct plan *plan, size_t count);
/* Findings of store_check(); `seen` (may be NULL) gets the invariants, "I3 I7 ". */
uint64_t bench_check(struct bench *b, char *seen, size_t room);
/* The first number that a query gives, read beside the store. */
int64_t bench_number(const struct bench *b, const char *sql);
/* Until the full text has all current versions. */
void bench_wait_for_words(struct bench *b);
uint16_t bench_param(const char *type, const char *name);

#endif
