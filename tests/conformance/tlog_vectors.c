/* Vectors of proofs of RFC 6962: tlog_vectors FOLDER. Each says whether it must be refused. */
#include "conformance_kit.h"

#include "audit/note.h"
#include "format/json.h"

#include <stdio.h>

struct run {
    struct sha *sha;
    uint64_t all, wrong, held;
};

static bool hash_member(const yyjson_val *root, text name, struct tlog_hash *to)
{
    return base64_hash(json_text(json_get(root, name)), to);
}

static bool number_member(const yyjson_val *root, text name, uint64_t *to)
{
    return text_to_u64(json_text(json_get(root, name)), to);
}

static bool read_proof(const yyjson_val *root, struct tlog_hash *proof, size_t *ret_count)
{
    const yyjson_val *list = json_get(root, T("proof"));
    size_t count = 0, left = json_type(list) == YYJSON_TYPE_ARR ? json_len(list) : 0;
    for (const yyjson_val *item = list + 1; left; left--, item = json_after(item)) {
        if (count == TLOG_PROOF_MAX || !base64_hash(json_text(item), &proof[count++])) {
            return false;
        }
    }
    *ret_count = count;
    return true;
}

/* Whether the vector's proof holds. */
static bool holds(struct run *run, const yyjson_val *root)
{
    struct tlog_hash proof[TLOG_PROOF_MAX], a, b;
    size_t count = 0;
    uint64_t first, second;
    if (!read_proof(root, proof, &count)) {
        return false;
    }
    if (json_get(root, T("leafIdx"))) {
        return number_member(root, T("leafIdx"), &first) &&
               number_member(root, T("treeSize"), &second) &&
               hash_member(root, T("leafHash"), &a) && hash_member(root, T("root"), &b) &&
               tlog_check_leaf(run->sha, first, second, &a, proof, count, &b);
    }
    return number_member(root, T("size1"), &first) && number_member(root, T("size2"), &second) &&
           hash_member(root, T("root1"), &a) && hash_member(root, T("root2"), &b) &&
           tlog_check_old(run->sha, first, second, &a, &b, proof, count);
}

static void vector(void *context, text path, text bytes)
{
    struct run *run = context;
    struct arena a;
    struct err e = {0};
    yyjson_val *root = NULL;
    if (!text_ends(path, T(".json"))) {
        return;
    }
    arena_init(&a, (size_t)1 << 20);
    run->all++;
    if (json_read(bytes, KIT_DEPTH, &a, &root, &e)) {
        printf("%.*s: %s\n", TEXT_ARG(path), err_text(&e));
        run->wrong++;
    } else {
        bool good = holds(run, root);
        bool refuse = json_get(root, T("wantErr")) &&
                      json_type(json_get(root, T("wantErr"))) == YYJSON_TYPE_BOOL &&
                      yyjson_is_true(json_get(root, T("wantErr")));
        run->held += good;
        if (good == refuse) {
            printf("%.*s: %s\n", TEXT_ARG(path), good ? "holds, and must not" : "must hold");
            run->wrong++;
        }
    }
    arena_done(&a);
}

int main(int argc, char **argv)
{
    struct run run = {.sha = sha_new()};
    if (argc != 2 || !run.sha || !kit_visit(argv[1], vector, &run)) {
        (void)fprintf(stderr, "usage: tlog_vectors FOLDER\n");
        return 2;
    }
    sha_free(run.sha);
    printf("%llu vectors, %llu of them proofs that hold, %llu wrong\n", (unsigned long long)run.all,
           (unsigned long long)run.held, (unsigned long long)run.wrong);
    return run.wrong || run.all < kit_least(90) || run.held == 0;
}
