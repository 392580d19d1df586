"""Many runs at once, real ones, with processes that are killed."""
