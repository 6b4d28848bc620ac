# setup.sh: sourced by examples/quickstart.sh, tests/run.sh and .ci/run.
#
#   council_packages PACKAGE…   installs what is missing (Debian, Ubuntu)
#   council_build DIR [OPTION…] configures and builds out of the source tree
#
# Both are quick when there is nothing to do. `top` must be the source tree.

say() { printf '%s\n' "$*"; }

# The packages that the program needs to be built.
BUILD_PACKAGES="gcc make autoconf automake pkg-config git ca-certificates
  libcurl4-openssl-dev libcjson-dev libgit2-dev libsqlite3-dev libfyaml-dev libpcre2-dev libssl-dev"
# And those that its tests need besides.
TEST_PACKAGES="check python3 mandoc procps"

council_packages() {
	missing=
	for p in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
		"install ok installed") ;;
		*) missing="$missing $p" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null; then
		say "These packages are missing, and there is no apt-get here to install them:$missing" >&2
		say "Run ./configure: it names each library as Fedora and Homebrew call it." >&2
		return 2
	fi
	if [ "$(id -u)" -eq 0 ]; then
		sudo=
	elif command -v sudo >/dev/null; then
		sudo=sudo
	else
		say "These packages are missing; install them as root:$missing" >&2
		return 2
	fi
	say "Installing:$missing"
	for try in 1 2 3; do
		$sudo apt-get update -qq &&
			$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
				--no-install-recommends $missing >/dev/null 2>&1 && return 0
		[ "$try" = 3 ] || sleep 5
	done
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}

council_build() {
	dir=$1
	shift
	if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ] ||
	   [ "$top/Makefile.am" -nt "$top/Makefile.in" ]; then
		say "Generating configure"
		(cd "$top" && autoreconf --install --warnings=none >"$top/autoreconf.log" 2>&1) || {
			cat "$top/autoreconf.log" >&2
			return 1
		}
		rm -f "$top/autoreconf.log"
	fi
	mkdir -p "$dir"
	if [ ! -f "$dir/config.status" ] || [ "$top/configure" -nt "$dir/config.status" ]; then
		say "Configuring"
		(cd "$dir" && "$top/configure" "$@" >configure.log 2>&1) || {
			tail -n 30 "$dir/configure.log" >&2
			return 1
		}
	fi
	say "Building"
	make -C "$dir" -j"$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)" >"$dir/make.log" 2>&1 || {
		grep -nE 'error|warning' "$dir/make.log" | head -n 30 >&2
		tail -n 15 "$dir/make.log" >&2
		return 1
	}
}
