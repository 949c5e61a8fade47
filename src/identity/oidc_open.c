/* Alone, so that what is behind it can be tested without the rest of identity. */
#include "base/clock.h"
#include "identity/oidc_int.h"

int oidc_open(struct identity *id, struct kept *k, struct oidc **ret_oidc, struct err *e)
{
    return oidc_open_with(k, identity_config(id)->dir, clock_real_ms, ret_oidc, e);
}
