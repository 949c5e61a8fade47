/* What administrators do on simulated nodes, through locality/trust.h; and what holds of it. */
#ifndef KITH_TESTS_SIM_MEMBERS_H
#define KITH_TESTS_SIM_MEMBERS_H

#include "locality/trust.h"
#include "sim.h"

struct members;

/* `of`: the struct trust of a node's state. Watches all that goes between nodes (`also`, if not
 * NULL, hears it too): nobody who is honest may sign two texts of one number and round. */
struct members *members_new(struct sim *s, struct trust *(*of)(void *state), sim_hearer *also,
                            void *also_context);
void members_free(struct members *m);
/* From now on this node may do what honest ones do not. */
void members_liar(struct members *m, size_t node);

/* Node 0 begins, the others up to `count` join, everyone signs: all have the same number. False:
 * it did not come so within a simulated hour. */
bool members_found(struct members *m, size_t count);
/* As a member has it in the directory; texts live as long as the simulator. */
void members_self(struct members *m, size_t node, struct trust_self_config *ret);

/* A locality of this node alone. */
bool members_create(struct members *m, size_t node, text name);

/* Each is one administrator's act; false: it could not be done (the node is down, or it was
 * refused, with *ret_why if not NULL: valid until the next act). */
bool members_propose(struct members *m, size_t node, const struct trust_change *change,
                     const char **ret_why);
bool members_join(struct members *m, size_t node, size_t inviter, const char **ret_why);
/* Signs the n-th proposal that waits at a node (in order of what it prints); SIZE_MAX: by chance.
 */
bool members_sign(struct members *m, size_t node, size_t n, const char **ret_why);
size_t members_waiting(struct members *m, size_t node);

/* A text of the next number, signed with the keys of some; empty: the change is none. */
text members_forge(struct members *m, const size_t *by, size_t count,
                   const struct trust_change *change, uint64_t round, struct arena *a);
/* Hands a note to a node, without the network. False: it did not take it. */
bool members_show(struct members *m, size_t to, text note);

/* The number in force at a node (also when it has ended); 0: none, or down. */
uint64_t members_number(struct members *m, size_t node);
/* The hash of what is in force. False: nothing. */
bool members_hash(struct members *m, size_t node, uint8_t ret[32]);
/* Whether a node is a member in what is in force there. */
bool members_is_member(struct members *m, size_t node, size_t who);
/* D3, I7: no two nodes have two texts of one number. Prints what is not so. */
bool members_agree(struct members *m);
/* Rounds and signatures of everyone until nothing waits and all members have one number; a
 * simulated time at most. */
bool members_settle(struct members *m, int64_t most_ms);

#endif
