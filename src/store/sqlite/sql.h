/* All SQL text of the store. X(name, text) */
#ifndef KITH_STORE_SQLITE_SQL_H
#define KITH_STORE_SQLITE_SQL_H

#define SQL_SCHEMA                                                                            \
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"               \
    "CREATE TABLE resource(rid INTEGER PRIMARY KEY, id BLOB NOT NULL, vid INTEGER NOT NULL,"  \
    "  t INTEGER NOT NULL, body BLOB) STRICT;"                                                \
    "CREATE TABLE history(t INTEGER PRIMARY KEY, rid INTEGER NOT NULL, vid INTEGER NOT NULL," \
    "  body BLOB) STRICT;"                                                                    \
    "CREATE INDEX history_rid ON history(rid);"                                               \
    "CREATE TABLE name(h INTEGER PRIMARY KEY, rid INTEGER NOT NULL, id BLOB) STRICT;"         \
    "CREATE TABLE idx(param INTEGER NOT NULL, value BLOB NOT NULL, rid INTEGER NOT NULL,"     \
    "  PRIMARY KEY(param, value, rid)) STRICT, WITHOUT ROWID;"                                \
    "CREATE TABLE system(num INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE) STRICT;"          \
    "CREATE TABLE moved(old_rid INTEGER PRIMARY KEY, new_rid INTEGER NOT NULL) STRICT;"       \
    "CREATE INDEX moved_new ON moved(new_rid);"                                               \
    "CREATE TABLE dictionary(num INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"

/*
 * Before the first table: it cannot be changed later. 4096 against 8192, measured on 43,000 Synthea
 * resources: the same size and rate of reads, up to half as many creates a second more, since a
 * commit writes whole pages.
 */
#define SQL_PAGE_SIZE 4096
#define SQL_PRAGMAS_CREATE "PRAGMA page_size=4096; PRAGMA journal_mode=WAL;"

#define SQL_PRAGMAS_ALL                                    \
    "PRAGMA trusted_schema=OFF; PRAGMA temp_store=MEMORY;" \
    "PRAGMA wal_autocheckpoint=0; PRAGMA foreign_keys=ON; PRAGMA secure_delete=OFF;"

#define SQL_PRAGMAS_WRITER       \
    "PRAGMA cell_size_check=ON;" \
    "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA journal_size_limit=67108864;"

/* No cell_size_check: a mapped page is looked at anew at every visit, and the check would take most
 * of a read. */
#define SQL_PRAGMAS_READER \
    "PRAGMA query_only=ON; PRAGMA cache_size=-256; PRAGMA mmap_size=17179869184;"

#define SQL_TABLE(X)                                                                             \
    X(BEGIN_READ, "BEGIN")                                                                       \
    X(BEGIN_WRITE, "BEGIN IMMEDIATE")                                                            \
    X(COMMIT, "COMMIT")                                                                          \
    X(ROLLBACK, "ROLLBACK")                                                                      \
    X(JOURNAL_MODE, "PRAGMA journal_mode")                                                       \
    X(JOURNAL_WAL, "PRAGMA journal_mode=WAL")                                                    \
    X(NAME_FIND, "SELECT n.rid, n.id, r.vid, r.t, r.id, r.body IS NULL FROM name n"              \
                 " LEFT JOIN resource r ON r.rid = n.rid WHERE n.h = ?1")                        \
    X(NAME_READ, "SELECT n.rid, n.id, r.vid, r.t, r.id, r.body IS NULL, r.body FROM name n"      \
                 " LEFT JOIN resource r ON r.rid = n.rid WHERE n.h = ?1")                        \
    X(NAME_INSERT, "INSERT INTO name(h, rid, id) VALUES(?1, ?2, ?3)")                            \
    X(NAME_UPDATE, "UPDATE name SET rid = ?2, id = ?3 WHERE h = ?1")                             \
    X(RESOURCE_FIND, "SELECT rid, vid, t, body IS NULL, id, body FROM resource WHERE rid = ?1")  \
    X(RESOURCE_INSERT, "INSERT INTO resource(rid, id, vid, t, body) VALUES(?1, ?2, ?3, ?4, ?5)") \
    X(RESOURCE_UPDATE, "UPDATE resource SET vid = ?3, t = ?4, body = ?5 WHERE rid = ?1")         \
    X(RESOURCE_BODY, "UPDATE resource SET body = ?2 WHERE rid = ?1")                             \
    X(RESOURCE_REMOVE, "DELETE FROM resource WHERE rid = ?1")                                    \
    X(RESOURCE_LAST, "SELECT rid FROM resource WHERE rid BETWEEN ?1 AND ?2"                      \
                     " ORDER BY rid DESC LIMIT 1")                                               \
    X(MOVED_LAST, "SELECT old_rid FROM moved WHERE old_rid BETWEEN ?1 AND ?2"                    \
                  " ORDER BY old_rid DESC LIMIT 1")                                              \
    X(RESOURCE_RANGE, "SELECT rid, vid, t, body IS NULL, id FROM resource"                       \
                      " WHERE rid BETWEEN ?1 AND ?2 ORDER BY rid")                               \
    X(RESOURCE_RANGE_BODY, "SELECT rid, vid, t, body IS NULL, id, body FROM resource"            \
                           " WHERE rid BETWEEN ?1 AND ?2 ORDER BY rid")                          \
    X(HISTORY_KEEP, "INSERT INTO history(t, rid, vid, body)"                                     \
                    " SELECT t, rid, vid, body FROM resource WHERE rid = ?1")                    \
    X(HISTORY_FIND, "SELECT rid, vid, t, body IS NULL, x'', body FROM history WHERE t = ?1")     \
    X(HISTORY_LAST, "SELECT max(t) FROM history")                                                \
    X(HISTORY_OF, "SELECT rid, vid, t, body IS NULL, x'' FROM history WHERE rid = ?1"            \
                  " ORDER BY t DESC")                                                            \
    X(HISTORY_OF_BODY, "SELECT rid, vid, t, body IS NULL, x'', body FROM history"                \
                       " WHERE rid = ?1 ORDER BY t DESC")                                        \
    X(MOVED_FOLLOW, "UPDATE moved SET new_rid = ?2 WHERE new_rid = ?1")                          \
    X(MOVED_INSERT, "INSERT INTO moved(old_rid, new_rid) VALUES(?1, ?2)")                        \
    X(MOVED_TO, "SELECT new_rid FROM moved WHERE old_rid = ?1")                                  \
    X(MOVED_RANGE, "SELECT old_rid, new_rid FROM moved WHERE old_rid BETWEEN ?1 AND ?2"          \
                   " ORDER BY old_rid")                                                          \
    X(MOVED_OF, "SELECT old_rid FROM moved WHERE new_rid = ?1")                                  \
    X(INDEX_INSERT, "INSERT OR IGNORE INTO idx(param, value, rid) VALUES(?1, ?2, ?3)")           \
    X(INDEX_REMOVE, "DELETE FROM idx WHERE param = ?1 AND value = ?2 AND rid = ?3")              \
    X(INDEX_HAS, "SELECT 1 FROM idx WHERE param = ?1 AND value = ?2 AND rid = ?3")               \
    X(INDEX_EXACT, "SELECT value, rid FROM idx WHERE param = ?1 AND value = ?2"                  \
                   " AND rid BETWEEN ?3 AND ?4 ORDER BY rid")                                    \
    X(INDEX_EXACT_DOWN, "SELECT value, rid FROM idx WHERE param = ?1 AND value = ?2"             \
                        " AND rid BETWEEN ?3 AND ?4 ORDER BY rid DESC")                          \
    X(INDEX_UP, "SELECT value, rid FROM idx WHERE param = ?1 AND (value, rid) >= (?2, ?3)"       \
                " AND value < ?5 ORDER BY value, rid")                                           \
    X(INDEX_UP_OPEN, "SELECT value, rid FROM idx WHERE param = ?1 AND (value, rid) >= (?2, ?3)"  \
                     " ORDER BY value, rid")                                                     \
    X(INDEX_DOWN, "SELECT value, rid FROM idx WHERE param = ?1 AND value >= ?2 AND value < ?5"   \
                  " ORDER BY value DESC, rid DESC")                                              \
    X(INDEX_DOWN_FROM, "SELECT value, rid FROM idx WHERE param = ?1 AND value >= ?2"             \
                       " AND (value, rid) <= (?5, ?4) ORDER BY value DESC, rid DESC")            \
    X(INDEX_DOWN_OPEN, "SELECT value, rid FROM idx WHERE param = ?1 AND value >= ?2"             \
                       " ORDER BY value DESC, rid DESC")                                         \
    X(COUNT_EXACT, "SELECT count(*) FROM (SELECT 1 FROM idx WHERE param = ?1 AND value = ?2"     \
                   " AND rid BETWEEN ?3 AND ?4 LIMIT ?6)")                                       \
    X(COUNT_RANGE, "SELECT count(*) FROM (SELECT 1 FROM idx WHERE param = ?1 AND value >= ?2"    \
                   " AND value < ?5 LIMIT ?6)")                                                  \
    X(COUNT_OPEN, "SELECT count(*) FROM (SELECT 1 FROM idx WHERE param = ?1 AND value >= ?2"     \
                  " LIMIT ?6)")                                                                  \
    X(COUNT_ALL, "SELECT count(*) FROM idx WHERE param = ?1 AND value >= ?2")                    \
    X(SYSTEM_FIND, "SELECT num FROM system WHERE uri = ?1")                                      \
    X(SYSTEM_INSERT, "INSERT INTO system(num, uri) VALUES(?1, ?2)")                              \
    X(SYSTEM_LAST, "SELECT max(num) FROM system")                                                \
    X(META_FIND, "SELECT value FROM meta WHERE key = ?1")                                        \
    X(META_PUT, "INSERT INTO meta(key, value) VALUES(?1, ?2)"                                    \
                " ON CONFLICT(key) DO UPDATE SET value = excluded.value")                        \
    X(DICTIONARY_INSERT, "INSERT INTO dictionary(num, bytes) VALUES(?1, ?2)")                    \
    X(DICTIONARY_FIND, "SELECT bytes FROM dictionary WHERE num = ?1")                            \
    X(CHECK, "PRAGMA integrity_check(100)")                                                      \
    X(QUICK_CHECK, "PRAGMA quick_check(10)")                                                     \
    X(ALL_NAMES, "SELECT h, rid, 0, id FROM name ORDER BY h")                                    \
    X(ALL_HISTORY, "SELECT t, rid, vid, body FROM history ORDER BY t")                           \
    X(ALL_INDEX, "SELECT param, rid, 0, value FROM idx ORDER BY param, value, rid")              \
    X(ALL_MOVED, "SELECT old_rid, new_rid, 0, NULL FROM moved ORDER BY old_rid")                 \
    X(ALL_SYSTEMS, "SELECT num, 0, 0, uri FROM system ORDER BY num")                             \
    X(COUNT_NAMES, "SELECT count(*) FROM name")                                                  \
    X(COUNT_HISTORY, "SELECT count(*) FROM history")                                             \
    X(COUNT_INDEX, "SELECT count(*) FROM idx")                                                   \
    X(COUNT_MOVED, "SELECT count(*) FROM moved")                                                 \
    X(COUNT_SYSTEMS, "SELECT count(*) FROM system")                                              \
    X(VACUUM_INTO, "VACUUM INTO ?1")

enum sql {
#define SQL_ENUM(name, words) SQL_##name,
    SQL_TABLE(SQL_ENUM)
#undef SQL_ENUM
        SQL_COUNT
};

#endif
