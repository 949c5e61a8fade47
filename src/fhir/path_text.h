/* What the functions on texts share: path_fn_string.c has their table, path_fn_coding.c those that
 * encode and escape. */
#ifndef KITH_FHIR_PATH_TEXT_H
#define KITH_FHIR_PATH_TEXT_H

#include "base/buf.h"
#include "fhir/path_int.h"

enum {
    PATH_TEXT_MAX = 16 * 1024 * 1024, /* bytes of a text that a function makes */
    PATH_TEXT_STEP = 64,              /* bytes read or written that count as a step */
};

/* Counts the bytes that a function looks at or makes. */
int path_text_spend(struct path_call *call, size_t bytes);

/* ret becomes the one string t, which must live as long as the run's arena. */
int path_text_only(struct path_call *call, text t, struct path_items *ret);

/* The same from a buffer, copied; buf_init(out, PATH_TEXT_MAX) before. The buffer is given back,
 * whatever happens. */
int path_text_made(struct path_call *call, struct buf *out, struct path_items *ret);

/* The focus as one string. *ret_has = false: it is empty, and so is the function's result. */
int path_text_focus(struct path_call *call, text *ret, bool *ret_has);
int path_text_arg(struct path_call *call, size_t i, text *ret, bool *ret_has);

bool path_text_utf8(text t);

int path_fn_encode(struct path_call *call, struct path_items *ret);
int path_fn_decode(struct path_call *call, struct path_items *ret);
int path_fn_escape(struct path_call *call, struct path_items *ret);
int path_fn_unescape(struct path_call *call, struct path_items *ret);

#endif
