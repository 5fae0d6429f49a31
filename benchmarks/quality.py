"""`make bench-quality`: sequence models of a minute on real projects, against every baseline, on held-out files.

Projects are brought by pip and npm into a cache and never committed. For each, one table of all systems; at the end one
table of the projects. Written to benchmarks/results/ with the date and the machine.

    python -m benchmarks.quality [--seconds 60] [--projects Django,Flask]

Each project is trained on twice, from the base model and from scratch; the base model alone is asked the same lines.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

from dlcodegen_core import DLCodeGen, Settings, TrainConfig
from dlcodegen_core.evaluation.line_metrics import Interval
from dlcodegen_core.evaluation.scores import SystemScore
from dlcodegen_core.evaluation.version_report import VersionReport
from dlcodegen_core.models import base_model

CACHE = Path(os.environ.get("DLCODEGEN_BENCH_CACHE", Path.home() / ".cache" / "dlcodegen-bench"))
RESULTS = Path(__file__).parent / "results"
# Name -> the registry that brings it, what to ask for, and where its source lies.
PROJECTS = {
    "Django": ("pip", "Django==5.2", "django"),
    "SQLAlchemy": ("pip", "SQLAlchemy==2.1.9", "sqlalchemy"),
    "rich": ("pip", "rich==15.0.0", "rich"),
    "Flask": ("pip", "Flask==3.1.3", "flask"),
    "requests": ("pip", "requests==2.34.2", "requests"),
    "three.js (JavaScript)": ("npm", "three@0.170.0", "package/src"),
    "rxjs (TypeScript)": ("npm", "rxjs@7.8.1", "package/src"),
}


def main() -> int:
    """Train and measure; prints as it goes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--projects", default=",".join(PROJECTS))
    options = parser.parse_args()
    lines = [f"# Quality, {datetime.now(UTC):%Y-%m-%d}", "", _machine(), ""]
    lines += [f"{options.seconds:.0f} s of training in all, a tenth of the files held out.", ""]
    summary = [
        "| project | training / held-out files | lines exact | edit similarity | best baseline | bits a character | "
        "next token | ECE lines | ms p50 / p95 | trained in | on disk | from scratch | base alone |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in options.projects.split(","):
        folder = bring(*PROJECTS[name])
        if folder is None:
            summary.append(f"| {name} | not to be had here | | | | | | | | | | | |")
            continue
        with tempfile.TemporaryDirectory() as home:
            service = DLCodeGen(Settings(home=Path(home), embedder="local"))
            scratch = TrainConfig.sequence(seconds=options.seconds, from_scratch=True)
            beside = [service.train(folder, scratch, "from scratch").version] if base_model.is_there() else []
            metrics = service.train(folder, TrainConfig.sequence(seconds=options.seconds))
            report = service.evaluator.make_report(metrics.version, lambda what, share: None, beside=beside)
            size = sum(f.stat().st_size for f in service.versions.folder(metrics.version).iterdir())
            service.close()
        lines += [f"## {name}", "", *_table(report), ""]
        summary.append(_summary(name, report, metrics.seconds, size))
        print("\n".join([*lines[-20:], summary[-1]]), flush=True)
    text = "\n".join([*lines, "## All projects", "", *summary, ""])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"quality-{datetime.now(UTC):%Y-%m-%d}.md").write_text(text, "utf-8")
    print("\n".join(summary))
    return 0


def bring(registry: str, package: str, inside: str) -> Path | None:
    """The folder of a project's source, fetched once; None where its registry does not answer."""
    target = CACHE / package.replace("/", "_")
    if not (target / inside).is_dir():
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as temporary:
            if registry == "pip":
                command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", package]
            else:
                command = ["npm", "pack", "--silent", package]
            try:
                subprocess.run(command, cwd=temporary, check=True, stdout=subprocess.DEVNULL)
            except (OSError, subprocess.CalledProcessError):
                return None
            for archive in Path(temporary).iterdir():
                if archive.suffix == ".whl":
                    with ZipFile(archive) as wheel:
                        wheel.extractall(target)
                else:
                    subprocess.run(["tar", "-xzf", archive, "-C", target], check=True)
    return target / inside if (target / inside).is_dir() else None


def _table(report: VersionReport) -> list[str]:
    rows = [
        "| system | exact | edit similarity | first token | bits a character | ms p50 |",
        "|---|---|---|---|---|---|",
    ]
    for system in sorted(report.scoreboard.systems, key=_similarity, reverse=True):
        tokens = report.tokens.get(system.name)
        rows.append(
            f"| {system.name} | {_told(system.exact_match, 100)} | {_told(system.edit_similarity)} | "
            f"{_told(system.first_token, 100)} | {_told(tokens.bits_per_character, digits=2) if tokens else '–'} | "
            f"{system.p50_ms or 0:.1f} |"
        )
    return rows


def _summary(name: str, report: VersionReport, seconds: float, size: int) -> str:
    own, tokens = report.scoreboard.score(report.system), report.tokens[report.system]
    ours = ("(from scratch)", "The base model alone")
    rivals = [s for s in report.scoreboard.systems if s.name != report.system and not s.name.endswith(ours)]
    best = max(rivals, key=_similarity)
    return (
        f"| {name} | {report.training_files} / {report.held_out_files} | {_told(own.exact_match, 100)} | "
        f"{_told(own.edit_similarity)} | {best.name}: {_similarity(best):.1f} | "
        f"{_told(tokens.bits_per_character, digits=2)} | {_told(tokens.accuracy, 100)} | "
        f"{own.calibration_error or 0:.2f} | {own.p50_ms or 0:.0f} / {own.p95_ms or 0:.0f} | {seconds:.0f} s | "
        f"{size / 1e6:.1f} MB | {_short(report, '(from scratch)')} | {_short(report, 'The base model alone')} |"
    )


def _short(report: VersionReport, ending: str) -> str:
    """Exact lines, similarity and bits of the system whose name ends like this."""
    system = next((system for system in report.scoreboard.systems if system.name.endswith(ending)), None)
    if system is None or system.exact_match is None:
        return "–"
    bits = report.tokens[system.name].bits_per_character.mean
    return f"{100 * system.exact_match.mean:.1f} %, {_similarity(system):.1f}, {bits:.2f} bits"


def _similarity(system: SystemScore) -> float:
    return system.edit_similarity.mean if system.edit_similarity else -1.0


def _told(interval: Interval | None, factor: float = 1.0, digits: int = 1) -> str:
    if interval is None:
        return "–"
    mean, low, high = (f"{value * factor:.{digits}f}" for value in (interval.mean, interval.low, interval.high))
    return f"{mean} [{low}, {high}]"


def _machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line.split(":", 1)[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
