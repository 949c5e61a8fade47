/*
 * Counters, gauges and histograms from one table; /metrics prints them in the Prometheus text form
 * (0.0.4). Adding is lock-free. Labels are closed: there is no label that an outsider can choose.
 */
#ifndef KITH_BASE_METRICS_H
#define KITH_BASE_METRICS_H

#include "base/buf.h"

/* X(name, kind, help); SECONDS is a counter of nanoseconds that is shown in seconds */
#define METRIC_TABLE(X)                                                                         \
    X(http_connections_open, GAUGE, "connections open now")                                     \
    X(http_connections_total, COUNTER, "connections accepted")                                  \
    X(http_connections_refused_total, COUNTER, "connections closed because too many were open") \
    X(http_requests_total, COUNTER, "requests answered")                                        \
    X(http_client_errors_total, COUNTER, "requests answered with a status of 4xx")              \
    X(http_server_errors_total, COUNTER, "requests answered with a status of 5xx")              \
    X(http_bad_heads_total, COUNTER, "requests refused because their head was not valid HTTP")  \
    X(http_timeouts_total, COUNTER, "connections closed because the client was too slow")       \
    X(http_received_bytes_total, COUNTER, "bytes received")                                     \
    X(http_sent_bytes_total, COUNTER, "bytes sent")                                             \
    X(http_request_seconds, HISTOGRAM, "time from a complete request to its reply")             \
    X(request_cpu_seconds, HISTOGRAM, "CPU time of a request on its worker, of one in 16")      \
    X(step_route_seconds_total, SECONDS, "time in the step route")                              \
    X(step_who_seconds_total, SECONDS, "time in the step who")                                  \
    X(step_what_seconds_total, SECONDS, "time in the step what")                                \
    X(step_may_seconds_total, SECONDS, "time in the step may")                                  \
    X(step_do_seconds_total, SECONDS, "time in the step do")                                    \
    X(step_record_seconds_total, SECONDS, "time in the step record, with its fsync")            \
    X(step_reply_seconds_total, SECONDS, "time in the step reply")                              \
    X(interactions_unknown_total, COUNTER, "requests that are no interaction of FHIR")          \
    X(interactions_read_total, COUNTER, "reads")                                                \
    X(interactions_vread_total, COUNTER, "reads of one version")                                \
    X(interactions_create_total, COUNTER, "creates")                                            \
    X(interactions_update_total, COUNTER, "updates")                                            \
    X(interactions_update_conditional_total, COUNTER, "conditional updates")                    \
    X(interactions_patch_total, COUNTER, "patches")                                             \
    X(interactions_patch_conditional_total, COUNTER, "conditional patches")                     \
    X(interactions_delete_total, COUNTER, "deletes")                                            \
    X(interactions_delete_conditional_total, COUNTER, "conditional deletes")                    \
    X(interactions_history_total, COUNTER, "histories")                                         \
    X(interactions_search_total, COUNTER, "searches")                                           \
    X(interactions_bundle_total, COUNTER, "batches and transactions")                           \
    X(interactions_capabilities_total, COUNTER, "capability statements")                        \
    X(interactions_everything_total, COUNTER, "whole records")                                  \
    X(interactions_meta_total, COUNTER, "times that $meta was asked for")                       \
    X(interactions_meta_add_total, COUNTER, "times that $meta-add was asked for")               \
    X(interactions_meta_delete_total, COUNTER, "times that $meta-delete was asked for")         \
    X(interactions_reindex_total, COUNTER, "times that $reindex was asked for")                 \
    X(interactions_reindex_status_total, COUNTER, "looks at the progress of $reindex")          \
    X(interactions_param_status_total, COUNTER, "looks at the state of a search parameter")     \
    X(interactions_export_total, COUNTER, "bulk exports asked for")                             \
    X(interactions_import_total, COUNTER, "bulk imports asked for")                             \
    X(interactions_operation_total, COUNTER, "other operations")                                \
    X(profile_findings_total, COUNTER, "errors against profiles in what was written")           \
    X(interactions_job_total, COUNTER, "requests about jobs and their files")                   \
    X(jobs_running, GAUGE, "bulk jobs that run now")                                            \
    X(jobs_exported_total, COUNTER, "resources written by bulk exports")                        \
    X(jobs_imported_total, COUNTER, "lines taken by bulk imports, refused ones too")            \
    X(store_reads_total, COUNTER, "versions read")                                              \
    X(store_versions_total, COUNTER, "versions written")                                        \
    X(store_commits_total, COUNTER, "commits, each made durable before its replies")            \
    X(store_commit_seconds, HISTOGRAM, "time of a group commit, fsync included")                \
    X(store_full, GAUGE, "1 while writes are refused because the disk is full")                 \
    X(store_wal_bytes, GAUGE, "bytes of the write-ahead log that wait for a checkpoint")        \
    X(store_retries_total, COUNTER, "writes prepared again because a condition had changed")    \
    X(reindex_building, GAUGE, "added search parameters whose entries are being built")         \
    X(reindex_running, GAUGE, "1 while a $reindex is under way")                                \
    X(reindex_resources_total, COUNTER, "resources gone through for parameters or $reindex")    \
    X(reindex_missing_total, COUNTER, "entries that $reindex has put in")                       \
    X(reindex_stale_total, COUNTER, "entries that $reindex has taken out")                      \
    X(search_seconds, HISTOGRAM, "time of a search in the store")                               \
    X(locality_requests_total, COUNTER, "requests of other members")                            \
    X(locality_refused_total, COUNTER, "requests of those who are no member, refused")          \
    X(locality_calls_total, COUNTER, "requests to other members")                               \
    X(locality_failed_total, COUNTER, "requests to other members that had no answer in time")   \
    X(subscriptions_sent_total, COUNTER, "notifications that subscribers have taken")           \
    X(subscriptions_failed_total, COUNTER, "notifications that subscribers have not taken")     \
    X(subscriptions_off_total, COUNTER, "subscriptions that were given up")                     \
    X(locality_alarms_total, COUNTER, "alarms about other members")

enum metric {
#define METRIC_ENUM(name, kind, help) METRIC_##name,
    METRIC_TABLE(METRIC_ENUM)
#undef METRIC_ENUM
        METRIC_COUNT
};

/* Counters, gauges and SECONDS (in nanoseconds). */
void metric_add(enum metric m, int64_t n);
void metric_set(enum metric m, int64_t n);
int64_t metric_get(enum metric m);

/* Histograms: one observation, in nanoseconds. */
void metric_observe(enum metric m, int64_t ns);

/* Everything, as the Prometheus text form, each name prefixed with kith_. */
void metrics_print(struct buf *out);

#endif
