"""Two containers never run PostgreSQL on one volume at the same time."""

import pytest

from .containers import KEPT, ROWS, docker, files, give_data, in_volume, server


@pytest.mark.parametrize("second", ["postgres:17-trixie", "postgres:15-bookworm", "uid-70", "user-postgres"])
def test_a_second_container_on_a_volume_fails_before_it_touches_anything(volume: str, second: str) -> None:
    give_data(volume, "postgres:17-trixie", after="stop")
    before = files(volume)
    with server("postgres:17-trixie", volume, "--env", "BACKSTAGE_DATABASE_OWNER=the stack one") as first:
        first.answers()
        with server(second, volume) as other:
            log = other.ended()
            assert f"in use by container {first.container[:12]} of the stack one" in log
            assert "docker stop" in log
            assert "--volumes" not in log, "that could remove data"
            # It keeps failing, as often as Docker starts it again.
            docker("start", other.container)
            other.ended()
        docker("stop", first.container)
        assert [line.split()[0] for line in files(volume).splitlines()] == [
            line.split()[0] for line in before.splitlines()
        ]
        docker("start", first.container)
        assert first.sql(ROWS) == KEPT


def test_a_second_container_works_once_the_first_one_is_gone(volume: str) -> None:
    give_data(volume, "postgres:17-trixie")
    with server("postgres:17-trixie", volume) as first:
        first.answers()
        with server("postgres:17-trixie", volume) as second:
            second.ended()
            docker("kill", first.container)
            docker("start", second.container)
            assert second.sql(ROWS) == KEPT
            docker("start", first.container)
            assert "in use by" in first.ended()


def test_the_lock_is_held_when_postgresql_crashes_inside_and_after_a_restart(volume: str) -> None:
    give_data(volume, "postgres:17-trixie")
    with server("postgres:17-trixie", volume) as first:
        first.answers()
        [(checkpointer,)] = first.sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
        docker("exec", first.container, "sh", "-c", f"kill -9 {checkpointer}")
        first.sql("SELECT 1")
        for _ in range(2):
            with server("postgres:17-trixie", volume) as second:
                assert "in use by" in second.ended()
            docker("restart", first.container)
            first.answers()


def test_the_password_file_is_readable_by_root_alone(volume: str) -> None:
    with server("postgres:17-trixie", volume) as one:
        one.answers()
        assert docker("exec", one.container, "stat", "-c", "%a %U", "/run/postgres-password") == "400 root"
        environment = docker("exec", "--user", "postgres", one.container, "cat", "/proc/1/environ")
        assert "quoted" not in environment
        assert "quoted" not in one.log


def test_the_record_of_the_holder_has_no_secret(volume: str) -> None:
    give_data(volume, "postgres:17-trixie")
    with server("postgres:17-trixie", volume) as one:
        one.answers()
        assert in_volume(volume, "cat .backstage-database-holder").startswith(f"container {one.container[:12]} of ")
