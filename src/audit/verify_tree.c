/* The verifier: tiles, roots, index, ends of chains, a checkpoint that was kept. */
#include "audit/files.h"
#include "audit/tiles.h"
#include "audit/verify_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDERS_DEEP = 10 };

/* --- index and ends of chains -------------------------------------------------------------------
 */

int verify_index_row(struct verifier *v, uint64_t offset, struct err *e)
{
    char row[8];
    if (v->leaves >= v->index_rows) {
        return v->live ? 0
                       : err_set(e, ERR_CORRUPT, "index: it has no row for leaf %llu",
                                 (unsigned long long)v->leaves);
    }
    int r = read_at(v->index, row, sizeof row, v->leaves * 8, "index", e);
    return r || get64(row) == offset
               ? r
               : err_set(e, ERR_CORRUPT, "index: the row of leaf %llu leads elsewhere",
                         (unsigned long long)v->leaves);
}

int verify_heads_open(struct verifier *v, struct err *e)
{
    struct err why = {0};
    int r = heads_load(&v->saved, &v->heads_place, v->dir, &why);
    v->has_heads = r == 0;
    if (r == ERR_NOT_FOUND) {
        /* A log that was never closed has not saved them; one that has, is not without. */
        return v->live || v->checkpoint.size == 0 || faccessat(v->dir, "heads", F_OK, 0) != 0
                   ? 0
                   : err_set(e, r, "%s", err_text(&why));
    }
    return r ? err_set(e, r, "heads: %.600s", err_text(&why)) : 0;
}

int verify_heads_at(struct verifier *v, uint64_t offset, struct err *e)
{
    if (!v->has_heads || v->heads_checked || v->leaves != v->heads_place.size) {
        return 0;
    }
    v->heads_checked = true;
    if (v->heads_place.offset != offset || v->saved.count != v->heads.count) {
        return err_set(e, ERR_CORRUPT, "heads: at leaf %llu the journal has other chains",
                       (unsigned long long)v->leaves);
    }
    for (size_t i = 0; i < v->saved.capacity; i++) {
        const struct head *saved = &v->saved.rows[i];
        const struct head *head = saved->seq ? heads_find(&v->heads, &saved->tag) : NULL;
        if (saved->seq && (!head || head->seq != saved->seq || head->leaf != saved->leaf ||
                           !tlog_same(&head->hash, &saved->hash))) {
            return err_set(e, ERR_CORRUPT,
                           "heads: the end of a chain is said to be leaf %llu, and is not",
                           (unsigned long long)saved->leaf);
        }
    }
    return 0;
}

/* --- tiles --------------------------------------------------------------------------------------
 */

/* The file of a tile against what the leaves give. */
static int compare(struct verifier *v, const struct tlog_place *place,
                   const struct tlog_hash *hashes, struct err *e)
{
    char path[TLOG_PATH_MAX];
    text bytes = {0};
    (void)tlog_path(place, path);
    int r = file_read(v->dir, path, SIZE_MAX / 2, &bytes, e);
    if (r == ERR_NOT_FOUND) {
        return err_set(e, ERR_CORRUPT, "%s: the file is missing", path);
    }
    text expected = {(const char *)hashes->b, (size_t)place->width * TLOG_HASH};
    if (r == 0 && !text_eq(bytes, expected)) {
        r = err_set(e, ERR_CORRUPT, "%s: its hashes are not those of the journal's leaves", path);
    }
    file_free(bytes);
    return r;
}

/* The edge as it is when all leaves of the checkpoint are in, against its partial tiles. */
static int compare_edge(struct verifier *v, struct err *e)
{
    int r = 0;
    for (unsigned level = 0; level < TLOG_LEVELS && r == 0; level++) {
        struct tlog_place place = {
            .level = level, .index = v->index_of[level], .width = v->count[level]};
        struct tlog_place full = place;
        char path[TLOG_PATH_MAX];
        full.width = TLOG_TILE;
        (void)tlog_path(&full, path);
        /* Leaves behind the checkpoint may have filled it already: then it is compared as full. */
        if (place.width && faccessat(v->dir, path, F_OK, 0) != 0) {
            r = compare(v, &place, v->edge[level], e);
        }
    }
    return r;
}

static struct tlog_hash run_hash(struct sha *s, const struct tlog_hash *hashes, unsigned count)
{
    struct tlog_hash run[TLOG_TILE];
    memcpy(run, hashes, count * sizeof *run);
    for (; count > 1; count /= 2) {
        for (unsigned i = 0; i < count / 2; i++) {
            run[i] = sha_node(s, &run[2 * i], &run[2 * i + 1]);
        }
    }
    return run[0];
}

