/* schema.c: the ledger's tables, with what each column means.
 *
 * Rules that hold for all of them:
 * - a key is a ULID made by the program, a time is UTC in microseconds since
 *   1970, money is nano-dollars (1e-9 USD); NULL money is unknown, never 0
 * - rows are added, not changed: what happens later is a row of its own
 *   (run_end, apply), and triggers refuse the rest. A stage and a reservation
 *   are closed once; `budget` alone is a running total, kept by triggers
 * - tables do not refer to each other by constraint: rows come from several
 *   threads and a kill may fall between any two of them
 * - tenant, key_id, parent, candidate, trace and span are in every row that a
 *   gateway, a search over candidates or a trace will want to tell apart;
 *   they are NULL until one of those writes them
 */
#include "ledger/schema.h"

#define IDS \
	"  tenant    TEXT,\n"  /* whose work it is, where several share a ledger */ \
	"  key_id    TEXT,\n"  /* the virtual key it was done with */ \
	"  parent    TEXT,\n"  /* the row it came out of; of a run: the run it continues */ \
	"  candidate TEXT,\n"  /* one of several answers to the same question */ \
	"  trace     TEXT,\n"  /* W3C trace id */ \
	"  span      TEXT,\n"  /* W3C span id */

#define NEVER(event, table) \
	"CREATE TRIGGER " table "_no_" event " BEFORE " event " ON " table \
	" BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: " table \
	" rows stay as they are'); END;\n"
#define APPEND_ONLY(table) NEVER("UPDATE", table) NEVER("DELETE", table)

static const char version_1[] =
/* What was asked for: one row a run, written before anything else of it. */
"CREATE TABLE run (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
IDS
"  started_us  INTEGER NOT NULL,\n"
"  task        TEXT NOT NULL,\n"
"  repository  TEXT,\n"             /* top folder of the user's working tree */
"  base        TEXT,\n"             /* commit the change starts from */
"  branch      TEXT,\n"
"  worktree    TEXT,\n"
"  options     TEXT,\n"             /* JSON: what resume needs */
"  budget_nano INTEGER\n"           /* the cap; NULL: none */
") STRICT;\n"
"CREATE INDEX run_by_repository ON run (repository, id);\n"
APPEND_ONLY("run")

/* A process at work on a run: the first one, and one for each resume. With
 * these a reader tells a run that goes on from one that was killed. */
"CREATE TABLE process (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
"  started_us  INTEGER NOT NULL,\n"
"  host        TEXT NOT NULL,\n"
"  boot        TEXT NOT NULL,\n"    /* id of the kernel's boot; '' where there is none */
"  pid_space   TEXT NOT NULL,\n"    /* namespace that the pid belongs to; '' likewise */
"  pid         INTEGER NOT NULL,\n"
"  pid_started INTEGER NOT NULL\n"  /* clock ticks after boot: pids are used again; 0: not known */
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX process_by_run ON process (run);\n"
APPEND_ONLY("process")

/* How a process left its run; none when it was killed. */
"CREATE TABLE run_end (\n"
"  process     TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
"  ended_us    INTEGER NOT NULL,\n"
"  status      INTEGER NOT NULL,\n" /* the exit status */
"  proof       TEXT NOT NULL,\n"    /* red-green, green-only, none */
"  summary     TEXT,\n"
"  head        TEXT,\n"             /* commit id of the change; NULL: none */
"  result      TEXT NOT NULL\n"     /* JSON: the whole result, as the last event had it */
") STRICT;\n"
"CREATE INDEX run_end_by_run ON run_end (run);\n"
APPEND_ONLY("run_end")

/* Each time that a change was brought to the user's branch, or taken back. */
"CREATE TABLE apply (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
"  at_us       INTEGER NOT NULL,\n"
"  action      TEXT NOT NULL CHECK (action IN ('applied', 'undone')),\n"
"  ref         TEXT,\n"             /* the branch that was moved; HEAD when detached */
"  from_commit TEXT,\n"             /* where it was before the change was applied */
"  to_commit   TEXT\n"              /* where it was after */
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX apply_by_run ON apply (run);\n"
APPEND_ONLY("apply")

