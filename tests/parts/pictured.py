"""A program of a user's that logs with the real client what pages show beside numbers."""

from __future__ import annotations

PICTURED = """
import numpy as np
import wandb

def image(place):
    pixels = np.random.default_rng(place).integers(0, 256, (28, 28), dtype=np.uint8)
    return wandb.Image(pixels, caption=f"digit {place}")

for number, name in enumerate(["one", "two"]):
    config = {"lr": 0.1 / (number + 1), "seed": 0, "provenance": {"data": {"name": "mnist5k", "digest": "d"}}}
    with wandb.init(project="pictured", entity="local", id=name, config=config) as run:
        for step in range(3):
            run.log({"acc": 0.5 + 0.1 * step + number, "samples": [image(step), image(step + 1)]})
        print("\\x1b[32mtrained\\x1b[0m")
        cells = [[a, p, 9 if a == p else 1] for a in "xy" for p in "xy"]
        matrix = wandb.Table(columns=["Actual", "Predicted", "nPredictions"], data=cells)
        wrong = [[place, image(place), "7", str(place % 3 + number), 0.9 - place / 100] for place in range(number, 12)]
        mistakes = wandb.Table(columns=["index", "image", "true", "predicted", "confidence"], data=wrong)
        numbers = wandb.Histogram([1, 2, 2, 3])
        page = wandb.Html("<script>document.title = 'taken over'</script>")
        run.log({"matrix": matrix, "mistakes": mistakes, "numbers": numbers, "page": page})
        if name == "two":
            run.use_artifact("model-one:latest")
        artifact = wandb.Artifact(f"model-{name}", type="model", metadata={"acc": 0.9})
        with artifact.new_file("deep/model.txt") as file:
            file.write("weights")
        run.log_artifact(artifact, aliases=["best"]).wait()
"""
"""Two runs, `one` and `two`, in the project `local/pictured`."""
