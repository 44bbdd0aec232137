"""The house stays as docs/architecture.md draws it."""

import ast
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
# Each may import those before it, never those after it.
LAYERS = ["partners", "programs", "members", "transactions", "loyalty_site"]
VAGUE_NAMES = {"utils.py", "helpers.py", "common.py", "services.py", "constants.py", "signals.py"}
MODULE_LINES = 300
FUNCTION_LINES = 40
PARAMETERS = 9
BALANCE_MODELS = {"Balance", "Tally"}
WRITES = {"create", "get_or_create", "update_or_create", "bulk_create", "update", "bulk_update", "delete"}

FILES = sorted(
    path.relative_to(ROOT)
    for layer in LAYERS
    for path in (ROOT / layer).rglob("*.py")
    if "migrations" not in path.parts
)
TESTS = sorted(path.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py"))
EXACT = [path for path in FILES if path.parts[0] == "transactions" or path.parts[:2] in {("programs", "rules")}]
EXACT += [Path("programs/earning.py")]


@cache
def tree_of(path):
    return ast.parse((ROOT / path).read_text())


def imports_of(node, path):
    """(line, dotted name) of each import below `node`, relative ones made absolute."""
    for child in ast.walk(node):
        if isinstance(child, ast.Import):
            yield from ((child.lineno, alias.name) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = ".".join(path.parts[: len(path.parts) - child.level]) if child.level else ""
            module = ".".join(filter(None, [base, child.module]))
            yield from ((child.lineno, f"{module}.{alias.name}") for alias in child.names)


def functions_of(path):
    return [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def is_lib(name):
    return f"{name}.".startswith("loyalty_site.lib.")


def may_import(path, name):
    """Whether the file at `path` may import the first-party or foreign `name`."""
    target = name.split(".")[0]
    if target not in LAYERS:
        return target != "tests"
    if is_lib(name):
        return True
    if is_lib(".".join(path.parts)):
        return False
    return LAYERS.index(target) <= LAYERS.index(path.parts[0])


def test_imports_point_down():
    wrong = [
        f"{path}:{line} imports {name}"
        for path in FILES
        for line, name in imports_of(tree_of(path), path)
        if not may_import(path, name)
    ]
    assert not wrong


def test_a_module_says_at_its_top_what_it_needs():
    wrong = [
        f"{path}:{line} imports {name} inside {function.name}"
        for path in FILES
        for function in functions_of(path)
        for line, name in imports_of(function, path)
        # Models cannot be imported before the registry is full, and `ready` is when it is.
        if name.split(".")[0] in LAYERS and not (path.name == "apps.py" and function.name == "ready")
    ]
    assert not wrong


@pytest.mark.parametrize("layer", LAYERS)
def test_foreign_keys_point_down(layer):
    below = LAYERS[: LAYERS.index(layer) + 1]
    for model in apps.get_app_config(layer).get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            if field.concrete and field.related_model:
                target = field.related_model._meta.app_label
                assert target in below or target not in LAYERS, f"{field} reaches up to {target}"


def test_only_one_module_imports_the_theme_of_the_admin():
    importers = {
        str(path) for path in FILES for _, name in imports_of(tree_of(path), path) if name.split(".")[0] == "unfold"
    }
    assert importers == {"loyalty_site/lib/admin/theme.py"}


def test_pages_of_lower_apps_are_extended_and_never_registered_anew():
    wrong = [
        f"{path}:{node.lineno}"
        for path in FILES
        for node in ast.walk(tree_of(path))
        # Those of Django itself come without the look of the others; a poller of sockets is no site.
        if isinstance(node, ast.Attribute)
        and node.attr == "unregister"
        and path not in {Path("loyalty_site/admin.py"), Path("loyalty_site/web_worker.py")}
    ]
    assert not wrong


def test_modules_are_short():
    sizes = {path: len((ROOT / path).read_text().splitlines()) for path in FILES + TESTS}
    assert not {str(path): size for path, size in sizes.items() if size > MODULE_LINES}


def test_what_tests_are_made_with_stands_in_one_place():
    """Beside the tests, their fixtures and the command that runs them, only in tests/support."""
    wrong = [
        str(path)
        for path in TESTS
        if path.parts[1] != "support"
        and path.name not in {"__init__.py", "conftest.py", "matrix.py"}
        and not path.name.startswith("test_")
    ]
    assert not wrong


#: With which names the tests of each room of the ledger begin; what is seen from outside is tested through the site.
_ROOMS = """models books verbs proof quotes expiry tiers occasions policies reviews merging imports outlook reminders
erasing segments promoting"""
TESTED_IN = {room: f"tests/transactions/{room}/test_" for room in _ROOMS.split()}
TESTED_IN |= {"api": "tests/site/test_api", "admin": "tests/site/test_admin"}


def test_the_tests_mirror_the_rooms_of_the_ledger():
    rooms = {path.parts[1] for path in FILES if path.parts[0] == "transactions" and len(path.parts) > 2}
    assert rooms == set(TESTED_IN), "Say in TESTED_IN where the tests of each room lie."
    tests = {path.as_posix() for path in TESTS if path.name.startswith("test_")}
    assert not [begin for begin in TESTED_IN.values() if not any(test.startswith(begin) for test in tests)]
    in_a_room = {test for test in tests if test.startswith("tests/transactions/") and test.count("/") > 2}
    assert not [test for test in in_a_room if not test.startswith(tuple(TESTED_IN.values()))]


def test_functions_are_short():
    """Counted from the signature to the last line."""
    sizes = {
        f"{path}:{function.lineno} {function.name}": function.end_lineno - function.lineno + 1
        for path in FILES
        for function in functions_of(path)
    }
    assert not {name: size for name, size in sizes.items() if size > FUNCTION_LINES}


def parameters_of(function):
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [one.arg for one in named if one and one.arg not in ("self", "cls")]


def test_functions_take_few_things():
    sizes = {
        f"{path}:{function.lineno} {function.name}": len(parameters_of(function))
        for path in FILES
        for function in functions_of(path)
    }
    assert not {name: size for name, size in sizes.items() if size > PARAMETERS}


def test_modules_have_telling_names():
    assert not [str(path) for path in FILES if path.name in VAGUE_NAMES]


def test_modules_say_which_question_they_answer():
    """Where there is something to say: a file of a few lines, or one that only collects names, says it itself."""
    silent = [
        str(path)
        for path in FILES
        if path.name not in {"__init__.py", "apps.py", "urls.py"} and not ast.get_docstring(tree_of(path))
    ]
    assert not silent


def test_points_and_money_are_never_floats():
    wrong = [
        f"{path}:{node.lineno}"
        for path in EXACT
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float")
    ]
    assert not wrong


def test_only_the_ledger_moves_balances():
    importers = {
        path.parts[0]
        for path in FILES
        for _, name in imports_of(tree_of(path), path)
        if f"{name}.".startswith("members.holdings.")
    }
    assert importers <= {"members", "transactions"}
    writers = [
        f"{path}:{node.lineno}"
        for path in FILES
        if path.parts[0] != "transactions" and path != Path("members/holdings.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
        if BALANCE_MODELS & {name.id for name in ast.walk(node.func) if isinstance(name, ast.Name)}
    ]
    assert not writers


BOTTOM = """
import importlib, pkgutil, sys
import django
from django.conf import settings
apps = "admin auth contenttypes messages sessions".split()
settings.configure(INSTALLED_APPS=["unfold", *(f"django.contrib.{app}" for app in apps), "simple_history"])
django.setup()
import loyalty_site.lib
for module in pkgutil.walk_packages(loyalty_site.lib.__path__, "loyalty_site.lib."):
    importlib.import_module(module.name)
print([name for name in sys.modules if name.split(".")[0] in ("celery", "kombu")
       or name.startswith("loyalty_site.") and not name.startswith("loyalty_site.lib")])
"""


@pytest.mark.slow
@pytest.mark.own_process
def test_the_bottom_is_imported_without_the_application():
    """Below any other Django project, too: lib needs neither our settings nor Celery."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    told = subprocess.run([sys.executable, "-c", BOTTOM], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert told.stdout.strip() == "[]", told.stderr


#: The rooms of the ledger's app; each may import those before it. Of several in one place none knows another.
ROOMS = [
    {"models"},
    {"books"},
    {"verbs"},
    {"finding", "asking", "batch", "ledger"},
    {"jobs"},
    {"sharing", "quotes", "expiry", "benefits", "tiers", "occasions", "reviews", "merging", "imports", "segments"},
    {"policies", "promoting"},
    {"outlook"},
    {"reminders", "erasing"},
    {"api", "tasks"},
    {"admin"},
]
#: The proof stands beside the way of a posting: it reads what is stored, by means of its own.
PROOF_READS = ("transactions.models", "transactions.books.chain", "transactions.proof")


#: The two files that belong to no room.
ROOMLESS = {Path("transactions/__init__.py"), Path("transactions/apps.py")}


def place_of(room):
    place = next((place for place, rooms in enumerate(ROOMS) if room in rooms), None)
    assert place is not None, f"transactions/{room} is new: give it its place in ROOMS and in docs/architecture.md."
    return place


def room_may_import(room, name):
    """Whether a module in `room` of transactions/ may import the first-party `name`."""
    target = name.split(".")[1]
    if room == "proof":
        return f"{name}.".startswith(tuple(f"{module}." for module in PROOF_READS))
    if target == "proof":
        return place_of(room) >= place_of("api")
    if target == room or {room, target} <= ROOMS[3]:
        return True
    return place_of(target) < place_of(room)


def test_the_rooms_of_the_ledger_are_in_one_order():
    own = [path for path in FILES if path.parts[0] == "transactions" and path not in ROOMLESS]
    rooms = {path: path.parts[1].removesuffix(".py") for path in own}
    for room in {*rooms.values()} - {"proof"}:
        place_of(room)
    wrong = [
        f"{path}:{line} imports {name}"
        for path, room in rooms.items()
        for line, name in imports_of(tree_of(path), path)
        if name.startswith("transactions.") and not room_may_import(room, name)
    ]
    assert not wrong
