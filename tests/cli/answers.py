"""Answers in the formats, for scripts of the test server and replay files.

    from answers import *
    write(path, pacer=[plan("Mend add", files=["calc.py"])],
                builder=[edit("calc.py", "a - b", "a + b")],
                guardian=[review()])
"""
import json
import sys


def plan(title="Mend it", files=(), instructions="Do what the task says.", steps=1, **more):
    """A plan of so many equal steps."""
    return json.dumps({"summary": title, "steps": [
        dict({"id": "s%d" % (i + 1), "title": title if steps == 1 else "%s, part %d" % (title, i + 1),
              "instructions": instructions, "files": list(files), "tests": [], "needs": [],
              "difficulty": "low"}, **more) for i in range(steps)]})


def context(*paths):
    return json.dumps({"files": [{"path": p, "lines": None, "why": "needed"} for p in paths],
                       "notes": ""})


def edit(path, old, new):
    return "%s\n```\n<<<<<<< SEARCH\n%s\n=======\n%s\n>>>>>>> REPLACE\n```\n" % (path, old, new)


def whole(path, text):
    return "%s\n````\n%s\n````\n" % (path, text.rstrip("\n"))


def finding(title="A fault", severity="medium", file=None, line=None, category="correctness"):
    return {"severity": severity, "category": category, "file": file, "line": line, "cwe": None,
            "title": title, "detail": "details", "suggestion": "mend it"}


def review(verdict="approve", *findings):
    return json.dumps({"verdict": verdict, "findings": list(findings)})


def write(path, repeat=False, models=("test-model",), key=None, **queues):
    """A script for tests/server/server.py."""
    script = {"models": list(models), "repeat": repeat, "answers": queues}
    if key:
        script["key"] = key
    with open(path, "w", encoding="utf-8") as f:
        json.dump(script, f)


def replay(path, **queues):
    """A replay file."""
    doc = {"version": 1, "recorded": True, "note": "test", "answers": {
        who: [a if isinstance(a, dict) else {"text": a, "model": "test-model"} for a in answers]
        for who, answers in queues.items()}}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(doc, f)


OUT = sys.argv[1] if len(sys.argv) > 1 else None
