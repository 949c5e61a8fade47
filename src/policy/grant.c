#include "policy/grant_made.h"

const struct grant *policy_local_administrator(void)
{
    static const struct grant everything = {.reads_all = true, .writes_all = true};
    return &everything;
}

bool grant_may_read(const struct grant *g, uint64_t compartment)
{
    bool may = g && g->reads_all;
    for (size_t i = 0; g && i < g->read_count && !may; i++) {
        may = compartment >= g->reads[i].from && compartment <= g->reads[i].to;
    }
    return may;
}

bool grant_may_write(const struct grant *g, uint64_t compartment)
{
    (void)compartment;
    return g && g->writes_all;
}

bool grant_reads_all(const struct grant *g)
{
    return g && g->reads_all;
}
