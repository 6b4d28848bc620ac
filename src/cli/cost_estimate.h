/* cost_estimate.h: council cost estimate: so many calls of a model, before they are made. */
#ifndef COUNCIL_COST_ESTIMATE_H
#define COUNCIL_COST_ESTIMATE_H

#include "cli/cli.h"

int cost_estimate(struct cli *cli, struct error *err);

#endif
