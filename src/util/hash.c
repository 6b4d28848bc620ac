/* hash.c: see hash.h. */
#include "util/hash.h"

#include <openssl/sha.h>

struct sha256 sha256_of(const void *data, size_t len)
{
	struct sha256 h;

	SHA256(len ? data : "", len, h.b);
	return h;
}

void sha256_hex(const struct sha256 *h, char out[65])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof h->b; i++) {
		out[2 * i] = hex[h->b[i] >> 4];
		out[2 * i + 1] = hex[h->b[i] & 15];
	}
	out[64] = '\0';
}