static struct tlog_hash edge_root(const struct verifier *v)
{
    struct tlog_hash root = tlog_empty(v->sha);
    bool any = false;
    for (unsigned level = 0; level < TLOG_LEVELS; level++) {
        unsigned end = v->count[level];
        for (unsigned n = 1; n < TLOG_TILE; n *= 2) {
            if (v->count[level] & n) {
                end -= n;
                struct tlog_hash h = run_hash(v->sha, &v->edge[level][end], n);
                root = any ? sha_node(v->sha, &h, &root) : h;
                any = true;
            }
        }
    }
    return root;
}

static int check_root(struct verifier *v, struct err *e)
{
    struct tlog_hash root = edge_root(v);
    if (!tlog_same(&root, &v->checkpoint.root)) {
        return err_set(e, ERR_CORRUPT,
                       "checkpoint: the first %llu entries of the journal are not those that were "
                       "signed",
                       (unsigned long long)v->checkpoint.size);
    }
    return compare_edge(v, e);
}

int verify_tile_leaf(struct verifier *v, const struct tlog_hash *leaf, struct err *e)
{
    struct tlog_hash h = *leaf;
    bool carry = true;
    for (unsigned level = 0; level < TLOG_LEVELS && carry; level++) {
        v->edge[level][v->count[level]++] = h;
        carry = v->count[level] == TLOG_TILE;
        if (carry) {
            struct tlog_place place = {
                .level = level, .index = v->index_of[level]++, .width = TLOG_TILE};
            v->count[level] = 0;
            /* Behind the checkpoint tiles need not be there yet. */
            int r = v->leaves < v->checkpoint.size ? compare(v, &place, v->edge[level], e) : 0;
            if (r) {
                return r;
            }
            h = run_hash(v->sha, v->edge[level], TLOG_TILE);
        }
    }
    return v->leaves + 1 == v->checkpoint.size ? check_root(v, e) : 0;
}

/* --- files that are there although nobody needs them --------------------------------------------
 */

/* A partial tile of an earlier checkpoint is the beginning of the tile of today. */
static int check_spare(struct verifier *v, const struct tlog_place *place, const char *path,
                       struct err *e)
{
    uint64_t all = tlog_level_size(v->checkpoint.size, place->level);
    struct tlog_source source = tiles_source(&v->dir);
    uint8_t now[TLOG_TILE * TLOG_HASH], old[TLOG_TILE * TLOG_HASH];
    struct tlog_place today = *place;
    struct err why = {0};
    if (place->index >= UINT64_MAX / TLOG_TILE || place->index * TLOG_TILE + place->width > all) {
        return v->live ? 0
                       : err_set(e, ERR_CORRUPT, "%s: the log has no such tile at its checkpoint",
                                 path);
    }
    uint64_t left = all - place->index * TLOG_TILE;
    today.width = left < TLOG_TILE ? (unsigned)left : TLOG_TILE;
    int r = source.tile(source.context, &today, now, e);
    text bytes = {0};
    r = r ? r : file_read(v->dir, path, SIZE_MAX / 2, &bytes, &why);
    if (r == 0 && (bytes.n != (size_t)place->width * TLOG_HASH ||
                   memcmp(memcpy(old, bytes.p, bytes.n), now, bytes.n) != 0)) {
        r = err_set(e, ERR_CORRUPT, "%s: its hashes are not those of the journal's leaves", path);
    }
    file_free(bytes);
    return r == ERR_NOT_FOUND && v->live ? 0 : r;
}

static int walk_tiles(struct verifier *v, const char *folder, int deep, struct err *e);

static int visit_tile(struct verifier *v, const char *path, int deep, struct err *e)
{
    struct stat st;
    struct tlog_place place;
    text t = text_of(path);
    if (fstatat(v->dir, path, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? 0 : io_error(e, "look at", path);
    }
    if (S_ISDIR(st.st_mode)) {
        return walk_tiles(v, path, deep + 1, e);
    }
    if (text_ends(t, T(".new"))) {
        return 0; /* a crash may leave one */
    }
    return S_ISREG(st.st_mode) && tlog_path_read(t, &place) && !place.entries
               ? check_spare(v, &place, path, e)
               : err_set(e, ERR_CORRUPT, "%s: this is no tile of a log", path);
}

static int walk_tiles(struct verifier *v, const char *folder, int deep, struct err *e)
{
    int fd = openat(v->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    int r = 0;
    if (!d) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return errno == ENOENT ? 0 : io_error(e, "open", folder);
    }
    if (deep > FOLDERS_DEEP) {
        r = err_set(e, ERR_CORRUPT, "%s: no tile lies so deep", folder);
    }
    const struct dirent *entry;
    while (r == 0 && (entry = readdir(d))) {
        char path[PATH_MAX];
        int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            r = n > 0 && (size_t)n < sizeof path
                    ? visit_tile(v, path, deep, e)
                    : err_set(e, ERR_CORRUPT, "%s: a name in it is too long", folder);
        }
    }
    (void)closedir(d);
    return r;
}

