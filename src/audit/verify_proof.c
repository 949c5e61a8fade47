/* An offline proof against a key. */
#include "audit/record.h"
#include "audit/verify.h"
#include "format/json.h"

enum { DEPTH = 4 };

static int untrue(struct err *e, const char *what)
{
    return err_set(e, ERR_CORRUPT, "the proof does not hold: %s", what);
}

/* Base64 of a fixed number of bytes in a member. */
static bool member_bytes(const yyjson_val *root, text name, char *to, size_t n)
{
    const yyjson_val *v = json_get(root, name);
    size_t got = 0;
    return json_type(v) == YYJSON_TYPE_STR && base64_read(json_text(v), (uint8_t *)to, n, &got) &&
           got == n;
}

/* What opens the commitment, and the leaf data. */
static int check_extra(const struct proof *p, const struct note_key *key, struct sha *sha,
                       struct arena *a, struct tlog_hash *ret_leaf, struct audit_proved *proved,
                       struct err *e)
{
    char data[LEAF_SIZE], salt[SALT_SIZE];
    yyjson_val *root = NULL;
    struct leaf l;
    uint64_t seq = 0;
    struct err why = {0};
    text name = text_of(key->name);
    struct tlog_hash origin = sha_of(sha, &name, 1);
    if (json_read(p->extra, DEPTH, a, &root, &why) ||
        !text_eq(json_text(json_get(root, T("v"))), T("1")) ||
        !member_bytes(root, T("leaf"), data, sizeof data) ||
        !text_to_u64(json_text(json_get(root, T("patient_seq"))), &seq)) {
        return untrue(e, "it does not say what the entry was (version 1 of its extra data)");
    }
    if (!leaf_read(text_make(data, sizeof data), &l) || !tlog_same(&l.origin, &origin)) {
        return untrue(e, "its leaf data are not those of a leaf of this log");
    }
    const yyjson_val *line = json_get(root, T("line"));
    proved->erased = !line && !json_get(root, T("salt"));
    if (!proved->erased) {
        bool good =
            json_type(line) == YYJSON_TYPE_STR && member_bytes(root, T("salt"), salt, sizeof salt);
        struct tlog_hash commit =
            good ? leaf_commit(sha, text_make(salt, sizeof salt), json_text(line)) : l.commit;
        if (!good || !tlog_same(&commit, &l.commit)) {
            return untrue(e, "its words are not those that the leaf commits to");
        }
        proved->line = json_text(line);
    }
    if (seq != l.seq) {
        return untrue(e, "its number in the patient's chain is another one");
    }
    proved->patient_seq = seq;
    *ret_leaf = sha_leaf(sha, text_make(data, sizeof data));
    return 0;
}

int audit_check_proof(text proof, const struct note_key *key, struct arena *a,
                      struct audit_proved *ret_proved, struct err *e)
{
    static const struct cosign_policy nobody = {0};
    return audit_check_proof_by(proof, key, &nobody, a, ret_proved, e);
}

int audit_check_proof_by(text proof, const struct note_key *key, const struct cosign_policy *policy,
                         struct arena *a, struct audit_proved *ret_proved, struct err *e)
{
    struct proof p;
    struct checkpoint c = {0};
    struct tlog_hash leaf;
    struct audit_proved proved = {.line = {NULL, 0}};
    struct sha *sha = sha_new();
    int r = sha ? proof_read(proof, a, &p, e) : err_set(e, ERR_MEMORY, "no memory for a proof");
    r = r ? r : cosign_verify(p.note, key, policy, &c, &proved.cosigners, e);
    r = r ? r : check_extra(&p, key, sha, a, &leaf, &proved, e);
    if (r == 0 && !tlog_check_leaf(sha, p.index, c.size, &leaf, p.hashes, p.count, &c.root)) {
        r = untrue(e, "its hashes do not lead from the leaf to the root of the checkpoint");
    }
    sha_free(sha);
    if (r == 0) {
        proved.origin = c.origin;
        proved.leaf = p.index;
        proved.size = c.size;
        *ret_proved = proved;
    }
    return r;
}
