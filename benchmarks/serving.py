"""What batches gain: `python benchmarks/serving.py MODEL [--clients 32] [--requests 5] [--rounds 5]`.

The app of `sweepyard serve`, asked in-process by so many clients at once, each of which sends one picture after the
other. One by one means batches of one image and no waiting for others; batched means the defaults. Both take turns
within each round, so that other work on the machine meets both. Prints requests a second and latencies.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import statistics
import time
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from sweepyard.cli.environment import load_backend
from sweepyard.clock import SystemClock
from sweepyard.serving.app import Serving, create_app
from sweepyard.serving.batching import DEFAULT_BATCHING, Batching
from sweepyard.serving.model import Model
from sweepyard.web.hosts import Addresses

WAYS = {"one by one": Batching(most_images=1, gather_seconds=0.0), "batched": DEFAULT_BATCHING}


def main() -> int:
    """Measure, and print both ways and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="a model file")
    parser.add_argument("--clients", type=int, default=32, help="how many at once (32)")
    parser.add_argument("--requests", type=int, default=5, help="of each client, each round (5)")
    parser.add_argument("--rounds", type=int, default=5, help="how many, after one that does not count (5)")
    options = parser.parse_args()
    load_backend()
    from sweepyard.training import inference

    model = inference.load(options.model)
    pictures = [drawn(place) for place in range(options.clients)]
    rates: dict[str, list[float]] = {way: [] for way in WAYS}
    latencies: dict[str, list[float]] = {way: [] for way in WAYS}
    for round_ in range(options.rounds + 1):
        for way, batching in WAYS.items():
            taken, seconds = asyncio.run(asked(model, batching, pictures, options.requests))
            if round_:
                rates[way].append(len(taken) / seconds)
                latencies[way].extend(taken)
    for way in WAYS:
        rate, late = rates[way], np.array(latencies[way]) * 1000
        print(
            f"{way:<12} {statistics.median(rate):7.1f} requests a second ({min(rate):.1f} to {max(rate):.1f}), "
            f"latency p50 {np.percentile(late, 50):.0f} ms, p95 {np.percentile(late, 95):.0f} ms"
        )
    ratios = [batched / single for single, batched in zip(*rates.values(), strict=True)]
    print(f"ratio        {statistics.median(ratios):7.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    return 0


def drawn(place: int) -> bytes:
    """A picture of two strokes, the second one at another place each."""
    grey = np.full((280, 280), 255, np.uint8)
    grey[40:240, 120:142] = 0
    grey[40 + 6 * (place % 30) : 62 + 6 * (place % 30), 120:220] = 0
    content = io.BytesIO()
    Image.fromarray(grey).save(content, "PNG")
    return content.getvalue()


async def asked(model: Model, batching: Batching, pictures: list[bytes], requests: int) -> tuple[list[float], float]:
    """The latency of each request, and the seconds of all together."""
    serving = Serving(model, clock=SystemClock(), batching=batching)
    app = create_app(serving, addresses=Addresses("http://127.0.0.1"))
    latencies: list[float] = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:

        async def one(picture: bytes) -> None:
            for _ in range(requests):
                begun = time.perf_counter()
                answer = await client.post("/api/predict", content=picture)
                answer.raise_for_status()
                latencies.append(time.perf_counter() - begun)

        begun = time.perf_counter()
        await asyncio.gather(*map(one, pictures))
        seconds = time.perf_counter() - begun
    serving.close()
    return latencies, seconds


if __name__ == "__main__":
    raise SystemExit(main())
