#include "base/random.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void from_kernel(unsigned char *to, size_t n)
{
    while (n) {
        ssize_t got = getrandom(to, n < 256 ? n : 256, 0);
        if (got < 0 && errno != EINTR) {
            abort();
        }
        if (got > 0) {
            to += got;
            n -= (size_t)got;
        }
    }
}

/* A pool per thread spares a system call per id. What was handed out is wiped. */
void random_bytes(void *to, size_t n)
{
    static _Thread_local unsigned char pool[512];
    static _Thread_local size_t left;
    if (n > sizeof pool / 2) {
        from_kernel(to, n);
        return;
    }
    if (left < n) {
        from_kernel(pool, sizeof pool);
        left = sizeof pool;
    }
    left -= n;
    memcpy(to, pool + left, n);
    explicit_bzero(pool + left, n);
}

void random_uuid(char out[UUID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char b[16];
    uint64_t ms = (uint64_t)clock_real_ms();
    random_bytes(b + 6, 10);
    for (int i = 0; i < 6; i++) {
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    }
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0F));
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3F));
    for (int i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out[at++] = '-';
        }
        out[at++] = hex[b[i] >> 4];
        out[at++] = hex[b[i] & 15];
    }
    out[36] = '\0';
}

void prng_seed(struct prng *p, uint64_t seed)
{
    for (int i = 0; i < 4; i++) { /* splitmix64 */
        uint64_t z = (seed += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
        p->s[i] = z ^ (z >> 31);
    }
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t prng_next(struct prng *p)
{
    uint64_t *s = p->s;
    uint64_t result = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return result;
}

uint64_t prng_below(struct prng *p, uint64_t below)
{
    return below ? (uint64_t)(((__uint128_t)prng_next(p) * below) >> 64) : 0;
}
