"""Fits a line to a few points and writes it down."""

import json
import sys

import joblib

points = [(1, 2.1), (2, 3.9), (3, 6.2), (4, 7.8)]
slope = sum(x * y for x, y in points) / sum(x * x for x, _ in points)
print(f"slope {slope:.3f}, joblib {joblib.__version__}", flush=True)
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump({"slope": slope}, file)
