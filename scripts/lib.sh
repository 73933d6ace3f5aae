# What the scripts have in common; sourced, not run. Needs bash, and what a fresh Debian has.
# shellcheck shell=bash

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$(basename -- "$0"): $*"
    exit 1
}

# ---- packages ----

# The alternatives of each line of scripts/packages in the given groups.
packages_of() {
    local group names
    while read -r group names _; do
        case " $* " in
            *" $group "*) printf '%s\n' "$names" ;;
        esac
    done < <(grep -v '^ *#' "$root/scripts/packages")
}

is_installed() {
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true) == installed ]]
}

# The groups' packages of which no alternative is installed, as they stand in the list.
missing_packages() {
    local names name
    while read -r names; do
        for name in ${names//|/ }; do
            is_installed "$name" && continue 2
        done
        printf '%s\n' "$names"
    done < <(packages_of "$@")
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "this needs root, and there is no sudo; as root, run: $*"
    fi
}

# The first alternative that apt can install.
known_package() {
    local name policy
    for name in ${1//|/ }; do
        policy=$(apt-cache policy "$name" 2>/dev/null)
        if [[ $policy == *"  Candidate: "[!\(]* ]]; then
            printf '%s\n' "$name"
            return
        fi
    done
    die "apt knows no package ${1//|/ or }; xfs is built on Debian 12 or 13, or Ubuntu 24.04"
}

# need GROUP...: installs what is missing of these groups; where nothing is, apt is not called.
need() {
    local missing names name
    local -a wanted=()
    command -v dpkg-query >/dev/null ||
        die "only Debian and its relatives are known here; scripts/packages says what is needed"
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} > 0)) || return 0
    say "== installing: ${missing[*]}"
    quietly packages as_root apt-get update -qq
    for names in "${missing[@]}"; do
        name=$(known_package "$names")
        wanted+=("$name")
    done
    quietly packages as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -- "${wanted[@]}"
}

# quietly NAME COMMAND...: its words go to build/logs/NAME.log, and are shown if it fails.
quietly() {
    local log=$root/build/logs/$1.log
    shift
    mkdir -p "$root/build/logs"
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 -- "$log" >&2
        die "failed: $* (all of it: $log)"
    fi
}

# ---- building ----

# configure PRESET [option...]
configure() {
    local preset=$1 build=$root/build/$1
    shift
    mkdir -p "$build" 2>/dev/null || true
    [[ -w $build ]] ||
        die "cannot write to $build; it belongs to $(stat -c %U "$build" 2>/dev/null || echo another user)"
    if command -v ninja >/dev/null; then
        export CMAKE_GENERATOR=Ninja
    fi
    if command -v ccache >/dev/null; then
        export CMAKE_CXX_COMPILER_LAUNCHER=ccache
    fi
    if ! (cd "$root" && cmake --preset "$preset" "$@") >"$build/configure.log" 2>&1; then
        cat -- "$build/configure.log" >&2
        die "cannot configure the preset $preset"
    fi
}

# build PRESET [target...]: everything, or these targets. One run at a time in one directory.
build() {
    local preset=$1
    shift
    (
        flock 9
        cd "$root" && cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"} 9>&-
    ) 9>"$root/build/$preset/.lock" >&2
}
