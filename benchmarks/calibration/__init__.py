"""How well the statistics keep their promises, on drawn data whose truth is known: ``make calibration``."""
