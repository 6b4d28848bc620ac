/* ulid.c: see ulid.h. */
#include "util/ulid.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#if defined(__APPLE__)
#include <sys/random.h>
#endif

#include "util/clock.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* 128 bits: 48 of time, 80 of chance. */
struct id {
	uint64_t high; /* ms << 16 | chance, its upper 16 bits */
	uint64_t low;
};

/* The one state of the program that is not handed around: "strictly
 * increasing in one process" can only be kept by the process. */
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;
static struct id last;

static struct id fresh(void)
{
	uint64_t ms = (uint64_t)(clock_now_us() / 1000) & 0xffffffffffffu;
	unsigned char chance[10];
	struct id id = { .high = ms << 16 };

	/* Does not fail for so few bytes; a kernel without it gives an id that
	 * is still ordered and still unlikely to be met twice. */
	if (getentropy(chance, sizeof chance) < 0) {
		uint64_t mix = (uint64_t)clock_monotonic_us() * 0x9e3779b97f4a7c15u;

		mix ^= (uint64_t)getpid() << 40;
		memset(chance, 0, sizeof chance);
		memcpy(chance, &mix, sizeof mix);
	}
	id.high |= (uint64_t)chance[0] << 8 | chance[1];
	for (size_t i = 2; i < sizeof chance; i++)
		id.low = id.low << 8 | chance[i];
	return id;
}

static void encode(const struct id *id, char *out)
{
	uint64_t high = id->high, low = id->low;

	for (int i = ULID_LEN - 1; i >= 0; i--) {
		out[i] = alphabet[low & 31];
		low = low >> 5 | high << 59;
		high >>= 5;
	}
	out[ULID_LEN] = '\0';
}

struct ulid ulid_new(void)
{
	struct id id = fresh();
	struct ulid u = { .s = "" };

	pthread_mutex_lock(&last_lock);
	if (id.high >> 16 <= last.high >> 16) {
		/* the same millisecond, or a clock that went back */
		id = last;
		id.low++;
		if (id.low == 0)
			id.high++;
	}
	last = id;
	pthread_mutex_unlock(&last_lock);
	encode(&id, u.s);
	return u;
}

bool ulid_valid(const char *s)
{
	/* strchr would find the terminator: the length is settled first */
	if (!s || strlen(s) != ULID_LEN || s[0] > '7')
		return false;
	return strspn(s, alphabet) == ULID_LEN;
}

const char *ulid_short(const char *s)
{
	size_t n = strlen(s);

	return n > ULID_SHORT ? s + n - ULID_SHORT : s;
}
