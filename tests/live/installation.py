"""A whole installation for tests to break: `waya up` with everything it starts, and simulators.

Tests look at it from outside: its database by SQL, its pages by HTTP, routers and telephones by
their simulators' own addresses. Each scenario takes households of its own, so order is free.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import librouteros
import psycopg
from psycopg import conninfo

from waya.cli.postgres.cluster import DATABASE
from waya.cli.postgres.server import ensure_running
from waya.cli.processes import tether
from waya.cli.tests import homes
from waya.cli.tests.running import environment, gone, postmaster
from waya.kernel import clock
from waya.lab.smoke.world import Browser
from waya.lab.town.people import SHORT_CODE

ROUTERS = 3
HOUSEHOLDS = 24
PRICE = 1500
DAYS = 40  # business time is moved on by so much, so that every paid month is over
CONVERGED_SECONDS = 45.0
REDIAL_SECONDS = 0.2

_HOLDS = """
select count(*) from network_desiredaccess d
join subscriptions_subscription s on s.public_id = d.owner
where d.name = any(%s) and d.confirmed_at is not null and d.restricted = %s
  and s.state = case when d.restricted then 'suspended' else 'active' end
"""


@dataclass(frozen=True, slots=True)
class Household:
    """A customer with one service; `mast` is the number of the router in the lab."""

    customer_id: int
    account: str
    phone: str
    username: str
    router_id: int
    mast: int


@dataclass
class Installation:
    """What a scenario can do and see."""

    home: Path
    up: subprocess.Popen[bytes]
    web: str
    daraja: str
    control: str
    url: str  # of the database, as one who sees everything
    owner_url: str
    ports: list[int]
    path: str = ""  # of the merchant, where providers call
    newcomers: list[Household] = field(default_factory=list)  # asked for a line, paid nothing yet
    free: list[Household] = field(default_factory=list)
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30))

    # Households.

    def household(self, mast: int | None = None) -> Household:
        """One that no other scenario has, walled for not having paid: on this mast, or else on
        the one that has most left."""
        left = Counter(one.mast for one in self.free)
        wanted = left.most_common(1)[0][0] if mast is None else mast
        found = next(one for one in self.free if one.mast == wanted)
        self.free.remove(found)
        return found

    def pay(self, one: Household, account: str | None = None, **knobs: object) -> dict[str, Any]:
        """Pay the paybill from their phone; gives the receipt and how we answered."""
        told = {"msisdn": one.phone, "shortcode": SHORT_CODE, "account": account or one.account,
                "amount": PRICE, "knobs": knobs}  # fmt: skip
        answer = self.http.post(f"{self.daraja}/_sim/pay", json=told, timeout=120)
        assert answer.status_code == 200, answer.text
        paid: dict[str, Any] = answer.json()
        assert paid["paid"], paid
        return paid

    def ask_the_phone(self, one: Household) -> None:
        """Somebody at the pay page has a prompt sent to this household's phone."""
        typed = {"account_number": one.account, "phone": "0" + one.phone[3:]}
        assert "M-PESA" in Browser(self.web).send("/my/off", typed)

    def answers(self, one: Household, verdict: str) -> None:
        """Do with the prompt on their phone what a person can."""
        told = {"msisdn": one.phone, "verdict": verdict}
        answer = self.http.post(f"{self.daraja}/_sim/answer", json=told)
        assert answer.status_code == 200, answer.text

    def turn(self, **knobs: object) -> None:
        """Turn knobs of the simulated Safaricom."""
        assert self.http.post(f"{self.daraja}/_sim/set", json=knobs).status_code == 200

    def events(self, one: Household) -> list[str]:
        """What happened on the wire to M-PESA about a telephone, in words."""
        told = self.http.get(f"{self.daraja}/_sim/events", params={"msisdn": one.phone}).json()
        return [f"{event['what']}: {event['detail']}" for event in told]

    @contextmanager
    def knobs(self, **turned: object) -> Iterator[None]:
        """Turn knobs of the simulated Safaricom for as long as the block lasts."""
        before = self.http.get(f"{self.daraja}/_sim/knobs").json()
        self.turn(**turned)
        try:
            yield
        finally:
            self.turn(**{name: before[name] for name in turned})

    def tell(self, kind: str, said: bytes, path: str | None = None) -> int:
        """Say something to us as a provider would; gives the status of the answer."""
        return self.http.post(f"{self.web}/hk/{path or self.path}/{kind}", content=said).status_code

    # The network.

    def box(self, one: Household) -> dict[str, Any]:
        """The household's box: is it online, and is it walled?"""
        boxes = self.http.get(f"{self.control}/boxes?router={one.mast}").json()
        return next((box for box in boxes if box["name"] == one.username), {})

    def secret(self, one: Household) -> dict[str, str]:
        """What the router itself holds for the household; empty if nothing."""
        secrets = self.http.get(f"{self.control}/secrets?router={one.mast}").json()
        return next((secret for secret in secrets if secret["name"] == one.username), {})

    def faults(self, mast: int, **faults: float) -> None:
        """What is wrong with a router from now on."""
        answer = self.http.post(f"{self.control}/faults?router={mast}", json=faults)
        assert answer.status_code == 200, answer.text

    def by_hand(self, mast: int) -> Any:
        """The secrets of a router as an operator with another client sees and edits them."""
        talk = librouteros.connect("127.0.0.1", "waya", "waya", port=self.ports[mast])
        return talk.path("ppp", "secret")

    def router(self, mast: int, column: str) -> Any:
        """A column of a router's row."""
        port = self.ports[mast]
        return self.one(f"select {column} from network_router where port = %s", port)

    def heard(self, mast: int) -> list[dict[str, Any]]:
        """The last commands that a router was given."""
        told: list[dict[str, Any]] = self.http.get(f"{self.control}/commands?router={mast}").json()
        return told

    def is_back(self, *some: Household) -> bool:
        """In the books active, proven on the router, and the box redialled to its own rate."""
        names = [one.username for one in some]
        return self.one(_HOLDS, names, False) == len(some) and all(
            box.get("online") and not box["walled"] for box in map(self.box, some)
        )

    def is_walled(self, *some: Household) -> bool:
        """In the books suspended, proven on the router, and the box behind the wall."""
        names = [one.username for one in some]
        return self.one(_HOLDS, names, True) == len(some) and all(
            box.get("online") and box["walled"] for box in map(self.box, some)
        )

    # The database.

    def rows(self, question: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(question.encode(), values).fetchall()

    def one(self, question: str, *values: object) -> Any:
        """One value from the database."""
        return self.rows(question, *values)[0][0]

    def payments_of(self, one: Household) -> int:
        """How many payments a household has, each with its own entry in the books."""
        count = self.one("select count(*) from payments_payment where customer_id = %s",
                         one.customer_id)  # fmt: skip
        entries = self.one(
            "select count(*) from payments_payment p join ledger_journalentry e"
            " on e.entity_id = p.entity_id"
            " and e.source = p.provider || ':' || p.account || ':' || p.transaction"
            " where p.customer_id = %s", one.customer_id,
        )  # fmt: skip
        assert entries == count
        return int(count)

    # Processes.

    def pid(self, words: str) -> int:
        """The process that `waya up` started with these words, or 0."""
        for pid in children(self.up.pid):
            if words in command_of(pid):
                return pid
        return 0

    def workers(self) -> list[int]:
        """Every worker that `waya up` started."""
        return [pid for pid in children(self.up.pid) if " worker " in command_of(pid)]

    def everything(self) -> list[int]:
        """Every process of the installation."""
        found = [self.up.pid, postmaster(self.home)]
        for pid in found:
            found += [child for child in children(pid) if child not in found]
        return found

    def program(self, *words: str) -> str:
        """What a Python program beside the installation prints; it ends well."""
        told = environment(self.home) | {
            "WAYA_LAB": "1", "WAYA_PUBLIC_URL": self.web, "DATABASE_URL": self.owner_url,
        }  # fmt: skip
        done = subprocess.run([sys.executable, *words], env=told, capture_output=True, text=True,
                              check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def until(condition: Callable[[], object], what: str, seconds: float = CONVERGED_SECONDS) -> None:
    """Look again and again until it holds; fails after the deadline. A database that is just
    being started again, or a web server, is looked at once more."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    last: Exception | None = None
    while True:
        try:
            if condition():
                return
        except (psycopg.Error, httpx.HTTPError, OSError) as error:
            last = error
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}; {last or ''}"
        pause.wait(0.03)


def children(pid: int) -> list[int]:
    """The processes that a process started."""
    told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    return [int(word) for word in told.stdout.split()]


def command_of(pid: int) -> str:
    """The words a process was started with."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """Everything running, every household walled after an unpaid month; nothing left behind."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        made = _start(folder, started)
        _found(made)
        yield made
        _adds_up(made)
        _ends_clean(made, started)
    except BaseException:
        print((folder / "up.log").read_text()[-8000:])
        raise
    finally:
        for process in reversed(started):
            tether.stop(process, farewell=signal.SIGTERM, patience=30)


def _start(folder: Path, started: list[subprocess.Popen[bytes]]) -> Installation:
    home = homes.migrated(folder)
    routers = ["--count", str(ROUTERS), "--redial-seconds", str(REDIAL_SECONDS), "--port", "0"]
    daraja = ["--port", "0", "--handset-port", "0", "--answer", "person"]
    for name, words in (
        ("routers", ["lab", "router", *routers]),
        ("daraja", ["lab", "daraja", *daraja]),
        ("up", ["up", "--port", "0"]),
    ):
        with (folder / f"{name}.log").open("wb") as log:
            started.append(tether.start(
                [sys.executable, "-m", "waya", *words],
                environment=environment(home) | {"WAYA_LAB": "1"}, output=log,
            ))  # fmt: skip
    until(lambda: _address(folder, "up"), "waya up says where it is", 120)
    until(lambda: _address(folder, "daraja"), "the simulated Safaricom says where it is")
    until(lambda: _first_line(folder / "routers.log"), "the routers say where they are")
    told = json.loads(_first_line(folder / "routers.log"))
    server = ensure_running(home)
    return Installation(
        home=home,
        up=started[-1],
        web=_address(folder, "up"),
        daraja=_address(folder, "daraja"),
        control=f"http://127.0.0.1:{told['control_port']}",
        url=conninfo.make_conninfo(server.administrator_url, dbname=DATABASE),
        owner_url=server.url,
        ports=[router["port"] for router in told["routers"]],
    )


def _address(folder: Path, name: str) -> str:
    told = re.search(r"http://[\d.]+:\d+", (folder / f"{name}.log").read_text())
    return told[0] if told else ""


def _first_line(log: Path) -> str:
    text = log.read_text()
    return text.partition("\n")[0] if "\n" in text else ""


def _found(made: Installation) -> None:
    """Open for business, let everybody pay and dial, and move on to an unpaid day."""
    lab = {
        "daraja_url": made.daraja, "control_url": made.control, "portal_host": "127.0.0.1",
        "portal_port": int(made.web.rpartition(":")[2]),
        "router_ports": made.ports,
    }  # fmt: skip
    told = json.dumps({"lab": lab, "households": HOUSEHOLDS})
    founded = json.loads(made.program(str(Path(__file__).with_name("founding.py")), told))
    until(lambda: httpx.get(f"{made.web}/sign-in").status_code == 200, "web serves", 60)
    made.path = founded["path"]
    masts = {key: number for number, key in enumerate(founded["routers"])}
    newcomer, *joined = [
        Household(**one, mast=masts[one["router_id"]]) for one in founded["households"]
    ]
    made.newcomers = [newcomer]
    with ThreadPoolExecutor(4) as payers:
        list(payers.map(made.pay, joined))
    names = [one.username for one in joined]
    until(lambda: made.one(_HOLDS, names, False) == len(joined), "everybody is on the routers")
    _plug_in(made, joined)
    until(lambda: made.is_back(*joined), "everybody is online")
    later = (clock.real_now() + timedelta(days=DAYS)).isoformat()
    made.program("-m", "waya", "lab", "clock", "--to", later)
    made.turn(clock_ahead_seconds=DAYS * 86_400)
    until(lambda: made.is_walled(*joined), "everybody is walled", 300)
    made.free = joined


def _plug_in(made: Installation, some: Sequence[Household]) -> None:
    """A technician types each login into a box."""
    known = dict(made.rows("select name, password from radius_private.access_secret"))
    for mast in range(ROUTERS):
        boxes = [
            {"name": one.username, "password": known[one.username]}
            for one in some
            if one.mast == mast
        ]
        answer = made.http.post(f"{made.control}/boxes?router={mast}", json={"boxes": boxes})
        assert answer.status_code == 201, answer.text


def _adds_up(made: Installation) -> None:
    """Every shilling that moved at M-PESA is one payment here, and every invariant holds."""
    waiting = "select count(*) from payments_notification where state = 'waiting'"
    until(lambda: not made.one(waiting), "everything told is worked off")
    settled = made.http.get(f"{made.daraja}/_sim/ledger").json()["rows"]
    paid = made.rows("select transaction, amount_minor from payments_payment")
    assert sorted(paid) == sorted((row["receipt"], row["amount"] * 100) for row in settled)
    assert "All is well." in made.program("-m", "waya", "doctor")


def _ends_clean(made: Installation, started: list[subprocess.Popen[bytes]]) -> None:
    """Told to end, everything ends, and nothing is left of it."""
    everything = made.everything() + [process.pid for process in started]
    for process in reversed(started):
        process.terminate()
    assert started[-1].wait(timeout=60) == 0
    for process in started:
        process.wait(timeout=30)
    until(lambda: all(gone(pid) for pid in everything), "nothing is left running", 30)
