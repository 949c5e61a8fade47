/* The callers' side of writing: everything that needs no database is made ready on their own
 * threads. */
#include "store/writer.h"

#include <stdlib.h>

static int prepare_facts(struct store *s, const struct write *write, struct arena *a,
                         struct prepared *p, struct err *e)
{
    struct resource r;
    p->facts = write->facts;
    if (p->facts.p) {
        return 0;
    }
    int rc = stored_resource(s, write->type, write->id, write->packed, a, &r, e);
    return rc ? rc : policy_facts(write->type, r.root, s->labels, a, &p->facts, e);
}

static int prepare_write(struct store *s, struct body_tools *tools, const struct write *write,
                         struct arena *a, struct prepared *p, struct err *e)
{
    name_make(&s->hasher, write->type, write->id, &p->name);
    if (write->kind == WRITE_DELETE) {
        return 0;
    }
    if (write->index->home.n && write->type != FHIR_PATIENT) {
        name_make(&s->hasher, FHIR_PATIENT, write->index->home, &p->home);
    }
    p->body = body_pack(s->bodies, tools, write->packed, a);
    if (!p->body.p) {
        return ERR_MEMORY;
    }
    p->bytes = p->body.n + write->index->count * 32;
    p->when = write->index->when;
    p->generation = write->index->generation;
    int rc = prepare_facts(s, write, a, p, e);
    if (rc) {
        return rc;
    }
    rc = shown_make(s, write->index, a, &p->shown, &p->shown_count);
    return rc ? rc : rows_make(s, write->type, write->index, a, &p->rows, &p->row_count);
}

/* A counting sort, stable. */
static void order_by_type(const struct write_request *r, size_t *order)
{
    size_t starts[257] = {0};
    for (size_t i = 0; i < r->write_count; i++) {
        starts[r->writes[i].type + 1]++;
    }
    for (size_t type = 0; type < 256; type++) {
        starts[type + 1] += starts[type];
    }
    for (size_t i = 0; i < r->write_count; i++) {
        order[starts[r->writes[i].type]++] = i;
    }
}

static int prepare(struct store *s, struct body_tools *tools, struct write_request *r,
                   struct arena *a, struct prepared_request *p)
{
    r->result = 0;
    r->err = (struct err){0};
    r->failed_write = r->failed_condition = SIZE_MAX;
    p->request = r;
    p->writes = arena_zalloc(a, r->write_count, sizeof *p->writes);
    p->order = arena_zalloc(a, r->write_count, sizeof *p->order);
    int rc = p->writes && p->order ? 0 : ERR_MEMORY;
    if (!rc) {
        order_by_type(r, p->order);
    }
    for (size_t i = 0; i < r->write_count && !rc; i++) {
        rc = prepare_write(s, tools, &r->writes[i], a, &p->writes[i], &r->err);
        if (rc && rc != ERR_MEMORY) {
            /* What policy does not understand is refused; the other requests go on. */
            p->settled = true;
            r->result = rc;
            r->failed_write = i;
            return 0;
        }
    }
    return rc;
}

void job_submit(struct writer *w, struct job *job)
{
    (void)pthread_cond_init(&job->wake, NULL);
    (void)pthread_mutex_lock(&w->lock);
    *w->last = job;
    w->last = &job->next;
    (void)pthread_cond_signal(&w->wake);
    (void)pthread_mutex_unlock(&w->lock);
}

void job_await(struct writer *w, struct job *job)
{
    (void)pthread_mutex_lock(&w->lock);
    while (!job->done) {
        (void)pthread_cond_wait(&job->wake, &w->lock);
    }
    (void)pthread_mutex_unlock(&w->lock);
    (void)pthread_cond_destroy(&job->wake);
}

static void refuse_all(struct write_request *requests, size_t count, int code, const char *words)
{
    for (size_t i = 0; i < count; i++) {
        requests[i].failed_write = requests[i].failed_condition = SIZE_MAX;
        requests[i].result = err_set(&requests[i].err, code, "%s", words);
    }
}

struct store_batch {
    struct store *s;
    const struct grant *g;
    struct arena arena;
    struct prepared_request *requests;
};

struct store_batch *store_batch_make(struct store *s, const struct grant *g,
                                     struct write_request *requests, size_t count)
{
    if (!s->writer) {
        refuse_all(requests, count, ERR_NOT_SUPPORTED, "this store was opened for reading only");
        return NULL;
    }
    struct store_batch *b = calloc(1, sizeof *b);
    struct body_tools *tools = b ? tools_take(s) : NULL;
    int rc = tools ? 0 : ERR_MEMORY;
    if (b) {
        *b = (struct store_batch){.s = s, .g = g};
        arena_init(&b->arena, (size_t)4 << 30);
        b->requests = arena_zalloc(&b->arena, count, sizeof *b->requests);
        rc = b->requests ? rc : ERR_MEMORY;
    }
    for (size_t i = 0; i < count && !rc; i++) {
        rc = prepare(s, tools, &requests[i], &b->arena, &b->requests[i]);
    }
    if (tools) {
        tools_give(s, tools);
    }
    if (rc) {
        refuse_all(requests, count, ERR_MEMORY, "the node has no memory for this write");
        store_batch_drop(b);
        return NULL;
    }
    return b;
}

void store_batch_commit(struct store_batch *b, size_t from, size_t count)
{
    struct job job = {.g = b->g, .requests = b->requests + from, .count = count};
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < job.requests[i].request->write_count; k++) {
            job.bytes += job.requests[i].writes[k].bytes;
        }
    }
    if (count) {
        job_submit(b->s->writer, &job);
        job_await(b->s->writer, &job);
    }
}

void store_batch_drop(struct store_batch *b)
{
    if (b) {
        arena_done(&b->arena);
        free(b);
    }
}

void store_commit(struct store *s, const struct grant *g, struct write_request *requests,
                  size_t count)
{
    struct store_batch *b = store_batch_make(s, g, requests, count);
    if (b) {
        store_batch_commit(b, 0, count);
        store_batch_drop(b);
    }
}
