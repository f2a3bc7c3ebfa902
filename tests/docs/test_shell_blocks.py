"""Every block of shell commands in our pages is run by a test. Those that no other test runs are run here.

`gcloud`, `az`, `ssh` and `yarn` only check their arguments; Pulumi is real, Docker too, and the clouds are simulated.
"""

import ast
import getopt
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bootstrap.dotenv import dotenv
from tests.backstage import node
from tests.engine.checkout import copy_checkout
from tests.engine.cloud_stack import CloudStack
from tests.engine.commands import follow, shell
from tests.engine.conftest import leave_nothing_of, reserve_port
from tests.engine.docker import query
from tests.engine.simulated_azure import SimulatedAzure
from tests.engine.simulated_cloud_sql import SimulatedCloudSql
from tests.engine.stack import Stack, succeeded
from tests.kubernetes import objects, pod

from . import vendor_tools
from .blocks import PAGES, REPOSITORY, blocks

CLOUD_SQL_PAGE = "tests/engine/test_cloud_sql_page.py::"
CLOUD_SQL = f"{CLOUD_SQL_PAGE}test_deploying_adding_people_and_taking_it_down_works_as_the_page_says"
PSC = f"{CLOUD_SQL_PAGE}test_private_service_connect_in_a_shared_vpc_works_as_the_page_says"
EXISTING = "tests/backstage/test_existing_page.py::"
GUIDE = f"{EXISTING}test_the_guides_server_gets_a_block_that_backstage_works_with"
MOVE = "tests/backstage/test_laptop_to_cloud.py::"
HERE = "tests/docs/test_shell_blocks.py::"
LAPTOP = f"{HERE}test_a_database_on_a_laptop_without_make"
AZURE = f"{HERE}test_a_database_in_azure"
GOOGLE_MOVE = f"{HERE}test_a_database_in_google_cloud_for_a_move"

# Page, heading, and which block under it → the test that runs it.
RUN_BY = {
    ("README.md", "Quick start", 1): f"{HERE}test_what_make_and_bootstrap_are_asked_for_is_there",
    ("README.md", "Quick start", 2): LAPTOP,
    ("README.md", "Configure Backstage", 1): LAPTOP,
    ("README.md", "Configure Backstage", 2): LAPTOP,
    ("README.md", "Configure Backstage", 3): LAPTOP,
    ("README.md", "Use the components in your own program", 1): f"{HERE}test_the_package_is_installed_from_git",
    ("CONTRIBUTING.md", "Tests", 1): f"{HERE}test_what_make_and_bootstrap_are_asked_for_is_there",
    ("azure.md", "First deployment", 1): AZURE,
    ("azure.md", "First deployment", 2): AZURE,
    ("azure.md", "Pods on AKS", 1): AZURE,
    ("azure.md", "Least privilege", 1): AZURE,
    ("cloud-sql.md", "Quick start", 1): CLOUD_SQL,
    ("cloud-sql.md", "Quick start", 2): CLOUD_SQL,
    ("cloud-sql.md", "Quick start", 3): CLOUD_SQL,
    ("cloud-sql.md", "Who may log in", 1): CLOUD_SQL,
    ("cloud-sql.md", "Who may log in", 2): CLOUD_SQL,
    ("cloud-sql.md", "Pods on GKE", 1): CLOUD_SQL,
    ("cloud-sql.md", "Least privilege", 1): CLOUD_SQL,
    ("cloud-sql.md", "Private Service Connect", 1): PSC,
    ("cloud-sql.md", "Private Service Connect", 2): CLOUD_SQL,
    ("cloud-sql.md", "Operations", 1): CLOUD_SQL,
    ("cloud-sql.md", "Deletion", 1): CLOUD_SQL,
    ("cloud-sql.md", "Deletion", 2): CLOUD_SQL,
    ("existing.md", "The guide's server", 1): GUIDE,
    ("existing.md", "The guide's server", 2): GUIDE,
    ("existing.md", "A DBA's server", 1): f"{EXISTING}test_a_dba_runs_what_they_were_sent_and_backstage_starts",
    ("existing.md", "A DBA's server", 2): f"{EXISTING}test_a_dba_runs_what_they_were_sent_and_backstage_starts",
    ("existing.md", "TLS", 1): f"{EXISTING}test_the_commands_for_tls_make_backstage_verify_the_server",
    ("existing.md", "Another password", 1): f"{EXISTING}test_the_commands_for_another_password_prove_it",
    ("from-laptop-to-cloud.md", "1. Create the cloud's stack", 1): AZURE,
    ("from-laptop-to-cloud.md", "1. Create the cloud's stack", 2): GOOGLE_MOVE,
    ("from-laptop-to-cloud.md", "2. Stop Backstage, and dump each plugin's database", 1): f"{MOVE}dumps",
    ("from-laptop-to-cloud.md", "3. Log in to the cloud", 1): f"{MOVE}test_to_azure",
    ("from-laptop-to-cloud.md", "3. Log in to the cloud", 2): f"{MOVE}test_to_google_cloud",
    ("from-laptop-to-cloud.md", "4. Restore", 1): f"{MOVE}test_to_azure",
    ("from-laptop-to-cloud.md", "4. Restore", 2): f"{MOVE}test_to_azure",
    ("from-laptop-to-cloud.md", "5. Start Backstage with the cloud's block", 1): AZURE,
    ("kubernetes.md", "AKS", 1): f"{HERE}test_backstage_on_aks",
    ("kubernetes.md", "GKE", 1): f"{HERE}test_backstage_on_gke",
    ("kubernetes.md", "Install the chart", 1): f"{HERE}test_backstage_on_aks",
    ("kubernetes.md", "With a password, or without Helm", 1): f"{HERE}test_backstage_on_gke",
    ("local.md", "Docker on another machine", 1): f"{HERE}test_the_tunnel_is_one_that_ssh_takes",
    ("local.md", "Passwords", 1): LAPTOP,
}


