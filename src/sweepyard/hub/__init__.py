"""The hub: an embedded server that the unmodified wandb client takes for W&B."""
