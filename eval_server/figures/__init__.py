"""One function a picture: numbers in, an accessible SVG with its caption and its numbers out.

`standings` shows many entries, `entries` one, `pairs` two;
`showing` makes them from a `Report` or a `Verdict`. All are written by hand on a `PictureSheet`: no plotting
library is loaded, the same numbers give the same bytes, and a picture takes about a millisecond.
"""
