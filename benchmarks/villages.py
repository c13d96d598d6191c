"""A run over many villages: seconds, memory and workers, against the loop one would write.

    python benchmarks/villages.py [--villages 261] [--workers 1 2] [--pdf] [--by-size] [--by-area]
                                  [--peer plain lean truncate] [--config FILE] [--json FILE]

Runs `resilience-geo batch` on kelurahan of Jakarta in a process of its own, once for each number of
workers, and `peers/village_loop.py` on kelurahan spread over the same city, in turn; needs the real
data (`RESILIENCE_GEO_REAL_DATA`, or ../shared/data beside the checkout) and Linux, whose /proc says
how much memory each process came to.

Seconds of the clock are those from start to end of the command, start-up and reading included; CPU
seconds are those of it and of every process it started. Of the peer only the loop counts: its
reading and its imports are left out. Memory is the peak of each process that held over 50 MB.

--by-size    1, 20, 87 and all kelurahan, neighbours each time: the fixed cost and that of one more.
--by-area    Quarters of the kelurahan by area, each in a run of its own.
--config     Another place: runs `resilience-geo batch --config FILE` in place of Jakarta, no peer.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
LOOP = ROOT / "benchmarks" / "peers" / "village_loop.py"
BATCH = (sys.executable, "-m", "resilience_geo.cli", "batch")
INDONESIA_VILLAGES = 83_762
SIZES = (1, 20, 87)
LOOK_S = 0.1
LEAST_GB = 0.05
PEOPLE = (0, 1, 1_000, 5_000, 20_000, np.inf)


@dataclass(frozen=True)
class Run:
    """What one run took.

    Parameters
    ----------
    title
        What was run.
    villages, workers
        How many villages were asked for, and processes at work.
    made
        How many folders of villages there are afterwards.
    wall_s, cpu_s
        Seconds of the clock, and of processors over all its processes.
    peaks_gb
        Peak of memory of each process, the command itself first.
    files, megabytes
        What it wrote.
    load
        Load of the machine at its start.
    written
        Of each village, as its stamp says: seconds of the clock for its own tables and files,
        people who leave, megabytes. Those seconds are in `wall_s` too, of one worker or another.
    """

    title: str
    villages: int
    workers: int
    made: int
    wall_s: float
    cpu_s: float
    peaks_gb: tuple[float, ...]
    files: int
    megabytes: float
    load: float
    written: tuple[dict[str, float], ...]


def data_folder() -> Path:
    """Return the folder of the real data."""
    return Path(os.environ.get("RESILIENCE_GEO_REAL_DATA", ROOT.parent / "shared" / "data"))


def descendants(process: int) -> Iterator[int]:
    """Yield a process and all that it started, themselves or through others."""
    yield process
    for listed in Path(f"/proc/{process}/task").glob("*/children"):
        for child in listed.read_text().split():
            yield from descendants(int(child))


def watch(process: int, peaks_gb: dict[int, float], ended: threading.Event) -> None:
    """Note the peak of memory of each process of a tree until it has ended."""
    while not ended.wait(LOOK_S):
        try:
            for one in descendants(process):
                status = Path(f"/proc/{one}/status").read_text()
                if "VmHWM:" in status:
                    kilobytes = int(status.partition("VmHWM:")[2].split()[0])
                    peaks_gb[one] = max(peaks_gb.get(one, 0.0), kilobytes * 1024 / 1e9)
        except OSError:  # one of them ended while it was looked at
            continue


def run_watched(command: Sequence[str]) -> tuple[float, float, tuple[float, ...]]:
    """Run a command; return seconds of the clock and of processors, and peaks of memory (GB)."""
    peaks_gb: dict[int, float] = {}
    ended = threading.Event()
    begin = time.perf_counter()
    # Waited for by hand: so the usage is of this command and what it started, and of no other.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    watcher = threading.Thread(target=watch, args=(process.pid, peaks_gb, ended), daemon=True)
    watcher.start()
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - begin
    ended.set()
    watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        print(f"  ended with {process.returncode}: {said.decode(errors='replace')[-2000:]}")
    held = [value for one, value in sorted(peaks_gb.items()) if value >= LEAST_GB]
    return wall_s, usage.ru_utime + usage.ru_stime, tuple(held)


def measure(title: str, command: Sequence[str], villages: int, workers: int) -> Run:
    """Run a batch into a folder that goes away afterwards, and print what it took."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        wall_s, cpu_s, peaks_gb = run_watched(
            [*command, "--out", str(out), "--workers", str(workers), "--quiet"]
        )
        files = [path for path in out.rglob("*") if path.is_file()]
        run = Run(
            title=title,
            villages=villages,
            workers=workers,
            made=sum(path.name == "map.html" for path in files),
            wall_s=wall_s,
            cpu_s=cpu_s,
            peaks_gb=peaks_gb,
            files=len(files),
            megabytes=sum(path.stat().st_size for path in files) / 1e6,
            load=load,
            written=tuple(stamps(out)),
        )
    print_run(run)
    return run


