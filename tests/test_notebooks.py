"""Every lesson runs from top to bottom, and is stored without outputs."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WARNINGS_ARE_ERRORS = "import warnings\nwarnings.simplefilter('error')\n"


class ThisPython(AsyncKernelManager):
    """A kernel of the Python that runs the tests, whatever kernels are installed."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="Python 3", language="python")


def test_there_are_lessons():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_lesson_runs(path, tmp_path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code), "strip the outputs"
    assert all(len(cell.source.splitlines()) <= 15 for cell in code), "keep cells short"
    code[0].source = WARNINGS_ARE_ERRORS + code[0].source
    NotebookClient(
        notebook,
        timeout=60,
        kernel_manager_class=ThisPython,
        resources={"metadata": {"path": str(tmp_path)}},
    ).execute()
    shown = [output for cell in code for output in cell.outputs]
    assert not any(output.output_type == "error" for output in shown)
    assert not any(output.get("name") == "stderr" for output in shown)
    assert any("text/html" in output.get("data", {}) for output in shown)
    assert (tmp_path / "hasil" / "map.html").is_file()
