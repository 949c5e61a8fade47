/* Resources to measure with: files read once, each resource by itself. */
#ifndef KITH_BENCH_RULES_H
#define KITH_BENCH_RULES_H

#include "base/arena.h"
#include "base/buf.h"
#include "fhir/defs.h"
#include "fhir/path.h"
#include "format/json.h"

enum { SAMPLES_DEPTH = 128 };
#define SAMPLES_MEMORY ((size_t)8 << 30)

/* What a mode asks for beside the JSON. */
enum { SAMPLES_TREES = 1, SAMPLES_XML = 2, SAMPLES_RULES = 4, SAMPLES_NONE = 8 };

struct sample_rule;

struct sample {
    text json;
    text xml;                        /* SAMPLES_XML */
    yyjson_val *root;                /* SAMPLES_TREES */
    text profile;                    /* beside those of meta.profile; empty: none */
    bool has_profile;                /* that, or one in meta.profile */
    const struct sample_rule *rules; /* SAMPLES_RULES: those of its type */
};

struct samples {
    struct sample *items;
    size_t count;
    size_t capacity;
    size_t bytes; /* of what is measured */
};

/*
 * Adds the resources of a file, or of all files below a folder: .json (of a Bundle the resources in
 * it), .ndjson, .xml. What cannot be read is said and left out. False: the path cannot be read, or
 * no memory.
 */
bool samples_read(struct samples *s, const char *path, struct arena *a);
/* Empty ones, for what needs no resource. */
void samples_none(struct samples *s, size_t count, struct arena *a);
bool samples_prepare(struct samples *s, unsigned needs, struct arena *a);

/* Evaluates the invariants of the sample's type by FHIRPath, and adds how many. */
int samples_ask_rules(const struct sample *s, struct arena *a, uint64_t *asked);

/* --- code systems of invented concepts: rules_systems.c ----------------------------------------
 */

enum { SYSTEMS = 2 };

struct systems {
    struct buf images[SYSTEMS]; /* of SNOMED CT and LOINC; empty: none */
};

/* Concepts 900000001 ... with three words each, below one root; with the codes that the samples
 * have of the system. False: no memory. */
bool systems_make(struct systems *s, uint64_t concepts, const struct samples *samples,
                  struct arena *a);
void systems_done(struct systems *s);
struct defs_source systems_source(struct systems *s);

#endif
