"""Bring in data: where it lies, what is there and what would be left out, how pairs are cut, and the import."""

import io
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import pandas as pd
import streamlit as st

from dlcodegen_core import DLCodeGen
from dlcodegen_core.data.bringing_in import ImportRequest, Look, TableLook, name_for
from dlcodegen_core.data.cutting import CutOptions
from dlcodegen_core.data.formats import ColumnChoice
from dlcodegen_core.data.intake import FileRules
from dlcodegen_core.data.pairs import BODY, KINDS, MIDDLE, NEXT_LINE, STATEMENT
from dlcodegen_core.data.store import MAX_NAME_CHARACTERS
from dlcodegen_core.features.language import title
from dlcodegen_core.tasks.kinds import IMPORT, LOOK
from pages._dataset import state
from pages._shared import frame, wording
from pages._shared.task_watch import watch

FILE, FOLDER, UPLOADED_FOLDER, GIT = "A file", "A folder on this machine", "A folder from elsewhere", "A git repository"
WAYS = {
    FILE: "A table of pairs (JSON, JSONL, CSV, Parquet), or an archive of source (zip, tar).",
    FOLDER: "Read where it lies, never changed. A file's path does as well.",
    UPLOADED_FOLDER: "Your browser sends the folder's files to the workbench.",
    GIT: "Its newest commit alone is fetched; nothing of it is run.",
}
FILE_TYPES = ["json", "jsonl", "ndjson", "csv", "tsv", "parquet", "pq", "zip", "tar", "gz", "tgz", "bz2", "xz"]
KIND_HELP = {
    NEXT_LINE: "the next line, from the lines before it",
    STATEMENT: "the rest of a statement, from somewhere inside it",
    BODY: "a function's body, from its signature and docstring",
    MIDDLE: "a gap, from the code before and behind it",
}
LOCAL_ADDRESSES = ("127.0.0.1", "localhost", "::1")
LEFT_OUT_SHOWN = 1_000
COLUMNS_A_ROW = 4
CELL_CHARACTERS = 160
NOT_USED = "not used"
FIXED_DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where data lies. shown: what people call it. address and branch: of a repository that is yet to be fetched."""

    path: str
    shown: str
    address: str = ""
    branch: str = ""


def draw(service: DLCodeGen) -> None:
    """The whole panel; an import that somebody has started is shown before anything else."""
    if _importing(service):
        return
    way = st.segmented_control("Where is it?", list(WAYS), default=FILE, required=True, key="dataset.way")
    st.caption(WAYS[way])
    place = {FILE: _file, FOLDER: _folder, UPLOADED_FOLDER: _uploaded_folder, GIT: _git}[way](service)
    if place is None:
        return
    looked = state.remembered(state.LOOKED)
    if looked is None or looked["place"] != place:
        looked = _look(service, place, FileRules())
    task = watch(service, looked["task"], f"Looking into {place.shown}")
    if task is None or task.running:
        return
    if task.error:
        st.error(frame.plain_text(task.error), icon=":material/error:")
        if st.button("Look again", icon=":material/refresh:"):
            _look(service, place, looked["rules"])
            st.rerun()
    elif task.result is not None:
        _found(service, place, looked, task.result)
    elif st.button("Look again", icon=":material/refresh:"):
        _look(service, place, looked["rules"])
        st.rerun()


def _look(service: DLCodeGen, place: Place, rules: FileRules) -> dict[str, Any]:
    """Start looking; what is known of a repository that was fetched already is used again."""
    before = state.remembered(state.LOOKED)
    path, address = place.path, place.address
    if before is not None and before["place"] == place and place.address:
        done = service.tasks.state(before["task"])
        if done is not None and done.result is not None:
            path, address = done.result["path"], ""
    options = {
        "path": path, "shown": place.shown, "address": address, "branch": place.branch,
        "force_in": rules.force_in, "force_out": rules.force_out,
    }  # fmt: skip
    task = service.tasks.start(LOOK, f"{place.shown} {state.visit('look')}", options)
    state.renew("look")
    looked = {"place": place, "task": task, "rules": rules}
    st.session_state[state.LOOKED] = looked
    return looked


def _file(service: DLCodeGen) -> Place | None:
    file = st.file_uploader("A file", type=FILE_TYPES, key=f"dataset.file.{state.visit('upload')}")
    if file is None:
        st.caption('The plainest form: one JSON object, `{"inputs": ["prompt", …], "targets": ["completion", …]}`.')
        return None
    return Place(str(service.workshop.keep_upload(file.name, file.getvalue())), file.name)


def _folder(_service: DLCodeGen) -> Place | None:
    if st.get_option("server.address") not in LOCAL_ADDRESSES:
        st.info(
            "The workbench can be reached from other machines, so nobody may name a folder of this one. Start it on "
            "127.0.0.1, or send the folder from your browser."
        )
        return None
    given = st.text_input("Folder or file", key="dataset.folder", placeholder="/home/me/project").strip()
    if not given:
        return None
    path = Path(given).expanduser().absolute()
    return Place(str(path), str(path))


def _uploaded_folder(service: DLCodeGen) -> Place | None:
    files = st.file_uploader(
        "A folder", accept_multiple_files="directory", key=f"dataset.directory.{state.visit('upload')}"
    )
    if not files:
        return None
    # Kept as an archive: its reader trusts no path, and the import finds one file.
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name, FIXED_DATE), file.getvalue())
    top = files[0].name.split("/")[0] or "folder"
    return Place(str(service.workshop.keep_upload("folder.zip", content.getvalue())), top)


def _git(_service: DLCodeGen) -> Place | None:
    left, right = st.columns([3, 1])
    address = left.text_input("Address", key="dataset.git", placeholder="https://host/owner/project").strip()
    branch = right.text_input("Branch or tag", key="dataset.branch", placeholder="the usual one").strip()
    if not address:
        return None
    return Place("", address, address, branch)


def _found(service: DLCodeGen, place: Place, looked: dict[str, Any], result: dict[str, Any]) -> None:
    look = Look.from_json(result["look"])
    path = Path(result["path"])
    if look.table is not None:
        columns = _columns(look.table)
        if columns is not None:
            _offer(
                service,
                ImportRequest(path, name_for(place.shown), place.shown, _origin(place), columns=columns),
                looked,
            )
    elif look.tables:
        st.info("There is no source in this archive, but a table of pairs.")
        member = st.selectbox("Table", look.tables)
        request = ImportRequest(path, PurePath(member).stem, place.shown, _origin(place), member=member)
        _offer(service, request, looked)
    else:
        _summary(look, result["commit"])
        _left_out(service, place, looked, look)
        cut = _cut(look)
        if cut is not None:
            request = ImportRequest(
                path, name_for(place.shown), place.shown, _origin(place), result["commit"], looked["rules"], cut
            )
            _offer(service, request, looked)


def _summary(look: Look, commit: str | None) -> None:
    files, size, left_out, others = st.columns(4)
    files.metric("Files to learn from", f"{look.file_count:,}")
    size.metric("Size", wording.size(look.size_bytes))
    left_out.metric("Left out", f"{look.left_out_count:,}", help="Each with its reason, below.")
    count = sum(number for _suffix, number in look.other_files)
    kinds = ", ".join(f"{suffix} {number:,}" for suffix, number in look.other_files[:8])
    others.metric("Files of other kinds", f"{count:,}", help=frame.plain_text(kinds) or None)
    languages = ", ".join(f"{title(name)} {number:,}" for name, number in look.files.items())
    st.caption(frame.plain_text(languages + (f" · commit {commit[:10]}" if commit else "")))


def _left_out(service: DLCodeGen, place: Place, looked: dict[str, Any], look: Look) -> None:
    """What would be left out and why, and a person's own word on it."""
    with st.expander(f"What comes in, and what is left out ({look.left_out_count:,})", icon=":material/rule:"):
        if look.left_out:
            st.dataframe(
                pd.DataFrame(
                    [
                        {"File": path, "Reason": reason, "Can be brought in": can}
                        for path, reason, can in look.left_out[:LEFT_OUT_SHOWN]
                    ]
                ),
                hide_index=True,
                height=min(300, 40 + 35 * len(look.left_out)),
            )
            if look.left_out_count > LEFT_OUT_SHOWN:
                st.caption(f"The first {LEFT_OUT_SHOWN:,} of {look.left_out_count:,}.")
        rules: FileRules = looked["rules"]
        with st.form("dataset.rules", border=False):
            left, right = st.columns(2)
            pattern = "One pattern a line, as in a .gitignore file: `*.min.js`, `/vendor/ours/`, `docs/**/*.py`."
            force_in = left.text_area(
                "Bring in all the same",
                "\n".join(rules.force_in),
                height=100,
                help=pattern,
                placeholder="/vendor/ours/",
            )
            force_out = right.text_area(
                "Leave out", "\n".join(rules.force_out), height=100, help=pattern, placeholder="tests/"
            )
            if st.form_submit_button("Look again with these", icon=":material/refresh:"):
                _look(service, place, FileRules(_globs(force_in), _globs(force_out)))
                st.rerun()


