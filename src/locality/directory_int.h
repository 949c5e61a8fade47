/* Private to directory*.c. */
#ifndef KITH_LOCALITY_DIRECTORY_INT_H
#define KITH_LOCALITY_DIRECTORY_INT_H

#include "locality/directory.h"

/* That a structure is a directory that may be: ERR_INVALID with what may not. */
int directory_check(const struct directory *d, struct err *e);

#endif
