"""config/kubernetes: the manifests and what they mount."""

import os

import yaml

import dockerfile
from compose import project_version
from server import check_image, check_memory, check_secrets, seconds, size

FOLDER = "config/kubernetes"
ENDPOINTS = {"livenessProbe": "/health", "startupProbe": "/health", "readinessProbe": "/ready"}


class Manifests:
    """What `kubectl apply -k` would send, but for the hashes in names."""

    def __init__(self, root, secrets, breaches):
        self.objects = {}   # (kind, name) -> document
        self.contents = {}  # (kind, name) -> {file name: text}, of what is mounted
        kustomization = self.read(root, "kustomization.yaml", breaches)
        self.namespace = kustomization.get("namespace")
        for file in kustomization["resources"]:
            for document in self.read_all(root, file, breaches):
                self.objects[document["kind"], document["metadata"]["name"]] = document
        for generator in kustomization["configMapGenerator"]:
            self.contents["ConfigMap", generator["name"]] = {
                os.path.basename(file): self.text(root, file, breaches) for file in generator["files"]}
        for generator in kustomization["secretGenerator"]:
            if "literals" in generator or "envs" in generator:
                breaches.add(FOLDER + "/kustomization.yaml", f"secret {generator['name']} is no file")
            files = {}
            for file in generator.get("files", []):
                name = os.path.basename(file)
                if os.path.dirname(file) != "secrets" or name not in secrets:
                    breaches.add(FOLDER + "/kustomization.yaml", f"{file} is no file that config/make-secrets makes")
                files[name] = secrets.get(name, "")
            self.contents["Secret", generator["name"]] = files

    def text(self, root, file, breaches):
        path = os.path.join(root, FOLDER, file)
        if not os.path.isfile(path):
            breaches.add(FOLDER + "/kustomization.yaml", f"{file} does not exist")
            return ""
        with open(path, encoding="utf-8") as opened:
            text = opened.read()
        check_secrets(f"{FOLDER}/{file}", text, breaches)
        return text

    def read_all(self, root, file, breaches):
        return [document for document in yaml.safe_load_all(self.text(root, file, breaches)) if document]

    def read(self, root, file, breaches):
        return self.read_all(root, file, breaches)[0]

    def of_kind(self, kind):
        return {name: document for (its_kind, name), document in self.objects.items() if its_kind == kind}


def mounts(manifests, where, pod, container, breaches):
    """{path in the container: text}; a folder that is only written to has none."""
    found = {}
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    for mount in container.get("volumeMounts", []):
        volume = volumes.get(mount["name"])
        if volume is None:
            breaches.add(where, f"mounts {mount['name']}, which is no volume")
            continue
        if "emptyDir" in volume:
            continue
        key = ("ConfigMap", volume["configMap"]["name"]) if "configMap" in volume else \
            ("Secret", volume["secret"]["secretName"])
        if key not in manifests.contents:
            breaches.add(where, f"mounts the {key[0]} {key[1]}, which kustomization.yaml does not make")
            continue
        if mount.get("readOnly") is not True:
            breaches.add(where, f"may write to {mount['mountPath']}")
        for name, text in manifests.contents[key].items():
            found[f"{mount['mountPath']}/{name}"] = text
    return found