def shell_blocks() -> dict[tuple[str, str, int], str]:
    found: dict[tuple[str, str, int], str] = {}
    for page in [*PAGES, REPOSITORY / "CONTRIBUTING.md"]:
        for block in blocks(page):
            if block.language in ("shell", "sh", "bash", "console"):
                number = 1
                while (key := (block.page, block.heading, number)) in found:
                    number += 1
                found[key] = block.text
    return found


BLOCKS = shell_blocks()


def test_every_block_of_commands_is_in_the_table() -> None:
    assert RUN_BY.keys() - BLOCKS.keys() == set(), "there is no such block any more"
    assert BLOCKS.keys() - RUN_BY.keys() == set(), "have a test run it, and name the test in RUN_BY"


@pytest.mark.parametrize("named", sorted(set(RUN_BY.values())))
def test_every_test_in_the_table_exists(named: str) -> None:
    file, _, function = named.partition("::")
    tree = ast.parse((REPOSITORY / file).read_text())
    assert function in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


# --- LocalPostgres


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Stack]:
    """Yields the repository's project before anything was done, with a Backstage app next to it."""
    home, tools = tmp_path / "home", tmp_path / "tools"
    (home / "my-backstage").mkdir(parents=True)
    tools.mkdir()
    (tools / "yarn").write_text('#!/bin/sh\n[ "$*" = start ] && pwd && ls && echo "password=$POSTGRES_PASSWORD"\n')
    (tools / "npx").write_text(
        f"#!/bin/sh\ncase $1 in dotenv-cli) tool=dotenv;; *) tool=$1;; esac\nshift\n"
        f'exec {node.FOLDER}/node_modules/.bin/$tool "$@"\n'
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    stack = Stack(tmp_path / "stack", name="dev")
    stack.bring_language_host()
    stack.environment |= {"HOME": str(home), "PATH": f"{tools}:{stack.environment['PATH']}"}
    # Where Docker's settings are, among them the engine's address.
    stack.environment.setdefault("DOCKER_CONFIG", str(Path.home() / ".docker"))
    yield stack
    leave_nothing_of(stack)


def test_a_database_on_a_laptop_without_make(laptop: Stack) -> None:
    init, up, output = BLOCKS["README.md", "Quick start", 2].partition("pulumi up\n")
    shell(laptop, init)
    shell(laptop, f"pulumi config set --path local.port {reserve_port()}")
    follow(laptop, up + output)
    file = laptop.folder / "app-config.local.yaml"
    block = yaml.safe_load(file.read_text())["backend"]["database"]
    assert query(block, "SELECT 42") == 42

    started = shell(laptop, BLOCKS["README.md", "Configure Backstage", 1])
    assert started.splitlines()[:2] == [f"{laptop.environment['HOME']}/my-backstage", "app-config.local.yaml"]

    environment = succeeded(laptop.up()).outputs["environment"]
    (laptop.folder / ".env").write_text(dotenv(environment))
    ways = BLOCKS["README.md", "Configure Backstage", 2].replace("/path/to/backstage-database", str(laptop.folder))
    for way in ways.splitlines():
        assert f"password={environment['POSTGRES_PASSWORD']}\n" in shell(laptop, way), way

    assert "postgres" in shell(laptop, BLOCKS["README.md", "Configure Backstage", 3])

    *command, replaced = shlex.split(BLOCKS["local.md", "Passwords", 1])
    assert command == ["pulumi", "up", "--replace"]
    again = succeeded(laptop.up(replace=[replaced])).outputs["databaseConfig"]
    assert again["connection"]["password"] != block["connection"]["password"]
    assert query(again, "SELECT 42") == 42


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("gcloud sql backup list", "no such command"),
        ("gcloud sql backups list --filtre x", "filtre"),
        ("gcloud sql backups list --filt x", "--filt"),
        ("gcloud run services update", "takes 1 arguments"),
        ("gcloud kms keys add-iam-policy-binding key --location l --member m --role r", "needs --keyring"),
        ("az account get-access-token --resource", "resource"),
        ("az aks show --name main", "needs --resource-group"),
        ("helm upgrade backstage", "takes 2 arguments"),
        ("ssh -N -L 5432 host", "-L"),
    ],
)
def test_a_fake_tool_refuses_what_its_vendor_does_not_document(command: str, problem: str) -> None:
    tool, *words = command.split()
    with pytest.raises((ValueError, getopt.GetoptError), match=problem):
        vendor_tools.check(tool, words)


