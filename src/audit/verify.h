/*
 * Checks a whole log by its folder, trusting nothing in it but the key: each record, commitment,
 * leaf, tile, root, checkpoint, chain, end of chain and row of the index. Shares no code with what
 * makes a log but the stored forms (record.h) and the hashes (tlog.h).
 */
#ifndef KITH_AUDIT_VERIFY_H
#define KITH_AUDIT_VERIFY_H

#include "audit/cosign.h"

struct audit_verify {
    const char *dir;
    text key;   /* the key that is trusted ("name+id+base64"); empty: the folder's own key.pub */
    text since; /* a signed checkpoint that somebody kept; empty: none */
    /* What a crash left half-written behind the last checkpoint is no finding: the node cuts it off
     * when it starts. */
    bool after_crash;
    /* Who has to have cosigned the file checkpoint.cosigned; a quorum of 0: it need not be there.
     * Where it is, it is checked: signed by the log, and the beginning of what there is. */
    struct cosign_policy policy;
};

struct audit_verified {
    uint64_t leaves, sealed; /* in the journal; below the checkpoint */
    uint64_t patients, erased;
    uint64_t since;    /* size of the checkpoint that was kept */
    uint64_t cosigned; /* of the cosigned one */
    size_t cosigners;  /* how many of the policy's witnesses have */
    bool live;         /* another process was writing meanwhile */
    bool tags_checked; /* tag-key was there */
};

/* ERR_CORRUPT: the first thing that is wrong, and its place. */
int audit_verify(const struct audit_verify *ask, struct audit_verified *ret_verified,
                 struct err *e);

/* An offline proof against a key. *ret_extra: the fields, of which `line` is empty when erased. */
struct audit_proved {
    text origin;
    uint64_t leaf, size, patient_seq;
    size_t cosigners; /* how many of the policy's witnesses have cosigned its checkpoint */
    bool erased;
    text line;
};
int audit_check_proof(text proof, const struct note_key *key, struct arena *a,
                      struct audit_proved *ret_proved, struct err *e);
/* The same, and its checkpoint is cosigned as the policy asks. ERR_FORBIDDEN: it is not. */
int audit_check_proof_by(text proof, const struct note_key *key, const struct cosign_policy *policy,
                         struct arena *a, struct audit_proved *ret_proved, struct err *e);

#endif
