"""The nouns: runs, sweeps, agents, history, objectives, artifacts. Pure: no input, no output, no clock."""
