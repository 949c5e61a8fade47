/* Private to identity/: what the files of account.h share. */
#ifndef KITH_IDENTITY_ACCOUNT_INT_H
#define KITH_IDENTITY_ACCOUNT_INT_H

#include "base/buf.h"
#include "identity/account.h"

enum { ACCOUNT_BYTES_MAX = 256 * 1024, NAME_MOST = 200 };

/* The same account is always the same bytes: KEPT_SWAP compares them. */
void account_print(const struct account *account, struct buf *out);
/* ERR_CORRUPT. Texts in the arena. */
int account_parse(text bytes, struct arena *a, struct account *ret_account, struct err *e);
/* What has to hold of every account that is kept. */
int account_check(const struct account *account, struct arena *a, struct err *e);

/* The key of the row of an external way in. p == NULL: no memory. */
text external_key(text provider, text subject, struct arena *a);

#endif
