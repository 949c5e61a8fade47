/* Private to choice*.c. */
#ifndef KITH_LOCALITY_CHOICE_INT_H
#define KITH_LOCALITY_CHOICE_INT_H

#include "locality/choice.h"

/* By id of the Consent here: the version, and how it came. */
#define CHOICE_ROWS "choice"
/* Of a body, where others are told more than that it says nothing to them. */
#define CHOICE_TRAVELS ",\"consent\":{"

/* A row: "version what\nbody". */
struct choice_kept {
    uint64_t version;
    text what, body;
};
bool choice_kept_read(text value, struct choice_kept *ret);

/* The note of a body; `consent` empty: it says nothing to others any more. */
int choice_sign(const struct note_signer *by, text from, const struct feed_row *row, text consent,
                struct arena *a, text *ret_note, struct err *e);
/* Whether `from`, a member now, has signed what a body says: with its key, or one that was its own
 * at the time that is the version. */
bool choice_is_signed(const struct loc_world *w, struct trust *trust, text from,
                      const struct feed_row *row, const yyjson_val *root);

#endif
