/* Localities of simulated nodes that run trust*.c alone: for test_trust*.c. */
#ifndef KITH_TESTS_LOCALITY_TRUST_KIT_H
#define KITH_TESTS_LOCALITY_TRUST_KIT_H

#include "locality/trust_int.h"
#include "members.h"
#include "sim.h"

struct world {
    struct sim *s;
    struct members *m;
};

extern const struct sim_program trust_program;
struct trust *trust_itself(void *state);
/* The first `found` of the nodes are a locality. */
struct world locality_begin(uint64_t seed, size_t nodes, size_t found);
void locality_end(struct world *w);
void locality_run(struct world *w, int64_t ms);
const struct directory *locality_in_force(struct world *w, size_t node, struct directory_ref **ref,
                                          const char **why);
struct trust_change change_renew(void);
struct trust_change change_removal(struct world *w, size_t node, text why);
/* A text of the next number, signed with the keys that nodes keep; and handed to one. */
text locality_forge(struct world *w, const size_t *by, size_t count, const struct trust_change *c,
                    uint64_t round, struct arena *a);
void locality_give(struct world *w, size_t to, text note);

#endif
