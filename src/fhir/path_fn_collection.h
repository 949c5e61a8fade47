/* Inside fhir/path_fn_collection.c and the files that it was split into: what its table names. */
#ifndef KITH_FHIR_PATH_FN_COLLECTION_H
#define KITH_FHIR_PATH_FN_COLLECTION_H

#include "fhir/path_run.h"

/* Argument i on one item as a condition; empty is false. Leaves nothing in the arena. */
int path_condition(struct path_call *call, size_t i, const struct path_item *item, int64_t index,
                   bool *ret_is);
int path_give_boolean(struct path_call *call, bool is, struct path_items *ret);

/* path_fn_select.c: choosing, projecting, walking. */
int path_run_where(struct path_call *call, struct path_items *ret);
int path_run_select(struct path_call *call, struct path_items *ret);
int path_run_repeat(struct path_call *call, struct path_items *ret);
int path_run_children(struct path_call *call, struct path_items *ret);
int path_run_descendants(struct path_call *call, struct path_items *ret);
int path_run_aggregate(struct path_call *call, struct path_items *ret);
int path_run_iif(struct path_call *call, struct path_items *ret);
int path_run_trace(struct path_call *call, struct path_items *ret);
int path_run_single(struct path_call *call, struct path_items *ret);
int path_run_first(struct path_call *call, struct path_items *ret);
int path_run_last(struct path_call *call, struct path_items *ret);
int path_run_tail(struct path_call *call, struct path_items *ret);
int path_run_skip(struct path_call *call, struct path_items *ret);
int path_run_take(struct path_call *call, struct path_items *ret);

/* path_fn_sort.c */
int path_run_sort(struct path_call *call, struct path_items *ret);

/* path_fn_utility.c: now(), today(), timeOfDay(), type(). */
int path_run_now(struct path_call *call, struct path_items *ret);
int path_run_today(struct path_call *call, struct path_items *ret);
int path_run_time_of_day(struct path_call *call, struct path_items *ret);
int path_run_type(struct path_call *call, struct path_items *ret);

#endif
