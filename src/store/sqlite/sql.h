/* All SQL text of the store. X(name, text) */
#ifndef KITH_STORE_SQLITE_SQL_H
#define KITH_STORE_SQLITE_SQL_H

/*
 * Of the words, only which version has which is kept: neither the texts nor places in them. The
 * tokens are the folded words as they are: no letter of theirs is changed again, and the marks that
 * folding leaves (fhir/index.h) belong to words.
 */
#define SQL_WORDS(name)                                                                      \
    "CREATE VIRTUAL TABLE " name " USING fts5(words, content='', detail=none, columnsize=0," \
    "  tokenize='ascii tokenchars ''!#$%&()*+,-./:;<=>?@[\\]^_`{|}~''');"                    \
    "CREATE VIRTUAL TABLE " name "_terms USING fts5vocab(" name ", instance);"

#define SQL_SCHEMA                                                                               \
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"                  \
    "CREATE TABLE resource(rid INTEGER PRIMARY KEY, id BLOB NOT NULL, vid INTEGER NOT NULL,"     \
    "  t INTEGER NOT NULL, w INTEGER, body BLOB) STRICT;"                                        \
    "CREATE TABLE history(t INTEGER PRIMARY KEY, rid INTEGER NOT NULL, vid INTEGER NOT NULL,"    \
    "  body BLOB) STRICT;"                                                                       \
    "CREATE INDEX history_rid ON history(rid);"                                                  \
    "CREATE TABLE name(h INTEGER PRIMARY KEY, rid INTEGER NOT NULL, id BLOB) STRICT;"            \
    "CREATE TABLE idx(param INTEGER NOT NULL, value BLOB NOT NULL, rid INTEGER NOT NULL,"        \
    "  w INTEGER, PRIMARY KEY(param, value, rid)) STRICT, WITHOUT ROWID;"                        \
    "CREATE TABLE term(num INTEGER PRIMARY KEY, bytes BLOB NOT NULL UNIQUE) STRICT;"             \
    "CREATE TABLE display(words BLOB NOT NULL, token BLOB NOT NULL,"                             \
    "  PRIMARY KEY(words, token)) STRICT, WITHOUT ROWID;"                                        \
    "CREATE TABLE moved(old_rid INTEGER PRIMARY KEY, new_rid INTEGER NOT NULL) STRICT;"          \
    "CREATE INDEX moved_new ON moved(new_rid);"                                                  \
    "CREATE TABLE param(number INTEGER PRIMARY KEY, id BLOB NOT NULL, definition BLOB NOT NULL," \
    "  state INTEGER NOT NULL, done INTEGER NOT NULL, looked INTEGER NOT NULL) STRICT;"          \
    "CREATE TABLE policy(rid INTEGER PRIMARY KEY, past INTEGER NOT NULL,"                        \
    "  facts BLOB NOT NULL) STRICT;"                                                             \
    "CREATE TABLE note(t INTEGER PRIMARY KEY, rid INTEGER NOT NULL,"                             \
    "  bytes BLOB NOT NULL) STRICT;"                                                             \
    "CREATE TABLE dictionary(num INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;" SQL_WORDS(   \
        "words_all") SQL_WORDS("words_narrative")

/*
 * Before the first table: it cannot be changed later. 4096 against 8192, measured on 43,000 Synthea
 * resources: the same size and rate of reads, up to half as many creates a second more, since a
 * commit writes whole pages.
 */
#define SQL_PAGE_SIZE 4096
#define SQL_PRAGMAS_CREATE \
    "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"

#define SQL_PRAGMAS_ALL                                    \
    "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;" \
    "PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=ON; PRAGMA secure_delete=OFF;"

#define SQL_PRAGMAS_WRITER       \
    "PRAGMA cell_size_check=ON;" \
    "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA journal_size_limit=67108864;"

#define SQL_DURABLE "PRAGMA synchronous=FULL;"
/* What can be derived again needs no wait for the disk: a later commit takes it along. */
#define SQL_NOT_DURABLE "PRAGMA synchronous=NORMAL;"

/* No cell_size_check: a mapped page is looked at anew at every visit, and the check would take most
 * of a read. */
#define SQL_PRAGMAS_READER \
    "PRAGMA query_only=ON; PRAGMA cache_size=-256; PRAGMA mmap_size=17179869184;"

#define SQL_TABLE(X)                                                                               \
    X(BEGIN_READ, "BEGIN")                                                                         \
    X(SEE, "SELECT coalesce((SELECT value FROM meta WHERE key = 'policy'), 0)")                    \
    X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                                              \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(JOURNAL_MODE, "PRAGMA journal_mode")                                                         \
    X(JOURNAL_WAL, "PRAGMA journal_mode=WAL")                                                      \
    X(FREE_PAGES, "PRAGMA freelist_count")                                                         \
    X(NAME_FIND, "SELECT n.rid, n.id, r.vid, r.t, r.id, r.body IS NULL, r.w FROM name n"           \
                 " LEFT JOIN resource r ON r.rid = n.rid WHERE n.h = ?1")                          \
    X(NAME_READ, "SELECT n.rid, n.id, r.vid, r.t, r.id, r.body IS NULL, r.w, r.body FROM name n"   \
                 " LEFT JOIN resource r ON r.rid = n.rid WHERE n.h = ?1")                          \
    X(NAME_INSERT, "INSERT INTO name(h, rid, id) VALUES(?1, ?2, ?3)")                              \
    X(NAME_UPDATE, "UPDATE name SET rid = ?2, id = ?3 WHERE h = ?1")                               \
    X(RESOURCE_FIND, "SELECT rid, vid, t, body IS NULL, id, w, body FROM resource WHERE rid = ?1") \
    X(RESOURCE_INSERT, "INSERT INTO resource(rid, id, vid, t, w, body)"                            \
                       " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                          \
    X(RESOURCE_UPDATE, "UPDATE resource SET vid = ?3, t = ?4, w = ?5, body = ?6 WHERE rid = ?1")   \
    X(RESOURCE_REMOVE, "DELETE FROM resource WHERE rid = ?1")                                      \
    X(RESOURCE_LAST, "SELECT rid FROM resource WHERE rid BETWEEN ?1 AND ?2"                        \
                     " ORDER BY rid DESC LIMIT 1")                                                 \
    X(MOVED_LAST, "SELECT old_rid FROM moved WHERE old_rid BETWEEN ?1 AND ?2"                      \
                  " ORDER BY old_rid DESC LIMIT 1")                                                \
    X(RESOURCE_RANGE, "SELECT rid, vid, t, body IS NULL, id, w FROM resource"                      \
                      " WHERE rid BETWEEN ?1 AND ?2 ORDER BY rid")                                 \
    X(RESOURCE_RANGE_BODY, "SELECT rid, vid, t, body IS NULL, id, w, body FROM resource"           \
                           " WHERE rid BETWEEN ?1 AND ?2 ORDER BY rid")                            \
    X(HISTORY_KEEP, "INSERT INTO history(t, rid, vid, body)"                                       \
                    " SELECT t, rid, vid, body FROM resource WHERE rid = ?1")                      \
    X(HISTORY_FIND, "SELECT rid, vid, t, body IS NULL, x'', NULL, body FROM history WHERE t = ?1") \
    X(HISTORY_OF, "SELECT rid, vid, t, body IS NULL, x'', NULL FROM history WHERE rid = ?1"        \
                  " ORDER BY t DESC")                                                              \
    X(HISTORY_OF_BODY, "SELECT rid, vid, t, body IS NULL, x'', NULL, body FROM history"            \
                       " WHERE rid = ?1 ORDER BY t DESC")                                          \
    X(MOVED_FOLLOW, "UPDATE moved SET new_rid = ?2 WHERE new_rid = ?1")                            \
    X(MOVED_INSERT, "INSERT INTO moved(old_rid, new_rid) VALUES(?1, ?2)")                          \
    X(MOVED_TO, "SELECT new_rid FROM moved WHERE old_rid = ?1")                                    \
    X(MOVED_RANGE, "SELECT old_rid, new_rid FROM moved WHERE old_rid BETWEEN ?1 AND ?2"            \
                   " ORDER BY old_rid")                                                            \
    X(MOVED_OF, "SELECT old_rid FROM moved WHERE new_rid = ?1")                                    \
    X(INDEX_INSERT, "INSERT OR REPLACE INTO idx(param, value, rid, w) VALUES(?1, ?2, ?3, ?4)")     \
    X(INDEX_REMOVE, "DELETE FROM idx WHERE param = ?1 AND value = ?2 AND rid = ?3")                \
    X(INDEX_HAS, "SELECT 1 FROM idx WHERE param = ?1 AND value = ?2 AND rid = ?3")                 \
    X(INDEX_FIND, "SELECT coalesce(w, -9223372036854775808) FROM idx"                              \
                  " WHERE param = ?1 AND value = ?2 AND rid = ?3")                                 \
    X(INDEX_EXACT, "SELECT value, rid, w FROM idx WHERE param = ?1 AND value = ?2"                 \
                   " AND rid BETWEEN ?3 AND ?4 ORDER BY rid")                                      \
    X(INDEX_UP, "SELECT value, rid, w FROM idx WHERE param = ?1 AND (value, rid) >= (?2, ?3)"      \
                " AND value < ?5 ORDER BY value, rid")                                             \
    X(INDEX_UP_OPEN, "SELECT value, rid, w FROM idx WHERE param = ?1 AND (value, rid) >= (?2, ?3)" \
                     " ORDER BY value, rid")                                                       \
    X(INDEX_DOWN, "SELECT value, rid, w FROM idx WHERE param = ?1 AND value >= ?2 AND value < ?5"  \
                  " ORDER BY value DESC, rid DESC")                                                \
    X(INDEX_DOWN_OPEN, "SELECT value, rid, w FROM idx WHERE param = ?1 AND value >= ?2"            \
                       " ORDER BY value DESC, rid DESC")                                           \
    X(COUNT_EXACT, "SELECT count(*) FROM (SELECT 1 FROM idx WHERE param = ?1 AND value = ?2"       \
                   " AND rid BETWEEN ?3 AND ?4 LIMIT ?6)")                                         \
    X(COUNT_IF, "SELECT kith_count(rid) FROM idx WHERE param = ?1 AND value = ?2"                  \
                " AND rid BETWEEN ?3 AND ?4")                                                      \
    X(COUNT_RANGE, "SELECT count(*) FROM (SELECT 1 FROM idx WHERE param = ?1 AND value >= ?2"      \
                   " AND value < ?5 LIMIT ?6)")                                                    \
    X(COUNT_OPEN, "SELECT count(*) FROM (SELECT 1 FROM idx WHERE param = ?1 AND value >= ?2"       \
                  " LIMIT ?6)")                                                                    \
    X(COUNT_ALL, "SELECT count(*) FROM idx WHERE param = ?1 AND value >= ?2")                      \
    X(TERM_FIND, "SELECT num FROM term WHERE bytes = ?1")                                          \
    X(TERM_INSERT, "INSERT INTO term(num, bytes) VALUES(?1, ?2)")                                  \
    X(TERM_LAST, "SELECT max(num) FROM term WHERE num BETWEEN ?1 AND ?2")                          \
    X(TERM_RANGE, "SELECT num, bytes FROM term WHERE num BETWEEN ?1 AND ?2 ORDER BY num")          \
    X(DISPLAY_INSERT, "INSERT OR IGNORE INTO display(words, token) VALUES(?1, ?2)")                \
    X(DISPLAY_HAS, "SELECT 1 FROM display WHERE words = ?1 AND token = ?2")                        \
    X(DISPLAY_ALL, "SELECT words, token FROM display ORDER BY words, token")                       \
    X(WORDS_INSERT, "INSERT INTO words_all(rowid, words) VALUES(?1, ?2)")                          \
    X(NARRATIVE_INSERT, "INSERT INTO words_narrative(rowid, words) VALUES(?1, ?2)")                \
    X(WORDS_MATCH, "SELECT rowid FROM words_all WHERE words_all MATCH ?1 ORDER BY rowid")          \
    X(NARRATIVE_MATCH, "SELECT rowid FROM words_narrative WHERE words_narrative MATCH ?1"          \
                       " ORDER BY rowid")                                                          \
    X(WORDS_EACH, "SELECT term, doc FROM words_all_terms")                                         \
    X(NARRATIVE_EACH, "SELECT term, doc FROM words_narrative_terms")                               \
    X(META_FIND, "SELECT value FROM meta WHERE key = ?1")                                          \
    X(META_PUT, "INSERT INTO meta(key, value) VALUES(?1, ?2)"                                      \
                " ON CONFLICT(key) DO UPDATE SET value = excluded.value")                          \
    X(POLICY_FIND, "SELECT rid, past, facts, x'', 0 FROM policy WHERE rid = ?1")                   \
    X(POLICY_PUT, "INSERT OR REPLACE INTO policy(rid, past, facts) VALUES(?1, ?2, ?3)")            \
    X(POLICY_REMOVE, "DELETE FROM policy WHERE rid = ?1")                                          \
    X(POLICY_SWEEP, "DELETE FROM policy WHERE rid NOT IN (SELECT rid FROM resource)"               \
                    " AND rid NOT IN (SELECT old_rid FROM moved)")                                 \
    X(POLICY_RANGE, "SELECT p.rid, p.past, p.facts, r.id, r.body IS NULL FROM policy p"            \
                    " LEFT JOIN resource r ON r.rid = p.rid"                                       \
                    " WHERE p.rid BETWEEN ?1 AND ?2 ORDER BY p.rid")                               \
    X(NOTE_INSERT, "INSERT INTO note(t, rid, bytes) VALUES(?1, ?2, ?3)")                           \
    X(NOTE_DROP, "DELETE FROM note WHERE t <= ?1")                                                 \
    X(NOTE_RANGE, "SELECT t, rid, bytes FROM note WHERE t >= ?1 ORDER BY t")                       \
    X(PARAM_PUT, "INSERT OR REPLACE INTO param(number, id, definition, state, done, looked)"       \
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6)")                                                \
    X(PARAM_ALL, "SELECT number, id, definition, state, done, looked FROM param ORDER BY number")  \
    X(DICTIONARY_INSERT, "INSERT INTO dictionary(num, bytes) VALUES(?1, ?2)")                      \
    X(DICTIONARY_FIND, "SELECT bytes FROM dictionary WHERE num = ?1")                              \
    X(CHECK, "PRAGMA integrity_check(100)")                                                        \
    X(QUICK_CHECK, "PRAGMA quick_check(10)")                                                       \
    X(ALL_NAMES, "SELECT h, rid, 0, id FROM name ORDER BY h")                                      \
    X(ALL_HISTORY, "SELECT t, rid, vid, body FROM history ORDER BY t")                             \
    X(ALL_INDEX, "SELECT param, rid, w, value FROM idx ORDER BY param, value, rid")                \
    X(ALL_MOVED, "SELECT old_rid, new_rid, 0, NULL FROM moved ORDER BY old_rid")                   \
    X(ALL_TERMS, "SELECT num, 0, 0, bytes FROM term ORDER BY num")                                 \
    X(ALL_POLICY, "SELECT rid, past, 0, facts FROM policy ORDER BY rid")                           \
    X(COUNT_NAMES, "SELECT count(*) FROM name")                                                    \
    X(COUNT_HISTORY, "SELECT count(*) FROM history")                                               \
    X(COUNT_INDEX, "SELECT count(*) FROM idx")                                                     \
    X(COUNT_MOVED, "SELECT count(*) FROM moved")                                                   \
    X(COUNT_TERMS, "SELECT count(*) FROM term")                                                    \
    X(COUNT_POLICY, "SELECT count(*) FROM policy")                                                 \
    X(VACUUM_INTO, "VACUUM INTO ?1")

enum sql {
#define SQL_ENUM(name, words) SQL_##name,
    SQL_TABLE(SQL_ENUM)
#undef SQL_ENUM
        SQL_COUNT
};

/* --- what a node keeps for itself, in a file of its own (store/kept.h) ------------------------ */

#define KEPT_APPLICATION 1265202280 /* "KIth" in four bytes: whose file it is */
#define KEPT_SCHEMA_TEXT                                                            \
    "CREATE TABLE kept(kind TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL," \
    "  PRIMARY KEY(kind, key)) STRICT, WITHOUT ROWID;"                              \
    "PRAGMA application_id=1265202280; PRAGMA user_version=1;"
#define KEPT_PRAGMAS_CREATE "PRAGMA journal_mode=WAL;"
/* What is deleted here may have been a secret: its bytes are overwritten. */
#define KEPT_PRAGMAS                                                                \
    "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY; PRAGMA synchronous=FULL;" \
    "PRAGMA secure_delete=ON; PRAGMA cell_size_check=ON; PRAGMA journal_size_limit=4194304;"
#define KEPT_PRAGMAS_LOOK "PRAGMA trusted_schema=OFF; PRAGMA query_only=ON;"

#define KEPT_SQL_TABLE(X)                                                             \
    X(APPLICATION, "PRAGMA application_id")                                           \
    X(VERSION, "PRAGMA user_version")                                                 \
    X(TABLES, "SELECT count(*) FROM sqlite_schema")                                   \
    X(CHECK, "PRAGMA quick_check(1)")                                                 \
    X(CHANGED, "PRAGMA data_version")                                                 \
    X(COPY, "VACUUM INTO ?1")                                                         \
    X(FIND, "SELECT value FROM kept WHERE kind = ?1 AND key = ?2")                    \
    X(PUT, "INSERT OR REPLACE INTO kept(kind, key, value) VALUES(?1, ?2, ?3)")        \
    X(REMOVE, "DELETE FROM kept WHERE kind = ?1 AND key = ?2")                        \
    X(RANGE, "SELECT key, value FROM kept WHERE kind = ?1 AND key >= ?2 AND key < ?3" \
             " ORDER BY key")                                                         \
    X(RANGE_OPEN, "SELECT key, value FROM kept WHERE kind = ?1 AND key >= ?2 ORDER BY key")

enum kept_sql {
#define KEPT_SQL_ENUM(name, words) KEPT_SQL_##name,
    KEPT_SQL_TABLE(KEPT_SQL_ENUM)
#undef KEPT_SQL_ENUM
        KEPT_SQL_COUNT
};

#endif