def stamps(out: Path) -> Iterator[dict[str, float]]:
    """Yield what the stamps of finished villages say of the work on each."""
    for path in sorted((out / ".batch" / "made").glob("*.json")):
        stamp = json.loads(path.read_text(encoding="utf-8"))
        yield {
            "seconds": stamp["seconds"],
            "evacuees": stamp["row"]["evacuees"],
            "megabytes": sum(stamp["files"].values()) / 1e6,
        }


def print_run(run: Run) -> None:
    """Print a row of the table of runs."""
    peaks = " + ".join(f"{value:.2f}" for value in run.peaks_gb)
    missing = "" if run.made == run.villages else f"; only {run.made} maps were made"
    print(
        f"| {run.title} | {run.villages} | {run.workers} | {run.wall_s:.1f} | {run.cpu_s:.1f} | "
        f"{run.wall_s * run.workers / run.villages:.3f} | {run.cpu_s / run.villages:.3f} | "
        f"{peaks} | {run.files} | {run.megabytes:.0f} | {run.load:.1f}{missing} |",
        flush=True,
    )


def print_heading() -> None:
    """Print the head of the table of runs."""
    names = (
        "what", "villages", "workers", "s", "CPU s", "s a village and worker", "CPU s a village",
        "GB of each process", "files", "MB", "load",
    )  # fmt: skip
    print(f"\n| {' | '.join(names)} |\n|{'---|' * len(names)}", flush=True)


def jakarta_command(layer: Path, *, batch: Sequence[str], pdf: bool) -> list[str]:
    """Return the command for villages of a layer in Jakarta, all but folder and workers."""
    folder = data_folder() / "jakarta"
    return [
        *batch,
        *("--villages", str(layer)),
        *("--hazard", str(folder / "Flood_Current_Depth_Jakarta_geographic.asc")),
        *("--hazard-unit", "m"),
        *("--population", str(folder / "Population_Jakarta_geographic.asc")),
        *("--population-unit", "people_per_ha", "--population-scale", "0.1"),
        *("--roads", str(folder / "jakarta_roads.shp")),
        *("--shelters", str(folder / "shelters_standin.geojson")),
        *(["--pdf"] if pdf else []),
    ]


def kelurahan() -> gpd.GeoDataFrame:
    """Return the kelurahan, those nearest to the middle one first."""
    table = gpd.read_file(data_folder() / "jakarta" / "kelurahan_jakarta.shp")
    metric = table.to_crs("EPSG:32748")
    points = metric.representative_point()
    away_m = points.distance(points.union_all().centroid)
    return table.assign(area_m2=metric.area).iloc[np.argsort(away_m.to_numpy(), kind="stable")]


def part_layer(table: gpd.GeoDataFrame, folder: Path, name: str) -> Path:
    """Write some kelurahan as a layer of their own."""
    path = folder / f"{name}.gpkg"
    table.drop(columns="area_m2").to_file(path)
    return path


