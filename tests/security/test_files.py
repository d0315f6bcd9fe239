"""What o11y writes is for its owner alone, also in a folder that others may enter."""

import stat
from pathlib import Path

from tests.program.program import Program
from tests.wire_events import wire_json


def test_nothing_in_the_data_folder_can_be_read_by_others(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    with Program(folder, own_secrets=False) as program:
        program.post(wire_json())
        assert program.sigterm() == 0
    open_to_others = {
        str(path.relative_to(folder)): oct(path.lstat().st_mode)
        for path in folder.rglob("*")
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
    }
    assert any(path.name == "spool.sqlite" for path in folder.iterdir())
    assert open_to_others == {}
