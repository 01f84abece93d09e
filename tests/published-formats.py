#!/usr/bin/env python3
"""letgo's outputs on fixtures/projects against the published schemas and, where they are installed, the real readers.

usage: tests/published-formats.py [--letgo PROGRAM] [--schemas DIR] [--need READER,...]

The schemas are taken from DIR by their names below, or from where they are published; none is part of this repository. Needs
`pip install jsonschema lxml`. Readers, each used where it is there and named where it is not (`--need` makes that a failure):

  protobuf   pip install grpcio-tools             parses rdjson as reviewdog does, by its .proto, unknown fields refused
  junit      pip install junitparser              reads JUnit
  rdformat   npm i @umbrelladocs/rdformat-validator   in strict mode
  sarif      npm i @microsoft/sarif-multitool     its own rules and those of code scanning
  actionlint its release, or a wheel              the workflows of `letgo init`, docs/ and .github/, with action.yml's inputs
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PUBLISHED = {
    "DiagnosticResult.json": "https://raw.githubusercontent.com/reviewdog/reviewdog/master/proto/rdf/jsonschema/DiagnosticResult.json",
    "reviewdog.proto": "https://raw.githubusercontent.com/reviewdog/reviewdog/master/proto/rdf/reviewdog.proto",
    "codeclimate.json": "https://gitlab.com/gitlab-org/gitlab/-/raw/master/app/validators/json_schemas/codeclimate.json",
    "sarif-schema-2.1.0.json": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    "junit-10.xsd": "https://raw.githubusercontent.com/jenkinsci/xunit-plugin/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd",
}
# GitLab's documentation, beyond its schema.
SEVERITIES = {"info", "minor", "major", "critical", "blocker"}
# A project whose names and texts are as awkward as a file system and a compiler allow.
AWKWARD = """use sqlx::PgPool;
pub async fn f(pool: &PgPool) -> sqlx::Result<()> {
    let mut tx = pool.begin().await?; // ::error::no ##[add-path]x <b>&amp;]]> \u202e
    sqlx::query("ä 😀 ]]> <script>").execute(&mut *tx).await?;
    sqlx::query("😀").execute(pool).await?;
    tx.commit().await
}
"""
wrong, used = [], []


def schema(name, folder):
    if folder:
        return (folder / name).read_bytes()
    with urllib.request.urlopen(PUBLISHED[name], timeout=60) as answer:
        return answer.read()


def run(letgo, project, out):
    formats = {f: out / f"{project.name.replace(' ', '-')}.{f}" for f in ("rdjson", "gitlab", "sarif", "junit", "github")}
    command = [letgo, "check", "-q", "-D", "warnings", "-W", "pedantic"]
    for name, path in formats.items():
        command += ["--output-format", f"{name}={path}"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"letgo ends with {done.returncode} in {project}:\n{done.stderr}")
    return formats


def by_schema(validator, value, what):
    for error in validator.iter_errors(value):
        wrong.append(f"{what}: {error.json_path}: {error.message}")


def judge_schemas(outputs, folder):
    import jsonschema
    from lxml import etree

    load = lambda name: json.loads(schema(name, folder))
    result, issue = (jsonschema.Draft4Validator(load(n)) for n in ("DiagnosticResult.json", "codeclimate.json"))
    log = load("sarif-schema-2.1.0.json")
    log = jsonschema.validators.validator_for(log)(log)
    suite = etree.XMLSchema(etree.fromstring(schema("junit-10.xsd", folder)))
    for formats in outputs:
        by_schema(result, json.loads(formats["rdjson"].read_text()), formats["rdjson"].name)
        by_schema(log, json.loads(formats["sarif"].read_text()), formats["sarif"].name)
        issues = json.loads(formats["gitlab"].read_text())
        for one in issues:
            by_schema(issue, one, formats["gitlab"].name)
            if one["severity"] not in SEVERITIES:
                wrong.append(f"{formats['gitlab'].name}: severity {one['severity']}")
        if len({one["fingerprint"] for one in issues}) != len(issues):
            wrong.append(f"{formats['gitlab'].name}: two findings have one fingerprint")
        if not suite.validate(etree.parse(formats["junit"])):
            wrong.extend(f"{formats['junit'].name}: {e}" for e in suite.error_log)


def judge_protobuf(outputs, folder):
    from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
    from grpc_tools import protoc
    import grpc_tools

    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "reviewdog.proto").write_bytes(schema("reviewdog.proto", folder))
        well_known = str(Path(grpc_tools.__file__).parent / "_proto")
        made = Path(scratch, "set")
        if protoc.main(["", f"-I{scratch}", f"-I{well_known}", f"--descriptor_set_out={made}", "--include_imports", "reviewdog.proto"]):
            sys.exit("reviewdog.proto does not compile")
        pool = descriptor_pool.DescriptorPool()
        for file in descriptor_pb2.FileDescriptorSet.FromString(made.read_bytes()).file:
            pool.Add(file)
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName("reviewdog.rdf.DiagnosticResult"))
    for formats in outputs:
        try:
            json_format.Parse(formats["rdjson"].read_text(), kind())
        except json_format.ParseError as error:
            wrong.append(f"{formats['rdjson'].name}: {error}")


def judge_junit(outputs):
    import junitparser

    for formats in outputs:
        suites = junitparser.JUnitXml.fromfile(str(formats["junit"]))
        cases = [case for suite in suites for case in suite]
        findings = len(json.loads(formats["gitlab"].read_text()))
        failed = sum(any(isinstance(r, junitparser.Failure) for r in case.result) for case in cases)
        if failed != findings or len(cases) != max(findings, 1):
            wrong.append(f"{formats['junit'].name}: {len(cases)} cases, {failed} failed, {findings} findings")


def tool(name):
    local = [Path(d) / "node_modules/.bin" for d in (os.environ.get("NODE_TOOLS", "."), HERE)]
    return shutil.which(name, path=os.pathsep.join([*map(str, local), os.environ["PATH"]]))


def judge_program(outputs, name, command):
    for formats in outputs:
        done = subprocess.run(command(formats), capture_output=True, text=True)
        if done.returncode != 0:
            wrong.append(f"{name}: {(done.stdout + done.stderr)[:2000]}")


def judge_workflow(letgo, scratch, program):
    folder = scratch / "init"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    # What `uses: ./.letgo` names, so that its inputs are judged too.
    (folder / ".letgo").mkdir()
    shutil.copy(HERE / "action.yml", folder / ".letgo")
    subprocess.run([letgo, "init"], cwd=folder, check=True, capture_output=True)
    files = [*folder.glob(".github/workflows/*.yml"), *HERE.glob(".github/workflows/*.yml")]
    # Pages' workflows are as they stand there, between fences.
    for page in HERE.glob("docs/*.md"):
        for n, block in enumerate(page.read_text().split("```yaml\n")[1:]):
            block = block.split("```")[0]
            if block.lstrip().startswith("on:"):
                file = folder / f".github/workflows/{page.stem}-{n}.yml"
                file.write_text(block)
                files.append(file)
    done = subprocess.run([program, "-no-color", *map(str, files)], cwd=folder, capture_output=True, text=True)
    wrong.extend(line for line in (done.stdout + done.stderr).splitlines() if line)
    return len(files)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letgo", default=HERE / "target/debug/letgo", type=Path)
    parser.add_argument("--schemas", type=Path)
    parser.add_argument("--need", default="")
    args = parser.parse_args()
    letgo = str(args.letgo.resolve())
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        awkward = scratch / "my ä project"
        (awkward / "src").mkdir(parents=True)
        (awkward / "Cargo.toml").write_text('[package]\nname = "a"\nedition = "2021"\n[dependencies]\nsqlx = "0.8"\n')
        (awkward / "src/lib.rs").write_text(AWKWARD)
        projects = [p for p in sorted((HERE / "fixtures/projects").iterdir()) if p.is_dir()] + [awkward]
        outputs = [run(letgo, project, scratch) for project in projects]
        judge_schemas(outputs, args.schemas)
        used.append("schemas")
        if importlib.util.find_spec("grpc_tools"):
            judge_protobuf(outputs, args.schemas)
            used.append("protobuf")
        if importlib.util.find_spec("junitparser"):
            judge_junit(outputs)
            used.append("junit")
        if program := tool("rdformat-validator"):
            judge_program(outputs, "rdformat", lambda f: [program, "--silent", "--strict", "--no-extra-fields", f["rdjson"]])
            used.append("rdformat")
        if program := tool("sarif-multitool-linux") or tool("sarif-multitool"):
            for kind in ("Sarif", "Gh"):
                judge_program(outputs, "sarif", lambda f: [program, "validate", f["sarif"], "--rule-kind", kind])
            used.append("sarif")
        if program := tool("actionlint"):
            files = judge_workflow(letgo, scratch, program)
            used.append(f"actionlint ({files} workflows)")
        findings = sum(len(json.loads(f["gitlab"].read_text())) for f in outputs)
    names = {word.split()[0] for word in used}
    missing = [w for w in ("protobuf", "junit", "rdformat", "sarif", "actionlint") if w not in names]
    wrong.extend(f"{name} is needed and not installed" for name in args.need.split(",") if name in missing)
    for line in wrong:
        print(f"WRONG {line}")
    print(f"{findings} findings of {len(projects)} projects; judged by {', '.join(used)}; not there: {', '.join(missing) or 'none'}")
    sys.exit(1 if wrong or not findings else 0)


main()
