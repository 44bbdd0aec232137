"""What runs needs nothing that only the tests install: production has the packages of uv.lock without their group."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Everything that `make run` starts, up to the point where it connects to its broker; without the modules named.
START = """
import sys
class Absent:
    names = set(sys.argv[1:])
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import gunicorn.app.wsgiapp, loyalty_site.server, loyalty_site.web_worker, loyalty_site.wsgi, loyalty_site.celery
import celery.bin.worker, celery.bin.beat, celery.concurrency.thread
from django.core.cache import cache
from django.core.management import get_commands, load_command_class
from django.urls import resolve
resolve("/admin/")
loyalty_site.celery.app.loader.import_default_modules()
assert loyalty_site.celery.app.connection_for_write().transport
for name, app in get_commands().items():
    if app == "loyalty_site":
        load_command_class(app, name)
"""


def installed_to_run():
    """The names of the packages that are installed without any group."""
    locked = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]:
        locked.setdefault(package["name"], []).append(package)
    found, waiting = set(), [("loyalty", ())]
    while waiting:
        name, extras = waiting.pop()
        for package in locked.get(name, []):
            needs = list(package.get("dependencies", []))
            for extra in extras:
                needs += package.get("optional-dependencies", {}).get(extra, [])
            waiting += [(need["name"], need.get("extra", ())) for need in needs if need["name"] not in found]
        found.add(name)
    return found


@pytest.mark.slow
@pytest.mark.own_process
@pytest.mark.parametrize("broker", ["", "redis://127.0.0.1:1/0"])
def test_it_starts_without_what_only_the_tests_install(tmp_path, broker):
    here = installed_to_run()
    absent = [
        module
        for module, owners in packages_distributions().items()
        if not here.intersection(owner.lower().replace("_", "-") for owner in owners)
    ]
    assert {"pytest", "mypy", "hordak"} <= set(absent)
    environment = {
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": "s" * 50,
        "DJANGO_SETTINGS_MODULE": "loyalty_site.settings",
    }
    environment |= {"REDIS_URL": broker} if broker else {}
    done = subprocess.run(
        [sys.executable, "-c", START, *absent],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
