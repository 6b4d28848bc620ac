/* provider.c: values that every provider shares. */
#include "model/provider/provider.h"

#include <stdarg.h>
#include <stdlib.h>

void provider_answer_release(struct provider_answer *a)
{
	if (!a)
		return;
	buf_release(&a->text);
	free(a->model);
	free(a->finish_reason);
	free(a->raw_usage);
	*a = (struct provider_answer){ 0 };
}

void provider_fault_set(struct provider_fault *f, enum fault_kind kind, const char *fmt, ...)
{
	struct error line = { 0 };
	va_list ap;
	size_t n = 0;

	va_start(ap, fmt);
	error_vset(&line, STATUS_ENDPOINT, fmt, ap);
	va_end(ap);
	*f = (struct provider_fault){ .kind = kind };
	/* Cut at a whole character: error_vset left valid UTF-8. */
	while (n < sizeof(f->message) - 1 && line.message[n]) {
		f->message[n] = line.message[n];
		n++;
	}
	while (n > 0 && ((unsigned char)line.message[n] & 0xC0) == 0x80)
		n--;
	f->message[n] = '\0';
}
