"""Maps of the package against plain Folium and GeoPandas: size, time to make, time to answer.

    python benchmarks/maps.py [--repeat 3] [web|print|drill ...]

Needs the real Jakarta data (`RESILIENCE_GEO_REAL_DATA`, or ../shared/data beside the checkout),
Playwright, a Chromium, and pdfinfo and pdftotext of poppler. Seconds of making are CPU seconds,
those of the browser are seconds of the clock; each is the best of several, package and peers in turn.

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
import subprocess
import tempfile
import time
import zlib
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from peers.plain_folium import COLOURS, CUTS_M, ROADS, save_plain_map
from run import data_folder, read_jakarta

import resilience_geo as rg
from resilience_geo.maps.content import plan_bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PHONE = {"width": 390, "height": 844}
SLOWED = 4
WAIT_MS = 120_000
KAPUK, CAKUNG, CENGKARENG = "KAPUK", "CAKUNG BARAT", "CENGKARENG"
A3_INCHES = (420 / 25.4, 297 / 25.4)
SERVED = {"leaflet": "leaflet", "jquery": "jquery"}
SAME_SHAPE = 0.99

# The page itself notes when it can be tapped and when the answer is on the screen: the first
# frame that shows it, and the one after, when that has been painted.
WATCH = """
window.measured = {};
const note = (name, seen) => {
  const look = () => {
    if (!seen()) { requestAnimationFrame(look); return; }
    requestAnimationFrame(() => { measured[name] = performance.now() / 1000; });
  };
  requestAnimationFrame(look);
};
const shown = node => node && node.offsetParent !== null && node.textContent.length > 0;
note("ready", () => READY);
note("complete", () => COMPLETE);
note("answer", () => shown(document.querySelector(ANSWER)));
addEventListener("pointerdown", event => { measured.tap = event.timeStamp / 1000; }, true);
"""
PLAIN_MAP = (
    'window[Object.getOwnPropertyNames(window).find(name => name.startsWith("map_") && '
    "window[name] && window[name].latLngToContainerPoint)]"
)


@dataclass(frozen=True)
class Place:
    """What is mapped: a plan, and what is shown besides."""

    name: str
    plan: Any
    options: rg.MapOptions


@dataclass(frozen=True)
class Kind:
    """How a page is asked: its map, when it is ready, drawn and answered, and what is tapped."""

    script: str
    leaflet_map: str
    answer: str


def kind_of(ready: str, complete: str, answer: str, leaflet_map: str) -> Kind:
    """Put the script together that notes times."""
    script = WATCH.replace("READY", ready).replace("COMPLETE", complete)
    return Kind(script.replace("ANSWER", f"{answer!r}"), leaflet_map, answer)


OURS = kind_of(
    'document.querySelector("[data-ready]")',
    'document.querySelector("[data-ready=all][data-hazard=drawn]")',
    ".rg-card:not([hidden])",
    "map_resilience_geo",
)
PEER = kind_of(
    f'document.readyState !== "loading" && typeof L !== "undefined" && {PLAIN_MAP}',
    f'document.readyState === "complete" && typeof L !== "undefined" && {PLAIN_MAP}',
    ".leaflet-popup-content",
    PLAIN_MAP,
)


# ---------------------------------------------------------------- plans


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


# ---------------------------------------------------------------- making


def best_of(repeat: int, **runs: Callable[[], Any]) -> dict[str, float]:
    """Run each callable `repeat` times in turn; return the best CPU seconds of each."""
    seconds = dict.fromkeys(runs, float("inf"))
    for _ in range(repeat):
        for name, run in runs.items():
            begin = time.process_time()
            run()
            seconds[name] = min(seconds[name], time.process_time() - begin)
    return seconds


class AddressFinder(HTMLParser):
    """Collects the addresses that a page loads from outside itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at what an element loads."""
        values = dict(attrs)
        address = values.get("href") if tag == "link" else values.get("src")
        if address and not address.startswith(("data:", "#")):
            self.found.add(address)

    def handle_data(self, data: str) -> None:
        """Look for tiles."""
        self.found.update(re.findall(r'L\.tileLayer\(\s*"(http[^"]+)"', data))


def addresses_outside(path: Path) -> int:
    """Return how many addresses outside itself a page needs."""
    finder = AddressFinder()
    finder.feed(path.read_text("utf-8"))
    return len(finder.found)


# ---------------------------------------------------------------- the browser


def open_page(browser: Any, path: Path, kind: Kind, *, network: str) -> tuple[Any, list[str]]:
    """Open a file as a slow phone would; return the page, and the addresses it asked for.

    `network` is `cut`, or `served`: Leaflet and jQuery from this machine, nothing for all others.
    """
    context = browser.new_context(viewport=PHONE)
    asked: list[str] = []
    if network == "cut":
        context.set_offline(True)
    else:
        context.route(re.compile("^https?:"), serve)
    page = context.new_page()
    page.on("request", lambda one: asked.append(one.url) if one.url.startswith("http") else None)
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    page.add_init_script(kind.script)
    page.goto(path.as_uri(), wait_until="commit")
    return page, asked


def serve(route: Any) -> None:
    """Answer a request with the file of an XStatic package, or with nothing."""
    address = route.request.url
    for part, package in SERVED.items():
        if f"/{part}" in address:
            file = static_file(package, address.rsplit("/", 1)[-1])
            if file is not None:
                route.fulfill(path=file)
                return
    if route.request.resource_type in {"script", "stylesheet"}:
        route.fulfill(body="")
    else:
        route.abort()


def static_file(package: str, name: str) -> Path | None:
    """Return a file of an XStatic package, whatever version its name says."""
    from xstatic.pkg import jquery, leaflet  # noqa: PLC0415  only here

    folder = Path({"leaflet": leaflet, "jquery": jquery}[package].BASE_DIR)
    for known in (name, re.sub(r"-[\d.]+(?=\.min\.js$)", "", name)):
        if (folder / known).is_file():
            return folder / known
    return None


def spots(page: Any, kind: Kind, points: list[list[float]]) -> list[list[float]]:
    """Return where places (latitude, longitude) lie in the window, if it shows them."""
    script = f"""points => points.map(at => {{
        const map = {kind.leaflet_map}, frame = map.getContainer().getBoundingClientRect();
        const point = map.latLngToContainerPoint(at), size = map.getSize();
        const inside = point.x > 0 && point.y > 0 && point.x < size.x && point.y < size.y;
        return inside ? [point.x + frame.left, point.y + frame.top] : null;
    }}).filter(Boolean)"""
    found: list[list[float]] = page.evaluate(script, points)
    return found


def answered(page: Any, spot: list[float]) -> dict[str, float] | None:
    """Tap as soon as the page is ready; return the times it noted, None where nothing answers."""
    page.wait_for_function("measured.ready", timeout=WAIT_MS)
    page.mouse.click(*spot)
    try:
        page.wait_for_function("measured.answer", timeout=10_000)
        page.wait_for_function("measured.complete", timeout=WAIT_MS)
    except Exception as error:
        if "Timeout" not in str(error):
            raise
        return None
    times: dict[str, float] = page.evaluate("measured")
    return times


def interactive(
    browser: Any, path: Path, kind: Kind, points: list[list[float]], *, network: str
) -> Callable[[], tuple[dict[str, float], int]]:
    """Look for a place that answers a tap; return what measures one opening of the page there."""
    page, _ = open_page(browser, path, kind, network=network)
    page.wait_for_function("measured.complete", timeout=WAIT_MS)
    candidates = spots(page, kind, points)
    page.context.close()

    def once(spot: list[float]) -> tuple[dict[str, float], int] | None:
        page, asked = open_page(browser, path, kind, network=network)
        times = answered(page, spot)
        page.context.close()
        return None if times is None else (times, len(asked))

    spot = next(spot for spot in candidates[:20] if once(spot) is not None)

    def measure() -> tuple[dict[str, float], int]:
        result = once(spot)
        if result is None:
            message = f"{path.name} answered a tap before, and now does not"
            raise RuntimeError(message)
        return result

    return measure


def blank(browser: Any, path: Path) -> str:
    """Say what a page shows without a network."""
    page, asked = open_page(browser, path, PEER, network="cut")
    page.wait_for_load_state("load", timeout=WAIT_MS)
    page.wait_for_timeout(500)
    leaflet = page.evaluate("typeof L")
    drawn = page.locator(".folium-map canvas, .folium-map path, .folium-map img").count()
    page.context.close()
    return f"L is {leaflet}, {drawn} drawings on the map, {len(asked)} requests in vain"


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
    """Pages of the sample, of a kelurahan and of a kecamatan against plain Folium."""
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
    print(f"\nPage of {place.name}: {len(plan.villages)} villages, {len(plan.routes)} routes")
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


# ---------------------------------------------------------------- paper


def plain_plot(place: Place, path: Path) -> None:
    """Peer: the same layers plotted with GeoPandas on A3, without a scale, table or panels."""
    from matplotlib.colors import to_rgba  # noqa: PLC0415  it is part of what is measured
    from matplotlib.figure import Figure  # noqa: PLC0415

    plan, options = place.plan, place.options
    figure = Figure(figsize=A3_INCHES)
    axes = figure.add_axes((0.03, 0.04, 0.94, 0.9))
    west, south, east, north = plan_bounds(plan)
    corners = gpd.GeoSeries([shapely.box(west, south, east, north)], crs=4326).to_crs(
        plan.roads.crs
    )
    frame = corners.total_bounds
    hazard, classes = plan.hazard.grid, ["#00000000", *COLOURS]
    left, right, bottom, top, depths = cells_within(hazard, (west, south, east, north))
    image = np.array([to_rgba(colour) for colour in classes])[depths]
    # A picture in degrees laid into metres; what the warping moves at this size is below a dot.
    ends = gpd.GeoSeries([shapely.box(left, bottom, right, top)], crs=hazard.crs)
    moved = ends.to_crs(plan.roads.crs).total_bounds
    axes.imshow(image, extent=moved[[0, 2, 1, 3]], interpolation="nearest", alpha=0.75)
    if options.basemap is not None:
        for table, colour in (
            ("water", "#9CC9E8"),
            ("waterways", "#5B9BC7"),
            ("buildings", "#D8CFC4"),
        ):
            layer = getattr(options.basemap, table).to_crs(plan.roads.crs)
            layer.plot(ax=axes, color=colour, linewidth=0.4)
    roads = plan.roads[plan.roads.intersects(shapely.box(*frame))]
    for state, colour in ROADS.items():
        rows = roads[roads["state"] == state]
        if len(rows):
            rows.plot(ax=axes, color=colour, linewidth=0.5 if state == "open" else 1.5, label=state)
    plan.villages.boundary.plot(ax=axes, color="black", linewidth=1.5)
    if options.settlements is not None:
        options.settlements.to_crs(plan.roads.crs).boundary.plot(
            ax=axes, color="grey", linewidth=0.5
        )
    early = plan.routes[(plan.routes["departure"] == "early") & (plan.routes["rank"] == 1)]
    early.plot(ax=axes, color="#08306B", linewidth=2, label="routes")
    shelters = plan.shelters[plan.shelters["departure"] == "early"]
    shelters = shelters[shelters.intersects(shapely.box(*frame))]
    points = shelters.representative_point()
    points.plot(ax=axes, color="#00703C", markersize=60, label="shelters", zorder=5)
    for name, point in zip(shelters["name"], points, strict=True):
        axes.annotate(name, (point.x, point.y), fontsize=8, parse_math=False)
    axes.set_xlim(frame[0], frame[2])
    axes.set_ylim(frame[1], frame[3])
    axes.set_aspect("equal")
    axes.set_title(f"Peta evakuasi {place.name}")
    axes.legend(loc="lower right")
    figure.savefig(path)


def cells_within(
    grid: Any, bounds: tuple[float, float, float, float]
) -> tuple[float, float, float, float, Any]:
    """Return left, right, bottom, top and classes of the cells of a grid in bounds in degrees."""
    import rasterio  # noqa: PLC0415  it is part of what is measured

    with rasterio.open(grid.path) as source:
        ends = gpd.GeoSeries([shapely.box(*bounds)], crs=4326).to_crs(grid.crs).total_bounds
        window = source.window(*ends).round_offsets().round_lengths()
        depths = source.read(1, window=window, masked=True, boundless=True)
        left, bottom, right, top = source.window_bounds(window)
    classes = np.digitize(depths.filled(0), CUTS_M)
    classes[np.ma.getmaskarray(depths)] = len(COLOURS)
    return left, right, bottom, top, classes


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


def poppler(tool: str, path: Path, *more: str) -> str:
    """Return what a tool of poppler says of a PDF."""
    command = [shutil.which(tool) or tool, str(path), *more]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def outlines(path: Path) -> list[Any]:
    """Return the closed lines of a PDF with more than three corners, in points (1/72 inch)."""
    number = rb"(-?\d*\.?\d+)"
    step = re.compile(number + rb" " + number + rb" ([ml])\b|(\bh\b)")
    rings = []
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL):
        try:
            data = zlib.decompress(packed)
        except zlib.error:
            continue
        points: list[tuple[float, float]] = []
        for x, y, kind, _ in step.findall(data):
            if kind in {b"m", b""}:
                if len(points) > 3:
                    rings.append(shapely.Polygon(points))
                points = []
            if kind:
                points.append((float(x), float(y)))
    return rings


def to_unit(shape: Any) -> Any:
    """Return a shape stretched to the square from 0 to 1."""
    west, south, east, north = shape.bounds
    corner, size = np.array([west, south]), np.array([east - west, north - south])
    return shapely.make_valid(shapely.transform(shape, lambda points: (points - corner) / size))


def measured_scale(path: Path, village: Any, crs: Any) -> tuple[float, float]:
    """Return the denominators of the scale across and up, from the outline of a village.

    Parameters
    ----------
    path
        PDF.
    village
        Polygon, or the largest of several.
    crs
        Of the village, metric and the one of the sheet.
    """
    village = max(shapely.get_parts(village), key=lambda part: part.area)
    village = shapely.Polygon(village.exterior)
    sought, best, found = to_unit(village), 0.0, None
    rough = (village.bounds[2] - village.bounds[0]) / (village.bounds[3] - village.bounds[1])
    for ring in outlines(path):
        west, south, east, north = ring.bounds
        if min(east - west, north - south) < 20.0:
            continue
        if abs((east - west) / (north - south) / rough - 1.0) > 0.02:
            continue
        shape = to_unit(ring)
        alike = shape.intersection(sought).area / shape.union(sought).area
        if alike > best:
            best, found = alike, ring
    if found is None or best < SAME_SHAPE:
        return float("nan"), float("nan")
    west, south, east, north = village.bounds
    move = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform
    geod, middle = pyproj.Geod(ellps="WGS84"), ((west + east) / 2, (south + north) / 2)
    across_m = geod.line_length(*move([west, east], [middle[1], middle[1]]))
    up_m = geod.line_length(*move([middle[0], middle[0]], [south, north]))
    points_m = 0.0254 / 72.0
    return (
        across_m / ((found.bounds[2] - found.bounds[0]) * points_m),
        up_m / ((found.bounds[3] - found.bounds[1]) * points_m),
    )


def measure_print(repeat: int) -> None:
    """A3 sheets of one village against a plain plot."""
    sample = sample_place()
    code = sample.plan.villages["evacuees"].idxmax()
    desa = Place(
        f"desa {sample.plan.villages['village_name'][code]} (basemap, settlements, panels)",
        rg.village_plan(sample.plan, code),
        sample.options,
    )
    places = [desa, *jakarta_places(KAPUK, CAKUNG)]
    print("\nA3 sheet of one village, CPU seconds")
    print("                                                      first   next     kB pages")
    with tempfile.TemporaryDirectory() as folder:
        for place in places:
            path, plain = Path(folder) / "ours.pdf", Path(folder) / "plain.pdf"
            save = partial(rg.save_print_map, place.plan, path, paper="A3", options=place.options)
            first, then = in_own_process(partial(first_and_next, save, repeat))
            first_plain, then_plain = in_own_process(
                partial(first_and_next, partial(plain_plot, place, plain), repeat)
            )
            for who, file, times in (
                (place.name, path, (first, then)),
                ("  plain plot", plain, (first_plain, then_plain)),
            ):
                pages = re.search(r"Pages:\s+(\d+)", poppler("pdfinfo", file))
                print(
                    f"  {who:<50}{times[0]:7.2f}{times[1]:7.2f}{file.stat().st_size / 1000:7.0f}"
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
    """The drill pack of the sample."""
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
