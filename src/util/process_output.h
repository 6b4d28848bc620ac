/* process_output.h: what is kept of a stream: its first half and its last.
 * Private to process.c. */
#ifndef COUNCIL_PROCESS_OUTPUT_H
#define COUNCIL_PROCESS_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kept {
	size_t head_max, tail_max;
	char *head;       /* owned; the first head_len bytes */
	size_t head_len, head_cap;
	char *tail;       /* owned; a ring once tail_len is tail_max */
	size_t tail_len, tail_cap;
	size_t tail_at;   /* where the next byte of the full ring goes */
	uint64_t total;   /* bytes seen */
};

void kept_init(struct kept *k, size_t max);
void kept_release(struct kept *k);
int kept_add(struct kept *k, const char *data, size_t len); /* -1: out of memory */
/* Hands the bytes over, with "\n[N bytes left out]\n" in the gap. -1: out of
 * memory. The keeper is empty afterwards. */
int kept_take(struct kept *k, char **ret, size_t *ret_len, bool *ret_truncated);

#endif
