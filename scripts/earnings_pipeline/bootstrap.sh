# Sourced by the executables in scripts/: finds a Python, has bootstrap.py fill .venv, exports what they need.
# Kept to bash 3.2, which is what macOS has.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)"

# Prints the first Python that is new enough.  Newer than 3.13 comes last: not every dependency has wheels for it.
find_python() {
    local name
    for name in "$ROOT/.venv/bin/python" python3.13 python3.12 python3.11 python3 python python3.14; do
        if "$name" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    cat >&2 <<'MESSAGE'
Python 3.11 or newer is needed, and none was found on PATH.
  Debian 12, Ubuntu 24.04 or later:  apt-get install python3 python3-venv
  Fedora:                            dnf install python3
  macOS:                             brew install python@3.13
MESSAGE
    exit 2
}

# set_up LOCK_FILE: makes .venv hold what the lock file says; returns at once when it does.
set_up() {
    if ! cmp -s "$ROOT/$1" "$ROOT/.venv/$1"; then
        local python
        python="$(find_python)"
        "$python" -I "$ROOT/scripts/earnings_pipeline/bootstrap.py" "$ROOT" "$1"
    fi
    PYTHON="$ROOT/.venv/bin/python"
    export PYTHONPATH="$ROOT/scripts"
}
