"""What the server answers over HTTP; it knows no SQL."""
