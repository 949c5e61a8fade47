/*
 * What policy knows of each patient, kept in memory (policy/sheet.h): made from the rows of the
 * compartment when somebody asks, thrown away when they change.
 *
 * Every commit that changes rows of policy has a stamp, greater than those before. A sheet that was
 * made by a transaction that saw stamp S is right for every transaction that sees S or later, until
 * a commit changes the compartment. The writer throws it away before that commit can be seen, and
 * from then on nobody whose transaction saw an earlier stamp may put one back.
 */
#ifndef KITH_STORE_SHEETS_H
#define KITH_STORE_SHEETS_H

#include "store/engine.h"
#include "store/store.h"

#include <stdatomic.h>

struct sheets;

enum { PATIENT_ID_MAX = 64 };

/* Shared, and not changed once made. */
struct kept_sheet {
    atomic_uint users;
    uint64_t compartment;
    uint64_t since;      /* the stamp that its transaction saw */
    struct sheet *sheet; /* NULL: there is nothing to know */
    size_t id_size;      /* 0: the Patient is only mentioned here */
    char id[PATIENT_ID_MAX];
    struct kept_sheet *next;
};

/* `most` sheets at a time. NULL: no memory. */
struct sheets *sheets_new(size_t most);
/* NULL is allowed. */
void sheets_free(struct sheets *sheets);

/*
 * The sheet of a patient's compartment as the open transaction of `db` sees it, which is at
 * `stamp`. To be given back. `shared` false: the transaction sees changes that are nobody else's.
 */
int sheets_take(struct store *s, struct db *db, uint64_t stamp, bool shared, uint64_t compartment,
                struct kept_sheet **ret_kept, struct err *e);
/* NULL is allowed. */
void sheets_give(struct kept_sheet *kept);
static inline text kept_patient(const struct kept_sheet *kept)
{
    return text_make(kept->id, kept->id_size);
}

/* The writer's, before a commit with this stamp that changes the compartment; and when that was
 * rolled back, with the stamp before. */
void sheets_change(struct sheets *sheets, uint64_t compartment, uint64_t stamp);

/* The compartments whose sheets have changed behind a stamp (some may not have), each one told of.
 * False: that is too long ago, anything may have changed. */
bool sheets_changed(struct sheets *sheets, uint64_t behind,
                    void (*tell)(void *context, uint64_t compartment), void *context);

#endif
