/* Private to reconcile*.c. */
#ifndef KITH_LOCALITY_RECONCILE_INT_H
#define KITH_LOCALITY_RECONCILE_INT_H

#include "format/json.h"
#include "locality/reconcile.h"

#define EXCHANGE_KIND "exchange"
enum { RECONCILE_ANSWER_MAX = 8 << 20 };

struct exchange_rows {
    struct exchange_row *items; /* in order of time */
    size_t count, capacity;
    int64_t until_ms; /* so far they are all there */
};

int reconcile_no_memory(struct err *e);
/* The own rows about a member, from <= at < until. */
int exchange_rows(const struct loc_world *w, text ods, int64_t from_ms, int64_t until_ms,
                  struct arena *a, struct exchange_rows *ret, struct err *e);
/* What a member answered to that question. ERR_SYNTAX. */
int exchange_rows_read(text answer, int64_t from_ms, int64_t until_ms, struct arena *a,
                       struct exchange_rows *ret, struct err *e);

#endif
