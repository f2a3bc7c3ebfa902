"""docs/cloud-sql.md, followed word by word: its commands run on the real engine against the simulated Google.

`gcloud`, `kubectl` and `yarn` only check their arguments; the SQL runs in tests/backstage/test_cloud_sql_backend.py.
"""

import re
import textwrap
from pathlib import Path

import pytest

from tests.docs import vendor_tools

from .cloud_stack import CloudSqlStack
from .commands import follow
from .simulated_cloud_sql import SimulatedCloudSql
from .stack import REPOSITORY, succeeded

PAGE = (REPOSITORY / "docs" / "cloud-sql.md").read_text()
NETWORK = "projects/my-host-project/global/networks/shared"


@pytest.fixture
def stack(tmp_path: Path, cloud_sql: SimulatedCloudSql) -> CloudSqlStack:
    tools = tmp_path / "tools"
    vendor_tools.install(tools, "gcloud", "kubectl", "yarn")
    stack = CloudSqlStack(tmp_path / "stack", cloud_sql)
    stack.environment["PATH"] = f"{tools}:{stack.environment['PATH']}"
    stack.environment["PULUMI_SKIP_CONFIRMATIONS"] = "true"
    stack.create()
    return stack


def blocks(name: str = r"\w*") -> list[str]:
    found = re.findall(rf"^ *```shell ?{name}\n(.*?)^ *```", PAGE, re.MULTILINE | re.DOTALL)
    assert found, name
    # The stack is there already.
    return [re.sub("(?m)^pulumi stack init .*\n", "", textwrap.dedent(block)) for block in found]


def test_deploying_adding_people_and_taking_it_down_works_as_the_page_says(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    for script in blocks("setup"):
        assert "pluginDivisionMode: schema" in follow(stack, script)
    for script in blocks(""):
        follow(stack, script)
    follow(stack, blocks("users")[0])
    users = cloud_sql.of_type("User")
    assert users["jo@example.com"]["_roles"] == ["cloudsqlsuperuser"]
    assert users["team@example.com"]["_roles"] == ["pg_read_all_data"]

    cloud_sql.pools.add("my-project.svc.id.goog")
    follow(stack, blocks("pods")[0])
    (binding,) = cloud_sql.of_type("AccountIAMMember").values()
    assert f"`{binding['member']}`" in PAGE, "the page says which binding that is"

    cloud_sql.database_roles.add("backstage")  # what the page's SQL creates
    follow(stack, blocks("least")[0])
    granted = {name: user["_roles"] for name, user in cloud_sql.of_type("User").items()}
    assert granted.pop("jo@example.com") == granted.pop("team@example.com") == ["pg_read_all_data"]
    assert list(granted.values()) == [["backstage"]]

    (instance,) = cloud_sql.of_type("DatabaseInstance")
    follow(stack, blocks("destroy")[0])
    assert cloud_sql.resources == {}
    assert "final" in cloud_sql.backups[instance]


def test_private_service_connect_in_a_shared_vpc_works_as_the_page_says(
    stack: CloudSqlStack, cloud_sql: SimulatedCloudSql
) -> None:
    follow(stack, blocks("psc")[0])
    assert cloud_sql.policies == {NETWORK}
    assert succeeded(stack.up()).outputs["pscServiceAttachment"]
    assert succeeded(stack.up()).outputs["dnsName"] == stack.cli("stack", "output", "host", "--stack", "gcp").strip()


def test_every_block_of_the_page_runs_or_is_run_as_sql() -> None:
    kinds = set(re.findall(r"^ *```(\w+)", PAGE, re.MULTILINE))
    assert kinds == {"shell", "sql"}
