#!/usr/bin/env bash
# stack/chromium.sh   Prints the path of a Chromium for the tests of the desk; installs Debian's where there is none and we may.
set -euo pipefail
path=${AURUM_CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
if [ -z "$path" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  echo "stack: installing Debian's chromium" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >&2
  path=$(command -v chromium || true)
fi
[ -n "$path" ] || { echo "stack: there is no Chromium; install one or set AURUM_CHROMIUM" >&2; exit 1; }
echo "$path"
