#!/usr/bin/env bash
# Run the bypass suite against a peer on loopback: bench/probe/run.sh litellm|portkey|self DIRECTORY
# Installs the peer into DIRECTORY (nothing into this project), starts it, probes it, stops it, leaves DIRECTORY/NAME.json there.
set -euo pipefail

name=$1
mkdir -p "$2"
directory=$(cd "$2" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
gateway=${GATEWAY:-$here/../../.venv/bin/gateway}
litellm_version=1.108.7
portkey_version=1.15.2
roles=(--allowed open-1 --forbidden frontier-1 --token-allowed sk-probe-allowed-0123456789)
pid=

stop() { [ -z "$pid" ] || kill "$pid" 2>/dev/null || true; }
trap stop EXIT

until_up() {
	for _ in $(seq 180); do
		kill -0 "$pid" 2>/dev/null || break
		curl -s -o /dev/null -m 2 "$1" && return
		sleep 1
	done
	echo "$name does not come up: see $directory/$name.log" >&2
	exit 3
}

# 0: everything held, 1: something did not; both are results.
probe() { "$gateway" probe "$@" --json >"$directory/$name.json" || [ $? -eq 1 ]; }

case $name in
litellm)
	[ -x "$directory/litellm/bin/litellm" ] || {
		python3 -m venv "$directory/litellm"
		"$directory/litellm/bin/pip" install -q "litellm[proxy]==$litellm_version" prisma # without its module, refusals are 500
	}
	cd "$here"
	LITELLM_MASTER_KEY="sk-$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')" LITELLM_LOCAL_MODEL_COST_MAP=True LITELLM_TELEMETRY=False \
		PYTHONDONTWRITEBYTECODE=1 "$directory/litellm/bin/litellm" --config litellm.yaml --host 127.0.0.1 --port 4000 >"$directory/$name.log" 2>&1 &
	pid=$!
	until_up http://127.0.0.1:4000/health/liveliness
	probe http://127.0.0.1:4000 "${roles[@]}" --token-permitted sk-probe-permitted-0123456789 --upstream 127.0.0.1:8099 \
		--header-family x-litellm- --patience 10
	;;
portkey)
	[ -d "$directory/portkey/node_modules" ] || npm install --silent --no-audit --no-fund --prefix "$directory/portkey" "@portkey-ai/gateway@$portkey_version"
	node "$directory/portkey/node_modules/@portkey-ai/gateway/build/start-server.js" --port=8787 --headless >"$directory/$name.log" 2>&1 &
	pid=$!
	until_up http://127.0.0.1:8787/
	kinds=()
	for kind in plain json fields places names encodings forms batches stored fallbacks catalogue routes paths "own headers" framing warm; do
		kinds+=(--only "$kind")
	done
	probe http://127.0.0.1:8787 "${roles[@]}" --upstream 127.0.0.1:8098 --header-family x-portkey- \
		--header "x-portkey-config: $(tr -d '\n' <"$here/portkey.json")" "${kinds[@]}"
	;;
self)
	probe --self
	;;
*)
	echo "which? $0 litellm|portkey|self DIRECTORY" >&2
	exit 2
	;;
esac
