"""Measurements on real data; run by hand, compared with what was seen before."""
