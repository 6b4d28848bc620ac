/* The event bus: order, numbers, ownership, and the NDJSON form. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/event.h"
#include "report/report.h"

Suite *suite_event(void);

static const char run_id[] = "01JD0000000000000000000ABC";

struct seen {
	uint64_t last;
	int events, gaps, frees;
	char *line; /* the last event as NDJSON */
};

static void see(void *ctx, const struct event *e)
{
	struct seen *s = ctx;

	s->gaps += e->seq != s->last + 1;
	s->last = e->seq;
	s->events++;
	free(s->line);
	s->line = event_ndjson(e);
}

static void freed(void *ctx)
{
	((struct seen *)ctx)->frees++;
}

static const struct event_sink sink = { .name = "seen", .event = see, .free = freed };
static const struct event_sink unowned = { .name = "unowned", .event = see };

START_TEST(test_every_sink_sees_every_event)
{
	struct error err = { 0 };
	struct event_bus *bus = event_bus_new(run_id, &err);
	struct seen a = { 0 }, b = { 0 };

	ck_assert_int_eq(event_bus_add(bus, &sink, &a, &err), 0);
	ck_assert_int_eq(event_bus_add(bus, &unowned, &b, &err), 0);
	event_emit(bus, EVENT_RUN_STARTED, NULL, json_object());
	event_emit(bus, EVENT_FINDING, "01JD0000000000000000000DEF", json_object());
	event_emit(bus, EVENT_CALL_DELTA, NULL, NULL);
	ck_assert_int_eq(a.events, 3);
	ck_assert_int_eq(b.events, 3);
	ck_assert_int_eq(a.gaps, 0);
	event_bus_free(bus);
	ck_assert_int_eq(a.frees, 1);
	ck_assert_int_eq(b.frees, 0);
	free(a.line);
	free(b.line);
}
END_TEST

START_TEST(test_ndjson_form)
{
	struct error err = { 0 };
	struct event_bus *bus = event_bus_new(run_id, &err);
	struct seen a = { 0 };
	json *data = json_object(), *j;

	json_set_string(data, "text", "two\nlines\x1b[31m");
	ck_assert_int_eq(event_bus_add(bus, &sink, &a, &err), 0);
	event_emit(bus, EVENT_CALL_DELTA, "01JD0000000000000000000DEF", data);
	ck_assert_ptr_nonnull(a.line);
	ck_assert_ptr_null(strchr(a.line, '\n'));
	ck_assert_ptr_null(strchr(a.line, '\x1b'));
	j = json_parse(a.line, strlen(a.line), &err);
	ck_assert_ptr_nonnull(j);
	ck_assert_int_eq(json_get_i64(j, "v", 0), EVENT_SCHEMA_VERSION);
	ck_assert_str_eq(json_get_string(j, "type"), "call.delta");
	ck_assert_str_eq(json_get_string(j, "run"), run_id);
	ck_assert_int_eq(json_get_i64(j, "seq", 0), 1);
	ck_assert_str_eq(json_get_string(j, "stage_id"), "01JD0000000000000000000DEF");
	ck_assert_str_eq(json_string(json_path(j, "data.text")), "two\nlines\x1b[31m");
	json_free(j);
	event_emit(bus, EVENT_RUN_FAILED, NULL, NULL);
	ck_assert_ptr_nonnull(strstr(a.line, "\"stage_id\":null,\"data\":{}"));
	event_bus_free(bus);
	free(a.line);
}
END_TEST

START_TEST(test_no_bus_drops_the_data)
{
	event_emit(NULL, EVENT_FINDING, NULL, json_object()); /* the leak checker would see it */
	event_bus_free(NULL);
}
END_TEST

enum { THREADS = 4, EACH = 200 };

static void *emit_many(void *bus)
{
	for (int i = 0; i < EACH; i++)
		event_emit(bus, EVENT_CALL_DELTA, NULL, json_object());
	return NULL;
}

START_TEST(test_threads_leave_no_gap)
{
	struct error err = { 0 };
	struct event_bus *bus = event_bus_new(run_id, &err);
	struct seen a = { 0 };
	pthread_t threads[THREADS];

	event_bus_add(bus, &sink, &a, &err);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, emit_many, bus), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(a.events, THREADS * EACH);
	ck_assert_int_eq(a.gaps, 0);
	event_bus_free(bus);
	free(a.line);
}
END_TEST

START_TEST(test_type_names)
{
	static const char *const names[] = {
		"run.started", "stage.started", "stage.completed", "call.started", "call.delta",
		"call.completed", "edit.applied", "edit.rejected", "gate.completed", "finding",
		"budget.warning", "run.completed", "run.failed",
	};

	ck_assert_int_eq(sizeof(names) / sizeof(*names), EVENT_TYPES);
	for (int i = 0; i < EVENT_TYPES; i++)
		ck_assert_str_eq(event_type_name((enum event_type)i), names[i]);
}
END_TEST

START_TEST(test_ndjson_sink_writes_lines_and_survives_a_closed_stream)
{
	char *text = NULL;
	size_t len = 0;
	FILE *stream = open_memstream(&text, &len);
	struct event e = { .type = EVENT_FINDING, .seq = 7, .run = run_id };

	ndjson_event_sink.event(stream, &e);
	ndjson_event_sink.event(stream, &e);
	fclose(stream);
	ck_assert_uint_gt(len, 0);
	ck_assert_int_eq(text[len - 1], '\n');
	ck_assert_ptr_eq(strchr(strchr(text, '\n') + 1, '\n'), text + len - 1);
	free(text);

	stream = fopen("/dev/null", "r"); /* every write fails */
	ndjson_event_sink.event(stream, &e);
	ndjson_event_sink.event(stream, &e);
	ck_assert(ferror(stream));
	fclose(stream);
}
END_TEST

Suite *suite_event(void)
{
	Suite *s = suite_create("event");
	TCase *t = tcase_create("event");

	tcase_add_test(t, test_every_sink_sees_every_event);
	tcase_add_test(t, test_ndjson_form);
	tcase_add_test(t, test_no_bus_drops_the_data);
	tcase_add_test(t, test_threads_leave_no_gap);
	tcase_add_test(t, test_type_names);
	tcase_add_test(t, test_ndjson_sink_writes_lines_and_survives_a_closed_stream);
	suite_add_tcase(s, t);
	return s;
}
