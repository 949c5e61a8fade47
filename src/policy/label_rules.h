/* Rules on codes, as facts.c asks them; and the built-in ones. */
#ifndef KITH_POLICY_LABEL_RULES_H
#define KITH_POLICY_LABEL_RULES_H

#include "policy/facts.h"

/* Categories that a coding gives. `rules` NULL: by the built-in rules alone. */
uint32_t label_rules_ask(const struct label_rules *rules, text system, text code);

/* The bit of a label by the code of its category; 0: no category is called that. */
uint32_t label_category(text code);

/* The built-in rules alone. */
uint32_t label_codes_ask(text system, text code);
/* ERR_INTERNAL: the tables are out of order. */
int label_codes_complete(struct err *e);

#endif