def check_pod(where, pod, container, breaches):
    """What holds for every pod."""
    security = {**pod.get("securityContext", {}), **container.get("securityContext", {})}
    wanted = {"runAsNonRoot": True, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False,
              "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}
    for key, value in wanted.items():
        if security.get(key) != value:
            breaches.add(where, f"securityContext.{key} is not {value}")
    if not security.get("runAsUser") or not security.get("fsGroup"):
        breaches.add(where, "securityContext names no user and group above 0 to read the secrets")
    if pod.get("automountServiceAccountToken") is not False:
        breaches.add(where, "has a token of the cluster: automountServiceAccountToken: false")
    check_image(where, container["image"], breaches)
    limits = container.get("resources", {})
    if size(limits.get("limits", {}).get("memory")) is None or "cpu" not in limits.get("requests", {}):
        breaches.add(where, "resources lack a limit of memory or a request of cpu")
    for name in ("livenessProbe", "readinessProbe"):
        if name not in container:
            breaches.add(where, f"has no {name}")


def check_probes(where, container, settings, breaches):
    ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
    for name, path in ENDPOINTS.items():
        probe = container.get(name, {}).get("httpGet", {})
        port = ports.get(probe.get("port"), probe.get("port"))
        if probe.get("path") != path:
            breaches.add(where, f"{name} asks for {probe.get('path')}, not {path}")
        if port != settings["port"]:
            breaches.add(where, f"{name} asks port {port}, the server listens on {settings['port']}")
    if ports.get("metrics") != settings["metrics_port"] or not settings["metrics_enabled"]:
        breaches.add(where, "its port `metrics` is not that of the server")


def check_node(root, manifests, server, breaches):
    where = f"{FOLDER}/peer-server.yaml"
    deployment = manifests.objects["Deployment", "peer-server"]
    template = deployment["spec"]["template"]
    pod = template["spec"]
    container = pod["containers"][0]
    environment = {}
    for entry in container.get("env", []):
        environment[entry["name"]] = str(entry.get("value", ""))
    if pod.get("enableServiceLinks") is not False:
        breaches.add(where, "enableServiceLinks puts variables into the environment that set no key")
    files = mounts(manifests, where, pod, container, breaches)
    settings = server.settings(where, container["command"], environment, files, breaches)
    if not settings:
        return
    check_probes(where, container, settings, breaches)
    annotations = template["metadata"].get("annotations", {})
    if annotations.get("prometheus.io/port") != str(settings["metrics_port"]) or \
            annotations.get("prometheus.io/path") != "/metrics":
        breaches.add(where, "prometheus.io/port and /path are not those of the server's metrics")

    hook = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
    if hook[:1] != ["sleep"]:
        breaches.add(where, "has no preStop hook that waits until the Service has forgotten the pod")
        return
    stop = float(hook[1]) + seconds(settings["drain_delay"]) + seconds(settings["shutdown_timeout"])
    grace = pod.get("terminationGracePeriodSeconds", 30)
    if grace <= stop:
        breaches.add(where, f"terminationGracePeriodSeconds is {grace}; preStop, drain_delay and shutdown_timeout "
                            f"are {stop:g} s")
    interval = container.get("readinessProbe", {}).get("periodSeconds", 10)
    if seconds(settings["drain_delay"]) < interval:
        breaches.add(where, f"drain_delay is shorter than the {interval} s between two readiness probes")

    if deployment["spec"].get("replicas", 1) < 2:
        breaches.add(where, "one replica only")
    if pod["securityContext"].get("runAsUser") != dockerfile.user(root):
        breaches.add(where, f"runAsUser is not {dockerfile.user(root)}, the user of the image")
    if container["image"].partition(":")[2] != project_version(root):
        breaches.add(where, f"image {container['image']} is not of the project's version, {project_version(root)}")
    check_memory(where, size(container["resources"].get("limits", {}).get("memory")), settings, breaches)

    redis, _, port = settings["plugins"]["broker"].get("options", {}).get("addr", "").partition(":")
    ports = [str(entry["port"]) for entry in manifests.objects.get(("Service", redis), {"spec": {"ports": []}})
             ["spec"]["ports"]]
    if port not in ports:
        breaches.add(where, f"its Redis is {redis}:{port}, and no Service is called so")


def check_selectors(manifests, breaches):
    """Each selector finds the pods that it is for."""
    labels = {name: deployment["spec"]["template"]["metadata"]["labels"]
              for name, deployment in manifests.of_kind("Deployment").items()}

    def selects(selector, name):
        return bool(selector) and selector.items() <= labels[name].items()

    for name, deployment in manifests.of_kind("Deployment").items():
        where = f"{FOLDER}: Deployment {name}"
        if not selects(deployment["spec"]["selector"]["matchLabels"], name):
            breaches.add(where, "its selector is not that of its own pods")
        service = manifests.objects.get(("Service", name))
        container = deployment["spec"]["template"]["spec"]["containers"][0]
        ports = {port["name"] for port in container["ports"]}
        if not service or not selects(service["spec"]["selector"], name):
            breaches.add(where, "no Service of its name finds its pods")
        elif service["spec"]["ports"][0]["targetPort"] not in ports:
            breaches.add(where, "its Service goes to a port that it does not have")
    budget = manifests.objects.get(("PodDisruptionBudget", "peer-server"), {}).get("spec", {})
    if not selects(budget.get("selector", {}).get("matchLabels"), "peer-server") or budget.get("maxUnavailable") != 1:
        breaches.add(FOLDER, "no PodDisruptionBudget that takes one node at a time")

    policy = manifests.objects.get(("NetworkPolicy", "redis"), {}).get("spec", {})
    rules = policy.get("ingress") or []
    sources = [source for rule in rules for source in rule.get("from", [{}])]
    if not selects(policy.get("podSelector", {}).get("matchLabels"), "redis") or \
            set(policy.get("policyTypes", [])) != {"Ingress", "Egress"} or policy.get("egress") or \
            len(sources) != 1 or \
            not selects(sources[0].get("podSelector", {}).get("matchLabels"), "peer-server") or \
            "namespaceSelector" in sources[0]:
        breaches.add(FOLDER, "the NetworkPolicy of Redis lets in others than the nodes, or lets it out")


def check(root, server, secrets, breaches):
    manifests = Manifests(root, secrets, breaches)
    if {"peer-server", "redis"} - manifests.of_kind("Deployment").keys():
        breaches.add(FOLDER, "wants the Deployments peer-server and redis")
        return
    if manifests.of_kind("Secret"):
        breaches.add(FOLDER, "a Secret in a manifest: secretGenerator makes it of a file")
    if ("Namespace", manifests.namespace) not in manifests.objects:
        breaches.add(FOLDER, f"the namespace {manifests.namespace} is not made")
    for name, deployment in manifests.of_kind("Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        for container in pod["containers"]:
            check_pod(f"{FOLDER}: Deployment {name}", pod, container, breaches)
            mounts(manifests, f"{FOLDER}: Deployment {name}", pod, container, breaches)
    check_node(root, manifests, server, breaches)
    check_selectors(manifests, breaches)