def measure_workers(options: argparse.Namespace, folder: Path) -> tuple[list[Run], dict[str, Any]]:
    """Measure the run for each number of workers and the peer, in turn; print the best of each."""
    table = kelurahan()
    count = min(options.villages or len(table), len(table))
    layer = part_layer(table.head(count), folder, "kelurahan")
    command = jakarta_command(layer, batch=options.batch, pdf=options.pdf)
    title = f"Jakarta{', A3 PDF' if options.pdf else ''}"
    runs, peers = [], []
    print_heading()
    for _ in range(options.repeat):
        runs += [measure(title, command, count, workers) for workers in options.workers]
        peers += [measure_peer(way, options.peer_villages, folder) for way in options.peer]
    best = {
        workers: min((run for run in runs if run.workers == workers), key=lambda run: run.cpu_s)
        for workers in options.workers
    }
    print_ratios(best, peers)
    print_efficiency(runs, options.workers)
    if 1 in best and best[1].written:
        print_by_people(best[1])
    return runs, {"peers": peers}


def measure_peer(way: str, villages: int, folder: Path) -> dict[str, Any]:
    """Run the peer's loop in a process of its own; return its means a village."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [sys.executable, str(LOOP), "--out", out, "--way", way]
        command += ["--villages", str(villages)] if villages else []
        wall_s, cpu_s, peaks_gb = run_watched(command)
        found = json.loads((Path(out) / "seconds.json").read_text())
    means: dict[str, Any] = {"way": way, "villages": len(found["villages"])}
    for clock in ("wall_s", "cpu_s"):
        steps = found["villages"][0][clock]
        means[clock] = {
            name: float(np.mean([one[clock][name] for one in found["villages"]])) for name in steps
        }
    means["reading_cpu_s"] = found["reading_cpu_s"]
    means["whole"] = {"wall_s": wall_s, "cpu_s": cpu_s, "peaks_gb": peaks_gb}
    return means


def print_ratios(best: dict[int, Run], peers: list[dict[str, Any]]) -> None:
    """Print the seconds of the peer's loop, and how many times ours they are."""
    run = best[min(best)]
    ours = run.cpu_s / run.villages
    # Stamps say seconds of the clock: on a busy machine only their share of it tells.
    writing = sum(one["seconds"] for one in run.written) / (run.wall_s * run.workers)
    computing = ours * (1.0 - writing)
    print(
        f"\nCPU seconds a village: ours {ours:.3f}, of it {computing:.3f} for all but its files"
        "\n\n| loop | villages | computing | tables | map | together | times ours "
        "| computing, times our computing | computing, times all of ours |"
        f"\n|{'---|' * 9}"
    )
    for way in dict.fromkeys(one["way"] for one in peers):
        peer = min(
            (one for one in peers if one["way"] == way), key=lambda one: sum(one["cpu_s"].values())
        )
        steps = peer["cpu_s"]
        whole = sum(steps.values())
        print(
            f"| {way} | {peer['villages']} | {steps['computing']:.3f} | {steps['tables']:.3f} | "
            f"{steps['map']:.3f} | {whole:.3f} | {whole / ours:.2f} | "
            f"{steps['computing'] / computing:.2f} | {steps['computing'] / ours:.2f} |"
        )


def print_by_people(run: Run) -> None:
    """Print what writing a village takes by the people who leave it, and all the rest."""
    seconds, evacuees, megabytes = (
        np.array([one[name] for one in run.written])
        for name in ("seconds", "evacuees", "megabytes")
    )
    print(f"\nWriting, by people who leave a village ({run.title}, {run.workers} worker)")
    print("| people | villages | s a village | slowest | MB a village |\n|---|---|---|---|---|")
    for least, most in pairwise(PEOPLE):
        rows = (evacuees >= least) & (evacuees < most)
        if rows.any():
            print(
                f"| {least:.0f} to {most:.0f} | {rows.sum()} | {seconds[rows].mean():.3f} | "
                f"{seconds[rows].max():.3f} | {megabytes[rows].mean():.2f} |"
            )
    rest = run.wall_s - seconds.sum()
    print(
        f"Writing {seconds.mean():.3f} s a village; all else (start, reading, ways, seats, whole) "
        f"{rest:.1f} s, {rest / run.villages:.3f} a village"
    )


