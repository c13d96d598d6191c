"""Maps of the package against plain Folium and GeoPandas: size, time to make, time to answer.

    python benchmarks/maps.py [--repeat 3] [web|print|drill ...]

Needs the real Jakarta data (`RESILIENCE_GEO_REAL_DATA`, or ../shared/data beside the checkout),
Playwright, a Chromium, and pdfinfo and pdftotext of poppler. Seconds of making are CPU seconds,
those of the browser are seconds of the clock; each is the best of several runs, package and peers
in turn.

web
    The page opens from a file in Chromium at 390 x 844 with its processor slowed four times and its
    network cut. From the start of the navigation until the answer to a tap with the mouse is
    painted: the card of a settlement here, the popup of a shelter on the peer. Cut off from the
    network the peer stays blank, so it is measured once more with Leaflet and jQuery answered at
    once from this machine; styles, icons and tiles are answered with nothing, to its favour.
print
    An A3 sheet of one village, each in a process of its own: the first one with everything that is
    loaded for it, then the best of the next. The scale is measured in the PDF: the outline of the
    village is found by its shape among the lines, and its width and height held against the
    ellipsoid. The peer plots the same layers with GeoPandas.
drill
    The drill pack of the sample.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import shutil
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
from page_times import OURS, PEER, addresses_outside, blank, interactive
from peers.plain_folium import save_plain_map
from peers.plain_plot import save_plain_plot
from run import data_folder, read_jakarta
from sheet_scale import measured_scale, poppler

import resilience_geo as rg
from resilience_geo.maps.content import plan_bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KAPUK, CAKUNG, CENGKARENG = "KAPUK", "CAKUNG BARAT", "CENGKARENG"


@dataclass(frozen=True)
class Place:
    """What is mapped: a plan, and what is shown besides."""

    name: str
    plan: Any
    options: rg.MapOptions


def sample_place() -> Place:
    """Plan the sample, with its basemap, settlements and all that options add."""
    files = rg.sample_files()
    villages = rg.read_villages(files["villages"])
    plan = rg.plan_evacuation(
        villages,
        rg.read_hazard(files["flood"], kind="flood", unit="m"),
        rg.read_population(files["population"]),
        rg.read_roads(files["roads"], within=villages),
        rg.read_shelters(files["shelters"], capacity_column="kapasitas"),
        vulnerable=rg.read_vulnerable(files["vulnerable"], villages),
    )
    options = rg.MapOptions(
        basemap=rg.read_basemap(files["basemap"], within=villages),
        settlements=rg.read_settlements(files["hamlets"], within=villages),
        agency="Pemerintah Kecamatan Contoh",
        contact="Kantor kecamatan",
        link="https://example.org/peta",
    )
    return Place("sample", plan, options)


def jakarta_places(*names: str) -> Iterator[Place]:
    """Plan kelurahan of Jakarta by name, and the kecamatan Cengkareng."""
    data = read_jakarta()
    districts = gpd.read_file(data_folder() / "jakarta" / "kecamatan_jakarta.shp")
    for name in names:
        villages = data["kelurahan"]
        if name == CENGKARENG:
            texts = districts.select_dtypes(exclude="number").drop(columns="geometry").astype(str)
            rows = texts.apply(lambda column: column.str.upper() == CENGKARENG).any(axis=1)
            area = districts[rows].geometry.make_valid().union_all()
            villages = villages[villages.representative_point().within(area)]
        else:
            villages = villages[villages["village_name"].str.upper() == name]
        roads = rg.read_roads(data["folder"] / "jakarta_roads.shp", within=villages)
        plan = rg.plan_evacuation(villages, data["hazard"], data["people"], roads, data["shelters"])
        yield Place(name.title(), plan, rg.MapOptions())


def best_of(repeat: int, **runs: Callable[[], Any]) -> dict[str, float]:
    """Run each callable `repeat` times in turn; return the best CPU seconds of each."""
    seconds = dict.fromkeys(runs, float("inf"))
    for _ in range(repeat):
        for name, run in runs.items():
            begin = time.process_time()
            run()
            seconds[name] = min(seconds[name], time.process_time() - begin)
    return seconds


def tap_points(plan: Any) -> tuple[list[list[float]], list[list[float]]]:
    """Return (latitude, longitude) of settlements with a route, largest first, and of shelters."""
    origins = plan.origins[plan.origins["departure"] == "early"]
    origins = origins[origins["status"] == "allocated"]
    origins = origins.sort_values("evacuees", ascending=False, kind="stable")
    shelters = plan.shelters[plan.shelters["departure"] == "early"]
    shelters = shelters.sort_values("allocated_people", ascending=False, kind="stable")
    both = []
    for table in (origins.head(200), shelters):
        points = table.representative_point().to_crs(4326)
        both.append(np.column_stack([points.y, points.x]).tolist())
    return both[0], both[1]


def measure_web(repeat: int) -> None:
    """Measure pages of the sample, of a kelurahan and of a kecamatan against plain Folium."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only here

    places = [sample_place(), *jakarta_places(KAPUK, CENGKARENG)]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for place in places:
            measure_pages(browser, place, Path(folder), repeat)
        browser.close()


