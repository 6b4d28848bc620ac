/* terminal.c: a run as it goes on, for people.
 *
 * Every stage, gate, refused edit and finding is one line. On a terminal a live
 * line below them shows who is at work; a thread of the sink redraws it ten
 * times a second, so that the clock moves while a model is silent. The live
 * line is always cleared before another line is written.
 */
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/paint.h"
#include "report/report.h"
#include "util/clock.h"
#include "util/str.h"

enum { REDRAW_MS = 100, BYTES_A_TOKEN = 4, LINE_MAX = 1 << 16, TEXT_COLUMNS = 600 };

/* Who is at work, since when, and how fast. */
struct live {
	bool active;
	char *label, *what;
	int64_t started_us;      /* monotonic */
	int64_t first_text_us;   /* 0: the model is silent */
	int64_t text_bytes;
};

struct terminal_sink {
	FILE *stream;
	struct report_style style;
	pthread_mutex_t lock;    /* guards everything below, and the stream */
	pthread_cond_t wake;
	pthread_t thread;
	bool threaded, stopping;
	bool drawn;              /* the live line stands on the terminal */
	bool mid_line;           /* streamed text has not ended its line */
	unsigned frame;
	struct live live;
	int64_t cost_nano;
	int unknown_calls;
};

/* ---- the live line ---- */

static const char *spinner(unsigned frame)
{
	static const char *const dots[] = { "⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏" };
	static const char *const plain[] = { "|", "/", "-", "\\" };

	return text_utf8() ? dots[frame % 10] : plain[frame % 4];
}

static int columns_of(const struct terminal_sink *t)
{
	return t->style.columns > 0 ? t->style.columns : report_columns(fileno(t->stream));
}

/* Elapsed, tokens a second, cost so far. */
static void live_numbers(const struct terminal_sink *t, struct buf *out)
{
	int64_t now = clock_monotonic_us();
	int64_t elapsed = now - t->live.started_us, since = now - t->live.first_text_us;
	char time[32], cost[64];

	format_duration(elapsed, time);
	if (elapsed < 60000000) /* tenths of a second would flicker */
		buf_addf(out, "%lld s", (long long)(elapsed / 1000000));
	else
		buf_adds(out, time);
	if (t->live.first_text_us && since > 500000)
		buf_addf(out, "  %lld tok/s",
			 (long long)(t->live.text_bytes / BYTES_A_TOKEN * 1000000 / since));
	if (t->cost_nano > 0 || t->unknown_calls > 0) {
		format_cost(t->cost_nano, INT32_MAX, t->unknown_calls, cost);
		buf_addf(out, "  %s", cost);
	}
}

static void draw_live(struct terminal_sink *t)
{
	CLEANUP_BUF struct buf line = BUF_INIT(LINE_MAX);
	CLEANUP_BUF struct buf numbers = BUF_INIT(512);
	/* The last column stays free: a full line would wrap on some terminals. */
	size_t columns = (size_t)columns_of(t) - 1;
	size_t fixed;

	if (!t->live.active)
		return;
	live_numbers(t, &numbers);
	buf_addf(&line, "\r%s ", spinner(t->frame++));
	text_label(&line, t->style.color, TONE_BOLD, t->live.label);
	fixed = 2 + LABEL_WIDTH + text_width(buf_str(&numbers));
	if (columns > fixed + 6) {
		text_fit(&line, t->live.what, columns - fixed - 2);
		buf_adds(&line, "  ");
	}
	if (columns >= fixed)
		text_paint(&line, t->style.color, TONE_DIM, buf_str(&numbers));
	buf_adds(&line, "\033[K");
	fputs(buf_str(&line), t->stream);
	fflush(t->stream);
	t->drawn = true;
}

static void clear_live(struct terminal_sink *t)
{
	if (t->drawn)
		fputs("\r\033[K", t->stream);
	if (t->mid_line)
		putc('\n', t->stream);
	t->drawn = t->mid_line = false;
}

