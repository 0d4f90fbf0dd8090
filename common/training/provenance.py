"""What a result was made from: code, parameters, data, libraries, machine."""

import hashlib
import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path

from common import config, paths

LIBRARIES = ("torch", "lightning", "numpy", "scipy", "datasets")


def sha256_json(value: object) -> str:
    """SHA-256 of a value in canonical JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def rule_hashes(paper: str, experiment: str | None = None) -> dict[str, str]:
    """Claim -> SHA-256 of its rule as ``paper.yaml`` writes it; with ``experiment``, of the rules that name it.

    A run keeps those that name its experiment as they stand when it begins, so that a report can tell whether the rule
    that judges it is older.
    """
    path = paths.REPLICATIONS / paper / "paper.yaml"
    claims = (config.read_yaml(path) or {}).get("claims") or [] if path.exists() else []
    return {
        claim["id"]: sha256_json(claim["rule"])
        for claim in claims
        if experiment is None or _names(claim["rule"], experiment)
    }


def _names(rule: object, experiment: str) -> bool:
    """Whether a rule, or a part of one, reads ``experiment``."""
    if isinstance(rule, dict):
        return any(_names(value, experiment) for key, value in rule.items() if key != "metric")
    return any(_names(one, experiment) for one in rule) if isinstance(rule, list) else rule == experiment


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(paths.ROOT), *words], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def git_state() -> dict:
    """Commit and whether files that git tracks differ from it; ``None`` outside a git checkout."""
    status = _git(
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        "common",
        "replications/*/*.py",
        "replications/*/params.yaml",
    )
    return {"git_commit": _git("rev-parse", "HEAD"), "git_dirty": None if status is None else bool(status)}


def device_name(accelerator: str) -> str:
    """Model of the processor or GPU that computes."""
    if accelerator == "cuda":
        import torch

        return torch.cuda.get_device_name()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of the libraries that make the numbers."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}
