"""A run that is killed, interrupted, out of room or short of a worker loses nothing it finished."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import resilience_geo as rg
from resilience_geo.batch_engine import WorkerLostError, engine
from resilience_geo.batch_made import alone_in
from resilience_geo.errors import InputError, OutputError
from tests.batch_runs import OPTIONS, command, files_of

# However often it is killed: ten times a night, fewer where tests must be quick.
KILLS = int(os.environ.get("RESILIENCE_GEO_KILLS", "3"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the files of a run that nobody disturbed, and how long it took (s)."""
    out = tmp_path_factory.mktemp("undisturbed")
    begun = time.monotonic()
    subprocess.run(command(out, "--workers", 2), check=True, capture_output=True)
    return out, time.monotonic() - begun


def begin(out, made):
    """Begin a run at the time another one began, so that their files can be compared."""
    key = next(made.glob(".batch/*/run.json"))
    (out / ".batch" / key.parent.name).mkdir(parents=True, exist_ok=True)
    shutil.copy(key, out / ".batch" / key.parent.name / "run.json")


def test_killed_runs_resume_to_the_same_bytes(undisturbed, tmp_path):
    whole, lasted_s = undisturbed
    expected = files_of(whole)
    chance = random.Random(5)
    for number in range(KILLS):
        out = tmp_path / str(number)
        begin(out, whole)
        with subprocess.Popen(
            command(out, "--workers", 2),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as run:
            time.sleep(chance.uniform(0.3, 1.0) * lasted_s)
            run.send_signal(signal.SIGKILL)
        for name, digest in files_of(out).items():
            assert expected[name] == digest, f"{name} is half written"
        subprocess.run(command(out, "--workers", 2), check=True, capture_output=True)
        assert files_of(out) == expected
        assert [path.name for path in out.glob(".*")] == [".batch"]


def test_interrupted_run_says_so_and_is_resumed(undisturbed, tmp_path):
    whole, lasted_s = undisturbed
    begin(tmp_path, whole)
    with subprocess.Popen(
        command(tmp_path, "--workers", 2),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as run:
        time.sleep(0.6 * lasted_s)
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=60)
    if run.returncode:  # it may have been done just then
        assert run.returncode == 130
        assert "Traceback" not in said
    subprocess.run(command(tmp_path, "--workers", 2), check=True, capture_output=True)
    assert files_of(tmp_path) == files_of(whole)


def test_second_run_makes_nothing_anew(undisturbed, tmp_path):
    out = tmp_path / "again"
    shutil.copytree(undisturbed[0], out)
    before = {path: path.stat().st_mtime_ns for path in out.glob("99.*/*")}
    subprocess.run(command(out), check=True, capture_output=True)
    assert {path: path.stat().st_mtime_ns for path in out.glob("99.*/*")} == before


@pytest.mark.parametrize("harm", ["file gone", "folder gone", "file cut off", "stamp gone"])
def test_second_run_mends_what_is_missing(undisturbed, tmp_path, harm):
    out = tmp_path / "again"
    shutil.copytree(undisturbed[0], out)
    code = "99.01.01.2003"
    if harm == "file gone":
        (out / code / "map.html").unlink()
    elif harm == "folder gone":
        shutil.rmtree(out / code)
    elif harm == "file cut off":
        (out / code / "plan.xlsx").write_bytes((out / code / "plan.xlsx").read_bytes()[:100])
    else:
        (out / ".batch" / "made" / f"{code}.json").unlink()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("99.*2001/*")}
    rg.plan_villages(out=out, workers=1, **OPTIONS)
    assert files_of(out) == files_of(undisturbed[0])
    assert {path: path.stat().st_mtime_ns for path in out.glob("99.*2001/*")} == kept


def test_changed_assumption_makes_everything_anew(undisturbed, tmp_path):
    out = tmp_path / "again"
    shutil.copytree(undisturbed[0], out)
    changed = rg.EvacuationAssumptions(walking_speed_mps=0.9)
    run = rg.plan_villages(out=out, workers=1, assumptions=changed, **OPTIONS)
    first = json.loads((undisturbed[0] / "99.01.01.2001" / "summary.json").read_text())
    second = json.loads((out / "99.01.01.2001" / "summary.json").read_text())
    assert second["assumptions"]["walking_speed_mps"]["value"] == 0.9
    assert (
        run.summary.loc["99.01.01.2001", "median_travel_time_s"]
        > (first["villages"]["99.01.01.2001"]["median_travel_time_s"])
    )


def test_changed_input_makes_everything_anew(undisturbed, tmp_path):
    shelters = tmp_path / "shelters.geojson"
    found = json.loads(Path(OPTIONS["shelters"]).read_text(encoding="utf-8"))
    for feature in found["features"]:
        feature["properties"]["kapasitas"] = 1
    shelters.write_text(json.dumps(found), encoding="utf-8")
    out = tmp_path / "again"
    shutil.copytree(undisturbed[0], out)
    run = rg.plan_villages(out=out, workers=1, **{**OPTIONS, "shelters": shelters})
    assert (run.shelters["allocated_people"] <= 1).all()
    assert 0 < run.summary["allocated"].sum() <= len(run.shelters)


