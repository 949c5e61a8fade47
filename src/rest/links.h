/*
 * Links by which a person shares something for a limited time (docs/sharing-links.md). Kept in
 * DIR/links.db, each row as one JSON object:
 *   link   by patient, '/', id
 *   url    by SHA-256 of the token in the link -> the key of the link
 *   file   by that hash, '/', two digits: a JWE
 * Only this keeps it open while a node serves.
 */
#ifndef KITH_REST_LINKS_H
#define KITH_REST_LINKS_H

#include "rest/rest.h"

struct links;

enum {
    LINK_FILES = 20,     /* of one link */
    LINK_TRIES = 5,      /* wrong passcodes, in all its life */
    LINK_OPENINGS = 500, /* then it ends */
    LINK_LABEL = 80,     /* characters */
    LINK_DAYS = 30,      /* it is open at most, and stands in the list after its end */
    LINK_TOKEN = 43,     /* characters of a token: 256 bits as base64url */
};

struct link {
    text patient, id;
    text hash;     /* of its token */
    text label;    /* whoever has the link reads it */
    text words;    /* what it contains, for the person */
    text flag;     /* of the specification: "U", "P" or empty */
    text passcode; /* hash; empty: none */
    int64_t made_ms, until_ms;
    int64_t ended_ms; /* before its time; 0: not */
    int64_t tries;    /* wrong passcodes that are left */
    int64_t opened, last_ms;
    text last_by;  /* what the last recipient said of themself */
    int64_t bytes; /* of its files; 0: they are gone */
    text *types;   /* of each file */
    size_t type_count;
};

/* Begins to take files away when their link is over. */
int links_open(const char *dir, struct links **ret_links, struct err *e);
/* NULL is allowed. */
void links_close(struct links *l);
/* After a restore: what a person ended meanwhile must not be open again. No error where there is
 * no such file. */
int links_end_all(const char *path, int64_t now_ms, struct err *e);

bool link_is_open(const struct link *link, int64_t now_ms);

/* Keeps one; its type_count JWEs in `files`. ERR_TOO_MANY: the person has as many as they may. */
int links_add(struct links *l, const struct limits *limits, const struct link *link,
              const text *files, struct err *e);
/* Of a patient, newest first. In the arena. */
int links_of(struct links *l, text patient, struct arena *a, struct link **ret, size_t *ret_count,
             struct err *e);
/* ERR_NOT_FOUND: no link of theirs that is open. */
int links_end(struct links *l, text patient, text id, int64_t now_ms, struct err *e);

/* The open link of a token. ERR_NOT_FOUND, in the same words whatever has become of it. */
int links_find(struct links *l, text token, int64_t now_ms, struct arena *a, struct link *ret_link,
               struct err *e);
/* Takes one of the tries, before the passcode is looked at. ERR_NOT_FOUND: there is none left. */
int links_try(struct links *l, const struct link *link, int64_t now_ms, int64_t *ret_left,
              struct err *e);
/* Counts an opening; gives the try back where one was taken. ERR_NOT_FOUND: it ended meanwhile. */
int links_opened(struct links *l, const struct link *link, text recipient, bool tried,
                 int64_t now_ms, struct err *e);
/* The nth file. ERR_NOT_FOUND. */
int links_file(struct links *l, const struct link *link, size_t n, struct arena *a, text *ret_jwe,
               struct err *e);

/* Too much from an address, or for a link (empty: none yet). ERR_TOO_MANY. */
int links_gate(struct links *l, text address, text hash, struct err *e);

/* --- addresses ----------------------------------------------------------------------------------
 */

/* /shared/... of the node. */
bool links_serves(text path);
void links_page(const struct rest *rest, const struct http_request *request,
                struct http_reply *reply);

/* Takes away what is over. Of links_open()'s thread, and for tests by another clock. */
int links_sweep(struct links *l, int64_t now_ms, struct err *e);

#endif
