/* Inside term_*.c: one call of an operation. */
#ifndef KITH_FHIR_TERM_INT_H
#define KITH_FHIR_TERM_INT_H

#include "fhir/terminology.h"
#include "fhir/value_set_int.h"

struct term_language {
    text tag;         /* "*": any */
    unsigned quality; /* thousandths */
};

/* What texts are wanted in (RFC 9110, 12.5.4). */
struct term_languages {
    struct term_language *items; /* the most wanted first; none with quality 0 */
    size_t count;
    bool hard; /* nothing but these: "*; q=0" */
    text echo; /* as the reply repeats it; empty: nobody asked */
};

struct term {
    struct defs *defs;
    struct defs *own; /* the shelf of this call alone; NULL: none */
    struct defs_shelf *shelf;
    const struct term_ask *ask;
    struct arena *arena;
    struct value_set_rules rules;
    struct term_languages languages;
};

int term_no_memory(struct err *e);

/* known: names with '\0' between them and "" at the end. ERR_INVALID: an unknown parameter. */
int term_begin(struct term *t, struct defs *d, const struct term_ask *ask, const char *known,
               struct arena *a, struct err *e);
void term_end(struct term *t);

/* --- parameters ------------------------------------------------------------------------------- */

const struct term_parameter *term_parameter(const struct term *t, text name);
text term_text(const struct term *t, text name); /* p == NULL: not given */
const yyjson_val *term_tree(const struct term *t, text name);
/* ERR_VALUE where it is neither true nor false. */
int term_bool(const struct term *t, text name, bool if_absent, bool *ret, struct err *e);
/* Not negative. *ret_given false: not given. */
int term_number(const struct term *t, text name, bool *ret_given, uint64_t *ret, struct err *e);

/* The value set of the parameters url, valueSetVersion, valueSet, or of the instance. */
int term_value_set(struct term *t, const struct value_set **ret_set, struct err *e);
/* The languages of the parameter, the header, or what the value set says itself. */
int term_take_languages(struct term *t, const yyjson_val *value_set, struct err *e);
/* Puts the URI in the place of an OID that stands for it (defs_system_uri()). */
int term_system_uri(const struct term *t, text *system, struct err *e);
/* By the rules of the request about versions. ERR_NOT_FOUND. */
int term_codes(const struct term *t, text system, text version, const struct codes **ret_codes,
               struct err *e);

/* --- texts ------------------------------------------------------------------------------------ */

struct term_concept {
    const struct codes *codes; /* NULL: none */
    uint32_t concept;
    const struct value_set_entry *entry; /* NULL: none */
};

struct term_designation {
    text language, use_system, use_code, use_display, value;
    bool is_display; /* the display itself, in the language of its system */
};

/* The display first (where there is one), then the designations of the value set and the system. */
size_t term_designations(const struct term_concept *c, struct arena *a,
                         struct term_designation **ret, struct err *e);
bool term_language_fits(text wanted, text actual);
/* The text to show: *ret_at is its place, or SIZE_MAX where none may be shown. */
text term_choose(const struct term_languages *l, const struct term_designation *list, size_t count,
                 size_t *ret_at);
/* The same for one who only needs the text. */
text term_display(const struct term *t, const struct term_concept *c);

/* --- writing ---------------------------------------------------------------------------------- */

/* ,"name":"value" - without the comma where it is the first of an object; nothing for an empty one.
 */
void term_member(struct buf *out, const char *name, text value);
/* {"name":N,"valueT":"V"} with the comma before it where needed. */
void term_out(struct buf *out, const char *name, const char *type, text value);
void term_out_bool(struct buf *out, const char *name, bool value);
/* url|version in the arena. */
text term_canonical(const struct term *t, text url, text version);
/* The extension of a definition that says how far it is: "withdrawn"; empty: none. */
text term_standards_status(const yyjson_val *root);
bool term_is_true(const yyjson_val *v);

#endif