@pytest.mark.parametrize("size_kb", [400, 1800])
def test_full_disk_is_said_and_finished_work_stays(undisturbed, tmp_path, size_kb):
    room = tmp_path / "small"
    room.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(room)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("a small disk can only be made by root")
    try:
        out = room / "out"
        begin(out, undisturbed[0])
        said = subprocess.run(
            command(out, "--workers", 2), check=False, capture_output=True, text=True
        )
        assert said.returncode == 2
        assert "Traceback" not in said.stderr
        assert str(out) in said.stderr
        expected = files_of(undisturbed[0])
        found = files_of(out)
        assert all(expected[name] == digest for name, digest in found.items())
        assert len(found) < len(expected)
        subprocess.run(["mount", "-o", "remount,size=64m", str(room)], check=True)
        subprocess.run(command(out, "--workers", 2), check=True, capture_output=True)
        assert files_of(out) == expected
    finally:
        subprocess.run(["umount", str(room)], check=True)


def test_read_only_folder_is_refused_and_what_is_in_it_stays(undisturbed, tmp_path):
    room = tmp_path / "locked"
    shutil.copytree(undisturbed[0], room)
    shutil.rmtree(room / "99.01.01.2003")
    bound = subprocess.run(
        ["mount", "--bind", str(room), str(room)], check=False, capture_output=True
    )
    if bound.returncode:
        pytest.skip("a read-only disk can only be made by root")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(room)], check=True)
        before = files_of(room)
        said = subprocess.run(command(room), check=False, capture_output=True, text=True)
        assert said.returncode == 2
        assert "Traceback" not in said.stderr
        assert files_of(room) == before
    finally:
        subprocess.run(["umount", str(room)], check=True)


def test_bad_input_writes_nothing(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(InputError) as caught:
        rg.plan_villages(
            out=out,
            **{**OPTIONS, "hazard": tmp_path / "none.tif", "shelters": tmp_path / "no.gpkg"},
        )
    assert len(caught.value.problems) == 2
    assert not out.exists()


def square(number):
    return number * number


def die(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(number):
    if number == 2:
        raise ValueError(number)
    return number


def die_once(number, mark):
    if number == 2 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pytest.mark.parametrize("workers", [1, 2])
def test_engine_gives_every_answer_with_its_position(workers):
    with engine(workers) as run:
        answers = dict(run(square, [(number,) for number in range(5)]))
        assert answers == {number: number * number for number in range(5)}
        answers = dict(run(fail, [(number,) for number in range(4)]))
    assert isinstance(answers.pop(2), ValueError)
    assert answers == {0: 0, 1: 1, 3: 3}


def test_task_that_kills_its_worker_does_not_take_others_with_it():
    with engine(2) as run:
        answers = dict(run(die, [(number,) for number in range(4)]))
    assert isinstance(answers.pop(2), WorkerLostError)
    assert answers == {0: 0, 1: 1, 3: 3}


def test_task_of_a_lost_worker_is_tried_again(tmp_path):
    with engine(2) as run:
        mark = str(tmp_path / "died")
        answers = dict(run(die_once, [(number, mark) for number in range(4)]))
    assert answers == {number: number for number in range(4)}


@pytest.fixture
def cluster():
    """Return a Dask cluster of two worker processes."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as made,
        distributed.Client(made) as client,
    ):
        yield client


@pytest.mark.filterwarnings("ignore:.*:DeprecationWarning:distributed")
def test_dask_gives_the_same_bytes_although_a_worker_is_killed(undisturbed, tmp_path, cluster):
    begin(tmp_path, undisturbed[0])
    killed = []

    def kill_once(step, _):
        if step == "files" and not killed:
            pids = cluster.run(os.getpid)
            killed.append(next(iter(pids.values())))
            os.kill(killed[0], signal.SIGKILL)

    address = cluster.scheduler.address
    rg.plan_villages(out=tmp_path, scheduler=address, advance=kill_once, **OPTIONS)
    assert killed
    assert files_of(tmp_path) == files_of(undisturbed[0])


def test_no_scheduler_is_said(tmp_path):
    pytest.importorskip("distributed")
    with pytest.raises(InputError, match="no Dask scheduler"):
        rg.plan_villages(out=tmp_path, scheduler="tcp://127.0.0.1:9", **OPTIONS)


def test_a_second_run_in_the_same_folder_is_refused(tmp_path):
    with (
        alone_in(tmp_path / ".batch"),
        pytest.raises(OutputError, match="another run"),
    ):
        rg.plan_villages(out=tmp_path, workers=1, **OPTIONS)
