/*
 * What the store needs of a database engine: connections, transactions, rows by key and cursors.
 * The engine knows nothing of FHIR, grants or plans; sqlite/ implements it.
 *
 * Functions return 0 or a code of base/err.h and leave the cause in db_error(); DB_END is the end
 * of a cursor or the absence of a row. Texts of a row are valid until the next call on the same
 * cursor, or the stated _done().
 */
#ifndef KITH_STORE_ENGINE_H
#define KITH_STORE_ENGINE_H

#include "base/err.h"
#include "base/hash.h"

enum { DB_END = -1, DB_SCHEMA = 4 };

struct db;
struct db_cursor;

enum db_role { DB_WRITER, DB_READER };

/* What was fixed when the store was made. */
struct db_founding {
    text organisation;
    text name;
    struct hash_key key; /* of the hashes of names */
    text dictionary;     /* number 1, which bodies are packed with at first */
};

int db_create(const char *dir, const struct db_founding *founding, struct err *e);
/* ERR_NOT_FOUND, ERR_NOT_SUPPORTED (schema). */
int db_open(const char *dir, enum db_role role, struct db **ret_db, struct err *e);
void db_close(struct db *db);
/* The cause of the last failure, as an error of its code. Returns the code. */
int db_error(const struct db *db, int code, struct err *e);
/* Statements running past this moment (clock_mono_ns) end with ERR_TOO_COSTLY. 0: none. */
void db_deadline(struct db *db, int64_t at);

/* What is read until db_end_read() is what is there now. */
int db_begin_read(struct db *db);
/* The stamp (db_policy_stamp()) of what the transaction sees. */
uint64_t db_seen_stamp(const struct db *db);
void db_end_read(struct db *db);
int db_begin_write(struct db *db);
int db_commit(struct db *db);
/* false: the next commits are in order, but durable only with the next one after `true` (the
 * beginning). Not within a transaction. */
int db_durable(struct db *db, bool durable);
void db_rollback(struct db *db);
/* Gives at most `pages` unused pages of the file back, unless fewer than `kept` are unused. DB_END:
 * there is nothing to do. */
int db_trim(struct db *db, uint64_t pages, uint64_t kept);
/* Bytes of the log that waits for a checkpoint. */
uint64_t db_wal_bytes(const struct db *db);
enum db_checkpoint { DB_CHECKPOINT_PASSIVE, DB_CHECKPOINT_RESTART, DB_CHECKPOINT_TRUNCATE };
int db_checkpoint(struct db *db, enum db_checkpoint how);

/* --- rows by key --------------------------------------------------------------------------- */

struct db_resource {
    uint64_t rid;
    uint64_t vid;
    uint64_t t;
    int64_t when; /* index_when(); INDEX_WHEN_NONE is NULL in the row. Not of older versions */
    bool deleted;
    text id;   /* as stored */
    text body; /* only where asked for */
};

struct db_name {
    uint64_t rid; /* 0: only mentioned */
    text mention; /* type byte and id, while there is no such resource; else empty */
    bool exists;  /* `resource` is set */
    struct db_resource resource;
};

/* DB_END: no such row. Call the _done() also then. */
int db_name_find(struct db *db, uint64_t hash, bool with_body, struct db_name *ret_name);
void db_name_done(struct db *db);
int db_name_insert(struct db *db, uint64_t hash, uint64_t rid, text mention);
int db_name_update(struct db *db, uint64_t hash, uint64_t rid, text mention);

int db_resource_find(struct db *db, uint64_t rid, struct db_resource *ret_resource);
void db_resource_done(struct db *db);
int db_resource_insert(struct db *db, const struct db_resource *r);
int db_resource_update(struct db *db, const struct db_resource *r);
int db_resource_remove(struct db *db, uint64_t rid);
/* The greatest key in [from, to] that a resource has or had; DB_END: none. */
int db_resource_last(struct db *db, uint64_t from, uint64_t to, uint64_t *ret_rid);

/* Copies the current version of rid to the history. */
int db_history_keep(struct db *db, uint64_t rid);
int db_history_find(struct db *db, uint64_t t, struct db_resource *ret_version);
void db_history_done(struct db *db);

/* The resource whose key was `old` is now `new`; what had moved to `old` follows. */
int db_moved_insert(struct db *db, uint64_t old_rid, uint64_t new_rid);
/* DB_END: it never moved. */
int db_moved_to(struct db *db, uint64_t old_rid, uint64_t *ret_rid);

