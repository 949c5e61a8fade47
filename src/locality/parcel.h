/*
 * A whole record that moves: to another home, or to the patient. docs/locality.md, "Moving". The
 * form is a manifest (signed note) and pieces of NDJSON, so that any part can be fetched again and
 * checked alone.
 */
#ifndef KITH_LOCALITY_PARCEL_H
#define KITH_LOCALITY_PARCEL_H

#include "locality/person.h"
#include "locality/trust.h"

enum {
    PARCEL_PIECE = 4 << 20,      /* bytes of a piece: so much, or one line that is larger */
    PARCEL_PIECE_MAX = 24 << 20, /* a line: a resource as large as may be, and its words */
    PARCEL_PIECES_MAX = 10000,
    PARCEL_MANIFEST_MAX = 1 << 20,
    PARCEL_ID_MAX = 36,
};

struct parcel_piece {
    uint8_t hash[32]; /* SHA-256 */
    uint64_t bytes;
};
struct parcel_manifest {
    text id;       /* of the parcel: UUID */
    text from, to; /* ODS codes; `to` empty: the patient */
    text key, log; /* verifier keys: of the member that signs, and of its access log */
    struct subject subject;
    text patient; /* their id at `from` */
    int64_t made_ms;
    uint64_t versions, resources, log_entries;
    struct parcel_piece *pieces;
    size_t piece_count;
    uint64_t bytes; /* of all pieces */
};
/* The note, signed. ERR_INVALID: something that cannot stand in it; ERR_TOO_LARGE. */
int parcel_manifest_print(const struct parcel_manifest *m, const struct note_signer *by,
                          struct buf *out, struct err *e);
/* Exactly that form. `by` NULL: by the key that it names itself, which says no more than that it is
 * whole. ERR_SYNTAX with the line; ERR_FORBIDDEN: it is not signed by that key. */
int parcel_manifest_read(text note, const struct note_key *by, struct arena *a,
                         struct parcel_manifest *ret, struct err *e);
/* Of the note as it is: what a receipt names. */
void parcel_manifest_hash(text note, uint8_t ret[32]);
/* Whether these are the bytes of piece `i`: ERR_CORRUPT with words. */
int parcel_piece_check(const struct parcel_manifest *m, size_t i, text bytes, struct err *e);

/* What the lines of a parcel are, counted and checked (form, numbering of versions, proofs of the
 * log): fed piece by piece, in order. */
struct parcel_count {
    uint64_t versions, resources, log_entries, lines;
};
int parcel_lines_check(const struct parcel_manifest *m, text piece, struct parcel_count *count,
                       struct err *e);
/* At the end: the counts are those of the manifest. ERR_CORRUPT. */
int parcel_count_check(const struct parcel_manifest *m, const struct parcel_count *count,
                       struct err *e);
/* Cuts lines into pieces: `piece` is called with each; `apart`: this line begins a new one. */
struct parcel_cutter {
    struct buf bytes;
    struct parcel_manifest *m; /* pieces and bytes are added */
    size_t capacity;
    struct arena *a; /* of m->pieces */
    int (*piece)(void *context, size_t i, text bytes, struct err *e);
    void *context;
};
int parcel_cut_line(struct parcel_cutter *c, text line, bool apart, struct err *e);
int parcel_cut_end(struct parcel_cutter *c, struct err *e);

/*
 * The file of a patient: "kith.care/parcel-file/v1", a space, the bytes of the manifest, a line
 * feed, the manifest, the pieces one behind another.
 */
void parcel_file_head(text note, struct buf *out);
/* The bytes of the head at the beginning of a file; ERR_SYNTAX. */
enum { PARCEL_FILE_HEAD_MAX = 64 };
int parcel_file_read(text begin, size_t *ret_head, size_t *ret_note, struct err *e);

#endif