def test_the_tunnel_is_one_that_ssh_takes() -> None:
    tool, *words = shlex.split(BLOCKS["local.md", "Docker on another machine", 1])
    assert vendor_tools.check(tool, words) == "ssh"


# --- The clouds


@pytest.fixture
def cloud_sql() -> Iterator[SimulatedCloudSql]:
    with SimulatedCloudSql() as simulated:
        yield simulated


def test_a_database_in_azure(tmp_path: Path, azure: SimulatedAzure) -> None:
    tools = tmp_path / "tools"
    vendor_tools.install(tools, "az")
    (tools / "psql").write_text('#!/bin/sh\necho "$PGPASSWORD logs in with $*"; cat\n')
    (tools / "psql").chmod(0o755)
    stack = CloudStack(tmp_path / "stack", azure, name="azure", key="azure", program="azure_program.py")
    stack.environment["PATH"] = f"{tools}:{stack.environment['PATH']}"

    document = follow(stack, BLOCKS["azure.md", "First deployment", 1])
    assert "tokenCredential" in document
    follow(stack, BLOCKS["azure.md", "First deployment", 2] + "pulumi up\n")
    assert azure.of_type("FirewallRule")["office"]["startIpAddress"] == "203.0.113.7"
    move = BLOCKS["from-laptop-to-cloud.md", "1. Create the cloud's stack", 1]
    follow(stack, move.replace("<your object id>", "00000000-0000-0000-0000-000000000001") + "pulumi up\n")
    assert "jo@example.com" in [one["principalName"] for one in azure.of_type("AdministratorsMicrosoftEntra").values()]
    follow(stack, BLOCKS["from-laptop-to-cloud.md", "5. Start Backstage with the cloud's block", 1])
    assert (stack.folder / "app-config.local.yaml").read_text() in document

    follow(stack, BLOCKS["azure.md", "Pods on AKS", 1].replace("<group>", "clusters").replace("<cluster>", "blue"))
    (credential,) = azure.of_type("FederatedIdentityCredential").values()
    assert credential["issuer"] == vendor_tools.ANSWERS["az aks show"]
    assert credential["subject"] == "system:serviceaccount:portal:backstage"

    least = BLOCKS["azure.md", "Least privilege", 1]
    printed = follow(stack, least.replace("<object id of the group>", "00000000-0000-0000-0000-000000000002"))
    outputs = succeeded(stack.up()).outputs
    assert "token-of-az logs in with " in printed
    assert outputs["bootstrapSql"].strip() in printed
    assert "SECURITY LABEL" in printed


