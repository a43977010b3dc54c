"""Push: sending runs and sweeps from one W&B server to another, through the client."""
