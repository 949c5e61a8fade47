/* Private to plain/: one page on its way. */
#ifndef KITH_PLAIN_INNER_H
#define KITH_PLAIN_INNER_H

#include "fhir/search.h"
#include "format/html.h"
#include "format/json.h"
#include "plain/plain.h"
#include "plain/texts.h"

enum {
    FORM_BYTES_MOST = 16 * 1024,
    QUERY_BYTES_MOST = 4 * 1024,
    WORDS_MOST = 64 * 1024, /* of one value in words */
    JSON_DEPTH = 100,
};

/* Who is signed in, as GET /auth/session says it. */
struct visitor {
    bool signed_in; /* to the last step */
    bool half_way;  /* a code is to follow, or a second step is to be set up first */
    text step;      /* done, totp, enrol */
    text csrf;
    text name;
    bool is_patient;
    text patient;  /* the id of their own record; empty: none */
    bool finds;    /* may look people up */
    bool reads;    /* staff whose role sees records */
    bool sees_log; /* may read who looked at the records of others */
    uint64_t idle_seconds;
    yyjson_val *session; /* all of it */
};

struct page {
    const struct rest *rest;
    const struct http_request *request;
    struct http_reply *reply;
    struct arena *a;
    struct html h;
    enum language language;
    struct visitor visitor;
    struct caller caller;      /* of whoever is signed in */
    text part;                 /* of the address: {id} */
    text file;                 /* a second one */
    struct search_pair *pairs; /* of the query, or of the form that was sent */
    size_t pair_count;
    text patient;              /* id of whom the page is about; empty: of nobody */
    yyjson_val *person;        /* that Patient */
    text form_token;           /* of forms before somebody is signed in */
    yyjson_val *withheld;      /* what Patient/$withheld tells of whom the page is about */
    bool is_closed;            /* somebody of staff sees nothing of the record */
    bool is_stale;             /* the form that was sent is none of ours, or not of now */
    const char *problem_field; /* of the form: where the problem is */
    text problem;              /* in words; empty: none */
};

/* --- texts ------------------------------------------------------------------------------------ */

text page_text(const struct page *p, enum plain_text which);
/* The text with `value` in the place of its %s. */
text page_text_with(struct page *p, enum plain_text which, text value);
/* The value that came with the query or the form; empty: none. */
text page_value(const struct page *p, const char *name);
int plain_no_memory(struct err *e);

/* --- the frame (frame.c) ---------------------------------------------------------------------- */

/* Begins the page: title, links, who is signed in, whose record it is; then the heading. */
void page_begin(struct page *p, text title);
/* The end; checks that the page is whole. */
int page_end(struct page *p, struct err *e);
/* Sends the browser on, with GET. */
int page_go(struct page *p, text address, struct err *e);
/* In the place of whatever has been written: what is wrong, and what to do next. */
void page_fault(struct page *p, const struct err *e);
/* A paragraph; a heading; a link in a paragraph of its own. */
void page_paragraph(struct page *p, text words);
void page_heading(struct page *p, const char *name, text words);
void page_link(struct page *p, text address, text words);
/* Begins a form that is sent to an address; page_form_end() has its button. */
void page_form(struct page *p, const char *address);
void page_form_end(struct page *p, text button);
/* A field of a form with its label; hint may be empty. With what was typed, but for passwords. */
struct page_field {
    const char *name;
    const char *type; /* "text", "password" */
    const char *autocomplete;
    const char *inputmode; /* NULL: any */
    text label;
    text hint;
    bool is_short;
};
void page_input(struct page *p, const struct page_field *field);
/* Begins a part that scrolls sideways by itself where it has no room. */
void page_scrolls(struct page *p, text name);
/* A table that does; heads end with TEXT_COUNT. */
void page_table(struct page *p, text caption, const enum plain_text *heads);
void page_table_end(struct page *p);
/* page_about(), and whether the record is open to them (record.c): ERR_FORBIDDEN where it is not,
 * so that no page says that there is nothing where nothing may be seen. */
int page_open_record(struct page *p, text id, struct err *e);
/* What is withheld or held back, as far as it is told: that it is so, never what. */
void page_withheld(struct page *p);
/* Links to the first page of a list and to what follows (`token`; empty: that was all). */
void page_older(struct page *p, const char *page, text token, enum plain_text words);
/* What its author wrote about an entry, where it has a narrative that can be shown (results.c). */
void page_narrative(struct page *p, const yyjson_val *root);
/* A row of two of a list of facts, left out where there is no value. */
void page_facts(struct page *p);
void page_fact(struct page *p, enum plain_text name, text value);

