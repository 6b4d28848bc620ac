/* openai.h: the parts of the chat completions adapter, apart for tests and
 * fuzzing. The rest of the program uses provider_openai alone. */
#ifndef COUNCIL_OPENAI_H
#define COUNCIL_OPENAI_H

#include "model/provider/provider.h"

int openai_build(const struct provider_ask *ask, struct buf *body, struct error *err);
/* Whether max_completion_tokens is what this asking sends. */
bool openai_completion_tokens(const struct provider_ask *ask);

/* Normalises a `usage` object: false when it tells nothing. */
bool openai_usage(const json *usage, struct usage *ret);

/* An `error` value (object or text) of a 200. */
void openai_error_fault(const json *error, struct provider_fault *ret);
void openai_refused(const struct provider_ask *ask, int status, const char *body, size_t len,
		    struct provider_fault *ret);

#endif
