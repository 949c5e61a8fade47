/*
 * Room that is kept for a full disk: a file of nothing, which is made shorter when something that
 * matters more has to be written, and longer again when there is room for it and as much beside it.
 */
#ifndef KITH_AUDIT_BALLAST_H
#define KITH_AUDIT_BALLAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ballast {
    int dir, file;   /* file -1: there is none */
    uint64_t wanted; /* bytes; 0: what is there is used, and nothing is made */
    uint64_t left;
};

/* Finds it below an open folder, whose number must live as long, or makes it. Where that fails
 * there is less than wanted, or none. *ret_used: there was one that some of was given away. */
void ballast_open(struct ballast *b, int dir, size_t wanted, bool *ret_used);
void ballast_close(struct ballast *b);

/* Gives at least so many bytes back to the disk, or all. False: there is nothing left. */
bool ballast_give(struct ballast *b, size_t bytes);
/* Makes it whole where there is room. False: it is not. */
bool ballast_mend(struct ballast *b);
/* The disk is not full any more: the ballast is whole again, or, where there is none, some is free.
 */
bool ballast_has_room(const struct ballast *b);

#endif