/* --- asking the node (ask.c) -------------------------------------------------------------------
 */

/* GET of the FHIR API, below the base ("Patient/5"), as whoever is signed in. What is refused comes
 * as the code that its status means, with the words of the OperationOutcome. */
int ask_fhir(struct page *p, text path, yyjson_val **ret_root, struct err *e);
/* GET below /audit/. */
int ask_audit(struct page *p, text path, yyjson_val **ret_root, struct err *e);
/* GET, or POST with a body, below /auth/; cookies that it sets go on to the browser. `wait`: the
 * seconds of ERR_TOO_MANY; may be NULL. */
int ask_auth(struct page *p, const char *path, const struct buf *body, yyjson_val **ret_root,
             uint64_t *ret_wait, struct err *e);
/* The matches of a Bundle, one after another: start with *at = NULL. NULL: that was all. */
const yyjson_val *next_match(const yyjson_val *bundle, const yyjson_val **at);
/* The token of the next page of a search; empty: there is none. */
text next_token(const yyjson_val *bundle);
/* Percent-encoded, for a query or a part of a path. p == NULL: no memory. */
text url_encoded(struct page *p, text t);
/* Reads an entry, p->part of a type, and whose it is. ERR_NOT_FOUND whether there is none or it is
 * not for them. */
int page_entry(struct page *p, const char *type, yyjson_val **ret_root, struct err *e);
/* Reads who the page is about: p->patient and p->person. */
int page_about(struct page *p, text id, struct err *e);

/* --- values in words (values.c): plain text in the arena ----------------------------------------
 */

/* "3 March 2026", "3 March 2026, 09:30" of a date, dateTime or instant. */
text words_date(struct page *p, text date);
text words_concept(const yyjson_val *concept);
/* The value of a choice ("value", "effective"), in words; empty: none. */
text words_choice(struct page *p, const yyjson_val *root, text name);
text words_range(struct page *p, const yyjson_val *observation);
/* Also its components, and why there is none. */
text words_result(struct page *p, const yyjson_val *observation);
text words_name(struct page *p, const yyjson_val *patient);
/* "999 960 4889"; empty: none. */
text words_nhs_number(struct page *p, const yyjson_val *patient);
text words_address(struct page *p, const yyjson_val *patient);
/* displays of references, after one another */
text words_people(struct page *p, const yyjson_val *references);
/* The first date of these that the resource has, "name name": as it is written. */
text first_date(const yyjson_val *root, const char *names);

/* --- the pages ----------------------------------------------------------------------------------
 */

int page_start(struct page *p, struct err *e);
int page_sign_in(struct page *p, struct err *e); /* POST */
int page_code(struct page *p, struct err *e);
int page_code_post(struct page *p, struct err *e);
int page_recovery(struct page *p, struct err *e);
int page_recovery_post(struct page *p, struct err *e);
int page_enrol(struct page *p, struct err *e);
int page_demo(struct page *p, struct err *e);     /* POST */
int page_sign_out(struct page *p, struct err *e); /* POST */
int page_role(struct page *p, struct err *e);     /* POST */
int page_over(struct page *p, struct err *e);
int page_helping(struct page *p, struct err *e);
int page_find(struct page *p, struct err *e);
int page_find_post(struct page *p, struct err *e);
int page_record(struct page *p, struct err *e);
int page_results(struct page *p, struct err *e);
int page_result(struct page *p, struct err *e);
int page_report(struct page *p, struct err *e);
int page_letters(struct page *p, struct err *e);
int page_letter(struct page *p, struct err *e);
int page_letter_file(struct page *p, struct err *e);
int page_looked(struct page *p, struct err *e);

/* Where somebody lands, and where they go on to: `then` of the request where it is a page of here.
 */
text landing_page(struct page *p);
/* `then` of the request, when it is an address of these pages; else empty. */
text safe_then(const struct page *p);

/* --- who looked, in words (looked_words.c) ------------------------------------------------------
 */

text looked_who(struct page *p, const yyjson_val *entry);
text looked_what(struct page *p, const yyjson_val *entry);
text looked_why(struct page *p, const yyjson_val *entry);

#endif
