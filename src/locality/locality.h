/*
 * One node's part in a locality: everything of this folder together, the addresses below /locality,
 * and what a node does by itself. docs/locality.md.
 */
#ifndef KITH_LOCALITY_LOCALITY_H
#define KITH_LOCALITY_LOCALITY_H

#include "locality/joined.h"
#include "locality/mail_post.h"
#include "locality/move.h"
#include "locality/reconcile.h"
#include "locality/witness.h"
#include "net/http.h"

struct locality;
/* With no directory yet everything is there, and says so. */
int locality_open(const struct loc_world *world, const uint8_t key[32], struct locality **ret,
                  struct err *e);
void locality_close(struct locality *l);

/* /locality/...: members by their certificate (request->client_key), `/locality/directory` anyone.
 */
bool locality_serves(text path);
void locality_handle(struct locality *l, const struct http_request *request,
                     struct http_reply *reply);

/* Whether a key is that of a member in force, or of an ally's. */
bool locality_knows(struct locality *l, const uint8_t tls[32]);

/*
 * The same without HTTP around it, for locality_handle() and the simulator. tls: SHA-256 of the
 * SubjectPublicKeyInfo of the client's certificate, NULL: none was shown. 0: an answer of whatever
 * status, *ret_receipt (Kith-Receipt) empty where there is none; else a code whose status and words
 * are the answer. Texts are in the arena.
 */
int locality_answer(struct locality *l, const uint8_t *tls, text method, text path, text query,
                    text body, struct arena *a, int *ret_status, text *ret_content_type,
                    text *ret_answer, text *ret_receipt, struct err *e);

/*
 * One round of what is done by itself; *ret_again_ms: when to come again. In a node each has a
 * thread of its own, one at a time; in the simulator its scheduler calls both. carry: what the
 * others have to learn soon (rows, directories, copies, messages). watch: what takes its time and
 * may wait (lists that heal, records that move, witnesses, the reconciler): a member that hangs
 * keeps it, and not the rest.
 */
int locality_carry(struct locality *l, int64_t *ret_again_ms, struct err *e);
int locality_watch(struct locality *l, int64_t *ret_again_ms, struct err *e);

/* For rest/'s answers: Patient/$joined and _joined=true (struct joined_source of rest/joined.h:
 * `context` is the locality). */
int locality_joined(void *context, const struct joined_ask *ask, struct arena *a, struct buf *out,
                    struct err *e);

/* A choice or a seal of a patient's is another one here: pages of joined records that were made
 * before are given out no more. */
void locality_choice_changed(struct locality *l, text nhs_number);

/* For struct mail_source of rest/mail.h: `context` is the locality. */
int locality_mail_send(void *context, const struct mail_ask *ask, struct arena *a, text *ret_id,
                       text *ret_patient, struct err *e);
int locality_mail_acknowledge(void *context, text id, struct err *e);

/* For struct move_source of rest/move.h. */
int locality_move_begin(void *context, const struct move_ask *ask, struct arena *a, text *ret_id,
                        struct err *e);
int locality_move_show(void *context, const struct caller *as, text patient, struct arena *a,
                       text *ret_json, struct err *e);

struct trust *locality_trust(struct locality *l);
struct feed *locality_feed(struct locality *l);
struct places *locality_places(struct locality *l);
struct asking *locality_asking(struct locality *l);
struct witness *locality_witness(struct locality *l);
struct mailbox *locality_mail(struct locality *l);
struct copies;
struct copies *locality_copies(struct locality *l); /* locality/copies.h */

#endif
