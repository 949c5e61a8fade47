/* Lists of codes for code_grammar.c, by spec/gen_code_lists.py. */
#ifndef KITH_FHIR_CODE_GRAMMAR_TABLES_H
#define KITH_FHIR_CODE_GRAMMAR_TABLES_H

#include <stddef.h>

/* Rows of 8 characters: alpha-2, alpha-3 and numeric code, as "ADAND020". */
extern const char code_grammar_countries[];
extern const size_t code_grammar_country_count;

/* Rows of 3 characters. */
extern const char code_grammar_currencies[];
extern const size_t code_grammar_currency_count;

#endif
