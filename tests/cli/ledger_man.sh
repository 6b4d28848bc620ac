#!/bin/sh
# council-ledger(5) says what is: every table, view and column of a new ledger
# stands in it, nothing else does, and its queries run.
. "$top_srcdir/tests/cli/lib.sh"
cd "$work" || exit 1
expect 0 "$COUNCIL" log
python3 - "$top_srcdir/man/council-ledger.5" "$XDG_STATE_HOME/council/ledger.db" <<'PY' || fail "council-ledger(5)"
import re, sqlite3, sys

page = open(sys.argv[1], encoding="utf-8").read()
db = sqlite3.connect(sys.argv[2])
names = lambda text: re.findall(r"[a-z_]+", text)
tables = {}
for part in page.split("\n.Ss ")[1:]:
    name, _, text = part.partition("\n")
    text = text.split("\n.Sh ")[0]
    tables[name] = [n for line in re.findall(r"^\.It Va (.*)$", text, re.M) for n in names(line)]
tables.pop("Units")
faults = []
real = [r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
if set(real) != set(tables):
    faults.append("tables: %s" % sorted(set(real) ^ set(tables)))
for table in real:
    columns = [r[1] for r in db.execute("PRAGMA table_info('%s')" % table)]
    if columns != tables.get(table):
        faults.append("%s: %s" % (table, sorted(set(columns) ^ set(tables.get(table, [])))))
views = page.split("\n.Sh VIEWS")[1].split("\n.Sh ")[0]
for view, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'view'"):
    text = views.split(".It Va %s\n" % view)[1].split("\n.It ")[0]
    said = set(n for line in re.findall(r"^\.Va (.*)$", text, re.M) for n in names(line))
    columns = set(r[1] for r in db.execute("PRAGMA table_info('%s')" % view))
    # a column's table or page may be named beside it
    if not columns <= said or not said - columns <= {"run"}:
        faults.append("%s: %s" % (view, sorted(columns ^ said)))
queries = re.findall(r"\.Bd -literal.*\n((?:.*\n)*?)\.Ed", page.split("\n.Sh EXAMPLES")[1])
for query in queries:
    try:
        db.execute(query)
    except sqlite3.Error as e:
        faults.append("%s: %s" % (query, e))
if len(queries) < 5:
    faults.append("%d queries" % len(queries))
print("\n".join(faults))
sys.exit(bool(faults))
PY
ok "tables, views, columns and queries of council-ledger(5)"
