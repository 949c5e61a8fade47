/*
 * Inside rest/: what people ask, and who owns the answer (docs/requests.md). Each is a Task, or of
 * the kind `comment` a Communication, that only these operations write: with the node's own grant,
 * after the asker's rights have been looked at, all of one operation in one transaction.
 */
#ifndef KITH_REST_REQUEST_H
#define KITH_REST_REQUEST_H

#include "rest/access.h"

enum {
    REQUEST_WORDS_MAX = 4000, /* characters */
    REQUEST_BYTES_MAX = 4 * REQUEST_WORDS_MAX,
    REQUEST_PLACE_MAX = 200, /* bytes of `element` and `page` */
    REQUEST_WAITING_MAX = 100,
    REQUEST_LIST_MAX = 5000,
    REQUEST_DUE_DAYS_MAX = 366,
};

struct request_kind {
    const char *code;
    const char *title;
    int days;             /* by when it is to be answered; 0: nothing is */
    bool working_days;    /* Monday to Friday */
    bool by_staff;        /* else by the patient, and proxies with this function */
    uint32_t function;    /* enum proxy_function */
    const char *types;    /* of the entry; NULL: any */
    bool whole;           /* may be about the person as such */
    bool needs_words;     /* to ask; the answer needs them but for `done` */
    const char *outcomes; /* "corrected not-changed" */
};
/* NULL: there is none of this code. */
const struct request_kind *request_kind(text code);
/* Of a Task or Communication; NULL: it is none of these. */
const struct request_kind *request_kind_of(const yyjson_val *root);
bool request_waits(const yyjson_val *root);

/* A party as a Reference has it: "Organization/x" and what it is called. */
struct request_party {
    text reference;
    text name;
    text ods; /* in the place of the reference: another member of the locality */
};
struct request_draft {
    const struct request_kind *kind;
    text id;    /* of the Task or Communication */
    text name;  /* the client's own for it; empty: none */
    text focus; /* "Observation/5"; empty: the record as a whole */
    text words, element, page;
    struct request_party owner;
    text due;   /* a date */
    text place; /* ODS code of whoever keeps the entry; empty: this node */
    text entry; /* as it is called there */
    bool internal;
};
int request_print(struct access *a, const struct request_draft *draft, text *ret_json,
                  struct err *e);

/* The parameter `words`, REQUEST_WORDS_MAX characters. ERR_REQUIRED where it is needed. */
int request_words(const struct access_input *in, bool needed, text *ret_words, struct err *e);
/* The parameter `to`: somebody of this organisation. p == NULL: not given. */
int request_to(struct access *a, const struct access_input *in, struct request_party *ret_party,
               struct err *e);
/* The same access, but looking as the node does; end it with request_node_done(). */
int request_as_node(const struct access *a, struct access *ret_node, struct err *e);
void request_node_done(struct access *node);
/* The current resources of a type, about the access's patient where there is one, that match a
 * query
 * ("code=...") and that its view sees. ERR_TOO_COSTLY past REQUEST_LIST_MAX. */
int request_find(struct access *a, fhir_type type, text query, struct versions *ret_found,
                 struct err *e);
/* Replies with a stored resource as the asker has it after the change. */
int request_reply(struct access *a, fhir_type type, text id, int status, struct err *e);

/* The parameters `place` and `entry`, where another member keeps the entry: it owns the answer. */
int request_place(struct access *a, const struct access_input *in, struct request_draft *d,
                  struct err *e);
/* Sends the Task to that member, once, under its own id; before it is stored here. */
int request_send(struct access *a, const struct request_draft *d, text task, struct err *e);
/* Whether a Task is such a request of another member's ... */
bool request_is_away(const yyjson_val *root);
/* ... which is answered: `output` is that of a completed Task. */
int request_answer_away(struct access *a, const yyjson_val *root, text outcome, text output,
                        struct err *e);
text request_uuid(struct access *a, uint64_t one, uint64_t two);

/*
 * The record and the entry ("Observation/5"; empty: the whole record) that the address is about,
 * and the entry's content. ERR_NOT_FOUND for what the asker may not see, or that is not there.
 */
int request_about(struct access *a, text *ret_focus, yyjson_val **ret_root, struct err *e);

/* GET (request_list.c). */
int request_list(struct call *c, struct err *e);

int do_ask(struct call *c, struct err *e);
int do_take(struct call *c, struct err *e);
int do_hand_over(struct call *c, struct err *e);
int do_answer(struct call *c, struct err *e);
int do_withdraw(struct call *c, struct err *e);

#endif
