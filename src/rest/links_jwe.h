/*
 * Inside rest/: what a shared file looks like from outside. A JWE in compact form (RFC 7516,
 * section 3.1) whose content key is agreed on beforehand: {"alg":"dir","enc":"A256GCM"}, as SMART
 * Health Links have it. The node has no key, so the form is all that it can check.
 */
#ifndef KITH_REST_LINKS_JWE_H
#define KITH_REST_LINKS_JWE_H

#include "base/arena.h"
#include "base/err.h"

enum { JWE_HEADER_MAX = 512 };

/*
 * Five parts: a header of alg, enc, cty and zip (DEF) and nothing else, an empty key, a nonce of 96
 * bits, ciphertext, a tag of 128 bits (RFC 7518, 4.5 and 5.3). ERR_INVALID says which is wrong.
 */
int jwe_check(text jwe, struct arena *a, struct err *e);

#endif
