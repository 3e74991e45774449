"""The manifests in deploy/: valid Kubernetes, and in step with the settings, the image, the routes and each other."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml

from server.test_deployment import KNOWN, ROOT, instructions
from tintype import __version__
from tintype.cli import app as command_line
from tintype.server.app import create_app
from tintype.server.predictor.address import http_address
from tintype.server.settings import Settings

DEPLOY = ROOT / "deploy"
VERSIONS = ("1.30", "1.37")  # of Kubernetes: the oldest and the newest that are asked
FOREIGN = {
    "AWS_ENDPOINT_URL",
    "AWS_DEFAULT_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "RAY_AUTH_MODE",
    "RAY_AUTH_TOKEN",
    "RAY_USAGE_STATS_ENABLED",
}
IMAGES = {f"tintype:{__version__}", f"tintype-predictor:{__version__}"}
Document = dict[str, Any]


def load(path: Path) -> list[Document]:
    return [dict(one) for one in yaml.safe_load_all(path.read_text())]


def resources(folder: Path) -> list[Document]:
    """What `kubectl apply -k` sends, patches of a ConfigMap's data put in."""
    told = load(folder / "kustomization.yaml")[0]
    found: list[Document] = []
    for name in told["resources"]:
        found += resources(folder / name) if (folder / name).is_dir() else load(folder / name)
    for patch in told.get("patches", []):
        (change,) = load(folder / patch["path"])
        named("ConfigMap", change["metadata"]["name"], found)["data"] |= change["data"]
    return found


def named(kind: str, name: str, among: list[Document]) -> Document:
    (found,) = [one for one in among if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return found


SECRETS = [DEPLOY / folder / "secret.example.yaml" for folder in ("server", "predictor")]
ALL = [*resources(DEPLOY / "predictor"), *(one for path in SECRETS for one in load(path))]
IDS = [f"{one['kind']}-{one['metadata']['name']}" for one in ALL]
PODS = [one for one in ALL if one["kind"] in ("Deployment", "Job")]


def of_kind(kind: str) -> list[Document]:
    return [one for one in ALL if one["kind"] == kind]


def pod(one: Document) -> Document:
    return dict(one["spec"]["template"])


def containers() -> Iterator[tuple[Document, Document]]:
    for one in PODS:
        for container in pod(one)["spec"]["containers"]:
            yield pod(one)["spec"], container


def selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    return selector.items() <= labels.items()


def words(container: Document) -> list[list[str]]:
    """The commands of a container: several where a shell runs them."""
    given = [*container["command"], *container.get("args", [])]
    if given[:2] != ["sh", "-c"]:
        return [given]
    return [[word for word in part.split() if word != "exec"] for part in given[2].split("&&")]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("one", ALL, ids=IDS)
def test_kubernetes_takes_it(one: Document, version: str) -> None:
    kubernetes_validate.validate(one, version, strict=True)


def test_kubernetes_would_refuse_a_mistake() -> None:
    wrong = json.loads(json.dumps(named("Deployment", "tintype-app", ALL)))
    wrong["spec"]["template"]["spec"]["containers"][0]["port"] = 8000
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_every_file_is_used() -> None:
    used = set(SECRETS)
    for folder in (DEPLOY / "server", DEPLOY / "predictor"):
        told = load(folder / "kustomization.yaml")[0]
        names = ["kustomization.yaml", *told["resources"], *(patch["path"] for patch in told.get("patches", []))]
        used |= {(folder / name).resolve() for name in names}
    assert set(DEPLOY.rglob("*.yaml")) <= used
    assert len(set(IDS)) == len(IDS)


def test_variables_are_settings_with_possible_values(monkeypatch: pytest.MonkeyPatch) -> None:
    config, secret = named("ConfigMap", "tintype", ALL)["data"], named("Secret", "tintype", ALL)["stringData"]
    assert not set(config) & set(secret)
    for _, container in containers():
        own = {entry["name"]: entry["value"] for entry in container.get("env", []) if "value" in entry}
        for entry in container.get("env", []):
            if "value" not in entry:
                asked = entry["valueFrom"]["secretKeyRef"]
                own[entry["name"]] = named("Secret", asked["name"], ALL)["stringData"][asked["key"]]
        values = config | secret | own
        assert set(values) <= KNOWN | FOREIGN
        with monkeypatch.context() as patch:
            for name, value in values.items():
                assert isinstance(value, str), f"{name} must be quoted"
                patch.setenv(name, value)
            settings = Settings()
    assert settings.workers == 0
    assert not settings.migrate
    assert settings.database.startswith("postgresql+psycopg://")
    assert settings.queue.startswith("redis://")
    assert settings.tokens
    assert "CHANGE" in secret["TINTYPE_DATABASE_URL"]  # no real secret was committed


def test_secrets_are_where_secrets_belong() -> None:
    secret = {
        "TINTYPE_" + name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)
    }
    assert not secret & set(named("ConfigMap", "tintype", ALL)["data"])


