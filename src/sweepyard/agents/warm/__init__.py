"""Warm starts: a fork server holds what every run imports, and forks each run of a sweep from there.

`client` is what an agent starts for a run: the standard library alone. It finds the server by `place`, starts one
where there is none, hands over (`wire`) its arguments, environment, working directory and standard streams, and from
then on stands for the run: it passes signals on and leaves as the run leaves. `server` forks, watches and tells how
runs end; `child` is what a fork does before it is the run. What is held and what a run is are handed in from above.
"""
