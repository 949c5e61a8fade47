/* Erasure that a crash may interrupt: what is to go is noted in a file before it goes. */
#ifndef KITH_AUDIT_ERASING_H
#define KITH_AUDIT_ERASING_H

#include "audit/audit_int.h"

/* Ends what was begun. For the opening of a log that writes. */
int erasing_resume(struct audit *a, struct err *e);

/* "leaf/N", as the entry about an erasure names what was erased. False: anything else. */
bool erasing_name_read(text what, uint64_t *ret_leaf);

#endif