def test_a_database_in_google_cloud_for_a_move(tmp_path: Path, cloud_sql: SimulatedCloudSql) -> None:
    stack = CloudStack(tmp_path / "stack", cloud_sql, name="gcp", key="cloudsql", program="cloud_sql_program.py")
    shell(stack, "pulumi stack init gcp; pulumi config set gcp:project portal-123")
    follow(stack, BLOCKS["from-laptop-to-cloud.md", "1. Create the cloud's stack", 2] + "pulumi up\n")
    assert cloud_sql.of_type("User")["jo@example.com"]["_roles"] == ["cloudsqlsuperuser"]
    assert "pluginDivisionMode: schema" not in succeeded(stack.up()).outputs["appConfig"]


# --- Kubernetes


def test_backstage_on_aks(tmp_path: Path, azure: SimulatedAzure) -> None:
    tools = tmp_path / "tools"
    vendor_tools.install(tools, "az", "helm")
    stack = CloudStack(tmp_path / "stack", azure, name="azure", key="azure", program="azure_program.py")
    stack.environment["PATH"] = f"{tools}:{stack.environment['PATH']}"
    shell(stack, "pulumi stack init azure; pulumi config set azure-native:location westeurope")
    follow(stack, BLOCKS["kubernetes.md", "AKS", 1])
    (credential,) = azure.of_type("FederatedIdentityCredential").values()
    assert (credential["issuer"], credential["subject"]) == (
        vendor_tools.ANSWERS["az aks show"],
        "system:serviceaccount:portal:backstage",
    )

    follow(stack, BLOCKS["kubernetes.md", "Install the chart", 1])
    got = pod((stack.folder / "values.database.yaml").read_text())
    (identity,) = azure.of_type("UserAssignedIdentity").values()
    assert got.service_account == "backstage"
    assert got.annotations["azure.workload.identity/client-id"] == identity["clientId"]
    assert got.labels == {"azure.workload.identity/use": "true"}


def test_backstage_on_gke(tmp_path: Path, cloud_sql: SimulatedCloudSql) -> None:
    """Without Helm, `kubectl` gets manifests that Kubernetes accepts, and no Secret, because there is none."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "kubectl").write_text('#!/bin/sh\n[ "$*" = "apply --namespace portal --filename -" ] && cat >> applied\n')
    (tools / "kubectl").chmod(0o755)
    stack = CloudStack(tmp_path / "stack", cloud_sql, name="gcp", key="cloudsql", program="cloud_sql_program.py")
    stack.environment["PATH"] = f"{tools}:{stack.environment['PATH']}"
    shell(stack, "pulumi stack init gcp; pulumi config set gcp:project portal-123")
    cloud_sql.pools.add("portal-123.svc.id.goog")
    follow(stack, BLOCKS["kubernetes.md", "GKE", 1])
    follow(stack, BLOCKS["kubernetes.md", "With a password, or without Helm", 1])
    applied = objects((stack.folder / "applied").read_text())
    assert applied.keys() == {"ServiceAccount", "ConfigMap"}
    (account,) = cloud_sql.of_type("Account").values()
    assert applied["ServiceAccount"]["metadata"]["annotations"] == {"iam.gke.io/gcp-service-account": account["email"]}


# --- The repository itself


def test_what_make_and_bootstrap_are_asked_for_is_there() -> None:
    """`make up` runs in tests/engine/test_make.py, and `make test` runs this test."""
    for key in [("README.md", "Quick start", 1), ("CONTRIBUTING.md", "Tests", 1)]:
        for line in BLOCKS[key].splitlines():
            program, *words = shlex.split(line, comments=True)
            if program == "make":
                command = [program, "--dry-run", *words]
            else:
                assert (program, words[:4]) == ("python3", ["-m", "bootstrap", "run", "pytest"]), line
                command = [sys.executable, "-m", "pytest", *words[4:], "--collect-only", "--quiet"]
            done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{line}:\n{done.stdout}{done.stderr}"


def test_the_package_is_installed_from_git(tmp_path: Path) -> None:
    """It is a repository on this machine, without the extra's SDKs, which tests/engine/test_package.py installs."""
    source, target = tmp_path / "source", tmp_path / "target"
    copy_checkout(source)
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "--quiet", "--message", "all"]):
        subprocess.run(["git", *command], cwd=source, check=True)
    program, install, requirement = shlex.split(BLOCKS["README.md", "Use the components in your own program", 1])
    assert (program, install) == ("pip", "install")
    here = re.sub(r"git\+https://example.com/backstage-database$", f"git+file://localhost{source}", requirement)
    assert here != requirement
    options = ["--quiet", "--no-deps", "--target", str(target)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", install, *options, here], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (target / "backstage_database" / "local" / "entrypoint.sh").exists()