def measure_pages(browser: Any, place: Place, folder: Path, repeat: int) -> None:
    """Measure the page of one place and those of its peers, in turn."""
    plan, options = place.plan, place.options
    files = {name: folder / f"{name}.html" for name in ("ours", "full", "lean")}
    plain = partial(
        save_plain_map,
        plan,
        bounds=plan_bounds(plan),
        basemap=options.basemap,
        settlements=options.settlements,
    )
    seconds = best_of(
        repeat,
        ours=lambda: rg.save_web_map(plan, files["ours"], options=options),
        full=lambda: plain(files["full"], lean=False),
        lean=lambda: plain(files["lean"], lean=True),
    )
    homes, shelters = tap_points(plan)
    runs = {
        "ours": interactive(browser, files["ours"], OURS, homes, network="cut"),
        "full": interactive(browser, files["full"], PEER, shelters, network="served"),
        "lean": interactive(browser, files["lean"], PEER, shelters, network="served"),
    }
    times: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    asked = dict.fromkeys(runs, 0)
    for _ in range(repeat):
        for name, run in runs.items():
            noted, asked[name] = run()
            times[name].append(noted)
    print(
        f"\nPage of {place.name}: {len(plan.villages)} villages, {len(plan.routes)} routes, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    print("        CPU s     kB  outside asked  ready s answer s  tap-answer s  complete s")
    for name, path in files.items():
        best = {
            key: min(one[key] for one in times[name]) for key in ("ready", "answer", "complete")
        }
        delay = min(one["answer"] - one["tap"] for one in times[name])
        print(
            f"  {name:<5}{seconds[name]:6.2f}{path.stat().st_size / 1000:8.0f}"
            f"{addresses_outside(path):8d}{asked[name]:7d}{best['ready']:9.2f}"
            f"{best['answer']:9.2f}{delay:13.2f}{best['complete']:12.2f}"
        )
    own, size = min(one["answer"] for one in times["ours"]), files["ours"].stat().st_size
    for name in ("full", "lean"):
        answer = min(one["answer"] for one in times[name])
        print(
            f"  {name} against ours: {files[name].stat().st_size / size:.1f} times the bytes, "
            f"{answer / own:.1f} times the seconds to an answer, "
            f"{seconds[name] / seconds['ours']:.1f} times those of making; "
            f"without a network: {blank(browser, files[name])}"
        )


def in_own_process(work: Callable[[], Any]) -> Any:
    """Run something in a fork of this process, in which nothing of it has been loaded yet."""
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=lambda: send.send(work()))
    process.start()
    result = receive.recv()
    process.join()
    return result


