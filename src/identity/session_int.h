/* Private to identity/ and its tests: sessions by another clock. */
#ifndef KITH_IDENTITY_SESSION_INT_H
#define KITH_IDENTITY_SESSION_INT_H

#include "base/hash.h"
#include "base/random.h"
#include "identity/secret_int.h"
#include "identity/session.h"

typedef int64_t sessions_clock(void);

int sessions_open_at(struct kept *k, sessions_clock *now_ms, struct sessions **ret_sessions,
                     struct err *e);

/* throttle.c: what an address of a client is told apart by; a /64 of IPv6 is one. The size. */
enum { ADDRESS_BYTES = 64 };
size_t address_bytes(text address, char out[ADDRESS_BYTES]);

#endif
