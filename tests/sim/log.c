/* The access log of a node: leaves in memory, checkpoints and proofs by the real audit/tlog.h. */
#include "sim_int.h"

#include "audit/event.h"

#include <stdlib.h>

struct recording {
    struct sim_node *node;
    struct leaf *leaves;
    size_t count;
};

static int apply_leaves(void *arg)
{
    struct recording *r = arg;
    struct sim_node *n = r->node;
    while (n->leaf_count + r->count > n->leaf_capacity) {
        n->leaf_capacity = n->leaf_capacity ? 2 * n->leaf_capacity : 64;
        n->leaves = realloc(n->leaves, n->leaf_capacity * sizeof *n->leaves);
        if (!n->leaves) {
            sim_die("no memory");
        }
    }
    for (size_t i = 0; i < r->count; i++) {
        n->leaves[n->leaf_count++] = r->leaves[i];
        r->leaves[i].line = NULL;
    }
    return 0;
}

static int make_leaf(struct sim *s, const struct audit_event *event, struct leaf *ret,
                     struct err *e)
{
    struct buf line;
    char salt[16];
    buf_init(&line, 2 * EVENT_LINE_MAX);
    int rc = event_print(event, &line, e);
    sim_random(s, salt, sizeof salt);
    if (!rc) {
        text parts[] = {{salt, sizeof salt}, buf_text(&line)};
        struct tlog_hash commitment = sha_of(s->sha, parts, 2);
        ret->hash = sha_leaf(s->sha, text_make((const char *)commitment.b, TLOG_HASH));
        buf_addc(&line, 0);
        ret->line = line.p;
        memset(&line, 0, sizeof line);
    }
    buf_done(&line);
    return rc;
}

int world_record(void *context, const struct audit_event *events, size_t count,
                 uint8_t (*ret_leaves)[32], struct err *e)
{
    struct life *l = context;
    struct recording r = {.node = l->node, .leaves = calloc(count + 1, sizeof *r.leaves)};
    int rc = r.leaves ? 0 : err_set(e, ERR_MEMORY, "no memory for leaves");
    for (; !rc && r.count < count; r.count++) {
        rc = make_leaf(l->node->s, &events[r.count], &r.leaves[r.count], e);
        memcpy(ret_leaves[r.count], r.leaves[r.count].hash.b, 32);
    }
    rc = rc ? rc : disk_do(l, false, apply_leaves, &r, e);
    for (size_t i = 0; r.leaves && i < r.count; i++) {
        free(r.leaves[i].line);
    }
    free(r.leaves);
    return rc;
}

/* --- the tree
 * -------------------------------------------------------------------------------------------------
 */

/* Of a full subtree of 256^level leaves. */
static struct tlog_hash subtree(struct sim_node *n, unsigned level, uint64_t index)
{
    struct tlog_hash row[TLOG_TILE];
    if (level == 0) {
        return n->leaves[index].hash;
    }
    for (size_t i = 0; i < TLOG_TILE; i++) {
        row[i] = subtree(n, level - 1, index * TLOG_TILE + i);
    }
    for (size_t count = TLOG_TILE; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            row[i] = sha_node(n->s->sha, &row[2 * i], &row[2 * i + 1]);
        }
    }
    return row[0];
}

static int read_tile(void *context, const struct tlog_place *place, uint8_t *to, struct err *e)
{
    struct sim_node *n = context;
    if (place->level > 1) {
        return err_set(e, ERR_TOO_LARGE, "the simulated log is too long");
    }
    for (unsigned i = 0; i < place->width; i++) {
        struct tlog_hash h = subtree(n, place->level, place->index * TLOG_TILE + i);
        memcpy(to + (size_t)i * TLOG_HASH, h.b, TLOG_HASH);
    }
    return 0;
}

static struct tlog_tree *tree_of(struct sim_node *n, uint64_t size)
{
    struct tlog_source source = {.tile = read_tile, .context = n};
    return tlog_tree_new(&source, size);
}

