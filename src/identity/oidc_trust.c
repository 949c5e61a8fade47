#include "identity/oidc_int.h"

static bool is_component(text c)
{
    return c.n == 2 && c.p[0] >= 'A' && c.p[0] <= 'Z' &&
           ((c.p[1] >= 'a' && c.p[1] <= 'z') || (c.p[1] >= '0' && c.p[1] <= '9'));
}

static bool has(text vector, text component)
{
    text rest = vector;
    text c;
    while (text_cut(&rest, '.', &c)) {
        if (text_eq(c, component)) {
            return true;
        }
    }
    return false;
}

bool trust_is_vector(text t)
{
    text rest = t;
    text c;
    bool proofed = false;
    while (text_cut(&rest, '.', &c)) {
        if (!is_component(c) || has(rest, c) || (c.p[0] == 'P' && proofed)) {
            return false;
        }
        proofed = proofed || c.p[0] == 'P';
    }
    return t.n != 0;
}

int trust_proofing(text vector)
{
    text rest = vector;
    text c;
    while (text_cut(&rest, '.', &c)) {
        if (is_component(c) && c.p[0] == 'P' && c.p[1] <= '9') {
            return c.p[1] - '0';
        }
    }
    return -1;
}

/* Proofing has an order; of the others each that is asked has to be there. */
static bool is_at_least(text vot, text asked)
{
    text rest = asked;
    text c;
    while (text_cut(&rest, '.', &c)) {
        bool proofing = c.n == 2 && c.p[0] == 'P';
        if (proofing ? trust_proofing(vot) < trust_proofing(asked) : !has(vot, c)) {
            return false;
        }
    }
    return true;
}

bool trust_is_enough(text vot, const text *vtr, size_t count)
{
    if (!trust_is_vector(vot)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_at_least(vot, vtr[i])) {
            return true;
        }
    }
    return false;
}

bool trust_is_strong(text vot)
{
    return has(vot, T("Ck")) || has(vot, T("Cm")) || (has(vot, T("Cp")) && has(vot, T("Cd")));
}
