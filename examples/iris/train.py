"""Trains a classifier on the iris data that scikit-learn ships, and saves it."""

import argparse
import pathlib

import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

parser = argparse.ArgumentParser()
parser.add_argument("--trees", type=int, default=100)
parser.add_argument("--model", type=pathlib.Path, required=True)
arguments = parser.parse_args()

features, labels = load_iris(return_X_y=True)
classifier = RandomForestClassifier(n_estimators=arguments.trees, random_state=0)
scores = cross_val_score(classifier, features, labels, cv=5)
print(f"accuracy: {scores.mean():.3f} (five folds, {arguments.trees} trees)")

arguments.model.mkdir(parents=True, exist_ok=True)
joblib.dump(classifier.fit(features, labels), arguments.model / "iris.joblib")
print(f"saved the model: {(arguments.model / 'iris.joblib').stat().st_size} bytes")
