/* Any bytes as a settings file: no crash, and a message or a value for each. */
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strv warnings = { 0 };
	struct error err = { 0 };

	if (size <= 1 << 20)
		settings_check((const char *)data, size, "fuzz.yaml", "/", &warnings, &err);
	strv_release(&warnings);
	return 0;
}