int verify_tiles_end(struct verifier *v, struct err *e)
{
    if (v->checkpoint.size == 0) {
        struct tlog_hash none = tlog_empty(v->sha);
        if (!tlog_same(&none, &v->checkpoint.root)) {
            return err_set(e, ERR_CORRUPT, "checkpoint: it is of no entries, with a wrong root");
        }
    }
    return walk_tiles(v, "tile", 0, e);
}

/* --- a checkpoint that was kept ------------------------------------------------------------------
 */

/* Another file that somebody keeps is no finding about the log. */
static bool is_key(text note, text *ret_rest)
{
    struct note_key key;
    text line;
    *ret_rest = note;
    (void)text_cut(ret_rest, '\n', &line);
    return note_key_read(line, &key, NULL) == 0;
}

static int no_checkpoint(text note, struct err *e)
{
    text rest;
    bool keyed = is_key(note, &rest);
    bool is_state = keyed && text_trim(rest).n;
    return err_set(e, ERR_SYNTAX,
                   "what was kept is %s: --since takes a copy of the log's file checkpoint%s",
                   is_state ? "the state of 'kith audit watch'"
                   : keyed  ? "a key"
                            : "no checkpoint",
                   is_state ? ", which is what stands there from the second line on" : "");
}

/* Whether a tree that somebody was shown is the beginning of the log. */
static int check_beginning(struct verifier *v, const struct checkpoint *kept, const char *what,
                           struct err *e)
{
    struct tlog_source source = tiles_source(&v->dir);
    struct tlog_hash proof[TLOG_PROOF_MAX];
    size_t count = 0;
    if (kept->size > v->checkpoint.size) {
        return err_set(e, ERR_CORRUPT,
                       "the log has been cut or put back: it had %llu entries by %s, and has %llu",
                       (unsigned long long)kept->size, what,
                       (unsigned long long)v->checkpoint.size);
    }
    if (kept->size == 0) {
        return 0;
    }
    struct tlog_tree *tree = tlog_tree_new(&source, v->checkpoint.size);
    int r = tree ? tlog_prove_old(tree, kept->size, proof, &count, e)
                 : err_set(e, ERR_MEMORY, "no memory to check the access log");
    tlog_tree_free(tree);
    if (r == 0 && !tlog_check_old(v->sha, kept->size, v->checkpoint.size, &kept->root,
                                  &v->checkpoint.root, proof, count)) {
        r = err_set(e, ERR_CORRUPT,
                    "the log has been rewritten: its first %llu entries are not those of %s",
                    (unsigned long long)kept->size, what);
    }
    return r;
}

int verify_since(struct verifier *v, text note, struct err *e)
{
    struct checkpoint kept;
    text rest;
    int r = checkpoint_verify(note, &v->key, &kept, e);
    if (r == ERR_SYNTAX || (r && is_key(note, &rest))) {
        return no_checkpoint(note, e);
    }
    if (r) {
        return err_set(e, ERR_CORRUPT, "the checkpoint that was kept: %.600s", err_text(e));
    }
    v->since = kept.size;
    return check_beginning(v, &kept, "the checkpoint that was kept", e);
}

int verify_cosigned(struct verifier *v, const struct cosign_policy *policy, struct err *e)
{
    struct checkpoint c = {0};
    text note = {0};
    int r = file_read(v->dir, "checkpoint.cosigned", NOTE_MAX, &note, e);
    if (r == ERR_NOT_FOUND) {
        return policy->quorum ? err_set(e, ERR_CORRUPT,
                                        "checkpoint.cosigned: the file is missing; nobody has "
                                        "cosigned a checkpoint of this log")
                              : 0;
    }
    r = r ? r : cosign_verify(note, &v->key, policy, &c, &v->cosigners, e);
    if (r == ERR_FORBIDDEN || r == ERR_SYNTAX) {
        r = err_set(e, ERR_CORRUPT, "checkpoint.cosigned: %.600s", err_text(e));
    }
    v->cosigned = c.size;
    /* A node that writes may have signed another one since this began. */
    if (r == 0 && !(v->writing && c.size > v->checkpoint.size)) {
        r = check_beginning(v, &c, "the cosigned checkpoint", e);
    }
    file_free(note);
    return r;
}
