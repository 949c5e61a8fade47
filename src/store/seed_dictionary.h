/* The dictionary that a new store starts with: made from an invented population by
 * spec/make_dictionary.c. */
#ifndef KITH_STORE_SEED_DICTIONARY_H
#define KITH_STORE_SEED_DICTIONARY_H

#include "base/text.h"

text seed_dictionary(void);

#endif
