import subprocess
import sys
from datetime import timedelta
from uuid import UUID

from o11y.uuid7 import uuid7
from tests.builders import NOW


def test_an_id_is_a_version_7_of_its_time_in_canonical_form() -> None:
    text = uuid7(NOW + timedelta(microseconds=999))
    made = UUID(text)
    assert (str(made), made.version, made.variant) == (text, 7, "specified in RFC 4122")
    assert made.int >> 80 == int(NOW.timestamp()) * 1000


def test_ids_of_one_moment_differ_and_later_ones_sort_behind() -> None:
    ids = [uuid7(NOW) for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert max(ids) < uuid7(NOW + timedelta(milliseconds=1))


def test_a_forked_process_makes_ids_of_its_own() -> None:
    code = (
        "import os\nfrom datetime import UTC, datetime\nfrom o11y.uuid7 import uuid7\n"
        "now = datetime(2026, 1, 1, tzinfo=UTC)\n"
        "child = os.fork()\n"
        "os.write(1, (uuid7(now) + '\\n').encode())\n"
        "child and os.waitpid(child, 0)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    one, other = out.stdout.split()
    assert one != other
