"""Who posts? Processes with one connection each, which wait for a task and then all work at once."""

import gc
import multiprocessing
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.stage import databases
from benchmarks.stage.contenders import CONTENDERS

TIMEOUT_S = 1800


@contextmanager
def crew(environment, size):
    """Yields a Crew of `size` processes on the database of `environment`."""
    context = multiprocessing.get_context("spawn")
    hands = []
    for place in range(size):
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(environment, place, size, theirs), daemon=True)
        process.start()
        # Whoever waits for a process that has died hears of it at once.
        theirs.close()
        hands.append((process, ours))
    try:
        yield Crew([pipe for _, pipe in hands])
    finally:
        for process, pipe in hands:
            pipe.close()
            process.join(10)
            if process.is_alive():
                process.kill()


class Crew:
    def __init__(self, pipes):
        self._pipes = pipes

    def run(self, name, *, hands, seconds):
        """Let `hands` processes post by the contender `name`; returns (posts, posts a second)."""
        pipes = self._pipes[:hands]
        _ask(pipes, ("prepare", name, seconds))
        done = _ask(pipes, ("go", name, seconds))
        posts = sum(count for count, _, _ in done)
        elapsed = max(end for _, _, end in done) - min(start for _, start, _ in done)
        return posts, posts / elapsed

    def call(self, function, *arguments):
        """Call `function` inside one of the processes, which know the database; returns what it returns."""
        return _ask(self._pipes[:1], ("call", function, arguments))[0]


def _ask(pipes, task):
    for pipe in pipes:
        pipe.send(task)
    answers = []
    for pipe in pipes:
        if not pipe.poll(TIMEOUT_S):
            raise TimeoutError(f"no answer to {task}")
        answers.append(pipe.recv())
    for answer in answers:
        if isinstance(answer, Failure):
            raise RuntimeError(f"{task} failed in a process:\n{answer.text}")
    return answers


@dataclass(frozen=True, slots=True)
class Failure:
    text: str


def _work(environment, place, size, pipe):
    """The life of one process."""
    databases.use(environment)
    contenders = {}
    while True:
        try:
            task, name, detail = pipe.recv()
        except EOFError:
            return
        try:
            if task == "call":
                pipe.send(name(*detail))
                continue
            if name not in contenders:
                contenders[name] = CONTENDERS[name](place, size)
            pipe.send(_do(contenders[name], task, detail))
        except Exception:
            pipe.send(Failure(traceback.format_exc()))


def _do(contender, task, detail):
    if task == "prepare":
        contender.prepare(detail)
        # What it keeps to be sent later would have the collector look at it while the others of this process work.
        return gc.freeze()
    # One clock for all processes: perf_counter is the machine's monotonic clock.
    started = time.perf_counter()
    posts = contender.post(started + detail)
    return posts, started, time.perf_counter()
