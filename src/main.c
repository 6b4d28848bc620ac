/* main.c: the commands, in the order in which `council --help` lists them. */
#include "cli/cli.h"

extern const struct command command_run, command_plan, command_demo, command_init, command_doctor,
	command_log, command_show, command_diff, command_apply, command_undo, command_resume,
	command_clean, command_cost, command_config, command_persona, command_trust, command_edit,
	command_completion;

const struct command *const commands[] = {
	&command_run,
	&command_plan,
	&command_demo,
	&command_init,
	&command_doctor,
	&command_log,
	&command_show,
	&command_diff,
	&command_apply,
	&command_undo,
	&command_resume,
	&command_clean,
	&command_cost,
	&command_config,
	&command_persona,
	&command_trust,
	&command_edit,
	&command_completion,
	NULL,
};

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
