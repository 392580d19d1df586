"""A sweep on Slurm: python slurm.py --model seresnext,seresnext-nospeclr --seeds 0-23 --device cuda

Run it on a login node, in tmux or the like: it asks Slurm for JOBS jobs of one worker each, hands them the
runs, and ends with the sweep's exit code. Needs `pip install dask-jobqueue` beside the extra `cluster`.
"""

import subprocess
import sys

from dask_jobqueue import SLURMCluster

JOBS = 8

cluster = SLURMCluster(
    queue="gpu",
    cores=1,  # threads of a worker: one run at a time
    processes=1,  # workers of a job
    memory="32 GB",
    walltime="12:00:00",
    job_extra_directives=["--gres=gpu:1", "--cpus-per-task=8"],
    job_script_prologue=["export HARNESS_CACHE=$TMPDIR/harness", "export OMP_NUM_THREADS=8"],
    worker_extra_args=["--resources", "GPU=1", "--memory-limit", "0", "--lifetime", "705m"],
    scheduler_options={"dashboard_address": None},
)
with cluster:
    cluster.adapt(minimum_jobs=1, maximum_jobs=JOBS)  # a job that ends is asked for again
    sweep = [sys.executable, "-m", "harness", "sweep", *sys.argv[1:]]
    sys.exit(subprocess.run([*sweep, "--scheduler", cluster.scheduler_address], check=False).returncode)
