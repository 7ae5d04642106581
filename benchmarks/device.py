"""What a graphics card does of a round, and of CLIP's training: first right, then fast.

    python benchmarks/device.py

It first compares picks, coverage gaps and margins of tensors on the card with those of
the same numbers on the host, on all kinds of data, and ends with an error at the first
difference. Then it times coverage, k-center and margin on 12.8 million rows of float16
(goal: 1 s on an H200, 1.5 s on an H100), a choice of the default strategy, and
fine-tuning of ViT-B-32 against open_clip's own loop on the same batches (goal: within 5
%). Tables go to `benchmarks/results/device`, with the card's name, each as soon as it
is there. One command, under five minutes on one card, 30 GB of its memory.

    python benchmarks/device.py --dry --device cpu --out /tmp/device

does the same on almost nothing, in seconds, so that a lent card is not spent on
mistakes.

    python benchmarks/device.py --only clip --device cpu

fine-tunes ViT-B-32 on a processor, in few and small batches: some minutes.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from _micro_clip import MICRO_CLIP

from skmal import CLIPEncoder, Round, VOptimalDesign
from skmal.coverage import coverage_gap, greedy_k_center
from skmal.encoders.clip._loader import ImageLoader
from skmal.encoders.clip._towers import autocast_on
from skmal.experiments import write_table
from skmal.strategies._base import choose
from skmal.uncertainty import cross_modal_margin

OUT = Path(__file__).parent / "results" / "device"
KINDS = ("cone", "clusters", "isotropic", "copies", "grid", "long", "constant")
DTYPES = (torch.float16, torch.bfloat16, torch.float32)


@dataclass(frozen=True)
class Size:
    """How much is compared and timed."""

    n_equal: int = 20_000  # rows of each kind
    n_pool: int = 12_800_000
    width: int = 512
    n_aligned: int = 1000
    n_picks: int = 1500
    n_asked: int = 750
    n_default: int = 1_000_000  # rows that the default strategy chooses from
    repeats: int = 3
    model: str | dict = "ViT-B-32"
    pixels: int = 224
    n_pairs: int = 2048
    batch_size: int = 256
    epochs: int = 2


DRY = Size(400, 2000, 16, 10, 60, 6, 500, 1, MICRO_CLIP, 32, 24, 8, 1)
ON_PROCESSOR = replace(Size(), n_pairs=64, batch_size=32, repeats=2)  # of clip


def rows_of(kind: str, n: int, width: int, seed: int = 0) -> torch.Tensor:
    """Return float32 rows of one kind, on the host."""
    draw = torch.Generator().manual_seed(seed)
    rows = torch.randn(n, width, generator=draw)
    if kind == "cone":
        rows = torch.nn.functional.normalize(torch.randn(width, generator=draw) + rows)
    elif kind == "clusters":
        centres = torch.randn(20, width, generator=draw)
        rows = centres[torch.randint(20, (n,), generator=draw)] + 0.1 * rows
    elif kind == "copies":
        rows = rows[torch.randint(max(2, n // 10), (n,), generator=draw)]
    elif kind == "grid":
        rows = (rows > 0).float()
    elif kind == "long":
        rows = rows * torch.logspace(-1, 1, n)[:, None]
    elif kind == "constant":
        rows = torch.ones(n, width)
    return rows


def on_host(rows: torch.Tensor) -> np.ndarray:
    """Return the same numbers as an array; bfloat16 is exact in float32."""
    precise = rows.float() if rows.dtype == torch.bfloat16 else rows
    return precise.cpu().numpy()


def equality(size: Size, device: str) -> list[dict]:
    """Compare the card's answers with the host's, or raise."""
    table = []
    for kind in KINDS:
        for dtype in DTYPES:
            rows = rows_of(kind, size.n_equal, size.width).to(dtype)
            aligned, pool = rows[: size.n_aligned // 20 + 1], rows
            there = pool.to(device), aligned.to(device)
            here = on_host(pool), on_host(aligned)
            n_picks = size.n_picks // 10 + 1
            picks = greedy_k_center(there[0], n_picks, there[1])
            np.testing.assert_array_equal(
                picks, greedy_k_center(here[0], n_picks, here[1])
            )
            assert coverage_gap(*there) == coverage_gap(*here), (kind, dtype)
            some = picks[: size.n_asked]
            margins = cross_modal_margin(there[0][some], there[0])
            np.testing.assert_array_equal(
                margins, cross_modal_margin(here[0][some], here[0])
            )
            table.append({"data": kind, "dtype": str(dtype)[6:], "picks": len(picks)})
    return table


def now(device: str) -> float:
    """Return seconds, once all that was asked of a card is done.

    Those of a processor are its own, whatever else it does.
    """
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def acquisition(size: Size, device: str) -> list[dict]:
    """Time coverage and k-center, then the margin of what was picked."""
    draw = torch.Generator(device=device).manual_seed(0)
    pools = []
    for _ in range(2):
        pool = torch.empty(size.n_pool, size.width, dtype=torch.float16, device=device)
        cone = torch.randn(size.width, device=device, generator=draw)
        for part in pool.split(2**18):
            rows = cone + torch.randn(part.shape, device=device, generator=draw)
            part.copy_(torch.nn.functional.normalize(rows))
        pools.append(pool)
    aligned = pools[0][: size.n_aligned].clone()
    table = []
    for _ in range(size.repeats):
        start = now(device)
        coverage_gap(pools[0], aligned)
        covered = now(device)
        picks = greedy_k_center(pools[0], size.n_picks, aligned)
        picked = now(device)
        margins = cross_modal_margin(pools[0][np.sort(picks)], pools[1])
        asked = margins.round(9).argsort(kind="stable")[: size.n_asked]
        end = now(device)
        seconds = covered - start, picked - covered, end - picked, end - start
        names = "coverage s", "k-center s", "margin s", "all s"
        row = {"rows": size.n_pool, "picks": len(picks), "asked": len(asked)}
        table.append(
            row | {n: round(s, 4) for n, s in zip(names, seconds, strict=True)}
        )
    return table


def default(size: Size, device: str) -> list[dict]:
    """Time a choice of the default strategy from features on the card."""
    draw = torch.Generator(device=device).manual_seed(0)

    def features(n):
        return tuple(
            torch.randn(n, size.width, device=device, generator=draw) for _ in range(2)
        )

    pools, known = features(size.n_default), features(size.n_aligned)
    table = []
    for _ in range(size.repeats):
        seen = Round(
            open=pools,
            aligned=known,
            open_inputs=pools,
            aligned_inputs=known,
            n_instances=min(size.n_asked, 50),
            rng=np.random.default_rng(0),
            trust=1.0,
        )
        start = now(device)
        selection = choose(VOptimalDesign("alternate"), seen)
        seconds = round(now(device) - start, 4)
        table.append({"rows": size.n_default, "asked": len(selection.indices)})
        table[-1]["s"] = seconds
    return table


def clip(size: Size, device: str) -> list[dict]:
    """Time training by CLIPEncoder and by open_clip's loop, in turns."""
    rng = np.random.default_rng(0)
    shape = size.n_pairs, size.pixels, size.pixels, 3
    images = rng.integers(0, 256, shape, dtype=np.uint8)
    texts = [f"picture number {i}" for i in range(size.n_pairs)]
    encoder = CLIPEncoder(
        size.model,
        max_epochs=size.epochs,
        batch_size=size.batch_size,
        device=device,
        random_state=0,
    )
    encoder.fit(images, texts)  # once for nothing, so that all is loaded
    network, table = encoder._network, []
    n_steps = size.epochs * -(-size.n_pairs // size.batch_size)
    for _ in range(size.repeats):
        start = now(device)
        encoder.fit(images, texts)
        ours = now(device) - start
        start = now(device)
        _their_loop(network, images, texts, size, device)
        theirs = now(device) - start
        row = {"steps": n_steps, "ours s": round(ours, 3), "theirs s": round(theirs, 3)}
        table.append(row | {"theirs / ours": round(theirs / ours, 3)})
    return table


def _their_loop(network, images, texts, size: Size, device: str) -> None:
    """Train as `open_clip_train.train.train_one_epoch` does, on the same batches."""
    from open_clip.loss import ClipLoss

    module, loss = network.module, ClipLoss()
    tokens = network.tokenizer(texts).to(device)
    loader = ImageLoader(network.config["preprocess_cfg"], device)
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=1e-5, betas=(0.9, 0.98), eps=1e-6
    )
    rng = np.random.default_rng(0)
    module.train()
    for _ in range(size.epochs):
        order = rng.permutation(size.n_pairs)
        batches = np.array_split(order, -(-size.n_pairs // size.batch_size))
        pixels = loader.batches(images, batches, "X")
        for rows, batch in zip(batches, pixels, strict=True):
            optimizer.zero_grad()
            with autocast_on(torch.device(device), "auto"):  # as the encoder has it
                out = module(batch, tokens[torch.as_tensor(rows, device=device)])
                value = loss(*out[:3])
            value.backward()
            optimizer.step()
            with torch.no_grad():
                module.logit_scale.clamp_(0, np.log(100))
    module.eval()


PARTS = {part.__name__: part for part in (equality, acquisition, default, clip)}


def main(arguments: list[str] | None = None) -> None:
    """Compare, then time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dry", action="store_true", help="on almost nothing")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args(arguments)
    on_card = options.device != "cpu"
    card = torch.cuda.get_device_name(options.device) if on_card else "cpu"
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.only:
        start = time.perf_counter()
        size = Size() if on_card else ON_PROCESSOR
        table = PARTS[name](DRY if options.dry else size, options.device)
        table = [{"card": card} | row for row in table]
        write_table(options.out / f"{name}.csv", list(table[0]), table)
        print(f"\n{name}, {time.perf_counter() - start:.0f} s")
        print((options.out / f"{name}.csv").read_text())


if __name__ == "__main__":
    main()
