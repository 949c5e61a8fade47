/* Inside term_validate*.c: one code, coding or concept that is being validated. */
#ifndef KITH_FHIR_TERM_VALIDATE_H
#define KITH_FHIR_TERM_VALIDATE_H

#include "fhir/term_int.h"

enum { VALIDATE_ISSUES_MOST = 200, VALIDATE_CODINGS_MOST = 1000 };

enum validate_place { PLACE_WHOLE, PLACE_CODE, PLACE_SYSTEM, PLACE_DISPLAY };

struct validate_issue {
    const char *severity, *code, *kind, *id; /* kind: of tx-issue-type */
    text place, words;
    bool quiet; /* not part of the message */
};

struct validate_coding {
    text system, version, code, display;
    bool inferred; /* no system was given, and it is to be found */
    size_t at;     /* of the codings */
    /* Found: */
    const struct codes *codes; /* of the system; NULL: not here */
    uint32_t concept;
    enum value_set_answer in;
    struct value_set_found found;
    const char *inactive_because; /* NULL: it is not left out for that */
};

struct validate_call {
    struct term *term;
    const struct value_set *set; /* NULL: CodeSystem/$validate-code */
    enum { FORM_CODE, FORM_CODING, FORM_CONCEPT } form;
    const yyjson_val *concept; /* codeableConcept, to be repeated */
    struct validate_coding *codings;
    size_t count;
    bool active_only, lenient, members_only, abstract_ok;
    struct validate_issue *issues;
    size_t issue_count;
    text unknown_system;
    bool unknown_is_cause; /* the value set is built on it */
    text shown;            /* the display of the reply */
};

/* The place of a coding, or of one of its parts, as an issue names it. */
text validate_place(const struct validate_call *v, const struct validate_coding *c,
                    enum validate_place place);
/* Texts past what the list takes are dropped. */
void validate_add(struct validate_call *v, struct validate_issue issue);
text validate_set_name(const struct validate_call *v);
bool validate_has_errors(const struct validate_call *v);

/* Finds out about one coding, and adds its issues. */
int validate_one(struct validate_call *v, struct validate_coding *c, struct err *e);
/* Whether the display is one that the concept has, in the languages that are wanted. */
int validate_display(struct validate_call *v, struct validate_coding *c, struct err *e);
/* What is withdrawn, deprecated, experimental or a draft. */
void validate_states(struct validate_call *v);
void validate_write(const struct validate_call *v, struct buf *out);

#endif
