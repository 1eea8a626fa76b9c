"""What the server itself says of a configuration: the binary, asked with --check-config and --print-config."""

import os
import re
import shutil
import subprocess
import tempfile

import yaml


class Breaches(list):
    def add(self, where, what):
        self.append(f"{where}: {what}")


def seconds(duration):
    """Of a duration as --print-config writes it: 1m30s, 500ms."""
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001}
    return sum(float(n) * units[u] for n, u in re.findall(r"([\d.]+)(ms|h|m|s)", str(duration)))


class Server:
    def __init__(self, binary, documented):
        """`documented`: the text of docs/configuration.md, which names every environment variable."""
        self.binary = binary
        self.documented = documented
        self.answers = {}  # asking costs 50 ms, and the tests ask the same again and again

    def ask(self, arguments, environment):
        return subprocess.run([self.binary, *arguments], env={"PATH": os.environ["PATH"], **environment},
                              capture_output=True, text=True, timeout=30, check=False)

    def settings(self, where, command, environment, mounts, breaches):
        """The settings of a container of ours, or {} after it has told what is wrong with them.

        `mounts` has the text of each mounted file under its path in the container. The files are written below a
        directory of this machine, and the paths are changed to that in the configuration.
        """
        for name in environment:
            known = f"`{name}`" in self.documented or name.startswith("PEER_PLUGINS__")
            if not known:
                breaches.add(where, f"environment variable {name}: docs/configuration.md does not know it")
        if command[:1] != ["peer-server"]:
            breaches.add(where, f"runs {command}, not peer-server")
            return {}
        key = repr((command, sorted(environment.items()), sorted(mounts.items())))
        if key not in self.answers:
            self.answers[key] = self._settings(command[1:], environment, mounts)
        settings, complaints = self.answers[key]
        for complaint in complaints:
            breaches.add(where, complaint)
        return settings

    def _settings(self, arguments, environment, mounts):
        root = tempfile.mkdtemp()
        try:
            def moved(text):
                for path in sorted(mounts, key=len, reverse=True):
                    text = text.replace(path, root + path)
                return text

            for path, text in mounts.items():
                os.makedirs(os.path.dirname(root + path), exist_ok=True)
                with open(root + path, "w", encoding="utf-8") as file:
                    file.write(moved(text))
            arguments = [moved(argument) for argument in arguments]
            environment = {name: moved(value) for name, value in environment.items()}
            checked = self.ask([*arguments, "--check-config"], environment)
            complaints = [line.replace(root, "") for line in checked.stderr.splitlines() if line.strip()]
            if checked.returncode != 0:
                return {}, complaints or [f"--check-config ends with {checked.returncode}"]
            printed = self.ask([*arguments, "--print-config"], environment)
            return yaml.safe_load(printed.stdout), complaints
        finally:
            shutil.rmtree(root)


def check_memory(where, limit, settings, breaches):
    """The limit of a container holds what the settings allow (docs/operating.md, "Sizing")."""
    needed = settings["max_queued_bytes"] + settings["resume_total_bytes"] + settings["max_peers"] * 1400
    if limit is None or limit < needed:
        breaches.add(where, f"a memory limit of {limit} is less than the {needed} bytes that its settings allow")


def size(text):
    """Bytes of 1g, 512m (Compose), 1Gi, 256Mi (Kubernetes); None of anything else."""
    found = re.fullmatch(r"(\d+)\s*([kmg])i?b?", str(text).lower())
    return int(found[1]) << {"k": 10, "m": 20, "g": 30}[found[2]] if found else None


def check_image(where, image, breaches):
    """An image has a version, not a name that means another one tomorrow."""
    if not re.fullmatch(r"[a-z0-9./-]+:\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?", str(image)):
        breaches.add(where, f"image {image} is not pinned to a version")


SECRET = re.compile(
    r"""(?ix)
    (?<![a-z]) (?: [a-z0-9-]*[_-] )?
    (?: password | passwd | passphrase | requirepass | secret | token | api_?key | credential | auth-secret )
    ["']? (?: \s*[:=]\s* | [ ]+(?=[^\s:=]) ) ["']?
    (?P<value> [a-z0-9+/=._-]{4,} )
    """)


def check_secrets(where, text, breaches):
    """No secret in clear: what follows the name of one is a path, or another name for it."""
    if "-----BEGIN" in text:
        breaches.add(where, "has a key or a certificate in it")
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            continue
        for found in SECRET.finditer(line):
            if not found["value"].startswith(("/", "./")):
                breaches.add(where, f"line {number}: what looks like a secret in clear: {found[0].strip()[:40]}")
