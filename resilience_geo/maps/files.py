"""Writing one file so that it appears whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from resilience_geo.errors import Message, OutputError, Problem


def write_whole(path: Path, data: bytes) -> Path:
    """Write a file beside its place first, then put it there in one step.

    Parameters
    ----------
    path
        Where the file belongs; what is there stays until the new one is complete.
    data
        All of it.

    Raises
    ------
    OutputError
        Its folder does not exist or cannot be written.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(data)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise OutputError(
            Problem(
                file=str(path),
                found=Message("{reason}", reason=error.strerror or str(error)),
                expected=Message("a file that can be written"),
                remedy=Message("choose a folder that exists and can be written"),
            )
        ) from error
    return path


def _umask() -> int:
    """Return the mask new files get, as a temporary file has rights for its owner only."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
