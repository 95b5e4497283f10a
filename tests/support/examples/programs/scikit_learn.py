"""A support vector machine or a forest, of scikit-learn."""

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC

parser = argparse.ArgumentParser()
parser.add_argument("model", choices=["svm", "forest"])
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--out", type=Path, required=True)
options = parser.parse_args()

data = np.load(options.data)
train = data["x_train"].reshape(len(data["x_train"]), -1) / 255
test = data["x_test"].reshape(len(data["x_test"]), -1) / 255
if options.model == "svm":
    model = SVC(C=10, gamma="scale").fit(train, data["y_train"])
    predictions = model.predict(test)  # labels: a support vector machine has no probabilities
else:
    model = RandomForestClassifier(n_estimators=50, random_state=options.seed)
    model.fit(train, data["y_train"])
    predictions = model.predict_proba(test)
    leaves = sum(tree.tree_.node_count for tree in model.estimators_)
    (options.out / "facts.json").write_text(json.dumps({"parameters": leaves}))
np.save(options.out / "predictions.npy", predictions)
