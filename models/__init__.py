"""Everything that learns: the contract of an entry, the registry, and one file an approach."""
