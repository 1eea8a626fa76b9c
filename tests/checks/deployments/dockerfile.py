"""The Dockerfile: instructions, what it copies, who runs what in the end."""

import json
import os
import re
import shlex

from server import check_image, check_secrets


def instructions(text):
    """[(word, rest)] of a Dockerfile; continued lines are joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word.upper(), rest) for word, _, rest in
            (line.strip().partition(" ") for line in joined.splitlines() if line.strip())]


def stages(text):
    """[(image, name, [(word, rest)])] of the stages."""
    found = []
    for word, rest in instructions(text):
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            found.append((image.strip(), name.strip(), []))
        elif found:
            found[-1][2].append((word, rest))
    return found


def last(stage, word):
    values = [rest for name, rest in stage if name == word]
    return values[-1] if values else ""


def exec_form(text):
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def user(root):
    """The number of the user that the image runs as, or None."""
    found = re.fullmatch(r"(\d+)(:\d+)?", last(stages(read(root))[-1][2], "USER"))
    return int(found[1]) if found else None


def read(root):
    with open(os.path.join(root, "config/docker/Dockerfile"), encoding="utf-8") as file:
        return file.read()


def check(root, server, breaches):
    where = "config/docker/Dockerfile"
    text = read(root)
    check_secrets(where, text, breaches)
    built = stages(text)
    names = [name for _, name, _ in built]
    for image, _, stage in built:
        check_image(where, image, breaches)
        for word, rest in stage:
            if word == "COPY":
                check_copy(root, where, rest, names, breaches)
            if word == "ADD":
                breaches.add(where, "ADD fetches and unpacks: COPY does what it says")
    if len(built) < 2:
        breaches.add(where, "one stage: compilers would be in the image")
        return
    _, _, stage = built[-1]
    if not user(root):
        breaches.add(where, "USER is no number above 0 in the last stage: Kubernetes cannot see that it is not root")
    if any(word == "RUN" and "build-essential" in rest for word, rest in stage):
        breaches.add(where, "compilers in the last stage")

    command = exec_form(last(stage, "CMD"))
    if command is None:
        breaches.add(where, "CMD is a shell's: signals would not reach the server")
        return
    environment = dict(pair.split("=", 1) for word, rest in stage if word == "ENV" for pair in shlex.split(rest))
    settings = server.settings(where, command, environment, {}, breaches)
    if not settings:
        return
    ports = {str(settings["port"]), str(settings["metrics_port"])}
    if set(last(stage, "EXPOSE").split()) != ports:
        breaches.add(where, f"EXPOSE is not {' '.join(sorted(ports))}, the ports of its settings")
    if settings["host"] != "0.0.0.0":
        breaches.add(where, "the server of the image listens inside of its container alone")
    health = re.fullmatch(r"(?P<options>(--\S+ )*)CMD (?P<command>.*)", last(stage, "HEALTHCHECK"))
    if not health or exec_form(health["command"]) != [*command, "--health-check"]:
        breaches.add(where, "HEALTHCHECK is not CMD with --health-check")
    elif "--interval=" not in health["options"] or "--timeout=" not in health["options"]:
        breaches.add(where, "HEALTHCHECK without --interval and --timeout")
    if last(stage, "STOPSIGNAL") not in ("", "SIGTERM"):
        breaches.add(where, "STOPSIGNAL is not SIGTERM, on which the server drains")

    with open(os.path.join(root, ".dockerignore"), encoding="utf-8") as file:
        ignored = file.read().split()
    for path in ("build/", ".git/", "**/secrets/", "**/node_modules/"):
        if path not in ignored:
            breaches.add(".dockerignore", f"lets {path} into the image's context")


def check_copy(root, where, rest, names, breaches):
    words = rest.split()
    origin = [word.removeprefix("--from=") for word in words if word.startswith("--from=")]
    if origin:
        if origin[0] not in names:
            breaches.add(where, f"COPY from {origin[0]}, which is no stage")
        return
    for source in [word for word in words if not word.startswith("--")][:-1]:
        if not os.path.exists(os.path.join(root, source)):
            breaches.add(where, f"COPY of {source}, which does not exist")
