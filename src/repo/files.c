/* files.c: the files of a commit. */
#include <stdlib.h>
#include <string.h>

#include "repo/repo_internal.h"

enum { PATH_LIMIT = 4096 };

struct walk {
	git_odb *odb;
	struct repo_files files;
	size_t cap;
};

static int add_file(struct walk *w, const char *root, const git_tree_entry *entry)
{
	if (w->files.n == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 256;
		struct repo_file *v = realloc(w->files.v, cap * sizeof(*v));
		if (!v)
			return -1;
		w->files.v = v;
		w->cap = cap;
	}
	size_t size = 0;
	git_object_t type;
	/* the size is unknown where a partial clone has not fetched the blob */
	if (git_odb_read_header(&size, &type, w->odb, git_tree_entry_id(entry)))
		size = 0;
	char *path = str_printf("%s%s", root, git_tree_entry_name(entry));
	if (!path)
		return -1;
	w->files.v[w->files.n++] = (struct repo_file){
		.path = path, .size = size, .mode = git_tree_entry_filemode(entry),
	};
	return 0;
}

static int visit(const char *root, const git_tree_entry *entry, void *payload)
{
	switch (git_tree_entry_type(entry)) {
	case GIT_OBJECT_BLOB:
		return add_file(payload, root, entry);
	case GIT_OBJECT_TREE: /* a positive answer skips it: a bound on the depth */
		return strlen(root) > PATH_LIMIT;
	default:
		return 0;
	}
}

/* git's order within a tree puts "a.b" before "a/c", which is the order of the whole paths. */
int repo_files(struct repo *r, const char *oid, struct repo_files *ret, struct error *err)
{
	CLEANUP_GIT(git_tree_free) git_tree *tree = NULL;
	struct walk w = { 0 };
	if (git2_tree(r->git, oid, &tree, err))
		return -1;
	if (git_repository_odb(&w.odb, r->git))
		return git2_fail(err, STATUS_USAGE, "cannot read the repository's objects");
	int rc = git_tree_walk(tree, GIT_TREEWALK_PRE, visit, &w);
	git_odb_free(w.odb);
	if (rc) {
		repo_files_release(&w.files);
		return git2_fail(err, STATUS_USAGE, "cannot list the files of commit %.12s", oid);
	}
	*ret = w.files;
	return 0;
}

void repo_files_release(struct repo_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].path);
	free(f->v);
	memset(f, 0, sizeof(*f));
}

int repo_read(struct repo *r, const char *oid, const char *path, struct buf *out, struct error *err)
{
	CLEANUP_GIT(git_tree_free) git_tree *tree = NULL;
	CLEANUP_GIT(git_tree_entry_free) git_tree_entry *entry = NULL;
	CLEANUP_GIT(git_blob_free) git_blob *blob = NULL;
	if (git2_tree(r->git, oid, &tree, err))
		return -1;
	if (git_tree_entry_bypath(&entry, tree, path))
		return error_set(err, STATUS_USAGE, "commit %.12s has no file %s", oid, path);
	if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		return error_set(err, STATUS_USAGE, "%s is not a file in commit %.12s", path, oid);
	if (git_blob_lookup(&blob, r->git, git_tree_entry_id(entry)))
		return git2_fail(err, STATUS_USAGE, "cannot read %s of commit %.12s", path, oid);
	git_object_size_t size = git_blob_rawsize(blob);
	if (size > out->max - out->len)
		return error_set(err, STATUS_USAGE, "%s has %llu bytes, more than the %zu there is room "
				 "for", path, (unsigned long long)size, out->max - out->len);
	return buf_add(out, git_blob_rawcontent(blob), (size_t)size) ? buf_check(out, path, err) : 0;
}
