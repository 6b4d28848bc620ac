/* process_output.c: see process_output.h. */
#include "util/process_output.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

void kept_init(struct kept *k, size_t max)
{
	*k = (struct kept){ .head_max = max - max / 2, .tail_max = max / 2 };
}

void kept_release(struct kept *k)
{
	free(k->head);
	free(k->tail);
	*k = (struct kept){ 0 };
}

/* Appends up to max - *len bytes; returns how many, or -1. */
static ssize_t grow(char **data, size_t *len, size_t *cap, size_t max, const char *more, size_t n)
{
	if (n > max - *len)
		n = max - *len;
	if (*len + n > *cap) {
		size_t want = *cap ? *cap : 4096;
		char *grown;

		while (want < *len + n)
			want *= 2;
		if (want > max)
			want = max;
		grown = realloc(*data, want);
		if (!grown)
			return -1;
		*data = grown;
		*cap = want;
	}
	if (n > 0)
		memcpy(*data + *len, more, n);
	*len += n;
	return (ssize_t)n;
}

static void ring_add(struct kept *k, const char *data, size_t len)
{
	if (len > k->tail_max) {
		data += len - k->tail_max;
		len = k->tail_max;
	}
	while (len > 0) {
		size_t n = k->tail_max - k->tail_at;

		if (n > len)
			n = len;
		memcpy(k->tail + k->tail_at, data, n);
		k->tail_at = (k->tail_at + n) % k->tail_max;
		data += n;
		len -= n;
	}
}

int kept_add(struct kept *k, const char *data, size_t len)
{
	ssize_t n;

	k->total += len;
	n = grow(&k->head, &k->head_len, &k->head_cap, k->head_max, data, len);
	if (n < 0)
		return -1;
	data += n;
	len -= (size_t)n;
	n = grow(&k->tail, &k->tail_len, &k->tail_cap, k->tail_max, data, len);
	if (n < 0)
		return -1;
	ring_add(k, data + n, len - (size_t)n);
	return 0;
}

int kept_take(struct kept *k, char **ret, size_t *ret_len, bool *ret_truncated)
{
	uint64_t gap = k->total - k->head_len - k->tail_len;
	char line[64];
	size_t line_len = 0, len;
	char *all;

	if (gap > 0)
		line_len = (size_t)snprintf(line, sizeof line, "\n[%" PRIu64 " bytes left out]\n", gap);
	len = k->head_len + line_len + k->tail_len;
	all = realloc(k->head, len + 1);
	if (!all)
		return -1;
	k->head = NULL;
	memcpy(all + k->head_len, line, line_len);
	if (k->tail_len > 0) {
		char *to = all + k->head_len + line_len;
		size_t first = k->tail_len - k->tail_at;

		memcpy(to, k->tail + k->tail_at, first);
		memcpy(to + first, k->tail, k->tail_at);
	}
	all[len] = '\0';
	kept_release(k);
	*ret = all;
	*ret_len = len;
	*ret_truncated = gap > 0;
	return 0;
}
