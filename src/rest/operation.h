/*
 * Inside rest/: the operations that read a little and answer with one resource, as rows of one
 * table: their names, where they may stand, by which methods, and who runs them. ($everything,
 * $export and the others that have an interaction of their own stand in route.c.)
 */
#ifndef KITH_REST_OPERATION_H
#define KITH_REST_OPERATION_H

#include "rest/call.h"

enum operation_level { OPERATION_SYSTEM = 1, OPERATION_TYPE = 2, OPERATION_INSTANCE = 4 };
enum operation_method {
    OPERATION_GET = 1,
    OPERATION_POST = 2,
    OPERATION_CHANGES = 4, /* what is stored: not by GET */
};

struct operation {
    const char *name;       /* "$expand" */
    const char *types;      /* "ValueSet CodeSystem"; NULL: any */
    unsigned levels;        /* of enum operation_level */
    unsigned methods;       /* of enum operation_method */
    const char *definition; /* canonical, for the CapabilityStatement */
    int (*run)(struct call *c, struct err *e);
    uint8_t needs; /* of MAY_* on the type, before it runs; 0: it asks by itself, or needs only that
                      somebody has signed in */
};

/* Ended by a row without a name. */
extern const struct operation operation_table[];

/*
 * The row for a name at the route's type and id. ERR_NOT_SUPPORTED: no operation of this name, or
 * not here; the message says where it is.
 */
int operation_find(const struct route *route, text name, const struct operation **ret_operation,
                   struct err *e);
/* Whether the row is for a type (0: of the system). */
bool operation_is_for(const struct operation *o, fhir_type type);

/* --- input: a query, or a Parameters resource ------------------------------------------------ */

struct operation_parameter {
    text name;
    text value;             /* of a primitive, as text; p == NULL: of another type */
    const yyjson_val *tree; /* value[x] or resource, of a Parameters resource; else NULL */
    const yyjson_val *part; /* the whole parameter, for `part`; NULL from a query */
};

/*
 * Those of the query (without _format and _pretty) and those of the body, where it is a Parameters
 * resource that resource_check() passes (its findings go to the call). A body of another type is
 * one parameter `resource` where `lone` says so, else ERR_INVALID.
 */
int operation_parameters(struct call *c, bool lone, struct operation_parameter **ret_parameters,
                         size_t *ret_count, struct err *e);

/* Whether the value is of one of the types ("Code String": valueCode or valueString). Those of a
 * query have no type, and are of any. */
bool operation_is_of(const struct operation_parameter *p, const char *types);

/* The first of a name; NULL: none. */
const struct operation_parameter *operation_parameter(const struct operation_parameter *parameters,
                                                      size_t count, const char *name);
/* ERR_INVALID, naming those that there are, for a parameter that is not one of `names` (ended by
 * NULL). */
int operation_only(const struct operation_parameter *parameters, size_t count,
                   const char *const *names, struct err *e);

/* The resource that an instance operation is called on, as a tree. */
int operation_instance(struct call *c, yyjson_val **ret_root, struct err *e);

/* The reply: 200 with this JSON. */
int operation_reply(struct call *c, struct buf *json, struct err *e);

/* The entry in the access log is about this patient, whatever else was in hand. */
int operation_touch(struct call *c, text patient, struct err *e);

/* In files of their own. */
int do_validate(struct call *c, struct err *e);
int do_convert(struct call *c, struct err *e);
int do_match(struct call *c, struct err *e);
int do_document(struct call *c, struct err *e);
int do_summary(struct call *c, struct err *e);
int do_process_message(struct call *c, struct err *e);
int do_acknowledge(struct call *c, struct err *e);
int do_move(struct call *c, struct err *e);
/* joined.c. *ret_wanted: whether a search says _joined=true, and is do_joined_search()'s. */
int do_subscription_status(struct call *c, struct err *e);
int do_subscription_events(struct call *c, struct err *e);
int do_subscription_token(struct call *c, struct err *e);
int do_subscription_topics(struct call *c, struct err *e);
int do_joined(struct call *c, struct err *e);
int joined_wanted(const struct call *c, bool *ret_wanted, struct err *e);
int do_joined_search(struct call *c, struct err *e);

#endif
