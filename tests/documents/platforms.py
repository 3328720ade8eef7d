"""Stand-ins for the platforms that are not here: Docker and GitHub Actions."""

import json
import os
import re
import shlex

import yaml

from tests.documents.shell import run_console, run_script

_INSTRUCTION = re.compile(r"(?P<name>FROM|RUN|COPY|ENV|WORKDIR|USER|VOLUME|CMD) (?P<rest>\S.*)")
_SECRET = re.compile(r"\$\{\{ secrets\.(\w+) \}\}")
_FACT = re.compile(r"\$\{\{ github\.\w+ \}\}")


def run_dockerfile(text):
    """Run the commands of a Dockerfile here. Its other instructions are only checked."""
    names = []
    for line in text.replace("\\\n", "").splitlines():
        if not line or line.startswith("#"):
            continue
        instruction = _INSTRUCTION.fullmatch(line)
        assert instruction, f"not an instruction of a Dockerfile: {line}"
        names.append(instruction["name"])
        if instruction["name"] == "RUN":
            run_script(instruction["rest"])
        if instruction["name"] == "CMD":
            run_console(shlex.join(json.loads(instruction["rest"])))
    assert names[0] == "FROM"


def run_yaml(text, sandbox):
    """Run a workflow of GitHub Actions once."""
    workflow = yaml.safe_load(text)
    assert {"name", "jobs"} <= set(workflow), "not a workflow, and nothing else is known"
    assert True in workflow, "YAML reads the key `on` as True"
    for job in workflow["jobs"].values():
        assert job["runs-on"]
        for step in job["steps"]:
            _run_step(step, sandbox)


def _run_step(step, sandbox):
    if "uses" in step:
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])
        return
    variables = {name: _filled_in(value, sandbox) for name, value in step.get("env", {}).items()}
    run_script(step["run"], {**os.environ, **variables})


def _filled_in(value, sandbox):
    """Fill in secrets and facts. A secret that is not set is empty, as at GitHub."""

    def secret(found):
        path = sandbox.secret(found[1])
        return path.read_text(encoding="utf-8") if path.exists() else ""

    return _FACT.sub("a fact", _SECRET.sub(secret, value))
