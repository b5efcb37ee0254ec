#!/usr/bin/env bash
# stack/python.sh   Installs the second opinions (Great Expectations, pyiceberg, DuckDB with its Iceberg extension) into one
# Python environment in the user's cache folder and prints the path of its interpreter. The second run only prints.
set -euo pipefail
home=${AURUM_STACK_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/aurum/stack}
requirements=$(dirname "$0")/python-requirements.txt
stamp=$(sha256sum "$requirements" | cut -c1-16)
venv=$home/python-$stamp
if [ ! -f "$venv/.complete" ]; then
  echo "stack: installing Python packages into $venv" >&2
  command -v python3 >/dev/null || { echo "stack: python3 is missing; install Python 3.11 or newer" >&2; exit 1; }
  rm -rf "$venv"
  mkdir -p "$home"
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2
  touch "$venv/.complete"
fi
echo "$venv/bin/python"
