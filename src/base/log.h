/*
 * Log lines: one JSON object a line on standard error. Every event and its fields stand in the
 * table, so that free text, bodies and names of patients cannot reach a log by accident. Only
 * node/, rest/ and cli/ log.
 */
#ifndef KITH_BASE_LOG_H
#define KITH_BASE_LOG_H

#include "base/text.h"

enum log_level { LOG_INFO, LOG_WARNING, LOG_ERROR };

/* X(event, level, what the line says) */
#define LOG_TABLE(X)                                                                             \
    X(NODE_START, LOG_INFO, "node started")                                                      \
    X(NODE_STOP, LOG_INFO, "node stopped")                                                       \
    X(NODE_DRAIN, LOG_INFO, "node is stopping; open requests are finished first")                \
    X(STORE_OPEN, LOG_INFO, "store opened")                                                      \
    X(STORE_FULL, LOG_WARNING, "disk full: writes are refused, reads go on")                     \
    X(STORE_ROOM, LOG_INFO, "disk has room again: writes are accepted")                          \
    X(AUDIT_NO_BALLAST, LOG_WARNING,                                                             \
      "the disk has no room that the access log could keep for when it is full")                 \
    X(AUDIT_BEHIND, LOG_WARNING,                                                                 \
      "entries of writes cannot be brought to the access log; it is tried again")                \
    X(AUDIT_CAUGHT_UP, LOG_INFO, "the access log has the entries of all writes again")           \
    X(DEMO_NO_STORY, LOG_WARNING,                                                                \
      "the demonstration has no story: nobody here plays these; load more people")               \
    X(STORE_LOST, LOG_ERROR, "store failed while writing: ending, so that it recovers on start") \
    X(LOCALITY_LISTEN, LOG_INFO, "listening for other members of the locality")                  \
    X(LOCALITY_KEY, LOG_INFO, "the new key for connections with members is in use")              \
    X(LOCALITY_FAILED, LOG_WARNING,                                                              \
      "something between members could not be done; it is tried again")                          \
    X(SUBSCRIPTIONS_FAILED, LOG_WARNING,                                                         \
      "a subscriber could not be told of something; it is tried again")                          \
    X(REQUEST_FAILED, LOG_ERROR, "a request failed through a fault of this node")                \
    X(SLOW_REQUEST, LOG_WARNING, "a request took long")

enum log_event {
#define LOG_ENUM(name, level, words) LOG_##name,
    LOG_TABLE(LOG_ENUM)
#undef LOG_ENUM
        LOG_EVENT_COUNT
};

struct log_field {
    const char *name; /* NULL ends the list */
    bool is_number;
    int64_t number;
    text word; /* an identifier, a path, an address, an error's cause: never a resource's content */
};

#define LOG_WORD(name_, text_) ((struct log_field){.name = (name_), .word = (text_)})
#define LOG_NUMBER(name_, number_) \
    ((struct log_field){.name = (name_), .is_number = true, .number = (int64_t)(number_)})
#define LOG_END ((struct log_field){0})

/* log_line(LOG_NODE_START, LOG_WORD("address", ...), LOG_NUMBER("resources", n)); */
#define log_line(event, ...) log_write(event, (const struct log_field[]){__VA_ARGS__, LOG_END})
void log_write(enum log_event event, const struct log_field *fields);

#endif
