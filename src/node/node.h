/*
 * One running node: the store, the HTTP server and what is served from it. The only place that
 * knows everybody.
 */
#ifndef KITH_NODE_NODE_H
#define KITH_NODE_NODE_H

#include "base/err.h"
#include "base/limits.h"

#define KITH_VERSION_TEXT T(KITH_VERSION)

struct node_config {
    const char *dir;
    const char *host; /* address to listen on */
    uint16_t port;
    unsigned workers;      /* 0: default */
    int32_t locality_port; /* of the listener for other members, on the same host; -1: the one
                              behind `port`, or any free one where that is 0 */
    const char *tls_cert;
    const char *tls_key;
    text base;              /* FHIR base for links; empty: from each request's Host */
    const char *import_dir; /* where $import reads files; NULL: import/ in dir */
    struct limits limits;
    uint8_t profiles[256];  /* enum profile_policy of rest/rest.h, by fhir_type */
    bool demo;              /* the accounts of the demonstration: node/demo.h; loopback only */
    text demo_patient;      /* NHS number of whom it is about; empty: somebody fitting is chosen */
    const char *demo_nodes; /* folder of struct demo_nodes; NULL: it has this node alone */
    bool registration;      /* apps may register themselves (RFC 7591) */
    bool private_subscribers; /* notifications may go to addresses of private networks */
    bool hides_withheld;      /* nobody is told that something is withheld (docs/policy.md) */
};

struct node;

/* Opens the store and starts serving. The config's strings must outlive the node. */
int node_start(const struct node_config *config, struct node **ret_node, struct err *e);

/* "http://127.0.0.1:8080" */
text node_url(const struct node *n);

/* "https://127.0.0.1:8081", for other members of the locality; empty: the node has no key for that
 * yet (`kith locality`). */
text node_locality_url(const struct node *n);

/* Current resources. */
uint64_t node_resources(const struct node *n);

/* Finishes open requests (30 s at most), then closes the store. NULL is allowed. */
void node_stop(struct node *n);

#endif