/* An engine may be given rows that are there already. */
int db_index_insert(struct db *db, uint16_t param, text value, uint64_t rid, int64_t when);
int db_index_remove(struct db *db, uint16_t param, text value, uint64_t rid);
/* DB_END: there is no such row. */
int db_index_has(struct db *db, uint16_t param, text value, uint64_t rid);
int db_index_find(struct db *db, uint16_t param, text value, uint64_t rid, int64_t *ret_when);

/* Terms: texts that have numbers. What kind of text it is says its first byte (inner.h). */
int db_term_find(struct db *db, text bytes, uint64_t *ret_number);
int db_term_insert(struct db *db, text bytes, uint64_t number);
/* The greatest number in [from, to]; DB_END: none. */
int db_term_last(struct db *db, uint64_t from, uint64_t to, uint64_t *ret_number);

/* Displays: texts that have stood beside tokens (struct index_display). Only ever added. */
int db_display_insert(struct db *db, text words, text token);
/* DB_END: it is not there. */
int db_display_has(struct db *db, text words, text token);

/* Full text: `t` of a version, its words. Only ever added, in order of t. */
int db_words_insert(struct db *db, uint64_t t, text narrative, text content);

/* What policy has to know of a key (policy/facts.h); only where there is something to know. */
struct db_policy {
    uint64_t rid;
    uint32_t past; /* labels of earlier versions under this key */
    text facts;
    text id;   /* by db_policy_next(): of the resource, as stored; empty: there is none now */
    bool gone; /* by db_policy_next(): it has been deleted */
};
/* DB_END: no such row. Call the _done() also then. */
int db_policy_find(struct db *db, uint64_t rid, struct db_policy *ret_policy);
void db_policy_done(struct db *db);
/* A row of this key is replaced. */
int db_policy_put(struct db *db, const struct db_policy *policy);
int db_policy_remove(struct db *db, uint64_t rid);
/* Takes rows away whose key neither has nor had a resource. */
int db_policy_sweep(struct db *db);
/* A number that is another with every commit that has changed rows of policy. */
int db_policy_stamp(struct db *db, uint64_t stamp);

/* Notes left with versions (struct write.note): `t` of the version, its key. */
struct db_note {
    uint64_t t;
    uint64_t rid;
    text bytes;
};
int db_note_insert(struct db *db, const struct db_note *note);
/* Takes away those up to `t`. */
int db_note_drop(struct db *db, uint64_t t);

int db_meta_text(struct db *db, const char *key, char *to, size_t room, size_t *ret_size);
int db_meta_number(struct db *db, const char *key, uint64_t *ret_number);
int db_meta_put(struct db *db, const char *key, uint64_t number);

int db_dictionary_insert(struct db *db, uint32_t number, text bytes);
int db_dictionary_find(struct db *db, uint32_t number, text *ret_bytes);
void db_dictionary_done(struct db *db);

/* Search parameters that people have added: by number. */
struct db_param {
    uint16_t number;
    uint8_t state;
    uint64_t done;
    uint64_t looked;
    text id;
    text definition;
};
/* A row of this number is replaced. */
int db_param_put(struct db *db, const struct db_param *param);
/* In order of number; the texts stay until visit() returns, which ends it with anything but 0. */
int db_param_each(struct db *db, int (*visit)(void *context, const struct db_param *param),
                  void *context);

/* --- cursors ------------------------------------------------------------------------------- */

/*
 * Entries of one parameter in order of (value, rid), or backwards. Either `exact`: those with value
 * == low and rid in [rid_from, rid_to]; or those with low <= value < high (high empty: to the end).
 * A forward range begins at (low, rid_from). Exact ones are forward. The bytes of low and high must
 * stay until the cursor is closed.
 */
struct db_range {
    uint16_t param;
    bool exact;
    bool descending;
    text low;
    text high;
    uint64_t rid_from;
    uint64_t rid_to;
};

int db_index_open(struct db *db, const struct db_range *range, struct db_cursor **ret_cursor);
struct db_entry {
    text value;
    uint64_t rid;
    int64_t when; /* INDEX_WHEN_NONE: none */
};
int db_index_next(struct db_cursor *c, struct db_entry *ret_entry);
/* An exact forward cursor goes on at the first key from `rid` (not before where it stands). */
int db_index_skip(struct db_cursor *c, uint64_t rid);
/* Entries of the range (rid bounds count only for exact), but at most `most`. */
int db_index_count(struct db *db, const struct db_range *range, uint64_t most, uint64_t *ret_count);
/* Entries of an exact range, in order of key, that `counts` says yes to; one that returns a code
 * ends it with that code. It may use the connection, but count nothing by it. */
