#!/usr/bin/env bash
# What the bench needs besides Python packages: wrk (load) and nginx (static origin, and the floor of relaying). No service is started.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/packages
PATH=$PATH:/usr/sbin
missing=()
command -v wrk >/dev/null 2>&1 || missing+=(wrk)
command -v nginx >/dev/null 2>&1 || missing+=(nginx)
if [ ${#missing[@]} -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
policy=/usr/sbin/policy-rc.d # Debian's way to say that an installed service is not to be started
if [ -d /usr/sbin ] && [ ! -e "$policy" ] && command -v apt-get >/dev/null 2>&1; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
need_packages "${missing[@]}"
