"""Fakes of programs that our pages call and that need an account. They accept what their vendor documents.

Run as a program, `vendor_tools.py TOOL WORDS…`, it does nothing but check the words, and prints what the tool would.
"""

import getopt
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

# What each command takes after its words: how many arguments, the options that it needs and those that it may have.
# gcloud: cloud.google.com/sdk/gcloud/reference, a page for each; every command takes the wide options as well.
_GCLOUD_WIDE = "--project= --format= --impersonate-service-account="
_GCLOUD = {
    "auth application-default login": (0, "", ""),
    "run services update": (1, "", "--service-account= --region="),
    "iam service-accounts add-iam-policy-binding": (1, "--member= --role=", "--condition="),
    "network-connectivity service-connection-policies create": (
        1,
        "--network= --region= --service-class= --subnets=",
        "--description= --psc-connection-limit=",
    ),
    "beta services identity create": (0, "--service=", ""),
    "projects describe": (1, "", ""),
    "kms keys add-iam-policy-binding": (1, "--keyring= --location= --member= --role=", "--condition="),
    "sql backups list": (0, "", "--instance= --filter= --limit="),
}
# learn.microsoft.com/cli/azure/reference-index#az-login, /account#az-account-get-access-token and /aks#az-aks-show.
_AZURE = {
    "login": (0, "", "--tenant="),
    "aks show": (0, "--resource-group= --name=", "--subscription= --query= --output="),
    "account get-access-token": (0, "", "--resource-type= --tenant= --subscription= --query= --output="),
}
# kubernetes.io/docs/reference/kubectl/generated, kubectl_annotate and kubectl_apply;
# classic.yarnpkg.com/lang/en/docs/cli/add.
_KUBECTL = {"annotate": (3, "", "--overwrite"), "apply": (0, "--filename=", "--namespace= --server-side")}
# helm.sh/docs/helm/helm_repo_add and helm_upgrade.
_HELM = {
    "repo add": (2, "", "--force-update"),
    "upgrade": (2, "", "--install --namespace= --create-namespace --values= --version= --wait"),
}
_YARN = {"add": (1, "", ""), "start": (0, "", "")}

ANSWERS = {
    "az account get-access-token": "token-of-az",
    "az aks show": "https://westeurope.oic.prod-aks.azure.com/tenant/cluster/",
    "gcloud projects describe": "4711",
}


def install(folder: Path, *tools: str) -> None:
    """Puts these tools into a folder, which goes to the front of the PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    for tool in tools:
        program = folder / tool
        program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, __file__, tool])} "$@"\n')
        program.chmod(0o755)


def check(tool: str, words: Sequence[str]) -> str:
    """Returns the command, such as `az login`. Raises ValueError for what the documentation does not have."""
    if tool == "ssh":
        # man.openbsd.org/ssh: the synopsis of OpenSSH 9.
        options, arguments = getopt.getopt(
            list(words), "46AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:P:p:Q:R:S:W:w:"
        )
        _require(len(arguments) == 1 and "@" not in arguments[0][1:], f"one destination, not {arguments}")
        for value in [value for option, value in options if option == "-L"]:
            _require(len(value.split(":")) in (3, 4), f"-L [bind_address:]port:host:hostport, not {value}")
        return "ssh"
    before, commands, wide = {
        "gcloud": ("", _GCLOUD, _GCLOUD_WIDE),
        "az": ("", _AZURE, ""),
        "kubectl": ("--namespace=", _KUBECTL, ""),
        "helm": ("", _HELM, ""),
        "yarn": ("--cwd=", _YARN, ""),
    }[tool]
    _, rest = getopt.getopt(list(words), "", _long(before))
    command = next((one for one in commands if rest[: len(one.split())] == one.split()), None)
    if command is None:
        raise ValueError(f"{tool} has no such command here: {shlex.join(words)}")
    count, needed, allowed = commands[command]
    known = _long(f"{needed} {allowed} {wide}")
    given, arguments = getopt.gnu_getopt(rest[len(command.split()) :], "", known)
    # getopt takes abbreviations, which a tool may not.
    for option in [word.partition("=")[0].removeprefix("--") for word in rest if word.startswith("--")]:
        _require(option in [name.rstrip("=") for name in known], f"{tool} {command} has no option --{option}")
    missing = {option.rstrip("=") for option in needed.split()} - {option for option, _ in given}
    _require(not missing, f"{tool} {command} needs {', '.join(sorted(missing))}")
    _require(len(arguments) == count, f"{tool} {command} takes {count} arguments, not {arguments}")
    return f"{tool} {command}"


def _long(options: str) -> list[str]:
    return [option.removeprefix("--") for option in options.split()]


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ValueError(problem)


if __name__ == "__main__":
    try:
        print(ANSWERS.get(check(sys.argv[1], sys.argv[2:]), ""))
    except (ValueError, getopt.GetoptError) as problem:
        sys.exit(f"{sys.argv[1]}: {problem}")
