"""A dense network in PyTorch."""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

EPOCHS, BATCH = 10, 32

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--out", type=Path, required=True)
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()

torch.manual_seed(options.seed)
torch.set_num_threads(options.threads)
torch.use_deterministic_algorithms(True)
data = np.load(options.data)
x_train = torch.from_numpy(data["x_train"]).float().flatten(1) / 255
x_test = torch.from_numpy(data["x_test"]).float().flatten(1) / 255
y_train = torch.from_numpy(data["y_train"]).long()
classes = int(data["num_classes"])

model = nn.Sequential(nn.Linear(x_train.shape[1], 64), nn.ReLU(), nn.Linear(64, classes))
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
history, started = [], time.perf_counter()
for epoch in range(1, EPOCHS + 1):
    losses, right = 0.0, 0
    for batch in torch.randperm(len(x_train)).split(BATCH):
        logits = model(x_train[batch])
        loss = nn.functional.cross_entropy(logits, y_train[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses += loss.item() * len(batch)
        right += int((logits.argmax(1) == y_train[batch]).sum())
    history.append({"loss": losses / len(x_train), "accuracy": right / len(x_train)})
    print(f"epoch {epoch}/{EPOCHS} accuracy {history[-1]['accuracy']:.4f}")
seconds = time.perf_counter() - started

with torch.no_grad():
    probabilities = model(x_test).softmax(1).numpy()
np.save(options.out / "predictions.npy", probabilities)
(options.out / "history.json").write_text(json.dumps(history))
parameters = sum(weights.numel() for weights in model.parameters())
facts = {"parameters": parameters, "train_seconds": seconds}
(options.out / "facts.json").write_text(json.dumps(facts))
