"""Starts on volumes that already have data, in every layout that an image creates, with images of every kind."""

import os
import random
import time
from dataclasses import dataclass

import pytest

from .containers import KEEP, KEPT, ROWS, Server, docker, files, give_data, in_volume, server

TRIXIE, BOOKWORM = "postgres:17-trixie", "postgres:15-bookworm"
# `make reliability` kills ten times.
KILLS = int(os.environ.get("BACKSTAGE_DATABASE_KILLS", "2"))
SEED = int(os.environ.get("BACKSTAGE_DATABASE_SEED", random.randrange(10**6)))


@dataclass(frozen=True)
class Combination:
    """An image, and where on the volume `made_by` has created data before. Without one, the volume is empty."""

    image: str
    made_by: str | None = None
    at: str = ""

    def __str__(self) -> str:
        return f"{self.image} on {f'data of {self.made_by} at {self.at}' if self.made_by else 'an empty volume'}"


COMBINATIONS = [
    Combination(TRIXIE),
    Combination(BOOKWORM),
    Combination("uid-70"),
    Combination("user-postgres"),
    Combination("no-bash"),
    Combination(TRIXIE, TRIXIE, "."),
    Combination(BOOKWORM, BOOKWORM, "."),
    Combination("uid-70", TRIXIE, "."),
    Combination("user-postgres", TRIXIE, "."),
    Combination(TRIXIE, TRIXIE, "17/docker"),
    Combination("uid-70", TRIXIE, "17/data"),
    Combination(TRIXIE, "uid-70", "pgdata"),
]


def make_data(image: str, volume: str, at: str) -> None:
    """Leaves on the volume what a plain `docker run`, as in the guide, created until it was killed, moved to `at`."""
    give_data(volume, image, script=False)
    if at != ".":
        in_volume(
            volume,
            f"mkdir -p /new/{at} && mv * /new/{at} && chown --reference=/new/{at}/base /new/{at}; "
            f"chmod 700 /new/{at}; cp -a /new/. .",
        )


@pytest.mark.parametrize("combination", COMBINATIONS, ids=str)
def test_a_start_that_is_killed_at_any_moment_is_repaired_by_the_next_one(
    volume: str, combination: Combination
) -> None:
    """Kills at random moments of the first start, restarts twice, kills after writing, and starts again."""
    if combination.made_by:
        make_data(combination.made_by, volume, combination.at)
    seeded = random.Random(f"{SEED} {combination}")
    moments = [seeded.uniform(0, 3) for _ in range(KILLS)]
    context = f"{combination}, BACKSTAGE_DATABASE_SEED={SEED}, killed after {moments}"
    with server(combination.image, volume) as started:
        for moment in moments:
            time.sleep(moment)  # The moment is what is random here; nothing is waited for.
            docker("kill", started.container, check=False)
            docker("start", started.container)
        if not combination.made_by:
            started.sql(KEEP)
        assert started.sql(ROWS) == KEPT, f"{context}:\n{started.log}"
        for _ in range(2):
            docker("restart", started.container)
            assert started.sql(ROWS) == KEPT, f"{context}:\n{started.log}"
        acknowledged = insert_then_kill(started)
        docker("start", started.container)
        assert started.sql(f"SELECT count(*) FROM more WHERE number < {acknowledged}") == [(acknowledged,)], context


def insert_then_kill(started: Server) -> int:
    """Returns how many rows PostgreSQL has acknowledged before it was killed."""
    started.sql("CREATE TABLE IF NOT EXISTS more (number int)")
    for number in range(20):
        started.sql(f"INSERT INTO more VALUES ({number})")
    docker("kill", started.container)
    return 20


@pytest.mark.parametrize("at", [".", "16/docker", "pgdata"])
def test_data_of_another_major_version_is_refused_before_a_byte_is_written(volume: str, at: str) -> None:
    make_data(BOOKWORM, volume, at)
    before = files(volume)
    with server(TRIXIE, volume) as refused:
        log = refused.ended()
    assert "the image is PostgreSQL 17, but the volume has data of another version: PostgreSQL 15 in" in log
    assert "use an image of that version" in log
    assert without_mount_point(files(volume)) == without_mount_point(before)
    with server(BOOKWORM, volume) as right:
        assert right.sql(ROWS) == KEPT


def without_mount_point(listing: str) -> list[str]:
    """Returns the lines without ./data, which Docker creates for the image's own volume, and the root's time."""
    return [line for line in listing.splitlines() if not line.startswith(("./data ", ". "))]


def test_another_major_version_of_ours_starts_empty_next_to_the_old_data(volume: str) -> None:
    with server(BOOKWORM, volume) as old:
        old.sql(KEEP)
    with server(TRIXIE, volume) as new:
        assert new.sql("SELECT to_regclass('kept')::text") == [(None,)]
    with server(BOOKWORM, volume) as old:
        assert old.sql(ROWS) == KEPT


def test_data_in_two_places_is_not_guessed_between(volume: str) -> None:
    make_data(TRIXIE, volume, "pgdata")
    in_volume(volume, "cp -a pgdata other")
    with server(TRIXIE, volume) as refused:
        assert "has data of PostgreSQL 17 twice" in refused.ended()


def test_what_an_interrupted_initdb_left_under_the_real_name_is_moved_aside(volume: str) -> None:
    """Older versions of LocalPostgres initialised in place: PG_VERSION is there long before the rest."""
    in_volume(
        volume,
        "mkdir -p 17/data/base/1 17/data/global && echo 17 >17/data/PG_VERSION && echo 17 >17/data/base/1/PG_VERSION",
    )
    with server(TRIXIE, volume) as started:
        started.answers()
        assert "was what an interrupted initialisation left" in started.log
    assert "17/data.unfinished-" in files(volume), "nothing is deleted"


@pytest.mark.parametrize("damage", ["rm global/pg_control", "rm -r base", "rm -r global", "echo x >global/pg_control"])
def test_data_that_was_once_complete_is_never_moved_aside_however_damaged(volume: str, damage: str) -> None:
    give_data(volume, TRIXIE)
    # As older versions of LocalPostgres and plain images have made it.
    in_volume(volume, f"cd 17/data && rm .backstage-database-complete && {damage}")
    before = in_volume(volume, "ls 17")
    with server(TRIXIE, volume) as refused:
        assert "PostgreSQL cannot open the data" in refused.ended()
    assert in_volume(volume, "ls 17") == before == "data"


@pytest.mark.parametrize("image", [TRIXIE, "user-postgres"])
def test_an_empty_lock_file_of_a_server_that_was_killed_does_not_stop_the_next_one(volume: str, image: str) -> None:
    """PostgreSQL creates postmaster.pid first, and then writes its number into it."""
    give_data(volume, image)
    in_volume(volume, ": >17/data/postmaster.pid && chown --reference=17/data/base 17/data/postmaster.pid")
    with server(image, volume) as started:
        assert started.sql(ROWS) == KEPT
        assert "was killed while it started" in started.log


def test_data_without_the_named_user_is_refused_with_the_way_out(volume: str) -> None:
    give_data(volume, TRIXIE)
    with server(TRIXIE, volume, "--env", "POSTGRES_USER=somebody_else") as refused:
        log = refused.ended()
    assert 'has no user "somebody_else"' in log
    assert "quoted" not in log, "the statement has the password"


def test_an_image_that_may_not_use_the_data_says_how_to_let_it(volume: str) -> None:
    give_data(volume, TRIXIE, after="stop")
    in_volume(volume, "chown -R 12345 .")
    with server("user-postgres", volume) as refused:
        assert "docker run --rm --user root --entrypoint chown" in refused.ended()
