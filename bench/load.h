/*
 * A small HTTP/1.1 load client: one thread, one epoll set, keep-alive connections, each with one
 * request under way. Knows nothing of Kith's own code on purpose: what it measures it must not
 * share.
 */
#ifndef KITH_BENCH_LOAD_H
#define KITH_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options {
    const char *host; /* numeric IPv4 address */
    uint16_t port;
    const char *paths_file;    /* get: one path a line, taken at random */
    const char *patients_file; /* create: ids of patients, one a line */
    bool create;               /* POST Observations instead of GET */
    const char *count;         /* bytes whose occurrences in the bodies are counted; NULL: none */
    unsigned connections;
    double seconds;
    double warm_up; /* seconds before anything is counted */
    double rate; /* requests a second that are started, whatever the server does; 0: as many as it
                    takes */
    uint64_t requests;    /* stop after so many; 0: no bound */
    int pid;              /* of the server, to count its CPU time; 0: do not */
    char *fields;         /* who asks, each field with its line end: KITH_FIELDS or KITH_TOKEN */
    const char *encoding; /* Accept-Encoding; NULL: none */
    uint64_t seed;
};

/* --- load_request.c: what is asked --------------------------------------------------------- */

struct requests;

/* NULL: a file cannot be read, which has been said on standard error. */
struct requests *requests_new(const struct options *o);
void requests_free(struct requests *r);

/* The next request, made into `buffer` when it is not ready-made. *ret_n: its size. */
const char *requests_next(struct requests *r, char *buffer, size_t room, size_t *ret_n);

/* --- load_conn.c: one connection ----------------------------------------------------------- */

enum { REQUEST_ROOM = 4096, READ_ROOM = 64 * 1024, HEAD_ROOM = 4096, NEEDLE_MAX = 64 };

enum conn_state { CONN_FREE, CONN_BUSY };

struct conn {
    int fd;
    enum conn_state state;
    int64_t started; /* when the request was due */
    /* the request */
    char own[REQUEST_ROOM];
    const char *out;
    size_t out_n;
    size_t out_done;
    /* the reply */
    char head[HEAD_ROOM];
    size_t head_n;
    bool in_body;
    bool chunked;
    bool closes;
    int status;
    uint64_t left; /* bytes of the body or of the chunk */
    int chunk_state;
    char tail[NEEDLE_MAX]; /* the last bytes seen, where a needle may have begun */
    size_t tail_n;
    uint64_t found;
    uint64_t body_bytes;
};

/* Connects, blocking. False: errno says why. */
bool conn_open(struct conn *c, const struct options *o);
void conn_close(struct conn *c);

/* Makes a connection ready for a reply to a new request. */
void conn_begin(struct conn *c, const char *request, size_t n, int64_t started);

/* Sends what the socket takes. False: the connection is broken. */
bool conn_send(struct conn *c);

enum conn_result { CONN_MORE, CONN_DONE, CONN_BROKEN };

/* Reads what there is; CONN_DONE at the end of a reply. */
enum conn_result conn_receive(struct conn *c, char *room, size_t room_n, const char *needle);

#endif
