/* Inside rest/: proofs of entries of the access log that may not be opened yet. Pure. */
#ifndef KITH_REST_ACCESS_PROOF_H
#define KITH_REST_ACCESS_PROOF_H

#include "base/arena.h"
#include "base/err.h"

/*
 * A tlog-proof (docs/audit.md) without what opens its commitment: salt and line are taken out of
 * `extra`, as for an entry that was erased; the proof holds as before. ERR_INTERNAL: not a proof of
 * that form, and then nothing is handed out.
 */
int proof_silence(text proof, struct arena *a, text *ret_proof, struct err *e);

#endif