def _globs(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _cut(look: Look) -> CutOptions | None:
    """How pairs are cut from the source."""
    kinds = st.pills(
        "What a pair asks for",
        list(KINDS),
        default=[NEXT_LINE],
        selection_mode="multi",
        key="dataset.kinds",
        help="  \n".join(f"**{kind}**: {text}" for kind, text in KIND_HELP.items()),
    )
    if not kinds:
        st.caption("Choose at least one kind.")
        return None
    st.caption("; ".join(f"{kind}: {KIND_HELP[kind]}" for kind in kinds) + ".")
    left, middle, right = st.columns(3)
    start = CutOptions()
    most = left.number_input(
        "At most so many pairs", 1, 1_000_000, start.most_pairs, step=1_000,
        help="Spread over all files, so that no large one prevails. Whole lines are learned from any number; "
        "DeepCodeNet embeds each prompt first, some 30 to 60 a second on two cores.",
    )  # fmt: skip
    characters = middle.number_input(
        "Characters before the cursor", 50, 20_000, start.prompt_characters, step=100, help="As whole lines."
    )
    seed = right.number_input("Seed", 0, 2**32 - 1, start.seed, help="The same seed and files give the same pairs.")
    return CutOptions(tuple(kinds), most, seed, characters)


def _columns(table: TableLook) -> ColumnChoice | None:
    """Which column is what: a choice at the head of each, filled in as far as it can be told."""
    guess = {column: role for role, column in (table.guess or {}).items() if column}
    roles = [NOT_USED, "prompt", "target", "language", "source", "line", "kind", "commit", "suffix"]
    st.write("Which column is what? The first rows stand below each.")
    chosen: dict[str, list[str]] = {}
    for start in range(0, len(table.columns), COLUMNS_A_ROW):
        names = table.columns[start : start + COLUMNS_A_ROW]
        for cell, (place, name) in zip(st.columns(COLUMNS_A_ROW), enumerate(names, start), strict=False):
            role = cell.selectbox(
                frame.plain_text(name) or "(no name)",
                roles,
                index=roles.index(guess.get(name, NOT_USED)),
                key=f"dataset.column.{place}.{state.visit('look')}",
            )
            chosen.setdefault(role, []).append(name)
            for row in table.preview[:3]:
                cell.code(row.get(name, "")[:CELL_CHARACTERS] or " ", language=None)
    twice = [role for role, names in chosen.items() if role != NOT_USED and len(names) > 1]
    missing = [role for role in ("prompt", "target") if role not in chosen]
    if twice:
        st.warning(f"More than one column is the {twice[0]}. Choose one.", icon=":material/warning:")
    elif missing:
        st.warning(
            f"No column is the {' and none the '.join(missing)} yet. Choose it above.", icon=":material/warning:"
        )
    else:
        return ColumnChoice(**{role: names[0] for role, names in chosen.items() if role != NOT_USED})
    return None


def _offer(service: DLCodeGen, request: ImportRequest, looked: dict[str, Any]) -> None:
    """The name, and the button that imports."""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    free = service.datasets.free_name(request.name)
    name = left.text_input(
        "Name of the dataset",
        free,
        max_chars=MAX_NAME_CHARACTERS,
        key=f"dataset.name.{looked['task']}.{request.member}",
    )
    if right.button("Import", type="primary", icon=":material/add:", width="stretch"):
        service.datasets.check_free(name)
        task = service.tasks.start(IMPORT, name, replace(request, name=name).to_json())
        st.session_state[state.IMPORTING] = {"task": task, "looked": looked["task"]}
        st.rerun()


def _origin(place: Place) -> str:
    """Where a dataset came from, as it is told later."""
    if place.address:
        return f"git {place.address}{f' at {place.branch}' if place.branch else ''}"[:200]
    return (f"upload of {place.shown}" if "/uploads/" in place.path else place.shown)[:200]


def _importing(service: DLCodeGen) -> bool:
    """Show the import that this visitor has started; whether there is nothing else to show."""
    started = state.remembered(state.IMPORTING)
    if started is None:
        return False
    task = watch(service, started["task"], "Importing")
    if task is not None and task.running:
        st.caption("You can leave this page; the import goes on. Until it is done, nobody sees a part of it.")
        return True
    del st.session_state[state.IMPORTING]
    if task is not None and task.error:
        st.error(frame.plain_text(task.error), icon=":material/error:")
    elif task is not None and task.result is not None:
        service.tasks.forget(started["looked"])
        st.session_state.pop(state.LOOKED, None)
        state.renew("upload")
        st.query_params["dataset"] = task.result["name"]
        state.notice(f"{task.result['name']} was imported with {task.result['pairs']:,} pairs.")
        state.go_to_panel("Pairs")
        st.rerun()
    return False
