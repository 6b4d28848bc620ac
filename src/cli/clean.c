/* clean.c: see clean.h. */
#include "cli/clean.h"

#include <stdlib.h>
#include <string.h>

#include "cli/run_words.h"
#include "util/path.h"
#include "util/str.h"

void clean_found_release(struct clean_found *f)
{
	free(f->worktree);
	free(f->branch);
	free(f->answers);
	if (f->repo_owned)
		repo_free(f->repo);
	*f = (struct clean_found){ 0 };
}

bool clean_anything(const struct clean_found *f)
{
	return f->worktree || f->branch || f->answers;
}

/* $XDG_STATE_HOME/council/NAME/…; NULL with err set. */
static char *state_path(const char *name, struct error *err)
{
	CLEANUP_FREE char *state = path_xdg(XDG_STATE, err);
	char *path = state ? path_join(state, name) : NULL;

	if (state && !path)
		error_oom(err);
	return path;
}

/* The worktree of a repository that is gone: only one of ours, at its place. */
static bool in_our_folder(const char *path)
{
	CLEANUP_FREE char *ours = state_path("worktrees", NULL);
	size_t n = ours ? strlen(ours) : 0;

	return ours && strncmp(path, ours, n) == 0 && path[n] == '/' && !strstr(path, "/../");
}

/* The branch, and whether its tip is something that only it has. */
static int look_at_branch(const struct ledger_run_row *row, struct clean_found *f,
			  struct error *err)
{
	CLEANUP_FREE char *ref =
		row->branch && *row->branch ? str_printf("refs/heads/%s", row->branch) : NULL;
	bool applied = str_eq(row->state, "applied");
	char tip[OID_HEX + 1];

	if (!ref)
		return row->branch && *row->branch ? error_oom(err) : 0;
	if (repo_resolve(f->repo, ref, tip, NULL) < 0)
		return 0;
	f->branch = str_dup(row->branch);
	/* Commits that a person put on top of an applied run were not applied. */
	f->own_work = !str_eq(tip, row->base) && !(applied && str_eq(tip, row->head));
	return f->branch ? 0 : error_oom(err);
}

static int look_at_answers(const struct ledger_run_row *row, struct clean_found *f,
			   struct error *err)
{
	CLEANUP_FREE char *runs = state_path("runs", err);
	CLEANUP_FREE char *path = runs ? path_join(runs, row->id.s) : NULL;

	if (!path)
		return runs ? error_oom(err) : -1;
	f->answers = path_is_dir(path) ? STEAL(path) : NULL;
	return 0;
}

int clean_look(struct repo *here, const struct ledger_run_row *row, struct clean_found *ret,
	       struct error *err)
{
	struct clean_found f = { 0 };
	int rc = 0;

	if (here && str_eq(row->repository, repo_top(here)))
		f.repo = here;
	else if (row->repository && repo_open(row->repository, &f.repo, NULL) == 0)
		f.repo_owned = true;
	if (row->worktree && path_is_dir(row->worktree) &&
	    (f.repo || in_our_folder(row->worktree))) {
		f.worktree = str_dup(row->worktree);
		rc = f.worktree ? 0 : error_oom(err);
	}
	if (rc == 0 && f.repo)
		rc = look_at_branch(row, &f, err);
	if (rc == 0)
		rc = look_at_answers(row, &f, err);
	if (rc < 0)
		clean_found_release(&f);
	else
		*ret = f;
	return rc;
}

void clean_why_not(const struct ledger_run_row *row, const struct clean_found *found,
		   const struct clean_wish *wish, struct buf *why)
{
	const char *id = ulid_short(row->id.s);

	if (str_eq(row->state, "running"))
		buf_adds(why, "it is still running");
	else if (found->own_work && !wish->force)
		buf_addf(why,
			 "its work on %s was not applied; council apply %s, or council clean "
			 "--force %s",
			 found->branch, id, id);
	else if (!found->repo && found->worktree && !wish->force)
		buf_addf(why,
			 "its repository %s is gone, and the worktree may hold the only copy; "
			 "council clean --force %s",
			 row->repository ? row->repository : "", id);
	else if (run_row_resumable(row) && !wish->named && !wish->aged)
		buf_addf(why, "it can be resumed; council resume %s, or council clean %s", id, id);
}

int clean_remove(const struct ledger_run_row *row, const struct clean_found *found,
		 struct error *err)
{
	if (found->repo) {
		if ((found->worktree || found->branch) &&
		    worktree_remove(found->repo, row->id.s, found->branch, true, err) < 0)
			return -1;
	} else if (found->worktree && path_remove_tree(found->worktree, err) < 0) {
		return -1;
	}
	return found->answers ? path_remove_tree(found->answers, err) : 0;
}
