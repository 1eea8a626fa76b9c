"""config/docker/compose.yaml and what it mounts."""

import functools
import os
import re
import shutil
import subprocess
import tempfile

import yaml

import dockerfile
from server import Breaches, check_image, check_memory, check_secrets, seconds, size

FOLDER = "config/docker"
WHERE = FOLDER + "/compose.yaml"


def variables(path):
    """Of a file of NAME=value lines."""
    with open(path, encoding="utf-8") as file:
        return dict(line.strip().split("=", 1) for line in file if re.match(r"[A-Z_]+=", line))


def interpolate(value, values):
    """${NAME:?...} and $$ in every text, as Compose does it."""
    if isinstance(value, dict):
        return {key: interpolate(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, values) for item in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\$|\$\{(\w+)(:\?[^}]*)?\}", lambda m: "$" if m[0] == "$$" else values[m[1]], value)


def load(root):
    with open(os.path.join(root, WHERE), encoding="utf-8") as file:
        return interpolate(yaml.safe_load(file), variables(os.path.join(root, FOLDER, "env.example")))


def addresses(service):
    networks = service.get("networks", {})
    return [network["ipv4_address"] for network in networks.values() if network and "ipv4_address" in network] \
        if isinstance(networks, dict) else []


def mounts(root, document, name, secrets, breaches):
    """{path in the container: text} of a service."""
    service = document["services"][name]
    found = {}
    for volume in service.get("volumes", []):
        source, target, *mode = volume.split(":")
        path = os.path.normpath(os.path.join(root, FOLDER, source))
        if not os.path.isfile(path):
            breaches.add(WHERE, f"{name}: mounts {source}, which does not exist")
            continue
        if mode != ["ro"]:
            breaches.add(WHERE, f"{name}: may write to {source}")
        with open(path, encoding="utf-8") as file:
            found[target] = file.read()
    for secret in service.get("secrets", []):
        file = document["secrets"].get(secret, {}).get("file")
        if not file or os.path.dirname(file) != "./secrets" or os.path.basename(file) not in secrets:
            breaches.add(WHERE, f"{name}: secret {secret} is no file that config/make-secrets makes")
            continue
        found["/run/secrets/" + secret] = secrets[os.path.basename(file)]
    return found


def check_service(document, name, breaches):
    """What holds for every service."""
    def breach(what):
        breaches.add(WHERE, f"{name}: {what}")

    service = document["services"][name]
    ours = service["image"].startswith("peer-server:")
    check_image(f"{WHERE}: {name}", service["image"], breaches)
    if service.get("read_only") is not True:
        breach("its root is not read_only")
    if service.get("cap_drop") != ["ALL"] or service.get("cap_add") or service.get("privileged"):
        breach("has capabilities: cap_drop: [ALL]")
    if "no-new-privileges:true" not in service.get("security_opt", []):
        breach("may gain privileges: security_opt: no-new-privileges:true")
    if service.get("network_mode"):
        breach("is in the network of the machine")
    if not ours and not re.fullmatch(r"[1-9]\d*:[1-9]\d*", str(service.get("user", ""))):
        breach("runs as root: user")
    if service.get("ports") and name not in ("nginx", "coturn"):
        breach(f"publishes {service['ports']}")
    if size(service.get("mem_limit")) is None:
        breach("has no mem_limit")
    health = service.get("healthcheck", {})
    if not health.get("test") or not all(key in health for key in ("interval", "timeout", "retries")):
        breach("its healthcheck lacks test, interval, timeout or retries")
    for other, how in service.get("depends_on", {}).items():
        if other not in document["services"]:
            breach(f"depends on {other}, which is no service")
        elif how.get("condition") != "service_healthy":
            breach(f"depends on {other} without condition: service_healthy")


