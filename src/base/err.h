/*
 * Errors: a function returns 0 or a code of the table below, and fills a `struct err` once, where
 * the cause is known. `ret_` outputs are written only on success. Library code never logs.
 *
 * Each code says how it is told to an HTTP client: the status, the FHIR issue type
 * (http://hl7.org/fhir/R4/valueset-issue-type.html) and whether the same request may be sent again.
 */
#ifndef KITH_BASE_ERR_H
#define KITH_BASE_ERR_H

#include "base/text.h"

/* X(name, HTTP status, FHIR issue type, may be retried, text when no detail was given) */
#define ERR_TABLE(X)                                                                             \
    X(OK, 200, "informational", false, "done")                                                   \
    X(SYNTAX, 400, "structure", false, "the content is not well-formed")                         \
    X(INVALID, 400, "invalid", false, "the content is not valid")                                \
    X(REQUIRED, 400, "required", false, "something that is required is missing")                 \
    X(VALUE, 400, "value", false, "a value is not of the form that its type asks for")           \
    X(CODE_INVALID, 400, "code-invalid", false, "a code is not in the list that is required")    \
    X(BUSINESS_RULE, 422, "business-rule", false, "a rule of the resource does not hold")        \
    X(INVARIANT, 422, "invariant", false, "a rule of the definition does not hold")              \
    X(EXTENSION, 422, "extension", false, "an extension is unknown, or stands at a wrong place") \
    X(NOT_SUPPORTED, 400, "not-supported", false, "this is not supported here")                  \
    X(TOO_COSTLY, 403, "too-costly", false, "this would take too much work")                     \
    X(LOGIN, 401, "login", false, "sign in first")                                               \
    X(FORBIDDEN, 403, "forbidden", false, "this is not allowed")                                 \
    X(NOT_FOUND, 404, "not-found", false, "there is nothing here")                               \
    X(METHOD, 405, "not-supported", false, "this cannot be done here")                           \
    X(NOT_ACCEPTABLE, 406, "not-supported", false, "no form of reply that was asked for exists") \
    X(TIMEOUT, 408, "timeout", true, "the request did not arrive in time")                       \
    X(CONFLICT, 409, "conflict", false, "this conflicts with what is stored")                    \
    X(DELETED, 410, "deleted", false, "this has been deleted")                                   \
    X(PRECONDITION, 412, "conflict", false, "a condition of the request does not hold")          \
    X(MULTIPLE, 412, "multiple-matches", false, "more than one resource matches")                \
    X(TOO_LARGE, 413, "too-long", false, "the request is larger than this node takes")           \
    X(URI_TOO_LONG, 414, "too-long", false, "the address is longer than this node takes")        \
    X(MEDIA_TYPE, 415, "not-supported", false, "this form of content is not read here")          \
    X(DUPLICATE, 400, "duplicate", false, "the same thing stands twice")                         \
    X(TOO_MANY, 429, "throttled", true, "there is too much of this already")                     \
    X(HEADERS_TOO_LARGE, 431, "too-long", false, "the header is larger than this node takes")    \
    X(IO, 500, "exception", true, "the node could not read or write its files")                  \
    X(CORRUPT, 500, "exception", false, "stored data failed its check")                          \
    X(MEMORY, 503, "no-store", true, "the request needs more memory than it may have")           \
    X(BUSY, 503, "transient", true, "the node is busy; try again shortly")                       \
    X(STOPPING, 503, "transient", true, "the node is stopping; try again shortly")               \
    X(FULL, 507, "no-store", true, "the node's disk is full; nothing was stored")                \
    X(INTERNAL, 500, "exception", false, "a fault of this node")

enum err_code {
#define ERR_ENUM(name, status, issue, retry, text) ERR_##name,
    ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
        ERR_COUNT
};

struct err_info {
    const char *name;
    int status;
    const char *issue;
    bool retryable;
    const char *text;
};

/* The row of a code; of INTERNAL for one that is not in the table. */
const struct err_info *err_info(int code);

struct err {
    int code;
    char expression[256]; /* FHIRPath of the place, or "" */
    char detail[768];     /* what is wrong and what to do; UTF-8, cut at a character */
};

/* Fills *e (which may be NULL) and returns code, so that  return err_set(e, ERR_X, "...");  reads
 * well. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The same with a place (FHIRPath). */
int err_at(struct err *e, int code, text expression, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* e->detail, or the table's text when there is none. NUL-terminated. */
const char *err_text(const struct err *e);

#endif
