/* Inside rest/subscribe/: one Subscription as it is understood, topics, and who it is for. */
#ifndef KITH_REST_SUBSCRIBE_SUBSCRIPTION_H
#define KITH_REST_SUBSCRIBE_SUBSCRIPTION_H

#include "rest/bulk/job_owner.h"
#include "rest/write.h"

#define BACKPORT "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
#define TOPIC_BASE "https://kith.care/fhir/SubscriptionTopic/"
/* An extension that only this node can write: for whom the subscription is. */
#define SUBSCRIPTION_SEALED "https://kith.care/fhir/StructureDefinition/subscription-sealed"

enum {
    SUBSCRIPTION_FILTERS_MAX = 20,
    SUBSCRIPTION_HEADERS_MAX = 20,
    SUBSCRIPTION_EVENTS_MAX = 100, /* events a notification, when not said: backport-max-count */
    SUBSCRIPTION_MEMORY = 4 << 20,
    SUBSCRIPTION_HEARTBEAT_LEAST = 1,
    SUBSCRIPTION_TIMEOUT = 20, /* seconds, when not said */
    SUBSCRIPTION_TIMEOUT_MOST = 60,
};

/* --- topics (topics.c) --------------------------------------------------------------------------
 */

enum topic { TOPIC_RESOURCE, TOPIC_RESULT, TOPIC_MESSAGE, TOPIC_CONSENT, TOPIC_COUNT };

struct topic_info {
    const char *name; /* behind TOPIC_BASE */
    const char *title, *words;
    const char *types; /* with spaces between them; NULL: any that belongs to patients */
};
extern const struct topic_info topic_table[TOPIC_COUNT];
bool topic_find(text url, enum topic *ret_topic);
bool topic_has_type(enum topic t, fhir_type type);

/* What happened to a resource. */
enum change { CHANGE_CREATE, CHANGE_UPDATE, CHANGE_DELETE };
/* Whether it is an event of the topic; `root`: as it is, or before its deletion. */
bool topic_means(enum topic t, fhir_type type, enum change change, const yyjson_val *root);

/* For the CapabilityStatement: the members `extension` and `supportedProfile` of the type, each
 * with a comma behind it. */
void topics_state(struct buf *out);
/* Bundle of Basic resources that describe the topics. */
void topics_print(struct buf *out);

/* --- a Subscription (subscription.c) ------------------------------------------------------------
 */

enum channel { CHANNEL_REST_HOOK, CHANNEL_WEBSOCKET };
enum content { CONTENT_EMPTY, CONTENT_ID_ONLY, CONTENT_FULL, CONTENT_COUNT };
bool content_find(text code, enum content *ret_content);

struct subscription {
    text id;
    uint64_t vid;
    text status;
    enum topic topic;
    text topic_url;
    struct plan filters[SUBSCRIPTION_FILTERS_MAX]; /* one of them has to match; root NULL: all of
                                                      the type */
    size_t filter_count;
    enum channel channel;
    enum content content;
    text endpoint;
    uint64_t heartbeat_s; /* 0: none */
    uint64_t timeout_s;
    uint64_t max_count;
    int64_t end_ms; /* INT64_MAX: none */
    bool has_error; /* Subscription.error */
    text sealed;    /* of the extension; empty: written by nobody who could be told anything */
};

/* Whether the resource is one that is served here: it names a topic, not a search. */
bool subscription_is_served(const yyjson_val *root);
/* Of a tree of a valid R4 Subscription; slices of it, plans in the arena. ERR_... names the
 * element.
 */
int subscription_read(const yyjson_val *root, const struct index_rules *rules,
                      const struct limits *limits, struct arena *a, struct subscription *ret,
                      struct err *e);

/* --- whose it is (owner.c) ----------------------------------------------------------------------
 */

/*
 * With every write of a Subscription, before it is packed (rest/write.c): refuses what cannot be
 * served, and writes who asked for it and the secrets of its header fields into it, sealed with the
 * node's key, so that they are as durable as the resource and nobody can write them but this node.
 */
int subscription_prepare(struct prepared *p, struct err *e);

struct subscriber {
    struct job_owner owner;
    text owner_id; /* client */
    const char *fields[SUBSCRIPTION_HEADERS_MAX + 1];
};
/* Who is told, as of now: ERR_FORBIDDEN: the program is not registered any more. */
int subscriber_read(const struct rest *rest, const struct subscription *s, struct arena *a,
                    struct subscriber *ret, struct err *e);
/* Whether the caller may see and change it: its own, or they look after the node. */
int subscription_allows(const struct call *c, const yyjson_val *root, struct err *e);

#endif
