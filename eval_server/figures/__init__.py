"""One function a picture: numbers in, SVG out."""
