#!/bin/sh
# The checker of events (tests/validate_events.py) and event.schema.json: a good
# stream passes, and each kind of fault in it is found.
set -eu
: "${top_srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}"
command -v python3 >/dev/null || exit 77

exec python3 - "$top_srcdir" <<'EOF'
import copy
import json
import subprocess
import sys

top = sys.argv[1]
RUN = "01JD0000000000000000000ABC"
OID = "1" * 40
counts = {"green": True, "known": True, "passed": 12, "failed": 0, "skipped": 0}
result = {
    "run": RUN, "status": 0, "outcome": "done", "summary": "s", "task": "t", "reason": None,
    "proof": "red-green",
    "gate": {"ran": True, "disabled": False, "command": "make check", "before": counts,
             "after": counts, "fixed": ["a"], "broken": [], "known_failures": [],
             "tests_touched": False},
    "verdict": "approve",
    "findings": [{"severity": "low", "category": "style", "file": "a.c", "line": 3, "cwe": None,
                  "title": "t", "detail": None, "suggestion": None, "open": True}],
    "change": {"branch": "council/x", "base": OID, "head": OID, "base_is_snapshot": False,
               "worktree": "/w", "files": 1, "insertions": 1, "deletions": 0, "applied": False},
    "personas": [{"persona": "pacer", "model": "m", "calls": 1, "input": 1, "cache_read": 0,
                  "cache_write": 0, "output": 1, "reasoning": 0, "estimated": False,
                  "duration_us": 1, "cost_usd": None, "cost_nano": 0, "unknown_cost_calls": 1}],
    "cost_usd": None, "cost_nano": 0, "unknown_cost_calls": 1, "budget_usd": 1,
    "duration_us": 5, "recorded": True,
}
data = [
    ("run.started", {"task": "t", "repository": "/r", "base": OID, "branch": "council/x",
                     "from": "main", "snapshot": False, "phases": ["plan"], "gate": "make check",
                     "build": None, "budget_usd": 1, "models": {"pacer": "m"}, "notes": [],
                     "recorded": True, "resumed": 0, "version": "1"}),
    ("stage.started", {"stage": "plan", "persona": "pacer", "title": None, "step": 0,
                       "attempt": 1}),
    ("call.started", {"call": RUN, "persona": "pacer", "model": "m", "provider": "replay",
                      "attempt": 1}),
    ("call.delta", {"call": RUN, "persona": "pacer", "text": "x"}),
    ("call.completed", {"call": RUN, "persona": "pacer", "model": "m", "provider": "replay",
                        "outcome": "ok", "input": 1, "cache_read": 0, "cache_write": 0,
                        "output": 1, "reasoning": 0, "estimated": False, "cost_usd": None,
                        "latency_us": 1, "first_token_us": 0, "attempt": 1, "error": None}),
    ("budget.warning", {"percent": 50, "spent_usd": 0.5, "cap_usd": 1}),
    ("stage.completed", {"stage": "plan", "persona": "pacer", "outcome": "ok", "summary": "s",
                         "duration_us": 1}),
    ("edit.applied", {"path": "a.c", "kind": "modify", "match": "exact"}),
    ("edit.rejected", {"path": "a.c", "reason": "protected"}),
    ("gate.completed", {"gate": "step", "command": "make check", "green": True, "known": True,
                        "passed": 1, "failed": 0, "skipped": 0, "exit_code": 0, "duration_us": 1,
                        "newly_failing": [], "fixed": []}),
    ("finding", {k: v for k, v in result["findings"][0].items() if k != "open"}),
    ("run.completed", result),
]
good = [{"v": 1, "type": t, "time": "2026-11-21T00:36:23.123456Z", "run": RUN, "seq": i,
         "stage_id": None, "data": d} for i, (t, d) in enumerate(data, 1)]


def verdict(events, *args, raw=None):
    text = raw if raw is not None else "".join(json.dumps(e) + "\n" for e in events)
    p = subprocess.run([sys.executable, top + "/tests/validate_events.py", *args,
                        top + "/event.schema.json"], input=text, text=True, capture_output=True)
    return p.returncode, p.stdout + p.stderr


def changed(f):
    events = copy.deepcopy(good)
    f(events)
    return events


def renumbered(events):
    for i, e in enumerate(events, 1):
        e["seq"] = i
    return events


faults = {
    "a gap": (changed(lambda e: e.pop(3)), "seq is"),
    "no end": (renumbered(good[:-1]), "0 lines are"),
    "two ends": (renumbered(copy.deepcopy(good) + [copy.deepcopy(good[-1])]), "2 lines are"),
    "an end in the middle": (renumbered(copy.deepcopy(good[-1:] + good[:-1])), "is not the last"),
    "another run": (changed(lambda e: e[4].update(run="01JD0000000000000000000ABD")), "of run"),
    "an unknown type": (changed(lambda e: e[1].update(type="stage.done")), "line 2"),
    "an unknown field": (changed(lambda e: e[2]["data"].update(more=1)), "more"),
    "a field that is missing": (changed(lambda e: e[6]["data"].pop("outcome")), "outcome"),
    "a wrong type": (changed(lambda e: e[4]["data"].update(input="1")), "input"),
    "a flag for a number": (changed(lambda e: e[4]["data"].update(input=True)), "input"),
    "a negative number": (changed(lambda e: e[4]["data"].update(output=-1)), "output"),
    "an unknown word": (changed(lambda e: e[11]["data"].update(proof="surely")), "proof"),
    "a failed run said to be completed": (
        changed(lambda e: e[11]["data"].update(status=3, outcome="gate")), "status"),
    "a time without its zone": (changed(lambda e: e[0].update(time="2026-11-21")), "time"),
    "another version": (changed(lambda e: e[0].update(v=2)), ".v"),
}

failed = 0
rc, out = verdict(good, "--status", "0")
if rc != 0:
    failed += 1
    print("a good stream is refused:\n" + out)
rc, out = verdict(good, "--status", "3")
if rc == 0 or "ended with 3" not in out:
    failed += 1
    print("a wrong status is not found:\n" + out)
for name, (events, part) in faults.items():
    rc, out = verdict(events)
    if rc != 1 or part not in out:
        failed += 1
        print(f"{name} is not found ({part}):\n{out}")
for raw in ("", "{\n", json.dumps(good[0]), "[]\n", "null\n"):
    if verdict(None, raw=raw)[0] != 1:
        failed += 1
        print(f"accepted: {raw!r}")
sys.exit(1 if failed else 0)
EOF
