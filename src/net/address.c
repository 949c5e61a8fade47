#include "net/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct range4 {
    uint32_t first;
    unsigned bits;
};

/* The registry of RFC 6890, as far as it is not reachable by all, with multicast and what is
 * reserved. */
static const struct range4 special[] = {
    {0x00000000, 8},  {0x0A000000, 8},  {0x64400000, 10}, {0x7F000000, 8},  {0xA9FE0000, 16},
    {0xAC100000, 12}, {0xC0000000, 24}, {0xC0000200, 24}, {0xC0586300, 24}, {0xC0A80000, 16},
    {0xC6120000, 15}, {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  {0xF0000000, 4},
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        unsigned behind = 32 - special[i].bits;
        if (address >> behind == special[i].first >> behind) {
            return false;
        }
    }
    return true;
}

static uint32_t be32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is_public6(const unsigned char a[16])
{
    static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    static const unsigned char translated[12] = {0x00, 0x64, 0xFF, 0x9B};
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, translated, 12) == 0) {
        return is_public4(be32(a + 12));
    }
    uint32_t head = be32(a);
    if (a[0] >> 5 != 1) { /* global unicast is 2000::/3 */
        return false;
    }
    if (head >> 16 == 0x2002) { /* 6to4: the IPv4 address is in it */
        return is_public4(be32(a + 2));
    }
    /* 2001::/23 are protocols (Teredo, ORCHID ...); documentation. */
    return head >> 9 != 0x20010000U >> 9 && head != 0x20010DB8 && head >> 12 != 0x3FFF0;
}

bool address_is_public(const struct sockaddr *address, socklen_t n)
{
    if (address->sa_family == AF_INET && n >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return is_public4(ntohl(in.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6 && n >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 in;
        memcpy(&in, address, sizeof in);
        return is_public6(in.sin6_addr.s6_addr);
    }
    return false;
}
