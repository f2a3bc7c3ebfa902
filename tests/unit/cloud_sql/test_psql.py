"""CloudSqlPostgres: the psql command."""

import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from components.cloud_sql.principals import Login, principal
from components.cloud_sql.psql import psql_command
from tests.unit.cloud_sql.cases import EMAIL, PRIVATE, PROJECT, PSC, TEAM, create


def psql(**args: Any) -> tuple[list[str], dict[str, Any]]:
    """Returns the command line of the proxy, and what psql is passed."""
    words = shlex.split(create(instance_name="db-1", **args)["psql_command"].value)
    proxy = words[words.index("cloud-sql-proxy") : words.index("&")]
    return proxy, conninfo_to_dict(words[words.index("psql") + 1])


def test_the_psql_line_is_for_a_person_if_one_may_log_in() -> None:
    proxy, login = psql(**TEAM)
    assert proxy == ["cloud-sql-proxy", "--auto-iam-authn", "--port", "6543", f"{PROJECT}:europe-west1:db-1"]
    assert login == {
        "host": "127.0.0.1",
        "port": "6543",
        "dbname": "backstage",
        "user": "jo@example.com",
        "options": "-crole=pg_read_all_data",
    }


def test_the_psql_line_is_for_a_member_of_a_group_if_only_groups_may_log_in() -> None:
    line = create(additional_users={"team": "group:team@example.com"})["psql_command"].value
    assert " user=$(gcloud config get account) " in line


def test_the_psql_line_borrows_the_service_account_if_nobody_else_may_log_in() -> None:
    proxy, login = psql(user=EMAIL, role="backstage")
    assert f"--impersonate-service-account={EMAIL}" in proxy
    assert (login["user"], login["options"]) == (f"backstage@{PROJECT}.iam", "-crole=backstage")


@pytest.mark.parametrize(("network", "flag"), [(PRIVATE, "--private-ip"), (PSC, "--psc")])
def test_the_psql_line_takes_the_way_that_the_network_has(network: dict[str, Any], flag: str) -> None:
    assert flag in psql(**network)[0]


@given(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._+'-]{0,30}@([a-z0-9-]{1,10}\.){1,2}[a-z]{2,5}", fullmatch=True))
def test_any_persons_name_survives_the_shell_and_libpq(email: str) -> None:
    found = principal(email)
    line = psql_command("PUBLIC", "p:r:i", "backstage", [Login(found, "cloudsqlsuperuser")])
    words = shlex.split(line)
    assert conninfo_to_dict(words[words.index("psql") + 1])["user"] == found.role == email.lower()
