/* fuzz_price.c: a price file from anywhere: loading, finding, charging. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "model/price.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A cost is never negative, and no more than the worst case of its request. */
static void charge(const struct price *p, int64_t in, int64_t out)
{
	struct usage u = { .input = in, .output = out };
	int64_t cost = price_cost(p, &u);

	if (cost < 0 || cost > price_worst(p, in, out) || price_cost_calls(p, &u, 1) != cost)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct price_table *t = NULL;
	struct error err = { 0 };
	char path[64];
	int fd = memfd_create("prices", MFD_CLOEXEC);

	if (fd < 0)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size && price_table_load(path, NULL, &t, &err) == 0) {
		for (size_t i = 0; i < price_table_len(t); i++) {
			struct price p;

			if (!price_find(t, NULL, price_table_name(t, i), &p))
				__builtin_trap();
			charge(&p, 1, 1);
			charge(&p, 300000, 70000);
			charge(&p, INT64_MAX, INT64_MAX);
		}
		price_nearest(t, "gpt-4o-2024-08-06");
	} else if (err.code == STATUS_DONE) {
		__builtin_trap(); /* refused without a word */
	}
	price_table_free(t);
	close(fd);
	return 0;
}
