/*
 * Writes JSON straight into a buffer: the generator's pen. In the literals given to put() a single
 * quote stands for a double one. put_string() escapes and is for everything that is not a literal.
 */
#ifndef KITH_SYNTH_EMIT_H
#define KITH_SYNTH_EMIT_H

#include "base/buf.h"
#include "base/random.h"
#include "synth/synth.h"

/* A coded concept; display is also the text. */
struct concept
{
    text system;
    text code; /* p NULL: text only */
    text display;
};

#define SYS_SNOMED T("http://snomed.info/sct")
#define SYS_LOINC T("http://loinc.org")
#define SNOMED(code_, display_) \
    {{"http://snomed.info/sct", 22}, {code_, sizeof(code_) - 1}, {display_, sizeof(display_) - 1}}
#define LOINC(code_, display_) \
    {{"http://loinc.org", 16}, {code_, sizeof(code_) - 1}, {display_, sizeof(display_) - 1}}
#define WORDS(display_) {{NULL, 0}, {NULL, 0}, {display_, sizeof(display_) - 1}}

struct person;
struct locality;

struct gen {
    struct buf out;
    struct buf scratch; /* a letter being composed */
    struct prng r;
    uint64_t seed;
    int64_t today;
    int64_t earliest; /* no record begins before this day */
    bool one_practice;
    uint64_t base;   /* the high half of the ids of the bundle being written */
    uint32_t serial; /* the next id of the bundle */
    uint32_t entries;
    char id[UUID_SIZE]; /* of the resource being written */
    enum synth_type type;
    char subject[UUID_SIZE];
    const struct person *p;
    const struct locality *l;
    struct synth_counts *counts;
};

/* A well-mixed 64-bit number of three. */
uint64_t mix(uint64_t a, uint64_t b, uint64_t c);

/* RFC 9562, version 8: the high half is shared by a bundle, the low half comes from the serial. */
void make_id(uint64_t base, uint32_t serial, char out[UUID_SIZE]);
/* The base of what the locality shares. */
uint64_t locality_base(uint64_t seed);

#define put(g, literal) put_literal(&(g)->out, T(literal))
void put_literal(struct buf *b, text t);
/* "escaped", with its quotes. */
void put_string(struct gen *g, text t);
/* The inside of a string: escaped, without quotes. */
void put_inside(struct gen *g, text t);
void put_number(struct gen *g, uint64_t n);
/* value / 10^digits, with exactly that many digits behind the point. */
void put_decimal(struct gen *g, int64_t value, int digits);
/* 2025-03-09, no quotes. */
void put_date(struct gen *g, int64_t day);
/* 2025-07-09T10:20:00+01:00, UK civil time, no quotes. */
void put_time(struct gen *g, int64_t day, int minute);

/* {"coding":[...],"text":...} */
void put_concept(struct gen *g, const struct concept *c);
/* The same with two codings of one meaning. */
void put_concepts(struct gen *g, const struct concept *a, const struct concept *b);

/* {"reference":"Type/id"} to an entry of this bundle. */
void put_own(struct gen *g, enum synth_type type, uint32_t serial);
/* {"reference":"Type/id","display":...} to something of the locality. */
void put_shared(struct gen *g, enum synth_type type, uint32_t serial, text display);
/* ,"subject":{...} */
void put_subject(struct gen *g);
/* ,"encounter":{...}; nothing for 0. */
void put_encounter(struct gen *g, uint32_t encounter);
/* The bytes as base64, no quotes. */
void put_base64(struct gen *g, text t);

void bundle_begin(struct gen *g, uint64_t base);
void bundle_end(struct gen *g);
/* Opens the next resource of the bundle; profile is the tail of a UK Core one, "" for none. Fields
 * follow, each with its comma in front. Returns the serial. */
uint32_t res_begin(struct gen *g, enum synth_type type, text profile);
void res_end(struct gen *g);

/* Chances. */
static inline bool chance(struct gen *g, uint32_t permille)
{
    return prng_below(&g->r, 1000) < permille;
}

/* low .. high, both included. */
static inline int64_t between(struct gen *g, int64_t low, int64_t high)
{
    return high <= low ? low : low + (int64_t)prng_below(&g->r, (uint64_t)(high - low + 1));
}

/* About normal around 0, within 3 * spread. */
int64_t noise(struct gen *g, int64_t spread);
/* A small count with this mean in thousandths. */
int count_of(struct gen *g, int64_t mean_permille);

#endif
