"""What the server says: a model for each answer, for JSON and page alike, and the functions that fill it."""
