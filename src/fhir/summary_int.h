/* Inside fhir/summary*.c. */
#ifndef KITH_FHIR_SUMMARY_INT_H
#define KITH_FHIR_SUMMARY_INT_H

#include "fhir/summary.h"

/* --- looking at a tree (summary_look.c) ------------------------------------------------------ */

/* The item at an index of an array; NULL: there is none. */
const yyjson_val *summary_at(const yyjson_val *array, size_t i);
size_t summary_count(const yyjson_val *array);
/* The value of a choice: "onset" finds onsetDateTime; *ret_type is "DateTime". Also an element of
 * the plain name, whose type is then empty. NULL: none. */
const yyjson_val *summary_choice(const yyjson_val *root, text name, text *ret_type);
/* Whether a CodeableConcept, or one of an array of them, has a code of the list, which NULL ends.
 */
bool summary_has_code(const yyjson_val *concept, text system, const char *const *codes);
/* Whether a text is in the list. */
bool summary_is_one(text t, const char *const *list);
/* The first date of the resource by which its kind is ordered, as index_date() gives it; INT64_MIN:
 * none. */
int64_t summary_date(const yyjson_val *root);
/* CodeableConcept.text, else a display, else a code. */
text summary_concept(const yyjson_val *concept);
/* What a resource is about: code, vaccineCode, the medicine, the device. */
const yyjson_val *summary_subject_code(const struct summary_ask *ask, const yyjson_val *root,
                                       text *ret_display);
/* Instructions of a dosage as its author wrote them; empty: none. */
text summary_dosage(const yyjson_val *dosage);

/* --- which section (summary_rules.c) --------------------------------------------------------- */

/* SUMMARY_SECTIONS: none. *ret_over: of the section's kind, but over. */
enum summary_section summary_section_of(const struct summary_ask *ask,
                                        const struct summary_item *item, bool *ret_over);

/* --- words for people, escaped for XHTML (summary_words.c) ----------------------------------- */

void summary_escape(struct buf *out, text t);
/* "22 November 2026 09:30" of a date, dateTime or instant. */
void summary_print_date(struct buf *out, text date);
/* Any value of a choice, by its type ("DateTime", "Quantity" ...). */
void summary_print_value(struct buf *out, text type, const yyjson_val *value);
/* The choice of a name; nothing where there is none. */
void summary_print_choice(struct buf *out, const yyjson_val *root, text name);
/* "SNOMED CT 38341003" */
void summary_print_code(struct buf *out, const yyjson_val *concept);
void summary_print_person(struct buf *out, const yyjson_val *patient);
void summary_print_name(struct buf *out, const yyjson_val *patient);

/* --- tables (summary_table.c) ---------------------------------------------------------------- */

/* The narrative's <div> of a section. */
void summary_table(const struct summary_ask *ask, const struct summary *s,
                   enum summary_section section, struct buf *out);

#endif
