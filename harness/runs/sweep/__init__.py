"""Many runs: planned together, done by processes here or on a Dask cluster, and gone on with after a stop."""
