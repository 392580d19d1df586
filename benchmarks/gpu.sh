#!/usr/bin/env bash
# One visit to a lent GPU: the bench, a whole seed, the tests that need CUDA, the bench of its processor. Each part writes below $OUT as it
# goes, so that a visit which is cut short leaves what it had. It needs torch, torchvision, timm, pandas,
# scikit-learn, click and rich; nothing is installed. pytest may lie in a folder named by $EXTRA.
#
#   OUT=results bash benchmarks/gpu.sh
set -u
cd "$(dirname "$0")/.." || exit
out=${OUT:-gpu-results}
python=${PYTHON:-python}
work=$(mktemp -d)
mkdir -p "$out"
export HARNESS_CACHE=$work/cache PYTHONPATH=$PWD:$work/registered:${EXTRA:-}
began=$SECONDS

part() { # part NAME SECONDS COMMAND...: its output and its time to files; the next one follows whatever it says
  local name=$1 limit=$2 from=$SECONDS
  shift 2
  timeout "$limit" "$@" >"$out/$name.out" 2>"$out/$name.err"
  echo "$name: exit $?, $((SECONDS - from)) s" | tee -a "$out/parts.txt"
  tail -n 3 "$out/$name.err"
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv >"$out/card.csv" 2>&1

# The entries are found by the metadata of an installed program: without one, it is written from pyproject.toml.
"$python" - "$work/registered" <<'END'
import sys, tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
folder = Path(sys.argv[1]) / f"cnmc_harness-{project['version']}.dist-info"
folder.mkdir(parents=True)
(folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: cnmc-harness\nVersion: {project['version']}\n")
groups = [f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
          for name, points in project["entry-points"].items()]
(folder / "entry_points.txt").write_text("\n".join(groups))
END

run() { part "$1" "$2" "$python" -m harness "${@:3}"; }

run bench 190 bench --quick --device cuda --json --to "$out/bench.json"
run draw 90 data draw "$work/drawn" --scale 1
run seed 200 predict --model seresnext --split prelim --weights none --data "$work/drawn" --runs "$work/runs" \
  --device cuda --precision bf16 --engine compile --json
for file in plan.json manifest.json history.jsonl status.json fitted/facts.json; do
  find "$work/runs" -path "*/$file" -exec cp {} "$out/" \;
done
part tests 90 "$python" -m pytest -c /dev/null --rootdir . --noconftest -p no:cacheprovider -v \
  tests/models/finetune/test_engines.py -k "replayed or on_a_gpu or on_the_gpu or recorded"
tail -n 5 "$out/tests.out"
# The processor beside the card, for as long as the visit lasts: it is idle, as few shared machines are.
run processor 150 bench --device cpu --json --to "$out/processor.json"
echo "all: $((SECONDS - began)) s" | tee -a "$out/parts.txt"
rm -rf "$work"
