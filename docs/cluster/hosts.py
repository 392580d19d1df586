"""A sweep on hosts by SSH: python hosts.py --model seresnext,seresnext-nospeclr --seeds 0-23

Every host is one where `ssh HOST` asks for no password and Python lies at the same path. Needs
`pip install asyncssh` beside the extra `cluster`. For a host with two GPUs see CUDA_VISIBLE_DEVICES in
docs/cluster.md: start its workers by hand.
"""

import subprocess
import sys

from distributed import SSHCluster

SCHEDULER = "node1"
WORKERS = ["node1", "node2", "node3"]
CONNECT = {}  # what asyncssh.connect takes, such as {"username": "me"}

if __name__ == "__main__":
    cluster = SSHCluster(
        [SCHEDULER, *WORKERS],
        connect_options=CONNECT,
        worker_options={"nthreads": 1, "memory_limit": 0, "resources": {"GPU": 1}},
        scheduler_options={"dashboard": False},
        remote_python=sys.executable,
    )
    with cluster:
        sweep = [sys.executable, "-m", "harness", "sweep", *sys.argv[1:]]
        sys.exit(subprocess.run([*sweep, "--scheduler", cluster.scheduler_address], check=False).returncode)
