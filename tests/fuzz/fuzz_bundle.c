/*
 * Bundles and resources, as any client may post them, into a real store: read, checked, resolved,
 * committed. What an item says of itself must add up, a refusal must have its words, and a
 * transaction must be all or nothing.
 */
#include "rest/rest.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define CHECK(holds)    \
    do {                \
        if (!(holds)) { \
            abort();    \
        }               \
    } while (0)

enum { ROUNDS_A_STORE = 20000 }; /* then a fresh one, so that the files stay small */

static struct {
    char dir[64];
    struct store *store;
    struct limits limits;
    struct rest rest;
    unsigned rounds;
} node;

static void remove_store(void)
{
    static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm", "lock"};
    char path[128];
    store_close(node.store);
    node.store = NULL;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", node.dir, files[i]);
        (void)unlink(path);
    }
    (void)rmdir(node.dir);
}

/* In memory where there is such a folder: what is looked for here is not the disk. */
static void make_store(void)
{
    struct store_identity who = {T("Y90001"), T("Fuzz")};
    struct err e = {0};
    if (node.store) {
        remove_store();
    } else {
        (void)atexit(remove_store);
    }
    (void)snprintf(node.dir, sizeof node.dir, "%s/kith-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    CHECK(mkdtemp(node.dir));
    node.limits = limits_default();
    struct store_config config = {.dir = node.dir, .mode = STORE_SERVE, .limits = &node.limits};
    CHECK(store_create(node.dir, &who, &e) == 0 && store_open(&config, &node.store, &e) == 0);
    node.rest = (struct rest){.store = node.store, .limits = &node.limits, .loopback = true};
    node.rounds = 0;
}

static uint64_t count_all(void)
{
    struct store_view *v;
    struct store_stats stats;
    struct err e;
    CHECK(store_view_begin(node.store, policy_local_administrator(), STORE_ONE_READ, &v, &e) == 0);
    CHECK(store_stats(v, &stats, &e) == 0);
    store_view_end(v);
    return stats.resources;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (node.rounds++ % ROUNDS_A_STORE == 0) {
        make_store();
    }
    struct arena a;
    struct rest_item item = {.json = text_make((const char *)data, n)};
    bool checks_whole = node.rounds % 16 == 0 && memmem(data, n, "transaction", 11);
    uint64_t before = checks_whole ? count_all() : 0;
    arena_init(&a, (size_t)256 << 20);
    rest_take(&node.rest, policy_local_administrator(), &item, 1, &a);
    uint64_t by_type = 0;
    for (int i = 0; i < 256; i++) {
        by_type += item.by_type[i];
    }
    CHECK(by_type == item.written + item.same);
    CHECK((item.failed > 0) == (item.result != 0));
    CHECK(!item.result || err_text(&item.err)[0]);
    CHECK(!checks_whole || !item.failed || item.written || count_all() == before);
    arena_done(&a);
    return 0;
}