/* Words put on a run: --tag k=v and the settings' tags. */
"CREATE TABLE tag (\n"
"  run         TEXT NOT NULL,\n"
"  name        TEXT NOT NULL,\n"
"  value       TEXT NOT NULL,\n"    /* '' for a tag without '=' */
"  PRIMARY KEY (run, name, value)\n"
") STRICT, WITHOUT ROWID;\n"
APPEND_ONLY("tag")

/* A piece of a run's work: written when it starts, closed once. */
"CREATE TABLE stage (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
IDS
"  kind        TEXT NOT NULL,\n"    /* plan, context, build, gate, review, revise, refine, setup */
"  persona     TEXT,\n"
"  title       TEXT,\n"
"  step        INTEGER,\n"
"  attempt     INTEGER,\n"
"  started_us  INTEGER NOT NULL,\n"
"  ended_us    INTEGER,\n"          /* NULL: under way, or cut off by a kill */
"  outcome     TEXT,\n"             /* ok, failed, skipped */
"  summary     TEXT\n"
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX stage_by_run ON stage (run);\n"
NEVER("DELETE", "stage")
"CREATE TRIGGER stage_closed_once BEFORE UPDATE ON stage\n"
"  WHEN OLD.ended_us IS NOT NULL OR NEW.id IS NOT OLD.id OR NEW.run IS NOT OLD.run OR\n"
"       NEW.started_us IS NOT OLD.started_us OR NEW.ended_us IS NULL\n"
"  BEGIN SELECT RAISE(ABORT, 'a stage is closed once'); END;\n"

/* The forms that endpoints' usage objects take, with every number replaced
 * by '#'. The numbers are with the call; together they give the JSON back. */
"CREATE TABLE usage_shape (\n"
"  id          INTEGER PRIMARY KEY,\n"
"  shape       TEXT NOT NULL UNIQUE\n"
") STRICT;\n"
APPEND_ONLY("usage_shape")

/* One call of a model, written when it ends. Tokens are normalised: `input`
 * leaves out the cached ones, `output` includes reasoning. */
"CREATE TABLE call (\n"
"  id             TEXT NOT NULL PRIMARY KEY,\n"
"  run            TEXT,\n"          /* NULL: outside a run (init, doctor) */
"  stage          TEXT,\n"
IDS
"  persona        TEXT,\n"
"  provider       TEXT,\n"          /* openai, replay … */
"  deployment     TEXT,\n"          /* model_name of the settings */
"  model_asked    TEXT,\n"
"  model          TEXT,\n"          /* the one that answered */
"  attempt        INTEGER NOT NULL,\n" /* 1; 2: asked again with what was wrong */
"  http_attempts  INTEGER NOT NULL,\n"
"  started_us     INTEGER NOT NULL,\n"
"  latency_us     INTEGER NOT NULL,\n"
"  first_token_us INTEGER,\n"       /* after the start; NULL: none came */
"  input          INTEGER NOT NULL,\n"
"  cache_read     INTEGER NOT NULL,\n"
"  cache_write    INTEGER NOT NULL,\n"
"  output         INTEGER NOT NULL,\n"
"  reasoning      INTEGER NOT NULL,\n"
"  estimated      INTEGER NOT NULL,\n" /* 1: counted by the program, not reported */
"  cost_nano      INTEGER,\n"       /* NULL: the price is unknown */
"  price_hash     BLOB,\n"          /* SHA-256 of the price table it was charged by */
"  request_hash   BLOB,\n"
"  response_hash  BLOB,\n"
"  usage_shape    INTEGER,\n"       /* usage_shape.id */
"  usage_numbers  TEXT,\n"          /* what stands for each '#', with commas between */
"  cache          TEXT,\n"          /* off, hit, miss */
/* ok, truncated, refused, empty, error, cancelled, over-budget */
"  outcome        TEXT NOT NULL,\n"
"  error          TEXT\n"
") STRICT;\n"
"CREATE INDEX call_by_run ON call (run);\n"
"CREATE INDEX call_by_time ON call (started_us);\n"
APPEND_ONLY("call")

