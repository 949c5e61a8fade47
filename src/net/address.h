/* Which addresses are of the internet, and which of a network that only this machine can reach. */
#ifndef KITH_NET_ADDRESS_H
#define KITH_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * False for loopback, private, link-local, shared, multicast, documentation and other special
 * addresses (RFC 6890), for the IPv6 forms that carry such an IPv4 address, and for families other
 * than IPv4 and IPv6.
 */
bool address_is_public(const struct sockaddr *address, socklen_t n);

#endif