static void *redraw(void *ctx)
{
	struct terminal_sink *t = ctx;

	pthread_mutex_lock(&t->lock);
	while (!t->stopping) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += REDRAW_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		if (!t->live.active)
			pthread_cond_wait(&t->wake, &t->lock);
		else if (pthread_cond_timedwait(&t->wake, &t->lock, &until) != 0)
			draw_live(t);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static void live_stop(struct terminal_sink *t)
{
	free(t->live.label);
	free(t->live.what);
	t->live = (struct live){ 0 };
}

static void live_start(struct terminal_sink *t, const char *label, const char *what)
{
	live_stop(t);
	if (!t->style.live || t->style.quiet || t->style.verbose)
		return;
	t->live.label = str_dup(label);
	t->live.what = str_dup(what);
	t->live.started_us = clock_monotonic_us();
	t->live.active = t->live.label && t->live.what;
	pthread_cond_signal(&t->wake);
}

/* ---- lines ---- */

/* A line on a terminal: what stands after it is dim, and left out where both do not fit. */
static void wrapped_line(struct terminal_sink *t, struct buf *line, enum tone tone, const char *text,
			 const char *after)
{
	size_t columns = (size_t)columns_of(t);
	size_t width = LABEL_WIDTH + text_width(text) + (*after ? 2 + text_width(after) : 0);

	if (width < columns) {
		text_paint(line, t->style.color, tone, text);
		buf_adds(line, *after ? "  " : "");
		text_paint(line, t->style.color, TONE_DIM, after);
		buf_addc(line, '\n');
		return;
	}
	text_tone(line, t->style.color, tone);
	text_wrap(line, text, LABEL_WIDTH, columns);
	text_untone(line, t->style.color, tone);
}

/* label, then text in its tone. Elsewhere than on a terminal one event is one line. */
static void put_line(struct terminal_sink *t, enum tone label_tone, const char *label, enum tone tone,
		     const char *text, const char *after)
{
	CLEANUP_BUF struct buf line = BUF_INIT(LINE_MAX);
	CLEANUP_BUF struct buf fit = BUF_INIT(LINE_MAX);

	text_fit(&fit, text, TEXT_COLUMNS);
	text_label(&line, t->style.color, label_tone, label);
	if (t->style.live) {
		wrapped_line(t, &line, tone, buf_str(&fit), after ? after : "");
	} else {
		text_paint(&line, t->style.color, tone, buf_str(&fit));
		buf_adds(&line, after ? "  " : "");
		text_paint(&line, t->style.color, TONE_DIM, after);
		buf_addc(&line, '\n');
	}
	clear_live(t);
	if (!line.failed)
		fputs(buf_str(&line), t->stream);
	fflush(t->stream);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static const char *who(const json *d)
{
	const char *persona = json_get_string(d, "persona");

	return persona ? persona : or_empty(json_get_string(d, "stage"));
}

static void where_from(struct buf *out, const json *d)
{
	const char *branch = json_get_string(d, "branch");
	const char *from = json_get_string(d, "from");
	const char *base = json_get_string(d, "base");

	if (base)
		buf_addf(out, "%s%s%.8s%s", or_empty(from), from ? " at " : "", base,
			 json_get_bool(d, "snapshot", false) ? " with your uncommitted work" : "");
	if (branch)
		buf_addf(out, "%son branch %s", out->len ? ", " : "", branch);
}

static void on_run_started(struct terminal_sink *t, const struct event *e)
{
	CLEANUP_BUF struct buf where = BUF_INIT(LINE_MAX);
	const char *gate = json_get_string(e->data, "gate");
	int64_t resumed = json_get_i64(e->data, "resumed", 0);
	CLEANUP_FREE char *what = str_printf("%s  %s", e->run ? ulid_short(e->run) : "",
					     or_empty(json_get_string(e->data, "task")));

	put_line(t, TONE_BOLD, "run", TONE_PLAIN, what, NULL);
	where_from(&where, e->data);
	if (where.len > 0)
		put_line(t, TONE_DIM, "from", TONE_PLAIN, buf_str(&where), NULL);
	put_line(t, TONE_DIM, "gate", TONE_PLAIN, gate ? gate : "none", NULL);
	for (const json *note = json_first(json_get(e->data, "notes")); note; note = json_next(note))
		put_line(t, TONE_DIM, "note", TONE_PLAIN, or_empty(json_string(note)), NULL);
	if (json_get_bool(e->data, "recorded", false))
		put_line(t, TONE_DIM, "answers:", TONE_PLAIN, "recorded, not from a live model", NULL);
	if (resumed > 0) {
		buf_clear(&where);
		text_plural(&where, resumed, "recorded step");
		put_line(t, TONE_DIM, "resumed", TONE_PLAIN, buf_str(&where), NULL);
	}
}

/* "plan: TEXT"; TEXT alone where the stage is the label already. */
static char *stage_text(const json *d, const char *text)
{
	const char *stage = or_empty(json_get_string(d, "stage"));

	if (!json_get_string(d, "persona"))
		return str_dup(or_empty(text));
	return text && *text ? str_printf("%s: %s", stage, text) : str_dup(stage);
}

static void on_stage_started(struct terminal_sink *t, const struct event *e)
{
	CLEANUP_FREE char *what = stage_text(e->data, json_get_string(e->data, "title"));

	if (t->style.verbose)
		put_line(t, TONE_BOLD, who(e->data), TONE_PLAIN, what, text_ellipsis());
	live_start(t, who(e->data), what);
}

static void on_stage_completed(struct terminal_sink *t, const struct event *e)
{
	const char *summary = json_get_string(e->data, "summary");
	const char *outcome = or_empty(json_get_string(e->data, "outcome"));
	bool failed = str_eq(outcome, "failed"), skipped = str_eq(outcome, "skipped");
	CLEANUP_FREE char *text = stage_text(e->data, summary && *summary ? summary : outcome);
	char time[32];

	live_stop(t);
	/* A gate has told more of itself: gate.completed. */
	if (str_eq(json_get_string(e->data, "stage"), "gate") && !t->style.verbose)
		return;
	format_duration(json_get_i64(e->data, "duration_us", 0), time);
	put_line(t, failed ? TONE_RED : TONE_BOLD, who(e->data), skipped ? TONE_DIM : TONE_PLAIN, text,
		 skipped ? NULL : time);
}

static void on_gate(struct terminal_sink *t, const struct event *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT(4096);
	const json *d = e->data;
	bool green = json_get_bool(d, "green", false);
	bool known = json_get_bool(d, "known", json_get_i64(d, "passed", 0) > 0 ||
					       json_get_i64(d, "failed", 0) > 0);
	size_t broken = json_len(json_get(d, "newly_failing"));
	long long status = (long long)json_get_i64(d, "exit_code", 0);
	char time[32];

	buf_addf(&text, "%s: %s", or_empty(json_get_string(d, "gate")), green ? "green" : "red");
	if (known)
		buf_addf(&text, ", %lld passed, %lld failed", (long long)json_get_i64(d, "passed", 0),
			 (long long)json_get_i64(d, "failed", 0));
	else if (!green && status < 0)
		buf_adds(&text, ", stopped at its time limit");
	else if (!green)
		buf_addf(&text, ", exit status %lld", status);
	if (broken > 0)
		buf_addf(&text, ", %zu passed before", broken);
	format_duration(json_get_i64(d, "duration_us", 0), time);
	put_line(t, TONE_BOLD, "gate", green ? TONE_GREEN : TONE_RED, buf_str(&text), time);
}

static void on_edit(struct terminal_sink *t, const struct event *e)
{
	const char *path = or_empty(json_get_string(e->data, "path"));
	CLEANUP_FREE char *text = NULL;

	if (e->type == EVENT_EDIT_REJECTED) {
		text = str_printf("%s refused: %s", path, or_empty(json_get_string(e->data, "reason")));
		put_line(t, TONE_YELLOW, "edit", TONE_PLAIN, text, NULL);
	} else if (t->style.verbose) {
		text = str_printf("%s %s", or_empty(json_get_string(e->data, "kind")), path);
		put_line(t, TONE_DIM, "edit", TONE_PLAIN, text, NULL);
	}
}

static void on_finding(struct terminal_sink *t, const struct event *e)
{
	const char *name = or_empty(json_get_string(e->data, "severity"));
	const char *file = json_get_string(e->data, "file");
	int64_t line = json_get_i64(e->data, "line", 0);
	enum severity severity = SEVERITY_INFO;
	CLEANUP_BUF struct buf text = BUF_INIT(LINE_MAX);

	severity_parse(name, &severity);
	if (file)
		buf_adds(&text, file);
	if (file && line > 0)
		buf_addf(&text, ":%lld", (long long)line);
	buf_addf(&text, "%s%s", text.len ? ": " : "", or_empty(json_get_string(e->data, "title")));
	put_line(t, severity_tone(severity), name, TONE_PLAIN, buf_str(&text), NULL);
}

static void on_budget(struct terminal_sink *t, const struct event *e)
{
	CLEANUP_FREE char *text = NULL;
	char spent[32], cap[32];

	money_format(llround(json_get_double(e->data, "spent_usd", 0) * 1e9), spent);
	money_format(llround(json_get_double(e->data, "cap_usd", 0) * 1e9), cap);
	text = str_printf("%lld %% spent: %s of %s", (long long)json_get_i64(e->data, "percent", 0),
			  spent, cap);
	put_line(t, TONE_YELLOW, "budget", TONE_PLAIN, text, NULL);
}

/* Streamed text: as it comes, in --verbose; else only counted. */
static void on_delta(struct terminal_sink *t, const struct event *e)
{
	const char *text = or_empty(json_get_string(e->data, "text"));
	CLEANUP_BUF struct buf clean = BUF_INIT(4u << 20);

	if (t->live.active && t->live.first_text_us == 0)
		t->live.first_text_us = clock_monotonic_us();
	t->live.text_bytes += (int64_t)strlen(text);
	if (!t->style.verbose || !*text)
		return;
	text_clean(&clean, text, strlen(text), true);
	fputs(buf_str(&clean), t->stream);
	fflush(t->stream);
	t->mid_line = !str_ends(buf_str(&clean), "\n");
}

static void on_call_completed(struct terminal_sink *t, const struct event *e)
{
	const json *cost = json_get(e->data, "cost_usd");
	const char *error = json_get_string(e->data, "error");
	const char *outcome = or_empty(json_get_string(e->data, "outcome"));
	CLEANUP_FREE char *text = NULL;
	char time[32], in[32], out[32], money[32] = "unknown";

	if (json_is_number(cost)) {
		t->cost_nano += llround(json_double(cost) * 1e9);
		money_format(llround(json_double(cost) * 1e9), money);
	} else {
		t->unknown_calls++;
	}
	if (error && *error) {
		put_line(t, TONE_YELLOW, who(e->data), TONE_PLAIN, error, NULL);
	} else if (!str_eq(outcome, "ok") && *outcome) {
		text = str_printf("the answer is %s", outcome);
		put_line(t, TONE_YELLOW, who(e->data), TONE_PLAIN, text, NULL);
	} else if (t->style.verbose) {
		format_duration(json_get_i64(e->data, "latency_us", 0), time);
		format_count(json_get_i64(e->data, "input", 0) + json_get_i64(e->data, "cache_read", 0) +
				     json_get_i64(e->data, "cache_write", 0), in);
		format_count(json_get_i64(e->data, "output", 0), out);
		text = str_printf("%s: %s tokens in, %s out, %s",
				  or_empty(json_get_string(e->data, "model")), in, out, money);
		put_line(t, TONE_DIM, who(e->data), TONE_DIM, text, time);
	}
}

static void dispatch(struct terminal_sink *t, const struct event *e)
{
	switch (e->type) {
	case EVENT_RUN_STARTED: on_run_started(t, e); break;
	case EVENT_STAGE_STARTED: on_stage_started(t, e); break;
	case EVENT_STAGE_COMPLETED: on_stage_completed(t, e); break;
	case EVENT_CALL_DELTA: on_delta(t, e); break;
	case EVENT_CALL_COMPLETED: on_call_completed(t, e); break;
	case EVENT_EDIT_APPLIED:
	case EVENT_EDIT_REJECTED: on_edit(t, e); break;
	case EVENT_GATE_COMPLETED: on_gate(t, e); break;
	case EVENT_FINDING: on_finding(t, e); break;
	case EVENT_BUDGET_WARNING: on_budget(t, e); break;
	case EVENT_RUN_COMPLETED:
	case EVENT_RUN_FAILED:
		live_stop(t);
		clear_live(t);
		fflush(t->stream);
		break;
	case EVENT_CALL_STARTED:
	case EVENT_TYPES: break;
	}
}

static void terminal_event(void *ctx, const struct event *e)
{
	struct terminal_sink *t = ctx;

	if (t->style.quiet)
		return;
	pthread_mutex_lock(&t->lock);
	dispatch(t, e);
	pthread_mutex_unlock(&t->lock);
}

/* ---- life ---- */

struct terminal_sink *terminal_sink_new(FILE *stream, const struct report_style *style,
					struct error *err)
{
	struct terminal_sink *t = calloc(1, sizeof(*t));
	int rc;

	if (!t) {
		error_oom(err);
		return NULL;
	}
	t->stream = stream;
	t->style = *style;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	if (!style->live || style->quiet || style->verbose)
		return t;
	rc = pthread_create(&t->thread, NULL, redraw, t);
	if (rc != 0) {
		error_sys(err, STATUS_INTERNAL, rc, "cannot start a thread");
		pthread_cond_destroy(&t->wake);
		pthread_mutex_destroy(&t->lock);
		free(t);
		return NULL;
	}
	t->threaded = true;
	return t;
}

static void terminal_free(void *ctx)
{
	struct terminal_sink *t = ctx;

	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	if (t->threaded)
		pthread_join(t->thread, NULL);
	clear_live(t);
	fflush(t->stream);
	live_stop(t);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

const struct event_sink terminal_event_sink = {
	.name = "terminal", .event = terminal_event, .free = terminal_free,
};