/* An edit of a model's answer, applied or refused. */
"CREATE TABLE edit (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
"  stage       TEXT,\n"
IDS
"  at_us       INTEGER NOT NULL,\n"
"  path        TEXT,\n"
"  kind        TEXT,\n"             /* create, modify, delete, rename; NULL: rejected */
"  match       TEXT,\n"             /* exact, whitespace, fuzzy, whole, patch */
"  applied     INTEGER NOT NULL,\n"
"  reason      TEXT\n"              /* why it was rejected */
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX edit_by_run ON edit (run);\n"
APPEND_ONLY("edit")

/* The tests as they were run. */
"CREATE TABLE gate (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
"  stage       TEXT,\n"
IDS
"  at_us       INTEGER NOT NULL,\n"
"  gate        TEXT,\n"             /* base, step, final, refine */
"  command     TEXT,\n"
"  green       INTEGER NOT NULL,\n"
"  passed      INTEGER,\n"          /* counts; NULL where the output names none */
"  failed      INTEGER,\n"
"  exit_code   INTEGER,\n"
"  duration_us INTEGER\n"
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX gate_by_run ON gate (run);\n"
APPEND_ONLY("gate")

/* Tests whose state a gate saw change, by name. */
"CREATE TABLE test (\n"
"  gate        TEXT NOT NULL,\n"    /* gate.id */
"  name        TEXT NOT NULL,\n"
"  state       TEXT NOT NULL,\n"    /* fixed, newly-failing */
"  PRIMARY KEY (gate, name)\n"
") STRICT, WITHOUT ROWID;\n"
APPEND_ONLY("test")

/* What a review found. */
"CREATE TABLE finding (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
"  stage       TEXT,\n"
IDS
"  at_us       INTEGER NOT NULL,\n"
"  severity    TEXT,\n"
"  category    TEXT,\n"
"  file        TEXT,\n"
"  line        INTEGER,\n"
"  cwe         TEXT,\n"
"  title       TEXT,\n"
"  detail      TEXT,\n"
"  suggestion  TEXT\n"
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX finding_by_run ON finding (run);\n"
APPEND_ONLY("finding")

/* The events that no other table holds whole. Of a call there is its row, of
 * the end of a run its run_end: they have no data here. */
"CREATE TABLE event (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
"  stage       TEXT,\n"
IDS
"  at_us       INTEGER NOT NULL,\n"
"  seq         INTEGER NOT NULL,\n" /* of the process, from 1 */
"  type        TEXT NOT NULL,\n"    /* run.started … */
"  data        TEXT\n"              /* JSON */
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX event_by_run ON event (run);\n"
APPEND_ONLY("event")

/* A run's cap was neared. */
"CREATE TABLE alert (\n"
"  id          TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
IDS
"  at_us       INTEGER NOT NULL,\n"
"  percent     INTEGER,\n"
"  spent_nano  INTEGER,\n"
"  cap_nano    INTEGER\n"
") STRICT, WITHOUT ROWID;\n"
APPEND_ONLY("alert")

/* Money of a run: its cap, what is held for calls under way, what was spent.
 * Written by the triggers below alone, in the transaction of the reservation. */
"CREATE TABLE budget (\n"
"  run         TEXT NOT NULL PRIMARY KEY,\n"
"  cap_nano    INTEGER,\n"          /* NULL: none */
"  held_nano   INTEGER NOT NULL DEFAULT 0,\n"
"  spent_nano  INTEGER NOT NULL DEFAULT 0\n"
") STRICT, WITHOUT ROWID;\n"
NEVER("DELETE", "budget")

/* Money set aside for a call before it is sent, at the worst it can cost. */
"CREATE TABLE reservation (\n"
"  call        TEXT NOT NULL PRIMARY KEY,\n"
"  run         TEXT NOT NULL,\n"
"  tenant      TEXT,\n"
"  key_id      TEXT,\n"
"  at_us       INTEGER NOT NULL,\n"
"  amount_nano INTEGER NOT NULL CHECK (amount_nano >= 0),\n"
/* held → settled (it cost actual_nano), released (it was not sent), or unknown
 * (its process is gone: counted in full, since it may have been charged) */
