/*
 * Finds exchanges that only one side has recorded. docs/locality.md, "Reconciler". Rows: exchange
 * (ODS, time of the statement, nonce): what this side has recorded of one statement, written after
 * its log entry and before anything leaves, and of what came before the log entry about it; kept
 * for EXCHANGE_DAYS. reconciled (ODS): up to where. difference (ODS, nonce): what has been
 * reported.
 */
#ifndef KITH_LOCALITY_RECONCILE_H
#define KITH_LOCALITY_RECONCILE_H

#include "locality/trust.h"
#include "locality/world.h"

enum { EXCHANGE_DAYS = 90, EXCHANGES_MAX = 5000 /* rows of one answer, or of one second */ };

struct exchange_row {
    uint8_t nonce[16];
    int64_t at_ms; /* when the statement was made: the same on both sides */
    bool is_asker;
    uint8_t own_leaf[32];
    uint8_t their_leaf[32]; /* zero: has not come */
    int status;             /* 0: no answer has come */
};
int exchange_change(text other, const struct exchange_row *row, struct arena *a,
                    struct kept_change *ret, struct err *e);

/* POST /locality/exchanges {"from":ms,"until":ms}: the own rows about the one who asks, in order of
 * time: {"rows":[{"nonce","at","asker","own","their","status"}],"until":ms}; until: so far they are
 * all there. */
int reconcile_serve(const struct loc_world *world, const struct member *asker, text body,
                    struct arena *a, text *ret_answer, struct err *e);
struct difference {
    text ods;
    uint8_t nonce[16];
    int64_t at_ms;
    const char *words; /* "Y90002 has no entry about this", ... */
};
/*
 * One member, from a little before where the last run ended to a minute ago. Each difference is an
 * alarm, once; *ret has those that were found now, known ones too. What was asked and never
 * answered is none when the holder has nothing about it: it has not arrived. ERR_IO, ERR_TIMEOUT:
 * the member cannot be asked now.
 */
int reconcile_member(const struct loc_world *world, struct trust *t, text ods, struct arena *a,
                     struct difference **ret, size_t *ret_count, struct err *e);
/* All of them, each once an hour; what one does not answer waits for a later turn. Some at a time:
 * those that hang take five seconds of a minute, however many they are. */
struct reconcile_turn {
    size_t next; /* member of the directory */
    int64_t again_ms;
};
int reconcile_round(const struct loc_world *world, struct trust *t, struct reconcile_turn *turn,
                    struct err *e);

#endif
