#!/usr/bin/env python3
"""Checks NDJSON events on standard input against event.schema.json.

usage: validate_events.py [--status N] SCHEMA < events.ndjson

Beside the schema: seq runs from 1 without gaps, every line is of one run,
exactly one run.completed or run.failed is there and it is the last line, and
with --status N its status is N. Only the standard library is needed; of JSON
Schema 2020-12 just what the schema uses is known, and anything else in it is
an error, so that no keyword is silently passed over.
"""

import json
import re
import sys

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "integer": lambda v: (isinstance(v, int) and not isinstance(v, bool))
    or (isinstance(v, float) and v.is_integer()),
}
KNOWN = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "type", "properties", "required",
    "additionalProperties", "enum", "const", "oneOf", "anyOf", "allOf", "items", "pattern",
    "minimum",
}


class Schema:
    def __init__(self, root):
        self.root = root

    def resolve(self, ref):
        if not ref.startswith("#/"):
            raise ValueError(f"cannot follow $ref {ref}")
        at = self.root
        for part in ref[2:].split("/"):
            at = at[part]
        return at

    def errors(self, value, schema, where="$"):
        """Yields one line for each thing that is wrong."""
        if schema is True:
            return
        if schema is False:
            yield f"{where}: must not be there"
            return
        unknown = set(schema) - KNOWN
        if unknown:
            raise ValueError(f"schema keywords that this program does not know: {sorted(unknown)}")
        if "$ref" in schema:
            yield from self.errors(value, self.resolve(schema["$ref"]), where)
        if "type" in schema:
            types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            if not any(TYPES[t](value) for t in types):
                yield f"{where}: is {json.dumps(value)[:60]}, not of type {'/'.join(types)}"
                return
        yield from self.value_errors(value, schema, where)
        yield from self.combined_errors(value, schema, where)
        if isinstance(value, dict):
            yield from self.object_errors(value, schema, where)
        if isinstance(value, list) and "items" in schema:
            for i, item in enumerate(value):
                yield from self.errors(item, schema["items"], f"{where}[{i}]")

    @staticmethod
    def value_errors(value, schema, where):
        def same(a):  # 1 is not True
            return a == value and isinstance(a, bool) == isinstance(value, bool)

        if "const" in schema and not same(schema["const"]):
            yield f"{where}: is {json.dumps(value)[:60]}, not {json.dumps(schema['const'])}"
        if "enum" in schema and not any(same(a) for a in schema["enum"]):
            yield f"{where}: {json.dumps(value)[:60]} is none of {json.dumps(schema['enum'])}"
        if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
            yield f"{where}: {json.dumps(value)[:60]} does not match {schema['pattern']}"
        if "minimum" in schema and TYPES["number"](value) and value < schema["minimum"]:
            yield f"{where}: {value} is less than {schema['minimum']}"

    def combined_errors(self, value, schema, where):
        for part in schema.get("allOf", []):
            yield from self.errors(value, part, where)
        for key in ("anyOf", "oneOf"):
            if key not in schema:
                continue
            tried = [list(self.errors(value, part, where)) for part in schema[key]]
            fits = sum(not errors for errors in tried)
            if fits == 0:
                # the branch that went wrong last is the one that was meant
                yield from min(tried, key=len)
            elif key == "oneOf" and fits > 1:
                yield f"{where}: fits {fits} of the alternatives, not one"

    def object_errors(self, value, schema, where):
        properties = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}: lacks \"{name}\""
        for name, item in value.items():
            if name in properties:
                yield from self.errors(item, properties[name], f"{where}.{name}")
            elif "additionalProperties" in schema:
                yield from self.errors(item, schema["additionalProperties"], f"{where}.{name}")


def event_schema(root, event):
    """The branch of this event's type: its errors say more than those of oneOf."""
    name = "event_" + str(event.get("type", "")).replace(".", "_") if isinstance(event, dict) else ""
    return {"$ref": f"#/$defs/{name}"} if name in root["$defs"] else root


def check(schema, lines, status):
    """Yields errors as "line N: …"."""
    run, ends = None, []
    count = 0
    for count, line in enumerate(lines, 1):
        try:
            event = json.loads(line)
        except ValueError as e:
            yield f"line {count}: not JSON: {e}"
            continue
        for error in schema.errors(event, event_schema(schema.root, event)):
            yield f"line {count}: {error}"
        if not isinstance(event, dict):
            continue
        if event.get("seq") != count:
            yield f"line {count}: seq is {event.get('seq')}, not {count}"
        run = run or event.get("run")
        if event.get("run") != run:
            yield f"line {count}: of run {event.get('run')}, not {run}"
        if event.get("type") in ("run.completed", "run.failed"):
            ends.append((count, event))
    if len(ends) != 1:
        yield f"{len(ends)} lines are run.completed or run.failed, not one"
        return
    at, event = ends[0]
    if at != count:
        yield f"line {at}: {event['type']} is not the last of {count} lines"
    got = event.get("data", {}).get("status")
    if status is not None and got != status:
        yield f"line {at}: status is {got}, the program ended with {status}"


def main(argv):
    status = None
    if len(argv) > 2 and argv[1] == "--status":
        status = int(argv[2])
        argv = argv[:1] + argv[3:]
    if len(argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with open(argv[1], encoding="utf-8") as f:
        schema = Schema(json.load(f))
    lines = sys.stdin.buffer.read().decode("utf-8").split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    else:
        print("the last line does not end")
        return 1
    errors = 0
    for errors, error in enumerate(check(schema, lines, status), 1):
        print(error)
        if errors == 50:
            break
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