"  state       TEXT NOT NULL CHECK (state IN ('held', 'settled', 'released', 'unknown')),\n"
"  actual_nano INTEGER,\n"
"  settled_us  INTEGER\n"
") STRICT, WITHOUT ROWID;\n"
"CREATE INDEX reservation_held ON reservation (run) WHERE state = 'held';\n"
NEVER("DELETE", "reservation")
"CREATE TRIGGER reservation_taken AFTER INSERT ON reservation BEGIN\n"
"  INSERT INTO budget (run, held_nano) VALUES (NEW.run, NEW.amount_nano)\n"
"    ON CONFLICT (run) DO UPDATE SET held_nano = held_nano + excluded.held_nano;\n"
"END;\n"
"CREATE TRIGGER reservation_closed_once BEFORE UPDATE ON reservation\n"
"  WHEN NEW.call IS NOT OLD.call OR NEW.run IS NOT OLD.run OR\n"
"       NEW.amount_nano IS NOT OLD.amount_nano OR\n"
"       NOT (OLD.state = 'held' AND NEW.state <> 'held' OR\n"
"            OLD.state = 'unknown' AND NEW.state IN ('settled', 'released'))\n"
"  BEGIN SELECT RAISE(ABORT, 'a reservation is closed once'); END;\n"
"CREATE TRIGGER reservation_closed AFTER UPDATE ON reservation BEGIN\n"
"  UPDATE budget SET\n"
"    held_nano = held_nano - CASE OLD.state WHEN 'held' THEN OLD.amount_nano ELSE 0 END,\n"
"    spent_nano = spent_nano - CASE OLD.state WHEN 'unknown' THEN OLD.amount_nano ELSE 0 END\n"
"      + CASE NEW.state WHEN 'settled' THEN coalesce(NEW.actual_nano, 0)\n"
"                       WHEN 'unknown' THEN NEW.amount_nano ELSE 0 END\n"
"    WHERE run = NEW.run;\n"
"END;\n"

/* Runs as they stand: one row each, with the newest process, its end, and
 * whether the change was applied. A state of 'running' is what was written;
 * whether that process still lives, only its own machine can say. */
"CREATE VIEW run_state AS\n"
"SELECT r.id, r.parent, r.started_us, r.task, r.repository, r.base, r.branch, r.worktree,\n"
"  r.options, r.budget_nano, p.id AS process, e.ended_us, e.status, e.proof, e.summary,\n"
"  e.head, e.result, a.ref AS applied_ref, a.from_commit AS applied_from,\n"
"  a.to_commit AS applied_to,\n"
"  CASE WHEN e.process IS NULL THEN 'running' ELSE coalesce(a.action, 'ended') END AS state,\n"
"  (SELECT coalesce(sum(c.cost_nano), 0) FROM call c WHERE c.run = r.id) AS cost_nano,\n"
"  (SELECT count(*) FROM call c WHERE c.run = r.id AND c.cost_nano IS NULL) AS unknown_cost_calls\n"
"FROM run r\n"
"LEFT JOIN process p ON p.id = (SELECT max(id) FROM process WHERE run = r.id)\n"
"LEFT JOIN run_end e ON e.process = p.id\n"
"LEFT JOIN apply a ON a.id = (SELECT max(id) FROM apply WHERE run = r.id);\n"

/* Calls for people: dollars, a readable time, the run's repository. */
"CREATE VIEW call_cost AS\n"
"SELECT c.id, c.run, c.persona, coalesce(c.model, c.model_asked) AS model, c.provider,\n"
"  strftime('%Y-%m-%dT%H:%M:%SZ', c.started_us / 1000000, 'unixepoch') AS started,\n"
"  date(c.started_us / 1000000, 'unixepoch') AS day, r.repository,\n"
"  c.input, c.cache_read, c.cache_write, c.output, c.reasoning,\n"
"  c.latency_us / 1000 AS latency_ms,\n"
"  c.outcome, c.cost_nano, c.cost_nano / 1e9 AS cost_usd\n"
"FROM call c LEFT JOIN run r ON r.id = c.run;\n"
;

const struct db_migration ledger_migrations[] = {
	{ 1, version_1 },
	{ 0, NULL },
};