def print_efficiency(runs: list[Run], workers: Sequence[int]) -> None:
    """Print how many times as fast more workers are, each at its best."""
    wall_s = {count: min(run.wall_s for run in runs if run.workers == count) for count in workers}
    cpu_s = {count: min(run.cpu_s for run in runs if run.workers == count) for count in workers}
    if 1 not in workers:
        return
    for count in sorted(set(workers) - {1}):
        faster = wall_s[1] / wall_s[count]
        # Amdahl: what share of the work is not divided, if the rest is divided without loss.
        serial = (1.0 / faster - 1.0 / count) / (1.0 - 1.0 / count)
        print(
            f"\n{count} workers are {faster:.2f} times as fast as one "
            f"({cpu_s[count] / cpu_s[1]:.2f} times the CPU seconds); "
            f"as if {serial:.1%} of the work were not divided"
        )


def measure_sizes(options: argparse.Namespace, folder: Path) -> tuple[list[Run], dict[str, Any]]:
    """Measure runs over few and many neighbours; print the fixed cost and that of one more."""
    table = kelurahan()
    total = min(options.villages or len(table), len(table))
    counts = [*(count for count in SIZES if count < total), total]
    print_heading()
    runs = []
    for _ in range(options.repeat):
        for count in counts:
            layer = part_layer(table.head(count), folder, f"first{count}")
            command = jakarta_command(layer, batch=options.batch, pdf=options.pdf)
            runs.append(measure("neighbours", command, count, options.workers[0]))
    best = [min(run.cpu_s for run in runs if run.villages == count) for count in counts]
    # Each deviation weighs by its share of what was measured, or the largest run decides alone.
    slope, fixed = np.polyfit(counts, best, 1, w=1.0 / np.array(best))
    fitted = fixed + slope * np.array(counts)
    print(
        f"\nFixed cost {fixed:.2f} s CPU, {slope:.3f} s for each village; "
        f"the line misses by at most {np.abs(fitted / best - 1.0).max():.0%}"
    )
    hours = (fixed + slope * INDONESIA_VILLAGES) / 3600.0
    print(f"{INDONESIA_VILLAGES} such villages: {hours:.1f} hours of one core")
    return runs, {"fixed_cpu_s": float(fixed), "village_cpu_s": float(slope)}


def measure_areas(options: argparse.Namespace, folder: Path) -> tuple[list[Run], dict[str, Any]]:
    """Measure quarters of the kelurahan by area, each in a run of its own."""
    table = kelurahan().sort_values("area_m2", kind="stable")
    print_heading()
    runs = []
    for rows in np.array_split(np.arange(len(table)), 4):
        part = table.iloc[rows]
        layer = part_layer(part, folder, f"quarter{rows[0]}")
        command = jakarta_command(layer, batch=options.batch, pdf=options.pdf)
        least, most = part["area_m2"].min() / 1e6, part["area_m2"].max() / 1e6
        title = f"{least:.2f} to {most:.2f} km²"
        runs.append(measure(title, command, len(part), options.workers[0]))
    return runs, {}


def measure_config(options: argparse.Namespace, _folder: Path) -> tuple[list[Run], dict[str, Any]]:
    """Measure the run of a config file for each number of workers."""
    print_heading()
    command = [*options.batch, "--config", str(options.config), *(["--pdf"] if options.pdf else [])]
    title = options.config.stem
    runs = [measure(title, command, options.villages, workers) for workers in options.workers]
    print_efficiency(runs, options.workers)
    if runs[0].workers == 1 and runs[0].written:
        print_by_people(runs[0])
    return runs, {}


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--villages", type=int, help="How many; all of Jakarta without it.")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--pdf", action="store_true")
    parser.add_argument("--by-size", action="store_true")
    parser.add_argument("--by-area", action="store_true")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--peer", nargs="*", default=["plain"])
    parser.add_argument(
        "--peer-villages", type=int, default=30, help="How many the peer makes; 0: all."
    )
    parser.add_argument("--batch", type=shlex.split, default=BATCH, help="Another command.")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.config and not options.villages:
        parser.error("--config needs --villages: how many its layer has")
    measures = [
        *([measure_config] if options.config else []),
        *([measure_sizes] if options.by_size else []),
        *([measure_areas] if options.by_area else []),
    ] or [measure_workers]
    report: dict[str, Any] = {"cores": os.cpu_count(), "runs": []}
    with tempfile.TemporaryDirectory() as folder:
        for one in measures:
            runs, more = one(options, Path(folder))
            report["runs"] += [asdict(run) for run in runs]
            report |= more
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