struct db_counting {
    int (*counts)(void *context, uint64_t rid, bool *ret_counts);
    void *context;
};
int db_index_count_if(struct db *db, const struct db_range *range,
                      const struct db_counting *counting, uint64_t *ret_count);

/* Current versions with rid in [from, to], in order. */
int db_resource_open(struct db *db, uint64_t from, uint64_t to, bool with_body,
                     struct db_cursor **ret_cursor);
int db_resource_next(struct db_cursor *c, struct db_resource *ret_resource);

/* Older versions of one key, newest first. ret_version->id is empty. */
int db_history_open(struct db *db, uint64_t rid, bool with_body, struct db_cursor **ret_cursor);
int db_history_next(struct db_cursor *c, struct db_resource *ret_version);

/* The keys that the resource `rid` had before. */
int db_moved_open(struct db *db, uint64_t rid, struct db_cursor **ret_cursor);
int db_moved_next(struct db_cursor *c, uint64_t *ret_rid);
/* Former keys in [from, to], in order, each with the key that its resource has now. */
int db_moved_range_open(struct db *db, uint64_t from, uint64_t to, struct db_cursor **ret_cursor);
int db_moved_range_next(struct db_cursor *c, uint64_t *ret_old, uint64_t *ret_new);

/* Rows of policy with rid in [from, to], in order. */
int db_policy_open(struct db *db, uint64_t from, uint64_t to, struct db_cursor **ret_cursor);
int db_policy_next(struct db_cursor *c, struct db_policy *ret_policy);

/* Notes from `t` on, in order. */
int db_note_open(struct db *db, uint64_t t, struct db_cursor **ret_cursor);
int db_note_next(struct db_cursor *c, struct db_note *ret_note);

/* Terms with numbers in [from, to], in order. */
int db_term_open(struct db *db, uint64_t from, uint64_t to, struct db_cursor **ret_cursor);
int db_term_next(struct db_cursor *c, uint64_t *ret_number, text *ret_bytes);

/* All displays in order of (words, token). */
int db_display_open(struct db *db, struct db_cursor **ret_cursor);
int db_display_next(struct db_cursor *c, text *ret_words, text *ret_token);

/* Versions (t, upwards) whose words have all of `words` (folded, apart by one space). */
int db_words_open(struct db *db, bool narrative, text words, struct db_cursor **ret_cursor);
int db_words_next(struct db_cursor *c, uint64_t *ret_t);
/* Every word with every version that has it, once each: for store_check(). */
int db_words_each(struct db *db, bool narrative, struct db_cursor **ret_cursor);
int db_words_each_next(struct db_cursor *c, text *ret_word, uint64_t *ret_t);

void db_cursor_close(struct db_cursor *c);

/* --- care ---------------------------------------------------------------------------------- */

/* The engine's own check: calls report for every finding. */
int db_check(struct db *db, void (*report)(void *context, const char *words), void *context);

/* Whole tables in order of their key, for store_check(). */
enum db_table {
    DB_ALL_NAMES,
    DB_ALL_HISTORY,
    DB_ALL_INDEX,
    DB_ALL_MOVED,
    DB_ALL_TERMS,
    DB_ALL_POLICY,
};
struct db_row {
    uint64_t number[3]; /* NAMES: hash, rid; HISTORY: t, rid, vid; INDEX: param, rid; MOVED: old,
                           new; TERMS: number; POLICY: rid */
    text bytes;         /* NAMES: mention; HISTORY: body; INDEX: value; TERMS: bytes */
    int64_t when;       /* INDEX */
    bool null;          /* bytes are NULL */
};
int db_table_open(struct db *db, enum db_table table, struct db_cursor **ret_cursor);
int db_table_next(struct db_cursor *c, struct db_row *ret_row);
int db_table_count(struct db *db, enum db_table table, uint64_t *ret_count);

int db_backup(const char *dir, const char *file, struct err *e);
/* The file is a whole store of this schema. */
int db_backup_check(const char *file, struct err *e);
/* Makes a copy ready to be served. */
int db_wal_ready(const char *file, struct err *e);
/* Bytes of the store's files. */
uint64_t db_bytes(const char *dir);
/* The name of the database file within the folder. */
extern const char db_file_name[];

#endif
