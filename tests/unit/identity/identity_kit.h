/* A folder with identity.db, and what every test of it needs. */
#ifndef KITH_TESTS_IDENTITY_KIT_H
#define KITH_TESTS_IDENTITY_KIT_H

#include "identity/account_int.h"
#include "identity/session_int.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct kit {
    struct arena a;
    char dir[64];
    char path[128];
    struct kept *kept;
};

static inline int kit_setup(void **state)
{
    struct kit *k = calloc(1, sizeof *k);
    struct err e = {0};
    assert_non_null(k);
    arena_init(&k->a, (size_t)256 << 20);
    (void)snprintf(k->dir, sizeof k->dir, "/tmp/kith-identity-XXXXXX");
    assert_non_null(mkdtemp(k->dir));
    (void)snprintf(k->path, sizeof k->path, "%s/identity.db", k->dir);
    if (kept_open_shared(k->path, &k->kept, &e)) {
        fail_msg("%s", err_text(&e));
    }
    *state = k;
    return 0;
}

static inline int kit_teardown(void **state)
{
    static const char *const names[] = {"identity.db", "identity.db-wal", "identity.db-shm",
                                        "identity.db-lock", "secret"};
    struct kit *k = *state;
    char path[160];
    kept_close(k->kept);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", k->dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(k->dir), 0);
    arena_done(&k->a);
    free(k);
    return 0;
}

#endif
