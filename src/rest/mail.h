/*
 * What a message to another organisation is sent with, and who sends it: locality/, which this
 * layer does not know. docs/locality.md, "Messages".
 */
#ifndef KITH_REST_MAIL_H
#define KITH_REST_MAIL_H

#include "format/json.h"

struct caller;

struct mail_ask {
    const struct caller *caller;
    text to;                  /* ODS code */
    text workflow;            /* empty: what the kind of bundle stands for */
    text id;                  /* UUID: what was sent under it is not sent again; empty: anew */
    const yyjson_val *bundle; /* of type message or document, valid FHIR */
};

struct mail_source {
    void *context;
    /* Durable when it returns. *ret_id: Task/mail-<id> is its state. *ret_patient: whose record
     * here it belongs to; empty: of nobody who is known here. ERR_FORBIDDEN: not by this caller. */
    int (*send)(void *context, const struct mail_ask *ask, struct arena *a, text *ret_id,
                text *ret_patient, struct err *e);
    /* ERR_NOT_FOUND: no such message has been received. */
    int (*acknowledge)(void *context, text id, struct err *e);
};

#endif
