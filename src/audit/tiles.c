#include "audit/tiles.h"

#include "audit/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* --- reading -----------------------------------------------------------------------------------
 */

static int read_tile(int dir, const struct tlog_place *place, uint8_t *to, struct err *e)
{
    char path[TLOG_PATH_MAX];
    text bytes = {0};
    (void)tlog_path(place, path);
    int r = file_read(dir, path, (size_t)TLOG_TILE * TLOG_HASH, &bytes, e);
    if (r) {
        return r;
    }
    bool right = bytes.n == (size_t)place->width * TLOG_HASH;
    bool shorter = bytes.n < (size_t)place->width * TLOG_HASH;
    if (right) {
        memcpy(to, bytes.p, bytes.n);
    }
    file_free(bytes);
    return right ? 0
                 : err_set(e, ERR_CORRUPT, "the file %s of the access log is %s than it must be",
                           path, shorter ? "shorter" : "longer");
}

static int tile(void *context, const struct tlog_place *place, uint8_t *to, struct err *e)
{
    const int *dir = context;
    struct err why = {0};
    uint8_t full[TLOG_TILE * TLOG_HASH];
    int r = read_tile(*dir, place, to, e);
    if (r != ERR_NOT_FOUND || place->width == TLOG_TILE) {
        return r;
    }
    struct tlog_place whole = *place;
    whole.width = TLOG_TILE;
    if (read_tile(*dir, &whole, full, &why) == 0) {
        memcpy(to, full, (size_t)place->width * TLOG_HASH);
        r = 0;
    }
    return r;
}

struct tlog_source tiles_source(const int *dir)
{
    union {
        const int *from;
        void *to;
    } context = {.from = dir};
    return (struct tlog_source){tile, context.to};
}

int tiles_open(struct tiles *t, int dir, struct sha *sha, uint64_t size, struct err *e)
{
    memset(t, 0, sizeof *t);
    t->dir = dir;
    t->sha = sha;
    t->size = size;
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        uint64_t all = tlog_level_size(size, level);
        t->index[level] = all / TLOG_TILE;
        t->count[level] = (unsigned)(all % TLOG_TILE);
        struct tlog_place place = {
            .level = level, .index = t->index[level], .width = t->count[level]};
        int r = place.width ? tile(&dir, &place, t->edge[level][0].b, e) : 0;
        if (r) {
            return r == ERR_NOT_FOUND ? err_set(e, ERR_CORRUPT, "%s", err_text(e)) : r;
        }
    }
    return 0;
}

/* --- making ------------------------------------------------------------------------------------
 */

static int write_tile(struct tiles *t, unsigned level, unsigned width, struct err *e)
{
    char path[TLOG_PATH_MAX];
    struct tlog_place place = {.level = level, .index = t->index[level], .width = width};
    (void)tlog_path(&place, path);
    text bytes = {(const char *)t->edge[level][0].b, (size_t)width * TLOG_HASH};
    t->changed[level] = false;
    return file_replace(t->dir, path, bytes, 0644, e);
}

/* Of `count` hashes, a power of two. */
static struct tlog_hash run_hash(struct sha *s, const struct tlog_hash *hashes, size_t count)
{
    struct tlog_hash run[TLOG_TILE];
    memcpy(run, hashes, count * sizeof *run);
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            run[i] = sha_node(s, &run[2 * i], &run[2 * i + 1]);
        }
    }
    return run[0];
}

int tiles_add(struct tiles *t, const struct tlog_hash *leaf, struct err *e)
{
    struct tlog_hash h = *leaf;
    t->size++;
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        t->edge[level][t->count[level]++] = h;
        t->changed[level] = true;
        if (t->count[level] < TLOG_TILE) {
            return 0;
        }
        int r = write_tile(t, level, TLOG_TILE, e);
        if (r) {
            return r;
        }
        h = run_hash(t->sha, t->edge[level], TLOG_TILE);
        t->count[level] = 0;
        t->index[level]++;
    }
    return err_set(e, ERR_INTERNAL, "the tree of the access log is full");
}

int tiles_flush(struct tiles *t, struct err *e)
{
    int r = 0;
    for (unsigned level = 0; level < TLOG_LEVELS && r == 0; level++) {
        if (t->changed[level] && t->count[level]) {
            r = write_tile(t, level, t->count[level], e);
        }
    }
    return r;
}

static void remove_tile(const struct tiles *t, unsigned level, uint64_t index, unsigned width)
{
    char path[TLOG_PATH_MAX];
    struct tlog_place place = {.level = level, .index = index, .width = width};
    (void)tlog_path(&place, path);
    (void)unlinkat(t->dir, path, 0);
}

/* Nothing depends on whether they go. */
static void remove_partial(const struct tiles *t, unsigned level, uint64_t index)
{
    char path[TLOG_PATH_MAX + 8];
    struct tlog_place place = {.level = level, .index = index, .width = TLOG_TILE};
    for (unsigned width = 1; width < TLOG_TILE; width++) {
        remove_tile(t, level, index, width);
    }
    size_t n = tlog_path(&place, path);
    (void)snprintf(path + n, sizeof path - n, ".p");
    (void)unlinkat(t->dir, path, AT_REMOVEDIR);
}

void tiles_settle(const struct tiles *before, const struct tiles *now)
{
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        if (now->index[level] > before->index[level] && before->count[level]) {
            remove_partial(now, level, before->index[level]);
        }
    }
}

void tiles_withdraw(const struct tiles *before, const struct tiles *now)
{
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        for (uint64_t i = before->index[level]; i < now->index[level]; i++) {
            remove_tile(now, level, i, TLOG_TILE);
        }
        bool same =
            now->index[level] == before->index[level] && now->count[level] == before->count[level];
        if (!same && now->count[level] && now->count[level] < TLOG_TILE) {
            remove_tile(now, level, now->index[level], now->count[level]);
        }
    }
}

/* From the right to the left: each level's runs, the smallest first. */
struct tlog_hash tiles_root(const struct tiles *t)
{
    struct tlog_hash root = tlog_empty(t->sha);
    bool any = false;
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        unsigned end = t->count[level];
        for (unsigned n = 1; n < TLOG_TILE; n *= 2) {
            if (t->count[level] & n) {
                end -= n;
                struct tlog_hash h = run_hash(t->sha, &t->edge[level][end], n);
                root = any ? sha_node(t->sha, &h, &root) : h;
                any = true;
            }
        }
    }
    return root;
}