def first_and_next(run: Callable[[], Any], repeat: int) -> tuple[float, float]:
    """Return CPU seconds of the first run, and of the best of the next."""
    return best_of(1, run=run)["run"], best_of(repeat, run=run)["run"]


def measure_print(repeat: int) -> None:
    """Measure A3 sheets of one village against a plain plot."""
    sample = sample_place()
    code = sample.plan.villages["evacuees"].idxmax()
    desa = Place(
        f"desa {sample.plan.villages['village_name'][code]} (basemap, settlements, panels)",
        rg.village_plan(sample.plan, code),
        sample.options,
    )
    places = [desa, *jakarta_places(KAPUK, CAKUNG)]
    print("\nA3 sheet of one village, CPU seconds")
    print(f"{'first':>67}{'next':>7}{'kB':>7}{'pages':>6}")
    with tempfile.TemporaryDirectory() as folder:
        for place in places:
            path, plain = Path(folder) / "ours.pdf", Path(folder) / "plain.pdf"
            save = partial(rg.save_print_map, place.plan, path, paper="A3", options=place.options)
            first, then = in_own_process(partial(first_and_next, save, repeat))
            plot = partial(
                save_plain_plot,
                place.plan,
                plain,
                plan_bounds(place.plan),
                basemap=place.options.basemap,
                settlements=place.options.settlements,
            )
            first_plain, then_plain = in_own_process(partial(first_and_next, plot, repeat))
            for who, file, times in (
                (place.name, path, (first, then)),
                ("  plain plot", plain, (first_plain, then_plain)),
            ):
                pages = re.search(r"Pages:\s+(\d+)", poppler("pdfinfo", file))
                print(
                    f"  {who:<58}{times[0]:7.2f}{times[1]:7.2f}{file.stat().st_size / 1000:7.0f}"
                    f"{pages[1] if pages else '?':>6}"
                )
            print_scale(path, place)


def print_scale(path: Path, place: Place) -> None:
    """Print the scale that a sheet says and the one it has."""
    words = " ".join(poppler("pdftotext", path, "-raw", "-").replace("\n", " ").split())
    said = re.search(r"Skala 1 : ([\d.]+)", words)
    villages = place.plan.villages
    across, up = measured_scale(path, villages.geometry.iloc[0], villages.crs)
    if said is None:
        print("    says no scale")
        return
    scale = int(said[1].replace(".", "").rstrip())
    print(
        f"    says 1 : {scale}; measured across 1 : {across:.0f} ({across / scale - 1:+.2%}), "
        f"up 1 : {up:.0f} ({up / scale - 1:+.2%})"
    )


def measure_drill(repeat: int) -> None:
    """Measure the drill pack of the sample."""
    place = sample_place()
    with tempfile.TemporaryDirectory() as folder:
        save = partial(rg.save_drill_pack, place.plan, Path(folder), options=place.options)
        first, then = in_own_process(partial(first_and_next, save, repeat))
        files = sorted(Path(folder).iterdir())
        print(f"\nDrill pack of the sample: first {first:.2f}, next {then:.2f} CPU seconds")
        for file in files:
            pages = ""
            if file.suffix == ".pdf":
                found = re.search(r"Pages:\s+(\d+)", poppler("pdfinfo", file))
                pages = f"{found[1]} pages" if found else ""
            print(f"  {file.name:<24}{file.stat().st_size / 1000:7.0f} kB  {pages}")


MEASURES: dict[str, Callable[[int], None]] = {
    "print": measure_print,
    "drill": measure_drill,
    "web": measure_web,
}


def main() -> None:
    """Run the measures that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], default=[])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    for name in options.names or MEASURES:
        print(f"\nLoad {os.getloadavg()[0]:.1f} of {os.cpu_count()} processors before `{name}`")
        MEASURES[name](options.repeat)


if __name__ == "__main__":
    main()
