/* schema.h: the ledger's tables, as migrations for db_open. The published
 * description, for people who query the file, is council-ledger(5). */
#ifndef COUNCIL_LEDGER_SCHEMA_H
#define COUNCIL_LEDGER_SCHEMA_H

#include "db/db.h"

extern const struct db_migration ledger_migrations[];

#endif
