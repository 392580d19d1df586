"""A course taken out of the server at its end: tables, boards, pictures, uploads and one report."""
