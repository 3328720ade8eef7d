"""What stands in for the platforms that are not here: Docker, GitHub Actions."""

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
    """Run what a Dockerfile runs, here; its other instructions are looked at."""
    names = []
    for line in text.replace("\\\n", "").splitlines():
        if not line or line.startswith("#"):
            continue
        instruction = _INSTRUCTION.fullmatch(line)
        assert instruction, f"no instruction of a Dockerfile: {line}"
        names.append(instruction["name"])
        if instruction["name"] == "RUN":
            run_script(instruction["rest"])
        if instruction["name"] == "CMD":
            run_console(shlex.join(json.loads(instruction["rest"])))
    assert names[0] == "FROM"


def run_yaml(text, world):
    """Run the workflow that a YAML document is, once."""
    workflow = yaml.safe_load(text)
    assert {"name", "jobs"} <= set(workflow), "no workflow: how is it to be checked?"
    assert True in workflow, "`on` is what YAML takes for True"
    for job in workflow["jobs"].values():
        assert job["runs-on"]
        for step in job["steps"]:
            _run_step(step, world)


def _run_step(step, world):
    if "uses" in step:
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])
        return
    variables = {name: _filled_in(value, world) for name, value in step.get("env", {}).items()}
    run_script(step["run"], {**os.environ, **variables})


def _filled_in(value, world):
    """A secret that is not set is empty, as it is at GitHub."""

    def secret(found):
        path = world.secret(found[1])
        return path.read_text(encoding="utf-8") if path.exists() else ""

    return _FACT.sub("a fact", _SECRET.sub(secret, value))
