"""Pure statistics on small integer arrays: no database, no web, no torch."""
