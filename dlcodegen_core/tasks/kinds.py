"""What each kind of task does; run in the task's own process."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlcodegen_core.tasks.task import TaskFolder

if TYPE_CHECKING:
    from dlcodegen_core.service import DLCodeGen
    from dlcodegen_core.tasks.worker import Progress, Work

REPORT, LOOK, IMPORT, EXAMINE, MAP, INDEX, WRITE = "report", "look", "import", "examine", "map", "index", "write"
STORY = "story"
SEARCH = "search"
EXPORT = "export"
VECTORS, VECTORS_FILE = "vectors", "vectors.safetensors"
THOUSANDTHS = 1_000


def _report(service: "DLCodeGen", _folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """Measure a sequence model against all baselines; the report itself is kept with the version's."""
    service.evaluator.make_report(
        options["version"], lambda what, share: tell(what, round(share * THOUSANDTHS), THOUSANDTHS)
    )
    return {}


def _look(service: "DLCodeGen", folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """What an import would bring in. A repository is fetched first; `path` says where the files lie then."""
    from dlcodegen_core.data.intake import FileRules

    path, commit = Path(options["path"]), None
    if address := options.get("address"):
        path = folder.path / "clone"
        commit = service.workshop.clone(address, options.get("branch", ""), path, tell)
    rules = FileRules(tuple(options["force_in"]), tuple(options["force_out"]))
    look = service.workshop.look_into(path, options["shown"], rules, tell)
    return {"look": look.to_json(), "path": str(path), "commit": commit or look.commit}


def _import(service: "DLCodeGen", _folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """Bring a new dataset in; an uploaded file has done its duty then."""
    from dlcodegen_core.data.bringing_in import ImportRequest

    request = ImportRequest.from_json(options)
    info = service.workshop.bring_in(request, tell)
    service.workshop.forget_upload(request.path)
    return {"name": info.name, "pairs": info.pair_count}


def _examine(service: "DLCodeGen", _folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    return {"verdict": service.workshop.examine(options["dataset"], progress=tell)["verdict"]}


def _map(service: "DLCodeGen", _folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    return {"points": len(service.workshop.draw_map(options["dataset"], tell).points)}


def _index(service: "DLCodeGen", _folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """Index a dataset for the nearest pairs, or bring its index up to date."""
    state = service.workshop.build_index(options["dataset"], tell)
    return {"pairs": state.pairs, "revision": state.revision}


def _search(service: "DLCodeGen", _folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """Look for settings of DeepCodeNet; the search itself is kept under its own id."""
    return {"trials": len(service.run_search(options["search"], tell).trials)}


def _write(service: "DLCodeGen", folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """Write a dataset to a file of the task's own, to be downloaded from there."""
    out = folder.path / f"dataset.{options['format']}"
    service.workshop.write_out(options["dataset"], options["format"], out, progress=tell)
    return {"path": str(out), "size_bytes": out.stat().st_size, "name": options["dataset"]}


def _story(service: "DLCodeGen", _folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """Make the story of a version, and keep it with the others."""
    from dlcodegen_core.story.making import StoryTools, make_story

    tools = StoryTools(
        service.versions,
        service.predictor,
        service.datasets.pairs,
        service.evaluator.source_of,
        service.evaluator.report,
        service.workshop.nearest,
    )
    made = make_story(
        tools, options["version"], lambda what, share: tell(what, round(share * THOUSANDTHS), THOUSANDTHS)
    )
    return {"story": service.stories.add(made)}


def _export(service: "DLCodeGen", folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """Write a version to a file of the task's own, to be downloaded from there; ONNX with its certificate."""
    from dlcodegen_core.export.formats import FORMATS, certificate_file

    version, file_format = options["version"], FORMATS[options["format"]]
    out = folder.path / f"export{file_format.suffix}"
    service.export(version, file_format.name, out, tell)
    written = {"path": str(out), "size_bytes": out.stat().st_size, "name": file_format.stem(version)}
    return {**written, "certificate": str(certificate_file(out)) if file_format.certified else ""}


def _vectors(service: "DLCodeGen", folder: TaskFolder, options: Mapping[str, Any], tell: "Progress") -> dict[str, Any]:
    """Train on feature vectors that lie with the task."""
    from dataclasses import asdict

    from safetensors.numpy import load_file

    from dlcodegen_core.config import TrainConfig
    from dlcodegen_core.training.vectors import train_on_vectors

    features = load_file(folder.path / "files" / VECTORS_FILE)["features"]
    config = TrainConfig.from_json(options["config"])
    model = service.settings.vector_models_folder / options["name"]
    metrics = asdict(train_on_vectors(features, options["targets"], options["tokens"], config, model, tell))
    told = ("loss", "accuracy", "val_loss", "val_accuracy", "seconds", "epochs", "samples", "held_out_samples")
    return {name: metrics[name] for name in told}


KINDS: "dict[str, Work]" = {
    REPORT: _report,
    LOOK: _look,
    IMPORT: _import,
    EXAMINE: _examine,
    MAP: _map,
    INDEX: _index,
    WRITE: _write,
    STORY: _story,
    SEARCH: _search,
    EXPORT: _export,
    VECTORS: _vectors,
}
