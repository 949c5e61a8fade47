/* Inside rf2*.c. */
#ifndef KITH_FHIR_RF2_INT_H
#define KITH_FHIR_RF2_INT_H

#include "fhir/rf2.h"

enum { RF2_LINE_MOST = 64 * 1024, RF2_COLUMNS = 24, RF2_MODULES_MOST = 200, RF2_NAMES_MOST = 4000 };

/* What is known of a concept until the end. */
struct rf2_concept {
    uint32_t time;   /* 20250101 */
    uint32_t module; /* where its identifier stands in the heap */
    uint32_t term_at, term_n;
    uint8_t score; /* of the term */
    uint8_t tag;   /* of the term: enum rf2_tag */
    bool active, defined, has_row, has_definition;
};

enum rf2_tag { RF2_EN, RF2_GB, RF2_US };

/* Identifiers of descriptions with what the language reference sets say of them. */
struct rf2_terms {
    uint64_t *ids; /* 0: free */
    uint8_t *marks;
    size_t count, capacity;
};
enum { RF2_RANK = 15, RF2_PREFERRED_US = 16, RF2_KNOWN = 32 };
uint8_t *rf2_terms_put(struct rf2_terms *t, uint64_t id); /* NULL: no memory */
uint8_t rf2_terms_get(const struct rf2_terms *t, uint64_t id);

struct rf2_module {
    uint64_t id;
    uint32_t time;
    bool needed; /* by another */
};

struct rf2 {
    struct rf2_options options;
    struct codes_build *build; /* from the first concept on */
    struct codes_about about;
    char version[200];
    struct rf2_module modules[RF2_MODULES_MOST];
    size_t module_count;
    struct rf2_terms terms;
    struct rf2_concept *concepts;
    size_t concept_count, concept_capacity;
    struct buf heap;                /* terms that may become displays */
    uint64_t names[RF2_NAMES_MOST]; /* concepts that are codes of properties, so far */
    size_t name_count;
    struct rf2_counts counts;
    bool british;
    enum rf2_kind kind;
    text file;
    uint64_t line;
    bool header; /* has been read */
    size_t column_count;
    size_t value_at, group_at; /* of a reference set: the column of what is kept; 0: none */
    enum codes_kind value_kind;
    struct buf rest; /* of a line that is not whole yet */
};

/* One line in columns. 0, ERR_MEMORY ...; a line that is wrong is told of and passed over. */
int rf2_row(struct rf2 *r, const text *columns, struct err *e);
void rf2_wrong(struct rf2 *r, const char *why);
/* The code system is begun, with the version that the modules say. */
int rf2_build_begin(struct rf2 *r, struct err *e);

#endif
