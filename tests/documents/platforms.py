"""Stand-ins for the platforms that are not here: Docker and GitHub Actions."""

import json
import os
import re
import shlex
import tempfile

import yaml

from tests.documents.shell import run_console, run_script

_INSTRUCTION = re.compile(r"(?P<name>FROM|RUN|COPY|ENV|WORKDIR|USER|VOLUME|CMD) (?P<rest>\S.*)")
_SECRET = re.compile(r"\$\{\{ secrets\.(\w+) \}\}")
_FACT = re.compile(r"\$\{\{ github\.(\w+) \}\}")


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


def read_workflow(text):
    """:returns: a workflow of GitHub Actions, after some checks."""
    workflow = yaml.safe_load(text)
    assert {"name", "jobs"} <= set(workflow), "not a workflow, and nothing else is known"
    assert True in workflow, "YAML reads the key `on` as True"
    for job in workflow["jobs"].values():
        assert job["runs-on"]
    return workflow


def run_workflow(path, sandbox):
    """Run a workflow once, on a new runner.

    :raises AssertionError: a step failed.
    """
    for job in read_workflow(path.read_text(encoding="utf-8"))["jobs"].values():
        with tempfile.TemporaryDirectory() as folder:
            _run_job(job, sandbox, folder)


def _run_job(job, sandbox, folder):
    failure = None
    for step in job["steps"]:
        if failure is None or step.get("if") == "always()":
            try:
                _run_step(step, sandbox, folder)
            except AssertionError as error:
                failure = failure or error
    if failure is not None:
        raise failure


def _run_step(step, sandbox, folder):
    if "uses" in step:
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])
        if step["uses"].startswith("actions/checkout@"):
            _check_out(_filled_in(step.get("with", {}).get("ref", ""), sandbox), sandbox, folder)
        return
    variables = {name: _filled_in(value, sandbox) for name, value in step.get("env", {}).items()}
    run_script(step["run"], {**os.environ, **variables}, folder)


def _check_out(ref, sandbox, folder):
    """Without *ref*, the commit that has started the run."""
    ref = ref or sandbox.github["sha"]
    run_script(f"git clone --quiet '{sandbox.github['repository']}' .", folder=folder)
    run_script(f"git checkout --quiet {ref}", folder=folder)


def _filled_in(value, sandbox):
    """Fill in secrets and facts. A secret that is not set is empty, as at GitHub."""

    def secret(found):
        path = sandbox.secret(found[1])
        return path.read_text(encoding="utf-8") if path.exists() else ""

    return _FACT.sub(lambda fact: sandbox.github[fact[1]], _SECRET.sub(secret, value))