def check_node(root, document, name, files, server, breaches):
    """A node of ours; gives its settings."""
    def breach(what):
        breaches.add(WHERE, f"{name}: {what}")

    service = document["services"][name]
    settings = server.settings(f"{WHERE}: {name}", service["command"], service.get("environment", {}), files,
                               breaches)
    if not settings:
        return {}
    if service["healthcheck"]["test"] != ["CMD", *service["command"], "--health-check"]:
        breach("its healthcheck is not its command with --health-check")
    stop = seconds(settings["drain_delay"]) + seconds(settings["shutdown_timeout"])
    grace = seconds(service.get("stop_grace_period", "10s"))
    if grace <= stop:
        breach(f"stop_grace_period is {grace:g} s, drain_delay and shutdown_timeout are {stop:g} s")
    if service.get("ulimits", {}).get("nofile", 0) <= settings["max_peers"] + 30:
        breach(f"ulimits.nofile is not above max_peers, {settings['max_peers']}")
    check_memory(f"{WHERE}: {name}", size(service.get("mem_limit")), settings, breaches)
    if not dockerfile.user(root) and "user" not in service:
        breach("its image runs as root")
    redis, _, port = settings["plugins"]["broker"].get("options", {}).get("addr", "").partition(":")
    if redis not in service.get("depends_on", {}) or port != "6379":
        breach(f"its Redis is {redis}:{port}, on which it does not depend")
    if settings.get("trusted_proxies") != addresses(document["services"]["nginx"]):
        breach("trusted_proxies is not the address of nginx")
    return settings


def check_nginx(files, nodes, breaches):
    """`nodes`: address:port of each."""
    where = FOLDER + "/nginx.conf"
    servers = re.findall(r"^\s*server ([\d.]+:\d+)", files.get("/etc/nginx/nginx.conf", ""), re.M)
    if sorted(servers) != sorted(nodes):
        breaches.add(where, f"passes on to {servers}, the nodes are {nodes}")
    complaint = test_nginx(tuple(sorted(files.items())))
    if complaint:
        breaches.add(where, "nginx refuses it: " + complaint)


@functools.cache
def test_nginx(mounted):
    """What nginx says of its configuration; "" if nothing, and where it is not installed."""
    files = dict(mounted)
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not nginx or "/etc/nginx/nginx.conf" not in files:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        # What this test may not do here, where a container may: so many files, and /tmp for itself.
        text = files["/etc/nginx/nginx.conf"].replace("/tmp/", folder + "/")
        text = re.sub(r"worker_rlimit_nofile.*|worker_connections.*", "", text)
        for path, content in files.items():
            target = os.path.join(folder, os.path.basename(path))
            text = text.replace(path, target)
            with open(target, "w", encoding="utf-8") as file:
                file.write(content)
        with open(os.path.join(folder, "nginx.conf"), "w", encoding="utf-8") as file:
            file.write(text)
        tested = subprocess.run([nginx, "-t", "-q", "-c", file.name], capture_output=True, text=True, timeout=30,
                                check=False)
        return "" if tested.returncode == 0 else tested.stderr.strip().replace(folder, "")


def check(root, server, secrets, breaches):
    """`secrets`: {name: text} of what config/make-secrets makes."""
    for file in sorted(os.listdir(os.path.join(root, FOLDER))):
        path = os.path.join(root, FOLDER, file)
        if os.path.isfile(path) and not file.startswith("."):
            with open(path, encoding="utf-8") as text:
                check_secrets(f"{FOLDER}/{file}", text.read(), breaches)

    document = load(root)
    services = document["services"]
    nodes = [name for name, service in services.items() if service["image"].startswith("peer-server:")]
    if len(nodes) < 2 or not {"redis", "coturn", "nginx"} <= services.keys():
        breaches.add(WHERE, "wants two nodes, redis, coturn and nginx")
        return
    targets = []
    for name in services:
        check_service(document, name, breaches)
        files = mounts(root, document, name, secrets, breaches)
        if name in nodes:
            port = check_node(root, document, name, files, server, breaches).get("port", 8080)
            targets += [f"{address}:{port}" for address in addresses(services[name])]
    for name in nodes:
        version = services[name]["image"].partition(":")[2]
        if version != project_version(root):
            breaches.add(WHERE, f"{name}: version {version} is not {project_version(root)}, the project's")
    check_nginx(mounts(root, document, "nginx", secrets, Breaches()), targets, breaches)
    check_turn(root, services["coturn"], breaches)


def project_version(root):
    with open(os.path.join(root, "CMakeLists.txt"), encoding="utf-8") as file:
        return re.search(r"project\(\S+ VERSION ([\d.]+)", file.read())[1]


def check_turn(root, service, breaches):
    with open(os.path.join(root, FOLDER, "turnserver.conf"), encoding="utf-8") as file:
        text = file.read()
    low, high = (re.search(rf"^{key}-port=(\d+)", text, re.M)[1] for key in ("min", "max"))
    if f"{low}-{high}:{low}-{high}/udp" not in service["ports"]:
        breaches.add(WHERE, f"coturn: does not publish its relays' ports, {low} to {high}")
    if "turn_secret" not in service.get("secrets", []):
        breaches.add(WHERE, "coturn: does not have the nodes' turn_secret")