def test_pods_have_no_rights_and_say_what_they_need() -> None:
    uid = re.search(r"--uid (\d+)", next(text for kind, text in instructions() if "useradd" in text))
    assert uid is not None
    for spec, container in containers():
        assert spec["securityContext"]["runAsNonRoot"]
        assert spec["securityContext"]["runAsUser"] == int(uid[1])
        assert spec["enableServiceLinks"] is False  # a Service called tintype would set TINTYPE_PORT
        assert spec["automountServiceAccountToken"] is False
        named("ServiceAccount", spec["serviceAccountName"], ALL)
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"]
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert rights["allowPrivilegeEscalation"] is False
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]


def test_images_folders_and_ports_are_those_of_the_dockerfile() -> None:
    steps = dict(instructions())
    volume, port = steps["VOLUME"], int(steps["EXPOSE"])
    for spec, container in containers():
        assert container["image"] in IMAGES
        mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert mounts.keys() == {one["name"] for one in spec["volumes"]}
        assert volume in mounts.values()
    (app_container,) = pod(named("Deployment", "tintype-app", ALL))["spec"]["containers"]
    assert [one["containerPort"] for one in app_container["ports"]] == [port]
    assert app_container["command"] == json.loads(steps["CMD"])


def test_probes_ask_addresses_that_answer() -> None:
    paths = set(create_app(Settings()).openapi()["paths"])
    for _, container in containers():
        names = {port["name"] for port in container.get("ports", [])}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            if probe in container:
                asked = container[probe]["httpGet"]
                assert asked["port"] in names
                known = (
                    paths if container["name"] == "app" else {"/tint/models", "/-/healthz"}
                )  # of the application and Ray
                assert asked["path"] in known
    (app_container,) = pod(named("Deployment", "tintype-app", ALL))["spec"]["containers"]
    assert app_container["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert app_container["livenessProbe"]["httpGet"]["path"] == "/health"  # a database that is away is no reason to die


def test_commands_are_commands() -> None:
    verbs: Any = typer.main.get_command(command_line)
    for _, container in containers():
        for command in words(container):
            if command[0] == "tintype":
                verb = verbs.get_command(verbs.make_context("tintype", []), command[1])
                verb.make_context(command[1], list(command[2:]))
            else:
                assert command[:2] == ["ray", "start"] or command == ["python", "-m", "tintype.server.migrate"]


def test_selectors_find_pods() -> None:
    labels = [pod(one)["metadata"]["labels"] for one in PODS]
    for one in of_kind("Deployment"):
        wanted = one["spec"]["selector"]["matchLabels"]
        assert selects(wanted, pod(one)["metadata"]["labels"])
        assert sum(selects(wanted, found) for found in labels) == 1, "pods of two deployments would be mixed up"
    for one in of_kind("Service"):
        (target,) = [found for found in PODS if selects(one["spec"]["selector"], pod(found)["metadata"]["labels"])]
        ports = {port["name"] for port in pod(target)["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in one["spec"]["ports"]} <= ports
    for one in of_kind("PodDisruptionBudget"):
        assert any(selects(one["spec"]["selector"]["matchLabels"], found) for found in labels)
    for one in of_kind("HorizontalPodAutoscaler"):
        target = named("Deployment", one["spec"]["scaleTargetRef"]["name"], ALL)
        assert one["spec"]["minReplicas"] <= target["spec"]["replicas"] <= one["spec"]["maxReplicas"]


def test_the_network_is_closed_and_what_must_talk_may() -> None:
    policies = of_kind("NetworkPolicy")
    for one in PODS:
        labels = pod(one)["metadata"]["labels"]
        assert any(selects(policy["spec"]["podSelector"]["matchLabels"], labels) for policy in policies)
    app_policy = named("NetworkPolicy", "tintype-app", ALL)
    assert [port["port"] for port in app_policy["spec"]["ingress"][0]["ports"]] == [8000]
    rules = named("NetworkPolicy", "tintype-predictor", ALL)["spec"]["ingress"]
    allowed = [place["podSelector"]["matchLabels"] for place in rules[1]["from"]]
    for name in ("tintype-app", "tintype-worker"):
        labels = pod(named("Deployment", name, ALL))["metadata"]["labels"]
        assert any(selects(one, labels) for one in allowed)


def test_the_predictor_is_where_the_settings_say() -> None:
    address = http_address(named("ConfigMap", "tintype", ALL)["data"]["TINTYPE_PREDICTOR"])
    host, _, rest = address.removeprefix("http://").partition(":")
    port, _, name = rest.partition("/")
    service = named("Service", host, ALL)
    assert int(port) in {one["port"] for one in service["spec"]["ports"]}
    (head,) = pod(named("Deployment", "tintype-predictor-head", ALL))["spec"]["containers"]
    deployed = words(head)[1]
    assert deployed[deployed.index("--name") + 1] == name
    assert deployed[deployed.index("--port") + 1] == port
    (node,) = pod(named("Deployment", "tintype-predictor-node", ALL))["spec"]["containers"]
    assert f"--address={host}:6379" in node["command"]
    server_alone = resources(DEPLOY / "server")
    assert named("ConfigMap", "tintype", server_alone)["data"]["TINTYPE_PREDICTOR"] == "local"
