# shellcheck shell=bash disable=SC2154
# setup.sh: sourced by examples/quickstart.sh, tests/run.sh and .ci/run.
#
#   council_packages PACKAGE…   installs what is missing (Debian, Ubuntu)
#   council_build DIR [OPTION…] configures and builds out of the source tree
#
# Both are quick when there is nothing to do. `top` must be the source tree.

say() { printf '%s\n' "$*"; }
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# The packages that the program needs to be built.
BUILD_PACKAGES="gcc make autoconf automake pkg-config git ca-certificates
  libcurl4-openssl-dev libcjson-dev libgit2-dev libsqlite3-dev libfyaml-dev libpcre2-dev libssl-dev"
# And those that its tests need besides.
export TEST_PACKAGES="check python3 mandoc procps"

council_packages() {
	local missing='' sudo='' p try
	for p in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$p" 2>/dev/null) in
		"install ok installed") ;;
		*) missing="$missing $p" ;;
		esac
	done
	[ -n "$missing" ] || return 0
	if ! command -v apt-get >/dev/null; then
		# another system: what is there may do, and configure says what is missing
		! pkg-config --exists libcurl libcjson libgit2 sqlite3 libfyaml libpcre2-8 libcrypto \
			2>/dev/null || return 0
		say "Some of these packages are missing (these are Debian's names):$missing" >&2
		say "Install them; ./configure names each library as Fedora and Homebrew call it." >&2
		return 2
	fi
	if [ "$(id -u)" -ne 0 ]; then
		# sudo may ask for a password only where somebody can answer
		if command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
			sudo=sudo
		else
			say "Some packages are missing. As root, run:" >&2
			say "  apt-get install$missing" >&2
			return 2
		fi
	fi
	say "Installing:$missing"
	set -- apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=120
	for try in 1 2 3; do
		# shellcheck disable=SC2086
		$sudo apt-get update -qq >/dev/null 2>&1 &&
			$sudo env DEBIAN_FRONTEND=noninteractive "$@" -qq $missing >/dev/null 2>&1 &&
			return 0
		[ "$try" = 3 ] || sleep 5
	done
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive "$@" $missing
}

# What configure was told and found: another answer means to run it again.
council_stamp() {
	printf '%s\n' "$top" "$@"
	pkg-config --modversion libcurl libcjson libgit2 sqlite3 libfyaml libpcre2-8 libcrypto 2>&1
	pkg-config --modversion check 2>&1
}

council_build() {
	local dir=$1
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
	if [ ! -f "$dir/config.status" ] || [ "$top/configure" -nt "$dir/config.status" ] ||
	   [ "$(council_stamp "$@")" != "$(cat "$dir/configured" 2>/dev/null)" ]; then
		say "Configuring"
		rm -f "$dir/configured"
		(cd "$dir" && "$top/configure" "$@" >configure.log 2>&1) || {
			tail -n 30 "$dir/configure.log" >&2
			return 1
		}
		council_stamp "$@" >"$dir/configured"
	fi
	say "Building"
	make -C "$dir" -j"$jobs" >"$dir/make.log" 2>&1 || {
		grep -nE 'error|warning' "$dir/make.log" | head -n 30 >&2
		tail -n 15 "$dir/make.log" >&2
		return 1
	}
}
