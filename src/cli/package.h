/* Inside cli/: FHIR packages -> resources of a node, and the record of what came with which. */
#ifndef KITH_CLI_PACKAGE_H
#define KITH_CLI_PACKAGE_H

#include "cli/cli.h"
#include "cli/import.h"

/* --- a package as it is read: package_read.c ------------------------------------------------ */

struct package_file {
    text file; /* below the package's folder */
    text type;
    text id;      /* its own; empty: none */
    text url;     /* empty: none */
    text version; /* empty: none */
    text json;    /* p == NULL: could not be read */
    text problem; /* why not */
    text new_id;  /* under which it is stored: package_add.c */
    bool is_definition;
    bool is_stored;
};

struct package_need {
    text name;
    text version;
};

struct package {
    text name;
    text version; /* empty: none */
    text title;
    text fhir_version;
    struct package_need *needs; /* packages that package.json names */
    size_t need_count;
    struct package_file *files; /* in the order of their names; those that are left out are gone */
    size_t count;
    size_t left_out; /* examples and what is no resource */
};

struct package_options {
    const char *name;    /* NULL: from package.json, or of the folder */
    const char *version; /* NULL: from package.json, or none */
    bool examples;
};

/*
 * A .tgz or a folder. With package/package.json (or package.json) it is an npm-style FHIR package
 * and the files beside that one are its definitions; otherwise every .json and .xml file below is
 * read. What cannot be read has its problem, and the rest goes on. All lives in the arena.
 */
int package_read(const char *path, const struct package_options *options, struct arena *a,
                 struct package *ret_package, struct err *e);

/* Whether a package may have this name or version: what ids are made of. */
bool package_word_fits(text word);

/* --- the node: package_node.c --------------------------------------------------------------- */

struct package_node;

/* A store's folder that no process serves, or the base URL of a FHIR server. */
int package_node_open(const char *where, struct package_node **ret_node, struct err *e);
void package_node_close(struct package_node *n);

/* GET (no body) or POST of `path` below the base. *ret_root: NULL when the answer is no JSON. */
int package_node_call(struct package_node *n, text path, text body, struct arena *a,
                      int *ret_status, yyjson_val **ret_root, struct err *e);
/* As import_target.take(). */
int package_node_take(struct package_node *n, struct rest_item *items, size_t count,
                      struct arena *a, struct err *e);
/* The path below the base of an address that the node gave out; the address itself elsewhere. */
text package_node_path(const struct package_node *n, text url);

/* --- records: package_guide.c --------------------------------------------------------------- */

/* A package that the node has: an ImplementationGuide with the tag of records. */
struct package_record {
    text id;
    text name;
    text version;
    text title;
    text *resources; /* "Type/id" */
    size_t count;
};

struct package_records {
    struct package_record *items;
    size_t count;
};

int package_records_read(struct package_node *n, struct arena *a, struct package_records *ret,
                         struct err *e);
/* NULL: none. An empty version: any. */
const struct package_record *package_record_find(const struct package_records *all, text name,
                                                 text version);
/* The id of a package's record. p == NULL: no memory. */
text package_record_id(text name, text version, struct arena *a);
/* The record of what was stored, and of what `before` (may be NULL) had. */
void package_record_print(const struct package *p, const struct package_record *before, text id,
                          struct arena *a, struct buf *out);

/* Sixteen hexadecimal digits that depend on the text alone. p == NULL: no memory. */
text package_digits(text of, struct arena *a);

/* --- adding: package_add.c ------------------------------------------------------------------ */

struct package_totals {
    uint64_t written;
    uint64_t same;
    uint64_t failed; /* could not be read, or were refused: told one by one */
};

int package_add(struct package_node *n, const struct cli_args *args, struct package *p,
                struct arena *a, struct package_totals *ret_totals, struct err *e);

#endif