/* Into n->note. */
static int sign_checkpoint(struct sim_node *n, struct err *e)
{
    struct checkpoint c = {.origin = text_of(note_signer_key(n->log_signer)->name),
                           .size = n->leaf_count};
    struct buf body;
    struct tlog_tree *tree = c.size ? tree_of(n, c.size) : NULL;
    c.root = tlog_empty(n->s->sha);
    int rc = tree ? tlog_root(tree, &c.root, e) : 0;
    tlog_tree_free(tree);
    buf_init(&body, 4096);
    checkpoint_print(&c, &body);
    buf_clear(&n->note);
    rc = rc ? rc : note_sign(n->log_signer, buf_text(&body), &n->note, e);
    buf_done(&body);
    n->noted = rc ? 0 : c.size + 1;
    return rc;
}

int world_checkpoint(void *context, struct arena *a, text *ret_note, struct err *e)
{
    struct life *l = context;
    struct sim_node *n = l->node;
    int rc = life_check(l, e);
    if (!rc && n->noted != n->leaf_count + 1) {
        rc = sign_checkpoint(n, e);
    }
    if (!rc) {
        *ret_note = arena_copy(a, buf_text(&n->note));
        rc = ret_note->p ? 0 : err_set(e, ERR_MEMORY, "no memory for a checkpoint");
    }
    return rc;
}

int world_consistency(void *context, uint64_t from, uint64_t to, struct arena *a,
                      uint8_t (**ret_hashes)[32], size_t *ret_count, struct err *e)
{
    struct life *l = context;
    struct tlog_hash proof[TLOG_PROOF_MAX];
    size_t count = 0;
    int rc = life_check(l, e);
    if (!rc && (!from || from > to || to > l->node->leaf_count)) {
        rc = err_set(e, ERR_NOT_FOUND, "the log has no such sizes");
    }
    struct tlog_tree *tree = rc ? NULL : tree_of(l->node, to);
    rc = rc ? rc : tlog_prove_old(tree, from, proof, &count, e);
    tlog_tree_free(tree);
    uint8_t(*hashes)[32] = rc ? NULL : arena_alloc(a, (count + 1) * sizeof *hashes);
    if (!rc && !hashes) {
        rc = err_set(e, ERR_MEMORY, "no memory for a proof");
    }
    if (!rc) {
        for (size_t i = 0; i < count; i++) {
            memcpy(hashes[i], proof[i].b, 32);
        }
        *ret_hashes = hashes;
        *ret_count = count;
    }
    return rc;
}

/* --- for tests
 * ------------------------------------------------------------------------------------------------
 */

uint64_t sim_leaves(struct sim *s, size_t node)
{
    return s->nodes[node].leaf_count;
}

text sim_leaf(struct sim *s, size_t node, uint64_t leaf, uint8_t ret_hash[32])
{
    const struct leaf *l = &s->nodes[node].leaves[leaf];
    if (ret_hash) {
        memcpy(ret_hash, l->hash.b, 32);
    }
    return text_of(l->line);
}

bool sim_hide_leaf(struct sim *s, size_t node, uint64_t leaf)
{
    struct sim_node *n = &s->nodes[node];
    if (leaf >= n->leaf_count) {
        return false;
    }
    free(n->leaves[leaf].line);
    memmove(&n->leaves[leaf], &n->leaves[leaf + 1], (n->leaf_count - leaf - 1) * sizeof *n->leaves);
    n->leaf_count--;
    n->noted = 0;
    return true;
}

bool sim_fork_log(struct sim *s, size_t node)
{
    struct sim_node *n = &s->nodes[node];
    if (n->leaf_count) {
        n->leaves[n->leaf_count - 1].hash.b[0] ^= 1;
        n->noted = 0;
    }
    return n->leaf_count != 0;
}

void log_free(struct sim_node *n)
{
    for (size_t i = 0; i < n->leaf_count; i++) {
        free(n->leaves[i].line);
    }
    free(n->leaves);
    buf_done(&n->note);
}
